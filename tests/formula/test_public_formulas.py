"""Formulas as books, courses and packages print them, each with the verdict that is right.

Where a source sums its losses, has rows, or writes a slope with a prime, the formula stands as
the source prints it, too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import pytest

from symbptt.algebra import Model
from symbptt.formula.verdict import check
from symbptt.language.parser import parse

HERE = Path(__file__).parent / "public"

LINES = [
    line
    for line in (HERE / "formulas.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
ROWS = [
    (*formula.split(": ", 1), verdict)
    for formula, verdict in zip(LINES[::2], LINES[1::2], strict=True)
]

AS_PRINTED: tuple[tuple[str, str, Literal["column", "row"], Literal["mean", "sum"]], ...] = (
    ("tanh", "d(L, o[t]) = softmax(o[t]) - onehot(y[t])", "column", "sum"),
    ("pascanu2", "d(x[t], x[t-1]) = W @ diag(sigma'(x[t-1])) for 2 <= t", "column", "mean"),
    (
        "pascanu2",
        "d(x[t], x[k]) = prod(i, t, k+1, -1, W @ diag(sigma'(x[i-1]))) for 1 <= k <= t",
        "column",
        "mean",
    ),
    (
        "phi",
        "d(loss[T], a[t]) = phi'(a[t]) * (W.T @ d(loss[T], a[t+1])) for 1 <= t < T",
        "column",
        "mean",
    ),
    ("phi", "d(s[t], W)[j, k, l] = d(s[t][j], W[k, l])", "column", "mean"),
    (
        "transposed",
        "d(L, h[t]) = d(L, o[t]) @ W_ho.T + d(L, h[t+1]) @ d(h[t+1], h[t])",
        "row",
        "mean",
    ),
    (
        "gru_pre",
        "d(L, h[t]) = d(loss[t], h[t]) + (W_g.T @ d(L, pg[t+1])) * r[t+1] + W_z.T @ d(L, pz[t+1]) "
        "+ d(L, h[t+1]) * (1 - z[t+1]) + W_r.T @ d(L, pr[t+1]) for 1 <= t < T",
        "column",
        "sum",
    ),
)


@cache
def model(name: str) -> Model:
    return parse((HERE / f"{name}.rnn").read_text(encoding="utf-8"), name)


@pytest.mark.parametrize(("name", "formula", "verdict"), ROWS)
def test_the_verdict(name: str, formula: str, verdict: str) -> None:
    assert check(model(name), formula).verdict == verdict


@pytest.mark.parametrize(("name", "formula", "layout", "total"), AS_PRINTED)
def test_as_the_source_prints_it(
    name: str, formula: str, layout: Literal["column", "row"], total: Literal["mean", "sum"]
) -> None:
    verdict = check(model(name), formula, layout=layout, total=total)
    assert verdict.right, str(verdict)
    if total == "sum":
        assert check(model(name), formula).verdict == "wrong"


# --- a condition is a promise --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "formula", "where", "mended"),
    [
        (
            "tanh",
            "d(L, s[t]) = W.T @ d(L, a[t+1]) + V.T @ d(L, o[t]) for 1 <= t <= T",
            "T = 1, t = 1",
            "for 1 <= t < T",
        ),
        (
            "tanh",
            "d(s[t], s[k]) = prod(i, t+1, k+1, -1, d(s[i], s[i-1])) for 0 <= k <= t <= T",
            "T = 1, t = 1",
            "",
        ),
        (
            "tanh",
            "s[t] = tanh(b + W @ s[t-1] + U @ x[t]) for 0 <= t <= T",
            "t = 0",
            "for 1 <= t <= T",
        ),
    ],
)
def test_a_condition_is_a_promise(name: str, formula: str, where: str, mended: str) -> None:
    verdict = check(model(name), formula)
    assert verdict.verdict == "wrong"
    if mended:
        assert where in verdict.reason
        assert any(mend.text.endswith(mended) for mend in verdict.mends)


@pytest.mark.parametrize("formula", ["1 = 1", "d(L, U) = d(L, U)", "s[t] = s[t] + 0"])
def test_what_says_nothing_of_the_model_is_trivial(formula: str) -> None:
    verdict = check(model("tanh"), formula)
    assert verdict.right and verdict.trivial and "trivial" in str(verdict)
    assert not check(model("tanh"), "o[t] = c + V @ s[t]").trivial
