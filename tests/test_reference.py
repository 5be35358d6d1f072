"""The reference against finite differences, exact numbers and a second library."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symbptt.algebra import Model
from symbptt.language import library
from tests import cells
from tests.agreement import disagreements
from tests.backends import Exact, Hips
from tests.grammar import random_model
from tests.points import Point, draw
from tests.reference import Result, Run, loss_and_grads

# A sequence of full length, one without a step, one that ends early.
RAGGED = np.array([4, 0, 2])

BUILT_IN = library.runnable()


def model_of(name: str) -> Model:
    return library.load(name) if name in BUILT_IN else cells.cell(name)


def point_of(model: Model) -> Point:
    point = draw(model, T=4)
    return replace(point, lengths=RAGGED, bind=cells.BINDINGS.get(model.name))


def by_differences(model: Model, point: Point, result: Result) -> Result:
    """One entry of every variable, the one with the largest gradient, by differences."""
    grads: dict[str, Any] = {}
    carry = dict(point.carry or {})
    variables = {**point.params, **point.inputs, **carry}
    for name, gradient in result.grads.items():
        entry = np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)
        grads[name] = np.array(gradient)

        def at(shift: float, name: str = name, entry: Any = entry) -> Any:
            moved = {**variables, name: np.array(variables[name], dtype=float)}
            moved[name][entry] += shift
            return Run(model, point, Hips(), moved).objective()

        steps = (1e-3, 5e-4)
        coarse, fine = ((at(e) - at(-e)) / (2 * e) for e in steps)
        grads[name][entry] = (4 * fine - coarse) / 3
    return replace(result, grads=grads)


@pytest.mark.parametrize("name", (*BUILT_IN, *cells.NAMES))
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    model = model_of(name)
    point = point_of(model)
    result = loss_and_grads(model, point)
    assert any(np.any(gradient) for gradient in result.grads.values())
    assert not disagreements(by_differences(model, point, result), result, 1e-7)


@pytest.mark.parametrize("name", cells.RATIONAL)
def test_gradients_are_those_of_exact_numbers(name: str) -> None:
    model = model_of(name)
    point = draw(model, T=3, B=2).exact()
    exact = loss_and_grads(model, point, Exact())
    assert not disagreements(loss_and_grads(model, point.floats()), exact, 1e-12)


@pytest.mark.parametrize("name", (*BUILT_IN, *cells.NAMES))
def test_gradients_are_those_of_torch(name: str) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from tests.backend_torch import Torch

    model = model_of(name)
    point = point_of(model)
    expected = loss_and_grads(model, point, Torch())
    assert not disagreements(loss_and_grads(model, point), expected, 1e-10)


def test_a_learned_start_gets_the_gradient_that_its_value_gets() -> None:
    model = cells.cell("learned_start")
    point = replace(draw(model), carry=None, carry_grad=None)
    grads = loss_and_grads(model, point).grads
    np.testing.assert_allclose(grads["h_init"], grads["h[0]"].sum(axis=0), rtol=1e-12)
    given = loss_and_grads(model, replace(point, carry=draw(model).carry)).grads
    assert not np.any(given["h_init"])
    assert np.any(given["h[0]"])


def test_random_models_are_all_different() -> None:
    assert len({random_model(seed) for seed in range(200)}) == 200
    assert random_model(7) == random_model(7)
