"""One checker for all arguments: what it learns, casts and refuses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.codegen.runtime import carried

MODEL = {
    "DIMS": ("h", "d"),
    "PARAMS": {"W": ("h", "d + 1"), "b": ("h",)},
    "INPUTS": {"x": ("T", "B", "d"), "c": ("B",), "y": ("T", "B")},
    "INDEX_INPUTS": {"y": "h"},
    "CARRY": {"h[0]": ("B", "h")},
    "_UNTIMED": ("c",),
    "_LOSS_ONLY": ("y",),
}
CHECKS = carried("_prepare", "_check", "_solve", "_sizes", **MODEL)


def given(dtype: Any = float) -> dict[str, Any]:
    return {
        "params": {"W": np.ones((2, 4), dtype), "b": np.zeros(2, dtype)},
        "inputs": {
            "x": np.ones((5, 2, 3), int), "c": np.ones(2), "y": np.zeros((5, 2), int),
        },
        "carry": None,
        "lengths": np.array([3, 5]),
        "steps": None,
        "loss": True,
    }  # fmt: skip


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_what_is_given_is_cast_and_laid_in_rows(dtype: Any) -> None:
    call = CHECKS._prepare(**given(dtype))
    assert call.size == {"h": 2, "d": 3, "T": 5, "B": 2}
    assert call.inputs["x"].shape == (8, 3)
    assert call.inputs["c"].shape == (2, 1)
    assert {call.inputs[n].dtype for n in "xc"} == {np.dtype(dtype)}
    assert call.inputs["y"].dtype.kind == "i"


def test_exact_numbers_stay_exact() -> None:
    arguments = given(object)
    arguments["inputs"]["c"] = np.ones(2, int)
    call = CHECKS._prepare(**arguments)
    assert isinstance(call.inputs["x"][0, 0], Fraction)
    assert isinstance(call.params["b"][0], Fraction)


@pytest.mark.parametrize(
    ("argument", "key", "value", "words"),
    [
        ("params", "W", np.ones((2, 4), int), "params: expected float32, float64 or object"),
        ("params", "b", np.ones(3), "params['b']: expected axes (h) with {'h': 2}, found"),
        ("inputs", "x", np.ones((5, 2)), "inputs['x']: expected axes (T, B, d)"),
        ("inputs", "x", np.ones((5, 2, 3), complex), "inputs['x']: expected real numbers"),
        ("inputs", "y", np.ones((5, 2)), "inputs['y']: expected integers, found dtype float64"),
        ("inputs", "y", np.full((5, 2), 2), "inputs['y']: expected 0 <= index < 2, found 2 to 2"),
        ("inputs", "x", np.ones((5, 2, 4)), "params['W']: expected axes (h, d + 1)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(argument: str, key: str, value: Any, words: str) -> None:
    arguments = given()
    arguments[argument][key] = value
    with pytest.raises(ValueError) as raised:
        CHECKS._prepare(**arguments)
    assert words in str(raised.value)


def test_keys_are_compared() -> None:
    with pytest.raises(ValueError, match=r"carry: expected the keys .*; missing .*h.*unknown .*q"):
        CHECKS._prepare(**{**given(), "carry": {"q": 1}})
    with pytest.raises(ValueError, match="params: expected a dict with"):
        CHECKS._prepare(**{**given(), "params": 3})
    without = given()
    del without["inputs"]["y"]
    CHECKS._prepare(**{**without, "loss": False})
    with pytest.raises(ValueError, match=r"missing \['y'\]"):
        CHECKS._prepare(**without)


def test_an_axis_is_learned_once_and_a_failure_learns_nothing() -> None:
    size: dict[str, int] = {"B": 2}
    kind = np.dtype(float)
    CHECKS._check(("a", np.ones((2, 3)), ("B", "n"), ""), kind, size)
    assert size == {"B": 2, "n": 3}
    with pytest.raises(ValueError, match=r"a: expected axes \(m, n\) with {'n': 3}, found shape"):
        CHECKS._check(("a", np.ones((2, 4)), ("m", "n"), ""), kind, size)
    assert size == {"B": 2, "n": 3}
    CHECKS._check(("a", np.ones(7), ("n + q + 1",), ""), kind, size)
    assert size == {"B": 2, "n": 3}
    CHECKS._solve(("n + q + 1", "p + r"), (7, 9), size)
    assert size == {"B": 2, "n": 3, "q": 3}
    with pytest.raises(ValueError, match=r"a: expected axes \(n \+ q \+ 1\) with {}, found shape"):
        CHECKS._check(("a", np.ones(8), ("n + q + 1",), ""), kind, size)


def test_arrays_in_a_list_have_their_axes() -> None:
    array = carried("_array")._array
    assert array("x", [np.ones(2), np.ones(2)], ("B", "h")).shape == (2, 2)
    assert array("x", 3.0, ()).shape == ()
    with pytest.raises(ValueError, match=r"x: expected axes \(B\), found 2 axes"):
        array("x", [np.ones(2)], ("B",))
    with pytest.raises(ValueError, match="x: expected an array, found list: set holds no numbers"):
        array("x", [{1.0}], ("B",))
