"""Jacobians of single equations, read off the adjoint rules: there is one table of rules.

What an operand receives is linear in the cotangent of the equation's left-hand side; the
operator that acts on it is the transposed Jacobian.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from operator import eq

from symbptt.algebra import Cases, Cotangent, Derivative, Equation, Expr, Model, walk
from symbptt.calculus import forms
from symbptt.calculus.adjoint import Reading, readings
from symbptt.calculus.recurrence.operators import Taker, transposed


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
        forms.add((transposed(piece.matrix) for piece in taker.pieces(member)), first.shape)
        for member in reading.chain[1:]
        if not any(isinstance(node, Cases) for node in walk(member))
    ]
    return Local(reading.operand, (first, *worked_out))
