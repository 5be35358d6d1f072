"""Expressions of entries evaluated: what `symbptt.proof.evaluate` adds for letters.

A letter's value stands among the steps that index names stand for; a place is a unit
vector, as an integer of the model is.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from symbptt.algebra import Cotangent, Expr, Param, Pullback, Ref
from symbptt.calculus.entries import Behind, Delta, Entry, Letter, LetterSum, RowOf, Slope
from symbptt.errors import EvaluationError
from symbptt.proof.domain import Array
from symbptt.proof.evaluate import OTHERS, Point, Steps, length, lengths, part_value
from symbptt.proof.points import unit


def place(expr: Expr, size: int, point: Point, at: Steps) -> Array:
    """The unit vector of a place in a dimension of ``size``.

    Raises
    ------
    EvaluationError
        If there is no such place.
    """
    if isinstance(expr, Ref):
        vector: Array = np.asarray(point.reference(expr, at), dtype=object)
        if vector.shape != (size,):
            raise EvaluationError(f"a place in {vector.shape} is none in ({size},)")
        return vector
    number = _number(expr, point, at)
    if not 1 <= number <= size:
        raise EvaluationError(f"there is no place {number} in 1 … {size}")
    return unit(number - 1, size, point.domain)


def _number(expr: Expr, point: Point, at: Steps) -> int:
    if isinstance(expr, Behind):
        return length(expr.dim, point.sizes) + _number(expr.letter, point, at)
    if not isinstance(expr, Letter) or expr.name not in at:
        raise EvaluationError(f"nothing says which place {expr} is")
    return at[expr.name]


def _entry(expr: Entry, point: Point, at: Steps) -> Array | None:
    value = part_value(expr.array, point, at)
    if value is None:
        return None
    for each in expr.places:
        value = np.tensordot(place(each, value.shape[0], point, at), value, axes=1)
    return value


def _delta(expr: Delta, point: Point, at: Steps) -> Array:
    numbers = [_place_number(side, point, at) for side in (expr.left, expr.right)]
    return point.domain.number(Fraction(int(numbers[0] == numbers[1])))


def _place_number(expr: Expr, point: Point, at: Steps) -> int:
    if isinstance(expr, Ref):
        one = point.domain.number(Fraction(1))
        return 1 + [entry == one for entry in point.reference(expr, at)].index(True)
    return _number(expr, point, at)


def _letter_sum(expr: LetterSum, point: Point, at: Steps) -> Array | None:
    size = length(expr.letter.dim, point.sizes)
    values = [
        part_value(expr.term, point, {**at, expr.letter.name: number})
        for number in range(1, size + 1)
    ]
    found = [value for value in values if value is not None]
    if not found:
        return None
    result = found[0]
    for value in found[1:]:
        result = np.add(result, value)
    return result


def _slope(expr: Slope, point: Point, at: Steps) -> Array:
    """From the transposed Jacobian of the equation, applied to a unit vector."""
    output, places = _array(expr.output)
    sizes = lengths(output.shape, point.sizes)
    if not places and output.shape:
        units = _units(output, point)
        rows = [_row_of_jacobian(expr.wrt, output, cotangent, point, at) for cotangent in units]
        return np.array(rows, dtype=object)
    cotangent = np.array(point.domain.number(Fraction(1)), dtype=object)
    for each, size in zip(places, sizes, strict=True):
        cotangent = np.multiply.outer(cotangent, place(each, size, point, at))
    return _row_of_jacobian(expr.wrt, output, cotangent, point, at)


def _units(output: Expr, point: Point) -> list[Array]:
    (size,) = lengths(output.shape, point.sizes)
    return [unit(number, size, point.domain) for number in range(size)]


def _row_of_jacobian(wrt: Expr, output: Expr, cotangent: Array, point: Point, at: Steps) -> Array:
    array, places = _array(wrt)
    if not isinstance(output, Ref | Param):
        raise EvaluationError(f"{type(output).__name__} has no equation")
    index = output.index if isinstance(output, Ref) else None
    node = Pullback(output, array, Cotangent(output.name, index, output.shape))
    value = point.pulled_back(node, cotangent, at)
    for each in places:
        value = np.tensordot(place(each, value.shape[0], point, at), value, axes=1)
    return value


def _array(expr: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    match expr:
        case Entry(array=array, places=places):
            return array, places
        case RowOf(matrix=matrix, place=row):
            return matrix, (row,)
    return expr, ()


def _row_of(expr: RowOf, point: Point, at: Steps) -> Array | None:
    value = part_value(expr.matrix, point, at)
    if value is None:
        return None
    return np.tensordot(place(expr.place, value.shape[0], point, at), value, axes=1)


OTHERS.update({Entry: _entry, Delta: _delta, LetterSum: _letter_sum, Slope: _slope, RowOf: _row_of})


def entry_value(expr: Expr, point: Point, at: Steps) -> Array | None:
    """The value of an expression that may hold entries; None where it is absent, past T.

    Parameters
    ----------
    at : mapping of str to int
        The steps and the places that names stand for.

    Raises
    ------
    EvaluationError, ZeroDivisionError
        If the expression has no value at this point.
    """
    return part_value(expr, point, at)
