"""The page on trust: every kind of check has its words, and figures that do not fit are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symbptt import load, verify
from symbptt.proof.rows import Report, Row
from tests.trust.page import page, summed
from tests.trust.parts import PARTS, Figures
from tests.trust.proofs import collected

MUTANTS = Figures(
    title="Mutants",
    command="python -m tests.mutants",
    about="Errors are planted.",
    totals={"planted": 1024, "killed": 1001},
    head=("kind", "planted"),
    rows=[("sign | transpose", "12")],
    remarks=["`x * 1.0` is `x`"],
)


def test_what_verify_says_has_its_words() -> None:
    found = collected([verify(load("linear"))])
    assert found.totals["failed"] == 0
    assert all(cell for row in found.rows for cell in row[:5])


def test_a_failure_is_told() -> None:
    right = Row("exact", "dL/dW", True, "4 entries, error < 2^-114")
    rows = (right, Row("chain", "(3)", False, "x", "why"))
    found = collected([Report("mine", rows)])
    assert found.totals == {"models": 1, "checks": 2, "failed": 1}
    assert "chance below 2^-114" in found.rows[0][-1]
    assert found.rows[1][4] == "1, **1 failed**"
    assert "mine: chain (3): why" in found.remarks


def test_a_kind_without_words_is_named() -> None:
    with pytest.raises(KeyError, match="alchemy"):
        collected([Report("mine", (Row("alchemy", "gold", True, ""),))])


def test_the_page_has_every_part(tmp_path: Path) -> None:
    MUTANTS.write("mutants", tmp_path)
    text = page(tmp_path)
    assert "**1,024 planted, 1,001 killed.**" in text
    assert r"| sign \| transpose | 12 |" in text
    assert "- `x * 1.0` is `x`" in text
    assert text.count("has not run yet") == 2 * (len(PARTS) - 1)
    assert text == page(tmp_path)


def test_figures_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    data = {"title": "", "command": "", "about": "", "head": ["a", "b"], "rows": [["1"]]}
    for wrong in (data, data | {"rows": [], "figures": 3}):
        (tmp_path / "mutants.json").write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match=r"mutants\.json"):
            page(tmp_path)


def test_the_last_runs_can_be_read() -> None:
    assert page().startswith("# ")


def test_totals_are_read_in_their_order() -> None:
    assert summed({"inputs": 1_000_000, "worst": "0.4 s"}) == "1,000,000 inputs, 0.4 s worst"
