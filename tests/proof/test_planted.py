"""Every verifier rejects planted errors, and names what is wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from symbptt import algebra as al
from symbptt.algebra import Model
from symbptt.binding import bind
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.calculus.variants import NEAR_ONE, Around, Variant, edited
from symbptt.codegen.render import generate
from symbptt.errors import EvaluationError, InterfaceError
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.proof import calls, exact, numeric
from symbptt.proof.exact import exact_rows
from symbptt.proof.field import Field
from symbptt.proof.ledger import occasions
from symbptt.proof.loaded import load_module
from symbptt.proof.matrix import matrix_rows
from symbptt.proof.numeric import numeric_rows
from symbptt.proof.points import size_sets
from symbptt.proof.report import verify
from symbptt.proof.rows import Row
from tests.proof.planting import (
    PlantedModule,
    planted,
    planted_modules,
    scaled,
    with_step,
)

SQUARE = """
# Everything of one length, so that every transposed factor conforms.
x: (n,)
y: (n,)
z: (n,)
W: (n, n)
U: (n, n)
h[t] = tanh(W @ h[t-1] + W.T @ z[t] + U @ x[t] + b)
loss[t] = squared_error(h[t], y[t]) + dot(z[t], h[t-1])
"""

MODELS = ("linear", "char_rnn", "gru_v1", "square")


@cache
def model_of(name: str) -> Model:
    return parse(SQUARE, name) if name == "square" else library.load(name)


@cache
def derivation_of(name: str) -> Derivation:
    return derive(model_of(name))


@pytest.fixture(autouse=True)
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "POINTS", 1)
    monkeypatch.setattr(exact, "size_sets", lambda model: size_sets(model)[:1])
    monkeypatch.setattr(exact, "HORIZONS", (1, 3))
    monkeypatch.setattr(numeric, "SCENARIOS", calls.SCENARIOS[:1])


def failing(rows: tuple[Row, ...], check: str) -> dict[str, str]:
    return {row.subject: row.detail for row in rows if row.check == check and row.ok is False}


@cache
def planted_in(name: str) -> tuple[Variant, ...]:
    return tuple(planted(derivation_of(name)))


CASES = [
    pytest.param(name, number, id=f"{name}-{case.step.number}-{case.kind}")
    for name in MODELS
    for number, case in enumerate(planted_in(name))
    # The larger cell is there for its elementwise products; a few kinds of error do.
    if name != "gru_v1" or case.kind in ("a factor near 1", "a missing term")
]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_planted_error_in_a_step_is_rejected(name: str, number: int) -> None:
    case = planted_in(name)[number]
    rows = exact_rows(case.derivation)
    chain = failing(rows, "chain")
    (wrong,) = chain
    assert wrong.startswith(f"({case.step.number}) dL/d{case.step.target.name}")
    assert f"of {len(case.step.members)} at T = " in chain[wrong]
    found = failing(rows, "exact")
    assert found
    if f"dL/d{case.step.target.name}" in {subject.partition("[")[0] for subject in found}:
        assert any(f"step ({case.step.number})" in detail for detail in found.values())


@pytest.mark.parametrize("name", ["linear", "char_rnn"])
def test_a_wrong_intermediate_line_is_rejected_though_the_result_is_right(name: str) -> None:
    derivation = derivation_of(name)
    for step in derivation.steps:
        for place in range(len(step.members) - 1):
            members = list(step.members)
            members[place] = scaled(members[place])
            rows = exact_rows(with_step(derivation, step, tuple(members)))
            (detail,) = failing(rows, "chain").values()
            assert detail.startswith(f"member {place + 1} of {len(members)} ")
            assert not failing(rows, "exact")


@pytest.mark.parametrize("name", ["linear", "char_rnn"])
def test_a_step_left_out_is_rejected(name: str) -> None:
    derivation = derivation_of(name)
    for step in derivation.steps:
        if step.kind in ("boundary", "adjoint"):
            # The general step speaks for T as well, if it does not say otherwise.
            continue
        rest = tuple(s for s in derivation.steps if s.number != step.number)
        found = failing(exact_rows(replace(derivation, steps=rest)), "exact")
        assert any("no step" in detail for detail in found.values()), step


@pytest.mark.parametrize("name", MODELS)
def test_a_right_derivation_is_accepted_and_every_row_looked_at_something(name: str) -> None:
    rows = exact_rows(derivation_of(name))
    assert {row.check for row in rows} == {"exact", "chain"}
    for row in rows:
        assert row.ok is True, row
        assert int(row.figure.split()[0]) > 0


def test_the_first_wrong_entry_is_shown_with_both_values() -> None:
    derivation = derivation_of("linear")
    step = derivation.step("W_hh", "gradient")
    wrong = with_step(derivation, step, (*step.members[:-1], scaled(step.result)))
    detail = failing(exact_rows(wrong), "exact")["dL/dW_hh"]
    assert detail.startswith(f"step ({step.number}) at T = 1: dL/dW_hh entry (1, 1) is ")
    found, true = (float(text.split()[-1]) for text in detail.split(", exact "))
    assert found / true == pytest.approx(float(NEAR_ONE.value), abs=1e-8)


def test_sympys_matrix_derivative_refuses_too() -> None:
    derivation = derivation_of("linear")
    step = derivation.step("W_hh", "gradient")
    wrong = with_step(derivation, step, (scaled(step.result),))
    details = failing(matrix_rows(wrong), "matrix")
    assert list(details) == ["dL/dW_hh"]
    assert details["dL/dW_hh"].startswith(f"step ({step.number}): entry (1, 1) is ")


@pytest.mark.parametrize(("name", "form"), [("square", "sensitivity"), ("gru_v1", "joined")])
def test_parts_that_do_not_fit_have_no_value(name: str, form: str) -> None:
    """Whatever stands within a step, a number, a vector or a matrix."""
    derivation = derive(model_of(name), form=form)
    shapes = {len(p.shape): p for p in derivation.normal.parameters}
    others = (al.Number(Fraction(2)), *(al.Param(p.name, p.shape) for p in shapes.values()))
    sizes = size_sets(derivation.model)[0]
    scene = exact.SizedDerivation(derivation, sizes).scene(Field(0), 0)
    ledger = scene.ledger(3, scene.truth(scene.normal, 3), {})
    refused = set()

    def edit(_: al.Expr, around: Around) -> tuple[al.Expr, ...]:
        # Of what a derivative is, and in what, is a name by its type.
        named = al.Derivative | al.Direct | al.Pullback
        return () if any(isinstance(node, named) for node in around.parents) else others

    for step in derivation.steps:
        for _, _, whole in edited(step.result, edit):
            try:
                exact.member_value(step, whole, next(occasions(step, 3)), ledger)
            except (EvaluationError, ZeroDivisionError) as error:
                refused.add(str(error).partition(":")[0])
    assert {"the parts of Product do not fit"} < refused


def test_a_diagonal_of_a_number_is_a_failed_row() -> None:
    derivation = derivation_of("linear")
    step = derivation.step("h", "adjoint")
    wrong = with_step(derivation, step, (al.Product(al.Diag(al.ONE), step.result),))
    (detail,) = failing(exact_rows(wrong), "chain").values()
    assert "the parts of Diag do not fit" in detail


# --- the generated module --------------------------------------------------------------------


@cache
def text_of(name: str) -> str:
    return generate(model_of(name), level=0)


@cache
def planted_in_module(name: str) -> tuple[PlantedModule, ...]:
    return tuple(planted_modules(text_of(name)))


MODULE_CASES = [
    pytest.param(name, number, id=f"{name}-{number}-{case.words}")
    for name in ("linear", "square")
    for number, case in enumerate(planted_in_module(name))
]


@pytest.mark.parametrize(("name", "number"), MODULE_CASES)
def test_a_planted_error_in_a_module_is_rejected(name: str, number: int) -> None:
    case = planted_in_module(name)[number]
    model = bind(model_of(name))
    try:
        rows = numeric_rows(load_module(case.text, name, model), model, derive(model))
    except InterfaceError:
        # A transposed factor that does not conform.
        assert case.words == "transposed"
        return
    for check in ("values", "differences"):
        found = failing(rows, check)
        assert found, case
        for subject, detail in found.items():
            assert f"grads['{subject.removeprefix('dL/d')}']" in detail
            assert ", step (" in detail


@pytest.mark.parametrize("name", ["linear", "char_rnn"])
def test_a_wrong_step_reaches_the_module(name: str) -> None:
    """Code is lowered from the steps: what is planted there fails in every check."""
    derivation = derive(bind(model_of(name)))
    step = derivation.step("h", "adjoint")
    wrong = with_step(derivation, step, (*step.members[:-1], step.result.terms[0]))
    report = verify(bind(model_of(name)), derivation=wrong)
    assert not report.ok
    assert {"exact", "chain", "values", "differences"} <= {row.check for row in report.failures}


def test_a_module_whose_forward_pass_is_wrong_is_rejected() -> None:
    model = model_of("square")
    wrong = text_of("square").replace("np.tanh(", "np.sin(", 1)
    assert wrong != text_of("square")
    rows = numeric_rows(load_module(wrong, "wrong", model), model)
    assert {"L", "forward", "carry"} <= set(failing(rows, "values"))


def test_gradients_of_inputs_are_looked_at_where_the_derivation_has_them() -> None:
    derivation = derive(model_of("square"), wrt_inputs=True)
    rows = exact_rows(derivation)
    subjects = {row.subject for row in rows if row.check == "exact" and row.ok}
    assert {"dL/dx[t]", "dL/dy[t]", "dL/dz[t]"} <= subjects
    step = derivation.step("z", "adjoint")
    wrong = with_step(derivation, step, (*step.members[:-1], scaled(step.result)))
    assert "dL/dz[t]" in failing(exact_rows(wrong), "exact")
