"""Macros are expanded as TeX does it, and every line stays where it was."""

from __future__ import annotations

from itertools import pairwise

import pytest

from symbptt.errors import DocumentError
from tests.documents.reading import equations_of, texts


@pytest.mark.parametrize(
    ("defined", "used", "expected"),
    [
        (r"\newcommand{\vh}{\mathbf{h}}", r"\vh_t", r"\mathbf{h}_t"),
        (r"\newcommand\vh{\mathbf h}", r"\vh_t", r"\mathbf h_t"),
        (r"\newcommand{\pd}[2]{\frac{#1}{#2}}", r"\pd{L}{h}", r"\frac{L}{h}"),
        (r"\newcommand{\pd}[2]{\frac{#1}{#2}}", r"\pd Lh", r"\frac{L}{h}"),
        (r"\newcommand{\d}[2][L]{(#1, #2)}", r"\d{x} + \d[M]{y}", r"(L, x) + (M, y)"),
        (r"\def\W#1{W_{#1}}", r"\W{hh} \W q", r"W_{hh} W_{q}"),
        (r"\DeclareMathOperator{\diag}{diag}", r"\diag(x)", r"\operatorname{diag}(x)"),
        (r"\DeclareMathOperator*{\diag}{diag}", r"\diag(x)", r"\operatorname{diag}(x)"),
        (r"\newcommand{\a}{\b x}\newcommand{\b}{\mathbf}", r"\a", r"\mathbf x"),
        (r"\let\old\vec \renewcommand{\vec}[1]{\old{#1}}", r"\vec{h}", r"\vec{h}"),
        (r"\NewDocumentCommand{\pd}{m m}{d(#1, #2)}", r"\pd{L}{h}", "d(L, h)"),
        (r"\newcommand{\g}{\gamma}", r"\g x", r"\gamma x"),
        ("", r"\pdv{L}{h}", r"\frac{\partial L}{\partial h}"),
    ],
)  # fmt: skip
def test_a_macro_gives_its_body(defined: str, used: str, expected: str) -> None:
    assert texts(f"{defined}\n$$ {used} = 1 $$") == [f"{expected} = 1"]


def test_a_macro_may_stand_for_a_display() -> None:
    text = (
        "\\newcommand{\\be}{\\begin{equation}}\\newcommand{\\ee}{\\end{equation}}\n"
        "\\newenvironment{eqs}{\\begin{align}}{\\end{align}}\n"
        "\\be a = b \\ee\n\\begin{eqs} c &= d \\end{eqs}"
    )
    assert texts(text) == ["a = b", "c = d"]


def test_lines_stay_where_they_were() -> None:
    text = (
        "\\newcommand{\\three}[2]{\n  #1\n  + #2\n}\n\\[ a = \\three{\nb}{\n\nc} \\]\n\\[ d = e \\]"
    )
    assert [one.line for one in equations_of(text)] == [5, 9]


@pytest.mark.parametrize(
    "defined",
    [
        r"\newcommand{\put}{\ifdim\ht\box>\textheight \cut\put\else\out\fi}",
        r"\def\put#1{\ifx#1\end\else #1\put\fi}",
    ],
)
def test_a_macro_that_calls_itself_on_a_condition_is_left_to_tex(defined: str) -> None:
    assert texts(f"{defined}\n\\put\n$$ a = b $$\n\\put\n") == ["a = b"]


@pytest.mark.parametrize(
    "defined",
    [
        r"\def\a{\a}",
        r"\def\a{x\a}",
        r"\newcommand{\a}{x\b}\newcommand{\b}{y\a}",
        r"\newcommand{\a}[1]{\a{#1#1}}",
        "".join(rf"\def\{one}{{\{two}\{two}}}" for one, two in pairwise("abcdefghijklmnopqrstuvw")),
    ],
)  # fmt: skip
def test_a_macro_that_expands_forever_is_refused_with_its_line(defined: str) -> None:
    with pytest.raises(DocumentError, match=r"^paper\.tex:2: the macro \\\w expands forever"):
        texts(f"{defined}\n$$ h = \\a $$")
