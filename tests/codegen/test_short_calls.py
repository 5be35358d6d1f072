"""Calls of few steps or none, of no sequence, of dimensions without entries."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbptt.calculus.estimators import read_estimator
from symbptt.codegen.render import generate
from tests import cells
from tests.agreement import disagreements
from tests.codegen.test_estimators import DEFINITIONS, gates_argument
from tests.modules import executed, model_of, steps_argument
from tests.points import Point, draw, sizes
from tests.reference import Result

NAMES = (
    "elman", "char_rnn", "lstm", "lag_two", "lag_five", "lagged_input", "last_step",
    "last_two_steps", "no_recurrence", "no_recurrence_at_the_end", "matrix_input",
    "scalar_state", "layer_norm", "learned_start", "loss_reads_the_past", "min_gru",
)  # fmt: skip
LAGGED = ("lag_two", "lag_three_alone", "lag_five", "lagged_input", "last_two_steps", "stacked")

VARIANTS: dict[str, dict[str, Any]] = {
    **{f"-O{level}": {"level": level} for level in (0, 1, 2)},
    "forward mode": {"mode": "forward"},
    "checkpoints": {"level": 2, "checkpoint": "auto"},
    "checkpoints of two steps": {"level": 1, "checkpoint": 2},
    **{
        f"{estimator} at -O{level}": {"level": level, "estimator": estimator}
        for estimator in ("window:2", "chunk:2", "chunk:1", "random:1/2")
        for level in (0, 2)
    },
}


@cache
def module_of_variant(name: str, words: str) -> ModuleType:
    variant = VARIANTS[words]
    wrt_inputs = "mode" not in variant
    bind = cells.BINDINGS.get(name)
    return executed(generate(model_of(name), bind=bind, wrt_inputs=wrt_inputs, **variant), name)


def results(module: Any, point: Point) -> list[Result]:
    """Without a workspace, and twice with one; a warning is an error."""
    workspace = module.Workspace(point.dims, point.T, point.B, np.float64)
    arguments = (point.params, point.inputs, point.carry, point.lengths)
    more = {**steps_argument(module, point), **gates_argument(module, point)}
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for each in (None, workspace, workspace):
            loss, grads, carry = module.loss_and_grads(
                *arguments, carry_grad=point.carry_grad, workspace=each, **more
            )
            outputs, _ = module.forward(*arguments, **steps_argument(module, point))
            found.append(Result(loss, grads, carry, outputs))
    return found


@pytest.mark.parametrize("words", VARIANTS)
@pytest.mark.parametrize("name", LAGGED)
def test_there_may_be_fewer_steps_than_the_longest_lag(name: str, words: str) -> None:
    module, model = module_of_variant(name, words), model_of(name)
    estimator = read_estimator(VARIANTS[words].get("estimator", "full"))
    for T in (1, 2, 3, 6):
        for lengths in (None, np.array([T, 0, T // 2])):
            point = replace(draw(model, T=T, B=3, seed=T), lengths=lengths)
            expected = DEFINITIONS[estimator.kind](model, point, estimator.tau)
            for found in results(module, point):
                assert disagreements(found, expected) == [], (T, lengths)


@pytest.mark.parametrize("words", VARIANTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_call_without_rows_is_a_call_like_any_other(name: str, words: str) -> None:
    """Its loss and gradients are 0; what is carried goes through, and so does its gradient."""
    module, model = module_of_variant(name, words), model_of(name)
    for T, B in ((0, 0), (0, 2), (1, 0), (3, 0)):
        for lengths in (None, np.zeros(B, int)):
            point = replace(draw(model, T=T, B=B), lengths=lengths)
            for found in results(module, point):
                assert found.loss == 0.0
                gone = {key: 0 * array for key, array in {**point.params, **point.inputs}.items()}
                through = {**gone, **(point.carry_grad or {})}
                for key, array in found.grads.items():
                    np.testing.assert_array_equal(array, through[key], err_msg=key)
                for key, array in (point.carry or {}).items():
                    np.testing.assert_array_equal(found.carry[key], array, err_msg=key)
                for key, array in found.outputs.items():
                    assert array.shape[:2] == (T, B) or array.shape == (B,), key
                    assert not array.any()


@pytest.mark.parametrize("words", VARIANTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_dimension_without_entries_is_refused_by_name(name: str, words: str) -> None:
    module: Any = module_of_variant(name, words)
    model = model_of(name)
    for dim in model.dims:
        dims = {**sizes(model), dim: 0}
        expected = rf"dims: expected lengths >= 1.*{dim}'?: 0"
        with pytest.raises(ValueError, match=expected):
            module.init_params(dims)
        with pytest.raises(ValueError, match=expected):
            module.Workspace(dims, 3, 2)
        if any(dim == i.index_dim for i in model.inputs):
            # An index into it is out of range, which is found first or not.
            continue
        empty = draw(model, T=3, B=2, dims=dims)
        with pytest.raises(ValueError, match=expected):
            module.loss_and_grads(
                empty.params, empty.inputs, empty.carry, **gates_argument(module, empty),
                **steps_argument(module, empty),
            )  # fmt: skip


def test_a_workspace_has_no_fewer_steps_than_none() -> None:
    module: Any = module_of_variant("elman", "-O2")
    for T, B in ((-1, 2), (2, -1)):
        with pytest.raises(ValueError, match="T, B >= 0, found"):
            module.Workspace(sizes(model_of("elman")), T, B)
