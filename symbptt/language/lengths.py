"""Unification of lengths: names, numbers and sums of them.

A length is a sum with whole coefficients of unknowns and a number, since vectors set end
to end have lengths like d + h. Declared names are fixed, except that a name may stand
for a sum: with ``W: (h, m)``, ``W @ concat(x[t], h[t-1])`` makes m = d + h.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from symbptt.algebra import Dim, add_dims
from symbptt.language.source import Place


@dataclass(eq=False)
class Unknown:
    """A dimension.

    Attributes
    ----------
    label : str
        What messages call it.
    fixed : bool
        Whether the author named it.
    number : int
        Counts unknowns in the order in which they were made.
    bound : Length or None
        What it is equal to, where that is known.
    why : Place or None
        The place that made it so.
    """

    label: str
    fixed: bool
    number: int
    bound: LengthSum | None = None
    why: Place | None = None


@dataclass(frozen=True, eq=False)
class LengthSum:
    """``number`` plus the unknowns times their (positive) counts, in the order written."""

    counts: dict[Unknown, int] = field(default_factory=dict)
    number: int = 0

    @property
    def parts(self) -> int:
        return sum(self.counts.values()) + (1 if self.number else 0)

    def __str__(self) -> str:
        words = [u.label if n == 1 else f"{n} {u.label}" for u, n in self.counts.items()]
        return " + ".join(words + [str(self.number)] * bool(self.number or not words))


class Lengths:
    """All unknowns of a model and what is known about them."""

    def __init__(self) -> None:
        self._named: dict[str, Unknown] = {}
        self._count = 0

    @property
    def declared(self) -> tuple[str, ...]:
        return tuple(self._named)

    def named(self, name: str) -> LengthSum:
        """A dimension that the author named."""
        if name not in self._named:
            self._named[name] = self._unknown(name, fixed=True)
        return LengthSum({self._named[name]: 1})

    def fresh(self, label: str) -> LengthSum:
        """A dimension that has to be found out."""
        return LengthSum({self._unknown(label, fixed=False): 1})

    def _unknown(self, label: str, fixed: bool) -> Unknown:
        self._count += 1
        return Unknown(label, fixed, self._count)

    def total(self, lengths: Iterable[LengthSum]) -> LengthSum:
        """The length of vectors set end to end."""
        counts: dict[Unknown, int] = {}
        number = 0
        for length in lengths:
            number += length.number
            for unknown, count in length.counts.items():
                counts[unknown] = counts.get(unknown, 0) + count
        return LengthSum(counts, number)

    def reduce(self, length: LengthSum) -> LengthSum:
        """The length with every unknown replaced by what it is equal to."""
        while any(unknown.bound is not None for unknown in length.counts):
            parts = [LengthSum(number=length.number)]
            for unknown, count in length.counts.items():
                bound = unknown.bound or LengthSum({unknown: 1})
                counts = {u: n * count for u, n in bound.counts.items()}
                parts.append(LengthSum(counts, bound.number * count))
            length = self.total(parts)
        return length

    def equate(self, left: LengthSum, right: LengthSum, why: Place) -> bool | None:
        """Makes two lengths equal, at the place that says so.

        Returns
        -------
        bool or None
            True if they are equal now, False if they can't be, None if more must be
            known before that can be told (a + b = c + d).
        """
        left, right = self.reduce(left), self.reduce(right)
        counts = dict(left.counts)
        for unknown, count in right.counts.items():
            counts[unknown] = counts.get(unknown, 0) - count
        counts = {unknown: count for unknown, count in counts.items() if count}
        number = left.number - right.number
        if not counts:
            return number == 0
        free = sorted((u for u in counts if not u.fixed), key=lambda u: -u.number)
        named = [unknown for unknown in counts if unknown.fixed]
        for unknown in [*free, *named]:
            solution = _solve(unknown, counts, number)
            if solution is not None and (not unknown.fixed or solution.parts > 1):
                unknown.bound, unknown.why = solution, why
                return True
        return None if len(free) > 1 else False

    def reason(self, length: LengthSum) -> Place | None:
        """The place from which a length is known, as far as a single place says it."""
        why = None
        while len(length.counts) == 1:
            (unknown,) = length.counts
            if unknown.bound is None:
                break
            why, length = unknown.why, unknown.bound
        return why

    def dim(self, length: LengthSum) -> Dim:
        """The length in the algebra's terms, under the labels of its unknowns."""
        reduced = self.reduce(length)
        parts: list[Dim] = []
        for unknown, count in reduced.counts.items():
            parts.extend([unknown.label] * count)
        if reduced.number or not parts:
            parts.append(reduced.number)
        return add_dims(parts)


def _solve(unknown: Unknown, counts: dict[Unknown, int], number: int) -> LengthSum | None:
    """The unknown out of ``sum counts + number = 0``; None if that is no length."""
    own = counts[unknown]
    rest = {other: -count for other, count in counts.items() if other is not unknown}
    if any(value % own for value in (number, *rest.values())):
        return None
    solution = LengthSum({other: count // own for other, count in rest.items()}, -number // own)
    positive = all(count > 0 for count in solution.counts.values()) and solution.number >= 0
    return solution if positive and solution.parts else None
