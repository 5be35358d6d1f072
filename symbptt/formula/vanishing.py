"""Derivatives that are 0 whatever the numbers are: what rests on one says nothing of a model."""

from __future__ import annotations

from symbptt.algebra import Derivative, Expr, Model, Param, Ref
from symbptt.algebra.letters import Entry, RowOf
from symbptt.formula.statement import Formula, walk


def vanishes(formula: Formula, model: Model) -> bool:
    """Whether something is differentiated by what comes later, or by what nothing reads."""
    slopes = [n for side in formula.sides for n in walk(side) if isinstance(n, Derivative)]
    return any(_looks_ahead(slope) or not is_read(slope, model) for slope in slopes)


def is_read(slope: Derivative, model: Model) -> bool:
    """Whether the equation, if a slope is of one alone, reads by what it is, at that step."""
    of, by = _core(slope.output), _core(slope.wrt)
    if slope.held != "equation" or not isinstance(of, Ref):
        return True
    if of.name not in {item.name for item in model.equations}:
        return True
    equation = model.equation(of.name)
    shift = of.index - equation.index
    return any(
        isinstance(node, Param | Ref)
        and node.name == getattr(by, "name", "")
        and (isinstance(node, Param) or not isinstance(by, Ref) or node.index + shift == by.index)
        for node in walk(equation.rhs)
    )


def _looks_ahead(slope: Derivative) -> bool:
    of, by = _core(slope.output), _core(slope.wrt)
    if not (isinstance(of, Ref) and isinstance(by, Ref)):
        return False
    apart = of.index - by.index
    return not apart.terms and apart.offset < 0


def _core(node: Expr) -> Expr:
    match node:
        case Entry(array=whole) | RowOf(matrix=whole):
            return whole
    return node
