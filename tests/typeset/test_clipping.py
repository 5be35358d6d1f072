"""The statement of gradient clipping beside the gradients."""

from __future__ import annotations

import pytest

from symbptt.calculus.gradients import derive
from symbptt.language.parser import parse
from symbptt.typeset.blocks import Display
from symbptt.typeset.document import FORMATS, render
from symbptt.typeset.estimate import clipping
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.markdown_math import safe_in_markdown
from symbptt.typeset.names import Names
from symbptt.typeset.typst_math import typst_math
from symbptt.typeset.unicode import unicode
from tests.modules import model_of

CLIPPED = r"\leftarrow \min\Bigl(1, \frac{\theta}{\lVert \nabla L \rVert}\Bigr) \, \nabla L"


@pytest.mark.parametrize("name", ["elman", "lstm", "antisymmetric", "tied_table"])
def test_the_norm_is_over_the_parameters_and_nothing_else(name: str) -> None:
    derivation = derive(model_of(name))
    printer = LatexPrinter(Names(derivation.normal))
    display = clipping(derivation, printer)[1]
    assert isinstance(display, Display)
    shown = " ".join(line.members[0] for line in display.lines)
    assert shown.count(r"\rVert^2") == len(model_of(name).parameters)
    for parameter in model_of(name).parameters:
        assert printer.show(derivation.step(parameter.name, "gradient").target) in shown
    assert f"{display.lines[-1].sign} {display.lines[-1].members[0]}" == CLIPPED


@pytest.mark.parametrize("to", FORMATS)
def test_every_document_says_it(to: str) -> None:
    spellings = {"text": unicode, "typst": typst_math, "md": safe_in_markdown}
    said = spellings.get(to, str)(CLIPPED)
    assert said in render(derive(model_of("elman")), to=to)


def test_nothing_learned_nothing_clipped() -> None:
    model = parse("x: scalar\nh: scalar\nh[t] = 0.5 * h[t-1] + x[t]\nloss[t] = h[t] * h[t]\n")
    assert "nabla" not in render(derive(model))


def test_the_threshold_has_a_letter_of_its_own() -> None:
    text = (
        "x: (d,)\nh[t] = tanh(theta_h @ h[t-1] + U @ x[t])\nloss[t] = squared_error(h[t], y[t])\n"
    )
    assert r"\frac{\vartheta}{\lVert \nabla L \rVert}" in render(derive(parse(text)))
