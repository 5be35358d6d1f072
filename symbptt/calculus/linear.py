"""What acts linearly on a value: matrices, expressions taken apart into them, Jacobians.

An expression that is linear in some unknowns is a sum of matrices times unknowns. The
factors of a matrix stand from left to right and never change places; only scalars,
which commute with everything, move to the front. A scalar is a matrix of one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.adjoint import Edge, readings
from symbptt.errors import NotAffineError
from symbptt.functions.vectors import size, vector

MORE_THAN_ON_COLUMNS = (
    "the recurrence of a matrix that does more than multiply its columns by one matrix is not "
    "folded to a closed form"
)

# --- matrices ----------------------------------------------------------------------------


def unit(shape: al.Shape) -> al.Expr:
    """The identity on values with as many entries as a square matrix has rows."""
    return al.Column(al.ONE) if shape[0] == 1 else al.Identity(shape[0])


def unit_on(value: al.Expr) -> al.Expr:
    """The identity on values of an expression's shape."""
    return unit((al.entries(value.shape),))


def scaled(scale: al.Expr, term: al.Expr) -> al.Expr:
    """A scalar times a matrix."""
    if isinstance(scale, al.Neg):
        return forms.neg(scaled(scale.operand, term))
    if isinstance(term, al.Column) and not term.vector.shape:
        return al.Column(forms.mul((scale, term.vector)))
    return term if scale == al.ONE else al.Mul((scale, term))


def times(left: al.Expr, right: al.Expr) -> al.Expr:
    """A product of matrices without identities; signs and scalars stand in front."""
    shape = (left.shape[0], right.shape[1])
    if forms.is_zero(left) or forms.is_zero(right):
        return forms.zero(shape)
    if isinstance(left, al.Neg):
        return forms.neg(times(left.operand, right))
    if isinstance(right, al.Neg):
        return forms.neg(times(left, right.operand))
    if isinstance(left, al.Identity):
        return right
    if isinstance(right, al.Identity):
        return left
    if isinstance(left, al.Column) and not left.vector.shape:
        return scaled(left.vector, right)
    if isinstance(right, al.Column) and not right.vector.shape:
        return scaled(right.vector, left)
    if isinstance(left, al.Mul) and not left.factors[0].shape:
        return forms.mul((*left.factors[:-1], times(left.factors[-1], right)))
    if isinstance(right, al.Mul) and not right.factors[0].shape:
        return forms.mul((*right.factors[:-1], times(left, right.factors[-1])))
    if isinstance(left, al.Diag) and isinstance(right, al.Diag):
        return al.Diag(forms.mul((left.vector, right.vector)))
    if (
        isinstance(left, al.Diag)
        and isinstance(right, al.Product)
        and isinstance(right.left, al.Diag)
    ):
        return al.Product(times(left, right.left), right.right)
    if isinstance(left, al.Product):
        return times(left.left, times(left.right, right))
    return al.Product(left, right)


def transposed(matrix: al.Expr) -> al.Expr:
    """The transpose of a term, factor by factor."""
    match matrix:
        case al.Neg(operand=operand):
            return forms.neg(transposed(operand))
        case al.Mul(factors=(*scalars, inner)):
            return al.Mul((*scalars, transposed(inner)))
        case al.Product(left=left, right=right):
            return times(transposed(right), transposed(left))
        case al.Transpose(operand=operand):
            return operand
        case al.Kronecker(left=left, right=right) if _row_of(left) is _row_of(right) is None:
            return al.Kronecker(transposed(left), transposed(right))
        case al.Diag() | al.Identity():
            return matrix
        case al.Column(vector=vector) if not vector.shape:
            return matrix
    return al.Transpose(matrix)


def applied(matrix: al.Expr, value: al.Expr) -> al.Expr:
    """A term times a vector, a scalar or a matrix."""
    if value == unit((al.entries(value.shape[:1]),)):
        return matrix
    match matrix:
        case al.Neg(operand=operand):
            return forms.neg(applied(operand, value))
        case al.Mul(factors=(*scalars, inner)):
            return forms.mul((*scalars, applied(inner, value)))
        case al.Product(left=left, right=right):
            return applied(left, applied(right, value))
        case al.Identity():
            return value
        case al.Column(vector=al.Ones(dim=dim)) if not value.shape:
            return forms.fill(value, (dim,))
        case al.Column(vector=column) if not (column.shape and value.shape):
            return forms.mul((column, value))
        case al.Diag(vector=diagonal) if isinstance(value, al.Fill):
            return forms.mul((value.scalar, diagonal))
        case al.Transpose(operand=al.Column(vector=row)) if len(value.shape) == 1:
            return vector("dot", row, value)
        case al.Transpose(operand=al.Kronecker(left=left, right=right)) if len(value.shape) == 1:
            # What a matrix receives of a vector.
            before, behind = _row_of(left), _row_of(right)
            if isinstance(left, al.Identity) and behind is not None:
                return al.Outer(value, behind)
            if isinstance(right, al.Identity) and before is not None:
                return al.Outer(before, value)
    if isinstance(value, al.Neg):
        return forms.neg(applied(matrix, value.operand))
    columns = matrix.shape[1:]
    if len(value.shape) > 1 and columns == (al.entries(value.shape),) != value.shape[:1]:
        raise NotAffineError(MORE_THAN_ON_COLUMNS)
    return al.Product(matrix, value)


def _core(term: al.Expr) -> al.Expr:
    """A term without its sign and its scalars."""
    if isinstance(term, al.Neg):
        return _core(term.operand)
    return _core(term.factors[-1]) if isinstance(term, al.Mul) else term


def _is_scalar(core: al.Expr) -> bool:
    return isinstance(core, al.Identity) or (isinstance(core, al.Column) and not core.vector.shape)


def commute(matrix: al.Expr) -> bool:
    """Whether all terms are scalars times the identity, or diagonal matrices."""
    cores = [_core(term) for term in forms.terms_of(matrix)]
    return all(_is_scalar(core) or isinstance(core, al.Diag) for core in cores)


def as_scalar(matrix: al.Expr) -> al.Expr | None:
    """The scalar that stands before the identity; None where something else does."""
    if not all(_is_scalar(_core(term)) for term in forms.terms_of(matrix)):
        return None
    return forms.add(map(_scalar, forms.terms_of(matrix)))


def _scalar(term: al.Expr) -> al.Expr:
    match term:
        case al.Neg(operand=operand):
            return forms.neg(_scalar(operand))
        case al.Mul(factors=(*scalars, inner)):
            return forms.mul((*scalars, _scalar(inner)))
        case al.Column(vector=vector):
            return vector
    return al.ONE


def on_columns(matrix: al.Expr, shape: al.Shape) -> al.Expr | None:
    """What multiplies a matrix of that shape from the left, where ``matrix`` acts on its entries.

    None where it does something else than to multiply every column by one matrix.
    """
    rows, columns = shape
    found: list[al.Expr] = []
    for term in forms.terms_of(matrix):
        core, sign = (term.operand, forms.neg) if isinstance(term, al.Neg) else (term, _as_it_is)
        scales = core.factors[:-1] if isinstance(core, al.Mul) else ()
        core = core.factors[-1] if isinstance(core, al.Mul) else core
        match core:
            case al.Identity():
                inner: al.Expr = al.Identity(rows)
            case al.Kronecker(left=inner, right=al.Identity(dim=dim)) if dim == columns:
                pass
            case _:
                return None
        found.append(sign(al.Mul((*scales, inner)) if scales else inner))
    return forms.add(found, (rows, rows))


def _as_it_is(expr: al.Expr) -> al.Expr:
    return expr


def is_timed(expr: al.Expr) -> bool:
    """Whether an expression changes with t."""
    return any(
        isinstance(node, al.Ref | al.Cotangent)
        and node.index is not None
        and "t" in node.index.names()
        for node in al.mentioned(expr)
    )


# --- linear expressions ------------------------------------------------------------------


@dataclass(frozen=True)
class AffineTerm:
    """One term of an affine expression: a matrix times a leaf."""

    matrix: al.Expr
    leaf: al.Expr

    def after(self, left: al.Expr) -> AffineTerm:
        return replace(self, matrix=times(left, self.matrix))


Depends = Callable[[al.Expr], bool]


def affine_terms(expr: al.Expr, is_unknown: Callable[[al.Expr], bool]) -> tuple[AffineTerm, ...]:
    """The terms of an expression that is affine in what ``is_unknown`` says is unknown.

    What holds nothing unknown is a leaf as it stands.

    Raises
    ------
    NotAffineError
        If it is not affine; the error's ``term`` is the one at fault.
    """

    def depends(part: al.Expr) -> bool:
        return any(map(is_unknown, al.walk(part)))

    def found(part: al.Expr) -> Iterator[AffineTerm]:
        if forms.is_zero(part):
            return
        if is_unknown(part) or not depends(part):
            yield AffineTerm(unit_on(part), part)
            return
        for left, operand in _operands(part, depends):
            yield from (term.after(left) for term in found(operand))

    return tuple(found(expr))


def _operands(expr: al.Expr, depends: Depends) -> Iterable[tuple[al.Expr, al.Expr]]:
    """The operands of a linear node with what acts on each."""
    match expr:
        case al.Add(terms=terms):
            return [(_lifted(term, expr.shape), term) for term in terms]
        case al.Neg(operand=operand):
            return [(al.Neg(unit_on(operand)), operand)]
        case al.Mul(factors=factors):
            return [_factor(expr, factors, depends)]
        case al.Div(numerator=above, denominator=below) if not depends(below):
            return [(_scaling(forms.div(al.ONE, below), above), above)]
        case al.Product(left=left, right=right) if not depends(left):
            return [(_on_rows(left, right), right)]
        case al.Product(left=al.Transpose(operand=left), right=right) if (
            not depends(right) and not right.shape[1:]
        ):
            return [(al.Kronecker(_row(right), al.Identity(left.shape[1])), left)]
        case al.Product(left=left, right=right) if not depends(right):
            turned = al.transposed(right) if right.shape[1:] else _row(right)
            return [(al.Kronecker(al.Identity(left.shape[0]), turned), left)]
        case al.Concat(parts=parts):
            blocks = tuple(part.shape[0] for part in parts)
            return [(al.Transpose(al.BlockRow(blocks, k)), part) for k, part in enumerate(parts)]
        case al.Slice(vector=vector, blocks=blocks, number=number):
            return [(al.BlockRow(blocks, number), vector)]
        case al.Vector(function="sum", args=(operand,)):
            return [(_row(_ones(operand.shape)), operand)]
        case al.Vector(function="mean", args=(operand,)):
            share = al.Div(al.ONE, size(operand.shape))
            return [(al.Mul((share, _row(_ones(operand.shape)))), operand)]
        case al.Vector(function="dot", args=(left, right)):
            if not depends(left):
                return [(_row(_laid(left)), right)]
            if not depends(right):
                return [(_row(_laid(right)), left)]
        case al.Fill(scalar=scalar, of_shape=shape):
            return [(al.Column(_ones(shape)), scalar)]
        case al.Pick(vector=vector, position=position):
            return [(_row(al.OneHot(position, vector.shape[0])), vector)]
        case al.Outer(left=left, right=right) if not depends(right):
            return [(al.Transpose(al.Kronecker(al.Identity(left.shape[0]), _row(right))), left)]
        case al.Outer(left=left, right=right) if not depends(left):
            return [(al.Transpose(al.Kronecker(_row(left), al.Identity(right.shape[0]))), right)]
    raise NotAffineError("not affine", term=expr)


def _factor(
    expr: al.Expr, factors: tuple[al.Expr, ...], depends: Depends
) -> tuple[al.Expr, al.Expr]:
    unknown = [k for k, factor in enumerate(factors) if depends(factor)]
    if len(unknown) != 1:
        raise NotAffineError("not affine", term=expr)
    (place,) = unknown
    rest = forms.mul((*factors[:place], *factors[place + 1 :]))
    return _scaling(rest, factors[place]), factors[place]


def _row(vector: al.Expr) -> al.Expr:
    return al.Transpose(al.Column(vector))


def _row_of(matrix: al.Expr) -> al.Expr | None:
    """The vector that a matrix of one row is."""
    match matrix:
        case al.Transpose(operand=al.Column(vector=vector)):
            return vector
    return None


def _laid(array: al.Expr) -> al.Expr:
    """A vector, or the entries of a matrix row by row."""
    return al.Vec(array) if array.shape[1:] else array


def _ones(shape: al.Shape) -> al.Expr:
    return al.Ones(al.entries(shape))


def _on_rows(left: al.Expr, right: al.Expr) -> al.Expr:
    """What acts on the entries of a vector, or of a matrix whose columns it multiplies."""
    return al.Kronecker(left, al.Identity(right.shape[1])) if right.shape[1:] else left


def _lifted(term: al.Expr, into: al.Shape) -> al.Expr:
    """A scalar beside vectors stands for a vector of equal entries."""
    return al.Column(_ones(into)) if into and not term.shape else unit_on(term)


def _scaling(by: al.Expr, operand: al.Expr) -> al.Expr:
    """What multiplies an operand by ``by``, entry by entry."""
    if isinstance(by, al.Neg):
        return forms.neg(_scaling(by.operand, operand))
    if not by.shape:
        return scaled(by, unit_on(operand))
    return al.Diag(_laid(by)) if operand.shape else al.Column(_laid(by))


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
        The derivative, then its working out, matrices all; the derivative alone where a
        matrix is transposed, which reorders its entries.
    """

    operand: al.Expr
    chain: tuple[al.Expr, ...]


def local_jacobians(model: al.Model, names: Iterable[str]) -> dict[str, tuple[Local, ...]]:
    """For each of the named equations its Jacobians, in the order of what it reads."""
    found: dict[str, list[Local]] = {name: [] for name in names}
    for reading in readings(model):
        if reading.reader.name in found and not reading.last:
            found[reading.reader.name].append(_local(reading))
    return {name: tuple(jacobians) for name, jacobians in found.items()}


def _local(reading: Edge) -> Local:
    reader = reading.reader
    assert isinstance(reader, al.Equation)
    own = al.Cotangent(reader.name, reader.index, reader.shape)
    first = al.Derivative(reader.ref, reading.operand)
    # What is worked out entry by entry, in cases, is no matrix; its result is.
    members = [m for m in reading.chain[1:] if not any(isinstance(n, al.Cases) for n in al.walk(m))]
    try:
        found = [affine_terms(member, lambda node: node == own) for member in members]
    except NotAffineError:
        # What reorders the entries of a matrix has no matrix here: it stays a derivative.
        return Local(reading.operand, (first,))
    worked_out = [forms.add((transposed(t.matrix) for t in ts), first.shape) for ts in found]
    return Local(reading.operand, (first, *worked_out))
