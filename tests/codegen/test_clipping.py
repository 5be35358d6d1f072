"""Clipping of gradients by their global norm."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from tests.agreement import assert_same
from tests.modules import model_of, module_of
from tests.points import draw

T, B = 5, 3


def gradients(scale: float, dtype: Any = np.float64) -> dict[str, Any]:
    model = model_of("elman")
    rng = np.random.default_rng(3)
    point = draw(model, T=T, B=B)
    grads = {key: scale * rng.normal(size=a.shape) for key, a in point.params.items()}
    grads["h[0]"] = scale * rng.normal(size=(B, 4))
    return {key: array.astype(dtype) for key, array in grads.items()}


def norm_of(grads: dict[str, Any]) -> float:
    """The global norm over the parameters, by a scale that avoids overflow."""
    params = module_of("elman").PARAMS
    largest = max(np.max(np.abs(grads[key])) for key in params)
    if largest == 0:
        return 0.0
    scaled = [(np.asarray(grads[key], float) / float(largest)) ** 2 for key in params]
    return float(largest) * float(np.sqrt(sum(np.sum(s) for s in scaled)))


@pytest.mark.parametrize(
    ("scale", "dtype"),
    [(1.0, np.float64), (1e-3, np.float64), (1e200, np.float64), (1e-200, np.float64),
     (1.0, np.float32), (1e30, np.float32), (1e-30, np.float32)],
)  # fmt: skip
def test_clipping(scale: float, dtype: Any) -> None:
    clip = module_of("elman").clip_gradients
    grads = gradients(scale, dtype)
    before = copy.deepcopy(grads)
    identities = {key: id(array) for key, array in grads.items()}
    norm = norm_of(before)
    tolerance = 1e-12 if dtype is np.float64 else 1e-5
    assert clip(grads, 2 * norm) == pytest.approx(norm, rel=tolerance)
    assert_same(grads, before)
    assert clip(grads, norm / 3) == pytest.approx(norm, rel=tolerance)
    assert norm_of(grads) == pytest.approx(norm / 3, rel=tolerance)
    assert {key: id(array) for key, array in grads.items()} == identities
    np.testing.assert_array_equal(grads["h[0]"], before["h[0]"])
    ratio = grads["W_hh"] / before["W_hh"]
    np.testing.assert_allclose(ratio, 1 / 3, rtol=10 * tolerance)


@pytest.mark.parametrize("value", (np.nan, np.inf, -np.inf))
def test_clipping_leaves_a_norm_that_is_not_finite(value: float) -> None:
    grads = gradients(1.0)
    grads["b_h"][0] = value
    before = copy.deepcopy(grads)
    assert not np.isfinite(module_of("elman").clip_gradients(grads, 1.0))
    assert_same(grads, before)


def test_clipping_leaves_a_norm_past_the_range_of_floats() -> None:
    grads = gradients(0.0)
    grads["W_hh"][:] = 1.7e308
    before = copy.deepcopy(grads)
    assert module_of("elman").clip_gradients(grads, 1.0) == np.inf
    assert_same(grads, before)


@pytest.mark.parametrize("value", (np.nan, np.inf))
@pytest.mark.parametrize("key", ("W_xh", "b_y"))
def test_one_entry_that_is_not_finite_is_noticed_among_zeros(key: str, value: float) -> None:
    grads = gradients(0.0)
    grads[key].flat[0] = value
    assert not np.isfinite(module_of("elman").clip_gradients(grads, 1.0))


def test_clipping_keeps_the_direction_and_only_shortens() -> None:
    """g <- min(1, theta/||g||) g, as seed 004 has it."""
    for theta in (0.01, 1.0, 100.0, 1e6):
        grads = gradients(1.0)
        before = copy.deepcopy(grads)
        norm = module_of("elman").clip_gradients(grads, theta)
        for name in module_of("elman").PARAMS:
            np.testing.assert_allclose(grads[name], min(1, theta / norm) * before[name], rtol=1e-14)


def test_clipping_leaves_zero() -> None:
    grads = gradients(0.0)
    assert module_of("elman").clip_gradients(grads, 1.0) == 0
    assert not any(np.any(array) for array in grads.values())


@pytest.mark.parametrize("theta", (0, -1.0, np.nan))
def test_clipping_refuses_a_threshold_that_is_not_positive(theta: float) -> None:
    grads = gradients(1.0)
    before = copy.deepcopy(grads)
    with pytest.raises(ValueError, match="theta"):
        module_of("elman").clip_gradients(grads, theta)
    assert_same(grads, before)
