r"""Gates on the recurrence: xi_{t-k+1} ... xi_t on what is read k steps back.

A gate is one number a step and sequence, and 1 at the first step and before. The forward
pass knows nothing of it.
"""

from __future__ import annotations

from symbptt import algebra as al
from symbptt.calculus import forms

LETTERS = ("xi", "zeta", "chi", "eta", "omega", "gate")
"""Names for a gate, in the order of preference."""


def gate_of(model: al.Model) -> al.Input:
    """The gates as a scalar input, by a letter that no name of the model begins with."""
    return al.Input(next(model.free_letters(LETTERS)), (), comment="gate on the recurrence")


def gates_between(gate: str, reader: al.Index, lag: int) -> tuple[al.Expr, ...]:
    """The gates of the steps through which the reader at its step reads ``lag`` back."""
    return tuple(al.Ref(gate, reader - back, ()) for back in range(lag - 1, -1, -1))


def gated(expr: al.Expr, gates: tuple[al.Expr, ...]) -> al.Expr:
    """The expression times gates, term by term."""
    match expr:
        case al.Add(terms=terms):
            return forms.add((gated(term, gates) for term in terms), expr.shape)
        case al.Neg(operand=operand):
            return forms.neg(gated(operand, gates))
        case al.Outer(left=left, right=right):
            # A value a step multiplies vectors; a matrix a step takes it on one side.
            return al.Outer(gated(left, gates), right)
    return expr if forms.is_zero(expr) else forms.mul((*gates, expr))


def without_first_gates(expr: al.Expr, gate: str, horizon: int) -> al.Expr:
    """The expression without the gates of steps <= 1, which are 1."""
    if isinstance(expr, al.Mul):
        kept = [f for f in expr.factors if not _is_first(f, gate, horizon)]
        if len(kept) < len(expr.factors):
            inside = [without_first_gates(factor, gate, horizon) for factor in kept]
            return al.Mul(tuple(inside)) if len(inside) > 1 else (inside or [al.ONE])[0]
    return al.map_children(expr, lambda child: without_first_gates(child, gate, horizon))


def _is_first(expr: al.Expr, gate: str, horizon: int) -> bool:
    if not isinstance(expr, al.Ref) or expr.name != gate or "t" in expr.index.names():
        return False
    return expr.index.at({"T": horizon}) <= 1
