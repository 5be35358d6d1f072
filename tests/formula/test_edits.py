"""Right formulas of three models under each edit operator: refused or proved equal, named back."""

from __future__ import annotations

from functools import cache

import pytest

from symbptt.formula.mending import mends
from tests.formula.catalogue import RIGHT, Row, model
from tests.formula.planting import OPERATORS, Outcome, outcomes, share
from tests.modules import EXHAUSTIVE

WANTED = 0.9

# A formula of each kind on three models; `python -m tests.formula.planting` does all of all.
CHOSEN = (
    "004 9.7.12",
    "004 9.7.14",
    "004 9.7.15",
    "001 (10)",
    "000 (11)",
    "001 (3)",
    "003 (4.1) vectors",
    "003 (3.8)",
    "003 (3.16), (4.7)",
)
ROWS = [row for row in RIGHT if row.id in CHOSEN]


@cache
def found_at(row: Row, operator: str) -> tuple[Outcome, ...]:
    """Kept in each process, so that the share can be told whoever ran the other tests."""
    return tuple(outcomes(row, operator, sites=1))


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_an_edited_formula_is_refused_or_equal(row: Row, operator: str) -> None:
    for one in found_at(row, operator):
        assert one.word != "undecided", one.formula
        if one.word == "equal":
            # Proved, not merely not refuted.
            assert one.verdict is not None and one.verdict.bits is not None


def test_the_answer_names_the_edit_back(capsys: pytest.CaptureFixture[str]) -> None:
    found = [one for row in ROWS for operator in OPERATORS for one in found_at(row, operator)]
    assert {one.row.model for one in found} >= {"linear", "elman", "char_rnn"}
    refused = [one for one in found if one.word != "equal"]
    with capsys.disabled():
        print(f"\nnamed back: {100 * share(found):.1f} % of {len(refused)} refusals")
    assert len(refused) > 40
    assert share(found) >= WANTED, [one.formula for one in refused if one.word != "named"]


def test_every_operator_has_a_site() -> None:
    """An operator that plants nothing would be measured as perfect."""
    for operator in OPERATORS:
        assert any(True for row in RIGHT for _ in _sites(row, operator))


def _sites(row: Row, operator: str) -> list[object]:
    from symbptt.formula.reading import read
    from tests.formula.planting import planted

    return list(planted(read(row.formula, model(row.model)).right, operator))


def test_no_edit_is_claimed_where_none_mends() -> None:
    from symbptt.formula.verdict import check

    verdict = check(model("linear"), "d(L, h[t]) = tanh(x[t][1]) * h[t]", seconds=5)
    assert verdict.verdict == "wrong"
    assert verdict.mends == ()


def test_a_mend_is_right_itself() -> None:
    """Candidates that only look right in floating point would fail here."""
    from symbptt.formula.examination import Examiner
    from symbptt.formula.meaning import resolved
    from symbptt.formula.reading import read
    from symbptt.formula.scenes import Clock

    examiner = Examiner(model("linear"), 5, 0, Clock(20))
    formula = read("d(L, h[t]) = W_hh @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])", examiner.model)
    found = examiner.examine(resolved(formula, examiner.shaper))
    chosen = mends(formula, examiner, found.counterexample)
    assert chosen
    for mend in chosen:
        again = examiner.examine(resolved(mend.formula, examiner.shaper))
        assert again.counterexample is None and again.used


@pytest.mark.slow
@pytest.mark.skipif(not EXHAUSTIVE, reason="all sites, with SYMBPTT_EXHAUSTIVE=1")
def test_all_sites_of_all_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for row in RIGHT if row.model in ("linear", "elman", "char_rnn")]
    found = [one for row in rows for operator in OPERATORS for one in outcomes(row, operator)]
    assert not [one.formula for one in found if one.word == "undecided"]
    refused = [one for one in found if one.word != "equal"]
    with capsys.disabled():
        print(f"\nnamed back: {100 * share(found):.1f} % of {len(refused)} refusals, all sites")
    assert len(refused) > 300
    assert share(found) >= WANTED
