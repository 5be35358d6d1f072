"""Every function and loss goes through everything, wherever an expression may stand.

A sample in the suite, every other row in one place; all with SYMBPTT_EXHAUSTIVE=1.
"""

from __future__ import annotations

import pytest

from symbptt.algebra import Model
from symbptt.analysis.report import analyze
from symbptt.calculus.gradients import FORMS, derive
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS
from symbptt.language.parser import parse
from symbptt.listing import model_text
from symbptt.proof.report import verify
from symbptt.typeset.document import render
from symbptt.typeset.style import DETAILS, LAYOUTS, Style
from tests.modules import EXHAUSTIVE

pytestmark = pytest.mark.usefixtures("shortened")

STATE = "h[t] = tanh(W @ x[t] + U @ h[t-1] + b)"

PLACES = {
    "in a state": "h[t] = tanh(W @ x[t] + U @ h[t-1] + b) * {h[t-1]}\n{LOSS}",
    "with a lag": "h[t] = tanh(W @ x[t] + b) + 0.1 * {h[t-2]} * (U @ h[t-1])\n{LOSS}",
    "in a function": "h[t] = tanh(W @ x[t] + U @ h[t-1] + 0.3 * sin({h[t-1]}) + b)\n{LOSS}",
    "of an expression": "h[t] = tanh(W @ x[t] + b) * {U @ h[t-1] + b}\n{LOSS}",
    "in a product": "h[t] = tanh(W @ x[t] + U @ ({h[t-1]} * h[t-1]) + b)\n{LOSS}",
    "in a loss": f"{STATE}\nloss[t] = squared_error(h[t], q[t]) + 0.1 * sum({{h[t]}} * h[t])",
    "of two losses": f"{STATE}\nloss[t] = 0.5 * sum({{h[t]}} * b) - sum({{h[t-1]}} * h[t])",
    "in loss[T]": f"{STATE}\nloss[T] = 0.1 * sum({{h[T]}} * h[T-1])",
    "of an input": "h[t] = tanh(W @ ({x[t]} * x[t]) + U @ h[t-1] + b)\n{LOSS}",
    "of a parameter": "s = {b} * b\nh[t] = tanh(W @ x[t] + U @ h[t-1] + s)\n{LOSS}",
    "at the start": "h[0] = {b} * b\nh[t] = tanh(W @ x[t] + U @ h[t-1])\n{LOSS}",
}
"""Models with a place for an expression, whose argument stands in braces."""

POSITIVE = ("log", "sqrt", "log1p")
ELEMENTWISE = [name for name, row in FUNCTIONS.items() if row.public]
TOGETHER = [" + ".join(ELEMENTWISE[start::4]) for start in range(4)]
"""Elementwise functions stand seven at a place, added: each goes the same ways alone."""

ROWS = [*VECTORS, *LOSSES, *TOGETHER]
TIMELESS = ("of a parameter", "at the start")


def applied(name: str, argument: str) -> str:
    """A row at an argument; a second one is of the same shape, or the label that it needs."""
    if " + " in name:
        return f"(0.1 * ({' + '.join(applied(each, argument) for each in name.split(' + '))}))"
    step = "T" if "T" in argument else "t"
    if name in LOSSES:
        return f"{name}({argument}, {'k' if LOSSES[name].index_target else 'z'}[{step}])"
    if name in POSITIVE:
        return f"{name}(2 + ({argument})**2)"
    count = len((VECTORS.get(name) or FUNCTIONS[name]).arguments)
    return f"{name}({', '.join([argument, f'0.5 * {argument} + 0.2'][:count])})"


def text(name: str, place: str) -> str:
    found = PLACES[place].replace("{LOSS}", "loss[t] = squared_error(h[t], q[t])")
    while "{" in found:
        before, _, rest = found.partition("{")
        argument, _, after = rest.partition("}")
        found = before + applied(name, argument) + after
    return f"x: (d,)\nW: (n, d)\nU: (n, n)\n{found}\n"


CASES = [
    (name, place)
    for name in ROWS
    for place in PLACES
    if name not in LOSSES or place not in TIMELESS
]


def sample() -> list[tuple[str, str]]:
    """Rows in their order, each in the next place."""
    places, chosen = list(PLACES), []
    for name in (*LOSSES, *VECTORS, *TOGETHER[:1]):
        place = next(place for place in places if (name, place) in CASES)
        places.remove(place)
        places = places or list(PLACES)
        chosen.append((name, place))
    return chosen


def model_in(name: str, place: str) -> Model:
    return parse(text(name, place), "model")


@pytest.mark.parametrize(("name", "place"), CASES if EXHAUSTIVE else sample()[::2])
def test_a_row_goes_through_everything(name: str, place: str) -> None:
    """Every form, member, layout, entry, mode and level is proved or tested by `verify`."""
    model = model_in(name, place)
    report = verify(model)
    assert [row for row in report.rows if row.ok is False] == []
    for form in FORMS:
        derivation = derive(model, form=form)
        details = DETAILS if form == "adjoint" else [d for d in DETAILS if d != "index"]
        for detail in details:
            for layout in LAYOUTS:
                assert render(derivation, "md", style=Style(layout=layout, detail=detail))
    assert all(each in model_text(model) for each in name.split(" + "))
    assert str(analyze(model, steps=3))
