r"""Gates on the recurrence: xi_{t-k+1} ... xi_t on what is read k steps back.

A gate is one number a step and sequence, and 1 at the first step and before. The forward
pass knows nothing of it.
"""

from __future__ import annotations

from symbptt.algebra import (
    ONE,
    Add,
    Expr,
    Index,
    Input,
    Model,
    Mul,
    Neg,
    Outer,
    Ref,
    map_children,
)
from symbptt.calculus import forms

LETTERS = ("xi", "zeta", "chi", "eta", "omega", "gate")
"""Names for a gate, in the order of preference."""


def gate_of(model: Model) -> Input:
    """The gates as a scalar input, by a letter that no name of the model begins with."""
    name = next((letter for letter in LETTERS if letter not in model.letters), LETTERS[-1])
    while name in model.names:
        name += "_"
    return Input(name, (), comment="gate on the recurrence")


def gates_between(gate: str, reader: Index, lag: int) -> tuple[Expr, ...]:
    """The gates of the steps through which the reader at its step reads ``lag`` back."""
    return tuple(Ref(gate, reader - back, ()) for back in range(lag - 1, -1, -1))


def gated(expr: Expr, gates: tuple[Expr, ...]) -> Expr:
    """The expression times gates, term by term."""
    match expr:
        case Add(terms=terms):
            return forms.add((gated(term, gates) for term in terms), expr.shape)
        case Neg(operand=operand):
            return forms.neg(gated(operand, gates))
        case Outer(left=left, right=right):
            # A value a step multiplies vectors; a matrix a step takes it on one side.
            return Outer(gated(left, gates), right)
    return expr if forms.is_zero(expr) else forms.mul((*gates, expr))


def without_first_gates(expr: Expr, gate: str, horizon: int) -> Expr:
    """The expression without the gates of steps <= 1, which are 1."""
    if isinstance(expr, Mul):
        kept = [f for f in expr.factors if not _is_first(f, gate, horizon)]
        if len(kept) < len(expr.factors):
            inside = [without_first_gates(factor, gate, horizon) for factor in kept]
            return Mul(tuple(inside)) if len(inside) > 1 else (inside or [ONE])[0]
    return map_children(expr, lambda child: without_first_gates(child, gate, horizon))


def _is_first(expr: Expr, gate: str, horizon: int) -> bool:
    if not isinstance(expr, Ref) or expr.name != gate or "t" in expr.index.names():
        return False
    return expr.index.at({"T": horizon}) <= 1
