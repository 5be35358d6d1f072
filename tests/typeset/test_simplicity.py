"""Algebra is printed as a person simplifies it, and fractions that touch are kept apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from symbptt.calculus.gradients import FORMS, derive
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Box, Display
from symbptt.typeset.style import LAYOUTS, Style
from symbptt.typeset.tex import FRACTIONS, Atom, atoms
from tests import cells
from tests.modules import BUILT_IN, RANDOM, in_turn, model_of, some

NAMES = (*BUILT_IN, *cells.NAMES, *RANDOM)
NEVER = {
    "a factor of one": r"(?<![\d._])1 \\(cdot|odot)|\\(cdot|odot) 1(?![\d.])",
    "two signs": r"[-+] *[-+]|[-+] (\\left|\\[bB]igl)?\(-[^()]*\)",
    "a denominator of one": r"frac\{[^{}]*\}\{1\}",
    "a summand of nought": r"[-+] 0(?![.\d])",
    "a power of one": r"\^\{?(\\odot )?1\}",
}


def inner(atom: Atom) -> Iterator[str]:
    yield from (*atom.groups, atom.below, atom.above)


def too_high(tex: str, inside: bool = False) -> bool:
    """Whether a fraction has a fraction in it."""
    return any(
        (inside and atom.token in FRACTIONS)
        or any(too_high(each, inside or atom.token in FRACTIONS) for each in inner(atom))
        for atom in atoms(tex)
    )


def touches(tex: str) -> bool:
    row = atoms(tex)
    beside = any({a.token, b.token} <= FRACTIONS for a, b in pairwise(row))
    return beside or any(touches(each) for atom in row for each in inner(atom))


def unlike_a_person(tex: str) -> Iterator[str]:
    yield from (what for what, pattern in NEVER.items() if re.search(pattern, tex))
    if too_high(tex):
        yield "three decks"
    if touches(tex):
        yield "fractions that touch"


@pytest.mark.parametrize("name", some(NAMES, 24))
def test_formulas_are_as_a_person_simplifies_them(name: str) -> None:
    model = model_of(name)
    if model.loss is None:
        pytest.skip("no loss")
    kinds = [(form, layout) for form in FORMS for layout in LAYOUTS]
    for form, layout in in_turn(NAMES.index(name), kinds):
        blocks = article(derive(model, form=form), "", Style.of(layout)).blocks
        displays = (block for block in blocks if isinstance(block, Display | Box))
        for line in (line for display in displays for line in display.lines):
            found = {tex: [*unlike_a_person(tex)] for tex in line.members}
            assert not any(found.values()), found


@pytest.mark.parametrize(
    ("tex", "what"),
    [
        (r"\frac{\frac{a}{b}}{c}", "three decks"),
        (r"\frac{1}{2} \frac{a}{b}", "fractions that touch"),
        (r"a - (-b)", "two signs"),
        (r"\frac{x}{n} \cdot 1", "a factor of one"),
    ],
)
def test_what_a_person_does_not_write_is_found(tex: str, what: str) -> None:
    assert what in [*unlike_a_person(tex)]
