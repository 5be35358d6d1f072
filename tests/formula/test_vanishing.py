"""Derivatives that are 0 by structure, and mends that would rest on them."""

from __future__ import annotations

import pytest

from symbptt.formula.names import derived_form
from symbptt.formula.reading import read
from symbptt.formula.vanishing import vanishes
from symbptt.formula.verdict import check
from tests.formula.catalogue import model

STEP = "d(h[t], h[t-1])"


@pytest.mark.parametrize(
    ("text", "own", "normal"),
    [
        ("direct(h[t], h[t-1]) = W_hh", False, True),
        ("direct(h[t], W_hh) = 0", False, True),
        ("direct(h[t], a_h[t]) = I", True, False),
        ("direct(h[t], x[t-1]) = 0", True, True),
        ("d(h[t-1], h[t]) = 0", True, True),
        ("d(h[t-1][i], h[t][j]) = 0", True, True),
        (f"{STEP} = W_hh", False, False),
        ("d(h[t], h[k]) = W_hh", False, False),
        ("d(h[T], h[t]) = W_hh", False, False),
    ],
)
def test_what_is_0_by_structure(text: str, own: bool, normal: bool) -> None:
    """In the model's own equations, and in those of its derivation, where h reads a_h alone."""
    about = model("elman")
    formula = read(text, about)
    assert vanishes(formula, about) == own
    assert vanishes(formula, derived_form(about)) == normal


def test_no_mend_rests_on_one() -> None:
    """The catalogue's dL/dW with a total derivative where the partial one belongs."""
    wrong = (
        "d(loss[t], W[j, i]) = d(loss[t], y_hat[t]).T @ d(y_hat[t], h[t]) @ sum(k, 0, t, "
        "prod(m, t, k+1, -1, d(h[m], h[m-1])) @ d(h[k], W[j, i]))"
    )
    found = check(model("notes_elman"), wrong)
    assert found.mends
    for mend in found.mends:
        assert check(model("notes_elman"), mend.text).right, mend.text
