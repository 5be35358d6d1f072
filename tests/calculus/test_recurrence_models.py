"""Recurrences recognised in models, and their closed forms, in exact numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from symbptt.algebra import Expr, Model, Product, Transpose, map_children, walk
from symbptt.calculus import forms
from symbptt.calculus.forms import terms_of
from symbptt.calculus.recurrence.closed import recognise
from symbptt.calculus.recurrence.folding import folded
from symbptt.calculus.recurrence.induction import prove
from symbptt.calculus.recurrence.system import AffineRecurrence
from symbptt.calculus.unrolling import Query
from symbptt.errors import NotAffineError
from symbptt.language import library
from symbptt.language.parser import parse
from tests import cells
from tests.calculus.recurrence_values import Numbers, Truth, same, truths

HORIZONS = (3,)
NAMES = (*library.names(), *cells.NAMES)


def model_of(name: str) -> Model:
    return cells.cell(name) if name in cells.NAMES else library.load(name)


def first_wrong(recurrence: AffineRecurrence, truth: Truth) -> str:
    """Where the recurrence or its closed form is not the true value; "" if nowhere."""
    law = recurrence.law
    form = folded(law)
    prove(law, form)
    numbers = Numbers(recurrence, truth)
    start = law.start.at({"T": truth.horizon})
    last = truth.horizon if law.direction > 0 else 1
    steps = range(start, last + law.direction, law.direction)
    for t in [t for t in steps if t >= law.direction]:
        true = numbers.value(t) if t >= 1 else None
        if true is not None and not same(numbers.folded(form, t), true):
            return f"closed form at t = {t}, T = {truth.horizon}"
        if t != start and true is not None:
            behind = (
                numbers.value(t - law.direction)
                if t - law.direction != start
                else (numbers.beginning())
            )
            found = numbers.coefficient(t + (law.direction < 0)) @ behind
            if law.sources:
                found = found + numbers.source(t)
            if not same(found, true):
                return f"recurrence at t = {t}, T = {truth.horizon}"
    return ""


def recurrences(model: Model) -> Iterator[tuple[str, AffineRecurrence]]:
    """Of every quantity: its values, its adjoint, its sensitivities, where affine."""
    names = [e.name for e in model.equations if e.name != "loss" and not e.last]
    questions = [Query(n) for n in names]
    if model.loss is not None:
        questions += [Query(n, "t", "L") for n in names]
    questions += [Query(p.name, of=n) for n in model.states for p in model.parameters]
    for question in questions:
        try:
            yield str(question), recognise(model, question)
        except NotAffineError:
            continue


@pytest.mark.parametrize("name", NAMES)
def test_every_recurrence_is_right_in_exact_numbers(name: str) -> None:
    model = model_of(name)
    found = list(recurrences(model))
    assert found or not model.states or model.states == ("loss",)
    for truth in truths(model, HORIZONS):
        for question, recurrence in found:
            assert first_wrong(recurrence, truth) == "", question


def planted(recurrence: AffineRecurrence) -> Iterator[tuple[str, AffineRecurrence]]:
    """The recurrence with errors."""
    (first, *row), *rows = recurrence.matrix
    assert first is not None
    term, *others = terms_of(first)

    def with_term(new: Expr) -> AffineRecurrence:
        return replace(recurrence, matrix=((forms.add((new, *others)), *row), *rows))

    _, *blocks = recurrence.source
    yield "a term of C twice", with_term(forms.add((term, term)))
    yield "a sign of C", with_term(forms.neg(term))
    yield "C lost", replace(recurrence, matrix=((None, *row), *rows))
    yield "b lost", replace(recurrence, source=(None, *blocks))
    if isinstance(term, Product):
        yield "factors in the wrong order", with_term(Product(term.right, term.left))
    for factor in walk(term):
        if isinstance(factor, Transpose):
            yield "not transposed", with_term(_with(term, factor, factor.operand))


def _with(expr: Expr, old: Expr, new: Expr) -> Expr:
    """The expression with another factor."""
    return new if expr is old else map_children(expr, lambda child: _with(child, old, new))


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("linear", Query("h")),
        ("linear", Query("h", "t", "L")),
        ("char_rnn", Query("h", "t", "L")),
        ("char_rnn", Query("W", of="h")),
        ("lstm", Query("h", "t", "L")),
        ("lag_two", Query("h", "t", "L")),
    ],
    ids=str,
)
def test_planted_errors_are_noticed(name: str, question: Query) -> None:
    model = model_of(name)
    (truth,) = truths(model, (4,))
    recurrence = recognise(model, question)
    assert first_wrong(recurrence, truth) == ""
    for what, wrong in planted(recurrence):
        assert first_wrong(wrong, truth) != "", what


# --- what is not affine ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "fault"),
    [
        ("h[t] = tanh(W @ h[t-1] + U @ x[t])", "h", "Call"),
        ("h[t] = x[t] * h[t-1] * h[t-1]", "h", "Mul"),
        ("h[t] = x[t] / h[t-1]", "h", "Div"),
        ("h[t] = x[t] + h[t-1]**2", "h", "Pow"),
        ("h[t] = W @ x[t] + softmax(h[t-1])", "h", "Vector"),
        ("g[t] = sigmoid(V @ h[t-1] + x[t])\nh[t] = g[t] * h[t-1]", "h", "Mul"),
        ("h[t] = dot(h[t-1], h[t-1]) * x[t]", "h", "Vector"),
    ],
)
def test_the_term_at_fault_is_named(text: str, name: str, fault: str) -> None:
    with pytest.raises(NotAffineError) as caught:
        recognise(parse(f"x: (n,)\nh: (n,)\n{text}\n"), Query(name))
    term = caught.value.term
    assert isinstance(term, tuple)
    assert type(term[1]).__name__ == fault


@pytest.mark.parametrize(
    "text",
    [
        "h[t] = g[t] * h[t-1]\ng[t] = sigmoid(V @ x[t])",
        "h[t] = 0.9 * h[t-1] + dot(w, h[t-1]) * x[t]",
        "h[t] = (W - W.T) @ h[t-1] - h[t-2] / 2 + mean(h[t-1]) * x[t]",
        "h[t] = A @ u[t-1] + x[t]\nu[t] = B @ h[t] - h[t-2]",
        "h[t] = concat(s[t-1], x[t]) - W @ h[t-1]\ns[t] = V @ h[t]",
        "u[t] = tanh(R @ u[t-1] + x[t])\nh[t] = W @ h[t-1] + u[t] * h[t-1]",
        "h[t] = sum(h[t-1]) * x[t] + h[t-1]\nh[0] = 0",
        "h[t] = W @ h[t-1] + x[t]\nh[0] = h_init",
        "h[t] = h[t-3] + x[t]",
        "C: (n, n)\nh[t] = C[t] @ h[t-1] + b + x[t]\nh[0] = 0.5",
    ],
)
def test_affine_states_of_every_kind_fold(text: str) -> None:
    model = parse(f"x: (d,)\n{text}\n" if "concat" in text else f"x: (n,)\nh: (n,)\n{text}\n")
    recurrence = recognise(model, Query("h"))
    for truth in truths(model, (1, 4)):
        assert first_wrong(recurrence, truth) == ""


@pytest.mark.parametrize("loss", ["sum(a[t])", "dot(a[t], a[t])", "sum(g[t])", "sum(h[t-1])"])
def test_what_the_loss_reads_of_the_circle_is_absent_past_the_end(loss: str) -> None:
    """dL/da[t+1] holds a term of its own, 1/T, which is not there at t = T."""
    text = (
        f"x: (n,)\ng[t] = W @ h[t-1] + x[t]\na[t] = U @ g[t]\nh[t] = tanh(a[t])\nloss[t] = {loss}\n"
    )
    model = parse(text)
    for name in ("h", "a", "g"):
        recurrence = recognise(model, Query(name, "t", "L"))
        for truth in truths(model, (1, 2, 4)):
            assert first_wrong(recurrence, truth) == ""
