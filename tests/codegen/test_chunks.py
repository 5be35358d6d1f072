"""Sequences in chunks, of no step, of no valid step, and through one workspace."""

from __future__ import annotations

import copy
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.agreement import assert_same, disagreements
from tests.modules import BUILT_IN, call, model_of, module_from, module_of, steps_argument
from tests.points import Point, draw, sizes

T, B = 5, 3

CHUNKED = (
    *BUILT_IN, "lag_two", "lag_three_alone", "learned_start", "stacked_with_a_way_back",
    "lagged_input", "two_states", "scalar_state", "aliases", "unread_state",
)  # fmt: skip


def chunks(point: Point, cuts: tuple[int, ...]) -> list[Point]:
    edges = (0, *cuts, point.T)
    return [
        replace(
            point,
            T=end - begin,
            inputs={name: array[begin:end] for name, array in point.inputs.items()},
        )
        for begin, end in pairwise(edges)
    ]


@pytest.mark.parametrize("cuts", ((3,), (1, 2), (1, 2, 3, 4)), ids=str)
@pytest.mark.parametrize("name", CHUNKED)
def test_chunks_are_chained_forwards_and_backwards(name: str, cuts: tuple[int, ...]) -> None:
    """Carries handed on, and their gradients handed back, make the whole."""
    module, whole = module_of(name), replace(draw(model_of(name), T=T, B=B), carry=None)
    carry: Any = None
    parts = []
    for part in chunks(whole, cuts):
        parts.append(replace(part, carry=carry))
        _, carry = module.forward(part.params, part.inputs, carry)
    loss: Any = 0.0
    back = {key: T * array for key, array in (whole.carry_grad or {}).items()}
    total = {key: np.zeros_like(array) for key, array in whole.params.items()}
    for part in reversed(parts):
        # F is T times the whole loss's rest; this chunk's own share counts its steps.
        weights = {key: array / part.T for key, array in back.items()}
        value, grads, _ = module.loss_and_grads(
            part.params, part.inputs, part.carry, carry_grad=weights
        )
        loss = loss + value * part.T / T
        back = {key: grads[key] * part.T for key in back}
        for key in total:
            total[key] += grads[key] * part.T / T
    expected = call(module, whole)
    starts = {key: array / T for key, array in back.items()}
    found = replace(expected, loss=loss, grads={**total, **starts}, carry=carry)
    assert disagreements(found, expected, 1e-12) == []


def test_chunks_of_fractions_are_chained_exactly() -> None:
    module, model = module_of("rational"), model_of("rational")
    whole = draw(model, T=3, B=2).exact()
    first, second = chunks(whole, (1,))
    _, carry = module.forward(first.params, first.inputs, first.carry)
    arguments = (second.params, second.inputs, carry)
    half = {key: array * Fraction(3, 2) for key, array in (whole.carry_grad or {}).items()}
    later, grads, _ = module.loss_and_grads(*arguments, carry_grad=half)
    back = {key: grads[key] * 2 for key in whole.carry_grad or {}}
    arguments = (first.params, first.inputs, first.carry)
    earlier, first_grads, _ = module.loss_and_grads(*arguments, carry_grad=back)
    expected = call(module, whole)
    assert (earlier + 2 * later) / 3 == expected.loss
    for key in whole.params:
        total = (first_grads[key] + 2 * grads[key]) / Fraction(3)
        assert np.array_equal(total, expected.grads[key])


@pytest.mark.parametrize("name", (*BUILT_IN, "lag_three_alone", "last_two_steps", "learned_start"))
def test_no_valid_step(name: str) -> None:
    """L is 0, the carry handed in comes back, and so does what flows to it."""
    point = replace(draw(model_of(name), T=2, B=B), lengths=np.zeros(B, dtype=int))
    poisoned = {
        key: np.full_like(array, -100 if array.dtype.kind == "i" else np.nan)
        for key, array in point.inputs.items()
    }
    found = call(module_of(name), replace(point, inputs=poisoned))
    assert found.loss == 0
    for key, array in (point.carry or {}).items():
        np.testing.assert_array_equal(found.carry[key], array)
        np.testing.assert_array_equal(found.grads[key], (point.carry_grad or {})[key])
    assert not any(np.any(found.grads[key]) for key in point.params)


def test_padding_may_run_over() -> None:
    """Run on past the end, the recurrence would overflow; nothing of it is seen."""
    module = module_from("x: (d,)\nh[t] = exp(W @ h[t-1] + U @ x[t])\nloss[t] = sum(h[t])\n")
    params = {"W": np.full((2, 2), 3.0), "U": np.full((2, 3), 0.1)}
    inputs = {"x": np.ones((6, 2, 3))}
    lengths = np.array([2, 1])
    loss, grads, carry = module.loss_and_grads(params, inputs, lengths=lengths)
    short = module.loss_and_grads(params, {"x": inputs["x"][:2]}, lengths=lengths)
    assert np.isfinite(loss) and loss == short[0]
    for key in grads:
        np.testing.assert_array_equal(grads[key], short[1][key])
    np.testing.assert_array_equal(carry["h[0]"], short[2]["h[0]"])


@pytest.mark.parametrize("name", (*BUILT_IN, "lag_three_alone", "last_step", "autonomous"))
def test_a_workspace_changes_no_number(name: str) -> None:
    """Several calls through one workspace, of other values and lengths each."""
    model, module = model_of(name), module_of(name)
    workspace = module.Workspace(sizes(model), 2, B, dtype=np.float64)
    assert workspace.nbytes >= 0
    carry: Any = None
    for seed, lengths in enumerate((None, np.array([2, 0, 1]), None, np.array([0, 0, 2]))):
        drawn = draw(model, T=2, B=B, seed=seed)
        point = replace(drawn, carry=carry or drawn.carry, lengths=lengths)
        expected = call(module, copy.deepcopy(point))
        loss, grads, carry = module.loss_and_grads(
            point.params, point.inputs, point.carry, point.lengths,
            carry_grad=point.carry_grad, workspace=workspace, **steps_argument(module, point),
        )  # fmt: skip
        assert loss == expected.loss
        assert_same(grads, expected.grads)
        assert_same(carry, expected.carry)


@pytest.mark.parametrize("level", (0, 1, 2))
@pytest.mark.parametrize("name", ("lstm", "gru", "lag_two", "lag_three_alone", "scalar_state"))
def test_gradients_are_handed_back_through_one_workspace(name: str, level: int) -> None:
    """What the call before gave goes into the next one as it is, views of the workspace."""
    model, module = model_of(name), module_of(name, False, level)
    whole = draw(model, T=2, B=B)
    workspace = module.Workspace(sizes(model), 2, B, dtype=np.float64)
    back, expected = whole.carry_grad, whole.carry_grad
    for seed in range(3):
        point = draw(model, T=2, B=B, seed=seed)
        arguments = (point.params, point.inputs, point.carry)
        _, fresh, _ = module.loss_and_grads(*arguments, carry_grad=expected)
        _, grads, _ = module.loss_and_grads(*arguments, carry_grad=back, workspace=workspace)
        back = {key: grads[key] for key in back or {}}
        expected = {key: fresh[key] for key in expected or {}}
        for key, array in expected.items():
            np.testing.assert_allclose(back[key], array, rtol=0, atol=1e-12)


def test_a_workspace_of_another_size_is_refused() -> None:
    model, module = model_of("elman"), module_of("elman")
    point = draw(model, T=T, B=B)
    dims = sizes(model)
    for workspace in (
        module.Workspace(dims, T + 1, B, dtype=np.float64),
        module.Workspace(dims, T, B + 1, dtype=np.float64),
        module.Workspace({**dims, "d": dims["d"] + 1}, T, B, dtype=np.float64),
        module.Workspace(dims, T, B),
    ):
        with pytest.raises(ValueError, match="workspace"):
            module.loss_and_grads(point.params, point.inputs, workspace=workspace)
