"""An argument of a wrong kind is refused by name before anything of its size is made."""

from __future__ import annotations

import copy
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symbptt.codegen.render import generate
from tests.modules import executed, model_of
from tests.points import draw, sizes


class Raises:
    def __array__(self, *rest: Any, **more: Any) -> Any:
        raise RuntimeError("no array today")


class NoArray:
    def __array__(self, *rest: Any, **more: Any) -> Any:
        return "no array"


HUGE = (10**8, 10**8)
NO_ARRAYS: dict[str, Any] = {
    "None": None,
    "text": "0.5",
    "bytes": b"0.5",
    "a set": {1.0, 2.0},
    "a dict": {"a": 1.0},
    "a range": range(10**12),
    "a generator": (n for n in range(3)),
    "an object": object(),
    "a ragged list": [[1.0], [1.0, 2.0]],
    "a list of texts": ["a", "b"],
    "a deep list": [[[[[[1.0]]]]]],
    "a list with a range": [range(10**8)],
    "a list with a large array": [np.broadcast_to(np.float32(1), HUGE)],
    "an array that raises": Raises(),
    "an array that is none": NoArray(),
    "complex": np.ones((2, 2), complex),
    "times": np.zeros((2, 2), "datetime64[s]"),
    "records": np.zeros(3, [("a", float)]),
    "booleans": np.ones((2, 2), bool),
    "objects": np.array([None, "a"], object),
    "a large number": 10**400,
    "large and of text": np.broadcast_to(np.array("a"), HUGE),
    "large and complex": np.broadcast_to(np.array(1j), HUGE),
    "large in other axes": np.broadcast_to(np.float32(1), (*HUGE, 1, 1, 1)),
}
"""What is no array of numbers with the axes of any argument."""

NO_DICTS: dict[str, Any] = {
    **{key: value for key, value in NO_ARRAYS.items() if key not in ("None", "a dict")},
    "a class": dict,
    "a list of pairs": [("W", 1.0)],
    "an empty list": [],
    "False": False,
}
NO_LENGTHS: dict[str, Any] = {
    "None": None, "text": "3", "a fraction of one": 2.5, "a float": 3.0, "NaN": float("nan"),
    "infinity": float("inf"), "minus one": -1, "complex": 3 + 0j, "huge": 10**30, "a word": 2**63,
    "a list": [3], "an array": np.ones(2), "a set": {3},
}  # fmt: skip
NO_NUMBERS: dict[str, Any] = {
    "None": None, "text": "1", "NaN": float("nan"), "0": 0, "minus one": -1.0, "complex": 1 + 0j,
    "a complex of NumPy": np.complex128(1), "a list": [1.0], "an array": np.ones(2), "a set": {1},
}  # fmt: skip

MODULES: dict[str, dict[str, Any]] = {
    "-O0": {"level": 0},
    "-O2": {"level": 2},
    "gates": {"level": 2, "estimator": "random:1/2"},
    "forward mode": {"mode": "forward"},
}


@pytest.fixture(scope="module", params=MODULES)
def module(request: pytest.FixtureRequest) -> Any:
    return executed(generate(model_of("char_rnn"), **MODULES[request.param]), "char_rnn")


def arguments(module: Any) -> dict[str, Any]:
    point = draw(model_of("char_rnn"), T=3, B=2)
    given = {
        "params": dict(point.params),
        "inputs": dict(point.inputs),
        "carry": dict(point.carry or {}),
        "lengths": np.array([3, 2]),
        "carry_grad": dict(point.carry_grad or {}),
    }
    return given | ({"gates": np.ones((3, 2))} if hasattr(module, "PI") else {})


def refused(call: Callable[[], Any], *words: str) -> None:
    """It raises a ValueError that holds some words, and takes no room before."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError) as raised:
            call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [word for word in words if word not in str(raised.value)] == []
    assert peak < 2**22


@pytest.mark.parametrize("kind", NO_ARRAYS)
def test_what_is_no_array_is_refused(module: Any, kind: str) -> None:
    value = NO_ARRAYS[kind]
    for argument in ("params", "inputs", "carry", "carry_grad"):
        for key in arguments(module)[argument]:
            given = arguments(module)
            given[argument][key] = value
            refused(lambda given=given: module.loss_and_grads(**given), argument, key)
            given.pop("carry_grad"), given.pop("gates", None)
            if argument != "carry_grad":
                refused(lambda given=given: module.forward(**given), argument, key)
    for argument in ("lengths", *(["gates"] if hasattr(module, "PI") else [])):
        if value is not None:
            given = {**arguments(module), argument: value}
            refused(lambda given=given: module.loss_and_grads(**given), argument)


@pytest.mark.parametrize("kind", NO_DICTS)
def test_what_is_no_dict_is_refused(module: Any, kind: str) -> None:
    value = NO_DICTS[kind]
    for argument in ("params", "inputs", "carry", "carry_grad", "workspace"):
        given = {**arguments(module), argument: value}
        refused(lambda given=given: module.loss_and_grads(**given), argument)
    refused(lambda: module.init_params(value), "dims")
    refused(lambda: module.Workspace(value, 3, 2), "dims")
    refused(lambda: module.clip_gradients(value, 1.0), "grads")


def test_arguments_that_may_not_be_left_out(module: Any) -> None:
    for argument in ("params", "inputs"):
        given = {**arguments(module), argument: None}
        refused(lambda given=given: module.loss_and_grads(**given), argument)


@pytest.mark.parametrize("kind", NO_LENGTHS)
def test_what_is_no_length_is_refused(module: Any, kind: str) -> None:
    value, dims = NO_LENGTHS[kind], sizes(model_of("char_rnn"))
    for dim in dims:
        refused(lambda dim=dim: module.init_params({**dims, dim: value}), "dims", dim)
        refused(lambda dim=dim: module.Workspace({**dims, dim: value}, 3, 2), "dims", dim)
    refused(lambda: module.Workspace(dims, value, 2), "T")
    refused(lambda: module.Workspace(dims, 3, value), "B")
    if kind not in ("huge", "a word"):
        refused(lambda: module.init_params(dims, seed=value), "seed")


@pytest.mark.parametrize("level", (0, 2))
@pytest.mark.parametrize("kind", NO_LENGTHS)
def test_what_is_no_number_of_steps_is_refused(kind: str, level: int) -> None:
    module = executed(generate(model_of("autonomous"), level=level), "autonomous")
    params = draw(model_of("autonomous"), T=3, B=2).params
    refused(lambda: module.loss_and_grads(params, {}, steps=NO_LENGTHS[kind]), "steps")


@pytest.mark.parametrize(
    "dtype", (None, "float16", "a word", "f4,,f4", complex, int, object(), {1}, np.ones(3))
)
def test_what_is_no_dtype_is_refused(module: Any, dtype: Any) -> None:
    dims = sizes(model_of("char_rnn"))
    refused(lambda: module.init_params(dims, dtype=dtype), "dtype")
    refused(lambda: module.Workspace(dims, 3, 2, dtype=dtype), "dtype")


@pytest.mark.parametrize("kind", (*NO_NUMBERS, *NO_ARRAYS))
def test_what_can_not_be_clipped_is_refused(module: Any, kind: str) -> None:
    _, grads, _ = module.loss_and_grads(**arguments(module))
    before = copy.deepcopy(grads)
    if kind in NO_NUMBERS:
        refused(lambda: module.clip_gradients(grads, NO_NUMBERS[kind]), "theta")
    if kind in NO_ARRAYS and kind != "objects":
        wrong = {**grads, "W": NO_ARRAYS[kind]}
        refused(lambda: module.clip_gradients(wrong, 1.0), "grads")
    missing = {key: array for key, array in grads.items() if key != "W"}
    refused(lambda: module.clip_gradients(missing, 1.0), "grads", "W")
    fixed = {**grads, "W": grads["W"].view()}
    fixed["W"].flags.writeable = False
    refused(lambda: module.clip_gradients(fixed, 1e-9), "grads", "W")
    assert all(np.array_equal(grads[key], before[key]) for key in grads)


def test_objects_that_can_not_be_clipped_are_refused(module: Any) -> None:
    """NumPy takes None for NaN, and reads texts."""
    _, grads, _ = module.loss_and_grads(**arguments(module))
    for value in (None, "a", "1.5", 1j, {}, [1.0], {1.0}, b"1", object, 10**400):
        wrong = grads["W"].astype(object)
        wrong[-1, -1] = value
        refused(lambda wrong=wrong: module.clip_gradients({**grads, "W": wrong}, 1.0), "grads", "W")


@pytest.mark.parametrize("theta", (1, 0.5, np.float32(0.5), np.int64(1), Fraction(1, 2)))
def test_objects_are_clipped_at_a_number_of_any_kind(module: Any, theta: Any) -> None:
    _, grads, _ = module.loss_and_grads(**arguments(module))
    exact = {key: 100 * array.astype(object) for key, array in grads.items()}
    assert module.clip_gradients(exact, theta) > 1
    assert module.clip_gradients(exact, 2 * theta) == pytest.approx(float(theta), rel=1e-6)


@pytest.mark.parametrize("rng", ("a", 3, object(), np.random, [1.0]))
def test_what_does_not_draw_is_refused(rng: Any) -> None:
    module = executed(generate(model_of("char_rnn"), **MODULES["gates"]), "char_rnn")
    given = {**arguments(module), "gates": None}
    refused(lambda: module.loss_and_grads(**given, rng=rng), "rng")


@pytest.mark.parametrize("value", (None, "a", [1], {1}, object(), np.datetime64("2020-01-01")))
def test_exact_numbers_beside_what_is_none(module: Any, value: Any) -> None:
    given = arguments(module)
    for argument in ("params", "carry"):
        given[argument] = {key: np.array(a, object) for key, a in given[argument].items()}
    for argument in ("params", "carry"):
        for key, array in given[argument].items():
            wrong = array.copy()
            wrong[(-1,) * wrong.ndim] = value
            exact = {**given, argument: {**given[argument], key: wrong}}
            refused(lambda exact=exact: module.forward(
                exact["params"], exact["inputs"], exact["carry"]), argument, key)  # fmt: skip
