r"""What symbptt prints in LaTeX goes back into check unchanged, and is right.

The lines are the displayed equations of a derivation's article, each with all that stands around
it: ``\begin{align*}``, ``&``, ``\\``, its number, the space that it is in, the author's words. A
sample of models and lines in the suite, all of them with SYMBPTT_EXHAUSTIVE=1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TypeVar

import pytest

from symbptt.calculus.gradients import derive
from symbptt.errors import SymbpttError
from symbptt.formula.reading import readings
from symbptt.formula.verdict import Checker
from symbptt.language import library
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Block, Box, Display, Equality, Paragraph
from symbptt.typeset.estimate import clipping, estimate
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

T = TypeVar("T")
Chosen = Callable[[str, str, Sequence[tuple[str, ...]]], Sequence[tuple[str, ...]]]

_NO_VALUES = ("The functions are", "The loss of one step ")


@cache
def equalities(name: str, way: str, notation: str = "") -> tuple[Equality, ...]:
    """What an article says of the model's values, as its author wrote it and as it is derived."""
    asked = WAYS[way]
    derivation = derive(loaded(name), **asked.options)
    style = Style.of(**asked.style, notation=notation)
    printer = printer_of(derivation.symbols, style)
    others: set[Block] = set(clipping(derivation, printer))
    for told in estimate(derivation, printer):
        others.update(told.definition, told.quality)
    found: dict[Equality, None] = {}
    before: Block | None = None
    for block in article(derivation, "", style).blocks:
        general = isinstance(before, Paragraph) and before.text[0] in _NO_VALUES
        if isinstance(block, Display | Box) and block not in others and not general:
            found.update(dict.fromkeys(block.lines))
        before = block
    return tuple(found)


def latex(equality: Equality) -> str:
    """As it stands in the article."""
    return aligned(rows_of([equality], latex_text))


def trees(name: str, way: str, line: str) -> set[tuple[object, ...]]:
    """What a line may mean."""
    layout = WAYS[way].check.get("layout", "column")
    return {one.links for one in readings(line, loaded(name), layout=layout)}


def wrong(name: str, way: str, lines: Sequence[str]) -> Iterator[str]:
    """The lines that are not right, or not read, and why."""
    checker = Checker(loaded(name), horizon=2, **WAYS[way].check)
    for line in lines:
        try:
            found = checker.check(line)
        except SymbpttError as error:
            yield f"{line}: {error}"
        else:
            if not found.right:
                yield str(found)


def some(name: str, way: str, found: Sequence[T]) -> Sequence[T]:
    """Some from all parts of a text."""
    return found[sum(map(ord, name + way)) % 3 :: max(1, len(found) // LINES)]


@pytest.mark.parametrize(
    ("name", "way"),
    [(name, way) for number, way in enumerate(WAYS) for name in in_turn(number, SAMPLE)],
)
def test_lines_are_right(name: str, way: str) -> None:
    if has(name, way):
        assert not list(wrong(name, way, [*map(latex, some(name, way, equalities(name, way)))]))


@pytest.mark.parametrize(
    ("name", "notation"),
    [(name, one) for number, one in enumerate(NOTATIONS) for name in in_turn(number, SAMPLE)],
)
@pytest.mark.parametrize("way", ["adjoint", "rows, sensitivity"])
def test_a_notation_says_the_same_or_what_is_right(name: str, way: str, notation: str) -> None:
    assert not list(differing(name, way, notation, some))


def differing(name: str, way: str, notation: str, chosen: Chosen) -> Iterator[str]:
    """The lines in a notation that have other readings than in fractions, and are not right."""
    pairs = zip(equalities(name, way, notation), equalities(name, way), strict=True)
    other = []
    for line, usual in chosen(name, way, [tuple(map(latex, pair)) for pair in pairs]):
        try:
            same = trees(name, way, line) == trees(name, way, usual)
        except SymbpttError:
            same = False
        other += [] if same else [line]
    yield from wrong(name, way, other)


@pytest.mark.slow
@pytest.mark.skipif(not EXHAUSTIVE, reason="all models, with SYMBPTT_EXHAUSTIVE=1")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name", [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else ["none"]
)
def test_all_lines_of_all_models_are_right(name: str, way: str) -> None:
    if has(name, way):
        assert not list(wrong(name, way, [*map(latex, equalities(name, way))]))
        for notation in NOTATIONS[1:]:
            assert not list(differing(name, way, notation, lambda _, __, found: found))
