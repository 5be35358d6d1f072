r"""What symbptt prints in LaTeX goes back into check unchanged, and is right.

The lines are the displayed equations of a derivation's article, each with all that stands around
it: ``\begin{align*}``, ``&``, ``\\``, its number, the space that it is in, the author's words. A
sample of models and lines in the suite, all of them with SYMBPTT_EXHAUSTIVE=1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

import pytest

from symbptt.algebra import Index, Model
from symbptt.calculus.derivation import EVERY, Derivation
from symbptt.calculus.gradients import derive
from symbptt.errors import EvaluationError, SymbpttError
from symbptt.formula.decision import decide
from symbptt.formula.meaning import resolved
from symbptt.formula.reading import names_of, spelled_links
from symbptt.formula.shapes import ShapeError
from symbptt.formula.statement import Formula
from symbptt.formula.verdict import Checker, spoken_of
from symbptt.language import library
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Block, Box, Display, Document, Equality, Paragraph
from symbptt.typeset.clock import StepLetters
from symbptt.typeset.estimate import clipping, estimate
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.formulas import Formulas
from symbptt.typeset.latex import aligned, printer_of, rows_of
from symbptt.typeset.sections import ByEntries
from symbptt.typeset.style import Style
from symbptt.typeset.text import latex_text
from tests import cells
from tests.formula.test_round_trip import WAYS, has, loaded
from tests.modules import EXHAUSTIVE, in_turn

GRADIENTS = ("D", "bar", "delta")
NOTATIONS = ("", *GRADIENTS, "superscript", *(f"superscript,{one}" for one in GRADIENTS))
SAMPLE = ("elman", "lag_two", "joint_matrix", "antisymmetric", "char_rnn", "last_two_steps")
LINES = 4

NO_VALUES = ("The functions are", "The loss of one step ")


def options(way: str) -> dict[str, Any]:
    """What `check` is told; where one step's loss is differentiated, an article calls it t."""
    asked = WAYS[way].check
    return asked | ({"names": "t=T"} if "total" in asked else {})


class Reader:
    """Answers for lines about a model; what is checked once, and so each link, is kept."""

    def __init__(self, name: str, **asked: Any) -> None:
        self.checker = Checker(loaded(name), horizon=2, seconds=30 if EXHAUSTIVE else 3, **asked)
        layout = self.checker.layout
        self.estimator = asked.get("estimator", "")
        self.examined = examined(name)
        self.names = names_of(self.checker.model, (), self.checker.names, layout)
        self.why_wrong = cache(self._why_wrong)
        self.holds = cache(self._holds)

    def _why_wrong(self, line: str) -> str:
        """Why a line is not right, or not read; "" if it is."""
        try:
            ways = spelled_links(line, self.names, self.checker.layout)
            if any(all(map(self.holds, links)) for links, _ in ways):
                return ""
            found = self.checker.check(line)
        except SymbpttError as error:
            return f"{line}: {error}"
        return "" if found.right else str(found)

    def _holds(self, link: Formula) -> bool:
        """Whether a link of a reading says what may be meant, and right."""
        models = spoken_of(link, self.checker.model)
        return any(self._is_right(link, model) for model in models)

    def _is_right(self, link: Formula, model: Model) -> bool:
        """As `check` decides it; where that takes no proof, by its random points alone."""
        self.checker.clock.restart()
        examiner = self.checker.examiner(model)
        examiner.forget()
        try:
            if any(function.default is None for function in model.abstract):
                return decide(link, examiner, str).verdict.right
            formula = resolved(link, examiner.shaper)
            key = model, self.estimator, formula
            if key not in self.examined:
                found = examiner.examine(formula)
                failed = found.counterexample is not None or found.broken is not None
                self.examined[key] = bool(found.used) and not failed
        except (EvaluationError, ShapeError):
            return False
        return self.examined[key]


@lru_cache(maxsize=2)
def examined(name: str) -> dict[tuple[Model, str, Formula], bool]:
    """Whether what links mean is right; rows and columns often mean the same."""
    return {}


@lru_cache(maxsize=len(WAYS))
def _reader(name: str, asked: tuple[tuple[str, Any], ...]) -> Reader:
    return Reader(name, **dict(asked))


def reader(name: str, way: str) -> Reader:
    return _reader(name, tuple(sorted(options(way).items())))


@lru_cache(maxsize=len(WAYS))
def derived(name: str, asked: tuple[tuple[str, Any], ...]) -> Derivation:
    return derive(loaded(name), **dict(asked))


class _Lettered(Formulas):
    """Says for which steps a line holds in the letters of the article."""

    letters: StepLetters

    def index(self, index: Index) -> str:
        return str(self.letters.index(index))


@lru_cache(maxsize=len(WAYS))
def lines(name: str, way: str, notation: str = "") -> tuple[str, ...]:
    """What an article displays of the model's values, each with what the sentence above says.

    That is for which steps or lengths it holds, where the display does not say so itself.
    """
    asked = WAYS[way]
    derivation = derived(name, tuple(sorted(asked.options.items())))
    style = Style.of(**asked.style, notation=notation)
    printer = printer_of(derivation.symbols, style)
    said = _Lettered(derivation, style)
    said.letters = StepLetters.of(derivation, style.detail == "index")
    printer.names.tell(said.letters)
    conditions = dict(stated(derivation, said, printer, style))
    found: dict[str, None] = {}
    for line in displayed(article(derivation, "", style), general(derivation, printer)):
        text = aligned(rows_of([line], latex_text))
        where = conditions.get(line.tag or line, "") if r"\le" not in line.ending else ""
        found[f"{text} for {where}" if where else text] = None
    return tuple(found)


def stated(
    derivation: Derivation, said: Formulas, printer: LatexPrinter, style: Style
) -> Iterator[tuple[str | Equality, str]]:
    """For which steps the lines of each step hold, by its number, or themselves without one."""
    for step in derivation.steps:
        yield str(step.number), said.condition(step)
    if style.detail == "index":
        entries = ByEntries(derivation, printer, {})
        every = {one.name for one in derivation.normal.equations if not one.last}
        for equation in entries.indices.equations:
            for line in equation.slopes if equation.name in every else ():
                yield entries.equality(line), said.range(EVERY)
        for step in derivation.steps:
            lines = entries.indices.of(step)
            for line in lines.all() if lines else ():
                yield entries.equality(line), said.condition(step)


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


NUMBER = re.compile(r" \\tag\{\w+\}")
"""What a line is called, and nothing that it says."""


def wrong(name: str, way: str, lines: Sequence[str]) -> Iterator[str]:
    """Why lines are not right, each but for its number once."""
    for line in {NUMBER.sub("", line): line for line in reversed(lines)}.values():
        why = reader(name, way).why_wrong(line)
        if why:
            yield why


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
    [
        *((name, one) for number, one in enumerate(NOTATIONS) for name in in_turn(number, SAMPLE)),
        ("one_letter", "D"),
    ],
)
def test_a_notation_says_the_same_or_what_is_right(name: str, notation: str) -> None:
    found = some(name, "adjoint", lines(name, "adjoint", notation))
    assert not list(wrong(name, "adjoint", found))


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
    assert (not list(wrong(name, "adjoint", [line]))) == right


def test_a_slip_planted_in_a_printed_line_is_seen() -> None:
    """Whatever of it has been checked before: the line itself, under another number too."""
    name, lag = "elman", r"\mathbf{h}_{t-1}^{\top} \tag"
    line = next(one for one in lines(name, "adjoint") if r"\sum_{t=1}^T" in one and lag in one)
    slip = line.replace(lag, lag.replace("t-1", "t"))
    again = slip.replace(r"\tag{", r"\tag{9")
    assert not list(wrong(name, "adjoint", [line]))
    assert len(list(wrong(name, "adjoint", [line, slip, line]))) == 1
    assert len(list(wrong(name, "adjoint", [slip, again]))) == 1
    assert len(list(wrong(name, "rows", [slip]))) == 1
    assert not list(wrong(name, "adjoint", [line, line.replace(r"\tag{", r"\tag{9")]))


@pytest.mark.parametrize(
    ("name", "way", "sign"),
    [
        (
            "scalar_beside_a_vector",
            "sensitivity",
            r"\frac{\partial^{+} s_t}{\partial \mathbf{w}} &=",
        ),
        ("scalar_beside_a_vector", "sensitivity", r"&= \mathbf{W} + \mathbf{1}"),
        ("scalar_beside_a_vector", "expanded", r"\Bigr) \mathbf{1} \frac"),
        ("scalar_beside_a_vector", "rows, sensitivity", r"\mathbf{1}^{\top} \frac"),
        ("learned_scalar_start", "rows, index", r"\mathbf{1}^{\top}"),
        ("learned_scalar_start", "index", r"&= \frac{1}{n_{\mathrm{h}}}"),
        ("reductions", "one step", r"\mathbf{h}_t + \mathbf{h}_t"),
        ("recurrence", "expanded", r"\prod_{j = t"),
        ("derived_scalar", "sensitivity", r"\mathrm{d} s} - \frac"),
        ("start_as_an_expression", "rows, sensitivity", r"\qquad {} \left("),
        ("antisymmetric", "index", r"\partial (\mathbf{A})_{jk}"),
        ("lag_five", "one step, expanded", r"\mathbf{0} \\[2.5ex] \mathbf{I} \\[2.5ex] \mathbf{0}"),
        ("joint_matrix", "index", r"\delta_{j,d + m}"),
        ("layer_norm", "sensitivity", r"\mathbf{1}^{\top} \operatorname{diag}"),
        ("lagged_input", "index", r"{\partial (\mathbf{x}_0)_{i}} &="),
        ("norms_and_robust_losses", "one step", r"\frac{\partial \ell_t}{\partial \ell_t}"),
        ("rational", "rows", r"{d T n_{\mathrm{a}}} \mathbf{1}"),
    ],
)
def test_lines_of_a_kind_are_right(name: str, way: str, sign: str) -> None:
    """A Jacobian of one row, ones of a size from around them, an entry that only a delta bounds,
    many derivatives in one line, a falling product of numbers, what is made of a parameter and so
    follows it, a line broken before a factor, an entry of a matrix by one of another, a column of
    zeros beside an identity, an entry behind those of another vector, sums of rows, a step of a
    sequence of one, the gradient of one step's loss beside the slope of its equation, a length d
    before another in a denominator.
    """
    found = [line for line in lines(name, way) if sign in line]
    assert found
    assert not list(wrong(name, way, found[:1]))


@pytest.mark.parametrize(
    ("name", "notation", "sign"),
    [
        ("activity_differences", "delta", r"\delta_{t+1}^{\ell} ("),
        ("activity_differences", "superscript,delta", r"\delta^{\ell,(t+1)} ("),
        ("more_awkward_names", "", r"^{\mathtt{n\_loss\_{\ldots}1}}"),
        ("more_awkward_names", "", r"^{n_{\overline{\mathrm{grads}}}}"),
        ("constant_quantity", "", r"&= \delta_{ji} (\mathbf{g}_t)_{j}"),
    ],
)
def test_lines_by_entries_of_a_kind_are_right(name: str, notation: str, sign: str) -> None:
    """The gradient by a loss before a bracket, a sum up to a length that is shortened or has an
    accent, the slope of what reads no step.
    """
    found = [line for line in lines(name, "index", notation) if sign in line]
    assert found
    assert not list(wrong(name, "index", sorted(found, key=len)[:1]))


@pytest.mark.slow
@pytest.mark.skipif(not EXHAUSTIVE, reason="all models, with SYMBPTT_EXHAUSTIVE=1")
@pytest.mark.parametrize(
    "name", [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else ["none"]
)
def test_all_lines_of_all_models_are_right(name: str) -> None:
    assert not list(all_wrong(name))


def all_wrong(name: str) -> Iterator[str]:
    """Of the lines of all ways and notations those that are not right."""
    for way in WAYS:
        if has(name, way):
            for notation in NOTATIONS:
                yield from wrong(name, way, lines(name, way, notation))
