"""The moments of the random estimate against all outcomes of its gates, one by one."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbptt.codegen.render import generate
from symbptt.experiments.tasks import Moments, flat, moments, step_maps
from tests.modules import executed, model_of, module_of
from tests.points import Point, draw

T = 5
PI = 0.6
NAMES = ("char_rnn", "lstm", "lag_two", "lagged_input", "loss_reads_the_past", "lag_three_alone")


def point_of(name: str) -> Point:
    return replace(draw(model_of(name), T=T, B=1), carry_grad=None)


def by_recursion(module: ModuleType, point: Point) -> Moments:
    inputs: Any = point.inputs
    params: Any = point.params
    carry: Any = point.carry
    return moments(step_maps(module, params, inputs, carry), PI)


def by_outcomes(name: str, point: Point) -> Moments:
    """The moments of a random variable with 2^(T-1) values."""
    module = executed(generate(model_of(name), estimator="random:3/5"), name)
    chances, estimates = [], []
    for passes in itertools.product((False, True), repeat=T - 1):
        gates = np.array([1.0, *(p / PI for p in passes)])[:, None]
        _, grads, _ = module.loss_and_grads(point.params, point.inputs, point.carry, gates=gates)
        chances.append(PI ** sum(passes) * (1 - PI) ** (T - 1 - sum(passes)))
        estimates.append(flat(module, grads))
    mean = np.average(estimates, axis=0, weights=chances)
    variance = np.average((np.array(estimates) - mean) ** 2, axis=0, weights=chances)
    return Moments(mean, variance)


@pytest.mark.parametrize("name", NAMES)
def test_the_recursion_gives_the_moments_of_all_outcomes(name: str) -> None:
    point = point_of(name)
    module = module_of(name)
    found, true = by_recursion(module, point), by_outcomes(name, point)
    _, grads, _ = module.loss_and_grads(point.params, point.inputs, point.carry)
    scale = np.abs(true.mean).max()
    np.testing.assert_allclose(found.mean, flat(module, grads), rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(found.mean, true.mean, rtol=0, atol=1e-13 * scale)
    assert true.variance.max() > 0
    np.testing.assert_allclose(
        found.variance, true.variance, rtol=0, atol=1e-12 * true.variance.max()
    )


def test_without_gates_there_is_no_variance() -> None:
    point = point_of("lstm")
    params: Any = point.params
    inputs: Any = point.inputs
    found = moments(step_maps(module_of("lstm"), params, inputs), 1.0)
    np.testing.assert_array_equal(found.variance, 0)


@pytest.mark.parametrize("wrong", ["pi", "square"])
def test_a_planted_error_is_noticed(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """pi + 0.01 in place of pi; the square of the mean left out of the gates' variance."""
    point = point_of("char_rnn")
    true = by_outcomes("char_rnn", point)
    if wrong == "pi":
        right = moments
        found = right(step_maps(module_of("char_rnn"), *arguments(point)), PI + 0.01)
    else:
        monkeypatch.setattr(np, "outer", lambda a, b: np.zeros((len(a), len(b))))
        found = by_recursion(module_of("char_rnn"), point)
    off = np.abs(found.variance - true.variance).max()
    assert off > 1e-6 * true.variance.max()


def arguments(point: Point) -> tuple[Any, Any, Any]:
    return point.params, point.inputs, point.carry
