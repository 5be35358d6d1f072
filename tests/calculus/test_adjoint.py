"""The reverse walk against what the seeds print, and its shape on every built-in model."""

from dataclasses import replace

import pytest

from symbptt.algebra import Cotangent, Expr, Index, Ref, walk
from symbptt.calculus.derivation import EquationName, Step
from symbptt.calculus.gradients import derive
from symbptt.calculus.rules import RULES
from symbptt.errors import MissingLossError, MissingRuleError
from symbptt.language.library import load, names
from symbptt.language.parser import parse
from symbptt.typeset.plain import plain

# (model, kind, variable): the last member, as the seeds have it.
SEEDS = {
    ("linear", "adjoint", "o"): "1 / T * l'1(o[t], y[t])",
    ("linear", "boundary", "h"): "W_qh.T @ dL/do[T]",
    ("linear", "adjoint", "h"): "W_hh.T @ dL/dh[t+1] + W_qh.T @ dL/do[t]",
    ("linear", "gradient", "W_qh"): "sum(t, 1, T, outer(dL/do[t], h[t]))",
    ("linear", "gradient", "W_hx"): "sum(t, 1, T, outer(dL/dh[t], x[t]))",
    ("linear", "gradient", "W_hh"): "sum(t, 1, T, outer(dL/dh[t], h[t-1]))",
    ("linear", "initial", "h"): "W_hh.T @ dL/dh[1]",
    ("linear_bias", "gradient", "b_h"): "sum(t, 1, T, dL/dh[t])",
    ("linear_bias", "gradient", "b_q"): "sum(t, 1, T, dL/do[t])",
    ("char_rnn", "adjoint", "o"): "1 / T * (p[t] - onehot(y[t]))",
    ("char_rnn", "adjoint", "h"): "W.T @ dL/da[t+1] + V.T @ dL/do[t]",
    ("char_rnn", "adjoint", "a"): "(1 - h[t]**2) * dL/dh[t]",
    ("char_rnn", "gradient", "W"): "sum(t, 1, T, outer(dL/da[t], h[t-1]))",
    ("char_rnn", "gradient", "E"): "sum(t, 1, T, outer(onehot(tok[t]), dL/dx[t]))",
    ("lstm", "adjoint", "c"): ("f[t+1] * dL/dc[t+1] + o[t] * (1 - tanh(c[t])**2) * dL/dh[t]"),
    ("gru", "adjoint", "z"): "(h[t-1] - n[t]) * dL/dh[t]",
}


@pytest.mark.parametrize("row", SEEDS, ids=" ".join)
def test_the_seeds_formulas(row: tuple[str, str, str]) -> None:
    model, kind, name = row
    step = derive(load(model)).step(name, kind)  # type: ignore[arg-type]
    assert plain(step.result) == SEEDS[row]


def test_the_two_cases_of_the_cross_entropy_are_part_of_the_chain() -> None:
    step = derive(load("char_rnn")).step("o", "adjoint")
    kinds = [type(member).__name__ for member in step.members]
    assert kinds[0] in {"Pullback", "Mul"}
    assert kinds[1:3] == ["Cases", "Cases"]


@pytest.mark.parametrize("name", names())
def test_every_variable_has_its_step(name: str) -> None:
    model = load(name)
    if model.loss is None:
        pytest.skip("no loss")
    derivation = derive(model)
    targets = [(s.kind, s.target.name) for s in derivation.steps]
    for parameter in model.learned:
        assert ("gradient", parameter.name) in targets
    for initial in model.initials:
        assert ("initial", initial.name) in targets
    for state in model.states:
        assert {("adjoint", state), ("boundary", state)} <= set(targets)
    assert [s.number for s in derivation.steps] == list(range(1, len(derivation.steps) + 1))


@pytest.mark.parametrize("name", names())
def test_members_have_the_targets_shape_and_stay_within_the_sequence(name: str) -> None:
    model = load(name)
    if model.loss is None:
        pytest.skip("no loss")
    for step in derive(model).steps:
        for member in step.members:
            assert member.shape == step.shape
        if step.kind == "boundary":
            assert not any(past_the_end(node) for m in step.members for node in walk(m))


def past_the_end(node: Expr) -> bool:
    if not isinstance(node, Ref | Cotangent) or node.index is None:
        return False
    return node.index.names() == ("T",) and node.index.offset > 0


def test_reasons_name_equations_that_exist() -> None:
    derivation = derive(load("lstm"))
    known = {e.name for e in derivation.normal.equations}
    for step in derivation.steps:
        assert step.reason
        for piece in step.reason:
            if isinstance(piece, EquationName):
                assert piece.name in known


def boundaries(step_text: str) -> list[str]:
    derivation = derive(parse(step_text))
    return [f"{plain(s.target)} = {plain(s.result)}" for s in derivation.of_kind("boundary")]


def test_a_lag_of_two_has_two_boundaries() -> None:
    text = "x: (d,)\nh[t] = W @ h[t-2] + V @ x[t]\nloss[t] = squared_error(h[t], y[t])"
    assert boundaries(text) == [
        "dL/dh[T] = 1 / T * (h[T] - y[T])",
        "dL/dh[T-1] = 1 / T * (h[T-1] - y[T-1])",
    ]


def test_a_loss_at_the_last_step_enters_at_the_boundary() -> None:
    text = "x: (d,)\nh[t] = W @ h[t-1] + V @ x[t]\nloss[T] = squared_error(h[T], y[T])"
    assert boundaries(text) == ["dL/dh[T] = h[T] - y[T]"]
    assert plain(derive(parse(text)).step("h", "adjoint").result) == "W.T @ dL/dh[t+1]"


def test_the_cost_does_not_depend_on_T() -> None:
    derivation = derive(load("lstm"))
    indices = {
        node.index.names()
        for step in derivation.steps
        for member in step.members
        for node in walk(member)
        if isinstance(node, Ref | Cotangent) and node.index is not None
    }
    assert indices <= {("t",), ("T",), ()}


def test_a_model_without_a_loss_is_refused() -> None:
    with pytest.raises(MissingLossError, match="add a line"):
        derive(parse("x: (d,)\nh[t] = tanh(W @ h[t-1] + x[t])"))


@pytest.mark.parametrize("kind", sorted(RULES, key=lambda kind: kind.__name__))
def test_a_missing_rule_is_an_error(kind: type[Expr], monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
x: (d,)
tok: index
h: (d,)
n = 2
zeta: scalar
A = W.T
e[t] = E[tok[t]]
m[t] = mean(h[t]) + sum(h[t]) + dot(h[t], h[t]) + len(h) + n + 1 + zeta
s[t] = softmax(h[t]) + log_softmax(h[t])
c[t] = concat(h[t], x[t])
v[t] = x[t]**2
h[t] = tanh(A @ h[t-1]) + x[t] / 2 + v[t] * x[t] + e[t] + c_0
loss[t] = softmax_cross_entropy(U @ c[t] + s_0 + B @ s[t], y[t]) + m[t]
"""
    present = {type(n) for e in derive(parse(text)).normal.equations for n in walk(e.rhs)}
    present |= {type(n) for d in derive(parse(text)).normal.derived for n in walk(d.rhs)}
    if kind not in present:
        pytest.skip("only formulas have this node")
    monkeypatch.delitem(RULES, kind)
    with pytest.raises(MissingRuleError, match=kind.__name__):
        derive(parse(text))


def test_steps_are_values() -> None:
    step: Step = derive(load("linear")).steps[0]
    assert replace(step, number=7) != step
    assert derive(load("linear")) == derive(load("linear"))


@pytest.mark.parametrize("name", names())
def test_equations_that_are_entered_at_one_step_are_said_together(name: str) -> None:
    model = load(name)
    for step in derive(model).steps if model.loss else ():
        places = [part for part in step.reason if isinstance(part, Index)]
        assert len(places) == len(set(places))
