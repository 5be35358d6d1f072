"""Expressions of entries evaluated: what `symbptt.proof.evaluate` adds for letters.

A letter's value stands among the steps that index names stand for. Who evaluates entries
takes `part_value` from here, so that it knows them.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce

import numpy as np

from symbptt.algebra import Cotangent, Count, Derivative, Expr, Param, Pullback, Ref, Stack
from symbptt.algebra.letters import Behind, Delta, Entry, Letter, LetterSum, RowOf, Slope
from symbptt.errors import EvaluationError
from symbptt.proof.domain import Array
from symbptt.proof.evaluate import OTHERS, Point, Steps, length, lengths, part_value
from symbptt.proof.place import unit
from symbptt.typeset.plain import plain

__all__ = ["NoPlaceError", "part_value"]


class NoPlaceError(EvaluationError):
    """An entry past the end of its vector."""


def place(expr: Expr, size: int, point: Point, at: Steps) -> int:
    """The number, from 0, of a place in a dimension of ``size``.

    Raises
    ------
    NoPlaceError
        If there is no such place.
    """
    number = _number(expr, point, at)
    if not 1 <= number <= size:
        raise NoPlaceError(f"there is no place {number} in 1 … {size}")
    return number - 1


def _number(expr: Expr, point: Point, at: Steps) -> int:
    """The number, from 1, that a place stands for."""
    match expr:
        case Behind(letter=letter, dim=dim):
            return length(dim, point.sizes) + _number(letter, point, at)
        case Letter(name=name) if name in at:
            return at[name]
        case Count(index=index):
            return index.at(at)
        case Ref():
            one = point.domain.number(Fraction(1))
            return 1 + [entry == one for entry in point.reference(expr, at)].index(True)
    raise EvaluationError(f"nothing says which place {expr} is")


def _at_places(value: Array, places: tuple[Expr, ...], point: Point, at: Steps) -> Array:
    """The entry of an array, or its row where the places are fewer than its axes."""
    numbers = tuple(place(p, n, point, at) for p, n in zip(places, value.shape, strict=False))
    return np.asarray(value[numbers], dtype=object)


def _entry(expr: Entry, point: Point, at: Steps) -> Array | None:
    value = part_value(expr.array, point, at)
    if value is None:
        return None
    try:
        return _at_places(value, expr.places, point, at)
    except NoPlaceError:
        raise NoPlaceError(f"{plain(expr)} has entries 1 to the length") from None


def _row_of(expr: RowOf, point: Point, at: Steps) -> Array | None:
    value = part_value(expr.matrix, point, at)
    return None if value is None else _at_places(value, (expr.place,), point, at)


def _delta(expr: Delta, point: Point, at: Steps) -> Array:
    same = _number(expr.left, point, at) == _number(expr.right, point, at)
    return point.domain.number(Fraction(int(same)))


def _letter_sum(expr: LetterSum, point: Point, at: Steps) -> Array | None:
    numbers = range(1, length(expr.letter.dim, point.sizes) + 1)
    values = [part_value(expr.term, point, {**at, expr.letter.name: n}) for n in numbers]
    found = [value for value in values if value is not None]
    return reduce(np.add, found) if found else None


def _slope(expr: Slope, point: Point, at: Steps) -> Array:
    output, places = _array(expr.output)
    wrt, others = _array(expr.wrt)
    if isinstance(output, Param) and len(places) == len(output.shape):
        row = _row_of_parameter(Derivative(output, wrt, expr.held), places, point, at)
        return _at_places(row, others, point, at)
    jacobian = _jacobian(Derivative(output, wrt, expr.held), point, at)
    of_entries = _at_places(jacobian, places, point, at)
    if len(places) < len(output.shape):
        return np.stack([_at_places(row, others, point, at) for row in of_entries])
    return _at_places(of_entries, others, point, at)


def _jacobian(node: Derivative, point: Point, at: Steps) -> Array:
    """A derivative with the axes of its output before those of what it is taken by."""
    output, wrt = node.output, node.wrt
    shape = (*lengths(output.shape, point.sizes), *lengths(wrt.shape, point.sizes))
    if isinstance(output, Ref | Stack):
        found = point.differentiated(node, at)
    elif isinstance(output, Param):
        found = _of_parameter(node, point, at)
    else:
        raise EvaluationError(f"{type(output).__name__} has no equation")
    if found is None:
        raise EvaluationError(f"there is no derivative of {output} past T")
    return np.reshape(found, shape)


def _of_parameter(node: Derivative, point: Point, at: Steps) -> Array:
    """From the transposed Jacobian of the equation, applied to unit vectors."""
    count = int(np.prod(lengths(node.output.shape, point.sizes)))
    return np.array([_pulled_back(node, k, point, at) for k in range(count)], dtype=object)


def _row_of_parameter(node: Derivative, places: tuple[Expr, ...], point: Point, at: Steps) -> Array:
    """The derivative of one entry."""
    sizes = lengths(node.output.shape, point.sizes)
    numbers = [place(p, n, point, at) for p, n in zip(places, sizes, strict=True)]
    return _pulled_back(node, int(np.ravel_multi_index(numbers, sizes)), point, at)


def _pulled_back(node: Derivative, number: int, point: Point, at: Steps) -> Array:
    """What the entry of that number of a parameter pulls back."""
    output = node.output
    assert isinstance(output, Param)
    turned = Pullback(output, node.wrt, Cotangent(output.name, None, output.shape), node.held)
    sizes = lengths(output.shape, point.sizes)
    count = int(np.prod(sizes))
    return point.pulled_back(turned, unit(number, count, point.domain).reshape(sizes), at)


def _array(expr: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    match expr:
        case Entry(array=array, places=places):
            return array, places
        case RowOf(matrix=matrix, place=row):
            return matrix, (row,)
    return expr, ()


OTHERS.update({Entry: _entry, Delta: _delta, LetterSum: _letter_sum, Slope: _slope, RowOf: _row_of})
