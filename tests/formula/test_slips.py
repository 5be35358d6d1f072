"""The slips that people make are named: a sample of the table of `tests.formula.slips`."""

from __future__ import annotations

import pytest

from symbptt.formula.shapes import Layout
from tests.formula.random_edits import edited_formulas, outcome
from tests.formula.slips import CASES, SECONDS, Case, answer, checker, in_rows
from tests.modules import EXHAUSTIVE

BY_STRUCTURE = tuple(
    case
    for case in CASES
    if case.wrong.endswith(("= 1 - g[t]**2", "* pr[t] * (1 - pr[t])", "d(L, a[3]) for T = 3"))
)
"""A sum that is one factor, a value wherever it stands, a run of one length."""

COLUMNS = CASES if EXHAUSTIVE else (*CASES[::30], *BY_STRUCTURE)
ROWS = CASES if EXHAUSTIVE else CASES[3::45]


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


TWO = (
    (
        "lstm",
        "d(L, c[t]) = f[t] * d(L, c[t+1]) + o[t] * (1 - c[t]**2) * d(L, h[t]) for 1 <= t < T",
        ("a shifted index: `f[t+1]` for `f[t]`", "a function left out: `tanh(c[t])` for `c[t]`"),
    ),
    (
        "gru",
        "h[t] = z[t] * n[t] + (1 - z[t]) * h[t-1]",
        ("`1 - z[t]` for `z[t]`", "`z[t]` for `1 - z[t]`"),
    ),
    (
        "gru_pre",
        "d(L, W_g) = sum(t, 1, T, outer(d(L, g[t]), r[t] * h[t]))",
        ("d(L, g[t])`", "a shifted index: `h[t-1]` for `h[t]`"),
    ),
)
"""Two slips, in two terms and in one."""


@pytest.mark.parametrize(("model", "wrong", "words"), TWO)
def test_two_slips_are_named(model: str, wrong: str, words: tuple[str, ...]) -> None:
    said = [mend[0] for mend in answer(model, wrong).mends]
    assert any(all(word in one for word in words) for one in said), said


@pytest.mark.parametrize(
    ("wrong", "layout"),
    [
        ("d(L, o[t]) = p[t] - onehot(y[t])", "row"),
        ("d(L, h[t]) = h[t] + (h[t] - b) + V.T @ d(L, o[t])", "column"),
        ("d(L, a[t]) = d(L, h[t]) - (h[t] - (b - h[t])) * d(L, h[t])", "column"),
    ],
)
def test_terms_that_are_too_many_leave_the_others_where_they_are(
    wrong: str, layout: Layout
) -> None:
    found = answer("char_rnn", wrong, layout)
    assert found.verdict == "wrong"
    assert all(checker("char_rnn", layout).check(text).right for _, _, text in found.mends)


def test_random_edits_are_named_back() -> None:
    """A sample; `python -m tests.formula.random_edits` does 200, and prints what is said."""
    found = [outcome(one) for one in list(edited_formulas())[:: 1 if EXHAUSTIVE else 45]]
    wrong = [one for one in found if one.word != "right"]
    assert len(wrong) >= 4
    named = [one for one in wrong if one.word in ("named", "mended")]
    assert len(named) >= 0.95 * len(wrong), [one.edited.wrong for one in wrong]
    assert all(one.is_called_so for one in named if one.word == "named")
