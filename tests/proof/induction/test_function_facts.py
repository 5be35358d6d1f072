"""The derivatives that the table states are proved, and others are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbptt.errors import NotProvedError
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.proof.induction.function_facts import prove_derivatives


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_row_is_proved(name: str) -> None:
    prove_derivatives(name)


WRONG = {
    "a factor": "1000001/1000000*({0})",
    "a sign": "-({0})",
    "a summand": "{0} + 1/1000000",
    "a power": "({0})**2 + 1",
}


@pytest.mark.parametrize("words", WRONG)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_row_is_not_proved(name: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = FUNCTIONS[name]
    if row.derivatives[0] == "0" and words in ("a factor", "a sign"):
        return
    wrong = (WRONG[words].format(row.derivatives[0]), *row.derivatives[1:])
    monkeypatch.setitem(FUNCTIONS, name, replace(row, derivatives=wrong))
    with pytest.raises(NotProvedError, match="does not state the derivative"):
        prove_derivatives(name)


@pytest.mark.parametrize(
    ("name", "derivative"),
    [("hard_tanh", "beyond(2, abs(x))"), ("relu", "step(y - 1)"), ("elu", "exp(x)")],
)
def test_a_row_that_is_wrong_on_an_interval_is_not_proved(
    name: str, derivative: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replace(FUNCTIONS[name], derivatives=(derivative,))
    monkeypatch.setitem(FUNCTIONS, name, row)
    with pytest.raises(NotProvedError):
        prove_derivatives(name)


def test_a_jump_between_the_samples_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(FUNCTIONS["hard_tanh"], sympy="x*beyond(x, 6) + x*beyond(6, x)*beyond(x, 8)")
    monkeypatch.setitem(FUNCTIONS, "hard_tanh", replace(row, derivatives=("beyond(x, 6)",)))
    with pytest.raises(NotProvedError, match="not looked at between"):
        prove_derivatives("hard_tanh")
