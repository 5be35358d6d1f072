"""Documents in Typst: its mathematics from TeX, anybody's text, and what it says to them."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import product

import pytest

from symbptt.calculus.gradients import derive
from symbptt.errors import MissingRuleError, TypesettingError
from symbptt.figures.figure import block
from symbptt.language.library import differentiable, load
from symbptt.language.parser import parse
from symbptt.typeset import pdf as setting
from symbptt.typeset.blocks import Document, Words
from symbptt.typeset.document import printed, render
from symbptt.typeset.style import Style
from symbptt.typeset.typst_format import Typst
from symbptt.typeset.typst_math import typst_math
from tests import cells
from tests.modules import EXHAUSTIVE, some
from tests.typeset.hostile import HOSTILE
from tests.typeset.test_blocks import BLOCKS

needs_typst = pytest.mark.skipif(
    find_spec("typst") is None, reason="typst is not installed (the extra pdf)"
)
STYLES = (Style(), Style("row", "superscript", "D", "index"), Style("column", "subscript", "delta"))
MODELS = {
    **{name: load(name) for name in differentiable()},
    **{name: cells.cell(name) for name in cells.NAMES},
    **{name: parse(text, name) for name, text in HOSTILE.items()},
}


@pytest.mark.parametrize(
    ("tex", "typst"),
    [
        (r"\mathbf{h}_{t-1}", "upright(bold(h))_(t - 1)"),
        (r"\frac{\partial L}{\partial \mathbf{W}_{\mathrm{hh}}}",
         'frac(∂ L, ∂ upright(bold(W))_(upright("hh")))'),
        (r"\left(a\right)^{\!\top}", r"lr(\( a \))^(#h(-0.17em) ⊤)"),
        (r"\Bigl(1, 0.25", r"lr(size: #130%, \() 1 \, 0.25"),
        (r"\begin{cases} a & \text{in row } j, \\[2ex] b & c \end{cases}",
         r'cases(a & "in row " j \,, b & c)'),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", 'mat(delim: "(", a, b; c, d)'),
        (r"\operatorname{softmax}(x)_{y_t}", r'op("softmax") \( x \)_(y_(t))'),
        (r"\sum_{t=1}^{T} 1 / 2", r"∑_(t = 1)^(T) 1 \/ 2"),
    ],
)  # fmt: skip
def test_mathematics_of_tex_is_that_of_typst(tex: str, typst: str) -> None:
    assert typst_math(tex) == typst


def test_a_command_without_a_form_is_a_named_error() -> None:
    with pytest.raises(MissingRuleError, match=r"no sign in Typst for \\unheard"):
        typst_math(r"a \unheard b")


def test_anybodys_text_is_no_markup() -> None:
    text = r'#let *a* = _b_ <c> @d $e$ \f [g] `h` // i - "j" ~'
    shown = Typst().words(text)
    assert shown.replace("\\\\", "|").replace("\\", "") == text.replace("\\", "|")


@needs_typst
def test_every_block_is_set() -> None:
    document = Document((), (Words('"It" is \\'),), "", tuple(BLOCKS.values()), author="A. #Other")
    found = setting._by_typst(printed(document, "typst"))
    assert found.startswith(b"%PDF-")
    assert found == setting._by_typst(printed(document, "typst"))


@needs_typst
@pytest.mark.parametrize(("name", "style"), some([*product(MODELS, STYLES)], 17))
def test_every_document_is_set(name: str, style: Style) -> None:
    model = MODELS[name]
    drawn = block(model) if EXHAUSTIVE else None
    assert setting._by_typst(render(derive(model), "typst", style=style, figure=drawn))


@needs_typst
def test_an_error_of_typst_is_a_named_one() -> None:
    with pytest.raises(TypesettingError, match="Typst can't set the document: unclosed"):
        setting._by_typst("$a")
