"""An edit mends a formula if it is right where the wrong one has a value, not where it has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from symbptt.algebra import Model
from symbptt.errors import FormulaError
from symbptt.formula.canonical import canonical
from symbptt.formula.reading import read
from symbptt.formula.text import formula_text
from symbptt.formula.verdict import Checker, NothingToCheckError, check
from symbptt.language import library
from symbptt.language.parser import parse
from tests import cells
from tests.formula.catalogue import model
from tests.formula.planting import OPERATORS, planted
from tests.formula.test_round_trip import WAYS, has, lines, loaded
from tests.modules import EXHAUSTIVE

LAGGED = parse(
    """
tok: index
E: (n, d)
g[t] = sigmoid(A @ E[tok[t]] + R @ g[t-1] + S @ g[t-2])
q[t] = V @ g[t]
loss[t] = softmax_cross_entropy(q[t], y[t])
""",
    "lagged",
)
NUMBERS = parse("a: scalar\nb: scalar\nc: scalar\na[t] = b[t] + c[t] * a[t-1]\n", "numbers")
LAST = parse(
    "x: (d,)\nh[t] = tanh(W @ x[t] + U @ h[t-1])\no[t] = V @ h[t]\n"
    "loss[t] = squared_error(o[t], y[t])\n",
    "plain",
)


def mends(about: Model, formula: str) -> list[str]:
    return [canonical(mend.formula) for mend in check(about, formula).mends]


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        (
            "matrix_recurrence",
            "a[t] = b[t] + sum(i, 1, t-1, prod(j, i+1, t, C[j]) @ b[i]) for a[0] = 0",
        ),
        (
            "matrix_recurrence",
            "a[t] = b[t] + sum(i, 1, t-1, prod(j, t, i, -1, C[j]) @ b[i]) for a[0] = 0",
        ),
    ],
)
def test_an_index_out_of_range_mends_nothing(name: str, formula: str) -> None:
    """b[i-1] with i = 1 has no value, so the formula would be left with t = 1 alone."""
    recurrence = library.load(name)
    found = check(recurrence, formula).mends
    assert found
    for mend in found:
        verdict = check(recurrence, mend.text)
        assert verdict.right
        assert verdict.range == "T = 1 … 5, t = 1 … T"


@pytest.mark.parametrize(
    ("about", "formula", "mended"),
    [
        (
            LAGGED,  # The right formula has a value from T = 3 on.
            "d(L, g[t]) = R.T @ (d(L, g[t+1]) @ (g[t+1] * (1 - g[t+1]))) "
            "+ S.T @ (d(L, g[t+2]) * (g[t+2] * (1 - g[t+2]))) + V.T @ d(L, q[t])",
            "d(L, g[t]) = R.T @ (d(L, g[t+1]) * (g[t+1] * (1 - g[t+1]))) "
            "+ S.T @ (d(L, g[t+2]) * (g[t+2] * (1 - g[t+2]))) + V.T @ d(L, q[t])",
        ),
        (LAST, "prod(j, t, 1, U) = U**t", "prod(j, t, 1, -1, U) = U**t"),
        (LAST, "d(L, loss[t]) = 2 / T", "d(L, loss[t]) = 1 / T"),
        (
            LAST,
            "d(L, V) = sum(t, t, T, outer(d(L, o[t]), h[t]))",
            "d(L, V) = sum(t, 1, T, outer(d(L, o[t]), h[t]))",
        ),
        (
            LAST,
            "d(h[T], h[t]) = prod(j, t+1, T, -1, diag(1 - h[j]**2) @ U)",
            "d(h[T], h[t]) = prod(j, T, t+1, -1, diag(1 - h[j]**2) @ U)",
        ),
        (
            NUMBERS,
            "a[t] - prod(j, s+1, t, c[j]) * a[s] = sum(i, s+1, t, prod(j, i+1, t, c[j]) * b[i])",
            "a[t] - prod(j, s+1, t, c[j]) * a[s] = sum(i, s+1, t, prod(j, i+1, t, c[j]) * b[i]) "
            "for t >= s",
        ),
    ],
)
def test_what_is_proposed(about: Model, formula: str, mended: str) -> None:
    assert canonical(read(mended, about)) in mends(about, formula)
    assert check(about, mended).right


def test_leaving_steps_out_comes_before_fixing_values() -> None:
    found = check(LAST, "partial(h[t], h[t-1]) = diag(1 - h[t]**2) @ U for t >= 0").mends
    assert not found  # Right as it stands: h[-1] does not exist.
    words = [m.words for m in check(LAGGED, "d(g[t], g[t-1]) = diag(g[t]*(1-g[t])) @ R").mends]
    assert words[0].endswith("`for t >= 1`")


@pytest.mark.parametrize(
    ("formula", "range"),
    [
        ("h[t] = h[t] for t != 3", "T = 1 … 5, t within 0 … 5 with t != 3"),
        ("h[2*t] = h[2*t]", "T = 1 … 5, t within 0 … 2"),
        ("h[t] = h[t] for t < T", "T = 1 … 5, t = 0 … T-1 with t < T"),
    ],
)
def test_ranges_with_ends_of_their_own(formula: str, range: str) -> None:
    assert check(LAST, formula).range == range


def test_left_out_says_which_index() -> None:
    found = check(NUMBERS, "d(a[t], b[s]) = prod(j, s+1, t, c[j]) for s <= t").left_out
    assert found == ("20 cases from T = 1, t = 0, s = 0 on (b[s] lies before b[1], the first)",)
    found = check(NUMBERS, "a[2] = b[2] + c[2] * b[1] + c[2] * c[1] * a[0]").left_out
    assert found == ("T = 1 (a[2] lies past T)",)


def test_entries_that_one_side_has_are_said_to_be_left_out() -> None:
    slope = "d(L, h[t][j]) * partial(h[t][j], b_h[j])"
    formula = f"d(L, w_h[j, i]) = sum(t, 1, T, {slope} * x[t][i])"
    found = check(model("joined"), formula)
    assert found.right
    assert found.left_out == ("other entries (x[t][i] has entries 1 to the length)",)
    both = check(model("linear"), "d(L, W_qh[j, i]) = sum(t, 1, T, d(L, o[t][j]) * h[t][i])")
    assert both.right and both.left_out == ()


@pytest.mark.parametrize(
    "formula",
    [
        "d(h[t+6], h[t]) = prod(j, t+1, t+6, d(h[j], h[j-1]))",
        "d(L, h[t]) = U.T @ d(h[t+7], h[t]) @ d(L, h[t+1])",
    ][: None if EXHAUSTIVE else 1],
)
def test_what_fails_later_than_the_horizon(formula: str) -> None:
    verdict = check(LAST, formula)
    assert verdict.status == 1
    assert verdict.counterexample is not None and verdict.counterexample.T > 5


# --- what is proposed is right when it is typed back ----------------------------------------

WRITTEN = (("elman", "adjoint"), ("lag_two", "rows"), ("linear", "window:2"), ("chain", "one step"))


def slips(name: str, way: str) -> Iterator[str]:
    """Lines of a derivation with one slip each, all operators by turns."""
    formulas = [read(line, loaded(name)) for line in lines(name, way)]
    for number, operator in enumerate(OPERATORS):
        for formula in formulas[number:] + formulas[:number]:
            slip = next(planted(formula.right, operator), None)
            if slip is not None:
                yield formula_text(replace(formula, right=slip))
                break


@pytest.mark.parametrize(
    ("name", "way"),
    [(name, way) for name in [*library.differentiable(), *cells.NAMES] for way in WAYS]
    if EXHAUSTIVE
    else WRITTEN,
)
def test_every_mend_of_a_slip_is_right_when_typed_back(name: str, way: str) -> None:
    if not has(name, way):
        return
    checker = Checker(loaded(name), horizon=3, seconds=3, **WAYS[way].check)
    proposed = 0
    for slip in slips(name, way) if EXHAUSTIVE else list(slips(name, way))[::3]:
        try:
            mends = checker.check(slip).mends
        except NothingToCheckError as error:
            mends = error.mends
        except FormulaError:
            continue
        for mend in mends:
            proposed += 1
            assert checker.check(mend.text).right, (slip, mend.text)
    assert proposed


@pytest.mark.parametrize("name", ["lstm", "elman", "char_rnn", "greek"])
def test_a_name_that_is_proposed_is_read(name: str) -> None:
    about = loaded(name)
    for line in lines(name, "adjoint")[::4]:
        words = sorted({word for word in re.findall(r"\w{3,}", line) if word in about.names})
        for word in words[:2]:
            # An underscore behind a name begins its step.
            slip = re.sub(rf"(?<!\w)(d?){word}\b", rf"\g<1>{word}x", line)
            with pytest.raises(FormulaError) as found:
                read(slip, about)
            (meant,) = re.findall(r"did you mean `(\w+)`", str(found.value))
            assert meant == word
