"""Verification of estimators: what is right passes, planted errors do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from symbptt.algebra import Expr, Mul, PartSum, Ref
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import ESTIMATORS
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.proof import exact
from symbptt.proof.exact import exact_rows
from symbptt.proof.points import size_sets
from symbptt.proof.report import verify
from tests.cells import BINDINGS
from tests.modules import in_turn, model_of, some
from tests.proof.planting import planted, with_step, wrongs

pytestmark = pytest.mark.usefixtures("shortened")

CELLS = (
    "elman", "lag_two", "last_two_steps", "loss_reads_the_past", "lagged_input", "learned_start",
)  # fmt: skip
EXAMPLES = ("window:1", "window:2", "chunk:2", "random:1/3")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "POINTS", 1)
    monkeypatch.setattr(exact, "HORIZONS", (1, 2, 3, 4))
    monkeypatch.setattr(exact, "size_sets", lambda model: size_sets(model)[:1])


@pytest.mark.parametrize("estimator", EXAMPLES)
@pytest.mark.parametrize("name", CELLS)
def test_the_derivation_of_an_estimator_is_exact(name: str, estimator: str, few: None) -> None:
    rows = exact_rows(derive(model_of(name), estimator=estimator))
    assert [row for row in rows if not row.ok] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "estimator"),
    [
        (name, estimator)
        for number, name in enumerate(("gru", "char_rnn", *some(CELLS, 2)))
        for estimator in in_turn(number, ("random:1/3", "window:2"))
    ],
)
def test_estimators_are_verified(name: str, estimator: str) -> None:
    assert verify(model_of(name), bind=BINDINGS.get(name), estimator=estimator).ok


@pytest.mark.parametrize("kind", [kind for kind in ESTIMATORS if kind != "full"])
def test_a_report_says_what_does_not_apply(kind: str) -> None:
    report = verify(model_of("linear"), estimator=ESTIMATORS[kind].example)
    assert report.ok
    assert all(row.ok is None for row in report.of("differences"))
    assert len(report.of("expectation")) == (kind == "random")


# --- planted errors --------------------------------------------------------------------


def without_a_gate(node: Expr) -> Expr | None:
    if isinstance(node, Mul) and is_gate(node.factors[0]):
        rest = node.factors[1:]
        return Mul(rest) if len(rest) > 1 else rest[0]
    return None


def gate_of_the_step_before(node: Expr) -> Expr | None:
    if isinstance(node, Mul) and is_gate(node.factors[0]):
        gate = node.factors[0]
        assert isinstance(gate, Ref)
        return Mul((replace(gate, index=gate.index - 1), *node.factors[1:]))
    return None


def is_gate(node: Expr) -> bool:
    return isinstance(node, Ref) and node.name == "xi"


def longer_window(node: Expr) -> Expr | None:
    return replace(node, last=node.last + 1) if isinstance(node, PartSum) else None


def shorter_window(node: Expr) -> Expr | None:
    return replace(node, last=node.last - 1) if isinstance(node, PartSum) else None


EDITS = (without_a_gate, gate_of_the_step_before, longer_window, shorter_window)


def planted_here(derivation: Derivation) -> Iterator[Derivation]:
    for step in derivation.steps:
        for edit in EDITS:
            for wrong in wrongs(step.result, edit):
                yield with_step(derivation, step, (*step.members[:-1], wrong))


@pytest.mark.parametrize("estimator", ["window:2", "chunk:2"])
@pytest.mark.parametrize("name", ["linear", "lag_two"])
def test_a_wrong_weight_is_rejected(name: str, estimator: str, few: None) -> None:
    wrong = some(list(planted_here(derive(model_of(name), estimator=estimator))), 2)
    assert wrong
    for derivation in wrong:
        assert any(row.ok is False for row in exact_rows(derivation))


@pytest.mark.parametrize("estimator", ["window:2", "random:1/2"])
def test_any_wrong_step_is_rejected(estimator: str, few: None) -> None:
    for case in some(list(planted(derive(model_of("linear"), estimator=estimator))), 4):
        assert any(row.ok is False for row in exact_rows(case.derivation)), case.kind


@pytest.mark.parametrize(
    ("estimator", "old", "new"),
    [
        ("window:2", "range(min(TAU,", "range(min(TAU + 1,"),
        ("chunk:3", "gates[::TAU] = 0", "gates[1::TAU] = 0"),
        ("random:1/2", "xi[now] *", "1 *"),
        ("random:1/2", "cast[:1] = call.one", "pass"),
    ],
)
def test_a_wrong_module_is_rejected(estimator: str, old: str, new: str) -> None:
    model = model_of("linear")
    source = generate(model, estimator=estimator, level=0)
    assert old in source
    report = verify(model, source=source.replace(old, new), estimator=estimator)
    assert {row.check for row in report.failures} == {"values", "levels", "file", "reach"}


def test_a_module_of_another_pi_has_another_expectation() -> None:
    """The estimate is right for the gates given, but these are not unbiased."""
    model = model_of("linear")
    source = generate(model, estimator="random:1/2").replace("cast = gates *", "cast = 2 * gates *")
    wrong = source.replace("gates.astype(call.dtype)", "0.5 * gates.astype(call.dtype)")
    report = verify(model, source=wrong, estimator="random:1/2")
    assert "expectation" in {row.check for row in report.failures}
