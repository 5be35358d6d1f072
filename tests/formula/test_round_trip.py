"""What symbptt prints in text goes back into check unchanged, and is right."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pytest

from symbptt.algebra import Model
from symbptt.calculus.gradients import derive
from symbptt.errors import SymbpttError
from symbptt.formula.verdict import check
from symbptt.language import library
from symbptt.typeset.formulas import formulas
from symbptt.typeset.plain import plain
from tests import cells
from tests.modules import EXHAUSTIVE

SAMPLE = ("linear", "elman", "layer_norm", "learned_start", "two_losses")


def loaded(name: str) -> Model:
    return library.load(name) if name in library.names() else cells.cell(name)


def members(model: Model, form: str) -> Iterator[str]:
    """Every member of every chain of a derivation, as an equation."""
    return chain.from_iterable(map(formulas, derive(model, form=form).steps))


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


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("antisymmetric", "dL/dgamma = direct(A, gamma).T @ vec(dL/dA)"),
        ("antisymmetric", "dL/dgamma = -dot(I, dL/dA)"),
        ("product_of_matrices", "dL/du_A = direct(u_A2, u_A).T @ vec(dL/du_A2)"),
        ("last_two_steps", "dL/dh[0] = W.T @ dL/da[1] for 3 <= T"),
        ("last_two_steps", "dL/dh[-1] = b * dL/du_loss2[T] for T = 1"),
    ],
)  # fmt: skip
def test_what_a_member_says_of_matrices_and_of_short_sequences(name: str, formula: str) -> None:
    model = loaded(name)
    assert formula in chain.from_iterable(map(formulas, derive(model).steps))
    assert check(model, formula, horizon=3).right


def test_the_condition_on_the_length_is_needed() -> None:
    found = check(cells.cell("last_two_steps"), "dL/dh[0] = W.T @ dL/da[1]", horizon=3)
    assert found.verdict == "wrong"
