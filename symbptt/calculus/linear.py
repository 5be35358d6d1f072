"""What acts linearly on a value: matrices, expressions taken apart into them, Jacobians.

An expression that is linear in some unknowns is a sum of matrices times unknowns. The
factors of a matrix stand from left to right and never change places; only scalars,
which commute with everything, move to the front. A scalar is a matrix of one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from symbptt.algebra import (
    ONE,
    Add,
    Block,
    Cases,
    Column,
    Concat,
    Cotangent,
    Derivative,
    Diag,
    Div,
    Equation,
    Expr,
    Fill,
    Identity,
    Kron,
    Model,
    Mul,
    Neg,
    OneHot,
    Ones,
    Outer,
    Pick,
    Product,
    Ref,
    Shape,
    Slice,
    Transpose,
    Vector,
    entries,
    mentioned,
    walk,
)
from symbptt.calculus import forms
from symbptt.calculus.adjoint import Reading, readings
from symbptt.errors import NotAffineError
from symbptt.functions.vectors import size, vector

# --- matrices ----------------------------------------------------------------------------


def unit(shape: Shape) -> Expr:
    """The identity on values with as many entries as a square matrix has rows."""
    return Column(ONE) if shape[0] == 1 else Identity(shape[0])


def unit_on(value: Expr) -> Expr:
    """The identity on values of an expression's shape."""
    return unit((entries(value.shape),))


def scaled(scale: Expr, term: Expr) -> Expr:
    """A scalar times a matrix."""
    if isinstance(scale, Neg):
        return forms.neg(scaled(scale.operand, term))
    if isinstance(term, Column) and not term.vector.shape:
        return Column(forms.mul((scale, term.vector)))
    return term if scale == ONE else Mul((scale, term))


def times(left: Expr, right: Expr) -> Expr:
    """A product of matrices without identities; signs and scalars stand in front."""
    shape = (left.shape[0], right.shape[1])
    if forms.is_zero(left) or forms.is_zero(right):
        return forms.zero(shape)
    if isinstance(left, Neg):
        return forms.neg(times(left.operand, right))
    if isinstance(right, Neg):
        return forms.neg(times(left, right.operand))
    if isinstance(left, Identity):
        return right
    if isinstance(right, Identity):
        return left
    if isinstance(left, Column) and not left.vector.shape:
        return scaled(left.vector, right)
    if isinstance(right, Column) and not right.vector.shape:
        return scaled(right.vector, left)
    if isinstance(left, Mul) and not left.factors[0].shape:
        return forms.mul((*left.factors[:-1], times(left.factors[-1], right)))
    if isinstance(right, Mul) and not right.factors[0].shape:
        return forms.mul((*right.factors[:-1], times(left, right.factors[-1])))
    if isinstance(left, Diag) and isinstance(right, Diag):
        return Diag(forms.mul((left.vector, right.vector)))
    if isinstance(left, Diag) and isinstance(right, Product) and isinstance(right.left, Diag):
        return Product(times(left, right.left), right.right)
    if isinstance(left, Product):
        return times(left.left, times(left.right, right))
    return Product(left, right)


def transposed(matrix: Expr) -> Expr:
    """The transpose of a term, factor by factor."""
    match matrix:
        case Neg(operand=operand):
            return forms.neg(transposed(operand))
        case Mul(factors=(*scalars, inner)):
            return Mul((*scalars, transposed(inner)))
        case Product(left=left, right=right):
            return times(transposed(right), transposed(left))
        case Transpose(operand=operand):
            return operand
        case Diag() | Identity():
            return matrix
        case Column(vector=vector) if not vector.shape:
            return matrix
    return Transpose(matrix)


def applied(matrix: Expr, value: Expr) -> Expr:
    """A term times a vector, a scalar or a matrix."""
    if value == unit((entries(value.shape[:1]),)):
        return matrix
    match matrix:
        case Neg(operand=operand):
            return forms.neg(applied(operand, value))
        case Mul(factors=(*scalars, inner)):
            return forms.mul((*scalars, applied(inner, value)))
        case Product(left=left, right=right):
            return applied(left, applied(right, value))
        case Identity():
            return value
        case Column(vector=Ones(dim=dim)) if not value.shape:
            return forms.fill(value, (dim,))
        case Column(vector=column) if not (column.shape and value.shape):
            return forms.mul((column, value))
        case Diag(vector=diagonal) if isinstance(value, Fill):
            return forms.mul((value.scalar, diagonal))
        case Transpose(operand=Column(vector=row)) if len(value.shape) == 1:
            return vector("dot", row, value)
    if isinstance(value, Neg):
        return forms.neg(applied(matrix, value.operand))
    return Product(matrix, value)


def _core(term: Expr) -> Expr:
    """A term without its sign and its scalars."""
    if isinstance(term, Neg):
        return _core(term.operand)
    return _core(term.factors[-1]) if isinstance(term, Mul) else term


def _is_scalar(core: Expr) -> bool:
    return isinstance(core, Identity) or (isinstance(core, Column) and not core.vector.shape)


def commute(matrix: Expr) -> bool:
    """Whether all terms are scalars times the identity, or diagonal matrices."""
    cores = [_core(term) for term in forms.terms_of(matrix)]
    return all(_is_scalar(core) or isinstance(core, Diag) for core in cores)


def as_scalar(matrix: Expr) -> Expr | None:
    """The scalar that stands before the identity; None where something else does."""
    if not all(_is_scalar(_core(term)) for term in forms.terms_of(matrix)):
        return None
    return forms.add(map(_scalar, forms.terms_of(matrix)))


def _scalar(term: Expr) -> Expr:
    match term:
        case Neg(operand=operand):
            return forms.neg(_scalar(operand))
        case Mul(factors=(*scalars, inner)):
            return forms.mul((*scalars, _scalar(inner)))
        case Column(vector=vector):
            return vector
    return ONE


def is_timed(expr: Expr) -> bool:
    """Whether an expression changes with t."""
    return any(
        isinstance(node, Ref | Cotangent) and node.index is not None and "t" in node.index.names()
        for node in mentioned(expr)
    )


# --- linear expressions ------------------------------------------------------------------


@dataclass(frozen=True)
class AffineTerm:
    """One term of an affine expression: a matrix times a leaf."""

    matrix: Expr
    leaf: Expr

    def after(self, left: Expr) -> AffineTerm:
        return replace(self, matrix=times(left, self.matrix))


Depends = Callable[[Expr], bool]


def affine_terms(expr: Expr, is_unknown: Callable[[Expr], bool]) -> tuple[AffineTerm, ...]:
    """The terms of an expression that is affine in what ``is_unknown`` says is unknown.

    What holds nothing unknown is a leaf as it stands.

    Raises
    ------
    NotAffineError
        If it is not affine; the error's ``term`` is the one at fault.
    """

    def depends(part: Expr) -> bool:
        return any(map(is_unknown, walk(part)))

    def found(part: Expr) -> Iterator[AffineTerm]:
        if forms.is_zero(part):
            return
        if is_unknown(part) or not depends(part):
            yield AffineTerm(unit_on(part), part)
            return
        for left, operand in _operands(part, depends):
            yield from (term.after(left) for term in found(operand))

    return tuple(found(expr))


def _operands(expr: Expr, depends: Depends) -> Iterable[tuple[Expr, Expr]]:
    """The operands of a linear node with what acts on each."""
    match expr:
        case Add(terms=terms):
            return [(_lifted(term, expr.shape), term) for term in terms]
        case Neg(operand=operand):
            return [(Neg(unit_on(operand)), operand)]
        case Mul(factors=factors):
            return [_factor(expr, factors, depends)]
        case Div(numerator=above, denominator=below) if not depends(below):
            return [(_scaling(forms.div(ONE, below), above), above)]
        case Product(left=left, right=right) if not depends(left):
            return [(left, right)]
        case Concat(parts=parts):
            blocks = tuple(part.shape[0] for part in parts)
            return [(Transpose(Block(blocks, k)), part) for k, part in enumerate(parts)]
        case Slice(vector=vector, blocks=blocks, number=number):
            return [(Block(blocks, number), vector)]
        case Vector(function="sum", args=(operand,)) if len(operand.shape) == 1:
            return [(_row(Ones(operand.shape[0])), operand)]
        case Vector(function="mean", args=(operand,)) if len(operand.shape) == 1:
            (dim,) = operand.shape
            return [(Mul((Div(ONE, size((dim,))), _row(Ones(dim)))), operand)]
        case Vector(function="dot", args=(left, right)) if len(left.shape) == 1:
            if not depends(left):
                return [(_row(left), right)]
            if not depends(right):
                return [(_row(right), left)]
        case Fill(scalar=scalar, of_shape=(dim,)):
            return [(Column(Ones(dim)), scalar)]
        case Pick(vector=vector, position=position):
            return [(_row(OneHot(position, vector.shape[0])), vector)]
        case Outer(left=left, right=right) if not depends(right):
            return [(Transpose(Kron(right, left.shape[0])), left)]
        case Outer(left=left, right=right) if not depends(left):
            return [(Transpose(Kron(left, right.shape[0], first=True)), right)]
    raise NotAffineError("not affine", term=expr)


def _factor(expr: Expr, factors: tuple[Expr, ...], depends: Depends) -> tuple[Expr, Expr]:
    unknown = [k for k, factor in enumerate(factors) if depends(factor)]
    if len(unknown) != 1:
        raise NotAffineError("not affine", term=expr)
    (place,) = unknown
    rest = forms.mul((*factors[:place], *factors[place + 1 :]))
    return _scaling(rest, factors[place]), factors[place]


def _row(vector: Expr) -> Expr:
    return Transpose(Column(vector))


def _lifted(term: Expr, into: Shape) -> Expr:
    """A scalar beside vectors stands for a vector of equal entries."""
    return Column(Ones(into[0])) if into and not term.shape else unit_on(term)


def _scaling(by: Expr, operand: Expr) -> Expr:
    """What multiplies an operand by ``by``, entry by entry."""
    if isinstance(by, Neg):
        return forms.neg(_scaling(by.operand, operand))
    if not by.shape:
        return scaled(by, unit_on(operand))
    return Diag(by) if operand.shape else Column(by)


# --- Jacobians of single equations ---------------------------------------------------------
#
# There is one table of rules: what an operand receives is linear in the cotangent of the
# equation's left-hand side, and the matrix that acts on it is the transposed Jacobian.


@dataclass(frozen=True)
class Local:
    """The Jacobian of one equation by one thing that it reads.

    Attributes
    ----------
    operand : Ref or Param
    chain : tuple of Expr
        The derivative, then its working out, matrices all.
    """

    operand: Expr
    chain: tuple[Expr, ...]


def local_jacobians(model: Model, names: Iterable[str]) -> dict[str, tuple[Local, ...]]:
    """For each of the named equations its Jacobians, in the order of what it reads."""
    found: dict[str, list[Local]] = {name: [] for name in names}
    for reading in readings(model):
        if reading.reader.name in found and not reading.last:
            found[reading.reader.name].append(_local(reading))
    return {name: tuple(jacobians) for name, jacobians in found.items()}


def _local(reading: Reading) -> Local:
    reader = reading.reader
    assert isinstance(reader, Equation)
    own = Cotangent(reader.name, reader.index, reader.shape)
    first = Derivative(reader.ref, reading.operand)
    # What is worked out entry by entry, in cases, is no matrix; its result is.
    members = [m for m in reading.chain[1:] if not any(isinstance(n, Cases) for n in walk(m))]
    found = [affine_terms(member, lambda node: node == own) for member in members]
    worked_out = [forms.add((transposed(t.matrix) for t in ts), first.shape) for ts in found]
    return Local(reading.operand, (first, *worked_out))
