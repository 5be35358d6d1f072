r"""What symbptt prints in LaTeX goes back into check unchanged, and is right.

The lines are the displayed equations of a derivation's article, each with all that stands around
it: ``\begin{align*}``, ``&``, ``\\``, its number, the space that it is in, the author's words. A
sample of models and lines in the suite, all of them with SYMBPTT_EXHAUSTIVE=1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest

from symbptt.algebra import Index
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.errors import SymbpttError
from symbptt.formula.reading import readings
from symbptt.formula.statement import Formula
from symbptt.formula.verdict import Checker
from symbptt.language import library
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Block, Box, Display, Document, Equality, Paragraph
from symbptt.typeset.clock import StepLetters
from symbptt.typeset.estimate import clipping, estimate
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.formulas import Formulas
from symbptt.typeset.latex import aligned, printer_of, rows_of
from symbptt.typeset.style import Style
from symbptt.typeset.text import latex_text
from tests import cells
from tests.formula.test_round_trip import WAYS, has, loaded
from tests.modules import EXHAUSTIVE, in_turn

GRADIENTS = ("D", "bar", "delta")
NOTATIONS = ("", *GRADIENTS, "superscript", *(f"superscript,{one}" for one in GRADIENTS))
SAMPLE = ("elman", "lag_two", "joint_matrix", "antisymmetric", "char_rnn", "last_two_steps")
LINES = 4

TWO_MEANINGS = (r"\frac{\partial \ell_t}{\partial \ell_t}", r"(D\ell_t)_{\ell_t}")
"""Where the loss of one step reads what others read too, one sign is printed for its gradient and
for the slope of the one equation: such a line has no consistent reading."""

Chosen = Callable[[str, str, Sequence[str]], Sequence[str]]

NO_VALUES = ("The functions are", "The loss of one step ")


def options(way: str) -> dict[str, Any]:
    """What `check` is told; where one step's loss is differentiated, an article calls it t."""
    asked = WAYS[way].check
    return asked | ({"names": "t=T"} if "total" in asked else {})


@cache
def checker(name: str, way: str) -> Checker:
    return Checker(loaded(name), horizon=2, seconds=3, **options(way))


class _Lettered(Formulas):
    """Says for which steps a line holds in the letters of the article."""

    letters: StepLetters

    def index(self, index: Index) -> str:
        return str(self.letters.index(index))


@cache
def lines(name: str, way: str, notation: str = "") -> tuple[str, ...]:
    """What an article displays of the model's values, each with what the sentence above says.

    That is for which steps or lengths it holds, where the display does not say so itself.
    """
    asked = WAYS[way]
    derivation = derive(loaded(name), **asked.options)
    style = Style.of(**asked.style, notation=notation)
    printer = printer_of(derivation.symbols, style)
    said = _Lettered(derivation, style)
    said.letters = StepLetters.of(derivation, style.detail == "index")
    conditions = {str(step.number): said.condition(step) for step in derivation.steps}
    found: dict[str, None] = {}
    for line in displayed(article(derivation, "", style), general(derivation, printer)):
        text = aligned(rows_of([line], latex_text))
        where = conditions.get(line.tag, "") if r"\le" not in line.ending else ""
        if not ("one step" in way and " + " in text and any(two in text for two in TWO_MEANINGS)):
            found[f"{text} for {where}" if where else text] = None
    return tuple(found)


def displayed(document: Document, others: set[Block]) -> Iterator[Equality]:
    before: Block | None = None
    for block in document.blocks:
        of_functions = isinstance(before, Paragraph) and before.text[0] in NO_VALUES
        if isinstance(block, Display | Box) and block not in others and not of_functions:
            yield from block.lines
        before = block


def general(derivation: Derivation, printer: LatexPrinter) -> set[Block]:
    """What is said of clipping, and of an estimator's weights and moments."""
    found = {*clipping(derivation, printer)}
    for told in estimate(derivation, printer):
        found |= {*told.definition, *told.quality}
    return found


def trees(name: str, way: str, line: str) -> frozenset[tuple[Formula, ...]] | None:
    """What a line may mean; None if it is not read."""
    known = checker(name, way)
    try:
        return frozenset(
            one.links for one in readings(line, known.model, (), known.names, known.layout)
        )
    except SymbpttError:
        return None


def wrong(name: str, way: str, lines: Sequence[str]) -> Iterator[str]:
    """The lines that are not right, or not read, and why."""
    for line in lines:
        try:
            found = checker(name, way).check(line)
        except SymbpttError as error:
            yield f"{line}: {error}"
        else:
            if not found.right:
                yield str(found)


def some(name: str, way: str, found: Sequence[str]) -> Sequence[str]:
    """Some from all parts of a text."""
    return found[sum(map(ord, name + way)) % 3 :: max(1, len(found) // LINES)]


@pytest.mark.parametrize(
    ("name", "way"),
    [(name, way) for number, way in enumerate(WAYS) for name in in_turn(number, SAMPLE)],
)
def test_lines_are_right(name: str, way: str) -> None:
    if has(name, way):
        assert not list(wrong(name, way, some(name, way, lines(name, way))))


@pytest.mark.parametrize(
    ("name", "notation"),
    [(name, one) for number, one in enumerate(NOTATIONS) for name in in_turn(number, SAMPLE)],
)
def test_a_notation_says_the_same_or_what_is_right(name: str, notation: str) -> None:
    assert not list(differing(name, "adjoint", notation, some))


ROWS = (
    r"\text{in row } i = y_t, \\ \frac{1}{T} (p_t)_i & \text{in the rows } i \neq y_t \end{cases}"
)


@pytest.mark.parametrize(
    ("name", "line", "right"),
    [
        ("char_rnn", rf"dL/do_t = \begin{{cases}} \frac{{1}}{{T}} ((p_t)_i - 1) & {ROWS}", True),
        ("char_rnn", rf"dL/do_t = \begin{{cases}} \frac{{1}}{{T}} (p_t)_i & {ROWS}", False),
        (
            "elman",
            r"a_{h,t} = \begin{pmatrix} W_xh & W_hh \end{pmatrix} [x_t; h_{t-1}] + b_h",
            True,
        ),
        ("elman", r"a_{h,t} = \begin{pmatrix} W_xh & W_hh \end{pmatrix} [x_t; h_t] + b_h", False),
        (
            "lag_two",
            r"\frac{\partial^+ z_t}{\partial W} = "
            r"\begin{pmatrix} \frac{\partial^+ h_t}{\partial W} \\ \mathbf{0} \end{pmatrix}",
            True,
        ),
        (
            "lag_two",
            r"\frac{\partial^+ z_t}{\partial W} = "
            r"\begin{pmatrix} \mathbf{0} \\ \frac{\partial^+ h_t}{\partial W} \end{pmatrix}",
            False,
        ),
    ],
)
def test_cases_and_matrices_are_read_and_a_slip_in_them_is_seen(
    name: str, line: str, right: bool
) -> None:
    assert checker(name, "adjoint").check(line).right == right


@pytest.mark.parametrize("name", ["elman", "char_rnn"])
def test_a_slip_planted_in_a_printed_line_is_seen(name: str) -> None:
    lag = r"\mathbf{h}_{t-1}^{\top} \tag"
    line = next(one for one in lines(name, "adjoint") if r"\sum_{t=1}^T" in one and lag in one)
    assert not list(wrong(name, "adjoint", [line]))
    assert list(wrong(name, "adjoint", [line.replace(lag, lag.replace("t-1", "t"))]))


def differing(name: str, way: str, notation: str, chosen: Chosen) -> Iterator[str]:
    """The lines in a notation that have other readings than in fractions, and are not right."""
    usual = {trees(name, way, line) for line in lines(name, way)} - {None}
    found = chosen(name, way, lines(name, way, notation))
    yield from wrong(name, way, [line for line in found if trees(name, way, line) not in usual])


@pytest.mark.slow
@pytest.mark.skipif(not EXHAUSTIVE, reason="all models, with SYMBPTT_EXHAUSTIVE=1")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name", [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else ["none"]
)
def test_all_lines_of_all_models_are_right(name: str, way: str) -> None:
    if has(name, way):
        assert not list(wrong(name, way, lines(name, way)))
        for notation in NOTATIONS[1:]:
            assert not list(differing(name, way, notation, lambda _, __, found: found))
