"""The slips that people make are named: a sample of the table of `tests.formula.slips`."""

from __future__ import annotations

import pytest

from symbptt.formula.shapes import Layout
from tests.formula.slips import CASES, SECONDS, Case, answer, checker, in_rows
from tests.modules import EXHAUSTIVE

COLUMNS = CASES if EXHAUSTIVE else CASES[::5]
ROWS = CASES if EXHAUSTIVE else CASES[3::20]


def assert_named(case: Case, layout: Layout) -> None:
    assert checker(case.model, layout).check(case.right).right, case.right
    found = answer(case.model, case.wrong, layout)
    assert found.verdict == "wrong"
    assert found.names(case.kind, case.words), found.mends
    assert found.seconds < SECONDS


@pytest.mark.parametrize("case", COLUMNS, ids=lambda case: case.id)
def test_a_slip_is_named(case: Case) -> None:
    assert_named(case, "column")


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.id)
def test_a_slip_is_named_in_rows(case: Case) -> None:
    assert_named(in_rows(case), "row")
