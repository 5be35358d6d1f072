"""What a derivation itself says of the left side of a formula, in the terms of its author.

Of the members of a chain that one is told which is most like the author's right side;
derivatives and names that he does not use are put in by their own equations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from symbptt import algebra as al
from symbptt.errors import SymbpttError
from symbptt.formula.differing import differing, likeness
from symbptt.formula.examination import Examiner
from symbptt.formula.fitting import is_possible, is_within, simplified, turned
from symbptt.formula.scenes import Clock
from symbptt.formula.shapes import Shaper
from symbptt.formula.stated import Equations, Key, equations, key_of
from symbptt.formula.statement import (
    Formula,
    Inequalities,
    Over,
    free_names,
    parts,
    walk,
)
from symbptt.formula.text import (
    chain_text,
    formula_text,
    in_names,
    text_of,
    within_signs,
    words_in_names,
)
from symbptt.formula.typesetting import formula_latex

TRIED = 80
"""Of how many ways to say an equation the one in its author's terms is chosen."""

Fitness = tuple[int, int, int, int, float]


@dataclass(frozen=True)
class DerivedEquation:
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
    differs : tuple of Expr
        The parts of the right side that the author's has not.
    latex : str
        The equation, what differs in a box.
    where : tuple of str
        What the names are that the derivation introduces and the author does not use.
    called : mapping
        What the author calls names of the model.
    """

    formula: Formula
    number: int | None
    form: str
    of: str
    reason: str
    differs: tuple[al.Expr, ...] = ()
    latex: str = ""
    where: tuple[str, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def right(self) -> al.Expr:
        return self.formula.right

    @property
    def text(self) -> str:
        return in_names(formula_text(self.formula), self.called)

    @property
    def range(self) -> str:
        """``1 <= t <= T-1``"""
        return in_names(", ".join(map(chain_text, self.formula.chains)), self.called)

    @property
    def marked(self) -> str:
        """The equation with marks around what differs."""
        return in_names(formula_text(self.formula, self.differs), self.called)

    @property
    def words(self) -> str:
        """Where it stands, and why it holds."""
        if self.number is None:
            return self.reason
        way = "" if self.form == "adjoint" else f" --form {self.form}"
        way += "" if self.of == "L" else f" --of '{self.of}'"
        where = f" (derive{way})" if way else ""
        return f"step ({self.number}) of the derivation{where}: {self.reason}"

    def data(self) -> dict[str, Any]:
        """For a program to read."""
        terms = self.right.terms if isinstance(self.right, al.Add) else (self.right,)
        marked = within_signs(self.differs)
        return {
            "formula": self.text,
            "latex": self.latex,
            "step": self.number,
            "form": self.form,
            "of": self.of,
            "reason": self.reason,
            "range": self.range,
            "where": list(self.where),
            "terms": [
                {
                    "term": in_names(text_of(term), self.called),
                    "differs": any(id(part) in marked for part in walk(term)),
                }
                for term in terms
            ],
            "differs": [in_names(text_of(part), self.called) for part in self.differs],
        }

    def in_names(self, called: Mapping[str, str], shaper: Shaper) -> DerivedEquation:
        """In the names that its author has for those of the model."""
        return replace(
            self,
            called=called,
            reason=words_in_names(self.reason, called),
            where=tuple(in_names(line, called) for line in self.where),
            latex=formula_latex(self.formula, shaper, self.differs, called),
        )


def derived(formula: Formula, examiner: Examiner) -> DerivedEquation | None:
    """What the derivation says of a formula's left side; None where it is silent.

    Everything is in the layout and under the estimator of the examiner.
    """
    shaper, estimator = examiner.shaper, examiner.stages[0].estimator
    known = equations(examiner.model, shaper.layout, estimator)
    found = next(told(formula, known, examiner.clock), None)
    if found is None:
        return None
    differs = differing(found.right, formula.right)
    latex = formula_latex(found.formula, Shaper(examiner.model, shaper.layout), differs)
    return replace(found, differs=differs, latex=latex, where=_defined(found, formula, known))


def _defined(found: DerivedEquation, formula: Formula, known: Equations) -> tuple[str, ...]:
    """The equations of the names that are the derivation's own."""
    used, own = (
        {name for side in one.sides for node in walk(side) for name in _names(node)}
        for one in (formula, found.formula)
    )
    new = (own - used) & known.introduced
    named = [item.name for item in known.normal.definitions if item.name in new]
    lines = [next(known.lines(("value", name))) for name in named]
    return tuple(formula_text(known.read(line)[-1]) for line in lines)


def _names(node: al.Expr) -> tuple[str, ...]:
    return (node.name,) if isinstance(node, al.Ref | al.Param) else ()


def told(
    formula: Formula, known: Equations, clock: Clock | None = None
) -> Iterator[DerivedEquation]:
    """What is known of a left side, the likeliest way to say it first.

    When the time is over it is the likeliest found so far.
    """
    terms = _Terms(known, formula, clock)
    found = [(line, terms.best(said)) for line, said in known.fitting(formula.left, formula.chains)]
    if isinstance(formula.left, al.Transpose) and not found:
        inner = replace(formula, left=formula.left.operand, right=turned(formula.right))
        for one in told(inner, known, clock):
            right = turned(one.right)
            yield replace(one, formula=replace(one.formula, left=formula.left, right=right))
        return
    for line, best in sorted(found, key=lambda one: terms.fitness(one[1].right)[:2], reverse=True):
        said = replace(
            best,
            left=formula.left,
            chains=simplified(best.chains),
            text=formula.text,
            places={},
            fixed=formula.fixed,
        )
        form, of = line.source.derivation.form, line.source.derivation.of
        yield DerivedEquation(said, line.number, form, of, line.reason)


# --- other terms -------------------------------------------------------------------------


class _Terms:
    """Says equations in the derivatives that an author uses."""

    def __init__(self, known: Equations, formula: Formula, clock: Clock | None) -> None:
        self.known = known
        self.clock = clock
        self.right = formula.right
        self.chains = formula.chains
        self.free = free_names(formula.left) | _names_in(formula.chains) | {"T"}
        self.used = set(map(key_of, _outside(formula.right)))
        self.wanted = sum(key is not None and self._is_told(key) for key in self.used)

    def best(self, found: tuple[Formula, ...]) -> Formula:
        """What is most in the author's terms, of these and of what comes of putting in."""
        seen = {one.right: (self.fitness(one.right, 0), one) for one in found}
        pending = {right: 0 for right in seen}
        while pending and len(seen) < TRIED and not (self.clock and self.clock.is_over):
            right = max(pending, key=lambda one: seen[one][0])
            if seen[right][0][:2] == (self.wanted, 0):
                break
            moves = pending.pop(right) + 1
            for other in self._next(seen[right][1]):
                if other.right not in seen:
                    seen[other.right] = (self.fitness(other.right, moves), other)
                    pending[other.right] = moves
        return max(seen.values(), key=lambda one: one[0])[1]

    def fitness(self, right: al.Expr, moves: int = 0) -> Fitness:
        """How well it is in the author's terms: of what he uses it has most, then it has few
        names and Jacobians that he does not use, took few moves, and looks like his."""
        keys = {key for key in map(key_of, _outside(right)) if key and self._is_told(key)}
        foreign = keys - self.used
        names = sum(key[0] in ("value", "equation") for key in foreign)
        return len(keys & self.used), -names, -moves, -len(foreign), likeness(right, self.right)

    def _next(self, formula: Formula) -> Iterator[Formula]:
        keys = dict.fromkeys(
            key
            for node in walk(formula.right)
            if (key := key_of(node)) is not None and key not in self.used and self._is_told(key)
        )
        for key in keys:
            for member in range(self._members(key)):
                narrowed: list[Inequalities] = []
                try:
                    right = self._replaced(formula.right, key, member, formula.chains, narrowed)
                except _UntoldError:
                    continue
                yield replace(formula, right=right, chains=(*formula.chains, *narrowed))

    def _is_told(self, key: Key) -> bool:
        """Derivatives, and quantities that the derivation introduces."""
        if key[0] == "value":
            return key[1] in self.known.introduced
        return key[0] != "part"

    def _members(self, key: Key) -> int:
        return max((len(line.members) for line in self.known.lines(key)), default=0)

    def _replaced(
        self,
        node: al.Expr,
        key: Key,
        member: int,
        chains: tuple[Inequalities, ...],
        narrowed: list[Inequalities],
    ) -> al.Expr:
        if key_of(node) == key and isinstance(node, al.Derivative | al.Ref | al.Param):
            return self._told(node, member, chains, narrowed)
        inside = chains
        if isinstance(node, Over):
            sides = (node.first, al.Index.of(node.index), node.last)
            if isinstance(node, al.OrderedProduct) and node.step < 0:
                sides = (node.last, sides[1], node.first)
            inside = (*chains, Inequalities(sides, ("<=", "<=")))
        for place, part in enumerate(parts(node)):
            if not isinstance(node, al.Derivative):
                new = self._replaced(part, key, member, inside, narrowed)
                node = al.with_child(node, place, new)
        return node

    def _told(
        self,
        node: al.Expr,
        member: int,
        chains: tuple[Inequalities, ...],
        narrowed: list[Inequalities],
    ) -> al.Expr:
        """What stands for a derivative; outside of sums it may hold at fewer steps."""
        for _, found in self.known.fitting(node):
            if member >= len(found):
                continue
            own = found[member]
            if is_within(own.chains, chains):
                return own.right
            together = (*own.chains, *chains, *self.chains)
            if _names_in(own.chains) <= self.free and is_possible(together):
                narrowed += own.chains
                return own.right
        raise _UntoldError


def _names_in(chains: tuple[Inequalities, ...]) -> set[str]:
    return {name for chain in chains for side in chain.sides for name in side.names()}


def _outside(node: al.Expr) -> Iterator[al.Expr]:
    """All parts, but for what derivatives are of and by."""
    yield node
    for part in () if isinstance(node, al.Derivative) else parts(node):
        yield from _outside(part)


class _UntoldError(SymbpttError):
    """No equation holds at all the steps at which a derivative stands."""
