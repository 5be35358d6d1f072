"""Which of several decisions is the answer."""

from __future__ import annotations

from symbptt.formula.answer import Verdict
from symbptt.formula.decision import Decision
from symbptt.formula.reading import read
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
