"""No warning and no NaN where the exact result is finite and representable."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from symbptt.codegen.render import generate
from symbptt.functions.elementwise import FUNCTIONS, Function
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS
from symbptt.language.parser import parse
from symbptt.proof.domain import Precise
from symbptt.proof.evaluate import vector_value
from tests import cells
from tests.modules import BUILT_IN, call, executed, model_of, module_from, module_of
from tests.points import draw
from tests.test_rules import compiled, sympy_form

PUBLIC = [row for row in FUNCTIONS.values() if row.public]
ENDS = (
    1e-9, 1e-4, 0.1, 0.5, 0.9, 1.0, 1.1, 1.3, 2.0, 3.0, 5.0, 8.0, 10.0, 13.0, 15.0, 17.0, 20.0,
    30.0, 37.0, 50.0, 80.0, 88.0, 100.0, 300.0, 700.0, 745.0, 1e4, 1e8, 1e16,
)  # fmt: skip
ONLY_POSITIVE = ("log", "sqrt")
TIMES_A_SIGMOID = ("silu", "mish")
DIGITS = 400
"""Enough for the smallest float beside 1."""


def arguments(row: Function, dtype: Any) -> Any:
    """The whole range of a float, of both signs; a pair where the function takes two."""
    info = np.finfo(dtype)
    small, large = float(info.tiny), float(info.max) / 32
    ends = sorted({*ENDS, *np.geomspace(small, 1e-9, 9), *np.geomspace(1e16, large, 12)})
    ends = [end for end in ends if small <= end <= large]
    signed = ends if row.name in ONLY_POSITIVE else [*(-end for end in reversed(ends)), *ends]
    array = np.array(signed, dtype)
    return np.array([array, np.roll(array, 1) / 3][: len(row.arguments)], dtype)


@cache
def exact_table(name: str, dtype: Any) -> Any:
    """Arguments, value and slopes, a row a point, where all are representable."""
    row = FUNCTIONS[name]
    form = sympy_form(row)
    symbols = [sympy.Symbol(each) for each in row.arguments]
    functions = [compiled(f, row) for f in (form, *(sympy.diff(form, s) for s in symbols))]
    largest = mpmath.mpf(float(np.finfo(dtype).max))
    rows = []
    with mpmath.workdps(DIGITS):
        for point in arguments(row, dtype).T:
            try:
                values = [f(*map(mpmath.mpf, map(float, point))) for f in functions]
            except ZeroDivisionError:  # at a pole
                continue
            if all(isinstance(v, mpmath.mpf) and abs(v) <= largest for v in values):
                rows.append([*map(float, point), *map(float, values)])
    return np.array(rows)


@cache
def applied(name: str, level: int) -> Any:
    """A module whose carry is a function's value, and whose gradient is its slopes."""
    names = ("x", "z")[: len(FUNCTIONS[name].arguments)]
    shapes = "".join(f"{each}: (d,)\n" for each in names)
    called = f"{name}({', '.join(f'{each}[t]' for each in names)})"
    text = f"{shapes}h[t] = {called}\nread_by_nobody[t] = 2 * h[t-1]\nloss[t] = sum(h[t])\n"
    return executed(generate(parse(text, name), wrt_inputs=True, level=level), name)


@pytest.mark.parametrize("level", (0, 2))
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("row", PUBLIC, ids=lambda row: row.name)
def test_functions_and_their_slopes_over_the_whole_range(
    row: Function, dtype: Any, level: int
) -> None:
    """To some units in the last place of the result, or of 1 where it is smaller."""
    table, count = exact_table(row.name, dtype), len(row.arguments)
    assert len(table) >= 20
    names = ("x", "z")[:count]
    inputs = {name: table[None, None, :, k].astype(dtype) for k, name in enumerate(names)}
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        _, grads, carry = applied(row.name, level).loss_and_grads({}, inputs)
    least = np.full(len(table), 4 * float(np.finfo(dtype).eps))
    if level == 2 and row.name in TIMES_A_SIGMOID:
        least = np.maximum(least, off_by_a_tanh(table[:, 0], dtype))
    within(least, inputs, carry["h[0]"][0], table[:, count])
    for k, name in enumerate(names):
        within(least, inputs, grads[name][0, 0], table[:, count + 1 + k])


def off_by_a_tanh(x: Any, dtype: Any) -> Any:
    """What x and 1 + x make of the error of a sigmoid that comes of one tanh.

    Floats just above -1 are eps/2 apart, so that the sigmoid is off by eps/8 where tanh is
    rounded perfectly: 1e-15 can't be reached from x = -32 to -38, where it is no longer 0.
    """
    return (1 + np.abs(x)) * np.minimum(np.finfo(dtype).eps / 7, np.exp(-np.abs(x)))


def within(least: Any, inputs: Any, found: Any, expected: Any) -> None:
    assert found.dtype == inputs["x"].dtype
    off = np.abs(found.astype(float) - expected) > 8 * least * np.abs(expected) + least
    at = {name: array[0, 0, off] for name, array in inputs.items()}
    assert not off.any(), (at, found[off], expected[off])


LOGITS = np.array([[[1e4, -1e4, 0.0]], [[-1e4, -1e4, -1e4]], [[1e4, 9999.0, 5.0]]])


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("row", LOSSES.values(), ids=lambda row: row.name)
def test_losses_of_large_logits(row: Any, dtype: Any) -> None:
    module = module_from(f"x: (q,)\no[t] = a * x[t]\nloss[t] = {row.name}(o[t], y[t])\n")
    labels = np.array([[1], [2], [0]])
    one_hot = np.eye(3)[labels]
    inputs = {"x": LOGITS.astype(dtype), "y": labels if row.index_target else one_hot}
    params = {"a": np.ones(3, dtype)}
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        loss, grads, _ = module.loss_and_grads(params, inputs)
        outputs, _ = module.forward(params, inputs)
    expected = {
        "softmax_cross_entropy": [2e4, np.log(3), np.log1p(np.exp(-1))],
        "squared_error": [np.sum((x - y) ** 2) / 2 for x, y in zip(LOGITS, one_hot, strict=True)],
        "absolute_error": [np.sum(np.abs(x - y)) for x, y in zip(LOGITS, one_hot, strict=True)],
        "huber": [2e4, 3e4 - 0.5, 1e4 + 9999 + 5 - 2.5],
        "binary_cross_entropy": [2e4 + np.log(2), 1e4, 9999.0 + 5 + np.log1p(np.exp(-5))],
    }.get(row.name, outputs["loss"][:, 0])  # of a loss that is new: that it has a value
    np.testing.assert_allclose(outputs["loss"][:, 0], expected, rtol=1e-6)
    assert np.all(np.isfinite(expected))
    assert loss == pytest.approx(np.mean(expected), rel=1e-6)
    assert all(np.all(np.isfinite(array)) for array in grads.values())


FAR_APART: dict[str, tuple[str, Any, float, float]] = {
    "softmax": ("sum(softmax(o[t]) * y[t])", (0, 1, 0), 0, 0),
    "logsumexp": ("logsumexp(o[t] / 2)", None, 0, 0.5),
    "log_softmax": ("sum(log_softmax(o[t] / 2) * y[t])", (0, 1, 0), 0, -1.45),
    "softmax_cross_entropy": ("softmax_cross_entropy(o[t], y[t])", 0, 0, 0),
    "binary_cross_entropy": ("binary_cross_entropy(o[t], y[t])", (1, 0, 1), np.log(2), 0),
    "absolute_error": ("absolute_error(o[t] / 8, y[t])", (0, 0, 0), 0, 3 / 8),
    "huber": ("huber(o[t] / 8, y[t])", (0, 0, 0), 0, 3 / 8),
}
"""A loss, its target, its value at logits (1, -1.9, 1/10) m, 2 m the largest number: so much
plus so many times m."""


@pytest.mark.parametrize("level", (0, 1, 2))
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("name", FAR_APART)
def test_logits_at_the_ends_of_the_range(name: str, dtype: Any, level: int) -> None:
    """Further apart than any number is large, they give no warning where the result is one."""
    formula, target, small, large = FAR_APART[name]
    text = f"x: (q,)\no[t] = a * x[t]\nloss[t] = {formula}\n"
    module = executed(generate(parse(text, name), level=level), name)
    far = float(np.finfo(dtype).max) / 2
    inputs: Any = {"x": np.array([[[far, -1.9 * far, far / 10]]], dtype)}
    if name == "binary_cross_entropy":
        inputs["x"][..., 2] = 0
    if target is not None:
        inputs["y"] = np.array([[target]])
    params = {"a": np.ones(3, dtype)}
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        loss, grads, _ = module.loss_and_grads(params, inputs)
        outputs, _ = module.forward(params, inputs)
    assert loss == pytest.approx(small + large * far, rel=1e-6, abs=1e-6)
    assert loss == pytest.approx(outputs["loss"].item(), rel=1e-6)
    assert not np.isnan(grads["a"]).any()


VECTORS_OF_ALL_SIZES = [
    [scale * entry for entry in entries]
    for scale in (1.0, 30.0, 1e4)
    for entries in ([0.5, -1.0, 1e-3], [1.0, 1.0, 1.0], [-1.0, -0.9, -1.0])
]
LENGTHS = [[scale * e for e in (3.0, -4.0, 12.0)] for scale in (1e-37, 1e-20, 1e20, 2e37)]


@pytest.mark.parametrize("level", (0, 2))
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("name", VECTORS)
def test_functions_of_vectors_and_their_slopes(name: str, dtype: Any, level: int) -> None:
    """Against the definition and the adjoint in many digits; norms of the longest vectors too."""
    row = VECTORS[name]
    drawn = VECTORS_OF_ALL_SIZES + (LENGTHS if name in ("sum", "mean", "norm") else [])
    arrays = np.array(drawn, dtype)
    names = ("x", "z")[: len(row.arguments)]
    called = f"{name}({', '.join(f'{each}[t]' for each in names)})"
    text = f"x: (d,)\nh[t] = {called}\nread[t] = 2 * h[t-1]\nloss[t] = sum(h[t] * x[t] / x[t])\n"
    if row.like is None:
        text = text.replace("sum(h[t] * x[t] / x[t])", "h[t]")
    module = executed(generate(parse(text, name), wrt_inputs=True, level=level), name)
    least = 40 * float(np.finfo(dtype).eps)
    for array in arrays:
        inputs = {each: array[None, None] for each in names}
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            _, grads, carry = module.loss_and_grads({}, inputs)
        domain = Precise(60)
        exact = np.array([domain.context.mpf(float(entry)) for entry in array], dtype=object)
        with np.errstate(over="ignore"):  # inside of mpmath
            value = np.array(vector_value(name, [exact] * len(names), domain)).astype(float)
        np.testing.assert_allclose(carry["h[0]"][0], value, rtol=least, atol=least)
        assert grads["x"].dtype == dtype
        assert np.all(np.isfinite(grads["x"]))
        if name == "norm":
            np.testing.assert_allclose(grads["x"][0, 0], (exact / value).astype(float), rtol=least)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("name", (*BUILT_IN, "peephole_lstm", "attention_inside", "binary"))
def test_saturated_gates_and_large_logits(name: str, dtype: Any) -> None:
    model = model_of(name)
    point = draw(model, T=4, B=3)
    scale = 30.0 if name.startswith("linear") else 1e4
    params = {key: (scale * array).astype(dtype) for key, array in point.params.items()}
    assert name in BUILT_IN or name in cells.NAMES
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        found = call(module_of(name), replace(point, params=params))
    assert np.isfinite(found.loss)
    for arrays in (found.grads, found.carry, found.outputs):
        assert all(np.all(np.isfinite(array)) for array in arrays.values())
