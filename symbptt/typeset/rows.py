"""The row layout: an expression transposed, its vectors being rows.

Elsewhere a vector has the shape ``(n,)`` and stands for a column. Here it is a matrix of
one row, ``1 × n``: products come in the reverse order (W h is h W.T), an outer product
u v.T is u.T v, and an elementwise factor of a gradient is the diagonal matrix behind it, so
that no reader has to guess an axis. Scalars and matrices are what they were: a gradient
with respect to a matrix has the matrix's own shape (A. Singh, BPTT derivations, section 3).

What is no expression of others is transposed as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from symbptt.algebra import (
    Block,
    BlockMatrix,
    Cases,
    Column,
    Concat,
    Cotangent,
    Derivative,
    Diag,
    Dim,
    DimSum,
    Direct,
    Expr,
    Fill,
    Identity,
    Kron,
    Kronecker,
    Lookup,
    Loss,
    MatrixPower,
    Mul,
    Neg,
    OneHot,
    Ones,
    OrderedProduct,
    Outer,
    PartSum,
    Pick,
    Product,
    Pullback,
    Shape,
    Slice,
    Stack,
    TimeSum,
    Transpose,
    Vec,
    Vector,
    map_children,
    walk,
)
from symbptt.algebra.letters import Behind, Delta, Entry, Letter, LetterSum, RowOf, Slope
from symbptt.calculus.moments import Expectation
from symbptt.errors import MissingRuleError

ROW: Dim = DimSum((1,))
"""The one row of a row vector. It is not the literal length 1 that a matrix may have."""


@dataclass(frozen=True)
class Row(Expr):
    """A vector laid as a row: the transpose of what it is as a column."""

    vector: Expr

    @property
    def shape(self) -> Shape:
        return row_shape(self.vector.shape)


def row_shape(shape: Shape) -> Shape:
    """The shape in the row layout: that of a vector is ``(ROW, n)``."""
    return (ROW, *shape) if len(shape) == 1 else shape


def is_row(expr: Expr) -> bool:
    return len(expr.shape) == 2 and expr.shape[0] == ROW


def in_rows(expr: Expr) -> Expr:
    """The expression in the row layout: transposed if it is a vector, else the same value."""
    kind = type(expr)
    if kind in TURNS:
        return TURNS[kind](expr)
    if expr.pointwise:
        return _part_by_part(expr)
    if expr.leaf:
        return _laid(expr)
    raise MissingRuleError(f"no row layout for {kind.__name__} in {expr}")


def _laid(expr: Expr) -> Expr:
    return Row(expr) if len(expr.shape) == 1 else expr


def _part_by_part(expr: Expr) -> Expr:
    return map_children(expr, in_rows)


def _mul(expr: Expr) -> Expr:
    """A gradient times other arrays is the row of the gradient times their diagonal."""
    assert isinstance(expr, Mul)
    vectors = [k for k, factor in enumerate(expr.factors) if len(factor.shape) == 1]
    gradients = [k for k in vectors if _is_gradient(expr.factors[k])]
    if len(vectors) < 2 or not gradients:
        return _part_by_part(expr)
    place = gradients[-1]
    others = tuple(in_rows(expr.factors[k]) for k in vectors if k != place)
    diagonal = Diag(others[0] if len(others) == 1 else Mul(others))
    product = Product(in_rows(expr.factors[place]), diagonal)
    scalars = tuple(in_rows(factor) for factor in expr.factors if not factor.shape)
    return Mul((*scalars, product)) if scalars else product


def _is_gradient(expr: Expr) -> bool:
    return any(isinstance(node, Cotangent | Direct) for node in walk(expr))


def _product(expr: Expr) -> Expr:
    assert isinstance(expr, Product)
    if len(expr.right.shape) == 1:
        return Product(in_rows(expr.right), _turned(expr.left))
    return _part_by_part(expr)


def _turned(matrix: Expr) -> Expr:
    """The transpose of a matrix, written without more signs than it needs."""
    match matrix:
        case Transpose(operand=operand):
            return in_rows(operand)
        case Neg(operand=operand):
            return Neg(_turned(operand))
        case Product(left=left, right=right):
            return Product(_turned(right), _turned(left))
        case Mul(factors=(*scalars, inner)) if len(inner.shape) == 2 and not any(
            factor.shape for factor in scalars
        ):
            return Mul((*map(in_rows, scalars), _turned(inner)))
        case OrderedProduct():
            return _reversed(matrix, _turned(matrix.factor))
        case MatrixPower():
            return replace(matrix, base=_turned(matrix.base))
        case Identity() | Diag():
            return in_rows(matrix)
    return Transpose(in_rows(matrix))


def _reversed(product: OrderedProduct, factor: Expr) -> Expr:
    """The product with its last factor first."""
    return replace(
        product, factor=factor, first=product.last, last=product.first, step=-product.step
    )


def _concat(expr: Expr) -> Expr:
    """Scalars end to end are laid as a whole."""
    laid = _part_by_part(expr)
    return laid if is_row(laid) else _laid(expr)


def _outer(expr: Expr) -> Expr:
    assert isinstance(expr, Outer)
    return Product(Transpose(in_rows(expr.left)), in_rows(expr.right))


def _fill(expr: Expr) -> Expr:
    assert isinstance(expr, Fill)
    return Fill(in_rows(expr.scalar), row_shape(expr.of_shape))


TURNS: dict[type[Expr], Callable[[Expr], Expr]] = {
    Mul: _mul,
    Product: _product,
    Outer: _outer,
    Fill: _fill,
    Concat: _concat,
    **dict.fromkeys(
        (Diag, Loss, MatrixPower, OrderedProduct, Pick, Slice, TimeSum, Transpose, Vector),
        _part_by_part,
    ),
    **dict.fromkeys(
        (
            Lookup,
            OneHot,
            Ones,
            Stack,
            Direct,
            Cases,
            Pullback,
            RowOf,
            Derivative,
            PartSum,
            Kron,
            Kronecker,
            Vec,
            Column,
            Block,
            BlockMatrix,
            Slope,
            Entry,
            Letter,
            Behind,
            Delta,
            LetterSum,
            Expectation,
            Row,
        ),
        _laid,
    ),
}
"""How a kind is transposed that is neither a leaf nor pointwise."""
