"""Every format prints every block; words, formulas and equations are values until then."""

from __future__ import annotations

from typing import get_args

import pytest

from symbptt.errors import UnknownNameError
from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Document,
    Equality,
    Figure,
    Heading,
    Listing,
    Math,
    Paragraph,
    Points,
    Table,
    Words,
    prose,
)
from symbptt.typeset.document import FORMATS, printed
from symbptt.typeset.fragment import Fragment

LINE = Equality("a", ("b", "c"), "7", r"\in \mathbb{R}")
BLOCKS: dict[type, Block] = {
    Heading: Heading(prose("A heading with $x$")),
    Paragraph: Paragraph(("A paragraph with ", Math("x"), " and ", Words("100 % of _it_"))),
    Points: Points((prose("A point with $x$"), ("another point",))),
    Display: Display((LINE,)),
    Box: Box((LINE,)),
    Figure: Figure(r"\node {7};", "<svg><text>7</text></svg>", "a picture of 7"),
    Listing: Listing(((("for now in steps:", "    d_x = 7 * y"), "7"),)),
    Table: Table(("symbol", "meaning"), (((Math("x"),), (Words("what it is"),)),), (3.0, 9.0)),
}


def test_every_kind_of_block_is_here() -> None:
    assert set(BLOCKS) == set(get_args(Block))


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("to", FORMATS)
def test_every_format_prints_every_block(kind: type, to: str) -> None:
    shown = FORMATS[to].printer.block(BLOCKS[kind])
    assert "x" in shown or "7" in shown
    assert not shown.endswith("\n")


@pytest.mark.parametrize("to", FORMATS)
def test_a_document_has_its_blocks_in_order_and_a_fragment_no_title(to: str) -> None:
    blocks = (Heading(("First",)), Paragraph(("one of it",)), Paragraph(("two of it",)))
    document = Document(("Made by symbptt.", "symbptt derive m"), ("A title",), "Backward", blocks)
    whole, fragment = printed(document, to), printed(document, to, fragment=Fragment())
    for text in (whole, fragment):
        assert text.index("Made by symbptt") < text.index("First")
        assert text.index("First") < text.index("one of it") < text.index("two of it")
        assert "\n\n" in text[text.index("one of it") : text.index("two of it")]
        assert text.endswith("\n")
    assert "A title" in whole
    assert "A title" not in fragment


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="'docx'; expected one of: tex, md, text"):
        printed(Document((), (), "", ()), "docx")


def test_formulas_stand_between_dollar_signs() -> None:
    assert prose("of $\\tau$ steps,  $t > 1$") == ("of ", Math("\\tau"), " steps, ", Math("t > 1"))
    assert prose("") == ()
