"""What ``unroll`` prints in LaTeX goes into check, and is right.

Its letters are told by the lines that define them, as they stand; a line that goes on with the
one before it is handed over together with that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from symbptt.formula.names import FormulaNames
from symbptt.formula.verdict import Checker
from symbptt.language import library
from symbptt.typeset.blocks import Display, Equality, Heading
from symbptt.typeset.latex import aligned, rows_of
from symbptt.unrolled import Answer, answer
from tests import cells
from tests.calculus.test_closed_formulas import answers
from tests.formula.test_round_trip import loaded
from tests.formula.test_unrolled_lines import HORIZON, outside
from tests.modules import EXHAUSTIVE, in_turn, model_of

SAID = ("Step", "Affine", "Unrolled", "Closed", "Proof")
"""How the sections begin that hold formulas."""

LETTER = r"\\begin\{align\*\}\n(?:\\mathbf\{)?([A-Za-z]+)\}?(_t|_[1-9]|_\{\d+(?:,t)?\})? &"
"""How a line begins that says what a letter is, a number, a vector, a matrix or a part of one."""


def equations(found: Answer) -> Iterator[tuple[str, list[Equality]]]:
    """The section, and an equation with what goes on with it."""
    section, group = "", list[Equality]()
    for block in found.document().blocks:
        if isinstance(block, Heading):
            if group:
                yield section, group
            section, group = str(block.text[0]), []
        for line in block.lines if isinstance(block, Display) else ():
            if line.left and group:
                yield section, group
                group = []
            group.append(line)
    yield section, group


def claims(found: Answer) -> Iterator[tuple[str, str]]:
    for section, group in equations(found):
        if section.startswith(SAID) and "given by the caller" not in group[0].members[0]:
            yield section, aligned(rows_of(group), whole=2)


def letters(found: Answer) -> tuple[str, ...]:
    """The lines that say what the letters are."""
    names = FormulaNames.of(found.model)
    _, *others = (text for section, text in claims(found) if section.startswith("Affine"))
    known = names.timed | names.timeless
    return tuple(
        text for text in others if (name := re.match(LETTER, text)) and name[1] not in known
    )


@pytest.mark.parametrize(
    "name",
    [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else ["linear", "leaky", "rational"],
)
def test_the_lines_of_a_closed_form_are_right(name: str) -> None:
    for number, found in enumerate(answers(loaded(name))):
        if outside(found):
            continue
        checker = Checker(found.model, horizon=HORIZON, where=letters(found))
        texts = [text for _, text in claims(found) if text not in checker.where]
        for text in texts if EXHAUSTIVE else in_turn(number, texts):
            verdict = checker.check(text)
            assert verdict.right, f"{text}\n{verdict}"


@pytest.mark.parametrize(
    "name",
    [*library.names(), *cells.NAMES] if EXHAUSTIVE else ["lstm", "last_two_steps"],
)
def test_the_equations_step_by_step_are_right(name: str) -> None:
    model = loaded(name)
    adjoints = [f"d(L, {state}[t])" for state in model.states[:1] if model.loss]
    for what in (None, *adjoints):
        found = answer(model, what, 2)
        checker = Checker(model, horizon=HORIZON)
        for number, (section, text) in enumerate(claims(found)):
            if section.startswith("Step") and (EXHAUSTIVE or number % 4 == 0):
                verdict = checker.check(text)
                assert verdict.right, f"{text}\n{verdict}"


def test_a_letter_may_be_made_of_letters_that_are_told_behind_it() -> None:
    where = (
        r"\mathbf{b}_t = \begin{pmatrix} \mathbf{b}_{1,t} \\ \mathbf{b}_{2,t} \end{pmatrix}",
        r"\mathbf{b}_{1,t} = \mathbf{c}_t",
        r"\mathbf{b}_{2,t} = 2 \mathbf{b}_{1,t}",
    )
    checker = Checker(model_of("lstm"), horizon=2, where=where)
    assert checker.check(r"\mathbf{b}_t = \begin{pmatrix} c_t \\ 2 c_t \end{pmatrix}").right


def test_a_letter_is_what_is_told_behind_it_and_no_loss() -> None:
    r"""``C_{11}`` by itself is the loss, a cost, of step 11."""
    where = (
        r"\mathbf{C} = \begin{pmatrix} \mathbf{C}_{11} & \mathbf{C}_{12} \end{pmatrix}",
        r"\mathbf{C}_{11} = \mathbf{W}_{hx}",
        r"\mathbf{C}_{12} = \mathbf{W}_{hh}",
    )
    checker = Checker(model_of("linear"), horizon=2, where=where)
    assert checker.check(r"\mathbf{C} [x_t; h_{t-1}] = h_t for 1 <= t <= T").right


def test_the_stacked_value_has_no_name_of_the_derivation() -> None:
    """A start that is an expression is called s there."""
    for found in answers(model_of("start_as_an_expression")):
        assert not outside(found) or letters(found) is not None
        texts = [text for _, text in claims(found)]
        assert not any(r"\mathbf{s}_t" in text for text in texts)
