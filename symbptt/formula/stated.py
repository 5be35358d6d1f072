"""What derivations and the model itself state of a left side, as formulas.

The lines that ``derive --to formulas`` prints are the source. They are found by what stands on the
left, whatever the steps; read back they are formulas, and are said of the steps that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product

from symbptt import algebra as al
from symbptt.algebra.letters import Entry, Slope
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.calculus.gradients import derive
from symbptt.calculus.normal import normalize
from symbptt.formula.meaning import Total
from symbptt.formula.ranges import holds
from symbptt.formula.reading import read
from symbptt.formula.shapes import Layout
from symbptt.formula.statement import (
    TOTAL,
    Formula,
    Inequalities,
    Over,
    at_steps,
    body,
    indices,
    map_indices,
    own_names,
    parts,
    walk,
    with_part,
)
from symbptt.typeset.formulas import Formulas
from symbptt.typeset.style import Style

FORMS = ("adjoint", "sensitivity", "expanded")
"""The derivations in which a left side is looked for, the plainest first."""

FARTHEST = 6
"""Up to this T it is tried whether a range is empty, or lies in another."""

Values = Mapping[str, al.Index]


@lru_cache(maxsize=16)
def equations(
    model: al.Model, layout: Layout = "column", total: Total = "mean", estimator: Estimator = FULL
) -> Equations:
    """All that the derivations of a model state; read where it is asked for."""
    return Equations(model, layout, total, estimator)


@dataclass(frozen=True)
class StatedLine:
    """A target with all that it equals, as it stands in a derivation; read when asked for."""

    target: al.Expr
    members: tuple[al.Expr, ...]
    where: str
    number: int | None
    reason: str
    source: Formulas

    def key(self) -> tuple[str, ...] | None:
        return key_of(self.target)


class Equations:
    """The equations of a model and of its derivations, by what stands on the left."""

    def __init__(self, model: al.Model, layout: Layout, total: Total, estimator: Estimator) -> None:
        self.model = model
        self.layout = layout
        self.total = total
        self.estimator = estimator
        self._known: dict[str, dict[tuple[str, ...], list[StatedLine]]] = {}
        self._read: dict[int, tuple[Formula, ...]] = {}

    @cached_property
    def plain(self) -> al.Model:
        """The model without the gates of an estimator."""
        inputs = self.model.inputs
        return replace(self.model, inputs=inputs[:-1]) if self.estimator.gated else self.model

    # --- lines ---------------------------------------------------------------------------

    def lines(self, key: tuple[str, ...]) -> Iterator[StatedLine]:
        """What is stated of such a left side, the model's own equations first."""
        if key[0] == "value":
            yield from self._lines_of("model").get(key, ())
        for form in FORMS if self.plain.loss is not None else ():
            yield from self._lines_of(form).get(key, ())

    def _defined(self) -> Iterator[StatedLine]:
        """The equations of the model as its author wrote them, then those of the normal form."""
        normal = normalize(self.plain)
        for model in (self.plain, normal):
            source = Formulas(Derivation(self.plain, model, ()), self._style)
            for item in model.definitions:
                words = f"it is the model's own equation of {item.name}"
                yield StatedLine(item.ref, (item.rhs,), "", None, words, source)

    @cached_property
    def _style(self) -> Style:
        return Style.of(layout=self.layout)

    def _lines_of(self, form: str) -> dict[tuple[str, ...], list[StatedLine]]:
        if form not in self._known:
            lines = self._defined() if form == "model" else self._derivation(form)
            self._known[form] = _keyed(lines)
        return self._known[form]

    def _derivation(self, form: str) -> Iterator[StatedLine]:
        plain = form == "adjoint" and self.estimator == FULL
        estimator = self.estimator if form == "adjoint" else FULL
        found = derive(self.plain, form=form, estimator=estimator, wrt_inputs=plain)
        source = Formulas(found, self._style)
        for step in found.steps:
            yield _line(step, step.target, step.members, source)
        if plain:
            by_entries = Formulas(found, Style.of(layout=self.layout, detail="index"))
            for equation in by_entries.by_entries.equations:
                words = f"it is the model's own equation of {equation.name}, entry by entry"
                for line in (equation.entry, *equation.slopes):
                    yield StatedLine(line.target, line.members, "", None, words, by_entries)
            for step in found.steps:
                entries = by_entries.by_entries.of(step)
                for line in entries.all() if entries else ():
                    yield _line(step, line.target, line.members, by_entries)

    def read(self, line: StatedLine) -> tuple[Formula, ...]:
        """Its members as formulas."""
        if id(line) not in self._read:
            texts = line.source.chain(line.target, line.members, line.where)
            formulas = (read(text, self.model) for text in texts)
            self._read[id(line)] = tuple(map(self._totalled, formulas))
        return self._read[id(line)]

    def _totalled(self, formula: Formula) -> Formula:
        """The same where L is the sum of the losses."""
        loss = self.plain.loss
        if self.total != "sum" or loss is None or loss.last or not _is_of_total(formula.left):
            return formula
        return replace(formula, right=_summed(formula.right))

    @cached_property
    def introduced(self) -> frozenset[str]:
        """The names that the derivation adds to those of the model."""
        return normalize(self.plain).names - self.plain.names

    def fitting(
        self, left: al.Expr, chains: tuple[Inequalities, ...] = ()
    ) -> Iterator[tuple[StatedLine, tuple[Formula, ...]]]:
        """The lines about a left side, each with its members said of that left side."""
        left = with_entries(left)
        key = key_of(left)
        if key is None:
            return
        for line in self.lines(key):
            found = []
            for member in reversed(self.read(line)):
                values: dict[str, al.Index] = {}
                if not _fits(member.left, left, values):
                    break
                said = _said(member, values)
                if not _is_possible((*said.chains, *chains)):
                    break
                found.append(said)
            if found:
                yield line, tuple(found)


def _keyed(lines: Iterator[StatedLine]) -> dict[tuple[str, ...], list[StatedLine]]:
    found: dict[tuple[str, ...], list[StatedLine]] = {}
    for line in lines:
        key = line.key()
        if key is not None:
            found.setdefault(key, []).append(line)
    return found


def _line(
    step: Step, target: al.Expr, members: tuple[al.Expr, ...], source: Formulas
) -> StatedLine:
    reason = "".join(map(source.words, step.reason))
    return StatedLine(target, members, source.condition(step), step.number, reason, source)


def key_of(node: al.Expr) -> tuple[str, ...] | None:
    """What a left side is of, whatever the step and the entry."""
    match node:
        case Entry(array=array):
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


def with_entries(left: al.Expr) -> al.Expr:
    """``d(L, W)[j, i]`` as ``d(L, W[j, i])``, an entry of a Jacobian by its own two."""
    match left:
        case Entry(array=al.Derivative(output=output, wrt=wrt) as array, places=places):
            axes = len(output.shape)
            of, by = places[:axes], places[axes:]
            return replace(
                array,
                output=Entry(output, of) if of else output,
                wrt=Entry(wrt, by) if by else wrt,
            )
    return left


# --- fitting ------------------------------------------------------------------------------


def _fits(pattern: al.Expr, node: al.Expr, values: dict[str, al.Index]) -> bool:
    """Whether a left side is a line's, at some steps; these are added to ``values``."""
    if type(pattern) is not type(node) or len(parts(pattern)) != len(parts(node)):
        return False
    if not all(
        _solved(index, wanted, values)
        for index, wanted in zip(indices(pattern), indices(node), strict=True)
    ):
        return False
    if not parts(pattern):
        return _without_steps(pattern) == _without_steps(node)
    if getattr(pattern, "held", None) != getattr(node, "held", None):
        return False
    return all(_fits(*pair, values) for pair in zip(parts(pattern), parts(node), strict=True))


def _without_steps(node: al.Expr) -> al.Expr:
    return map_indices(node, lambda _: al.Index())


def _solved(index: al.Index, wanted: al.Index, values: dict[str, al.Index]) -> bool:
    """Whether an index is the wanted one, by the value of the one name in it."""
    free = [name for name in index.names() if name != "T" and name not in values]
    if len(free) == 1 and dict(index.terms)[free[0]] == 1:
        values[free[0]] = wanted - index.substitute({**values, free[0]: al.Index()})
    return index.substitute(values) == wanted


def _said(formula: Formula, values: Values) -> Formula:
    """A line at other steps; what it binds gets other letters where they would be met."""
    chains = tuple(
        replace(chain, sides=tuple(side.substitute(values) for side in chain.sides))
        for chain in formula.chains
    )
    left, right = (_moved(side, values) for side in formula.sides)
    return replace(formula, left=left, right=right, chains=chains)


def _moved(node: al.Expr, values: Values) -> al.Expr:
    met = {name for index in values.values() for name in index.names()}
    return at_steps(_rebound(node, met), values)


def _rebound(node: al.Expr, met: set[str]) -> al.Expr:
    """With other letters for the bound names that are met."""
    for place, part in enumerate(parts(node)):
        node = with_part(node, place, _rebound(part, met))
    if not isinstance(node, Over) or node.index not in met:
        return node
    taken = met | {name for inner in walk(node) for name in own_names(inner)}
    letter = next(letter for letter in _LETTERS if letter not in taken)
    inner = at_steps(body(node), {node.index: al.Index.of(letter)})
    if isinstance(node, al.TimeSum):
        return replace(node, term=inner, index=letter)
    return replace(node, factor=inner, index=letter)


_LETTERS = ("k", "i", "j", "m", "n", "r", "s", "q", "u", "v", "l", "p")


def _is_possible(chains: tuple[Inequalities, ...]) -> bool:
    """Whether the conditions hold together at some steps."""
    return any(holds(chains, at) for at in _steps(chains))


def is_within(inner: tuple[Inequalities, ...], outer: tuple[Inequalities, ...]) -> bool:
    """Whether conditions hold wherever others do."""
    every = (at for at in _steps((*inner, *outer)) if holds(outer, at))
    return all(holds(inner, at) for at in every)


def _steps(chains: tuple[Inequalities, ...]) -> Iterator[dict[str, int]]:
    sides = (side for chain in chains for side in chain.sides)
    names = sorted({name for side in sides for name in side.names()} - {"T"})
    for horizon in range(1, FARTHEST + 1):
        for values in product(range(-1, horizon + 2), repeat=len(names)):
            yield {"T": horizon, **dict(zip(names, values, strict=True))}


# --- the sum of the losses -----------------------------------------------------------------


def _is_of_total(node: al.Expr) -> bool:
    """Whether L itself is differentiated in it."""
    return any(isinstance(one, al.Derivative) and one.output == TOTAL for one in walk(node))


def _summed(right: al.Expr) -> al.Expr:
    """T times what is said of the mean, unless it is said in derivatives of L itself."""
    match right:
        case al.Add(terms=terms):
            return al.Add(tuple(map(_summed, terms)))
        case al.Neg(operand=operand):
            return al.Neg(_summed(operand))
        case al.Number(value=value) if not value:
            return right
    if _is_of_total(right):
        return right
    found = _times_steps(right)
    return al.Mul((al.Horizon(), right)) if found is None else found


def _times_steps(node: al.Expr) -> al.Expr | None:
    """T times an expression, where a factor 1/T of it can be left out."""
    match node:
        case al.Div(numerator=above, denominator=al.Horizon()):
            return above
        case al.Div(numerator=above) if (found := _times_steps(above)) is not None:
            return replace(node, numerator=found)
        case al.Neg(operand=operand) if (found := _times_steps(operand)) is not None:
            return al.Neg(found)
        case al.Mul(factors=factors):
            for place, factor in enumerate(factors):
                if (found := _times_steps(factor)) is not None:
                    rest = (*factors[:place], found, *factors[place + 1 :])
                    kept = tuple(one for one in rest if one != al.ONE) or (al.ONE,)
                    return kept[0] if len(kept) == 1 else al.Mul(kept)
        case al.Product(left=left, right=right):
            if (found := _times_steps(left)) is not None:
                return right if found == al.ONE else replace(node, left=found)
            if (found := _times_steps(right)) is not None:
                return left if found == al.ONE else replace(node, right=found)
        case al.Add(terms=terms):
            each = [_times_steps(term) for term in terms]
            if None not in each:
                return al.Add(tuple(term for term in each if term is not None))
        case al.TimeSum(term=term) if (found := _times_steps(term)) is not None:
            return replace(node, term=found)
    return None
