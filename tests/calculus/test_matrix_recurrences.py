"""Recurrences of matrices a step: what is folded, in exact numbers, and what is refused."""

from __future__ import annotations

import pytest

from symbptt.calculus.recurrence.closed import recognise
from symbptt.calculus.unrolling import Query
from symbptt.formula.verdict import check
from symbptt.language.parser import parse
from symbptt.unrolled import answer
from tests.calculus.recurrence_values import truths
from tests.calculus.test_recurrence_models import HORIZONS, first_wrong, planted

HEAD = """
S: (m, n)
x: (d,)
g: scalar
p: (m,)
a[t] = A @ x[t]
k[t] = K @ x[t]
v[t] = V @ x[t]
"""
TAIL = """
o[t] = g * (p @ S[t]) + k[t] @ S[t]
loss[t] = squared_error(o[t], y[t])
"""
FOLDED = {
    "number": "S[t] = g * S[t-1] + outer(k[t], v[t])",
    "number a step": "S[t] = dot(k[t], p) * S[t-1] + outer(k[t], v[t])",
    "rows": "S[t] = diag(a[t]) @ S[t-1] + outer(k[t], v[t])",
    "matrix": "S[t] = W @ S[t-1] - 0.5 * S[t-1] + outer(k[t], v[t])\nS[0] = 0",
    "scaled matrix": "S[t] = -(g * (W @ S[t-1])) + g * (diag(a[t]) @ S[t-1]) + outer(k[t], v[t])",
}
QUESTIONS = (Query("S"), Query("S", "t", "L"), Query("K", of="S"))
REFUSED = {
    "columns": "S[t] = S[t-1] @ W + outer(k[t], v[t])",
    "delta rule": "S[t] = S[t-1] + outer(k[t], v[t] - k[t] @ S[t-1])",
    "entries": "S[t] = outer(a[t], v[t]) * S[t-1] + outer(k[t], v[t])",
    "two steps": "S[t] = g * S[t-1] + 0.5 * S[t-2] + outer(k[t], v[t])",
}


@pytest.mark.parametrize("name", FOLDED)
def test_a_matrix_is_folded_where_its_columns_are_multiplied_alike(name: str) -> None:
    model = parse(HEAD + FOLDED[name] + TAIL, "matrix")
    for truth in truths(model, HORIZONS):
        for question in QUESTIONS:
            recurrence = recognise(model, question)
            assert first_wrong(recurrence, truth) == "", question
    wrong = dict(planted(recognise(model, QUESTIONS[0])))
    assert all(first_wrong(recurrence, truth) for recurrence in wrong.values())


@pytest.mark.parametrize("name", FOLDED)
def test_its_closed_form_is_proved_and_read_back(name: str) -> None:
    model = parse(HEAD + FOLDED[name] + TAIL, "matrix")
    for what in ("S", "d(L, S[t])"):
        found = answer(model, what, 3)
        assert found.closed is not None and found.closed.right is not False, what
        assert found.formula is not None and check(model, found.formula, horizon=3).right


@pytest.mark.parametrize("name", REFUSED)
def test_what_else_a_recurrence_does_to_a_matrix_is_not_folded(name: str) -> None:
    model = parse(HEAD + REFUSED[name] + TAIL, "matrix")
    for what in ("S", "d(L, S[t])"):
        found = answer(model, what, 3)
        assert found.closed is None
        assert "multiply its columns by one matrix" in found.refusal


def test_a_derivative_of_a_matrix_is_folded_and_no_formula() -> None:
    model = parse(HEAD + REFUSED["delta rule"] + TAIL, "matrix")
    found = answer(model, "d(S[t], K)", 3)
    assert found.closed is not None and found.closed.right is not False
    assert found.no_formula.startswith("none: in a derivative of a matrix")
