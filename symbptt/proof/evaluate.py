"""An interpreter of expressions at a point, in any number domain.

It says what an expression means, entry by entry and without a rule of the calculus: the
proofs evaluate a derivation's members with it, and, in the domain of SymPy expressions,
it writes a model's equations out in scalars. Values are object arrays of the domain's
numbers; a scalar has shape ().
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache, lru_cache, partial, reduce
from typing import Any

import numpy as np
import sympy

from symbptt import algebra as al
from symbptt.errors import EvaluationError, MissingRuleError
from symbptt.functions.losses import LOSSES, loss_formula
from symbptt.functions.vectors import definition, vector
from symbptt.proof.domain import Array, Domain, Rational, each, total
from symbptt.proof.place import (
    Given,
    Point,
    Remembering,
    Steps,
    identity,
    inverse,
    length,
    lengths,
    zeros,
)
from symbptt.proof.symbols import Symbolic, symbol_array
from symbptt.proof.tape import Tape
from symbptt.typeset.rows import RowVector

__all__ = ["METHODS", "Point", "Steps", "evaluate", "length", "lengths"]

MAX_POWER = 64

Method = Callable[[Any, Point, Steps], Array | None]


def evaluate(expr: al.Expr, point: Point, at: Steps) -> Array:
    """The value of an expression, in its shape.

    A term whose cotangent lies past T is absent: it counts as 0, and what else it reads
    is not looked at.

    Parameters
    ----------
    at : mapping of str to int
        The steps that the index names stand for.

    Raises
    ------
    MissingRuleError
        If a node kind has no method here.
    EvaluationError, ZeroDivisionError
        If the expression has no value at this point.
    """
    value = part_value(expr, point, at)
    return zeros(expr.shape, point) if value is None else value


def part_value(expr: al.Expr, point: Point, at: Steps) -> Array | None:
    """The value of a part of an expression; None where it is absent."""
    if isinstance(point, Remembering):
        return point.recalled(expr, at, lambda: _part_value(expr, point, at))
    return _part_value(expr, point, at)


def _part_value(expr: al.Expr, point: Point, at: Steps) -> Array | None:
    method = METHODS.get(type(expr)) or OTHERS.get(type(expr))
    if method is None:
        raise MissingRuleError(f"no way to evaluate {type(expr).__name__}")
    try:
        value = method(expr, point, at)
        expected = lengths(expr.shape, point.sizes)
    except (IndexError, ValueError) as error:
        # NumPy's, and those of a shape: only of parts that no such node is made of.
        raise EvaluationError(f"the parts of {type(expr).__name__} do not fit: {error}") from None
    if value is None:
        return None
    value = np.asarray(value, dtype=object)
    if value.shape != expected:
        raise EvaluationError(f"{type(expr).__name__} has shape {value.shape}, not {expected}")
    return value


def _operands(exprs: tuple[al.Expr, ...], point: Point, at: Steps) -> list[Array] | None:
    """The values of factors; None if one is absent, and then the others are not read."""
    values: dict[int, Array] = {}
    for place in sorted(range(len(exprs)), key=lambda k: not _has_cotangent(exprs[k])):
        value = part_value(exprs[place], point, at)
        if value is None:
            return None
        values[place] = value
    return [values[place] for place in range(len(exprs))]


def _of_node(function: Callable[..., Array]) -> Method:
    """A function of a node, the point and all children's values; absent where one of them is."""

    def method(expr: al.Expr, point: Point, at: Steps) -> Array | None:
        values = _operands(al.children(expr), point, at)
        return None if values is None else function(expr, point, *values)

    return method


def _of_values(function: Callable[..., Array]) -> Method:
    """A function of the values of all children alone."""
    return _of_node(lambda expr, point, *values: function(*values))


@lru_cache(maxsize=65536)
def _has_cotangent(expr: al.Expr) -> bool:
    return any(isinstance(node, al.Cotangent | al.Direct) for node in al.walk(expr))


# --- numbers and references ----------------------------------------------------------------


def _number(expr: al.Number | al.Constant, point: Point, at: Steps) -> Array:
    return point.domain.number(expr.value)


def _length(expr: al.Length, point: Point, at: Steps) -> Array:
    return point.domain.number(Fraction(length(expr.dim, point.sizes)))


def _count(expr: al.Count, point: Point, at: Steps) -> Array:
    return point.domain.number(Fraction(expr.index.at(at)))


def _stack(expr: al.Stack, point: Point, at: Steps) -> Array:
    return np.concatenate([np.ravel(point.reference(part, at)) for part in expr.parts])


# --- elementwise ---------------------------------------------------------------------------


def _add(expr: al.Add, point: Point, at: Steps) -> Array | None:
    found = (part_value(term, point, at) for term in expr.terms)
    values = _fitting([value for value in found if value is not None])
    if not values:
        return None
    result = reduce(np.add, values)
    # Where a vector term is absent the scalars that are left still fill the shape.
    missing = np.shape(result) != lengths(expr.shape, point.sizes)
    return np.add(result, zeros(expr.shape, point)) if missing else result


def _fitting(values: Sequence[Array]) -> Sequence[Array]:
    """The values, if they are scalars and arrays of one shape."""
    shapes = {value.shape for value in values if value.shape}
    if len(shapes) > 1:
        raise EvaluationError(f"shapes {sorted(shapes)} do not fit entry by entry")
    return values


def _mul(*values: Array) -> Array:
    return reduce(np.multiply, _fitting(values))


def _div(*values: Array) -> Array:
    above, below = _fitting(values)
    return np.divide(above, below)


def _pow(expr: al.Pow, point: Point, at: Steps) -> Array | None:
    base = part_value(expr.base, point, at)
    if base is None:
        return None
    exponent = evaluate(expr.exponent, Given(Rational(), {}), at)[()]
    return each(lambda entry: point.domain.power(entry, exponent), base)


def _call(expr: al.Call, point: Point, *values: Array) -> Array:
    return each(lambda *args: point.domain.call(expr.function, args, expr.wrt), *_fitting(values))


# --- vectors and matrices ------------------------------------------------------------------


def _product(expr: al.Product, point: Point, left: Array, right: Array) -> Array:
    if left.ndim != 2 or left.shape[1] != right.shape[0]:
        raise EvaluationError(f"a product of shapes {left.shape} and {right.shape}")
    return point.domain.product(left, right)


def _fill(expr: al.Fill, point: Point, scalar: Array) -> Array:
    return np.full(lengths(expr.of_shape, point.sizes), scalar[()], dtype=object)


def _concat(expr: al.Concat, point: Point, *values: Array) -> Array:
    return np.concatenate([np.ravel(v) for v in values]).reshape(lengths(expr.shape, point.sizes))


def _slice(expr: al.Slice, point: Point, vector: Array) -> Array:
    sizes = lengths(expr.blocks, point.sizes)
    if sum(sizes) != vector.shape[-1]:
        raise EvaluationError(f"blocks of lengths {sizes} in a vector of length {vector.shape[-1]}")
    first = sum(sizes[: expr.number])
    return vector[..., first : first + sizes[expr.number]]


# --- what Jacobians are made of --------------------------------------------------------------


def _diag(expr: al.Diag, point: Point, vector: Array) -> Array:
    result = zeros(expr.shape, point)
    np.fill_diagonal(result, np.ravel(vector))
    return result


def _ones(expr: al.Ones, point: Point, at: Steps) -> Array:
    return zeros(expr.shape, point) + point.domain.number(Fraction(1))


def _block(expr: al.BlockRow, point: Point, at: Steps) -> Array:
    sizes = lengths(expr.blocks, point.sizes)
    first = sum(sizes[: expr.number])
    return identity(sum(sizes), point.domain)[first : first + sizes[expr.number]]


def _block_matrix(expr: al.BlockMatrix, point: Point, at: Steps) -> Array:
    return np.block(
        [
            [_cell(cell, (height, width), point, at) for cell, width in _with(row, expr.widths)]
            for row, height in _with(expr.cells, expr.heights)
        ]
    )


_with = partial(zip, strict=True)


def _cell(cell: al.Expr | None, shape: al.Shape, point: Point, at: Steps) -> Array:
    nothing = zeros(shape, point)
    value = nothing if cell is None else evaluate(cell, point, at)
    if value.shape != nothing.shape:
        raise EvaluationError(f"a block of shape {value.shape}, not {nothing.shape}")
    return value


def _ordered_product(expr: al.OrderedProduct, point: Point, at: Steps) -> Array:
    result = evaluate(al.Identity(expr.shape[0]) if expr.shape else al.ONE, point, at)
    for step in range(expr.first.at(at), expr.last.at(at) + expr.step, expr.step):
        factor = evaluate(expr.factor, point, {**at, expr.index: step})
        result = point.domain.product(result, factor)
    return result


def _matrix_power(expr: al.MatrixPower, point: Point, at: Steps) -> Array:
    base, exponent = evaluate(expr.base, point, at), expr.exponent.at(at)
    if abs(exponent) > MAX_POWER:
        raise EvaluationError(f"the exponent {exponent} is too large to be calculated")
    if not expr.shape:
        return each(lambda entry: point.domain.power(entry, Fraction(exponent)), base)
    result = identity(len(base), point.domain)
    for _ in range(abs(exponent)):
        result = point.domain.product(result, base)
    return result if exponent >= 0 else inverse(result, point.domain)


# --- integers: a position is a unit vector ---------------------------------------------------


def _lookup(expr: al.Lookup, point: Point, at: Steps) -> Array | None:
    table = part_value(expr.table, point, at)
    return None if table is None else point.domain.product(_position(expr.row, point, at), table)


def _position(expr: al.Expr, point: Point, at: Steps) -> Array:
    if not isinstance(expr, al.Ref):
        raise EvaluationError(f"a position is an integer input, not {type(expr).__name__}")
    return np.asarray(point.reference(expr, at), dtype=object)


def _pick(expr: al.Pick, point: Point, at: Steps) -> Array | None:
    vector = part_value(expr.vector, point, at)
    if vector is None:
        return None
    return total(np.multiply(vector, _position(expr.position, point, at)))


def _cases(expr: al.Cases, point: Point, at: Steps) -> Array | None:
    values = _operands((expr.on, expr.off), point, at)
    if values is None:
        return None
    here = _position(expr.position, point, at)
    return np.add(np.multiply(here, values[0]), np.multiply(1 - here, values[1]))


# --- functions of vectors and losses -----------------------------------------------------------


def vector_value(name: str, arrays: Sequence[Array], domain: Domain) -> Array:
    """A function of vectors by its definition; the sum is the one that all are made of."""
    if name == "sum":
        return total(arrays[0])
    arguments = [al.Param(f"{k}", np.shape(array)) for k, array in enumerate(arrays)]
    point = Given(domain, {a.name: array for a, array in zip(arguments, arrays, strict=True)})
    return evaluate(definition(vector(name, *arguments)), point, {})


def loss_value(name: str, prediction: Array, target: Array, domain: Domain) -> Array:
    """A loss of the table by its definition, or an abstract one.

    A target that is an integer is given as the unit vector of its value.
    """
    if name not in LOSSES:
        return domain.abstract(name, None, (*np.ravel(prediction), *np.ravel(target)))
    row = LOSSES[name]
    o = al.Param("o", np.shape(prediction))
    y = al.Ref("y", al.NOW, ()) if row.index_target else al.Param("y", np.shape(target))
    point = Given(domain, {"o": prediction, "y": target})
    return evaluate(loss_formula(al.Loss(name, o, y), row.definition), point, {})


def loss_gradient(name: str, prediction: Array, target: Array, wrt: int, domain: Domain) -> Array:
    """The gradient of a loss with respect to one argument, by SymPy's derivative of its value."""
    arguments = (*np.ravel(prediction), *np.ravel(target))
    like = (prediction, target)[wrt]
    places = range(np.size(prediction) * wrt, np.size(prediction) * wrt + np.size(like))
    if name in LOSSES:
        slopes = _loss_tape(name, np.shape(prediction), np.shape(target)).run(arguments, domain)
        entries = [slopes[place] for place in places]
    else:
        entries = [domain.abstract(name, place, arguments) for place in places]
    gradient = np.empty(np.size(like), dtype=object)
    gradient[:] = entries
    return gradient.reshape(np.shape(like))


@cache
def _loss_tape(name: str, prediction: tuple[int, ...], target: tuple[int, ...]) -> Tape:
    """All partial derivatives of a loss of the table at a fixed size."""
    o, y = symbol_array("o", prediction), symbol_array("y", target)
    value = loss_value(name, o, y, Symbolic())
    symbols = (*np.ravel(o), *np.ravel(y))
    return Tape(symbols, [sympy.diff(value[()], symbol) for symbol in symbols])


def _vector(expr: al.Vector, point: Point, *values: Array) -> Array:
    if len({value.shape for value in values}) > 1:
        shapes = ", ".join(str(value.shape) for value in values)
        raise EvaluationError(f"{expr.function} of arguments of shapes {shapes}")
    return vector_value(expr.function, values, point.domain)


def _loss(expr: al.Loss, point: Point, at: Steps) -> Array | None:
    prediction = part_value(expr.prediction, point, at)
    # An integer target has shape () in the model and is a unit vector here.
    named = isinstance(expr.target, al.Ref)
    target = (_position if named else part_value)(expr.target, point, at)
    if prediction is None or target is None:
        return None
    if expr.wrt is None:
        return loss_value(expr.function, prediction, target, point.domain)
    return loss_gradient(expr.function, prediction, target, expr.wrt, point.domain)


# --- the chain rule and time -------------------------------------------------------------------


def _pullback(expr: al.Pullback, point: Point, at: Steps) -> Array | None:
    cotangent = part_value(expr.cotangent, point, at)
    return None if cotangent is None else point.pulled_back(expr, cotangent, at)


def _time_sum(expr: al.TimeSum, point: Point, at: Steps) -> Array:
    result = zeros(expr.shape, point)
    for step in range(expr.first.at(at), expr.last.at(at) + 1):
        value = part_value(expr.term, point, {**at, expr.index: step})
        if value is None:
            name = expr.index
            raise EvaluationError(f"the sum over {name} reads past T at {name} = {step}")
        result = np.add(result, value)
    return result


def _part_sum(expr: al.PartSum, point: Point, at: Steps) -> Array:
    """The sum over losses: those past T are absent."""
    result = zeros(expr.shape, point)
    for step in range(expr.first.at(at), expr.last.at(at) + 1):
        before = {"c_s": (step - 1) // expr.tau * expr.tau} if expr.tau else {}
        value = part_value(expr.term, point, {**at, **before, "s": step})
        result = result if value is None else np.add(result, value)
    return result


METHODS: dict[type[al.Expr], Method] = {
    al.Derivative: lambda expr, point, at: point.differentiated(expr, at),
    al.Direct: lambda expr, point, at: point.differentiated(expr, at),
    al.Diag: _of_node(_diag),
    al.Column: _of_values(lambda vector: vector.reshape(-1, 1)),
    al.Kronecker: _of_values(np.kron),
    al.MatrixPower: _matrix_power,
    al.Vec: _of_values(np.ravel),
    al.Ones: _ones,
    al.BlockRow: _block,
    al.BlockMatrix: _block_matrix,
    al.OrderedProduct: _ordered_product,
    al.Number: _number,
    al.Constant: _number,
    al.Length: _length,
    al.Count: _count,
    al.Horizon: _count,
    al.Param: lambda expr, point, at: point.parameter(expr),
    al.Ref: lambda expr, point, at: point.reference(expr, at),
    al.Stack: _stack,
    al.Cotangent: lambda expr, point, at: point.cotangent(expr, at),
    al.Identity: lambda e, point, at: identity(length(e.dim, point.sizes), point.domain),
    al.Add: _add,
    al.Neg: _of_values(np.negative),
    al.Mul: _of_values(_mul),
    al.Div: _of_values(_div),
    al.Pow: _pow,
    al.Call: _of_node(_call),
    al.Transpose: _of_values(np.transpose),
    al.Product: _of_node(_product),
    al.Outer: _of_values(np.multiply.outer),
    al.Fill: _of_node(_fill),
    al.Concat: _of_node(_concat),
    al.Slice: _of_node(_slice),
    al.Lookup: _lookup,
    al.OneHot: lambda expr, point, at: _position(expr.position, point, at),
    al.Pick: _pick,
    al.Cases: _cases,
    al.Vector: _of_node(_vector),
    al.Loss: _loss,
    al.Pullback: _pullback,
    al.TimeSum: _time_sum,
    al.PartSum: _part_sum,
}
"""One method a node kind; what is missing here is a `MissingRuleError`."""

OTHERS: dict[type[al.Expr], Method] = {RowVector: _of_values(np.atleast_2d)}
"""Kinds that are not the algebra's; who gives them a meaning puts it in."""
