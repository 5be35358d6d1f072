"""The law of an affine recurrence in letters, and its unrolled values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from symbptt.algebra import Index
from symbptt.calculus.recurrence.words import ZEROTH, Form, Letter, Sum, Term, tidy

Beginning = Literal["value", "zero", "source"]

VALUE, SOURCE, COEFFICIENT = "a", "b", "c"


@dataclass(frozen=True)
class Law:
    """``a[t] = b[t] + c[t] a[t-1]``, or, from the end, ``a[t] = b[t] + c[t+1] a[t+1]``.

    Attributes
    ----------
    direction : int
        1 where a value follows from the one before, -1 where from the one behind.
    begins : str
        What the value at the step ``start`` is: ``value``, a letter of its own; ``zero``;
        ``source``, that step's b (nothing lies behind it).
    start : Index
        ``0`` for recurrences that run forward, ``T`` or ``T - k`` for those that run back.
    sources : tuple of str
        The letters that are added at every step; several for several terms.
    constant : frozenset of str
        Letters that are the same at all steps.
    commuting : bool
        Whether the coefficients commute: numbers do, matrices do not.
    """

    direction: int = 1
    begins: Beginning = "value"
    start: Index = ZEROTH
    sources: tuple[str, ...] = (SOURCE,)
    constant: frozenset[str] = frozenset()
    commuting: bool = False

    def letter(self, name: str, index: Index) -> Letter:
        return Letter(name, None if name in self.constant else tidy(index))

    def value(self, index: Index) -> Letter:
        return Letter(VALUE, tidy(index))

    def coefficient(self, index: Index) -> Letter:
        """What multiplies the previous value in the law of step ``index``."""
        behind = 1 if self.direction < 0 else 0
        return self.letter(COEFFICIENT, index + behind)

    def step(self, distance: Index) -> Index:
        """The step that lies ``distance`` steps from the start."""
        return tidy(self.start + (distance if self.direction > 0 else -distance))

    def previous(self, index: Index) -> Index:
        return tidy(index - self.direction)

    def added(self, index: Index) -> Form:
        """What is added at a step."""
        return tuple(Term((self.letter(name, index),)) for name in self.sources)

    def beginning(self) -> Form:
        """The value at the start."""
        if self.begins == "value":
            return (Term((self.value(self.start),)),)
        return self.added(self.start) if self.begins == "source" else ()

    def recurrence(self, index: Index) -> Form:
        """The right-hand side at a step: what is added and the coefficient's term."""
        behind = (self.coefficient(index), self.value(self.previous(index)))
        return (*self.added(index), Term(behind))

    def unrolled(self, horizon: int) -> dict[int, Sum]:
        """The value at every step of a run of ``horizon`` steps, by substitution."""
        at = {"T": horizon}
        start = self.start.at(at)
        after_last = horizon + 1 if self.direction > 0 else 0
        values: dict[int, Sum] = {}
        for step in range(start, after_last, self.direction):
            if step == start:
                values[step] = _sum(self.beginning(), at)
                continue
            behind = values[step - self.direction]
            index = Index(offset=step)
            total = _sum(self.added(index), at)
            (factor,) = self.coefficient(index).at(at)
            for word, count in behind.items():
                total[factor, *word] += count
            values[step] = total
        return values


def _sum(form: Form, at: dict[str, int]) -> Sum:
    total: Sum = Counter()
    for term in form:
        total.update(term.at(at))
    return total
