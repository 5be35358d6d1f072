"""Unrolled equations and the unrolled adjoint recursion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from symbptt.algebra import Cotangent, Expr, Horizon, Model, Ref, TimeSum, walk
from symbptt.calculus.gradients import derive
from symbptt.calculus.unrolling import ExplicitLine, Query, unroll, unroll_derivative
from symbptt.errors import FormulaError, UnknownNameError
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.typeset.plain import plain

CELLS = sorted((Path(__file__).parents[1] / "cells").glob("*.rnn"))
MODELS = [*library.differentiable(), *map(str, CELLS)]
LAG_TWO = """
x: (d,)
A: (h, h)
h[0] = h_init
h[t] = tanh(A @ h[t-2] + W @ x[t])   # state
loss[t] = dot(h[t], h[t])
"""
AT_THE_END = """
x: (d,)
h[t] = W @ x[t] + U @ h[t-1]
loss[T] = squared_error(h[T], y[T])
"""


def text(lines: Iterable[ExplicitLine]) -> list[str]:
    return [f"{plain(line.left)} = {line.right and plain(line.right)}" for line in lines]


def backward(model: Model, horizon: int, what: str) -> list[str]:
    return text(unroll_derivative(derive(model), horizon, Query.read(what)))


# --- the forward equations -------------------------------------------------------------


def test_a_linear_model_written_out() -> None:
    assert text(unroll(library.load("linear"), 2)) == [
        "h[0] = None",
        "h[1] = W_hx @ x[1] + W_hh @ h[0]",
        "o[1] = W_qh @ h[1]",
        "loss[1] = l(o[1], y[1])",
        "h[2] = W_hx @ x[2] + W_hh @ h[1]",
        "o[2] = W_qh @ h[2]",
        "loss[2] = l(o[2], y[2])",
        "L = (loss[1] + loss[2]) / 2",
    ]


def test_initial_values_of_every_lag() -> None:
    lines = text(unroll(parse(LAG_TWO), 2, Query.read("h")))
    assert sorted(lines[:2]) == ["h[-1] = None", "h[0] = h_init"]
    assert lines[2:] == [
        "h[1] = tanh(A @ h[-1] + W @ x[1])",
        "h[2] = tanh(A @ h[0] + W @ x[2])",
    ]


def test_a_loss_at_the_last_step() -> None:
    lines = text(unroll(parse(AT_THE_END), 3))
    assert lines[-2:] == ["loss[3] = squared_error(h[3], y[3])", "L = loss[3]"]


def test_one_step_of_one_quantity() -> None:
    model = library.load("linear")
    assert text(unroll(model, 4, Query.read("o[2]"))) == ["o[2] = W_qh @ h[2]"]
    assert text(unroll(model, 4, Query.read("o[T]"))) == ["o[4] = W_qh @ h[4]"]


# --- the adjoint -----------------------------------------------------------------------


def test_the_adjoint_recursion_written_out() -> None:
    assert backward(library.load("linear"), 3, "d(L, h[2])") == [
        "dL/do[3] = 1 / 3 * l'1(o[3], y[3])",
        "dL/dh[3] = W_qh.T @ dL/do[3]",
        "dL/do[2] = 1 / 3 * l'1(o[2], y[2])",
        "dL/dh[2] = W_hh.T @ dL/dh[3] + W_qh.T @ dL/do[2]",
    ]


def test_a_gradient_written_out() -> None:
    last = backward(library.load("linear"), 2, "d(L, W_hh)")[-1]
    assert last == "dL/dW_hh = outer(dL/dh[1], h[0]) + outer(dL/dh[2], h[1])"


def test_what_lies_past_the_end_is_absent() -> None:
    lines = backward(parse(LAG_TWO), 3, "d(L, h[t])")
    with_product = [line.split(" = ")[0] for line in lines if "A.T" in line]
    assert with_product == ["dL/dh[1]"]
    assert backward(parse(AT_THE_END), 2, "d(L, h[t])")[-1] == "dL/dh[1] = U.T @ dL/dh[2]"


@pytest.mark.parametrize(
    ("horizon", "expected"), [(1, "0"), (2, "A.T @ dL/da[2]"), (3, "A.T @ dL/da[2]")]
)
def test_an_initial_value_receives_only_what_there_is(horizon: int, expected: str) -> None:
    last = backward(parse(LAG_TWO), horizon, "d(L, h[0])")[-1]
    assert last == f"dL/dh[0] = {expected}"


# --- every model -----------------------------------------------------------------------


def explicit(expr: Expr) -> bool:
    """Whether every step is a number and every sum over time is written out."""
    return not any(
        isinstance(node, TimeSum | Horizon)
        or (isinstance(node, Ref | Cotangent) and node.index is not None and node.index.terms)
        for node in walk(expr)
    )


def reads_only_above(lines: Sequence[ExplicitLine]) -> bool:
    """Whether each line is explicit and needs, of what lines define, only what stands above."""
    kind = type(lines[-1].left) if isinstance(lines[-1].left, Cotangent) else Ref
    defined = {line.left for line in lines}
    above: set[Expr] = set()
    for line in lines:
        if line.right is not None:
            read = {node for node in walk(line.right) if isinstance(node, kind)}
            if not explicit(line.right) or read & defined - above:
                return False
            if kind is Cotangent and read - above:
                return False
        above.add(line.left)
    return True


@pytest.mark.parametrize("name", MODELS, ids=lambda name: Path(name).stem)
@pytest.mark.parametrize("horizon", [1, 4])
def test_every_line_reads_only_lines_above(name: str, horizon: int) -> None:
    model = library.load(name)
    lines = unroll(model, horizon)
    assert reads_only_above(lines)
    assert len({line.left for line in lines}) == len(lines)
    derivation = derive(model)
    for parameter in model.learned:
        query = Query(parameter.name, of="L")
        try:
            assert reads_only_above(unroll_derivative(derivation, horizon, query))
        except FormulaError:
            assert horizon < max(step.needs for step in derivation.steps)


def test_a_line_out_of_order_is_noticed() -> None:
    lines = unroll_derivative(derive(library.load("linear")), 3, Query.read("d(L, h[t])"))
    assert not reads_only_above(lines[::-1])
    assert not reads_only_above([*lines[:1], *lines[2:]])


# --- questions -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("h", Query("h")),
        ("h[t]", Query("h", "t")),
        (" h[ -1 ] ", Query("h", "-1")),
        ("d(L,W_hh)", Query("W_hh", of="L")),
        ("d( L , h[T] )", Query("h", "T", "L")),
        ("d(h[ t ], W)", Query("W", of="h")),
    ],
)
def test_questions(question: str, read: Query) -> None:
    assert Query.read(question) == read


@pytest.mark.parametrize(
    "question",
    [
        "",
        "h[",
        "h[t+1]",
        "d(h, W)",
        "d(h[3], W)",
        "d(L)",
        "d(L, h[t]",
        "h; import os",
        "d(l, h[t])",
    ],
)
def test_questions_that_cannot_be_read(question: str) -> None:
    with pytest.raises(FormulaError, match="d\\(L, h\\[t\\]\\)"):
        Query.read(question)


@pytest.mark.parametrize("question", ["nobody", "h[9]", "h[-1]", "x"])
def test_quantities_that_do_not_exist(question: str) -> None:
    with pytest.raises(UnknownNameError, match=question.partition("[")[0]):
        unroll(library.load("linear"), 4, Query.read(question))


@pytest.mark.parametrize("question", ["d(L, nobody[t])", "d(L, nobody)", "d(L, h[9])", "d(L, h)"])
def test_derivatives_that_do_not_exist(question: str) -> None:
    with pytest.raises((UnknownNameError, FormulaError)):
        backward(library.load("linear"), 4, question)
