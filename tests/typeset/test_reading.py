"""What documents print is read back and calculated, in both layouts, and is right."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from symbptt.algebra import Add, Expr, Neg, TimeSum
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.gradients import derive
from symbptt.calculus.selection import without_auxiliaries
from symbptt.language.library import load
from symbptt.proof.evaluate import evaluate
from symbptt.proof.exact import RandomPoint, SizedDerivation
from symbptt.proof.field import Field
from symbptt.proof.ledger import Ledger, occasions
from symbptt.proof.points import size_sets
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.latex import PRINTERS, printer_of
from symbptt.typeset.style import NOTATIONS, Style
from tests.cells import NAMES, cell
from tests.typeset.reading import Misread, Value, calculated, symbols

MODELS = (
    "linear_bias", "char_rnn", "lstm", "gru_v1", "rows", "tied_table", "low_rank_and_diagonal",
    "learned_scalars", "vector_times_state", "quotient_of_states", "transposed",
)  # fmt: skip
HORIZON = 3


@cache
def scene_of(name: str) -> tuple[Derivation, RandomPoint]:
    derivation = derive(cell(name) if name in NAMES else load(name))
    stage = SizedDerivation(derivation, size_sets(derivation.model)[0])
    return derivation, stage.scene(Field(3), 3)


def terms(expr: Expr) -> Iterator[Expr]:
    """The expressions to read: sums over time by their terms."""
    if isinstance(expr, Add) and any(isinstance(t, TimeSum | Neg) for t in expr.terms):
        for term in expr.terms:
            yield from terms(term)
    elif isinstance(expr, TimeSum):
        yield expr.term
    elif isinstance(expr, Neg) and isinstance(expr.operand, TimeSum):
        yield expr.operand.term
    else:
        yield expr


def steps_of(derivation: Derivation) -> Iterator[Step]:
    yield from derivation.steps
    yield from without_auxiliaries(derivation)


def upright(array: object, shape: tuple[int, ...]) -> object:
    """A vector as a column; rows and matrices are what they are."""
    return np.reshape(array, (-1, 1)) if len(shape) == 1 else array


def read(expr: Expr, text: str, printer: LatexPrinter, ledger: Ledger, at: dict[str, int]) -> Value:
    values = {
        symbol: Value(upright(evaluate(e, ledger, at), e.shape), ledger.domain)
        for symbol, e in symbols(expr, printer).items()
    }
    return calculated(text, values, ledger.domain)


def right(found: Value, expr: Expr, ledger: Ledger, at: dict[str, int]) -> bool:
    true = upright(evaluate(expr, ledger, at), expr.shape)
    return found.array.shape == np.shape(true) and bool(np.all(found.array == true))


@pytest.mark.parametrize("notation", [name for name in NOTATIONS if name != "subscript"])
@pytest.mark.parametrize("layout", PRINTERS)
@pytest.mark.parametrize("name", MODELS)
def test_what_is_printed_is_right(name: str, layout: str, notation: str) -> None:
    derivation, scene = scene_of(name)
    printer = printer_of(derivation.normal, Style.of(layout, notation))
    ledger = Ledger(scene.normal, HORIZON, scene.truth(scene.normal, HORIZON))
    count = 0
    for step in steps_of(derivation):
        for at in list(occasions(step, HORIZON))[:1]:
            for term in terms(step.result):
                expr = printer.lay(term)
                moment = {"t": 2, **at}
                assert right(
                    read(expr, printer.show(expr), printer, ledger, moment), expr, ledger, moment
                ), printer.show(expr)
                count += 1
    assert count >= len(derivation.steps)


WRONG = (
    (r"\mathbf{W}_{\mathrm{hh}}", r"\mathbf{W}_{\mathrm{hh}}^{\top}"),
    (r"\frac{\partial L}{\partial \mathbf{o}_t} \mathbf{W}_{\mathrm{qh}}",
     r"\mathbf{W}_{\mathrm{qh}} \frac{\partial L}{\partial \mathbf{o}_t}"),
    (" + ", " - "),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new"), WRONG)
def test_a_misprint_is_noticed(old: str, new: str) -> None:
    derivation, scene = scene_of("linear_bias")
    printer = printer_of(derivation.normal, Style.of("row"))
    ledger = Ledger(scene.normal, HORIZON, scene.truth(scene.normal, HORIZON))
    expr = printer.lay(derivation.step("h", "adjoint").result)
    text = printer.show(expr)
    assert old in text
    at = {"t": 2, "T": HORIZON}
    assert right(read(expr, text, printer, ledger, at), expr, ledger, at)
    try:
        found = read(expr, text.replace(old, new), printer, ledger, at)
    except Misread:
        return
    assert not right(found, expr, ledger, at)
