"""Where an expression is evaluated, and the arrays that need nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Protocol

import numpy as np

from symbptt import algebra as al
from symbptt.errors import EvaluationError

if TYPE_CHECKING:
    from symbptt.proof.domain import Array, Domain

Steps = Mapping[str, int]
"""What the index names mean, ``{"t": 2, "T": 5}``."""


class Point(Protocol):
    """What an expression is evaluated at.

    ``reference`` gives the value of a quantity, an initial value or an input at a step;
    of an integer input, the unit vector of its value (length of the dimension that it
    indexes). ``cotangent`` and ``differentiated`` give None where they are absent, past T.
    ``pulled_back`` is a transposed derivative times a cotangent.
    """

    @property
    def domain(self) -> Domain: ...
    @property
    def sizes(self) -> Mapping[str, int]: ...
    def parameter(self, param: al.Param) -> Array: ...
    def reference(self, ref: al.Ref, at: Steps) -> Array: ...
    def cotangent(self, cotangent: al.Cotangent, at: Steps) -> Array | None: ...
    def pulled_back(self, node: al.Pullback, cotangent: Array, at: Steps) -> Array | None: ...
    def differentiated(self, node: al.Derivative | al.Direct, at: Steps) -> Array | None: ...


class NoDerivatives:
    """What a point is at which no derivative has a value."""

    def cotangent(self, node: al.Expr, at: Steps) -> Array:
        raise EvaluationError(f"{type(node).__name__} has no value here")

    def pulled_back(self, node: al.Expr, cotangent: Array, at: Steps) -> Array:
        return self.cotangent(node, at)

    differentiated = cotangent


@dataclass(frozen=True)
class Given(NoDerivatives):
    """A point at which only the arguments of a function of the tables have a value."""

    domain: Domain
    values: Mapping[str, Array]
    sizes: Mapping[str, int] = field(default_factory=dict)

    def parameter(self, param: al.Param | al.Ref) -> Array:
        if param.name not in self.values:
            raise EvaluationError(f"{param.name} has no value here")
        return self.values[param.name]

    def reference(self, ref: al.Ref, at: Steps) -> Array:
        return self.parameter(ref)


class Remembering:
    """What a point is that keeps the values of parts, for expressions that share them."""

    def recalled(self, expr: al.Expr, at: Steps, value: Callable[[], Array | None]) -> Array | None:
        raise NotImplementedError


def length(dim: al.Dim, sizes: Mapping[str, int]) -> int:
    """The number that a dimension is, for the given sizes of the named ones."""
    if isinstance(dim, al.DimSum):
        return sum(length(part, sizes) for part in dim.parts)
    if isinstance(dim, al.DimProduct):
        return prod(length(part, sizes) for part in dim.parts)
    return sizes[dim] if isinstance(dim, str) else dim


def lengths(shape: al.Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(length(dim, sizes) for dim in shape)


def index_lengths(model: al.Model, sizes: Mapping[str, int]) -> dict[str, int]:
    """The integer inputs and the lengths that they index."""
    return {i.name: length(i.index_dim, sizes) for i in model.inputs if i.index_dim is not None}


def zeros(shape: al.Shape, point: Point) -> Array:
    return np.full(lengths(shape, point.sizes), point.domain.number(Fraction(0)), dtype=object)


def unit(place: int, size: int, domain: Domain) -> Array:
    """The unit vector that stands for an integer."""
    zero, one = domain.number(Fraction(0)), domain.number(Fraction(1))
    return np.array([one if k == place else zero for k in range(size)], dtype=object)


def identity(size: int, domain: Domain) -> Array:
    return np.array([unit(k, size, domain) for k in range(size)], object).reshape(size, size)


def inverse(matrix: Array, domain: Domain) -> Array:
    """By elimination, in whatever numbers there are.

    Raises
    ------
    ZeroDivisionError
        If there is none.
    """
    size = len(matrix)
    rows = np.concatenate([matrix, identity(size, domain)], axis=1)
    for k in range(size):
        pivot = next((r for r in range(k, size) if rows[r, k] != 0), None)
        if pivot is None:
            raise ZeroDivisionError("a singular matrix has no negative power")
        rows[[k, pivot]] = rows[[pivot, k]]
        rows[k] = rows[k] / rows[k, k]
        for r in range(size):
            if r != k:
                rows[r] = rows[r] - rows[k] * rows[r, k]
    return rows[:, size:]
