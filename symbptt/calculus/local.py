"""Jacobians of single equations, read off the adjoint rules: there is one table of rules.

What an operand receives is linear in the cotangent of the equation's left-hand side; the
operator that acts on it is the transposed Jacobian.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from operator import eq

from symbptt.algebra import (
    ONE,
    Cases,
    Column,
    Cotangent,
    Derivative,
    Diag,
    Equation,
    Expr,
    Identity,
    Model,
    Mul,
    Neg,
    Product,
    Shape,
    walk,
)
from symbptt.calculus import forms
from symbptt.calculus.adjoint import Reading, readings
from symbptt.calculus.recurrence.operators import Monomial, Operator, Taker, transposed


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
    taker = Taker(partial(eq, own))
    first = Derivative(reader.ref, reading.operand)
    # What is worked out entry by entry, in cases, is no matrix; its result is.
    worked_out = [
        matrix(transposed(tuple(piece.monomial for piece in taker.pieces(member))), first.shape)
        for member in reading.chain[1:]
        if not any(isinstance(node, Cases) for node in walk(member))
    ]
    return Local(reading.operand, (first, *worked_out))


# --- matrices ----------------------------------------------------------------------------


def matrix(operator: Operator, shape: Shape) -> Expr:
    """An operator as an expression, a matrix of the given shape."""
    return forms.add((_term(monomial, shape) for monomial in operator), shape)


def _term(monomial: Monomial, shape: Shape) -> Expr:
    scale = forms.mul(f for f in monomial.factors if not f.shape)
    rest = [f for f in monomial.factors if f.shape]
    if rest:
        term: Expr = rest[-1]
        for factor in reversed(rest[:-1]):
            term = times(factor, term)
        term = scaled(scale, term)
    else:
        term = scaled(scale, unit(shape))
    return forms.neg(term) if monomial.negative else term


def unit(shape: Shape) -> Expr:
    """The identity on values with as many entries as a square matrix has rows."""
    return Column(ONE) if shape[0] == 1 else Identity(shape[0])


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
