"""Step Jacobians and their products against differences, and the bounds on them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symbptt.analysis.findings import Bound
from symbptt.analysis.numbers import Numbers
from symbptt.analysis.recurrence import Dynamics
from symbptt.analysis.report import analyze
from symbptt.analysis.sensitivity import Lag, ScaledProduct, at_step, run, sensitivity
from symbptt.errors import AnalysisError
from tests.analysis.subjects import FEW, SUBJECTS, linear, of_text, subject


def last_state(dynamics: Dynamics, numbers: Numbers, carry: Any, t: int) -> Any:
    """The stacked state at T of a run that starts after step t with a carry."""
    for step in range(t + 1, numbers.steps + 1):
        carry = dynamics.advance(numbers.params, at_step(numbers.inputs, step), carry)
    return dynamics.stacked(carry)


def differences(dynamics: Dynamics, numbers: Numbers, carry: Any, t: int) -> Any:
    """ds_T/ds_t by central differences, extrapolated."""
    columns = []
    for block in dynamics.blocks:
        for entry in range(block.size):
            slopes = []
            for width in (2e-3, 1e-3):
                ends = []
                for sign in (1, -1):
                    moved = {key: array.copy() for key, array in carry.items()}
                    moved[block.key].reshape(-1)[entry] += sign * width
                    ends.append(last_state(dynamics, numbers, moved, t))
                slopes.append((ends[0] - ends[1]) / (2 * width))
            columns.append((4 * slopes[1] - slopes[0]) / 3)
    return np.array(columns).T


@pytest.mark.parametrize("name", SUBJECTS)
def test_step_jacobian_against_differences(name: str) -> None:
    dynamics, numbers = subject(name, steps=2)
    carries, _ = run(dynamics, numbers)
    found = dynamics.jacobian(numbers.params, at_step(numbers.inputs, 2), carries[1])
    expected = differences(dynamics, numbers, carries[1], 1)
    np.testing.assert_allclose(found, expected, atol=1e-7 * max(1.0, np.max(np.abs(expected))))


@pytest.mark.parametrize("name", FEW)
def test_norms_by_lag_against_differences_over_all_steps(name: str) -> None:
    dynamics, numbers = subject(name, steps=4)
    carries, _ = run(dynamics, numbers)
    lags = sensitivity(dynamics, numbers).lags
    assert [lag.lag for lag in lags] == [1, 2, 3, 4]
    for lag in lags:
        whole = differences(dynamics, numbers, carries[4 - lag.lag], 4 - lag.lag)
        assert agrees(lag, whole, dynamics)
        assert not agrees(replace(lag, log_norm=lag.log_norm + 1e-3), whole, dynamics)


def agrees(lag: Lag, whole: Any, dynamics: Dynamics) -> bool:
    expected = float(np.linalg.norm(whole, 2))
    by_state = True
    for block in dynamics.blocks:
        if block.step == 0:
            part = np.linalg.norm(whole[block.place, block.place], 2)
            by_state &= abs(10 ** lag.blocks[block.name] - part) <= 1e-6 * max(1, expected)
    return bool(by_state and abs(10**lag.log_norm - expected) <= 1e-6 * max(1.0, expected))


@pytest.mark.parametrize("name", FEW)
def test_norms_by_lag_are_those_of_the_products(name: str) -> None:
    dynamics, numbers = subject(name, steps=6)
    carries, _ = run(dynamics, numbers)
    found = sensitivity(dynamics, numbers)
    product, norms = np.eye(dynamics.size), 1.0
    for lag in found.lags:
        t = 7 - lag.lag
        jacobian = dynamics.jacobian(numbers.params, at_step(numbers.inputs, t), carries[t - 1])
        product = product @ jacobian
        norms *= float(np.linalg.norm(jacobian, 2))
        singular = np.linalg.svd(product, compute_uv=False)
        assert 10**lag.log_norm == pytest.approx(singular[0], rel=1e-9, abs=1e-300)
        assert 10**lag.log_product == pytest.approx(norms, rel=1e-9, abs=1e-300)
        if len(singular) > 1 and singular[0] > 0:
            assert lag.ratio == pytest.approx(singular[1] / singular[0], abs=1e-7)
        assert found.jacobians[t - 1].t == t
        assert found.jacobians[t - 1].norm == pytest.approx(np.linalg.norm(jacobian, 2), rel=1e-9)


def test_the_direction_is_where_gradients_point() -> None:
    dynamics, numbers = subject("elman", steps=6)
    direction = sensitivity(dynamics, numbers).direction
    assert direction is not None
    carries, _ = run(dynamics, numbers)
    product = np.eye(dynamics.size)
    for t in range(6, 0, -1):
        step = dynamics.jacobian(numbers.params, at_step(numbers.inputs, t), carries[t - 1])
        product = product @ step
    left, values, rows = np.linalg.svd(product)
    assert abs(direction.vector @ rows[0]) == pytest.approx(1, rel=1e-9)
    gradient = product.T @ left[:, 0]
    np.testing.assert_allclose(np.abs(gradient), values[0] * np.abs(direction.vector), atol=1e-12)


# --- bounds ----------------------------------------------------------------------------


def violations(lags: tuple[Lag, ...], bound: Bound | None) -> list[int]:
    """The lags at which a norm exceeds a bound by more than rounding."""
    slack = 1e-9
    found = []
    for lag in lags:
        limits = [lag.log_product, *([] if bound is None else [bound.log(lag.lag)])]
        if lag.log_norm > min(limits) + slack:
            found.append(lag.lag)
    return found


BOUNDED = {
    "h[t] = tanh(W @ h[t-1] + U @ x[t] + b)\n": ("tanh", 1.0),
    "h[t] = sigmoid(W @ h[t-1] + U @ x[t] + b)\n": ("sigmoid", 0.25),
    "h[t] = relu(W @ h[t-1] + U @ x[t])\n": ("relu", 1.0),
    "h[t] = gelu(W @ h[t-1] + U @ x[t])\n": ("gelu", 1.1289),
    "h[t] = W @ h[t-1] + U @ x[t] + b\n": (None, 1.0),
    "h[t] = -W.T @ h[t-1] / 2 + U @ x[t]\n": (None, 1.0),
    "A = W - W.T - 0.1 * I\nh[t] = tanh(A @ h[t-1] + U @ x[t])\n": ("tanh", 1.0),
    "h[t] = tanh(P @ Q.T @ h[t-1] + a * h[t-1] + U @ x[t])\n": ("tanh", 1.0),
    "z[t] = W @ h[t-1]\na[t] = z[t] + U @ x[t] * x[t]\nh[t] = tanh(a[t])\n": ("tanh", 1.0),
    "h[t] = tanh(W @ concat(x[t], h[t-1]) + b)\n": ("tanh", 1.0),
    "h[t] = tanh(W @ h[t-1] + sigmoid(U @ x[t]))\n": ("tanh", 1.0),
}
UNBOUNDED = {
    "h[t] = exp(W @ h[t-1])\n",  # the slope of exp has no bound
    "h[t] = h[t-1] + tanh(W @ h[t-1])\n",
    "h[t] = tanh(W @ h[t-1] * h[t-1])\n",
    "h[t] = tanh(W @ h[t-1] + R @ h[t-2])\n",
    "h[t] = tanh(W @ h[t-1]) * a\n",
    "C: (n, n)\nh[t] = C[t] @ h[t-1]\n",
    "g[t] = tanh(W @ h[t-1])\nh[t] = tanh(V @ g[t])\n",
    "c[t] = tanh(W @ c[t-1])\nh[t] = tanh(R @ h[t-1] + c[t])\n",
    "h[t] = tanh((W @ h[t-1]) / (1 + x[t] * x[t]))\n",
}


@pytest.mark.parametrize("text", BOUNDED)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_bound_is_recognised_from_the_structure_and_holds(text: str, seed: int) -> None:
    declared = "x: (h,)\nh: (h,)\n" if "x[t] * x[t]" in text else "x: (d,)\n"
    found = analyze(of_text(text if "x[t]" not in text else declared + text), steps=12, seed=seed,
                    dims={})  # fmt: skip
    function, gamma = BOUNDED[text]
    assert found.bound is not None
    assert found.bound.function == function
    assert found.bound.gamma == pytest.approx(gamma, abs=1e-4)
    assert violations(found.trajectory.lags, found.bound) == []


def test_the_bound_is_sigma_max_of_all_that_acts_on_the_state() -> None:
    rng = np.random.default_rng(0)
    p, q, a = rng.standard_normal((3, 2)), rng.standard_normal((3, 2)), rng.standard_normal(3)
    model = of_text("h[t] = sigmoid(P @ Q.T @ h[t-1] + a * h[t-1])\n")
    found = analyze(model, {"P": p, "Q": q, "a": a}, steps=3).bound
    assert found is not None
    expected = np.linalg.norm(p @ q.T + np.diag(a), 2)
    assert found.sigma_max == pytest.approx(expected, rel=1e-12)
    assert found.factor == pytest.approx(expected / 4, rel=1e-12)
    assert found.log(7) == pytest.approx(7 * math.log10(expected / 4), rel=1e-12)


@pytest.mark.parametrize("text", sorted(UNBOUNDED))
def test_what_is_no_such_structure_has_the_product_of_norms(text: str) -> None:
    declared = "x: scalar\n" if "x[t]" in text else ""
    found = analyze(of_text(declared + text), steps=6, dims={})
    assert found.bound is None
    assert "the bound is the product of its norms" in str(found)


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_bound_is_ever_violated(name: str) -> None:
    dynamics, numbers = subject(name, steps=8)
    assert violations(sensitivity(dynamics, numbers).lags, None) == []


def test_a_wrong_bound_is_violated() -> None:
    model, params = linear([[0.9, 50.0], [0.0, 0.9]])
    found = analyze(model, params, steps=10)
    assert found.bound is not None
    assert violations(found.trajectory.lags, found.bound) == []
    by_radius = replace(found.bound, sigma_max=0.9)  # what the eigenvalues alone would say
    assert violations(found.trajectory.lags, by_radius) == list(range(1, 11))
    by_norm = replace(found.bound, gamma=0.25)
    assert violations(found.trajectory.lags, by_norm)


def test_the_bound_is_sharp_for_a_scaled_rotation() -> None:
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    found = analyze(linear(turn)[0], {"W": 0.5 * turn}, steps=20)
    assert found.bound is not None
    for lag in found.trajectory.lags:
        assert lag.log_norm == pytest.approx(lag.lag * math.log10(0.5), rel=1e-12)
        assert found.bound.log(lag.lag) == pytest.approx(lag.log_norm, rel=1e-12)


# --- what vanishes and what explodes -----------------------------------------------------


@pytest.mark.parametrize(
    ("value", "vanishes", "explodes"),
    [(0.5, 10, None), (-0.5, 10, None), (2.0, None, 10), (-2.0, None, 10), (-1.0, None, None)],
)
def test_where_it_vanishes_or_explodes(
    value: float, vanishes: int | None, explodes: int | None
) -> None:
    model, params = linear([[value]])
    found = analyze(model, params, steps=30)
    assert (found.vanishes_from, found.explodes_from) == (vanishes, explodes)
    assert 10**found.log_rate == pytest.approx(abs(value), rel=1e-12)


def test_a_non_normal_recurrence_grows_before_it_vanishes() -> None:
    model, params = linear([[0.9, 50.0], [0.0, 0.9]])
    found = analyze(model, params, steps=200)
    assert found.vanishes_from is not None and found.vanishes_from > 100
    norms = [10**lag.log_norm for lag in found.trajectory.lags]
    assert round(norms[9]) == 194
    assert max(norms) > 193
    assert "after growing to" in str(found)


def test_norms_far_outside_the_range_of_floats() -> None:
    for value in (2.0, 0.5, -8.0):
        model, params = linear(np.diag([value, value / 4]))
        params["h[0]"] = np.zeros(2)
        lags = analyze(model, params, steps=1500).trajectory.lags
        assert lags[-1].log_norm == pytest.approx(1500 * math.log10(abs(value)), rel=1e-12)
        assert lags[0].ratio == pytest.approx(0.25)
    found = analyze(linear([[0.0]])[0], {"W": np.zeros((2, 2))}, steps=3)
    assert found.trajectory.lags[2].log_norm == -math.inf
    assert found.trajectory.direction is None
    assert found.vanishes_from == 1


def test_a_state_that_overflows_ends_the_trajectory() -> None:
    model, params = linear([[1e100]])
    params["h[0]"] = np.ones(1)
    found = analyze(model, params, steps=50)
    assert (found.trajectory.steps, found.trajectory.overflow) == (3, 4)
    assert "at step 4 the state is not finite" in str(found)
    with pytest.raises(AnalysisError, match="first step"):
        analyze(model, {"W": np.array([[1e300]]), "h[0]": np.array([1e300])}, steps=5)


def test_a_recurrence_of_one_direction_says_so() -> None:
    model, params = linear(np.diag([0.9, 0.27]))
    found = analyze(model, params, steps=5)
    assert found.aligned_from == 4
    assert (
        analyze(linear(np.diag([0.9, 0.9]))[0], {"W": 0.9 * np.eye(2)}, steps=5).aligned_from
        is None
    )


def test_a_product_keeps_its_scale() -> None:
    product = ScaledProduct(2)
    for _ in range(400):
        product.extend(np.array([[1e5, 0.0], [0.0, 1e-5]]))
    assert product.log10(float(np.max(product.matrix))) == pytest.approx(2000, rel=1e-12)
