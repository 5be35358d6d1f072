"""Real-time recurrent learning: the same module interface, the same numbers to rounding."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from functools import cache
from types import ModuleType

import numpy as np
import pytest

from symbptt import bind, derive, generate
from symbptt.codegen.modes import MODES
from symbptt.errors import OptionError, UnknownNameError
from symbptt.language.parser import parse
from tests import cells
from tests.agreement import disagreements
from tests.modules import BUILT_IN, EXHAUSTIVE, RANDOM, call, executed, model_of, module_of
from tests.points import Point, draw

TURNED = ("covariance",)
"""What transposes a matrix a step, whose Jacobian reorders entries."""
CELLS = tuple(name for name in cells.NAMES if name not in TURNED)
NAMES = (*BUILT_IN, *CELLS, *(RANDOM if EXHAUSTIVE else RANDOM[::25]))
RAGGED = np.array([2, 5, 0])


@cache
def forward_module(name: str) -> ModuleType:
    return executed(generate(model_of(name), bind=cells.BINDINGS.get(name), mode="forward"), name)


@pytest.mark.parametrize("name", NAMES)
def test_both_modes_agree_on_ragged_sequences(name: str) -> None:
    point = replace(draw(model_of(name), T=5, B=3), lengths=RAGGED)
    agree(name, point)


@pytest.mark.parametrize("name", TURNED)
def test_a_jacobian_that_reorders_entries_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match="reorders the entries of a matrix that is transposed"):
        forward_module(name)


@pytest.mark.parametrize("name", ["lstm", "lag_two", "lagged_input", "learned_start", "last_step"])
def test_both_modes_agree_from_the_models_own_start_and_without_what_follows(name: str) -> None:
    point = draw(model_of(name), T=4, B=2)
    agree(name, point)
    agree(name, replace(point, carry=None))
    agree(name, replace(point, carry_grad=None))
    agree(name, replace(point, lengths=np.array([1, 4]), carry=None, carry_grad=None))
    agree(name, replace(point, lengths=np.array([0, 0])))


def agree(name: str, point: Point) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, expected = call(forward_module(name), point), call(module_of(name, level=0), point)
    assert found.grads.keys() == expected.grads.keys()
    for key, array in expected.grads.items():
        assert found.grads[key].shape == array.shape
        assert found.grads[key].dtype == array.dtype
    assert disagreements(found, expected, 1e-10) == []


@pytest.mark.parametrize("name", cells.RATIONAL)
def test_objects_are_exact(name: str) -> None:
    point = replace(draw(model_of(name), T=4, B=3), lengths=np.array([2, 0, 4])).exact()
    found, expected = call(forward_module(name), point), call(module_of(name, level=0), point)
    assert found.loss == expected.loss
    for key, array in expected.grads.items():
        assert np.array_equal(found.grads[key], array)


def test_single_precision_stays_single() -> None:
    point = draw(model_of("elman"), T=4, B=2).floats(np.float32)
    found = call(forward_module("elman"), point)
    assert {array.dtype for array in found.grads.values()} == {np.dtype(np.float32)}


def test_a_workspace_is_accepted() -> None:
    module = forward_module("linear")
    point = draw(model_of("linear"), T=4, B=2)
    workspace = module.Workspace(point.dims, 4, 2, np.float64)
    _, grads, _ = module.loss_and_grads(point.params, point.inputs, workspace=workspace)
    _, expected, _ = module.loss_and_grads(point.params, point.inputs)
    for key, array in expected.items():
        assert np.array_equal(grads[key], array)


# --- the text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["linear", "lstm", "lag_two"])
def test_every_statement_cites_its_step(name: str) -> None:
    model = model_of(name)
    text = generate(model, mode="forward")
    cited = {int(number) for number in re.findall(r"# \((\d+)\)", body_of(text))}
    sensitivities = derive(bind(model), form="sensitivity").of_kind(
        "sensitivity", "start", "gradient"
    )
    assert {step.number for step in sensitivities} <= cited
    assert "real-time recurrent learning" in text.partition("\n")[0]
    assert "backpropagation" not in text


def body_of(text: str) -> str:
    return text.partition("def _sensitivities")[2].partition("\n\n\n")[0]


@pytest.mark.parametrize("name", [*BUILT_IN, "stacked_with_a_way_back", "more_awkward_names"])
def test_lines_are_short_and_the_header_makes_it_again(name: str) -> None:
    text = generate(model_of(name), mode="forward")
    assert max(map(len, body_of(text).splitlines())) <= 88
    assert f"symbptt generate {name} --mode forward" in text


def test_what_the_mode_has_not_is_refused_by_name() -> None:
    model = model_of("linear")
    with pytest.raises(
        UnknownNameError, match="no mode is called 'sideways'; expected one of: reverse, for"
    ):
        generate(model, mode="sideways")
    with pytest.raises(OptionError, match="no gradients by inputs"):
        generate(model, mode="forward", wrt_inputs=True)
    with pytest.raises(OptionError, match="-O2 can't be combined with --mode forward, which has -"):
        generate(model, mode="forward", level=2)
    with pytest.raises(OptionError, match="no module computes the form expanded"):
        generate(derive(model_of("rational"), form="expanded"))


def test_a_derivation_is_lowered_in_the_mode_of_its_form() -> None:
    for mode in MODES.values():
        text = generate(derive(model_of("rational"), form=mode.form), level=0)
        assert f"def {mode.function}(" in text


def test_a_long_line_is_cut_where_its_pieces_are_printed() -> None:
    """A Kronecker product of something long, and of a long dimension."""
    text = "h[t] = tanh(P @ E[tokens[t]] + W @ h[t-1])\nloss[t] = dot(h[t], h[t])\n"
    for length in ("n", "ArithmeticError", "a_dimension_of_many_letters"):
        model = parse(f"tokens: index\nE: (k, {length})\n{text}", "long")
        point = draw(model, T=3, B=2)
        found, expected = (
            call(executed(generate(model, mode=mode, level=0), "long"), point)
            for mode in ("forward", "reverse")
        )
        assert disagreements(found, expected) == []
