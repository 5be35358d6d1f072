"""What acts linearly on a value: sums of products of matrices, diagonals, rows, columns.

An expression that is linear in some unknowns is taken apart into operators on them. The
factors of an operator stand from left to right and never change places; only scalars,
which commute with everything, move to the front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from symbptt.algebra import (
    ONE,
    Add,
    Block,
    Column,
    Concat,
    Cotangent,
    Diag,
    Div,
    Expr,
    Fill,
    Identity,
    Index,
    Kron,
    Mul,
    Neg,
    OneHot,
    Ones,
    Outer,
    Param,
    Pick,
    Product,
    Ref,
    Shape,
    Slice,
    Transpose,
    Vector,
    substitute_index,
    walk,
)
from symbptt.calculus import forms
from symbptt.errors import NotAffineError
from symbptt.functions.vectors import size

# --- factors that only operators have --------------------------------------------------


@dataclass(frozen=True)
class Partial(Expr):
    """The partial derivative of one equation by one thing that it reads."""

    output: Expr
    wrt: Expr

    @property
    def shape(self) -> Shape:
        return (*self.output.shape, *self.wrt.shape)


@dataclass(frozen=True)
class Total(Expr):
    """The total derivative of a quantity at a step by a parameter, a matrix."""

    output: Ref
    wrt: Param

    @property
    def shape(self) -> Shape:
        return (*self.output.shape, *self.wrt.shape)


# --- operators -------------------------------------------------------------------------


@dataclass(frozen=True)
class Monomial:
    """A product of factors with a sign; scalars stand in front."""

    factors: tuple[Expr, ...] = ()
    negative: bool = False

    def __matmul__(self, other: Monomial) -> Monomial:
        together = (*self.factors, *other.factors)
        scalars = [f for f in together if not f.shape]
        rest: list[Expr] = []
        for factor in (f for f in together if f.shape):
            before = rest[-1] if rest else None
            if isinstance(before, Diag) and isinstance(factor, Diag):
                rest[-1] = Diag(forms.mul((before.vector, factor.vector)))
            else:
                rest.append(factor)
        return Monomial((*_product(scalars), *rest), self.negative != other.negative)

    @property
    def transposed(self) -> Monomial:
        scalars = [f for f in self.factors if not f.shape]
        rest = [_turned(f) for f in reversed(self.factors) if f.shape]
        return Monomial((*scalars, *rest), self.negative)


def _product(scalars: list[Expr]) -> tuple[Expr, ...]:
    product = forms.mul(scalars)
    return () if product == ONE else (product,)


def _turned(factor: Expr) -> Expr:
    if isinstance(factor, Transpose):
        return factor.operand
    return factor if isinstance(factor, Diag | Identity) else Transpose(factor)


Operator = tuple[Monomial, ...]
"""A sum of monomials; the empty sum is 0."""

UNIT = Monomial()
IDENTITY: Operator = (UNIT,)


def composed(left: Operator, right: Operator) -> Operator:
    return tuple(a @ b for a in left for b in right)


def transposed(operator: Operator) -> Operator:
    return tuple(monomial.transposed for monomial in operator)


def moved_in_time(operator: Operator, index: Index) -> Operator:
    """The operator with ``index`` put in for t."""
    return tuple(
        replace(m, factors=tuple(substitute_index(f, {"t": index}) for f in m.factors))
        for m in operator
    )


def is_timed(expr: Expr) -> bool:
    """Whether an expression changes with t."""
    return any(
        isinstance(node, Ref | Cotangent) and node.index is not None and "t" in node.index.names()
        for node in walk(expr)
    )


def commute(operators: Iterable[Operator]) -> bool:
    """Whether all factors are scalars, or all are scalars and diagonal matrices."""
    return all(
        not f.shape or isinstance(f, Diag) for op in operators for m in op for f in m.factors
    )


# --- linear expressions ----------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """One term of an affine expression: an operator's monomial applied to a leaf."""

    monomial: Monomial
    leaf: Expr

    def after(self, left: Monomial) -> Piece:
        return replace(self, monomial=left @ self.monomial)


IsUnknown = Callable[[Expr], bool]


class Taker:
    """Takes expressions apart that are affine in what ``is_unknown`` says is unknown.

    What holds nothing unknown is a leaf as it stands.
    """

    def __init__(self, is_unknown: IsUnknown) -> None:
        self.is_unknown = is_unknown

    def depends(self, expr: Expr) -> bool:
        return any(map(self.is_unknown, walk(expr)))

    def pieces(self, expr: Expr) -> tuple[Piece, ...]:
        """The terms of the expression.

        Raises
        ------
        NotAffineError
            If it is not affine; the error's ``term`` is the one at fault.
        """
        return tuple(self._pieces(expr))

    def _pieces(self, expr: Expr) -> Iterator[Piece]:
        if forms.is_zero(expr):
            return
        if self.is_unknown(expr) or not self.depends(expr):
            yield Piece(UNIT, expr)
            return
        for left, operand in self._linear(expr):
            for piece in self._pieces(operand):
                yield piece.after(left)

    def _linear(self, expr: Expr) -> Iterable[tuple[Monomial, Expr]]:
        """The operands of a linear node with what acts on each."""
        match expr:
            case Add(terms=terms):
                return [(_lifted(term.shape, expr.shape), term) for term in terms]
            case Neg(operand=operand):
                return [(Monomial(negative=True), operand)]
            case Mul(factors=factors):
                return [self._factor(expr, factors)]
            case Div(numerator=above, denominator=below) if not self.depends(below):
                return [_scaling(forms.div(ONE, below), above, expr.shape)]
            case Product(left=left, right=right) if not self.depends(left):
                return [(Monomial((left,)), right)]
            case Concat(parts=parts):
                blocks = tuple(part.shape[0] for part in parts)
                return [(Monomial((Transpose(Block(blocks, k)),)), p) for k, p in enumerate(parts)]
            case Slice(vector=vector, blocks=blocks, number=number):
                return [(Monomial((Block(blocks, number),)), vector)]
            case Vector(function="sum", args=(operand,)) if len(operand.shape) == 1:
                return [(Monomial((_row(Ones(operand.shape[0])),)), operand)]
            case Vector(function="mean", args=(operand,)) if len(operand.shape) == 1:
                (dim,) = operand.shape
                return [(Monomial((Div(ONE, size((dim,))), _row(Ones(dim)))), operand)]
            case Vector(function="dot", args=(left, right)) if len(left.shape) == 1:
                if not self.depends(left):
                    return [(Monomial((_row(left),)), right)]
                if not self.depends(right):
                    return [(Monomial((_row(right),)), left)]
            case Fill(scalar=scalar, of_shape=(dim,)):
                return [(Monomial((Column(Ones(dim)),)), scalar)]
            case Pick(vector=vector, position=position):
                return [(Monomial((_row(OneHot(position, vector.shape[0])),)), vector)]
            case Outer(left=left, right=right) if not self.depends(right):
                return [(Monomial((Transpose(Kron(right, left.shape[0])),)), left)]
            case Outer(left=left, right=right) if not self.depends(left):
                return [(Monomial((Transpose(Kron(left, right.shape[0], first=True)),)), right)]
        raise NotAffineError("not affine", term=expr)

    def _factor(self, expr: Expr, factors: tuple[Expr, ...]) -> tuple[Monomial, Expr]:
        unknown = [k for k, factor in enumerate(factors) if self.depends(factor)]
        if len(unknown) != 1:
            raise NotAffineError("not affine", term=expr)
        (place,) = unknown
        rest = forms.mul((*factors[:place], *factors[place + 1 :]))
        return _scaling(rest, factors[place], expr.shape)


def _row(vector: Expr) -> Expr:
    return Transpose(Column(vector))


def _lifted(shape: Shape, into: Shape) -> Monomial:
    """A scalar beside vectors stands for a vector of equal entries."""
    return Monomial((Column(Ones(into[0])),)) if into and not shape else UNIT


def _scaling(by: Expr, operand: Expr, shape: Shape) -> tuple[Monomial, Expr]:
    """``by`` times the operand, entry by entry, as an operator on the operand."""
    negative = isinstance(by, Neg)
    if isinstance(by, Neg):
        by = by.operand
    if not by.shape:
        return Monomial(_product([by]), negative), operand
    factor: Expr = Diag(by) if operand.shape else Column(by)
    return Monomial((factor,), negative), operand
