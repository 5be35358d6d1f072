"""An interpreter of expressions at a point, in any number domain.

It says what an expression means, entry by entry and without a rule of the calculus: the
proofs evaluate a derivation's members with it, and, in the domain of SymPy expressions,
it writes a model's equations out in scalars. Values are object arrays of the domain's
numbers; a scalar has shape ().
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np

from symbptt.algebra import (
    NOW,
    ONE,
    Add,
    Block,
    BlockMatrix,
    Call,
    Cases,
    Column,
    Concat,
    Constant,
    Cotangent,
    Count,
    Derivative,
    Diag,
    Direct,
    Div,
    Expr,
    Fill,
    Horizon,
    Identity,
    Kron,
    Kronecker,
    Length,
    Lookup,
    Loss,
    MatrixPower,
    Mul,
    Neg,
    Number,
    OneHot,
    Ones,
    OrderedProduct,
    Outer,
    Param,
    PartSum,
    Pick,
    Pow,
    Product,
    Pullback,
    Ref,
    Shape,
    Slice,
    Stack,
    TimeSum,
    Transpose,
    Vec,
    Vector,
    walk,
)
from symbptt.calculus.forms import exact
from symbptt.errors import EvaluationError, MissingRuleError
from symbptt.functions.losses import LOSSES, loss_formula
from symbptt.functions.vectors import definition, vector
from symbptt.proof.domain import Array, Domain, each, total
from symbptt.proof.place import (
    Point,
    Remembering,
    Steps,
    block,
    column,
    diagonal,
    inverse,
    kronecker,
    length,
    lengths,
    ones,
    unit,
    zeros,
)
from symbptt.proof.tables import Given, arguments_of, loss_gradient
from symbptt.typeset.rows import Row

__all__ = ["METHODS", "Point", "Steps", "evaluate", "length", "lengths"]

MAX_POWER = 64

Method = Callable[[Any, Point, Steps], Array | None]


def evaluate(expr: Expr, point: Point, at: Steps) -> Array:
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


def part_value(expr: Expr, point: Point, at: Steps) -> Array | None:
    """The value of a part of an expression; None where it is absent."""
    if isinstance(point, Remembering):
        return point.recalled(expr, at, lambda: _part_value(expr, point, at))
    return _part_value(expr, point, at)


def _part_value(expr: Expr, point: Point, at: Steps) -> Array | None:
    method = METHODS.get(type(expr)) or OTHERS.get(type(expr))
    if method is None:
        raise MissingRuleError(f"no way to evaluate {type(expr).__name__}")
    value = method(expr, point, at)
    if value is None:
        return None
    value = np.asarray(value, dtype=object)
    expected = lengths(expr.shape, point.sizes)
    if value.shape != expected:
        raise EvaluationError(f"{type(expr).__name__} has shape {value.shape}, not {expected}")
    return value


def _operands(exprs: tuple[Expr, ...], point: Point, at: Steps) -> list[Array] | None:
    """The values of factors; None if one is absent, and then the others are not read."""
    values: dict[int, Array] = {}
    for place in sorted(range(len(exprs)), key=lambda k: not _has_cotangent(exprs[k])):
        value = part_value(exprs[place], point, at)
        if value is None:
            return None
        values[place] = value
    return [values[place] for place in range(len(exprs))]


def _applied(function: Callable[..., Array], *names: str) -> Method:
    """A function of the values of the operands that bear these names."""

    def method(expr: Expr, point: Point, at: Steps) -> Array | None:
        values = _operands(tuple(getattr(expr, name) for name in names), point, at)
        return None if values is None else function(*values)

    return method


@lru_cache(maxsize=65536)
def _has_cotangent(expr: Expr) -> bool:
    return any(isinstance(node, Cotangent | Direct) for node in walk(expr))


# --- numbers and references ----------------------------------------------------------------


def _number(expr: Number | Constant, point: Point, at: Steps) -> Array:
    return point.domain.number(expr.value)


def _length(expr: Length, point: Point, at: Steps) -> Array:
    return point.domain.number(Fraction(length(expr.dim, point.sizes)))


def _count(expr: Count, point: Point, at: Steps) -> Array:
    return point.domain.number(Fraction(expr.index.at(at)))


def _stack(expr: Stack, point: Point, at: Steps) -> Array:
    return np.concatenate([np.ravel(point.reference(part, at)) for part in expr.parts])


def _identity(expr: Identity, point: Point, at: Steps) -> Array:
    return unit(length(expr.dim, point.sizes), point)


# --- elementwise ---------------------------------------------------------------------------


def _add(expr: Add, point: Point, at: Steps) -> Array | None:
    found = (part_value(term, point, at) for term in expr.terms)
    values = _fitting([value for value in found if value is not None])
    if not values:
        return None
    result = values[0]
    for value in values[1:]:
        result = np.add(result, value)
    # Where a vector term is absent the scalars that are left still fill the shape.
    missing = np.shape(result) != lengths(expr.shape, point.sizes)
    return np.add(result, zeros(expr.shape, point)) if missing else result


def _fitting(values: list[Array]) -> list[Array]:
    """The values, if they are scalars and arrays of one shape."""
    shapes = {value.shape for value in values if value.shape}
    if len(shapes) > 1:
        raise EvaluationError(f"shapes {sorted(shapes)} do not fit entry by entry")
    return values


def _mul(expr: Mul, point: Point, at: Steps) -> Array | None:
    values = _operands(expr.factors, point, at)
    if values is None:
        return None
    product = _fitting(values)[0]
    for value in values[1:]:
        product = np.multiply(product, value)
    return product


def _div(expr: Div, point: Point, at: Steps) -> Array | None:
    values = _operands((expr.numerator, expr.denominator), point, at)
    if values is None:
        return None
    above, below = _fitting(values)
    return np.divide(above, below)


def _pow(expr: Pow, point: Point, at: Steps) -> Array | None:
    base = part_value(expr.base, point, at)
    if base is None:
        return None
    power = expr.exponent
    exponent = Fraction(power.index.at(at)) if isinstance(power, Count) else exact(power)
    return each(lambda entry: point.domain.power(entry, exponent), base)


def _call(expr: Call, point: Point, at: Steps) -> Array | None:
    values = _operands(expr.args, point, at)
    if values is None:
        return None
    return each(lambda *args: point.domain.call(expr.function, args, expr.wrt), *_fitting(values))


# --- vectors and matrices ------------------------------------------------------------------


def _product(expr: Product, point: Point, at: Steps) -> Array | None:
    values = _operands((expr.left, expr.right), point, at)
    if values is None:
        return None
    left, right = values
    if left.ndim != 2 or left.shape[1] != right.shape[0]:
        raise EvaluationError(f"a product of shapes {left.shape} and {right.shape}")
    return np.dot(left, right)


def _fill(expr: Fill, point: Point, at: Steps) -> Array | None:
    value = part_value(expr.scalar, point, at)
    if value is None:
        return None
    return np.full(lengths(expr.of_shape, point.sizes), value[()], dtype=object)


def _concat(expr: Concat, point: Point, at: Steps) -> Array | None:
    values = _operands(expr.parts, point, at)
    if values is None:
        return None
    return np.concatenate([np.ravel(v) for v in values]).reshape(lengths(expr.shape, point.sizes))


def _slice(expr: Slice, point: Point, at: Steps) -> Array | None:
    value = part_value(expr.vector, point, at)
    if value is None:
        return None
    sizes = [length(block, point.sizes) for block in expr.blocks]
    if sum(sizes) != value.shape[-1]:
        raise EvaluationError(f"blocks of lengths {sizes} in a vector of length {value.shape[-1]}")
    first = sum(sizes[: expr.number])
    return value[..., first : first + sizes[expr.number]]


# --- what Jacobians are made of --------------------------------------------------------------


def _of_vector(make: Callable[[Any, Array, Point], Array]) -> Method:
    def method(expr: Any, point: Point, at: Steps) -> Array | None:
        value = part_value(expr.vector, point, at)
        return None if value is None else make(expr, value, point)

    return method


def _block_matrix(expr: BlockMatrix, point: Point, at: Steps) -> Array:
    return np.block(
        [
            [_cell(cell, (height, width), point, at) for cell, width in _with(row, expr.widths)]
            for row, height in _with(expr.cells, expr.heights)
        ]
    )


_with = partial(zip, strict=True)


def _cell(cell: Expr | None, shape: Shape, point: Point, at: Steps) -> Array:
    nothing = zeros(shape, point)
    value = nothing if cell is None else evaluate(cell, point, at)
    if value.shape != nothing.shape:
        raise EvaluationError(f"a block of shape {value.shape}, not {nothing.shape}")
    return value


def _ordered_product(expr: OrderedProduct, point: Point, at: Steps) -> Array:
    result = evaluate(Identity(expr.shape[0]) if expr.shape else ONE, point, at)
    for step in range(expr.first.at(at), expr.last.at(at) + expr.step, expr.step):
        result = np.dot(result, evaluate(expr.factor, point, {**at, expr.index: step}))
    return result


def _matrix_power(expr: MatrixPower, point: Point, at: Steps) -> Array:
    base, exponent = evaluate(expr.base, point, at), expr.exponent.at(at)
    if abs(exponent) > MAX_POWER:
        raise EvaluationError(f"the exponent {exponent} is too large to be calculated")
    if not expr.shape:
        return each(lambda entry: point.domain.power(entry, Fraction(exponent)), base)
    result = unit(len(base), point)
    for _ in range(abs(exponent)):
        result = np.dot(result, base)
    return result if exponent >= 0 else inverse(result, point)


# --- integers: a position is a unit vector ---------------------------------------------------


def _lookup(expr: Lookup, point: Point, at: Steps) -> Array | None:
    table = part_value(expr.table, point, at)
    return None if table is None else np.dot(_position(expr.row, point, at), table)


def _one_hot(expr: OneHot, point: Point, at: Steps) -> Array | None:
    return _position(expr.position, point, at)


def _position(expr: Expr, point: Point, at: Steps) -> Array:
    if not isinstance(expr, Ref):
        raise MissingRuleError(f"a position is an integer input, not {type(expr).__name__}")
    return np.asarray(point.reference(expr, at), dtype=object)


def _pick(expr: Pick, point: Point, at: Steps) -> Array | None:
    vector = part_value(expr.vector, point, at)
    if vector is None:
        return None
    return total(np.multiply(vector, _position(expr.position, point, at)))


def _cases(expr: Cases, point: Point, at: Steps) -> Array | None:
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
    arguments = [Param(f"{k}", np.shape(array)) for k, array in enumerate(arrays)]
    point = Given(domain, {a.name: array for a, array in zip(arguments, arrays, strict=True)})
    return evaluate(definition(vector(name, *arguments)), point, {})


def loss_value(name: str, prediction: Array, target: Array, domain: Domain) -> Array:
    """A loss of the table by its definition, or an abstract one.

    A target that is an integer is given as the unit vector of its value.
    """
    if name not in LOSSES:
        return domain.abstract(name, None, arguments_of(prediction, target))
    row = LOSSES[name]
    o = Param("o", np.shape(prediction))
    y = Ref("y", NOW, ()) if row.index_target else Param("y", np.shape(target))
    point = Given(domain, {"o": prediction, "y": target})
    return evaluate(loss_formula(Loss(name, o, y), row.definition), point, {})


def _vector(expr: Vector, point: Point, at: Steps) -> Array | None:
    values = _operands(expr.args, point, at)
    if values is None:
        return None
    if len({value.shape for value in values}) > 1:
        shapes = ", ".join(str(value.shape) for value in values)
        raise EvaluationError(f"{expr.function} of arguments of shapes {shapes}")
    return vector_value(expr.function, values, point.domain)


def _loss(expr: Loss, point: Point, at: Steps) -> Array | None:
    prediction = part_value(expr.prediction, point, at)
    target = _target(expr, point, at)
    if prediction is None or target is None:
        return None
    if expr.wrt is None:
        return loss_value(expr.function, prediction, target, point.domain)
    return loss_gradient(loss_value, expr.function, prediction, target, expr.wrt, point.domain)


def _target(expr: Loss, point: Point, at: Steps) -> Array | None:
    # An integer target has shape () in the model and is a unit vector here.
    if isinstance(expr.target, Ref):
        return np.asarray(point.reference(expr.target, at), dtype=object)
    return part_value(expr.target, point, at)


# --- the chain rule and time -------------------------------------------------------------------


def _pullback(expr: Pullback, point: Point, at: Steps) -> Array | None:
    cotangent = part_value(expr.cotangent, point, at)
    return None if cotangent is None else point.pulled_back(expr, cotangent, at)


def _time_sum(expr: TimeSum, point: Point, at: Steps) -> Array:
    result = zeros(expr.shape, point)
    for step in range(expr.first.at(at), expr.last.at(at) + 1):
        value = part_value(expr.term, point, {**at, expr.index: step})
        if value is None:
            name = expr.index
            raise EvaluationError(f"the sum over {name} reads past T at {name} = {step}")
        result = np.add(result, value)
    return result


def _part_sum(expr: PartSum, point: Point, at: Steps) -> Array:
    """The sum over losses: those past T are absent."""
    result = zeros(expr.shape, point)
    for step in range(expr.first.at(at), expr.last.at(at) + 1):
        before = {"c_s": (step - 1) // expr.tau * expr.tau} if expr.tau else {}
        value = part_value(expr.term, point, {**at, **before, "s": step})
        result = result if value is None else np.add(result, value)
    return result


METHODS: dict[type[Expr], Method] = {
    Derivative: lambda expr, point, at: point.differentiated(expr, at),
    Direct: lambda expr, point, at: point.differentiated(expr, at),
    Diag: _of_vector(diagonal),
    Column: _of_vector(column),
    Kron: _of_vector(kronecker),
    Kronecker: _applied(np.kron, "left", "right"),
    MatrixPower: _matrix_power,
    Vec: _applied(np.ravel, "operand"),
    Ones: ones,
    Block: block,
    BlockMatrix: _block_matrix,
    OrderedProduct: _ordered_product,
    Number: _number,
    Constant: _number,
    Length: _length,
    Count: _count,
    Horizon: _count,
    Param: lambda expr, point, at: point.parameter(expr),
    Ref: lambda expr, point, at: point.reference(expr, at),
    Stack: _stack,
    Cotangent: lambda expr, point, at: point.cotangent(expr, at),
    Identity: _identity,
    Add: _add,
    Neg: _applied(np.negative, "operand"),
    Mul: _mul,
    Div: _div,
    Pow: _pow,
    Call: _call,
    Transpose: _applied(np.transpose, "operand"),
    Product: _product,
    Outer: _applied(np.multiply.outer, "left", "right"),
    Fill: _fill,
    Concat: _concat,
    Slice: _slice,
    Lookup: _lookup,
    OneHot: _one_hot,
    Pick: _pick,
    Cases: _cases,
    Vector: _vector,
    Loss: _loss,
    Pullback: _pullback,
    TimeSum: _time_sum,
    PartSum: _part_sum,
}
"""One method a node kind; what is missing here is a `MissingRuleError`."""

OTHERS: dict[type[Expr], Method] = {Row: _applied(np.atleast_2d, "vector")}
"""Kinds that are not the algebra's; who gives them a meaning puts it in."""
