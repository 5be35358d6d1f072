"""Bounds on the degree of what a proof computes, for the probability of its error.

Run in this domain, a calculation yields, for every number, degrees that bound the
numerator and the denominator of the rational function that it is in the indeterminates.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.proof.domain import Domain
from symbptt.proof.field import PRIME


@dataclass(slots=True, unsafe_hash=True)
class Degree:
    """A rational function of degree at most ``above`` over one of at most ``below``."""

    above: int
    below: int = 0

    def __add__(self, other: Any) -> Degree:
        other = _degree(other)
        above = max(self.above + other.below, other.above + self.below)
        return Degree(above, self.below + other.below)

    __radd__ = __sub__ = __rsub__ = __add__

    def __neg__(self) -> Degree:
        return self

    def __mul__(self, other: Any) -> Degree:
        other = _degree(other)
        return Degree(self.above + other.above, self.below + other.below)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Degree:
        return self * _degree(other).inverse()

    def __rtruediv__(self, other: Any) -> Degree:
        return _degree(other) * self.inverse()

    def __pow__(self, exponent: int) -> Degree:
        base = self if exponent >= 0 else self.inverse()
        return Degree(base.above * abs(exponent), base.below * abs(exponent))

    def inverse(self) -> Degree:
        return Degree(self.below, self.above)


def _degree(value: Any) -> Degree:
    return value if type(value) is Degree else Degree(0)


class Degrees(Domain):
    """Degrees in place of numbers; every function value is an indeterminate."""

    name = "degrees"

    def number(self, value: Fraction) -> Degree:
        return Degree(0)

    def random(self, rng: random.Random) -> Degree:
        return Degree(1)

    def apply(self, head: str, args: Sequence[Any]) -> Degree:
        return Degree(0) if head in ("step", "sign", "beyond", "zero") else Degree(1, 1)

    def abstract(self, name: str, wrt: int | None, args: Sequence[Any]) -> Degree:
        return Degree(1)

    def weighted_sum(self, weights: Sequence[Any], vectors: Sequence[Any]) -> Any:
        # One bound for all entries of a vector is enough.
        total = Degree(0)
        for weight, vector in zip(weights, vectors, strict=True):
            total = total + weight * largest(vector)
        return np.full(len(vectors[0]), total, dtype=object)


def largest(values: Any) -> Degree:
    """A bound for all entries of an array."""
    entries = np.ravel(values).tolist()
    return Degree(
        max((e.above for e in entries), default=0), max((e.below for e in entries), default=0)
    )


def error_bits(degree: int, indeterminates: int, others: int = 0) -> int:
    """``k`` such that a false identity passes at one point with probability below 2^-k.

    Either it holds at the point by chance (degree / p), or two of the functions' different
    arguments coincide there (as much for each pair), or so many other numbers do.
    """
    events = 1 + indeterminates * (indeterminates - 1) // 2 + others
    return (PRIME // (max(1, degree) * events)).bit_length() - 1
