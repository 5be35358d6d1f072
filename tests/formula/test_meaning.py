"""What the sides of a formula are in the algebra, where their shapes differ."""

from __future__ import annotations

import pytest

from symbptt.formula.shapes import Layout
from symbptt.formula.verdict import check
from tests.formula.catalogue import model


@pytest.mark.parametrize("step, verdict", [("t", "right"), ("t-1", "wrong")])
def test_what_counts_a_matrix_row_by_row_may_stand_on_either_side(step: str, verdict: str) -> None:
    """A gradient before a Jacobian, in the middle of a chain that ends in a matrix."""
    text = (
        "d(L, W_hx) = sum(t, 1, T, direct(h[t], W_hx).T @ d(L, h[t]))"
        f" = sum(t, 2, T, d(L, h[t]) @ x[{step}].T) + d(L, h[1]) @ x[1].T"
    )
    assert check(model("linear"), text).verdict == verdict


@pytest.mark.parametrize("layout", ["column", "row"])
@pytest.mark.parametrize(
    "formula",
    [
        "d(L, {0}).T = d(L, {0})",
        "d(L, {0}) = d(L, {0}).T",
        "d(L, {0}).T = d(L, {0}) + 0 * d(L, {0})",
    ],
)
@pytest.mark.parametrize("name", ["h[t]", "o[t]", "W_hh", "W_qh"])
def test_a_row_is_no_column(formula: str, layout: Layout, name: str) -> None:
    """Only a matrix may stand for what counts its entries, never a vector laid otherwise."""
    assert check(model("linear"), formula.format(name), layout=layout, horizon=2).verdict == "wrong"
