"""No warning and no NaN where the exact result is finite and representable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from symbptt.functions.elementwise import FUNCTIONS, Function
from symbptt.functions.losses import LOSSES
from tests import cells
from tests.modules import BUILT_IN, call, model_of, module_from, module_of
from tests.points import draw
from tests.test_rules import compiled, sympy_form

ENDS = (-1e4, -750.0, -100.0, -30.0, -1.0, -1e-9, 1e-9, 1.0, 30.0, 100.0, 750.0, 1e4)
PUBLIC = [row for row in FUNCTIONS.values() if row.public]


def representable(value: Any) -> bool:
    real = isinstance(value, mpmath.mpf)
    return real and mpmath.isfinite(value) and abs(value) < mpmath.mpf(2) ** 1000


def exact_table(row: Function) -> list[tuple[tuple[float, ...], float, list[float]]]:
    """Arguments, value and derivatives, where all are representable."""
    form = sympy_form(row)
    symbols = [sympy.Symbol(name) for name in row.arguments]
    functions = [compiled(f, row) for f in (form, *(sympy.diff(form, s) for s in symbols))]
    rows = []
    with mpmath.workdps(60):
        # Enough for exp(-1e4) beside 1.
        mpmath.mp.dps = 5000 if row.name in ("sigmoid", "softplus", "log_sigmoid", "silu") else 60
        for end in ENDS:
            point = (end, 1.0, end / 3)[: len(symbols)]
            values = [f(*map(mpmath.mpf, point)) for f in functions]
            if all(map(representable, values)):
                rows.append((point, float(values[0]), [float(v) for v in values[1:]]))
    return rows


@pytest.mark.parametrize("row", PUBLIC, ids=lambda row: row.name)
def test_functions_and_their_derivatives(row: Function) -> None:
    """To a relative 1e-12, or 1e-15 where the result is that small."""
    names = ("x", "z")[: len(row.arguments)]
    shapes = "".join(f"{name}: (d,)\n" for name in names)
    called = f"{row.name}({', '.join(f'{name}[t]' for name in names)})"
    text = f"{shapes}h[t] = {called} * a\nloss[t] = sum(h[t])\n"
    module = module_from(text, wrt_inputs=True)
    table = exact_table(row)
    assert len(table) >= 5
    inputs = {
        name: np.array([[[point[k] for point, _, _ in table]]]) for k, name in enumerate(names)
    }
    params = {"a": np.ones(len(table))}
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        outputs, _ = module.forward(params, inputs)
        _, grads, _ = module.loss_and_grads(params, inputs)
    expected = [value for _, value, _ in table]
    np.testing.assert_allclose(outputs["h"][0, 0], expected, rtol=1e-12, atol=1e-15)
    for k, name in enumerate(names):
        slopes = [derivatives[k] for _, _, derivatives in table]
        np.testing.assert_allclose(grads[name][0, 0], slopes, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("row", PUBLIC, ids=lambda row: row.name)
def test_functions_in_both_precisions(row: Function, dtype: Any) -> None:
    module = module_from(
        f"x: (d,)\nh[t] = {row.name}({', '.join(['W @ x[t]', '0.5 * x[t]'][: len(row.arguments)])})"
        "\nloss[t] = sum(h[t])\n"
    )
    ends = [e for e in ENDS if row.name != "exp" or e < 80]
    ends = [abs(e) for e in ends] if row.name in ("log", "sqrt") else ends
    params = {"W": np.eye(len(ends), dtype=dtype)}
    inputs = {"x": np.array([[ends]], dtype=dtype)}
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        loss, grads, _ = module.loss_and_grads(params, inputs)
    assert np.isfinite(loss)
    assert all(np.all(np.isfinite(array)) for array in grads.values())


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
        "binary_cross_entropy": [2e4 + np.log(2), 1e4, 9999.0 + 5 + np.log1p(np.exp(-5))],
    }[row.name]
    np.testing.assert_allclose(outputs["loss"][:, 0], expected, rtol=1e-6)
    assert loss == pytest.approx(np.mean(expected), rel=1e-6)
    assert all(np.all(np.isfinite(array)) for array in grads.values())


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
