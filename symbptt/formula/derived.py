"""What a derivation itself says of the left side of a formula, in the terms of its author.

The lines that ``derive --to formulas`` prints are the source: read back they are formulas, whose
left sides are fitted to the author's. Of several members that one is told which is most like the
author's right side; derivatives that he does not use are put in by their own equations.
"""

from __future__ import annotations

from collections import Counter
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
from symbptt.errors import SymbpttError
from symbptt.formula.examination import Examiner
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
from symbptt.formula.text import chain_text, formula_text, text_of
from symbptt.typeset.formulas import Formulas
from symbptt.typeset.style import Style

FORMS = ("adjoint", "sensitivity", "expanded")
"""The derivations in which a left side is looked for, the plainest first."""

FARTHEST = 6
"""Up to this T it is tried whether a range is empty, or lies in another."""

TRIED = 80
"""Of how many ways to say an equation the one in its author's terms is chosen."""

Values = Mapping[str, al.Index]


@dataclass(frozen=True)
class Derived:
    """The derivation's own equation for a left side.

    Attributes
    ----------
    formula : Formula
        The author's left side, what it is, and for which steps.
    number : int or None
        Of the step; None for an equation of the model.
    form : str
        Of the derivation, as ``derive --form`` has it.
    of : str
        What it differentiates, ``L`` or ``loss[t]``.
    reason : str
        The step's.
    """

    formula: Formula
    number: int | None
    form: str
    of: str
    reason: str

    @property
    def right(self) -> al.Expr:
        return self.formula.right

    @property
    def text(self) -> str:
        return formula_text(self.formula)

    @property
    def range(self) -> str:
        """``1 <= t <= T-1``"""
        return ", ".join(map(chain_text, self.formula.chains))


def derived(formula: Formula, examiner: Examiner) -> Derived | None:
    """What the derivation says of a formula's left side; None where it is silent.

    Everything is in the layout, with the total and under the estimator of the examiner.
    """
    shaper, estimator = examiner.shaper, examiner.stages[0].estimator
    known = equations(examiner.model, shaper.layout, shaper.total, estimator)
    return next(known.told(formula), None)


@lru_cache(maxsize=16)
def equations(
    model: al.Model, layout: Layout = "column", total: Total = "mean", estimator: Estimator = FULL
) -> Equations:
    """All that the derivations of a model state; read where it is asked for."""
    return Equations(model, layout, total, estimator)


# --- what is stated ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """A target with all that it equals, as it stands in a derivation; read when asked for."""

    target: al.Expr
    members: tuple[al.Expr, ...]
    where: str
    number: int | None
    reason: str
    source: Formulas

    def key(self) -> tuple[str, ...] | None:
        return _key(self.target)


class Equations:
    """The equations of a model and of its derivations, by what stands on the left."""

    def __init__(self, model: al.Model, layout: Layout, total: Total, estimator: Estimator) -> None:
        self.model = model
        self.layout = layout
        self.total = total
        self.estimator = estimator
        self._read: dict[int, tuple[Formula, ...]] = {}

    @cached_property
    def plain(self) -> al.Model:
        """The model without the gates of an estimator."""
        inputs = self.model.inputs
        return replace(self.model, inputs=inputs[:-1]) if self.estimator.gated else self.model

    # --- lines ---------------------------------------------------------------------------

    def lines(self, key: tuple[str, ...]) -> Iterator[_Line]:
        """What is stated of such a left side, the model's own equations first."""
        if key[0] == "value":
            yield from self._by_key["model"].get(key, ())
        for form in FORMS if self.plain.loss is not None else ():
            yield from self._lines_of(form, "L").get(key, ())

    @cached_property
    def _by_key(self) -> dict[str, dict[tuple[str, ...], list[_Line]]]:
        return {"model": _keyed(self._defined())}

    def _defined(self) -> Iterator[_Line]:
        """The equations of the model as its author wrote them, then those of the normal form."""
        normal = normalize(self.plain)
        for model in (self.plain, normal):
            source = Formulas(Derivation(self.plain, model, ()), self._style)
            for item in model.definitions:
                words = f"it is the model's own equation of {item.name}"
                yield _Line(item.ref, (item.rhs,), "", None, words, source)

    @cached_property
    def _style(self) -> Style:
        return Style.of(layout=self.layout)

    def _lines_of(self, form: str, of: str) -> dict[tuple[str, ...], list[_Line]]:
        known = self._by_key
        name = f"{form} {of}"
        if name not in known:
            known[name] = _keyed(self._derivation(form, of))
        return known[name]

    def _derivation(self, form: str, of: str) -> Iterator[_Line]:
        plain = form == "adjoint" and of == "L"
        found = derive(
            self.plain,
            form=form,
            of=of,
            estimator=self.estimator if form == "adjoint" and of == "L" else None,
            wrt_inputs=plain and self.estimator == FULL,
        )
        source = Formulas(found, self._style)
        for step in found.steps:
            yield _line(step, step.target, step.members, source)
        if form == "adjoint" and self.estimator == FULL:
            by_entries = Formulas(found, Style.of(layout=self.layout, detail="index"))
            for equation in by_entries.by_entries.equations:
                words = f"it is the model's own equation of {equation.name}, entry by entry"
                for line in (equation.entry, *equation.slopes):
                    yield _Line(line.target, line.members, "", None, words, by_entries)
            for step in found.steps:
                entries = by_entries.by_entries.of(step)
                for line in entries.all() if entries else ():
                    yield _line(step, line.target, line.members, by_entries)

    def read(self, line: _Line) -> tuple[Formula, ...]:
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

    # --- in the author's terms -----------------------------------------------------------

    def told(self, formula: Formula) -> Iterator[Derived]:
        """What is known of a left side, the likeliest way to say it first."""
        if isinstance(formula.left, al.Transpose):
            inner = replace(formula, left=formula.left.operand, right=turned(formula.right))
            for one in self.told(inner):
                right = turned(one.right)
                yield replace(one, formula=replace(one.formula, left=formula.left, right=right))
            return
        terms = _Terms(self, formula.right)
        found = [
            (line, terms.best(said))
            for line, said in self.fitting(_with_entries(formula.left), formula.chains)
        ]
        for line, best in sorted(found, key=lambda one: terms.fitness(one[1].right), reverse=True):
            said = replace(
                best, left=formula.left, text=formula.text, places={}, fixed=formula.fixed
            )
            form, of = line.source.derivation.form, line.source.derivation.of
            yield Derived(said, line.number, form, of, line.reason)

    @cached_property
    def introduced(self) -> frozenset[str]:
        """The names that the derivation adds to those of the model."""
        return normalize(self.plain).names - self.plain.names

    def fitting(
        self, left: al.Expr, chains: tuple[Inequalities, ...] = ()
    ) -> Iterator[tuple[_Line, tuple[Formula, ...]]]:
        """The lines about a left side, each with its members said of that left side."""
        key = _key(left)
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


def _keyed(lines: Iterator[_Line]) -> dict[tuple[str, ...], list[_Line]]:
    found: dict[tuple[str, ...], list[_Line]] = {}
    for line in lines:
        key = line.key()
        if key is not None:
            found.setdefault(key, []).append(line)
    return found


def _line(step: Step, target: al.Expr, members: tuple[al.Expr, ...], source: Formulas) -> _Line:
    reason = "".join(map(source.words, step.reason))
    return _Line(target, members, source.condition(step), step.number, reason, source)


def _key(node: al.Expr) -> tuple[str, ...] | None:
    """What a left side is of, whatever the step and the entry."""
    match node:
        case Entry(array=array):
            return _key(array)
        case al.Cotangent(name=name, part=None):
            return ("nothing", "L", name)
        case al.Cotangent(name=name):
            return ("part", "L", name)
        case al.Direct(of=al.Ref(name=name) | al.Stack(name=name)):
            return ("equation", "L", name)
        case al.Derivative(output=output, wrt=wrt) | Slope(output=output, wrt=wrt):
            of, by = _key(output), _key(wrt)
            held = "nothing" if node.held == "total" else node.held
            return None if of is None or by is None else (held, of[1], by[1])
        case al.Ref(name=name) | al.Param(name=name) | al.Stack(name=name):
            return ("value", name)
    return None


def _with_entries(left: al.Expr) -> al.Expr:
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


def turned(node: al.Expr) -> al.Expr:
    """The transpose of an expression, term by term and factor by factor."""
    match node:
        case al.Add(terms=terms):
            return al.Add(tuple(map(turned, terms)))
        case al.Neg(operand=operand):
            return al.Neg(turned(operand))
        case al.Product(left=left, right=right):
            return al.Product(turned(right), turned(left))
        case al.TimeSum(term=term):
            return replace(node, term=turned(term))
        case al.Transpose(operand=operand):
            return operand
        case al.Diag() | al.Number():
            return node
    return al.Transpose(node)


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


def _is_within(inner: tuple[Inequalities, ...], outer: tuple[Inequalities, ...]) -> bool:
    """Whether conditions hold wherever others do."""
    every = (at for at in _steps((*inner, *outer)) if holds(outer, at))
    return all(holds(inner, at) for at in every)


def _steps(chains: tuple[Inequalities, ...]) -> Iterator[dict[str, int]]:
    sides = (side for chain in chains for side in chain.sides)
    names = sorted({name for side in sides for name in side.names()} - {"T"})
    for horizon in range(1, FARTHEST + 1):
        for values in product(range(-1, horizon + 2), repeat=len(names)):
            yield {"T": horizon, **dict(zip(names, values, strict=True))}


# --- other terms -------------------------------------------------------------------------


class _Terms:
    """Says equations in the derivatives that an author uses."""

    def __init__(self, known: Equations, right: al.Expr) -> None:
        self.known = known
        self.right = right
        self.used = {_key(node) for node in walk(right)}
        self.differentiates = any(key is not None and key[0] != "value" for key in self.used)

    def best(self, found: tuple[Formula, ...]) -> Formula:
        """What is most in the author's terms, of these and of what comes of putting in."""
        pending = {one.right: one for one in found}
        seen = dict(pending)
        while pending and len(seen) < TRIED and self.differentiates:
            formula = pending.pop(max(pending, key=self.fitness))
            for other in self._next(formula):
                if other.right not in seen:
                    seen[other.right] = pending[other.right] = other
        return seen[max(seen, key=self.fitness)]

    def fitness(self, right: al.Expr) -> tuple[int, float]:
        """How few derivatives and names it needs that the author does not use, and likeness."""
        foreign = {key for node in walk(right) if (key := _key(node)) and self._is_told(key)}
        return -len(foreign - self.used), _likeness(right, self.right)

    def _next(self, formula: Formula) -> Iterator[Formula]:
        keys = dict.fromkeys(
            key
            for node in walk(formula.right)
            if (key := _key(node)) is not None and key not in self.used and self._is_told(key)
        )
        for key in keys:
            for member in range(self._members(key)):
                try:
                    right = self._replaced(formula.right, key, member, formula.chains)
                except _UntoldError:
                    continue
                yield replace(formula, right=right)

    def _is_told(self, key: tuple[str, ...]) -> bool:
        """Derivatives, and quantities that the derivation introduces."""
        if key[0] == "value":
            return key[1] in self.known.introduced
        return key[0] != "part"

    def _members(self, key: tuple[str, ...]) -> int:
        return max((len(line.members) for line in self.known.lines(key)), default=0)

    def _replaced(
        self, node: al.Expr, key: tuple[str, ...], member: int, chains: tuple[Inequalities, ...]
    ) -> al.Expr:
        if _key(node) == key and isinstance(node, al.Derivative | al.Ref | al.Param):
            return self._told(node, member, chains)
        inside = chains
        if isinstance(node, Over):
            sides = (node.first, al.Index.of(node.index), node.last)
            if isinstance(node, al.OrderedProduct) and node.step < 0:
                sides = (node.last, sides[1], node.first)
            inside = (*chains, Inequalities(sides, ("<=", "<=")))
        for place, part in enumerate(parts(node)):
            if not isinstance(node, al.Derivative):
                node = with_part(node, place, self._replaced(part, key, member, inside))
        return node

    def _told(self, node: al.Expr, member: int, chains: tuple[Inequalities, ...]) -> al.Expr:
        for _, found in self.known.fitting(node):
            if member < len(found) and _is_within(found[member].chains, chains):
                return found[member].right
        raise _UntoldError


class _UntoldError(SymbpttError):
    """No equation holds at all the steps at which a derivative stands."""


def _likeness(one: al.Expr, other: al.Expr) -> float:
    """How much two expressions have in common, 1 where they are made of the same parts."""
    first, second = _made_of(one), _made_of(other)
    return 2 * (first & second).total() / (first.total() + second.total())


@lru_cache(maxsize=512)
def _made_of(node: al.Expr) -> Counter[str]:
    found: Counter[str] = Counter()
    pending = [node]
    while pending:
        node = pending.pop()
        leaf = isinstance(node, al.Derivative) or not parts(node)
        found[text_of(node) if leaf else type(node).__name__] += 1
        if isinstance(node, al.Call):
            found[node.function] += 1
        pending += () if leaf else parts(node)
    return found


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
