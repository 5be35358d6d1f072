"""Documents of every form: they say what the form is, and fit the page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from symbptt import derive, load
from symbptt.calculus.gradients import FORMS
from symbptt.errors import OptionError
from symbptt.language.parser import parse
from symbptt.typeset.chapters import TELLINGS
from symbptt.typeset.document import FORMATS, render
from symbptt.typeset.style import Style
from tests.modules import model_of
from tests.typeset.hostile import HOSTILE
from tests.typeset.numbers import told
from tests.typeset.test_pdflatex import CELLS, complaints, wide

OTHERS = [form for form in FORMS if form != "adjoint"]

compiled = pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="pdflatex is not installed (Debian: texlive-latex-base, texlive-latex-recommended)",
)


def test_every_form_is_told() -> None:
    assert TELLINGS.keys() == FORMS.keys()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("to", FORMATS)
def test_every_step_stands_in_a_section_and_in_the_summary(form: str, to: str) -> None:
    derivation = derive(model_of("stacked_with_a_way_back"), form=form)
    sections, summary = told(render(derivation, to=to), to)
    for step in derivation.steps:
        assert sections.count(str(step.number)) == 1, step.number
        assert summary.count(str(step.number)) == 1, step.number
    numbers = [int(number) for number in sections if number.isdigit()]
    assert numbers == sorted(numbers)


def test_a_summary_is_what_the_whole_ends_with() -> None:
    derivation = derive(load("elman"), form="sensitivity")
    # A number's place is where it stands first.
    place = re.compile(r"\\label\{.*?\}")
    whole = place.sub("", render(derivation))
    short = place.sub("", render(derivation, style=Style(detail="summary")))
    assert whole.partition(r"\section{Summary}")[2] == short.partition(r"\section{Summary}")[2]
    assert r"\section{The sensitivities}" not in short


def test_the_steps_of_one_step_are_named_anew() -> None:
    text = render(derive(load("linear"), of="loss[t]"))
    assert r"\frac{\partial \ell_t}{\partial \mathbf{h}_k} &= \left(" in text
    assert r"\sum_{k=1}^t" in text
    assert "At the steps $k = 1, \\dots, t$ the model computes" in text
    body = text.partition(r"\section{The backward pass}")[2]
    assert "_T" not in body
    assert r"\partial L" not in body


def test_a_letter_of_a_step_is_none_of_the_models() -> None:
    model = parse("k: (d,)\nh[t] = tanh(W @ h[t-1] + U @ k[t])\nloss[t] = dot(h[t], h[t])", "k")
    text = render(derive(model, of="loss[t]"))
    assert "$n = 1, \\dots, t$" in text


def test_what_a_form_can_not_be_shown_in_is_refused_by_name() -> None:
    expanded = derive(load("linear"), form="expanded")
    with pytest.raises(OptionError, match="--detail index can't be combined with --form expanded"):
        render(expanded, style=Style(detail="index"))


# --- pdflatex ------------------------------------------------------------------------------------


@compiled
@pytest.mark.parametrize("form", OTHERS)
@pytest.mark.parametrize("name", ["long_names", "names"])
def test_a_hostile_article_compiles(name: str, form: str, tmp_path: Path) -> None:
    assert not complaints(render(derive(parse(HOSTILE[name], name), form=form)), tmp_path)


@compiled
@pytest.mark.parametrize("form", OTHERS)
def test_wide_matrices_and_long_sums_fit_the_page(form: str, tmp_path: Path) -> None:
    assert not complaints(render(derive(parse(wide(10), "wide"), form=form)), tmp_path)


@compiled
@pytest.mark.slow
@pytest.mark.parametrize("form", OTHERS)
@pytest.mark.parametrize("path", CELLS[::8], ids=lambda path: path.stem)
def test_the_article_of_a_test_cell_compiles(path: Path, form: str, tmp_path: Path) -> None:
    assert not complaints(render(derive(load(str(path)), form=form)), tmp_path)


@compiled
@pytest.mark.parametrize("form", FORMS)
def test_one_steps_loss_compiles(form: str, tmp_path: Path) -> None:
    assert not complaints(render(derive(load("elman"), form=form, of="loss[t]")), tmp_path)
