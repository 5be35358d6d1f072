"""Parameters that are held: given with the others, without a gradient of their own."""

from __future__ import annotations

import numpy as np
import pytest

from symbptt.calculus.gradients import FORMS, derive
from symbptt.calculus.unrolling import Query, unroll_derivative
from symbptt.codegen.render import generate
from symbptt.errors import FormulaError
from symbptt.language.parser import parse
from symbptt.proof.loaded import load_module
from symbptt.proof.report import verify
from tests.modules import some

LEARNED = """x: (d,)
R: (h, h)
h_init: (h,)
A = 0.5 * (R - R.T)
h[0] = h_init
h[t] = tanh(A @ h[t-1] + U @ x[t] + b)
loss[t] = squared_error(h[t], y[t])
"""
HELD = LEARNED.replace("R: (h, h)", "R: fixed (h, h)").replace("h_init: (h,)", "h_init: fixed")
ALL_HELD = HELD + "U: fixed\nb: fixed\n"


def test_a_shape_is_said_or_inferred() -> None:
    assert parse(HELD).parameters != parse(LEARNED).parameters
    assert parse(HELD).shapes == parse(LEARNED).shapes
    assert [p.name for p in parse(HELD).learned] == ["U", "b"]
    assert parse(HELD).held == {"R", "h_init", "A"}
    assert not parse(LEARNED).held


@pytest.mark.parametrize("form", FORMS)
def test_no_form_derives_a_gradient_for_it(form: str) -> None:
    def derived(text: str) -> set[str]:
        steps = derive(parse(text), form=form).of_kind("gradient")
        return {step.target.name for step in steps} & parse(text).shapes.keys()

    assert derived(LEARNED) - derived(HELD) == {"R", "h_init", "A"}
    assert derived(HELD) == {"U", "b"}


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_other_gradients_are_those_of_a_model_that_learns_it(level: int) -> None:
    modules = [load_module(generate(parse(t), level=level), "m", parse(t)) for t in (LEARNED, HELD)]
    dims = {"d": 2, "h": 3}
    rng = np.random.default_rng(0)
    params = modules[0].call("init_params", dims, dtype=np.float64)
    inputs = {"x": rng.normal(size=(5, 2, 2)), "y": rng.normal(size=(5, 2, 3))}
    (loss, grads, _), (same, fewer, _) = (
        each.call("loss_and_grads", params, inputs) for each in modules
    )
    assert loss == same
    assert set(grads) - set(fewer) == {"R", "h_init"}
    for name, array in fewer.items():
        assert np.allclose(array, grads[name], rtol=1e-12)
    norm = np.sqrt(np.sum(fewer["U"] ** 2) + np.sum(fewer["b"] ** 2))
    assert modules[1].call("clip_gradients", fewer, 1e9) == pytest.approx(norm)


@pytest.mark.parametrize("text", some([HELD, ALL_HELD], 1))
def test_it_is_proved(text: str) -> None:
    report = verify(parse(text, "held"))
    assert report.ok, str(report)
    assert not any("dL/dR" in row.subject for row in report.rows)


def test_a_gradient_of_it_is_asked_for() -> None:
    with pytest.raises(FormulaError, match="R is held"):
        unroll_derivative(derive(parse(HELD)), 2, Query("R", of="L"))
