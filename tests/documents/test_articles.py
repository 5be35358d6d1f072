"""The project's own articles are read to the last equation, and right."""

from __future__ import annotations

from pathlib import Path

import pytest

from symbptt.documents.proofreading import proofread
from symbptt.language.library import load
from tests.modules import EXHAUSTIVE

ARTICLES = sorted((Path(__file__).resolve().parents[2] / "generated" / "latex").glob("*.tex"))
QUICK = ("linear", "recurrence")


@pytest.mark.parametrize(
    "path",
    [path for path in ARTICLES if EXHAUSTIVE or path.stem in QUICK],
    ids=lambda path: path.stem,
)
def test_every_equation_of_an_article_is_read_and_right(path: Path) -> None:
    found = proofread(load(path.stem), path.read_text(encoding="utf-8"), path.name)
    assert [row for row in found.rows if row.answer not in ("right", "model")] == []
    assert not [row for row in found.rows if "contradicts" in row.reason]
    assert len(found.rows) > 20
