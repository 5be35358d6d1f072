"""Every form is proved member by member, and planted errors in it are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from symbptt import derive
from symbptt.algebra import (
    BlockMatrix,
    Derivative,
    Expr,
    Index,
    Product,
    Ref,
    TimeSum,
    walk,
)
from symbptt.binding import bind
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.forms import is_zero
from symbptt.calculus.gradients import FORMS
from symbptt.calculus.variants import variants
from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from symbptt.proof import exact
from symbptt.proof.exact import exact_rows
from symbptt.proof.other_forms import OTHERS, form_rows, mode_rows
from symbptt.proof.report import verify
from symbptt.typeset.plain import plain
from tests import cells
from tests.modules import BUILT_IN, EXHAUSTIVE, model_of
from tests.proof.planting import KINDS, scaled, with_step, wrongs

SQUARE = """
# Everything of one length, so that every transposed factor conforms; a lag of two.
x: (n,)
y: (n,)
W: (n, n)
U: (n, n)
h[t] = tanh(W @ h[t-1] + U @ x[t] + b)
g[t] = W.T @ h[t-2] + b * (U @ g[t-1])
loss[t] = squared_error(h[t], y[t]) + dot(g[t], h[t])
"""

SAMPLE = (
    "linear",
    "gru_v1",
    "last_two_steps",
    "loss_reads_the_past",
    "lagged_input",
    "matrix_input_transposed",
    "scalar_beside_a_vector",
    "start_as_an_expression",
    "derived_of_derived",
    "joint_matrix",
    "reductions",
    "used_by_nobody",
)
PROVED = tuple(sorted({*BUILT_IN, *cells.NAMES})) if EXHAUSTIVE else SAMPLE


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "HORIZONS", (1, 2, 4))


@pytest.mark.parametrize("form", OTHERS)
@pytest.mark.parametrize("name", PROVED)
def test_every_member_of_every_form_is_right(name: str, form: str) -> None:
    rows = form_rows(derive(model_of(name), form=form))
    assert [row for row in rows if not row.ok] == []
    assert rows[-1].subject == "every member"
    assert int(rows[-1].figure.split()[0]) > 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["linear", "lag_two", "lagged_input", "loss_reads_the_past"])
def test_the_loss_of_one_step_is_proved_too(name: str, form: str) -> None:
    rows = form_rows(derive(model_of(name), form=form, of="loss[t]"))
    assert [row for row in rows if not row.ok] == []


@pytest.mark.parametrize("form", FORMS)
def test_some_of_the_steps_are_proved_by_themselves(form: str) -> None:
    derivation = derive(model_of("lag_two"), form=form, only=["W_2", "h[-1]"])
    rows = form_rows(derivation)
    assert [row for row in rows if not row.ok] == []
    assert {"dL/dW_2", "dL/dh[-1]"} <= {row.subject for row in rows}


# --- planted errors ----------------------------------------------------------------------------


def upper_limit(node: Expr) -> Expr | None:
    """A sum over the earlier steps that misses the step itself."""
    if isinstance(node, TimeSum) and node.index != "t":
        return replace(node, last=node.last - 1)
    return None


def a_step_late(node: Expr) -> Expr | None:
    """A sensitivity, or a Jacobian, of the step itself in place of the one before."""
    if isinstance(node, Derivative) and node.held == "nothing" and node.index.offset < 0:
        assert isinstance(node.output, Ref)
        return replace(node, output=replace(node.output, index=node.index + 1))
    return None


def other_order(node: Expr) -> Expr | None:
    """A product of two matrices of one size the other way round."""
    if isinstance(node, Product) and node.left.shape == node.right.shape:
        return Product(node.right, node.left)
    return None


def swapped_blocks(node: Expr) -> Expr | None:
    if isinstance(node, BlockMatrix) and len(node.cells[0]) > 1:
        return replace(node, cells=tuple(tuple(reversed(row)) for row in node.cells))
    return None


FORM_EDITS: dict[str, Callable[[Expr], Expr | None]] = {
    "upper limit": upper_limit,
    "a step late": a_step_late,
    "other order": other_order,
    "swapped blocks": swapped_blocks,
}
"""Errors of these forms alone."""


def begins_at_nothing(member: Expr) -> bool:
    """Whether it sums from step 0 on, where no parameter enters: that is the same sum."""
    return any(isinstance(node, TimeSum) and node.first == Index() for node in walk(member))


def wrong_members(derivation: Derivation, step: Step) -> Iterator[tuple[str, tuple[Expr, ...]]]:
    """Every planted error in the last member of a step, and a factor in each member."""
    for place, member in enumerate(step.members):
        if not is_zero(member):
            changed = [*step.members]
            changed[place] = scaled(member)
            yield f"factor in member {place + 1}", tuple(changed)
    for variant in variants(replace(derivation, steps=(step,)), KINDS):
        if not any(begins_at_nothing(member) for member in variant.changed.members):
            yield variant.kind, variant.changed.members
    for words, edit in FORM_EDITS.items():
        for wrong in wrongs(step.result, edit):
            yield words, (*step.members[:-1], wrong)


PLANTED: dict[str, Derivation] = {
    form: derive(parse(SQUARE, "square"), form=form) for form in ("expanded", "sensitivity")
}
COMMUTE = ("a reversed product", "other order")
"""Where dh[t-2]/dh[-1] is a factor these change nothing: h[-1] enters g alone, so it is I or 0."""
CASES = [
    pytest.param(form, step.number, words, members, id=f"{form}-{step.number}-{words}")
    for form, derivation in PLANTED.items()
    for step in derivation.steps
    if step.kind in ("jacobian", "sensitivity", "gradient", "start")
    for words, members in wrong_members(derivation, step)
    if not (words in COMMUTE and "d(h[t-2], h[-1])" in plain(step.result))
]
FIRST = {case.values[2]: case for case in reversed(CASES)}
SAMPLED = CASES if EXHAUSTIVE else [*FIRST.values(), *CASES[::9]]


@pytest.mark.parametrize(("form", "number", "words", "members"), SAMPLED)
def test_a_planted_error_is_rejected(
    form: str, number: int, words: str, members: tuple[Expr, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "HORIZONS", (4,))
    derivation = PLANTED[form]
    step = derivation.steps[number - 1]
    wrong = with_step(derivation, step, members)
    rows = exact_rows(wrong, sets=({"n": 2},), points=1)
    found = [row for row in rows if row.check == "chain" and not row.ok]
    assert [row.subject.split()[0] for row in found] == [f"({number})"], words


def test_every_kind_of_error_was_planted() -> None:
    planted = {case.values[2] for case in SAMPLED}
    assert {*FORM_EDITS, *KINDS} <= planted


@pytest.mark.parametrize("form", ["expanded", "sensitivity"])
def test_a_step_left_out_is_noticed(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "HORIZONS", (4,))
    derivation = PLANTED[form]
    for step in derivation.steps[:: 1 if EXHAUSTIVE else 3]:
        if step.kind in ("start", "sensitivity", "gradient"):
            rest = tuple(s for s in derivation.steps if s.number != step.number)
            rows = exact_rows(replace(derivation, steps=rest), sets=({"n": 2},), points=1)
            assert any(row.check == "exact" and not row.ok for row in rows), step.number


# --- the forward mode ----------------------------------------------------------------------------


@pytest.mark.usefixtures("shortened")
def test_verify_has_rows_for_every_form_and_the_forward_mode() -> None:
    report = verify(model_of("linear"))
    assert report.ok
    for check in (*OTHERS, "forward"):
        subjects = {s for row in report.of(check) for s in row.subjects}
        assert {"dL/dW_hx", "dL/dW_hh", "dL/dW_qh", "dL/dh[0]"} <= subjects


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("W_hh @ S_h_W_hh_back1[:count]", "W_hh.T @ S_h_W_hh_back1[:count]"),
        ("S_h_W_hh_back1 = S_h_W_hh", "S_h_W_hh_back1 = 1.001 * S_h_W_hh"),
        ("_kron(h_all[prev]", "_kron(h[now]"),
        ("sum_h0[:count] +=", "sum_h0[:count] ="),
    ],
)
def test_a_planted_error_in_a_forward_module_is_rejected(right: str, wrong: str) -> None:
    model = bind(model_of("linear"))
    text = generate(model, mode="forward")
    assert right in text
    rows = mode_rows(model, source=text.replace(right, wrong, 1))
    failed = [row for row in rows if not row.ok]
    assert failed
    assert all("the reverse module has" in row.detail for row in failed)
