"""A loss is a value like any other: summed up over steps, read later, fed back into a state."""

from __future__ import annotations

import pytest

from symbptt.calculus.gradients import FORMS, derive
from symbptt.codegen.render import generate
from symbptt.functions.losses import LOSSES
from symbptt.language.parser import parse
from symbptt.proof.report import verify
from tests.agreement import disagreements
from tests.codegen.test_gradients import POINTS
from tests.modules import call, executed
from tests.reference import loss_and_grads

pytestmark = pytest.mark.usefixtures("shortened")

PLACES = {
    "summed up": """
l[t] = {loss}(W @ x[t], y[t])
s[t] = s[t-1] + l[t]
loss[T] = s[T]
""",
    "read later": """
l[t] = {loss}(W @ x[t], y[t])
h[t] = tanh(U @ x[t] + v * l[t-1])
loss[t] = squared_error(h[t], z[t])
""",
    "fed back": """
h[t] = tanh(R @ h[t-1] + U @ x[t] + v * l[t-1])
l[t] = {loss}(W @ h[t], y[t]) / 2
loss[t] = l[t] * l[t]
""",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_form_and_mode_takes_it(loss: str, place: str) -> None:
    model = parse(PLACES[place].format(loss=loss), "model")
    for form in FORMS:
        assert len(derive(model, form=form).steps) > 2
    for options in ({"level": 0}, {"level": 2}, {"mode": "forward"}):
        module = executed(generate(model, **options), "model")
        for kind in ("everything", "two_steps"):
            point = POINTS[kind](model)
            assert disagreements(call(module, point), loss_and_grads(model, point)) == []


@pytest.mark.parametrize("place", PLACES)
def test_it_is_verified(place: str) -> None:
    report = verify(parse(PLACES[place].format(loss="softmax_cross_entropy"), "model"))
    assert report.ok, [row for row in report.rows if row.ok is False]
