"""Gradients of auxiliary quantities put in where they are read.

The normal form names what stands inside a function, and the reverse walk gives each name a
gradient of its own. A textbook that has no such names writes the gradient of the next
quantity in its place: dL/da = (1 - h^2) ⊙ dL/dh put into W.T dL/da. So it is with what the
author named but whose gradient only parameters receive, such as the row of a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbptt.algebra import Cotangent, Expr, map_children, substitute_index, walk
from symbptt.calculus.derivation import EVERY, Derivation, Step


def without_auxiliaries(derivation: Derivation) -> tuple[Step, ...]:
    """The steps that change when gradients of auxiliary quantities are put in.

    Each keeps its number; its two members are the step's own result and the same with the
    gradients put in. What is put in has no step of its own here; a gradient that is not
    the same at all steps can't be put in.
    """
    return tuple(_steps(derivation))


def _steps(derivation: Derivation) -> Iterator[Step]:
    given = _given(derivation)
    for step in derivation.steps:
        if step.kind in ("adjoint", "boundary") and step.target.name in given:
            continue
        result = _put_in(step.result, given)
        if result != step.result:
            yield replace(step, members=(step.result, result))


def _given(derivation: Derivation) -> dict[str, Step]:
    """The steps to put in: those that hold for every step in time."""
    auxiliary = {e.name for e in derivation.normal.equations if e.auxiliary}
    passed_on = {
        node.name
        for step in derivation.steps
        for node in walk(step.result)
        if isinstance(node, Cotangent) and step.kind != "gradient"
    }
    return {
        step.target.name: step
        for step in derivation.of_kind("adjoint")
        if isinstance(step.target, Cotangent)
        and (step.target.name in auxiliary or step.target.name not in passed_on)
        and step.holds in (None, EVERY)
    }


def _put_in(expr: Expr, given: dict[str, Step]) -> Expr:
    if isinstance(expr, Cotangent) and expr.name in given and expr.index is not None:
        step = given[expr.name]
        moved = substitute_index(step.result, {"t": expr.index})
        return _put_in(moved if step.holds else step.result, given)
    return map_children(expr, lambda child: _put_in(child, given))
