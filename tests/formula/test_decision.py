"""Which of several decisions is the answer, and what a formula speaks of."""

from __future__ import annotations

import pytest

from symbptt.formula.answer import Verdict
from symbptt.formula.decision import Decision
from symbptt.formula.reading import read
from symbptt.formula.verdict import check
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


def test_of_wrong_readings_of_a_chain_that_is_told_which_holds_longest() -> None:
    by = r"\frac{\partial %s_t}{\partial h_{t-1}}"
    gates = rf"\operatorname{{diag}}(h_{{t-1}} - n_t) {by % 'z'}"
    gates += rf" + \operatorname{{diag}}(1 - z_t) {by % 'n'}"
    chain = rf"{by % 'h'} = \operatorname{{diag}}(z_t) + {gates} = \operatorname{{diag}}(z_t)"
    found = check(model("gru"), chain, horizon=2)
    assert found.verdict == "wrong" and found.link.startswith("diag(z[t]) + diag(")


def test_a_step_that_a_sum_binds_is_in_no_order_with_the_others() -> None:
    """It asked for the value of k at the counterexample, which has none."""
    slip = "d(loss[t], b_h) = sum(k, 1, t, d(loss[t], h[k]))"
    assert check(model("elman"), slip, horizon=2, seconds=1).verdict == "wrong"


def test_a_broken_promise_is_mended_by_its_range_alone() -> None:
    formula = "d(L,c[t]) = f[t+1]*d(L,c[t+1]) + d(L,h[t])*o[t]*(1-tanh(c[t])**2) for 1 <= t <= T"
    (mend,) = check(model("lstm"), formula).mends
    assert mend.words == "it is right `for 1 <= t < T`"


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("d(L, W_qh) = sum(t, 1, T, outer(d(L, o[t+1]), h[t]))", "o[t+1] lies past T"),
        ("d(L, W_hx) = sum(t, 1, T, outer(d(L, h[t]), x[t-1]))", "x[t-1] lies before x[1]"),
        ("d(L, h[t]) = sum(i, t, T, d(L, h[i+1]))", "h[i+1] lies past T"),
        ("d(h[t], h[0]) = prod(i, 0, t, d(h[i], h[i-1]))", "h[i-1] lies before h[0]"),
    ],
)
def test_limits_that_leave_what_there_is_are_wrong(formula: str, words: str) -> None:
    found = check(model("linear"), formula)
    assert found.status == 1 and words in found.reason and found.derived is not None


@pytest.mark.parametrize(
    ("promise", "where"),
    [
        ("0 <= t <= T", "t = 0"),
        ("-1 <= t <= T", "t = -1"),
        ("1 <= t <= T+1", "t = 2"),
        ("1 <= t-1 <= T", "t = 2"),
        ("t <= T+1", "t = 2"),
    ],
)
def test_a_promise_is_looked_at_past_the_ends_of_what_the_formula_names(
    promise: str, where: str
) -> None:
    formula = "d(L, o[t]) = (softmax(o[t]) - onehot(y[t])) / T"
    found = check(model("char_rnn"), f"{formula} for {promise}", horizon=2)
    assert found.verdict == "wrong" and f"T = 1, {where}," in found.reason
    assert check(model("char_rnn"), f"{formula} for 1 <= t < T+1", horizon=2).right


@pytest.mark.parametrize("condition", ["1 <= t-1 <= T", "1 <= t+1 <= T", "1 <= t <= T+1", "t = 2"])
@pytest.mark.parametrize("right", ["1 / T", "T"])
def test_what_is_right_at_one_step_alone_is_narrowed_once(condition: str, right: str) -> None:
    found = check(model("linear_bias"), f"dL/dloss[t] = {right} for {condition}", horizon=3)
    assert found.verdict == ("right" if (right, condition) == ("1 / T", "t = 2") else "wrong")
