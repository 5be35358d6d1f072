"""Which matrices recur, what is cut off, and what the state is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

from symbptt.algebra import Model
from symbptt.analysis.recurrence import looping, recurrence
from symbptt.analysis.report import Analysis, analyze
from symbptt.analysis.structure import elementwise
from symbptt.functions.elementwise import FUNCTIONS, Function
from symbptt.language.parser import parse
from tests.analysis.subjects import bound, of_text


def analysis(model: Model) -> Analysis:
    return analyze(model, steps=3, dims=dict.fromkeys(model.dims, 3))


def matrices(name: str) -> list[str]:
    return [report.name for report in analysis(bound(name)).matrices]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", ["W_hh"]),
        ("elman", ["W_hh"]),
        ("char_rnn", ["W"]),
        ("notes_elman", ["W"]),
        ("lstm", ["W_hi", "W_hf", "W_ho", "W_hg"]),
        ("gru", ["W_hr", "W_hz", "W_hn"]),
        ("gru_v1", ["W_hr", "W_hz", "W_hn"]),
        ("rows", ["W"]),
        ("transposed", ["W"]),
        ("lag_two", ["W", "W_2"]),
        ("output_feedback", ["W", "V"]),
        ("stacked", ["W_1", "W_2"]),  # U_1, U_2 lie on no loop
        ("stacked_with_a_way_back", ["W_1", "R", "U_2", "W_2", "S"]),
        ("two_states", ["A", "B_v", "C", "D_u"]),
        ("gated_state", ["W", "U"]),
        ("antisymmetric", ["A"]),
        ("inline_matrix_sum", ["W - W.T - 0.1 * I"]),
        ("chain", ["B_1", "A"]),
        ("joint_matrix", ["W at h[t-1]"]),
        ("matrix_input", []),
        ("vector_times_state", []),
        ("unread_state", ["W"]),
    ],
)
def test_recurrent_matrices(name: str, expected: list[str]) -> None:
    assert sorted(matrices(name)) == sorted(expected)


def test_the_value_of_a_derived_matrix() -> None:
    found = analysis(bound("antisymmetric"))
    w, gamma = found.numbers.params["W"], found.numbers.params["gamma"]
    spectrum = found.matrices[0].spectrum
    assert spectrum is not None
    expected = np.linalg.eigvals(w - w.T - gamma * np.eye(3))
    np.testing.assert_allclose(
        np.sort_complex(spectrum.eigenvalues), np.sort_complex(expected), atol=1e-12
    )
    np.testing.assert_allclose(spectrum.eigenvalues.real, -gamma, atol=1e-12)


def test_the_block_of_a_joined_matrix_acts_on_the_state() -> None:
    """w_h = [W_xh W_hh] of seed 001: the spectrum is that of its block W_hh."""
    rng = np.random.default_rng(0)
    w_x, w_h, b = rng.standard_normal((4, 3)), rng.standard_normal((4, 4)), np.zeros(4)
    x = rng.standard_normal((5, 3))
    joined = of_text("x: (d,)\nh: (h,)\nh[t] = tanh(w @ concat(x[t], h[t-1]) + b)\n")
    apart = of_text("x: (d,)\nh[t] = tanh(W_x @ x[t] + W_h @ h[t-1] + b)\n")
    one = analyze(joined, {"w": np.hstack([w_x, w_h]), "b": b, "x": x})
    two = analyze(apart, {"W_x": w_x, "W_h": w_h, "b": b, "x": x})
    assert one.matrices[0].name == "w at h[t-1]"
    assert one.matrices[0].spectrum is not None and two.matrices[0].spectrum is not None
    assert one.matrices[0].spectrum.radius == two.matrices[0].spectrum.radius
    assert one.bound is not None and two.bound is not None
    assert one.bound.factor == pytest.approx(two.bound.factor, rel=1e-12)
    for left, right in zip(one.trajectory.lags, two.trajectory.lags, strict=True):
        assert left.log_norm == pytest.approx(right.log_norm, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("elman", ["h[t]"]),
        ("lstm", ["c[t]", "h[t]"]),
        ("lag_two", ["h[t]", "h[t-1]"]),
        ("lag_three_alone", ["h[t]", "h[t-1]", "h[t-2]"]),
        ("lagged_input", ["h[t]"]),  # an input's past is given, not computed
        ("loss_reads_the_past", ["h[t]"]),  # … and what only the loss reads is cut off
        ("last_two_steps", ["h[t]"]),
        ("output_feedback", ["o[t]"]),
        ("used_by_nobody", ["h[t]", "past[t]"]),
        ("awkward_names", ["self[t]"]),
    ],
)
def test_the_stacked_state(name: str, labels: list[str]) -> None:
    found = analysis(bound(name))
    assert [block.label for block in found.blocks] == labels
    assert [block.first for block in found.blocks] == [3 * k for k in range(len(labels))]


def test_what_the_recurrence_does_not_need_is_cut_off() -> None:
    core = recurrence(bound("lstm"))
    assert [i.name for i in core.inputs] == ["x"]
    assert not {"W_qh", "b_q"} & {p.name for p in core.parameters}
    assert not {"s", "loss"} & looping(bound("lstm"))
    assert core.dims == ("d", "h")


def test_a_model_without_a_loss_can_be_analyzed() -> None:
    with_loss, text = bound("elman"), "\n".join(bound("elman").text.splitlines()[:-3])
    without = parse("x: (d,)\nh: (h,)\nphi_h: function = tanh\n"
                    "h[t] = phi_h(W_xh @ x[t] + W_hh @ h[t-1] + b_h)\n", "elman")  # fmt: skip
    assert text and without.loss is None
    one = analyze(with_loss, steps=4, dims={"d": 3, "h": 4, "q": 2})
    two = analyze(without, steps=4, dims={"d": 3, "h": 4})
    assert one.trajectory.lags == two.trajectory.lags


@pytest.mark.slow
def test_a_long_chain_of_equations() -> None:
    lines = ["a_0[t] = W @ h[t-1]", *(f"a_{k}[t] = a_{k - 1}[t] / 2" for k in range(1, 900))]
    found = elementwise(recurrence(of_text("\n".join([*lines, "h[t] = tanh(a_899[t])"]))))
    assert found is not None
    assert found.function == "tanh"


# --- the table's column of slopes --------------------------------------------------------

GRID = [*(k / 4 for k in range(-48, 49)), -1e-3]


def steepest(row: Function) -> Any:
    """The largest modulus of the derivative on a grid, by SymPy's derivative."""
    x = sympy.Symbol("x", real=True)
    names: dict[str, Any] = {
        "x": x,
        "step": lambda u: sympy.Heaviside(u, 0),
        "sign": sympy.sign,
        "beyond": lambda u, v: sympy.Heaviside(u - v, sympy.Rational(1, 2)),
    }
    slope = sympy.diff(sympy.sympify(row.sympy, locals=names, rational=True), x)
    found = slope.replace(sympy.DiracDelta, lambda *_: sympy.Integer(0))
    return max(abs(float(found.subs(x, sympy.Float(value)).evalf())) for value in GRID)


BOUNDED = [row for row in FUNCTIONS.values() if row.steepest]


@pytest.mark.parametrize("row", BOUNDED, ids=lambda row: row.name)
def test_the_stated_slope_is_the_largest(row: Function) -> None:
    stated, found = float(row.steepest), steepest(row)
    assert found <= stated * (1 + 1e-12)
    assert found >= 0.995 * stated


def test_every_other_function_has_no_bound_or_two_arguments() -> None:
    without = [f for f in FUNCTIONS.values() if f.public and not f.steepest]
    assert {f.name for f in without} == {
        "exp",
        "log",
        "sqrt",
        "max",
        "min",
        "sinh",
        "cosh",
        "log1p",
        "expm1",
    }
