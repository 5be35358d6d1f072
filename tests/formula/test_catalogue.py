"""Every right formula of the seeds is accepted, and every misprint is refused."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from symbptt.errors import FormulaError
from symbptt.formula.answer import Verdict
from symbptt.formula.canonical import canonical
from symbptt.formula.reading import read
from symbptt.formula.verdict import check
from tests.formula.catalogue import MISPRINTS, RIGHT, TEXTS, UNREADABLE, Row, model, timed

SECONDS = 10.0


def decide(row: Row) -> Verdict:
    """The verdict, in less than ten seconds of CPU time."""
    verdict, seconds = timed(row)
    assert seconds < SECONDS
    return verdict


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row.id)
def test_right(row: Row) -> None:
    verdict = decide(row)
    assert verdict.right, str(verdict)
    assert verdict.bits is not None and verdict.bits > 100
    assert "random points in" in verdict.arithmetic
    assert verdict.range.startswith("T = ")


@pytest.mark.parametrize("row", MISPRINTS, ids=lambda row: row.id)
def test_misprint(row: Row) -> None:
    verdict = decide(row)
    assert verdict.verdict == "wrong", str(verdict)
    if row.smallest:
        assert verdict.counterexample is not None
        assert row.smallest == verdict.counterexample.T, str(verdict)
        assert verdict.counterexample.left != verdict.counterexample.right
    else:
        assert verdict.reason.startswith("the shapes do not fit")
    if row.mended:
        wanted = canonical(read(row.mended, model(row.model)))
        found = [canonical(mend.formula) for mend in verdict.mends]
        assert wanted in found, str(verdict)


@pytest.mark.parametrize("row", [row for row in MISPRINTS if row.mended], ids=lambda row: row.id)
def test_correction(row: Row) -> None:
    assert check(model(row.model), row.mended).right


@pytest.mark.parametrize("row", UNREADABLE, ids=lambda row: row.id)
def test_a_misprint_that_can_not_be_read(row: Row) -> None:
    with pytest.raises(FormulaError, match=r"\^"):
        check(model(row.model), row.formula)


def test_ids_are_unique() -> None:
    ids = [row.id for row in (*RIGHT, *MISPRINTS, *UNREADABLE)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("id", ["001 (5)", "004 9.7.15", "003 (3.19)"])
def test_the_command_decides_as_fast(id: str, tmp_path: Path) -> None:
    """From the start of the process to its end: CPU time, whatever else runs."""
    (row,) = (row for row in RIGHT if row.id == id)
    name = row.model
    if name in TEXTS:
        name = str(tmp_path / f"{row.model}.rnn")
        Path(name).write_text(TEXTS[row.model], encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "symbptt", "check", name, row.formula]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS
