"""What the sides of a formula are in the algebra, where their shapes differ."""

from __future__ import annotations

import pytest

from symbptt.formula.shapes import Layout
from symbptt.formula.verdict import check
from tests.formula.catalogue import model
from tests.modules import model_of


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


@pytest.mark.parametrize(
    "right",
    ["I @ I", "I * I", "(I @ I @ I).T", "exp(I @ I)", "(I @ I) * {0}", "prod(i, 1, 2, I @ I)"],
)
@pytest.mark.parametrize("name", ["W_qh", "b_h"])
def test_a_product_of_nothing_but_units_is_square(right: str, name: str) -> None:
    text = f"d(L, {name}) = {right.format(name)}"
    found = check(model("linear_bias"), text, horizon=2, seconds=0.2)
    assert found.verdict == "wrong"
    assert "the shapes do not fit" in found.reason


@pytest.mark.parametrize("right", ["I @ I @ {0}", "{0} @ I @ I", "(I @ I) * {0} * (I @ I)"])
def test_a_product_of_units_has_the_size_of_its_place(right: str) -> None:
    wanted = "d(h[t], h[t-1])" if "*" not in right else "0 * W_hh + I * W_hh"
    text = f"{wanted} = {right.format('W_hh')} for 1 <= t <= T"
    assert check(model("linear_bias"), text, horizon=2).verdict == "right"


def test_a_step_that_the_derivation_does_not_name_is_no_defect() -> None:
    """Mends are looked for at the derivation's steps; the formula's own sum goes on to others."""
    text = "d(L, x[i-1]) = sum(i, t-2, 0, W_qh.T @ I)"
    assert check(model("linear_bias"), text, horizon=2).verdict == "wrong"


@pytest.mark.parametrize(
    "right",
    [
        "(W_hh @ h[t]) @ ones.T @ diag(x[t])",
        "-(2 * W_hh @ h[t]) @ ones.T @ diag(x[t])",
        "W_hx + W_hh @ h[t] @ ones.T @ diag(x[t])",
        "(diag(x[t]) @ ones @ (W_hh @ h[t]).T).T",
    ],
)
def test_ones_between_have_the_length_of_what_is_behind(right: str) -> None:
    """And the whole has the rows of what is before them, whatever these are."""
    assert check(model("linear"), f"W_hx = {right}", horizon=2, seconds=0.2).verdict == "wrong"
    assert check(model("linear"), f"0 * W_hx = 0 * ({right})", horizon=2).right


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("concat(o[t], h[t])", "vstack(o[t], 0 * h[t]) + vstack(0 * ones, h[t])"),
        ("hstack(kron(I, x[t].T), W_hh)", "hstack(kron(I, x[t].T), W_hh + 0 * I)"),
        ("concat(vec(W_hh), h[t])", "vstack(vec(W_hh), h[t])"),
        ("W_hh @ h[t]", "hstack(W_hh, W_hx) @ vstack(ones * h[t], 0 * ones)"),
    ],
)
def test_blocks_of_no_own_size_have_what_is_left(left: str, right: str) -> None:
    assert check(model("linear"), f"{left} = {right}", horizon=2).right


def test_the_head_of_a_chain_tells_the_sizes_of_its_links() -> None:
    """A Kronecker product times numbers alone tells nothing of its size."""
    whole = "sum(i, 1, t, 0.7**(t-i) * kron(I, x[i].T))"
    text = f"d(c[t], U) = {whole} = 2 * {whole} - {whole} for 1 <= t <= T"
    assert check(model_of("last_step_of_an_unread_state"), text, horizon=2).right
