"""What is proved for all T: all that is right, and nothing that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from symbptt import algebra as al
from symbptt import derive, parse
from symbptt.calculus import adjoint, rules
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.forms import neg, zero
from symbptt.calculus.rules import RULES, Context, Part, Rule
from symbptt.calculus.variants import variants
from symbptt.errors import NotProvedError
from symbptt.language import library
from symbptt.proof.exact import exact_rows
from symbptt.proof.induction.statements import ARGUMENT, induction_rows, prove
from symbptt.proof.other_forms import FOR_SOME_T
from symbptt.proof.rows import Report
from tests import cells
from tests.modules import EXHAUSTIVE, model_of, some

MODELS = (*library.differentiable(), *cells.NAMES)


def the_model(name: str) -> al.Model:
    return cells.cell(name) if name in cells.NAMES else library.load(name)


@pytest.mark.parametrize("name", MODELS)
def test_everything_is_proved(name: str) -> None:
    statements = prove(derive(the_model(name), wrt_inputs=True))
    assert {each.subject: each.failure for each in statements if not each.proved} == {}
    assert all(each.proof for each in statements)


def test_the_proof_goes_case_by_case() -> None:
    """The lags are 1 and 3, so the cases are T - 3 to T, and all steps before."""
    found = {each.subject: each.proof for each in prove(derive(model_of("lag_three_alone")))}
    assert [line.partition(":")[0] for line in found["dL/dh[t]"]] == [
        "t = T",
        "t = T-1",
        "t = T-2",
        "t = T-3",
        "1 <= t <= T-4",
    ]
    assert [line.partition(":")[0] for line in found["dL/dh[-2]"]][-1].startswith("T >= ")


# --- slips in a derivation -----------------------------------------------------------------------

SLIPPED = ("linear", "last_two_steps", "loss_reads_the_past", "table_three_ways")


@pytest.mark.parametrize("name", MODELS if EXHAUSTIVE else SLIPPED)
def test_no_slip_is_proved(name: str) -> None:
    """Each variant of each line; what is still proved is right by the exact check, too."""
    tried = 0
    for variant in some(tuple(variants(derive(the_model(name)))), 9):
        tried += 1
        statements = prove(variant.derivation, variant.step.target.name)
        if all(each.proved for each in statements):
            wrong = [row for row in exact_rows(variant.derivation, points=1) if row.ok is False]
            assert not wrong, (variant.kind, variant.step.number)
    assert tried > 10


# --- errors in the rules -------------------------------------------------------------------------


def turned(rule: Rule) -> Rule:
    def wrong(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
        for part in rule(term, cotangent, context):
            yield replace(part, chain=tuple(map(neg, part.chain)))

    return wrong


def lost(rule: Rule) -> Rule:
    def wrong(term: al.Expr, cotangent: al.Expr, context: Context) -> Iterator[Part]:
        for part in rule(term, cotangent, context):
            yield replace(part, chain=(zero(part.operand.shape),))

    return wrong


USES = {
    al.Product: "elman",
    al.Transpose: "antisymmetric",
    al.Lookup: "char_rnn",
    al.Concat: "joint_matrix",
    al.Vector: "attention_inside",
    al.Loss: "linear",
    al.Outer: "linear_attention",
    al.Diag: "covariance",
}


def test_every_rule_has_a_model() -> None:
    """But that of `Pick`, which stands in the tables of functions and in no model."""
    assert RULES.keys() - USES.keys() == {al.Pick}


@pytest.mark.parametrize("wrong", [turned, lost])
@pytest.mark.parametrize("kind", USES, ids=lambda kind: kind.__name__)
def test_a_wrong_rule_is_not_proved(
    kind: type[al.Expr], wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(wrong)
    monkeypatch.setitem(RULES, kind, wrong(RULES[kind]))
    assert not all(each.proved for each in prove(derive(model_of(USES[kind]))))


def test_a_wrong_pointwise_rule_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    right = rules.partial
    monkeypatch.setattr(rules, "partial", lambda *arguments: neg(right(*arguments)))
    assert not all(each.proved for each in prove(derive(model_of("gru"))))


# --- errors in the walk --------------------------------------------------------------------------


def one_step_later(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda reading, index: right(reading, index + 1)


def nothing_present(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda walk, target, present, *more: right(walk, target, [], *more)


def all_present(right: Callable[..., Any]) -> Callable[..., Any]:
    def boundary(walk: Any, target: Any, present: Any, before: int) -> Any:
        return right(walk, target, walk.readers(target.name), before)

    return boundary


def no_seed(right: property) -> property:
    return property(lambda total: al.ONE)


def a_seed_of_the_mean(right: property) -> property:
    return property(lambda total: al.MEAN_FACTOR)


def no_start(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda walk, initial, shape: zero(shape)


def no_sum(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda reading: reading.chain


def without_the_first(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda walk, name: right(walk, name)[1:]


def with_one_twice(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda walk, name: [*right(walk, name)[:1], *right(walk, name)]


WALK = [
    (adjoint, "at_step", one_step_later, "elman"),
    (adjoint.Walk, "boundary", nothing_present, "elman"),
    (adjoint.Walk, "boundary", all_present, "last_two_steps"),
    (al.Total, "seed", no_seed, "elman"),
    (al.Total, "seed", a_seed_of_the_mean, "summed"),
    (adjoint.Walk, "start", no_start, "learned_start"),
    (adjoint, "over_time", no_sum, "elman"),
    (adjoint.Walk, "readers", without_the_first, "lag_two"),
    (adjoint.Walk, "readers", with_one_twice, "lag_two"),
]


@pytest.mark.parametrize(
    ("home", "name", "error", "model"), WALK, ids=[f"{row[1]}-{row[2].__name__}" for row in WALK]
)
def test_an_error_in_the_walk_is_not_proved(
    home: Any, name: str, error: Any, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(each.proved for each in prove(derive(model_of(model))))
    monkeypatch.setattr(home, name, error(getattr(home, name)))
    assert not all(each.proved for each in prove(derive(model_of(model))))


def without_boundaries(derivation: Derivation) -> Derivation:
    steps = tuple(step for step in derivation.steps if step.kind != "boundary")
    return replace(derivation, steps=steps)


def a_length_lost(derivation: Derivation) -> Derivation:
    steps = tuple(s for s in derivation.steps if s.kind != "initial" or s.holds is None)
    return replace(derivation, steps=steps)


def too_long_only(derivation: Derivation) -> Derivation:
    return replace(derivation, steps=tuple(replace(s, needs=s.needs + 1) for s in derivation.steps))


@pytest.mark.parametrize("error", [without_boundaries, a_length_lost, too_long_only])
def test_a_case_that_nothing_is_said_of_is_named(error: object) -> None:
    assert callable(error)
    failures = [each.failure for each in prove(error(derive(model_of("lag_two"))))]
    assert any("nothing is said for" in failure or "for all T" in failure for failure in failures)


def test_a_gradient_that_nothing_is_said_of_is_named() -> None:
    derivation = derive(model_of("lag_two"))
    for name in ("U", "h", "o"):
        steps = tuple(step for step in derivation.steps if step.target.name != name)
        failures = {s.subject: s.failure for s in prove(replace(derivation, steps=steps))}
        assert failures[f"dL/d{name}"] == "nothing is said of it"


def test_a_line_that_reads_itself_is_not_proved() -> None:
    """It is an identity, but gives no gradient: nothing that L depends on reads ``spare``."""
    derivation = derive(model_of("used_by_nobody"))
    (step,) = (step for step in derivation.steps if step.target.name == "spare")
    circular = replace(step, members=(step.target,))
    steps = tuple(circular if each == step else each for each in derivation.steps)
    found = {s.subject: s.failure for s in prove(replace(derivation, steps=steps))}
    assert found["dL/dspare[t]"] == "a line reads dL/dspare, and spare does not read the value"


def test_another_shape_is_not_proved() -> None:
    """The bias of one entry is the sum over all, which is not a vector that is filled with it."""
    derivation = derive(model_of("learned_scalars"))
    changed = tuple(
        replace(step, target=replace(step.target, of_shape=("h",)))
        if isinstance(step.target, al.Cotangent) and step.target.index is None and not step.shape
        else step
        for step in derivation.steps
    )
    failures = [each.failure for each in prove(replace(derivation, steps=changed)) if each.failure]
    assert failures
    assert all("is not in the shape of" in failure for failure in failures)


def test_another_normal_form_is_not_proved() -> None:
    derivation = derive(model_of("elman"))
    first, *rest = derivation.normal.equations
    assert isinstance(first.rhs, al.Add)
    other = replace(first, rhs=al.Add(first.rhs.terms[:-1]))
    normal = replace(derivation.normal, equations=(other, *rest))
    failures = {s.subject: s.failure for s in prove(replace(derivation, normal=normal))}
    assert failures["normal form"] == "the normal form computes another h"


def test_equations_in_a_circle_are_refused() -> None:
    derivation = derive(model_of("linear"))
    first, *rest = derivation.normal.equations
    other = replace(first, rhs=al.Add((first.rhs, first.ref)))
    normal = replace(derivation.normal, equations=(other, *rest))
    with pytest.raises(NotProvedError, match="reads itself"):
        prove(replace(derivation, normal=normal))


# --- rows ----------------------------------------------------------------------------------------


def test_a_report_says_what_holds_for_all_lengths() -> None:
    model = parse("x: (d,)\nh[t] = W @ h[t-1] + U @ x[t]\nloss[t] = squared_error(h[t], y[t])")
    (row,) = induction_rows(derive(model))
    assert row.ok
    assert row.range == "6 statements for all T and all sizes"
    assert {"dL/dh[t]", "dL/dW", "dL/dh[0]", "normal form"} <= set(row.subjects)
    assert row.proof[: len(ARGUMENT)] == ARGUMENT
    assert "dL/dh[t]: t = T: (2), it enters loss[T]" in row.proof
    report = Report("mine", (row,))
    assert "\n    dL/dh[t]: t = T: (2), it enters loss[T]\n" in report.text(proofs=True)
    assert "it enters" not in str(report)
    assert "it enters h[t+1], loss[t]" in next(line for line in row.proof if "<=" in line)


def test_what_is_not_proved_is_named_and_fails_nothing() -> None:
    variant = next(variants(derive(model_of("linear")), ["a wrong sign"]))
    rows = list(induction_rows(variant.derivation))
    assert [row.ok for row in rows] == [True, None]
    assert rows[1].subject == "dL/dloss[t]"
    assert rows[1].detail == "(1) is not what L is made of"


def test_the_other_forms_are_named() -> None:
    row = FOR_SOME_T
    assert row.ok is None
    assert row.subject == "expanded, joined, sensitivity"


def test_an_estimate_is_not_proved() -> None:
    (row,) = induction_rows(derive(model_of("linear"), estimator="window:3"))
    assert row.ok is None
    assert "only the adjoint form" in row.detail
