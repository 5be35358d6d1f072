"""Stated equations for another L: the sum of the losses, or the loss of one step."""

from __future__ import annotations

from dataclasses import replace

from symbptt import algebra as al
from symbptt.formula.fitting import said_at, turned
from symbptt.formula.statement import TOTAL, Formula, Inequalities, parts, walk

STEP = "step"
"""The name of the step of a loss, which no formula has."""


def upright(formula: Formula) -> Formula:
    """``d(u, v) = …`` where a line has the row ``d(u, v).T``."""
    if not isinstance(formula.left, al.Transpose):
        return formula
    return replace(formula, left=formula.left.operand, right=turned(formula.right))


# --- the loss of one step ------------------------------------------------------------------


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


# --- the sum of the losses -----------------------------------------------------------------


def summed(formula: Formula) -> Formula:
    """What is said of the mean of the losses, said of their sum."""
    is_mean = formula.left == TOTAL or _is_of_total(formula.left)
    return replace(formula, right=_summed(formula.right)) if is_mean else formula


def _is_of_total(node: al.Expr) -> bool:
    """Whether L itself is differentiated in it."""
    return any(isinstance(one, al.Derivative) and one.output == TOTAL for one in walk(node))


def _summed(right: al.Expr) -> al.Expr:
    """T times what is said of the mean, unless it is said in derivatives of L itself."""
    match right:
        case al.Add(terms=terms):
            return al.Add(tuple(map(_summed, terms)))
        case al.Neg(operand=operand):
            return al.Neg(_summed(operand))
        case al.Number(value=value) if not value:
            return right
    if _is_of_total(right):
        return right
    found = _times_steps(right)
    return al.Mul((al.Horizon(), right)) if found is None else found


def _times_steps(node: al.Expr) -> al.Expr | None:
    """T times an expression, where a factor 1/T of it can be left out."""
    match node:
        case al.Div(numerator=above, denominator=al.Horizon()):
            return above
        case al.Div(numerator=above) if (found := _times_steps(above)) is not None:
            return replace(node, numerator=found)
        case al.Neg(operand=operand) if (found := _times_steps(operand)) is not None:
            return al.Neg(found)
        case al.Mul(factors=factors):
            for place, factor in enumerate(factors):
                if (found := _times_steps(factor)) is not None:
                    rest = (*factors[:place], found, *factors[place + 1 :])
                    kept = tuple(one for one in rest if one != al.ONE) or (al.ONE,)
                    return kept[0] if len(kept) == 1 else al.Mul(kept)
        case al.Product(left=left, right=right):
            if (found := _times_steps(left)) is not None:
                return right if found == al.ONE else replace(node, left=found)
            if (found := _times_steps(right)) is not None:
                return left if found == al.ONE else replace(node, right=found)
        case al.Add(terms=terms):
            each = [_times_steps(term) for term in terms]
            if None not in each:
                return al.Add(tuple(term for term in each if term is not None))
        case al.TimeSum(term=term) if (found := _times_steps(term)) is not None:
            return replace(node, term=found)
    return None
