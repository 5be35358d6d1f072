"""Assertions for a person's own tests fail with what the examiner says, and not otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from symbptt import generate, load
from symbptt.errors import ModelError, UnknownNameError
from symbptt.testing import ModelLike, assert_module, assert_right

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
