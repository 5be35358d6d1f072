"""Who calls the names of a model otherwise is answered in these names, and can type them back.

Every formula of an answer, in text, in LaTeX and in ``--json``, goes in again with the same names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from symbptt.formula.text import in_names
from symbptt.formula.verdict import Checker
from tests.modules import EXHAUSTIVE, model_of

NAMES = {
    "parameters": "R=W, M=U",
    "exchanged": "U=W, W=U",
    "hidden": "W=U, a=b",
    "quantities": "s=h, q=o, z=a",
    "Greek": "Θ=W, η=h, δ=o",
    "subscripts": "W_rec=W, h_hid=h, a_bar=a",
    "the loss": "E=L, N=T",
    "indices": "k=W, i=h, j=o",
}

KINDS = {
    "a term is missing": "d(L, h[t]) = V.T @ d(L, o[t])",
    "a factor is missing": "d(L, a[t]) = d(L, h[t])",
    "a sum": "d(L, W) = sum(t, 1, T, outer(d(L, a[t]), h[t]))",
    "a promise": "d(L, h[t]) = V.T @ d(L, o[t]) + W.T @ d(L, a[t+1]) for 1 <= t <= T",
    "nothing in range": "d(L, a[T]) = (1 - h[T]**2) * d(L, h[T+1])",
    "shapes": "d(L, h[t]) = U.T @ d(L, o[t])",
    "a chain": "d(h[t], h[t-1]) = diag(1 - h[t]**2) @ W = diag(1 - h[t]) @ W",
    "a function": "h[t] = sigmoid(a[t])",
    "one that is right": "d(L, U) = sum(t, 1, T, outer(d(L, a[t]), x[t]))",
}


def claims(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an answer says in formulas, and what is to be said of them."""
    told = answer["derived"] or {}
    for formula in (answer["read"], answer["latex"]):
        if formula and not answer["link"]:
            yield formula, answer["verdict"]
    said = [told.get("formula"), told.get("latex"), *told.get("where", ())]
    yield from ((formula, "right") for formula in said if formula)
    yield from ((mend["formula"], "right") for mend in answer["mends"])


ASKED = [(kind, names) for kind in KINDS for names in NAMES]


@pytest.mark.parametrize(("kind", "names"), ASKED if EXHAUSTIVE else ASKED[::9])
def test_answers_are_in_the_names_of_who_asks(kind: str, names: str) -> None:
    checker = Checker(model_of("char_rnn"), horizon=3, seconds=4, names=NAMES[names])
    answer = checker.answer(in_names(KINDS[kind], checker.called)).data()
    assert answer["verdict"] == "right" or answer["mends"]
    for formula, verdict in claims(answer):
        assert checker.answer(formula).verdict == verdict, formula
    foreign = dict.fromkeys(checker.called.keys() - checker.called.values(), "")
    for formula, _ in claims(answer):
        assert "\\" in formula or in_names(formula, foreign) == formula
