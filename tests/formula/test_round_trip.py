"""What symbptt prints in text goes back into check unchanged, and is right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from symbptt.algebra import Model
from symbptt.calculus.gradients import derive
from symbptt.errors import SymbpttError
from symbptt.formula.verdict import check
from symbptt.language import library
from symbptt.typeset.plain import plain
from tests import cells
from tests.modules import EXHAUSTIVE

SAMPLE = ("linear", "elman", "layer_norm", "learned_start", "two_losses")


def loaded(name: str) -> Model:
    return library.load(name) if name in library.names() else cells.cell(name)


def members(model: Model, form: str) -> Iterator[str]:
    """Every member of every chain of a derivation, as an equation."""
    for step in derive(model, form=form).steps:
        where = ""
        if step.holds is not None:
            where = f" for {step.holds.first} <= {step.holds.of} <= {step.holds.last}"
        yield from (f"{plain(step.target)} = {plain(member)}{where}" for member in step.members)


@pytest.mark.parametrize(
    ("name", "form"),
    [*((name, "adjoint") for name in SAMPLE), ("linear", "sensitivity"), ("elman", "sensitivity")],
)
def test_every_member_of_every_chain_is_right(name: str, form: str) -> None:
    model = loaded(name)
    for formula in dict.fromkeys(members(model, form)):
        assert check(model, formula, horizon=3).right, formula


@pytest.mark.slow
@pytest.mark.skipif(not EXHAUSTIVE, reason="all models, with SYMBPTT_EXHAUSTIVE=1")
@pytest.mark.parametrize("name", [*library.differentiable(), *cells.NAMES])
def test_every_member_of_all_models(name: str) -> None:
    model = loaded(name)
    found: list[str] = []
    for formula in dict.fromkeys(members(model, "adjoint")):
        try:
            right = check(model, formula, horizon=3).right
        except SymbpttError as error:
            right = False
            formula = f"{formula}: {error}"
        found += [] if right else [formula]
    assert not found


@pytest.mark.parametrize("name", ["linear", "elman", "lstm", "char_rnn"])
def test_the_equations_are_right(name: str) -> None:
    model = loaded(name)
    for equation in model.equations:
        assert check(model, f"{plain(equation.ref)} = {plain(equation.rhs)}", horizon=2).right
