"""What a generated module promises beside its numbers."""

from __future__ import annotations

import ast
import copy
import sys
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symbptt.codegen.render import generate
from tests import cells
from tests.agreement import assert_same, disagreements
from tests.backends import Exact
from tests.modules import BUILT_IN, call, model_of, module_from, module_of
from tests.points import Point, draw, sizes
from tests.reference import loss_and_grads

T, B = 5, 3
RAGGED = np.array([T, 0, 2])

MIXED = """\
x: (d,)
tok: index
h[0] = h_init
h[t] = tanh(W @ h[t-1] + U @ x[t] + E[tok[t]] + zeta * h[t-2])
zeta: scalar
o[t] = V @ h[t]     # logits
loss[t] = softmax_cross_entropy(o[t], y[t])
"""


@pytest.fixture(scope="module")
def mixed() -> Any:
    return module_from(MIXED)


@pytest.fixture
def point() -> Point:
    from symbptt.language.parser import parse

    return replace(draw(parse(MIXED, "model"), T=T, B=B), lengths=RAGGED)


# --- tables ------------------------------------------------------------------------------


def test_tables(mixed: Any) -> None:
    assert mixed.MODEL == "model"
    assert mixed.EQUATIONS == MIXED
    assert mixed.DIMS == ("d", "n_tok", "n_y", "n_h")
    assert mixed.PARAMS == {
        "h_init": ("n_h",),
        "W": ("n_h", "n_h"),
        "U": ("n_h", "d"),
        "E": ("n_tok", "n_h"),
        "zeta": (),
        "V": ("n_y", "n_h"),
    }
    assert mixed.INPUTS == {"x": ("T", "B", "d"), "tok": ("T", "B"), "y": ("T", "B")}
    assert mixed.INDEX_INPUTS == {"tok": "n_tok", "y": "n_y"}
    assert mixed.CARRY == {"h[0]": ("B", "n_h"), "h[-1]": ("B", "n_h")}


def test_tables_of_a_last_step_loss() -> None:
    assert module_of("last_step").INPUTS == {"x": ("T", "B", "d"), "y": ("B",)}
    timed = module_of("last_step_timed_target").INPUTS
    assert timed == {"x": ("T", "B", "d"), "z": ("B", "d")}


def test_only_numpy_and_the_standard_library_are_imported(mixed: Any) -> None:
    names = set()
    for node in ast.walk(ast.parse(generate(model_of("lstm")))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    assert "numpy" in names
    assert names - {"numpy"} <= set(sys.stdlib_module_names)


# --- parameters --------------------------------------------------------------------------


def test_init_params_are_reproducible_and_shaped(mixed: Any, point: Point) -> None:
    params = mixed.init_params(point.dims)
    assert {name: array.shape for name, array in params.items()} == {
        name: array.shape for name, array in point.params.items()
    }
    assert {array.dtype for array in params.values()} == {np.dtype(np.float32)}
    again = mixed.init_params(point.dims, seed=0)
    other = mixed.init_params(point.dims, seed=1, dtype=np.float64)
    assert all(np.array_equal(params[name], again[name]) for name in params)
    assert not np.array_equal(params["W"], other["W"])
    assert {array.dtype for array in other.values()} == {np.dtype(np.float64)}
    assert all(np.all(np.isfinite(array)) for array in params.values())


@pytest.mark.parametrize("name", (*BUILT_IN, *cells.NAMES))
def test_init_params_work_for_every_model(name: str) -> None:
    model, module = model_of(name), module_of(name)
    drawn = draw(model, T=T, B=B)
    params = module.init_params(drawn.dims, dtype=np.float64)
    found = call(module, replace(drawn, params=params))
    assert np.isfinite(found.loss)


@pytest.mark.parametrize("name", ("elman", "char_rnn", "lstm", "gru", "gru_v1"))
def test_a_first_step_neither_vanishes_nor_explodes(name: str) -> None:
    """Where inputs have entries of size one, so do hidden states, whatever the width."""
    model, module = model_of(name), module_of(name)
    dims = dict.fromkeys(model.dims, 200)
    drawn = draw(model, T=1, B=20, dims=dims)
    params = module.init_params(dims, dtype=np.float64)
    outputs, _ = module.forward(params, drawn.inputs)
    assert 0.05 < np.std(outputs["h"]) < 2


def test_init_params_refuse_wrong_dimensions(mixed: Any, point: Point) -> None:
    dims = dict(point.dims)
    for wrong in ({**dims, "extra": 3}, {k: v for k, v in dims.items() if k != "d"}):
        with pytest.raises(ValueError, match="dims"):
            mixed.init_params(wrong)


# --- forward -----------------------------------------------------------------------------


def test_forward_without_targets(mixed: Any, point: Point) -> None:
    inputs = {name: array for name, array in point.inputs.items() if name != "y"}
    outputs, carry = mixed.forward(point.params, inputs, point.carry, point.lengths)
    full, same = mixed.forward(point.params, point.inputs, point.carry, point.lengths)
    assert set(outputs) == {"h", "o"}
    assert set(full) == {"h", "o", "loss"}
    for key in outputs:
        np.testing.assert_array_equal(outputs[key], full[key])
    for key in carry:
        np.testing.assert_array_equal(carry[key], same[key])


def test_forward_lacks_what_needs_the_inputs_left_out() -> None:
    module = module_of("two_losses")
    full = draw(model_of("two_losses"), T=T, B=B)
    inputs = {"x": full.inputs["x"], "y": full.inputs["y"], "q": full.inputs["q"]}
    outputs, _ = module.forward(full.params, inputs)
    assert set(outputs) == {"h", "o", "r"}


def test_outputs_are_zero_at_padded_steps(mixed: Any, point: Point) -> None:
    outputs, _ = mixed.forward(point.params, point.inputs, point.carry, point.lengths)
    for name in ("h", "o", "loss"):
        assert np.all(outputs[name][2:, 2] == 0)
        assert np.all(outputs[name][:, 1] == 0)
        assert np.all(outputs[name][:2, 2] != 0)


# --- wrong arguments ---------------------------------------------------------------------


def without(key: str) -> Any:
    return lambda arrays: {name: array for name, array in arrays.items() if name != key}


def with_(key: str, change: Any) -> Any:
    def changed(arrays: Any) -> Any:
        return {**arrays, key: change(arrays[key]) if key in arrays else change(None)}

    return changed


def at(entry: tuple[int, ...], value: Any) -> Any:
    def changed(array: Any) -> Any:
        array = array.copy()
        array[entry] = value
        return array

    return changed


# The argument, what is done to it, what the message must name.
WRONG = {
    "params missing": ("params", without("W"), ("params", "W")),
    "params unknown": ("params", with_("Q", lambda _: np.zeros(2)), ("params", "Q")),
    "params shape": (
        "params",
        with_("W", lambda w: w[:, :-1]),
        ("params", "W", "n_h, n_h", "(5, 4)"),
    ),
    "params axes": ("params", with_("zeta", lambda z: np.zeros(1)), ("params", "zeta", "(1,)")),
    "params dtype": ("params", with_("V", lambda v: v.astype(np.float32)), ("params", "V")),
    "params integers": ("params", with_("V", lambda v: v.astype(int)), ("params", "V")),
    "params complex": ("params", with_("V", lambda v: v.astype(complex)), ("params", "V")),
    "inputs missing": ("inputs", without("x"), ("inputs", "x")),
    "target missing": ("inputs", without("y"), ("inputs", "y")),
    "inputs unknown": ("inputs", with_("u", lambda _: np.zeros(2)), ("inputs", "u")),
    "inputs axes": ("inputs", with_("x", lambda x: x[0]), ("inputs", "x", "T, B, d", "(3, 3)")),
    "inputs width": ("inputs", with_("x", lambda x: x[..., 1:]), ("inputs", "x", "(5, 3, 2)")),
    "inputs T": ("inputs", with_("tok", lambda k: k[1:]), ("inputs", "tok", "T, B", "(4, 3)")),
    "inputs B": ("inputs", with_("y", lambda y: y[:, 1:]), ("inputs", "y", "T, B", "(5, 2)")),
    "inputs complex": ("inputs", with_("x", lambda x: x.astype(complex)), ("inputs", "x")),
    "inputs text": ("inputs", with_("x", lambda x: x.astype(str)), ("inputs", "x")),
    "index real": ("inputs", with_("tok", lambda k: k.astype(float)), ("inputs", "tok")),
    "index too large": ("inputs", with_("tok", at((1, 2), 4)), ("inputs", "tok", "4")),
    "index negative": ("inputs", with_("tok", at((4, 0), -1)), ("inputs", "tok", "-1")),
    "label too large": ("inputs", with_("y", at((0, 0), 99)), ("inputs", "y", "99")),
    "carry missing": ("carry", without("h[-1]"), ("carry", "h[-1]")),
    "carry unknown": ("carry", with_("h[-2]", lambda _: np.zeros(2)), ("carry", "h[-2]")),
    "carry shape": (
        "carry",
        with_("h[0]", lambda h: h[:2]),
        ("carry", "h[0]", "B, n_h", "(2, 5)"),
    ),
    "carry complex": ("carry", with_("h[0]", lambda h: h.astype(complex)), ("carry", "h[0]")),
    "carry_grad missing": ("carry_grad", without("h[0]"), ("carry_grad", "h[0]")),
    "carry_grad unknown": ("carry_grad", with_("x", lambda _: np.zeros(2)), ("carry_grad", "x")),
    "carry_grad shape": (
        "carry_grad",
        with_("h[0]", lambda h: h.T),
        ("carry_grad", "h[0]", "B, n_h", "(5, 3)"),
    ),
    "lengths shape": ("lengths", lambda n: n[:2], ("lengths", "B", "(2,)")),
    "lengths axes": ("lengths", lambda n: n[None], ("lengths", "B", "(1, 3)")),
    "lengths real": ("lengths", lambda n: n.astype(float), ("lengths",)),
    "lengths negative": ("lengths", lambda n: n - 1, ("lengths", "-1")),
    "lengths too long": ("lengths", lambda n: n + 1, ("lengths", "6")),
}


def arguments(point: Point) -> dict[str, Any]:
    return {
        "params": dict(point.params),
        "inputs": dict(point.inputs),
        "carry": dict(point.carry or {}),
        "lengths": point.lengths,
        "carry_grad": dict(point.carry_grad or {}),
    }


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_named(mixed: Any, point: Point, case: str) -> None:
    argument, change, words = WRONG[case]
    given = arguments(point)
    given[argument] = change(given[argument])
    before = copy.deepcopy(given)
    with pytest.raises(ValueError) as raised:
        mixed.loss_and_grads(**given)
    assert [word for word in words if word not in str(raised.value)] == []
    assert_same(given, before)
    if argument == "carry_grad" or case == "target missing":
        return
    del given["carry_grad"]
    with pytest.raises(ValueError) as raised:
        mixed.forward(**given)
    assert [word for word in words if word not in str(raised.value)] == []


def test_what_stands_at_a_padded_step_is_not_even_cast(mixed: Any, point: Point) -> None:
    """Past the range of float32, and no number at all beside fractions."""
    single = point.floats(np.float32)
    given = arguments(replace(single, inputs=point.inputs))
    expected = mixed.loss_and_grads(**given)[0]
    given["inputs"]["x"] = at((4, 2), 1e300)(given["inputs"]["x"])
    assert mixed.loss_and_grads(**given)[0] == expected
    exact = replace(draw(model_of("linear"), T=2, B=2).exact(), lengths=np.array([2, 1]))
    expected = call(module_of("linear"), exact)
    for nothing in (None, "no number", np.nan):
        inputs = {**exact.inputs, "x": at((1, 1), nothing)(exact.inputs["x"])}
        assert call(module_of("linear"), replace(exact, inputs=inputs)).loss == expected.loss


def test_an_index_out_of_range_at_a_padded_step_is_none(mixed: Any, point: Point) -> None:
    given = arguments(point)
    given["inputs"]["tok"] = at((3, 2), 10**6)(given["inputs"]["tok"])
    given["inputs"]["y"] = at((0, 1), -100)(given["inputs"]["y"])
    loss, _, _ = mixed.loss_and_grads(**given)
    assert loss == mixed.loss_and_grads(**arguments(point))[0]


@pytest.mark.parametrize("name", (*BUILT_IN, "lag_three_alone", "lagged_token", "last_two_steps"))
def test_arguments_are_never_changed_nor_handed_back(name: str) -> None:
    """The results own their memory, also where a sequence has no step."""
    point = replace(draw(model_of(name), T=2, B=B), lengths=np.array([2, 0, 1]))
    given = arguments(point)
    before = copy.deepcopy(given)
    _, grads, carry = module_of(name).loss_and_grads(**given)
    del given["carry_grad"]
    outputs, forward_carry = module_of(name).forward(**given)
    assert_same(given, {k: v for k, v in before.items() if k != "carry_grad"})
    arrays = [
        array
        for value in (*given.values(), point.carry_grad)
        for array in (value.values() if isinstance(value, dict) else [value])
    ]
    results = [*grads.values(), *carry.values(), *outputs.values(), *forward_carry.values()]
    for position, result in enumerate(results):
        for other in (*arrays, *results[:position]):
            assert not np.shares_memory(result, other)


# --- number types ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("name", (*BUILT_IN, *cells.NAMES))
def test_dtype_follows_the_parameters(name: str, dtype: Any) -> None:
    """Inputs and carry are cast, single precision stays single precision."""
    model = model_of(name)
    bind = cells.BINDINGS.get(name)
    exact = replace(draw(model, T=T, B=B), lengths=RAGGED, bind=bind)
    found = call(module_of(name), replace(exact, params=exact.floats(dtype).params))
    assert isinstance(found.loss, float)
    indexed = {i.key for i in model.initials if i.name in module_of(name).INDEX_INPUTS}
    arrays = [
        array
        for result in (found.grads, found.carry, found.outputs)
        for key, array in result.items()
        if key not in indexed
    ]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    tolerance = 1e-10 if dtype is np.float64 else 1e-4
    assert disagreements(found, loss_and_grads(model, exact), tolerance) == []


@pytest.mark.parametrize("name", ("linear", "linear_bias", *cells.RATIONAL))
def test_fractions_are_exact(name: str) -> None:
    model = model_of(name)
    point = draw(model, T=3, B=2).exact()
    for lengths in (None, np.array([3, 1]), np.array([0, 2]), np.array([0, 0])):
        point = replace(point, lengths=lengths)
        found, expected = call(module_of(name), point), loss_and_grads(model, point, Exact())
        assert isinstance(found.loss, Fraction | int)
        assert found.loss == expected.loss
        for kind in ("grads", "carry", "outputs"):
            for key, array in getattr(found, kind).items():
                assert array.dtype == object
                assert np.array_equal(array, getattr(expected, kind)[key]), (kind, key)


# --- steps -------------------------------------------------------------------------------


def test_steps_of_an_autonomous_model() -> None:
    module, point = module_of("autonomous"), draw(model_of("autonomous"), T=T, B=B)
    arguments = (point.params, {}, point.carry)
    outputs, _ = module.forward(*arguments, steps=4)
    assert outputs["h"].shape == (4, B, point.dims["n_h"])
    assert outputs["loss"].shape == (4, B)
    short, _ = module.forward(*arguments, np.array([2, 0, 4]), steps=4)
    np.testing.assert_array_equal(short["h"][:2, 0], outputs["h"][:2, 0])
    for wrong in ({}, {"steps": -1}, {"steps": 2.5}):
        with pytest.raises(ValueError, match="steps"):
            module.loss_and_grads(*arguments, **wrong)


@pytest.mark.parametrize("kind", ("i1", "u1", "i2", "u4", "i8", "u8", ">i4"))
@pytest.mark.parametrize("name", ("char_rnn", "learned_start", "lagged_token", "last_step"))
def test_integers_of_any_kind_index(name: str, kind: str) -> None:
    for level in (0, 1, 2):
        module = module_of(name, False, level)
        point = draw(model_of(name), T=4, B=3)

        def cast(arrays: Any, kind: str = kind) -> Any:
            return {k: a.astype(kind) if a.dtype.kind == "i" else a for k, a in arrays.items()}

        lengths = np.array([4, 2, 0])
        given = replace(point, inputs=cast(point.inputs), carry=cast(point.carry))
        found = call(module, replace(given, lengths=lengths.astype(kind)))
        assert disagreements(found, call(module, replace(point, lengths=lengths)), 0.0) == []


def test_a_gradient_of_one_number_is_clipped_whatever_it_is() -> None:
    module = module_of("scalar_state")
    for dtype in (np.float32, object):
        grads = {name: np.array(2, dtype) for name in module.PARAMS}
        assert module.clip_gradients(grads, 1) == pytest.approx(2 * len(grads) ** 0.5)
        assert module.clip_gradients(grads, 1) == pytest.approx(1)


@pytest.mark.parametrize("level", (0, 1, 2))
def test_exact_numbers_go_through_a_workspace(level: int) -> None:
    module = module_of("rational", level=level)
    point = draw(model_of("rational"), T=4, B=3).exact()
    workspace = vars(module)["Workspace"](point.dims, 4, 3, object)
    arguments = (point.params, point.inputs, point.carry)
    loss, grads, _ = module.loss_and_grads(*arguments, carry_grad=point.carry_grad)
    for _ in range(2):
        again, found, _ = module.loss_and_grads(
            *arguments, carry_grad=point.carry_grad, workspace=workspace
        )
        assert again == loss
        assert all(np.array_equal(found[key], array) for key, array in grads.items())


def test_parameters_changed_in_place_and_put_in_others_place() -> None:
    """A workspace does not look twice at the same arrays: their numbers count, and others' kind."""
    module, point = module_of("lstm"), draw(model_of("lstm"), T=3, B=2)
    workspace = module.Workspace(sizes(model_of("lstm")), 3, 2, np.float64)
    params = {key: array.copy() for key, array in point.params.items()}

    def loss() -> float:
        found: float = module.loss_and_grads(params, point.inputs, workspace=workspace)[0]
        return found

    first = loss()
    params["W_qh"] *= 2
    assert loss() == module.loss_and_grads(params, point.inputs)[0] != first
    params["W_qh"] = params["W_qh"][:, :-1]
    with pytest.raises(ValueError, match="W_qh"):
        loss()
    params["W_qh"] = point.params["W_qh"].astype(np.float32)
    with pytest.raises(ValueError, match="W_qh"):
        loss()
    del params["W_qh"]
    with pytest.raises(ValueError, match="W_qh"):
        loss()
