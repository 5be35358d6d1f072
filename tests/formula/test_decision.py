"""Which of several decisions is the answer."""

from __future__ import annotations

from symbptt.formula.answer import Verdict
from symbptt.formula.decision import Decision
from symbptt.formula.reading import read
from symbptt.formula.verdict import check
from symbptt.language import library
from tests.formula.catalogue import model


def test_a_reading_that_is_open_is_before_one_that_is_wrong() -> None:
    """Wrong is what no reading makes right, and for some there was no time."""
    tree = read("h[t] = x[t]", model("linear"))
    found = {
        verdict: Decision(Verdict("linear", tree.text, verdict), tree)
        for verdict in ("wrong", "undecided", "right")
    }
    assert max(found.values(), key=lambda one: one.likelihood) is found["right"]
    found.pop("right")
    assert max(found.values(), key=lambda one: one.likelihood) is found["undecided"]


def test_a_step_that_a_sum_binds_is_in_no_order_with_the_others() -> None:
    """It asked for the value of k at the counterexample, which has none."""
    slip = "d(loss[t], b_h) = sum(k, 1, t, d(loss[t], h[k]))"
    assert check(library.load("elman"), slip, horizon=2, seconds=1).verdict == "wrong"
