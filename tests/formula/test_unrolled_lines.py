"""The way to a closed form, as ``unroll`` prints it, goes into check and is right.

Its letters are told by the lines that define them, each handed to check as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from symbptt.formula.names import FormulaNames
from symbptt.formula.verdict import Checker
from symbptt.language import library
from symbptt.unrolled import Answer
from tests import cells
from tests.calculus.test_closed_formulas import answers
from tests.modules import EXHAUSTIVE, model_of

HORIZON = 3
SAID = ("affine", "unrolled", "closed form", "proof", "as a formula")
"""How the sections begin that hold formulas."""


def claims(found: Answer) -> Iterator[tuple[str, str]]:
    """The section and the formula; what continues one is about the same, of the same steps."""
    section = left = condition = ""
    for line in found.text().splitlines():
        if not line.startswith("  "):
            section = line
        claim = re.sub(r" +(\d+\.)?", " ", line.split("  #")[0], count=1)
        named, equals, said = claim.partition(" = ")
        if equals and section.startswith(SAID):
            right, _, own = said.partition(" for ")
            left, condition = (named.strip(), own) if named.strip() else (left, condition)
            where = own or condition
            yield section, f"{left} = {right}" + (f" for {where}" if where else "")


def letters(found: Answer) -> tuple[str, ...]:
    """The lines that say what the letters are."""
    names = FormulaNames.of(found.model)
    _, *others = (formula for section, formula in claims(found) if section.startswith("affine"))
    known = names.timed | names.timeless
    named = ((re.match(r"(\w+)(\[t\])? *=", line), line) for line in others)
    return tuple(line for name, line in named if name and name[1] not in known)


def outside(found: Answer) -> bool:
    """Whether a part of a letter lies past T and is absent there, for which there is no sign."""
    assert found.closed is not None
    backward = found.closed.law.direction < 0
    return found.formula is None or (backward and found.closed.recurrence.stacked)


@pytest.mark.parametrize(
    "name", [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else ["linear", "leaky"]
)
def test_the_lines_are_right(name: str) -> None:
    for found in answers(model_of(name)):
        if outside(found):
            continue
        checker = Checker(found.model, horizon=HORIZON, where=letters(found))
        for _, formula in claims(found):
            if formula not in checker.where:
                assert checker.check(formula).right, formula
