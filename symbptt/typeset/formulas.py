"""A derivation as formulas: lines that ``check`` reads, and that are right as they stand."""

from __future__ import annotations

from collections.abc import Iterator

from symbptt.calculus.derivation import Range, Step
from symbptt.typeset.plain import index_text, plain


def formulas(step: Step) -> Iterator[str]:
    """Every member of a step's chain as an equation, with the steps or lengths for which it is."""
    where = condition(step)
    for member in step.members:
        yield f"{plain(step.target)} = {plain(member)}{where and f' for {where}'}"


def condition(step: Step) -> str:
    """``1 <= t <= T-1``, ``T = 1``, ``2 <= T``; "" where the target says it."""
    if step.holds is not None:
        return range_text(step.holds)
    return f"{step.needs} <= T" if step.needs > 1 else ""


def range_text(steps: Range) -> str:
    first, of, last = map(index_text, (steps.first, steps.of, steps.last))
    return f"{of} = {first}" if first == last else f"{first} <= {of} <= {last}"
