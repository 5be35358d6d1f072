"""Every document as text: at most 80 columns, nothing of TeX, the same in every run."""

from __future__ import annotations

import pytest

from symbptt import derive, load
from symbptt.calculus.gradients import FORMS
from symbptt.language.library import differentiable
from symbptt.typeset.document import render
from symbptt.typeset.style import DETAILS, Style
from symbptt.typeset.text_format import WIDTH
from symbptt.typeset.unicode import columns
from tests import cells
from tests.typeset.test_text_format import wrong_lines

STYLES = [
    *(Style(detail=detail) for detail in DETAILS),
    Style("row", "superscript", "D"),
    Style("row", "superscript", "bar", "index"),
    Style("column", "subscript", "delta", "summary"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", differentiable())
def test_every_document_is_text_of_80_columns(name: str, form: str) -> None:
    derivation = derive(load(name), form=form)
    for style in STYLES:
        if style.detail != "index" or form == "adjoint":
            text = render(derivation, "text", style=style)
            head, _, body = text.partition("\n\n")
            assert all(columns(line) <= WIDTH for line in head.splitlines())
            assert not wrong_lines(body)
            assert text == render(derivation, "text", style=style)


@pytest.mark.parametrize("name", cells.NAMES)
def test_whatever_is_printed_has_a_form_without_tex(name: str) -> None:
    model = cells.cell(name)
    for estimator, detail in (("full", "index"), ("window:2", "steps"), ("random:0.8", "summary")):
        derivation = derive(model, estimator=estimator)
        text = render(derivation, "text", style=Style("row", detail=detail))
        assert not wrong_lines(text.partition("\n\n")[2])
