"""Formulas broken into lines: nothing lost, nothing too wide that has a place to break."""

from __future__ import annotations

import re

import pytest

from symbptt.typeset.blocks import Equality
from symbptt.typeset.breaking import broken
from symbptt.typeset.latex import LINE, aligned, chain, rows_of
from symbptt.typeset.tex import width

TERM = r"\mathbf{W}_{\mathrm{hh}}^{\top} \frac{\partial L}{\partial \mathbf{a}_{t+1}}"
SUM = " + ".join([TERM] * 30)
LONG = {
    "a sum": SUM,
    "a sum with signs": SUM.replace("+", "-"),
    "in parentheses": rf"2 \left({SUM}\right) \odot \mathbf{{h}}_t",
    "deep in parentheses": rf"\tanh\!\left(1 + \left({SUM}\right)\right)",
    "a product": r" \odot ".join([r"\mathbf{h}_t"] * 60),
    "factors": " ".join([r"\frac{1}{T}"] * 90),
    "arguments": "[" + r";\, ".join([r"\mathbf{h}_t"] * 60) + "]",
}


def without_sizes(text: str) -> str:
    return re.sub(r"\\(left|right|Bigl|Bigr)(?![a-z])|\s", "", text)


@pytest.mark.parametrize("name", LONG)
def test_no_line_is_too_wide_and_nothing_is_lost(name: str) -> None:
    lines = broken(LONG[name], 400, 360)
    assert len(lines) > 1
    assert without_sizes(" ".join(lines)) == without_sizes(LONG[name])
    assert width(lines[0]) <= 400
    assert all(width(line) <= 360 for line in lines[1:])


@pytest.mark.parametrize("name", LONG)
def test_growing_parentheses_are_closed_on_their_line(name: str) -> None:
    for line in broken(LONG[name], 400, 360):
        assert len(re.findall(r"\\left\b", line)) == len(re.findall(r"\\right\b", line))


def test_a_sum_is_broken_before_its_own_signs_first() -> None:
    text = rf"{TERM} + \left({TERM} + {TERM}\right) + {TERM}"
    lines = broken(text, width(text) - 5, width(text) - 5)
    assert lines == [rf"{TERM} + \left({TERM} + {TERM}\right)", f"+ {TERM}"]


def test_what_fits_and_what_has_no_place_to_break_stays() -> None:
    assert broken(SUM, 1e6, 1e6) == [SUM]
    assert broken(r"\mathrm{" + "x" * 500 + "}", 100, 100) == [r"\mathrm{" + "x" * 500 + "}"]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("x", r"\mathbf{x}"),
        ("x_1", "x_{1,t+1}"),
        (r"\frac{1}{T}", r"\frac{1 + x}{T}"),
        (r"\begin{cases} x & y \end{cases}", r"\begin{cases} x & y \\ x + x & y \end{cases}"),
        (r"x \begin{cases} x \end{cases}", r"x + x \begin{cases} x \end{cases}"),
        ("(x)", r"\left(x\right)"),
    ],
)
def test_widths_grow_with_the_formula(narrow: str, wide: str) -> None:
    assert 0 < width(narrow) < width(wide)


def test_a_row_of_fractions_is_as_wide_as_tex_makes_it() -> None:
    # Measured with pdflatex, in units of 1/18 em at 11 points: 117 pt are 192 units.
    formula = (
        r"= \mathbf{W}_{\mathrm{xn}} \mathbf{x}_t + \mathbf{W}_{\mathrm{hn}} \mathbf{u}_t "
        r"+ \mathbf{b}_{\mathrm{n}}"
    )
    assert width(formula) == pytest.approx(192, rel=0.08)


def test_the_number_stands_behind_the_last_line_of_a_chain() -> None:
    rows = chain(Equality("x", (SUM, "y"), "7", r"\in \mathbb{R}."))
    assert [row.tag for row in rows] == [""] * (len(rows) - 1) + ["7"]
    assert rows[0].left == "x"
    assert rows[-1].right == r"= y \quad \in \mathbb{R}."
    assert all(width(row.left) + width(row.right) <= LINE + 40 for row in rows)


def test_a_page_may_end_between_equations_but_not_within_short_ones() -> None:
    text = aligned(rows_of([Equality("x", ("a", "b"), "1"), Equality("y", ("c",), "2")]), whole=4)
    assert text == (
        "\\begin{align*}\nx &= a \\\\*\n&= b \\tag{1} \\\\\ny &= c \\tag{2}\n\\end{align*}"
    )
    long = aligned(chain(Equality("x", ("a",) * 9, "1")), whole=4)
    assert "*\n" not in long.removeprefix("\\begin{align*")
