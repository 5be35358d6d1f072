"""Where an expression is evaluated, and the arrays that need nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import prod
from typing import Protocol

import numpy as np

from symbptt.algebra import (
    Block,
    Column,
    Cotangent,
    Derivative,
    Diag,
    Dim,
    DimProduct,
    DimSum,
    Direct,
    Expr,
    Kron,
    Ones,
    Param,
    Pullback,
    Ref,
    Shape,
)
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
    def parameter(self, param: Param) -> Array: ...
    def reference(self, ref: Ref, at: Steps) -> Array: ...
    def cotangent(self, cotangent: Cotangent, at: Steps) -> Array | None: ...
    def pulled_back(self, node: Pullback, cotangent: Array, at: Steps) -> Array | None: ...
    def differentiated(self, node: Derivative | Direct, at: Steps) -> Array | None: ...


class Remembering:
    """What a point is that keeps the values of parts, for expressions that share them."""

    def recalled(self, expr: Expr, at: Steps, value: Callable[[], Array | None]) -> Array | None:
        raise NotImplementedError


def length(dim: Dim, sizes: Mapping[str, int]) -> int:
    """The number that a dimension is, for the given sizes of the named ones."""
    if isinstance(dim, DimSum):
        return sum(length(part, sizes) for part in dim.parts)
    if isinstance(dim, DimProduct):
        return prod(length(part, sizes) for part in dim.parts)
    return sizes[dim] if isinstance(dim, str) else dim


def lengths(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(length(dim, sizes) for dim in shape)


def zeros(shape: Shape, point: Point) -> Array:
    return np.full(lengths(shape, point.sizes), point.domain.number(Fraction(0)), dtype=object)


def unit(size: int, point: Point) -> Array:
    whole = np.eye(size, dtype=int)
    return np.vectorize(lambda one: point.domain.number(Fraction(int(one))), otypes=[object])(whole)


def inverse(matrix: Array, point: Point) -> Array:
    """By elimination, in whatever numbers there are.

    Raises
    ------
    ZeroDivisionError
        If there is none.
    """
    size = len(matrix)
    rows = np.concatenate([matrix, unit(size, point)], axis=1)
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


# --- what Jacobians are made of --------------------------------------------------------------


def diagonal(expr: Diag, vector: Array, point: Point) -> Array:
    result = zeros(expr.shape, point)
    np.fill_diagonal(result, np.ravel(vector))
    return result


def column(expr: Column, vector: Array, point: Point) -> Array:
    return vector.reshape(-1, 1)


def kronecker(expr: Kron, vector: Array, point: Point) -> Array:
    row, identity = vector.reshape(1, -1), unit(length(expr.dim, point.sizes), point)
    return np.kron(row, identity) if expr.first else np.kron(identity, row)


def ones(expr: Ones, point: Point, at: Steps) -> Array:
    return zeros(expr.shape, point) + point.domain.number(Fraction(1))


def block(expr: Block, point: Point, at: Steps) -> Array:
    sizes = lengths(expr.blocks, point.sizes)
    first = sum(sizes[: expr.number])
    return unit(sum(sizes), point)[first : first + sizes[expr.number]]
