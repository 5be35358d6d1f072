"""The page of errata says what the examiner says today."""

from __future__ import annotations

import pytest

from tests.errata.page import HEAD, PAGE, SourceEquation, equations, models, works
from tests.modules import some

TEXT = PAGE.read_text(encoding="utf-8")
WRONG, RIGHT = TEXT.partition("## Right as printed")[::2]


@pytest.mark.parametrize("equation", some(equations(), 26), ids=lambda each: each.place)
def test_a_row(equation: SourceEquation) -> None:
    """It is on the page, word for word, among those of its work and its verdict."""
    part = RIGHT if equation.verdict.right else WRONG
    _, found, section = part.partition(f"### {equation.work}\n")
    assert found and equation.row in section.partition("\n### ")[0].splitlines()


def test_nothing_else_is_there() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert sum("as printed" not in line and "---" not in line for line in rows) == len(equations())
    assert TEXT.startswith(HEAD) and TEXT.endswith("\n".join(models()))
    assert {line[4:] for line in TEXT.splitlines() if line.startswith("### ")} == set(works())
    for part in (WRONG, RIGHT):
        count = part.count("\n| ") - 2 * part.count("\n| --- |")
        assert f": {count}\n" in (TEXT if part is WRONG else "## Right as printed" + RIGHT)
