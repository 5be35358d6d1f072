"""Assertions for a person's own tests fail with what the examiner says, and not otherwise."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from symbptt import generate, load
from symbptt.errors import ModelError, OptionError, UnknownNameError
from symbptt.testing import Function, ModelLike, assert_gradients, assert_module, assert_right

pytest_plugins = ["pytester"]

TEXT = "x: (d,)\nh[t] = tanh(W @ h[t-1] + U @ x[t])\nloss[t] = squared_error(V @ h[t], y[t])\n"
FORMULA = "d(h[t+1], h[t]) = diag(1 - h[t+1]**2) @ W for t < T"


@pytest.fixture(params=["model", "built-in", "path", "file", "text"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ModelLike, str]:
    """A model in each way in which one is given, and its formula."""
    path = tmp_path / "mine"
    path.write_text(TEXT, encoding="utf-8")
    ways: dict[str, tuple[ModelLike, str]] = {
        "model": (load("linear"), "d(h[t+1], h[t]) = W_hh for t < T"),
        "built-in": ("linear", "d(h[t+1], h[t]) = W_hh for t < T"),
        "path": (path, FORMULA),
        "file": (str(path), FORMULA),
        "text": (TEXT, FORMULA),
    }
    return ways[request.param]


def test_a_right_formula_passes(given: tuple[ModelLike, str]) -> None:
    model, formula = given
    assert_right(model, formula, strict=True)
    with pytest.raises(AssertionError, match=r"(?s)^wrong: d\(h.*one edit mends it"):
        assert_right(model, formula.replace(" for", ".T for"))


@pytest.mark.parametrize(
    ("formula", "options", "words"),
    [
        ("dL/dW = dL/dW", {"strict": True}, "trivial"),
        ("dL/dW = ", {}, "unreadable: formula:1"),
        ("dL/dh[t] = 0 for t > T", {}, "unreadable: formula:1: nothing to check"),
        ("dL/dh[T] = V.T @ (V @ h[T] - y[T])", {}, "a missing factor|left side is"),
        ("dL/dh[T] = d(L, h[T])", {"seconds": 1e-9}, "undecided: "),
    ],
)
def test_what_else_fails(formula: str, options: dict[str, float], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_right(TEXT, formula, **options)


def test_options_are_those_of_check() -> None:
    formula = "d(L, h[T]) = V.T @ (V @ h[T] - y[T])"
    assert_right(TEXT, formula, total="sum")
    assert_right(TEXT, "d(L, h[T]) = 1 / T * (h[T] @ V.T - y[T]) @ V", layout="row")


@pytest.mark.parametrize(
    ("model", "error"),
    [("no_such", UnknownNameError), ("h[t] = tanh(", ModelError), ("./none.rnn", OSError)],
)
def test_a_model_that_is_none_is_no_failure_of_the_formula(
    model: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        assert_right(model, "1 = 1")


@pytest.mark.usefixtures("shortened")
def test_a_module(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(generate(load("linear"), level=0), encoding="utf-8")
    assert_module("linear", path)
    text = path.read_text(encoding="utf-8")
    assert "d_W_hh = " in text
    path.write_text(text.replace("d_W_hh = ", "d_W_hh = 2 * "), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"(?s)mine.py: \d+ checks, \d+ failed\nFAILED.*dW_hh"):
        assert_module("linear", path)
    path.write_text("no = 'module'\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="loss_and_grads"):
        assert_module("linear", path)


BACKWARD = """
import numpy as np


def backward(x, y, W, U, V, h0):
    h = {-1: h0}
    for t in range(len(x)):
        h[t] = np.tanh(W @ h[t - 1] + U @ x[t])
    dW, dU, dV, dh_next = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        do = V @ h[t] - y[t]
        da = (1 - h[t] ** 2) * (V.T @ do + dh_next)
        dV += np.outer(do, h[t])
        dW += np.outer(da, h[t - 1])
        dU += np.outer(da, x[t])
        dh_next = W.T @ da
    return {"W": dW, "U": dU, "V": dV}
"""


def loaded(text: str, path: Path) -> Function:
    """The function of a file, as a test imports it."""
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Function = module.backward
    return found


def test_gradients(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    function = loaded(BACKWARD, path)
    assert_gradients(TEXT, function)
    with pytest.raises(AssertionError, match=r"right, of the sum of the losses"):
        assert_gradients(TEXT, f"{path}:backward", strict=True)
    wrong = loaded(BACKWARD.replace("np.outer(da, h[t - 1])", "np.outer(da, h[t])"), path)
    with pytest.raises(AssertionError, match=r"(?s)wrong.*slip   dL/dW: a shifted index; step"):
        assert_gradients(TEXT, wrong)
    with pytest.raises(AssertionError, match=r"(?s)expected.*found"):
        assert_gradients(TEXT, loaded(BACKWARD.replace("(x, y,", "(dout, cache,"), path))


@pytest.mark.parametrize("function", [lambda x: x, len, exec], ids=["lambda", "len", "exec"])
def test_a_function_that_stands_in_no_file(function: Function) -> None:
    with pytest.raises(OptionError, match="at the top level of a file"):
        assert_gradients(TEXT, function)


def test_gradients_of_a_function_in_the_file_of_the_test(pytester: pytest.Pytester) -> None:
    body = f"""
from symbptt.testing import assert_gradients
{BACKWARD}

def test_mine():
    assert_gradients({TEXT!r}, backward)
"""
    pytester.makepyfile(test_mine=body)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_in_a_suite(pytester: pytest.Pytester) -> None:
    """The failure is the examiner's answer, at the person's own line."""
    pytester.makepyfile(
        """
        from symbptt.testing import assert_right

        def test_mine():
            assert_right("linear", "d(L, h[T]) = W_qh @ d(L, o[T])")
        """
    )
    found = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["E * wrong: d(L, h?T?) = *", "E *`W_qh.T` for `W_qh`*"])
    found.stdout.no_fnmatch_line("*testing.py:*")
