"""What `unroll` gives as a formula, `check` reads and finds right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from symbptt.algebra import Model
from symbptt.cli import main
from symbptt.errors import SymbpttError
from symbptt.formula.verdict import check
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.unrolled import Answer, answer
from tests import cells
from tests.modules import EXHAUSTIVE, some

SAMPLE = cells.NAMES if EXHAUSTIVE else cells.NAMES[::9]
HORIZON = 3

LAG_TWO = """
x: (d,)
h[t] = A @ h[t-1] + B @ h[t-2] + C @ x[t]
o[t] = V @ h[t]
loss[t] = squared_error(o[t], y[t])
"""


def questions(model: Model) -> Iterator[str]:
    for equation in (e for e in model.equations if e.name in model.states):
        yield equation.name
        if model.loss is not None:
            yield f"d(L, {equation.name}[t])"
        for parameter in model.parameters if EXHAUSTIVE else model.parameters[:2]:
            yield f"d({equation.name}[t], {parameter.name})"


def answers(model: Model) -> Iterator[Answer]:
    for what in questions(model):
        try:
            found = answer(model, what, HORIZON)
        except SymbpttError:
            continue  # No such recurrence.
        if found.closed is not None:
            yield found


@pytest.mark.parametrize("name", [*some(library.names(), 2), *SAMPLE])
def test_the_formula_is_right(name: str) -> None:
    model = library.load(name) if name in library.names() else cells.cell(name)
    for found in answers(model):
        if found.formula is None:
            assert found.no_formula.startswith("none: ")
            continue
        verdict = check(model, found.formula, horizon=HORIZON)
        assert verdict.right, str(verdict)
        assert found.no_formula == ""


@pytest.mark.parametrize(
    ("name", "what", "expected"),
    [
        (
            "linear",
            "d(h[t], W_hh)",
            "d(h[t], W_hh) = sum(i, 1, t, W_hh**(t-i) @ kron(I, h[i-1].T)) for 0 <= t <= T",
        ),
        (
            "elman",
            "d(h[t], W_hh)",
            "d(h[t], W_hh) = sum(i, 1, t, prod(j, t, i+1, -1, diag(phi_h'(a_h[j])) @ W_hh) @ "
            "diag(phi_h'(a_h[i])) @ kron(I, h[i-1].T)) for 0 <= t <= T",
        ),
        (
            "elman",
            "d(L, h[t])",
            "d(L, h[t]) = sum(k, t, T, prod(j, t+1, k, W_hh.T @ diag(phi_h'(a_h[j]))) @ "
            "W_hy.T @ (phi_o'(a_o[k]) * d(L, o[k]))) for 1 <= t <= T",
        ),
        (
            "lag two",
            "h",
            "h[t] = d(h[t], h[0]) @ h[0] + d(h[t], h[-1]) @ h[-1] + "
            "sum(i, 1, t, d(h[t], h[i]) @ C @ x[i]) for 0 <= t <= T",
        ),
        (
            "lag two",
            "d(h[t], B)",
            "d(h[t], B) = sum(i, 1, t, d(h[t], h[i]) @ kron(I, h[i-2].T)) for 0 <= t <= T",
        ),
        (
            "lag two",
            "d(L, h[t])",
            "d(L, h[t]) = sum(k, t, T, d(h[k], h[t]).T @ V.T @ d(L, o[k])) for 1 <= t <= T",
        ),
    ],
)
def test_what_formulas_lack_is_written_as_a_derivative(name: str, what: str, expected: str) -> None:
    model = parse(LAG_TWO, name) if name == "lag two" else library.load(name)
    found = answer(model, what, HORIZON)
    assert found.formula == expected
    assert check(model, expected).right
    wrong = expected.replace("(i, 1, t", "(i, 2, t").replace("(k, t, T", "(k, t+1, T")
    assert wrong != expected and check(model, wrong).status == 1


def test_several_quantities_are_blocks() -> None:
    model = library.load("lstm")
    formula = answer(model, "d(L, h[t])", 2).formula
    assert formula is not None and formula.startswith("vstack(d(L, h[t]), d(L, c[t])) = sum(")
    assert check(model, formula, horizon=HORIZON).right
    slip = formula.replace("prod(m, t+1, j", "prod(m, t, j-1")
    assert slip != formula and not check(model, slip, horizon=HORIZON).right


def test_why_there_is_none() -> None:
    ahead = parse("h[t] = W @ h[t-1]\nloss[t] = dot(h[t], h[t-1])\n", "ahead")
    found = answer(ahead, "d(L, h[t])", HORIZON)
    assert found.formula is None and "absent at T" in found.no_formula
    assert found.data()["folded"]["no_formula"] == found.no_formula


def test_the_text_gives_the_formula() -> None:
    text = CliRunner().invoke(main, ["unroll", "linear", "h", "-T", "2"]).output
    formula = text.split("as a formula, for check\n")[1].strip()
    assert check(library.load("linear"), formula).right


def test_a_power_with_a_broken_exponent_reads_back() -> None:
    model = cells.cell("powers_and_quotients")
    formula = answer(model, "d(L, h[t])", HORIZON).formula
    assert formula is not None and "**(-1/2)" in formula
    assert check(model, formula, horizon=HORIZON).right


START_OF_ANOTHER = """
x: (n,)
h[0] = h_init
h[t] = tanh(W @ h[t-2] + x[t])
g[t] = tanh(V @ h[t-1] + U @ g[t-1])
loss[t] = dot(g[t], g[t])
"""

LATE = """
c[t] = tanh(A @ c[t-1] + B @ c[t-3])
loss[T] = dot(c[T-2], c[T-2])
"""


def test_a_parameter_that_is_the_start_of_another_state() -> None:
    """g depends on h_init by way of h[0] alone: its derivative is not 0."""
    model = parse(START_OF_ANOTHER, "start")
    found = answer(model, "d(g[t], h_init)", HORIZON)
    assert found.formula is not None and "d(h[i-1], h_init)" in found.formula
    assert check(model, found.formula).right


@pytest.mark.parametrize("horizon", [1, 3, 6])
def test_a_loss_that_reads_earlier_steps_folds(horizon: int) -> None:
    """The recurrence begins some steps before T, so that few steps show its pattern."""
    found = answer(parse(LATE, "late"), "d(L, c[t])", horizon)
    assert found.closed is not None and found.closed.form


def test_what_the_loss_does_not_read_is_proved_to_be_0() -> None:
    model = parse(START_OF_ANOTHER.replace("dot(g[t], g[t])", "dot(x[t], x[t])"), "unread")
    text = answer(model, "d(L, g[t])", HORIZON).text()
    assert "the statement at t+1, assumed, and C[t+1] times 0 is 0" in text
    assert check(model, "d(L, g[t]) = 0 for 1 <= t <= T").right
