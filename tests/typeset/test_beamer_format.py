"""Slides: an idea each, nothing cut, and what goes on says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symbptt.calculus.gradients import derive
from symbptt.language.library import load
from symbptt.language.parser import parse
from symbptt.typeset.article import article
from symbptt.typeset.beamer_format import ideas
from symbptt.typeset.blocks import Display, Document, Equality, Figure, Heading, Paragraph, Points
from symbptt.typeset.document import printed, render
from symbptt.typeset.style import Style
from tests import cells
from tests.modules import EXHAUSTIVE, some
from tests.typeset.hostile import HOSTILE
from tests.typeset.test_blocks import BLOCKS
from tests.typeset.test_pdflatex import complaints, needs_pdflatex

PICTURE = Figure("\\begin{tikzpicture}\\node {7};\\end{tikzpicture}", "", "a picture of 7. It is.")
DOCUMENT = Document(
    (), ("All",), "", (PICTURE, *(b for b in BLOCKS.values() if b != BLOCKS[Figure]))
)
FRAME = re.compile(r"\\begin\{frame\}\[allowframebreaks=0.9\](.*?)\\end\{frame\}", re.DOTALL)


def slides(text: str) -> list[str]:
    return FRAME.findall(text)


def test_a_slide_shows_one_thing_with_the_text_that_leads_to_it() -> None:
    told = article(derive(load("lstm")), "symbptt derive lstm", Style())
    for idea in ideas(told.blocks):
        shown = [block for block in idea.blocks if not isinstance(block, Paragraph)]
        assert len(shown) <= 1
        assert idea.blocks
    blocks = [block for idea in ideas(told.blocks) for block in idea.blocks]
    assert blocks == [block for block in told.blocks if not isinstance(block, Heading)]


def test_every_step_has_its_slide_and_its_head_says_which() -> None:
    derivation = derive(load("lstm"))
    frames = slides(render(derivation, "beamer"))
    heads = [frame.splitlines()[0] for frame in frames]
    for step in derivation.steps:
        (head,) = [head for head in heads if f"equation ({step.number})" in head]
        (frame,) = [frame for frame in frames if frame.startswith(head)]
        assert frame.count(r"\tag") == 1
    assert r"{Hidden state $\mathbf{h}_t$}{The backward pass, equation (4)}" in heads
    gradient = r"$\frac{\partial L}{\partial \mathbf{W}_{\mathrm{qh}}}$"
    assert f"{{The parameters: {gradient}}}{{equation (29)}}" in heads


def test_a_last_text_stays_with_what_it_is_about() -> None:
    first, second = Paragraph(("It is",)), Paragraph(("For a batch it is more.",))
    display, points = BLOCKS[Display], BLOCKS[Points]
    found = [idea.blocks for idea in ideas((first, display, second, Heading(("On",)), points))]
    assert found == [(first, display, second), (points,)]
    assert [idea.blocks for idea in ideas((first,))] == [(first,)]
    assert not list(ideas((Heading(("On",)),)))


def test_a_table_has_its_head_on_every_slide_and_about_as_many_rows() -> None:
    (symbols,) = [s for s in slides(render(derive(load("lstm")), "beamer")) if "symbol &" in s]
    parts = [part.count(r"\tabularnewline") for part in symbols.split(r"\framebreak")]
    assert symbols.count("symbol & role") == len(parts) == 4
    assert max(parts) - min(parts) <= 3
    assert max(parts) <= 9


# --- pdflatex ----------------------------------------------------------------------------------


@needs_pdflatex
def test_every_block_stands_on_a_slide(tmp_path: Path) -> None:
    assert not complaints(printed(DOCUMENT, "beamer"), tmp_path)


@needs_pdflatex
@pytest.mark.parametrize("name", some(["linear", "gru", *cells.NAMES], 40))
@pytest.mark.slow
def test_nothing_is_cut(name: str, tmp_path: Path) -> None:
    model = cells.cell(name) if name in cells.NAMES else load(name)
    style = Style("row", "superscript", "delta", "index") if EXHAUSTIVE else Style()
    assert not complaints(render(derive(model), "beamer", style=style), tmp_path)


@needs_pdflatex
def test_what_does_not_fit_goes_on_under_a_head_that_says_so(tmp_path: Path) -> None:
    chain = Equality("a", tuple(f"\\frac{{1}}{{{k}}}" for k in range(20)), "1")
    text = printed(Document((), ("It",), "", (Heading(("It",)), Display((chain,)))), "beamer")
    assert not complaints(text, tmp_path)
    assert "(continued)" in text
    # With the one of the title.
    assert "article.pdf (4 pages" in (tmp_path / "article.log").read_text()
    assert text.count(r"\begin{frame}") == 2


@needs_pdflatex
@pytest.mark.parametrize("name", some([*HOSTILE], 9))
@pytest.mark.slow
def test_hostile_text_stands_on_slides(name: str, tmp_path: Path) -> None:
    assert not complaints(render(derive(parse(HOSTILE[name], name)), "beamer"), tmp_path)


@needs_pdflatex
def test_what_is_too_high_for_a_slide_is_found(tmp_path: Path) -> None:
    text = printed(DOCUMENT, "beamer")
    high = text.replace("A paragraph with", r"\vbox to 300pt{} A paragraph with")
    assert any("Overfull" in line for line in complaints(high, tmp_path))


@needs_pdflatex
@pytest.mark.parametrize("size", ["(50,1)", "(1,30)"])
def test_a_picture_is_no_larger_than_a_slide(size: str, tmp_path: Path) -> None:
    drawn = rf"\begin{{tikzpicture}}\draw (0,0) rectangle {size};\end{{tikzpicture}}"
    blocks = (Figure(drawn, "", "A rectangle. It is large."),)
    text = printed(Document((), ("It",), "", blocks), "beamer")
    assert "{A rectangle}" in text
    assert not complaints(text, tmp_path)
