"""What documents say about estimators."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from symbptt.algebra import Add
from symbptt.calculus import forms
from symbptt.calculus.estimators import ESTIMATORS
from symbptt.calculus.gradients import derive
from symbptt.calculus.moments import dropped
from symbptt.language.parser import parse
from symbptt.typeset.blocks import Display
from symbptt.typeset.document import FORMATS, render
from symbptt.typeset.estimate import estimate
from symbptt.typeset.latex import printer_of
from symbptt.typeset.style import Style
from tests import cells
from tests.modules import BUILT_IN, model_of
from tests.typeset.test_pdflatex import complaints
from tests.typeset.test_pdflatex import pytestmark as needs_pdflatex


@cache
def article(name: str, estimator: str, to: str = "tex") -> str:
    return render(derive(model_of(name), estimator=estimator), to)


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_document_says_what_it_estimates(kind: str, to: str) -> None:
    text = article("linear", ESTIMATORS[kind].example, to)
    estimates = kind != "full"
    assert ("The estimate" in text) is estimates
    assert ("--estimator" in text) is estimates
    assert ("stands for this estimate of it" in " ".join(text.split())) is estimates


def test_the_gradient_itself_is_told_as_ever() -> None:
    assert article("linear", "full") == render(derive(model_of("linear")))


def test_the_bias_is_given_term_by_term() -> None:
    text = article("linear", "window:3")
    assert r"\operatorname{bias} \frac{\partial L}{\partial \mathbf{W}_{\mathrm{hh}}}" in text
    dropped = r"-\sum_{s=4}^T \sum_{t=1}^{s-3} \frac{\partial L_s}{\partial \mathbf{h}_t}"
    assert dropped in text
    assert r"c_s = \tau \lfloor (s - 1) / \tau \rfloor" in article("linear", "chunk:3")


@pytest.mark.parametrize("estimator", ["window:2", "chunk:3"])
@pytest.mark.parametrize("name", [*BUILT_IN, *cells.NAMES])
def test_a_bias_is_less_all_that_is_dropped(name: str, estimator: str) -> None:
    """Sums of any sign have parentheses behind the minus; one sign before them is no minus."""
    derivation = derive(model_of(name), estimator=estimator)
    printer = printer_of(derivation.symbols, Style())
    passages, shown = estimate(derivation, printer)[0].quality, []
    for block in passages:
        shown += [line.members[0] for line in block.lines] if isinstance(block, Display) else []
    lacking = [one.terms for one in dropped(derivation) if not forms.is_zero(one.terms)]
    assert len(shown) == len(lacking)
    for text, terms in zip(shown, lacking, strict=True):
        if isinstance(terms, Add):
            assert re.match(r"-(\\left|\\bigl|\\Bigl)?\(", text)
            assert text.endswith(")")


def test_expectation_and_variance_are_proved_in_the_text() -> None:
    text = article("linear", "random:0.8")
    assert r"\mathbb{E}\bigl[\xi_t\bigr]" in text
    assert r"\frac{1}{\pi} - 1" in text
    assert r"\pi = 4 / 5" in text


def test_a_gate_has_a_letter_of_its_own() -> None:
    model = parse("xi: (d,)\nh[t] = W @ h[t-1] + U @ xi[t]\nloss[t] = dot(h[t], h[t])", "m")
    text = render(derive(model, estimator="chunk:2"))
    assert r"\zeta_{t+1} \mathbf{W}^{\top}" in text


def test_letters_that_the_model_has_are_left_to_it() -> None:
    """The GRU has a gate z, and the estimate of a derivative is called otherwise."""
    assert r"estimate $\mathbf{v}_t$" in " ".join(article("gru", "random:0.8").split())


@needs_pdflatex
@pytest.mark.parametrize(
    ("name", "estimator"),
    [("gru", "random:0.8"), ("lag_two", "window:3"), ("last_two_steps", "chunk:2")],
)
def test_an_article_of_an_estimator_compiles(name: str, estimator: str, tmp_path: Path) -> None:
    assert not complaints(article(name, estimator), tmp_path)


@needs_pdflatex
@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["window:3", "chunk:3", "random:1/3"])
@pytest.mark.parametrize("name", ["lstm", "char_rnn", "linear", "derived_of_derived", "two_losses"])
def test_articles_of_estimators_compile(name: str, estimator: str, tmp_path: Path) -> None:
    assert not complaints(article(name, estimator), tmp_path)
