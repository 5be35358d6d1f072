"""The table of symbols says what a symbol without words is for."""

from __future__ import annotations

import pytest

from symbptt.calculus.gradients import derive
from symbptt.language.parser import parse
from symbptt.typeset.blocks import Math
from symbptt.typeset.document import render
from symbptt.typeset.uses import READ, shared

MODEL = """
x: (d,)
i: index
s: scalar
h[t] = tanh(W @ h[t-1] + U @ x[t] + U.T @ h[t-1] + V @ tanh(h[t-1]) + s * b + c + E[i[t]])
g[t] = sqrt(R.T @ h[t] + c)
loss[t] = squared_error(g[t], y[t])
"""
MEANT = {
    "x[t]": "read in (F2)",
    "W": "weights of h[t-1] in (F2)",
    "U": "weights in (F2)",
    "V": "weights of u[t] in (F2)",
    "c": "added in (F2), (F4)",
    "R": "weights of h[t] in (F4)",
    "b": "read in (F2)",
    "E": "rows looked up in (F2)",
    "a_h[t]": "argument of tanh in (F3)",
    "a_g[t]": "read in (F5)",
}


@pytest.fixture(scope="module")
def table() -> dict[str, str]:
    text = render(derive(parse(MODEL, "m")), "text")
    rows = (line.split("  ") for line in text.splitlines() if line[:1].isalpha() and "  " in line)
    return {row[0]: row[-1].strip() for row in rows}


@pytest.mark.parametrize("name", MEANT)
def test_a_symbol_without_words_has_a_meaning(name: str, table: dict[str, str]) -> None:
    assert table[name] == MEANT[name]


def test_ways_that_differ_are_told_as_what_they_share() -> None:
    of_x, of_h = (("weights of ", Math(sign)) for sign in "xh")
    assert shared({of_x}) == of_x
    assert shared({of_x, of_h}) == ("weights",)
    assert shared({of_x, ("added",)}) == READ
