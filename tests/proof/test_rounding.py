"""Rounding in units in the last place: what is tame is right to a few, and more is found."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from symbptt.algebra import Model
from symbptt.binding import bind
from symbptt.calculus.estimators import FULL
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from symbptt.proof import rounding
from symbptt.proof.loaded import load_module
from symbptt.proof.rounding import FLOATS, INPUTS, Exact, LostDigits, measured, rounding_rows
from tests.cells import BINDINGS
from tests.cells import NAMES as CELLS
from tests.modules import BUILT_IN, EXHAUSTIVE, in_turn, model_of

WRAPPED = """

_right = loss_and_grads


def loss_and_grads(params, *arguments, **more):
    loss, grads, carry = _right(params, *arguments, **more)
    kind = str(next(iter(params.values())).dtype)
    {change}
    return loss, grads, carry
"""


@cache
def bound(name: str) -> Model:
    return bind(model_of(name), BINDINGS.get(name))


def rows_of(name: str, level: int, change: str = "") -> dict[str, str]:
    """What is wrong with each float."""
    text = generate(bound(name), level=level)
    text += WRAPPED.format(change=change) if change else ""
    rows = rounding_rows(load_module(text, name, bound(name)), bound(name))
    return {row.subject: row.detail for row in rows}


@pytest.mark.parametrize(
    ("name", "level"),
    [
        (name, level)
        for number, name in enumerate((*BUILT_IN, *(CELLS if EXHAUSTIVE else CELLS[::12])))
        for level in in_turn(number, [*LEVELS])
    ],
)
def test_what_is_tame_is_right_to_a_few_units(name: str, level: int) -> None:
    assert rows_of(name, level) == dict.fromkeys(FLOATS, "")


PLANTED = {
    "a part of a gradient": ("grads['W_hh'] *= 1 + 1e-12 * (kind == 'float64')", ["float64"]),
    "a part of the loss": ("loss *= 1 + 1e-12 * (kind == 'float64')", ["float64"]),
    "float32 alone": ("grads['b_q'] *= 1 + 1e-4 * (kind == 'float32')", ["float32"]),
    "float32 inside": (
        "grads = {k: g if g.dtype == object else g.astype('f4') for k, g in grads.items()}",
        ["float64"],
    ),
    "infinity": ("loss = loss if kind == 'object' else np.inf", [*FLOATS]),
    "no number": ("grads['W_hx'][0] *= 1 if kind == 'object' else np.nan", [*FLOATS]),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_more_than_rounding_is_found(planted: str) -> None:
    change, floats = PLANTED[planted]
    found = rows_of("linear_bias", 2, change)
    assert [dtype for dtype, detail in found.items() if detail] == floats
    for dtype in floats:
        assert "units, where rounded arguments make" in found[dtype]


SETTLED = {
    "a sum of signs": "h[t] = h[t-1] + tanh(W @ x[t] + b)\nloss[t] = absolute_error(h[t], y[t])",
    "a gate that is open": (
        "g[t] = sigmoid(norm(h[t-1]) + dot(v, x[t]))\n"
        "h[t] = g[t] * h[t-3] + selu(W @ x[t] + U @ h[t-1] + b)\nloss[t] = huber(h[t], y[t])"
    ),
}
"""Cells whose states or adjoints gain much the same at each of many steps."""


@pytest.mark.parametrize("cell", SETTLED if EXHAUSTIVE else ["a sum of signs"])
def test_what_each_step_rounds_the_same_way_is_no_fault_of_a_file(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = bind(parse(f"x: (d,)\n{SETTLED[cell]}\n"))
    text, (long,) = generate(model, level=0), [each for each in INPUTS if each.steps == 1000]
    exact = measured(load_module(text, "module", model), model, long)
    assert exact is not None
    assert not any(LostDigits.of(exact, long, dtype).detail for dtype in FLOATS)
    short = "grads = {k: g if g.dtype == object else g.astype('f4') for k, g in grads.items()}"
    exact.module = load_module(text + WRAPPED.format(change=short), "module", model)
    assert "is off by" in LostDigits.of(exact, long, "float64").detail
    monkeypatch.setattr(rounding, "STEP", 0)
    exact.module = load_module(text, "module", model)
    assert any(LostDigits.of(exact, long, dtype).detail for dtype in FLOATS)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_unit_is_the_distance_of_neighbouring_floats(dtype: str) -> None:
    module = load_module(generate(bound("linear")), "linear", bound("linear"))
    exact = Exact(module, next(INPUTS[0].calls(bound("linear"))), FULL)
    for value in (1.0, 1.5, 2.0, 3e10, 0.1, 7e-12, 1e-44, 0.0):
        number = exact.domain.number(Fraction(value))
        assert float(exact.spacing(number, dtype)) == np.spacing(np.dtype(dtype).type(value))


def test_what_overflows_or_lies_beyond_is_named() -> None:
    module = load_module(generate(bound("loss_by_hand")), "by hand", bound("loss_by_hand"))
    (row, _) = rounding_rows(module, bound("loss_by_hand"))
    assert row.ok
    assert "badly scaled overflows in loss" in row.figure
    assert LostDigits.of(None, INPUTS[1], "float32").words == "badly scaled beyond float32"


def test_a_file_that_raises_has_no_figures() -> None:
    name = "linear_bias"
    text = generate(bound(name)) + WRAPPED.format(change="raise ValueError")
    for row in rounding_rows(load_module(text, name, bound(name)), bound(name)):
        assert row.ok is None
        assert "at no point" in row.detail


def test_digits_are_lost_in_slopes_that_are_written_in_values() -> None:
    """With a slope that does not cancel nearly all of them are there."""
    model, (spread,) = bound("char_rnn"), [each for each in INPUTS if each.spread]
    text = generate(model, level=0)
    kept = text.replace("np.tanh(a)\n", "np.tanh(a)\n        KEPT[now.start] = a\n")
    kept = kept.replace("(1 - h[now] ** 2)", "(1 / np.cosh(KEPT[now.start]) ** 2)")
    assert kept.count("KEPT") == 2
    units = []
    for each in (text, f"KEPT = {{}}\n{kept}"):
        exact = measured(load_module(each, "module", model), model, spread)
        units.append(LostDigits.of(exact, spread, "float64").units)
    assert units[0] > 1e9
    assert units[1] < 64


def test_saturated_slopes_are_off_beside_themselves_and_not_beside_the_largest() -> None:
    name = "elman"
    module = load_module(generate(bound(name)), name, bound(name))
    saturated = next(inputs for inputs in INPUTS if inputs.words == "saturated")
    loss = LostDigits.of(measured(module, bound(name), saturated), saturated, "float64")
    assert loss.units > 1e12
    assert loss.common < 1e3
