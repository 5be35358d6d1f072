"""A sheet shows the derivation without the steps that it asks for, and carries the exercise."""

from __future__ import annotations

import re
import shutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from symbptt.calculus.gradients import FORMS, derive
from symbptt.errors import OptionError, SheetError
from symbptt.exercises.sheet import SHEETS, Sheet, exercise
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.typeset.document import render
from symbptt.typeset.style import LAYOUTS, Style
from tests.modules import some
from tests.typeset.hostile import HOSTILE
from tests.typeset.test_pdflatex import complaints

STYLES = [
    *product(library.differentiable(), ["adjoint"], ["column"]),
    *product(["gru", "char_rnn"], FORMS, LAYOUTS),
]
EMPTY = r"\boxed{\begin{array}{l} \scriptstyle\text{Gap"


def displays(text: str) -> dict[str, str]:
    """The equations of a document before its summary by their numbers, a display each."""
    told = text.partition("Summary")[0]
    found = re.findall(r"\\begin\{align(?:ed|\*)\}\n(.*?)\n\\end\{align", told, re.DOTALL)
    return {m[1]: one for one in found for m in re.finditer(r"\\t(?:ag|ext)\{\(?(\d+)\)?\}", one)}


@pytest.mark.parametrize(("name", "form", "layout"), some(STYLES, 6))
@pytest.mark.parametrize("to", ["latex", "markdown"])
def test_all_steps_stand_there_but_those_asked_for(
    name: str, form: str, layout: str, to: str
) -> None:
    model, style = library.load(name), Style.of(layout)
    shown = displays(render(derive(model, form=form), SHEETS[to][1:], style=style))
    sheet, solution = (
        exercise(model, every=3, to=to, form=form, style=style, solution=solution)
        for solution in (False, True)
    )
    asked = {number for number in displays(sheet) if int(number) % 3 == 0}
    assert asked and sheet.count(EMPTY) == len(asked)
    assert {n: d for n, d in displays(sheet).items() if n not in asked}.items() <= shown.items()
    for number in asked:
        empty, framed = displays(sheet)[number], displays(solution)[number]
        assert empty.count("=") == 1 and EMPTY in empty and EMPTY not in framed
        result = shown[number].rpartition("&= ")[2].partition(r" \quad \in")[0]
        assert "\n" in result or rf"\boxed{{{result}}}" in framed


@pytest.mark.parametrize("name", some(library.differentiable(), 3))
@pytest.mark.parametrize("to", SHEETS)
def test_a_sheet_is_read_back(name: str, to: str) -> None:
    model = library.load(name)
    text = exercise(model, steps=(2, 1), to=to, style=Style.of("row", "superscript,D"))
    found = Sheet.read(text.replace("\n", "\r\n").replace("Gap 1.", "My answer is this."))
    assert found.derivation.model.text == re.sub("  +", " ", model.text)
    assert [(gap.number, gap.step) for gap in found.gaps] == [(1, 1), (2, 2)]
    assert found.style.layout == "row"
    for gap in found.gaps:
        assert not any(line in text for line in found.solutions(gap))


@pytest.mark.parametrize("name", some(sorted(HOSTILE), 4))
@pytest.mark.parametrize("to", ["latex", "markdown"])
def test_a_hostile_model_is_carried(name: str, to: str, tmp_path: Path) -> None:
    text = exercise(parse(HOSTILE[name], name), every=1, to=to)
    Sheet.read(text)
    if to == "latex" and shutil.which("pdflatex"):
        assert not complaints(text, tmp_path)


@pytest.mark.parametrize("solution", [False, True])
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_a_sheet_compiles(solution: bool, tmp_path: Path) -> None:
    text = exercise(library.load("lstm"), every=2, solution=solution)
    assert not complaints(text, tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": (99,)}, "the steps 1 to 13, and 99 is none of them"),
        ({"steps": (0,)}, "0 is none of them"),
        ({"every": 50}, "50 is none of them"),
        ({"every": 0}, "0 is none of them"),
        ({"steps": (1,), "every": 2}, "can't be combined"),
    ],
)
def test_steps_that_are_not_there(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=re.escape(words)):
        exercise(library.load("char_rnn"), **options)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("% exercise", "% exercises", "no sheet"),
        ('"steps": [', '"steps": {', "were changed"),
        ('"layout": "column"', '"layout": 3', "were changed"),
        ('"steps": [\n% exercise 3', '"steps": [\n% exercise 4', "derives char_rnn otherwise"),
        ('"steps": [\n% exercise 3', '"steps": [\n% exercise 400', "derives char_rnn otherwise"),
    ],
)
def test_a_sheet_that_was_changed(old: str, new: str, words: str) -> None:
    text = exercise(library.load("char_rnn"))
    assert old in text
    with pytest.raises(SheetError, match=words):
        Sheet.read(text.replace(old, new))
