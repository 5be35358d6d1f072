"""The project's own articles are read to the last equation, and right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symbptt.calculus.gradients import derive
from symbptt.documents.macros import expanded
from symbptt.documents.pages import Page
from symbptt.documents.proofreading import proofread
from symbptt.language import library
from symbptt.language.library import load
from symbptt.typeset.document import render
from symbptt.typeset.style import Style
from symbptt.typeset.translation import ENGLISH, LANGUAGES
from tests.modules import EXHAUSTIVE, some

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


@pytest.mark.parametrize("name", some(library.differentiable(), 3))
@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != ENGLISH])
def test_the_formulas_of_an_article_are_read_alike_in_every_language(name: str, code: str) -> None:
    for estimator, layout in (("full", "column"), ("chunk:2", "row")):
        derivation = derive(load(name), estimator=estimator)
        own, other = (
            displays(render(derivation, style=Style.of(layout, language=one)))
            for one in (ENGLISH, code)
        )
        assert own == other
        assert len(own) > 10


def displays(text: str) -> list[str]:
    """The displayed formulas as they are read, wherever their lines end."""
    found = re.findall(r"\\begin\{align\*\}.*?\\end\{align\*\}", read(text), re.DOTALL)
    return [re.sub(r"\\\\\*?|\\qquad \{\}|[&\s]", "", formula) for formula in found]


def read(text: str) -> str:
    return expanded(Page("it", text, "tex")).text
