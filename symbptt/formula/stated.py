"""What derivations and the model itself state of a left side, as formulas.

The lines that ``derive --to formulas`` prints are the source. They are found by what stands on the
left, whatever the steps; read back they are formulas, and are said of the steps that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from symbptt import algebra as al
from symbptt.algebra.letters import Entry, Letters, RowOf, Slope
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.entrywise import at_entry, collapsed
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.calculus.gradients import ONE_STEP, derive
from symbptt.calculus.normal import normalize
from symbptt.calculus.program_slips import KINDS, PROGRAM_SLIPS
from symbptt.calculus.variants import Variant, variants
from symbptt.errors import FormulaError, MissingRuleError
from symbptt.formula.chained import FACTOR, Chained, chain_rule
from symbptt.formula.fitting import fits, is_possible, said_at, with_entries
from symbptt.formula.reading import read
from symbptt.formula.shapes import Layout
from symbptt.formula.statement import TOTAL, Formula, Inequalities, free_names, parts
from symbptt.formula.totals import of_a_loss, upright
from symbptt.typeset.followers import Followers, shares
from symbptt.typeset.formulas import Formulas
from symbptt.typeset.style import Style

FORMS = ("adjoint", "sensitivity", "expanded")
"""The derivations in which a left side is looked for, the plainest first."""

BUILT = "built"
"""What the key of a difference begins with, or of blocks side by side."""

Key = tuple[str, ...]


@lru_cache(maxsize=16)
def equations(model: al.Model, layout: Layout = "column", estimator: Estimator = FULL) -> Equations:
    """All that the derivations of a model state; read where it is asked for."""
    return Equations(model, layout, estimator)


@dataclass(frozen=True)
class StatedLine:
    """A target with all that it equals, as it stands in a derivation; read when asked for.

    ``of_one`` where its L is the loss of one step, whatever that is.
    """

    target: al.Expr
    members: tuple[al.Expr, ...]
    where: str
    number: int | None
    reason: str
    source: Formulas
    of_one: bool = False

    def key(self) -> Key | None:
        key = left_key(self.target)
        return (key[0], "loss", key[2]) if key and self.of_one and key[1] == "L" else key


class Equations:
    """The equations of a model and of its derivations, by what stands on the left."""

    def __init__(self, model: al.Model, layout: Layout, estimator: Estimator) -> None:
        self.model = model
        self.layout = layout
        self.estimator = estimator
        self._known: dict[tuple[str, bool], dict[Key, list[StatedLine]]] = {}
        self._read: dict[int, tuple[StatedLine, tuple[Formula, ...]]] = {}

    @cached_property
    def plain(self) -> al.Model:
        """The model without the gates of an estimator."""
        inputs = self.model.inputs
        return replace(self.model, inputs=inputs[:-1]) if self.estimator.gated else self.model

    @cached_property
    def normal(self) -> al.Model:
        return normalize(self.plain)

    # --- lines ---------------------------------------------------------------------------

    def lines(self, key: Key) -> Iterator[StatedLine]:
        """What is stated of such a left side, the model's own equations first."""
        if key[0] == "value":
            yield from self._lines_of("model").get(key, ())
        known = FORMS if key[0] != BUILT else (*FORMS, "joined")
        forms = known if self.plain.loss is not None else ()
        for form in forms:
            yield from self._lines_of(form).get(key, ())
        if key[:2] == ("nothing", "loss"):
            for form in forms:
                yield from self._lines_of(form, of_one=True).get(key, ())
        if key[:2] == ("nothing", "L") and forms and self.estimator == FULL:
            for one in chain_rule(self.normal).gradient(key[2]):
                yield self._chained(one)

    def _defined(self) -> Iterator[StatedLine]:
        """The equations of the model as its author wrote them, then those of the normal form."""
        loss = self.plain.loss
        if loss is not None:
            total = self.plain.total
            words = f"L is the {total.word} of the losses"
            words = "L is the loss of the last step" if loss.last else words
            yield StatedLine(TOTAL, (total.formula,), "", None, words, self._source)
        for model in (self.plain, self.normal):
            source = Formulas(Derivation(self.plain, model, ()), self._style)
            for item in model.definitions:
                words = f"it is the model's own equation of {item.name}"
                yield StatedLine(item.ref, (item.rhs,), "", None, words, source)

    @cached_property
    def _style(self) -> Style:
        return Style.of(layout=self.layout)

    def _chained(self, one: Chained) -> StatedLine:
        return StatedLine(one.target, one.members, one.where, None, one.reason, self._source)

    @cached_property
    def _source(self) -> Formulas:
        """Prints what stands in no derivation."""
        return Formulas(Derivation(self.plain, self.normal, ()), self._style)

    def _lines_of(self, form: str, of_one: bool = False) -> dict[Key, list[StatedLine]]:
        """By their keys the lines of a form, of L or of the loss of one step."""
        if (form, of_one) not in self._known:
            lines = self._defined() if form == "model" else self._derivation(form, of_one)
            self._known[form, of_one] = self._keyed(lines)
        return self._known[form, of_one]

    def _keyed(self, lines: Iterator[StatedLine]) -> dict[Key, list[StatedLine]]:
        found: dict[Key, list[StatedLine]] = {}
        for line in lines:
            laid = is_laid_out(line.target, line.source.followers)
            key = left_key(self.read(line)[0].left) if laid else line.key()
            if key is not None:
                found.setdefault(key, []).append(line)
        return found

    def _derivation(self, form: str, of_one: bool) -> Iterator[StatedLine]:
        loss = self.plain.loss
        of = ONE_STEP if of_one and loss is not None and not loss.last else "L"
        estimator = self.estimator if form == "adjoint" and not of_one else FULL
        plain = form == "adjoint" and estimator == FULL
        found = derive(self.plain, form=form, of=of, estimator=estimator, wrt_inputs=plain)
        source = Formulas(found, self._style)
        for step in found.steps:
            yield _line(step, step.target, step.members, source, of_one)
        if plain:
            by_entries = Formulas(found, Style.of(layout=self.layout, detail="index"))
            for equation in by_entries.by_entries.equations:
                words = f"the model's own equation of {equation.name}, entry by entry"
                own = [(f"it is {words}", equation.entry)]
                own += [(f"it is the derivative of {words}", line) for line in equation.slopes]
                for why, line in own:
                    yield StatedLine(line.target, line.members, "", None, why, by_entries, of_one)
            for step in found.steps:
                entries = by_entries.by_entries.of(step)
                for line in entries.all() if entries else ():
                    yield _line(step, line.target, line.members, by_entries, of_one)
        if estimator.kind == "window":
            for left, right in source.biases():
                words = "the bias, the estimate less the gradient, is what is dropped"
                yield StatedLine(left, (right,), "", None, words, source)

    def read(self, line: StatedLine) -> tuple[Formula, ...]:
        """Its members as formulas."""
        if id(line) not in self._read:
            self._read[id(line)] = (line, tuple(self._formulas(line)))
        return self._read[id(line)][1]

    def _formulas(self, line: StatedLine) -> Iterator[Formula]:
        texts = line.source.chain(line.target, line.members, line.where)
        formulas = (upright(read(text, self.model)) for text in texts)
        return map(of_a_loss, formulas) if line.of_one else formulas

    @cached_property
    def introduced(self) -> frozenset[str]:
        """The names that the derivation adds to those of the model."""
        return self.normal.names - self.plain.names

    def fitting(
        self, left: al.Expr, chains: tuple[Inequalities, ...] = ()
    ) -> Iterator[tuple[StatedLine, tuple[Formula, ...]]]:
        """The lines about a left side, each with its members said of that left side."""
        left = with_entries(left)
        key = left_key(left)
        if key is None:
            return
        # What is said of step T is looked for by its number where nothing is said of any T.
        for of_a_length in (False, True):
            silent = True
            for line in self._about(key, left):
                found = tuple(self._fitting(line, left, chains, of_a_length))
                if found:
                    silent = False
                    yield line, found
            if not silent:
                return
        if (other := self._of_one_equation(left)) is not None:
            yield from self.fitting(other, chains)

    def _fitting(
        self,
        line: StatedLine,
        left: al.Expr,
        chains: tuple[Inequalities, ...],
        of_a_length: bool,
    ) -> Iterator[Formula]:
        """The members of a line, said of a left side."""
        for member in reversed(self.read(line)):
            values: dict[str, al.Index] = {}
            if not fits(member.left, left, values, of_a_length):
                return
            said = said_at(member, values)
            if "T" in values:
                steps = Inequalities((al.LAST, values["T"]), ("==",))
                said = replace(said, chains=(*said.chains, steps))
            if not is_possible((*said.chains, *chains)):
                return
            yield said

    def varied(
        self, left: al.Expr, chains: tuple[Inequalities, ...] = ()
    ) -> Iterator[tuple[Variant, al.Expr, al.Expr]]:
        """The derivation under one edit at a time: what it says of a left side, and with the edit.

        Yields
        ------
        variant : Variant
        right, wrong : Expr
            The right sides.
        """
        left = with_entries(left)
        for line, (told, *_) in self.fitting(left, chains):
            derivation = line.source.derivation
            steps = [s for s in derivation.steps if s.target is line.target]
            for variant in variants(derivation, KINDS, further=PROGRAM_SLIPS, steps=steps):
                other = replace(line, members=(variant.changed.result,))
                values: dict[str, al.Index] = {}
                with suppress(FormulaError):
                    (wrong,) = self._formulas(other)
                    if fits(wrong.left, left, values):
                        yield variant, told.right, said_at(wrong, values).right

    def _of_one_equation(self, left: al.Expr) -> al.Derivative | None:
        """An entry of a derivative that one equation gives, as ``direct``."""
        if not isinstance(left, al.Derivative) or left.held not in ("nothing", "step"):
            return None
        one = chain_rule(self.normal).is_of_one_equation(_of_arrays(left))
        return replace(left, held="equation") if one else None

    def _about(self, key: Key, left: al.Expr) -> Iterator[StatedLine]:
        """What is stated of a left side, and what the chain rule says of it."""
        yield from self.lines(key)
        if isinstance(left, al.Derivative) and key[1] not in ("L", "loss"):
            whole, rule = _of_arrays(left), chain_rule(self.normal)
            one = rule.jacobian(whole)
            if one is not None and whole == left:
                yield self._chained(one)
            elif one is not None and not rule.is_of_one_equation(whole):
                yield self._chained(_at_entries(one, whole, self.normal))


def _of_arrays(left: al.Derivative) -> al.Derivative:
    """The derivative of which one of entries is an entry."""
    of, by = (s.array if isinstance(s, Entry) else s for s in (left.output, left.wrt))
    return replace(left, output=of, wrt=by)


def _at_entries(one: Chained, whole: al.Derivative, model: al.Model) -> Chained:
    """What the chain rule says, said of one entry of the Jacobian."""
    letters = Letters(model, (FACTOR, *free_names(whole)))
    places = tuple(letters.take(dim) for part in (whole.output, whole.wrt)
                   for dim in part.shape)  # fmt: skip
    target = at_entry(whole, places, letters.fork())
    members = []
    for member in one.members:
        with suppress(MissingRuleError):
            members.append(collapsed(at_entry(member, places, letters.fork())))
    return replace(one, target=target, members=tuple(members))


def is_laid_out(target: al.Expr, made: Followers) -> bool:
    """Whether more than it is printed on the left: less the shares of others, or as entries."""
    return isinstance(target, al.Derivative) and bool(
        shares(target, made) or (not target.output.shape and len(target.wrt.shape) == 2)
    )


def _line(
    step: Step,
    target: al.Expr,
    members: tuple[al.Expr, ...],
    source: Formulas,
    of_one: bool,
) -> StatedLine:
    reason = "".join(map(source.words, step.reason))
    where = source.condition(step)
    if of_one:
        # What L gets outside of the recurrence is no derivative of one equation.
        members = tuple(m for m in members if not any(isinstance(n, al.Direct) for n in al.walk(m)))
    return StatedLine(target, members, where, step.number, reason, source, of_one)


def left_key(node: al.Expr) -> Key | None:
    """What a left side is of: that of a derivative, or of all from which it is built."""
    key = key_of(node)
    if key is not None:
        return key
    inner = [left_key(part) for part in parts(node)]
    keys = [key for key in inner if key is not None]
    built = [word for key in keys for word in key if word != BUILT]
    return (BUILT, *built) if built and len(keys) == len(inner) else None


def key_of(node: al.Expr) -> Key | None:
    """What a left side is of, whatever the step and the entry."""
    match node:
        case Entry(array=array) | RowOf(matrix=array):
            return key_of(array)
        case al.Cotangent(name=name, part=None):
            return ("nothing", "L", name)
        case al.Cotangent(name=name):
            return ("part", "L", name)
        case al.Direct(of=al.Ref(name=name) | al.Stack(name=name)):
            return ("equation", "L", name)
        case al.Derivative(output=output, wrt=wrt) | Slope(output=output, wrt=wrt):
            of, by = key_of(output), key_of(wrt)
            held = "nothing" if node.held == "total" else node.held
            return None if of is None or by is None else (held, of[1], by[1])
        case al.Ref(name=name) | al.Param(name=name) | al.Stack(name=name):
            return ("value", name)
    return None
