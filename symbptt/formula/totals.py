"""Stated equations for another L: the loss of one step."""

from __future__ import annotations

from dataclasses import replace

from symbptt import algebra as al
from symbptt.formula.fitting import said_at, turned
from symbptt.formula.statement import TOTAL, Formula, Inequalities, parts

STEP = "step"
"""The name of the step of a loss, which no formula has."""


def upright(formula: Formula) -> Formula:
    """``d(u, v) = …`` where a line has the row ``d(u, v).T``."""
    if not isinstance(formula.left, al.Transpose):
        return formula
    return replace(formula, left=formula.left.operand, right=turned(formula.right))


def of_a_loss(formula: Formula) -> Formula:
    """What is said of L, the loss of step T, said of that of any step."""
    moved = said_at(formula, {"T": al.Index.of(STEP)})
    left, right = (_with_loss(side) for side in moved.sides)
    inside = Inequalities((al.FIRST, al.Index.of(STEP), al.LAST), ("<=", "<="))
    return replace(moved, left=left, right=right, chains=(*moved.chains, inside))


def _with_loss(node: al.Expr) -> al.Expr:
    for place, part in enumerate(parts(node)):
        node = al.with_child(node, place, _with_loss(part))
    return al.Ref("loss", al.Index.of(STEP), ()) if node == TOTAL else node
