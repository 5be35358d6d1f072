"""Every line of a chain has its reason, with the equation by which it follows."""

from __future__ import annotations

import pytest

from symbptt.calculus.derivation import Derivation, EquationName, Step
from symbptt.calculus.gradients import FORMS, derive
from symbptt.calculus.why import line_reasons
from symbptt.language.library import differentiable, load
from tests.cells import NAMES, cell


def told(derivation: Derivation, step: Step) -> list[str]:
    return [
        "".join(p.name if isinstance(p, EquationName) else str(p) for p in reason)
        for reason in line_reasons(step, derivation.normal)
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [*differentiable(), *NAMES[:4]])
def test_every_line_of_a_chain_has_a_reason(name: str, form: str) -> None:
    derivation = derive(cell(name) if name in NAMES else load(name), form=form)
    for step in derivation.steps:
        reasons = told(derivation, step)
        assert len(reasons) == len(step.members)
        assert all(reasons) or len(reasons) == 1


def test_a_line_names_its_equation_and_its_rule() -> None:
    derivation = derive(load("lstm"))
    assert told(derivation, derivation.step("h", "adjoint"))[1] == (
        "a_i, a_f, a_o, a_g and s: a matrix product"
    )
    assert told(derivation, derivation.step("a_f", "adjoint")) == [
        "chain rule",
        "f: entry by entry",
        "written with f",
    ]
    assert told(derivation, derivation.step("s", "adjoint"))[1:] == [
        "loss: the derivative of the loss",
        "worked out in each case",
        "both cases in one formula",
    ]
    assert told(derivation, derivation.step("W_hf", "gradient"))[0].endswith(
        "all steps that read it"
    )


@pytest.mark.parametrize("name", differentiable())
def test_a_chain_of_the_adjoint_form_is_never_just_simplified(name: str) -> None:
    derivation = derive(load(name))
    assert not [s.number for s in derivation.steps if "simplified" in told(derivation, s)]
