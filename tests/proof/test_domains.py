"""Models that are not defined everywhere, and gradients that are not what they seem."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from symbptt.calculus.estimators import FULL
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.errors import EvaluationError, InterfaceError
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.language.parser import parse
from symbptt.proof.calls import called
from symbptt.proof.domain import Precise
from symbptt.proof.loaded import Loaded, load_module
from symbptt.proof.numeric import numeric_rows, random_calls
from symbptt.proof.reach import Plain
from symbptt.proof.remarks import kink_rows, vanishing_rows
from symbptt.proof.rounding import INPUTS, Exact

LOSS = "loss[t] = squared_error(h[t], y[t])\n"
AT_A_POLE = {
    "a pole": "h[t] = x[t] / h[t-1]\n",
    "a pole of a sum": "h[t] = W @ x[t] / sum(h[t-1])\n",
    "a normalisation": "u[t] = (A @ h[t-1]) * (B @ x[t])\nh[t] = u[t] / sum(u[t])\n",
    "a logarithm": "h[t] = x[t] * log(h[t-1])\n",
    "a root": "h[t] = sqrt(h[t-1]) * x[t] - 1\n",
    "a logarithm of a part": "p[t] = sigmoid(W @ x[t] + log(p[t-1]))\nh[t] = V @ p[t]\n",
}
"""Models that have no value at the start that is their own, and need others than any numbers."""


def module_of(text: str) -> tuple[Plain, Loaded]:
    model = parse(text, "drawn")
    module = load_module(generate(derive(model, wrt_inputs=True), level=0), "plain", model)
    return Plain(model, module), module


@pytest.mark.parametrize("kind", AT_A_POLE)
def test_points_are_sought_where_a_model_is_defined(kind: str) -> None:
    plain, module = module_of(AT_A_POLE[kind] + LOSS)
    rows = numeric_rows(module, plain.model)
    (start,) = (row for row in rows if not row.ok)
    assert (start.ok, start.subject) == (None, "the model's own start")
    assert "at step 1 has no value" in start.detail or "[1]` has no value" in start.detail
    assert {row.check for row in rows if row.entries} == {"values", "differences"}


FUNCTIONS_OF_ONE = ("exp", "sin", "cos", "sinh", "cosh", "tanh", "erf", "arctan")


@pytest.mark.parametrize("name", FUNCTIONS_OF_ONE)
def test_a_function_of_a_number_without_bound_is_left(name: str) -> None:
    """mpmath has any exponent: one of 2^50 bits is asked for, and memory ends."""
    number = Precise(50).context.ldexp(1, 2**50)
    with pytest.raises(EvaluationError, match=r"is not worked out beyond 2\^4096"):
        getattr(number, name)()
    assert Precise(50).context.mpf("1e300").tanh() == 1
    # A logarithm or a root of such a number is a smaller one.
    assert number.log() / 2**50 == Precise(50).context.mpf(2).log()
    assert number.sqrt() == Precise(50).context.ldexp(1, 2**49)


def test_a_recurrence_that_grows_without_bound_has_rounding_at_few_steps_alone() -> None:
    model = parse(
        "h[t] = tanh(W @ h[t-1] + U @ x[t]) * (1 + sum(h[t-1] * h[t-1]))\n" + LOSS, "grows"
    )
    module = load_module(generate(model), "grows", model)
    steps = next(inputs for inputs in INPUTS if inputs.steps > 100)
    loss = Exact(module, next(iter(replace(steps, size=40.0).calls(model))), FULL)
    with pytest.raises(InterfaceError, match=r"tanh is not worked out beyond 2\^4096"):
        loss.fits("float32")


# --- remarks -----------------------------------------------------------------------------

KINKS = {
    "relu", "abs", "max", "min", "leaky_relu", "selu", "hard_sigmoid", "hard_tanh",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, row in FUNCTIONS.items() if row.public])
def test_a_kink_is_told(name: str) -> None:
    arguments = "a[t], b" if len(FUNCTIONS[name].derivatives) == 2 else "a[t]"
    text = f"a[t] = W @ x[t] + h[t-1]\nh[t] = {name}({arguments})\n"
    rows = list(kink_rows(derive(parse(text + LOSS, name))))
    assert [row.ok for row in rows] == ([None] if name in KINKS else [])
    assert all("a kink" in row.detail for row in rows)


VANISHING = {
    "s[t] = h[t] / abs(h[t])": {"W", "U", "h[0]"},
    "s[t] = h[t] * abs(h[t])": set(),
    "s[t] = relu(h[t]) / abs(h[t])": {"W", "U", "h[0]"},
    "s[t] = tanh(h[t])": set(),
    "s[t] = h[t] / h[t]": set(),
}


@pytest.mark.parametrize("line", VANISHING)
def test_a_gradient_that_is_nothing_though_the_loss_changes_is_told(line: str) -> None:
    text = f"h[t] = W @ h[t-1] + U @ x[t]\n{line}\nloss[t] = squared_error(V @ s[t], y[t])\n"
    plain, module = module_of(text)
    calls = [call for call, _ in random_calls(plain.model)]
    rows = list(vanishing_rows(partial(called, module), calls))
    assert {row.subject.removeprefix("dL/d") for row in rows} == VANISHING[line]
    assert all(row.ok is None and "steps alone" in row.detail for row in rows)
