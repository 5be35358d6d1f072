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

from symbptt import algebra as al
from symbptt.algebra.letters import Behind, Delta, Entry, Letter, LetterSum, RowOf, Slope
from symbptt.calculus.moments import Expectation
from symbptt.errors import MissingRuleError

ROW: al.Dim = al.DimSum((1,))
"""The one row of a row vector. It is not the literal length 1 that a matrix may have."""

NAMES = (al.Param, al.Ref, al.Cotangent, al.OneHot, al.Stack, al.Direct, al.Ones)
"""What prints as a row when it stands by itself."""


@dataclass(frozen=True)
class RowVector(al.Expr):
    """A vector laid as a row: the transpose of what it is as a column."""

    vector: al.Expr

    @property
    def shape(self) -> al.Shape:
        return row_shape(self.vector.shape)


def row_shape(shape: al.Shape) -> al.Shape:
    """The shape in the row layout: that of a vector is ``(ROW, n)``."""
    return (ROW, *shape) if len(shape) == 1 else shape


def is_row(expr: al.Expr) -> bool:
    return len(expr.shape) == 2 and expr.shape[0] == ROW


def in_rows(expr: al.Expr) -> al.Expr:
    """The expression in the row layout: transposed if it is a vector, else the same value."""
    kind = type(expr)
    if kind in TURNS:
        return TURNS[kind](expr)
    if expr.pointwise:
        return _part_by_part(expr)
    if expr.leaf:
        return _laid(expr)
    raise MissingRuleError(f"no row layout for {kind.__name__} in {expr}")


def _laid(expr: al.Expr) -> al.Expr:
    return RowVector(expr) if len(expr.shape) == 1 else expr


def _part_by_part(expr: al.Expr) -> al.Expr:
    return al.map_children(expr, in_rows)


def _mul(expr: al.Expr) -> al.Expr:
    """A gradient times other arrays is the row of the gradient times their diagonal."""
    assert isinstance(expr, al.Mul)
    vectors = [k for k, factor in enumerate(expr.factors) if len(factor.shape) == 1]
    gradients = [k for k in vectors if _is_gradient(expr.factors[k])]
    if len(vectors) < 2 or not gradients:
        return _part_by_part(expr)
    place = gradients[-1]
    others = tuple(in_rows(expr.factors[k]) for k in vectors if k != place)
    diagonal = al.Diag(others[0] if len(others) == 1 else al.Mul(others))
    product = al.Product(in_rows(expr.factors[place]), diagonal)
    scalars = tuple(in_rows(factor) for factor in expr.factors if not factor.shape)
    return al.Mul((*scalars, product)) if scalars else product


def _is_gradient(expr: al.Expr) -> bool:
    return any(isinstance(node, al.Cotangent | al.Direct) for node in al.walk(expr))


def _product(expr: al.Expr) -> al.Expr:
    assert isinstance(expr, al.Product)
    if len(expr.right.shape) == 1:
        return al.Product(in_rows(expr.right), _turned(expr.left))
    return _part_by_part(expr)


def _turned(matrix: al.Expr) -> al.Expr:
    """The transpose of a matrix, written without more signs than it needs."""
    match matrix:
        case al.Transpose(operand=operand):
            return in_rows(operand)
        case al.Neg(operand=operand):
            return al.Neg(_turned(operand))
        case al.Product(left=left, right=right):
            return al.Product(_turned(right), _turned(left))
        case al.Mul(factors=(*scalars, inner)) if len(inner.shape) == 2 and not any(
            factor.shape for factor in scalars
        ):
            return al.Mul((*map(in_rows, scalars), _turned(inner)))
        case al.OrderedProduct():
            return _reversed(matrix, _turned(matrix.factor))
        case al.MatrixPower():
            return replace(matrix, base=_turned(matrix.base))
        case al.Identity() | al.Diag():
            return in_rows(matrix)
    return al.Transpose(in_rows(matrix))


def _reversed(product: al.OrderedProduct, factor: al.Expr) -> al.Expr:
    """The product with its last factor first."""
    return replace(
        product, factor=factor, first=product.last, last=product.first, step=-product.step
    )


def _concat(expr: al.Expr) -> al.Expr:
    """Scalars end to end are laid as a whole."""
    laid = _part_by_part(expr)
    return laid if is_row(laid) else _laid(expr)


def _outer(expr: al.Expr) -> al.Expr:
    assert isinstance(expr, al.Outer)
    return al.Product(al.Transpose(in_rows(expr.left)), in_rows(expr.right))


def _fill(expr: al.Expr) -> al.Expr:
    assert isinstance(expr, al.Fill)
    return al.Fill(in_rows(expr.scalar), row_shape(expr.of_shape))


PART_BY_PART = (
    al.Diag, al.Loss, al.MatrixPower, al.OrderedProduct, al.Pick, al.Slice, al.TimeSum,
    al.Transpose, al.Vector,
)  # fmt: skip
WHOLE = (
    al.Lookup, al.OneHot, al.Ones, al.Stack, al.Direct, al.Cases, al.Pullback, RowOf, al.Derivative,
    al.PartSum, al.Kronecker, al.Vec, al.Column, al.BlockRow, al.BlockMatrix, Slope, Entry, Letter,
    Behind, Delta, LetterSum, Expectation, RowVector,
)  # fmt: skip
TURNS: dict[type[al.Expr], Callable[[al.Expr], al.Expr]] = {
    al.Mul: _mul,
    al.Product: _product,
    al.Outer: _outer,
    al.Fill: _fill,
    al.Concat: _concat,
    **dict.fromkeys(PART_BY_PART, _part_by_part),
    **dict.fromkeys(WHOLE, _laid),
}
"""How a kind is transposed that is neither a leaf nor pointwise."""
