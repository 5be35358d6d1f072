"""Displayed equations in LaTeX: aligned chains, broken where a line is too wide; for notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from symbptt.algebra import Derivative, Derived, Equation, Expr, Fill, Model, Number
from symbptt.calculus.derivation import Derivation, Step
from symbptt.typeset.blocks import Equality
from symbptt.typeset.breaking import broken
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.names import Names
from symbptt.typeset.row_formula import RowPrinter
from symbptt.typeset.style import Style
from symbptt.typeset.tex import width

# The width of a line of text of the article, in units of 1/18 em, less a margin for the
# error of the estimated widths and for the equation's number.
LINE = 690.0

_INDENT = r"\qquad {} "


@dataclass(frozen=True)
class DisplayRow:
    """One line of an aligned display.

    Attributes
    ----------
    left, right : str
        What stands before and behind the place at which the lines are aligned.
    tag : str
        The number of the equation that ends with this line, or "".
    words : str
        Ready text in a column behind the equation, or "".
    """

    left: str
    right: str
    tag: str = ""
    words: str = ""


def rows_of(lines: Iterable[Equality], words: Callable[[str], str] = str) -> tuple[DisplayRow, ...]:
    """The rows of several chains of equals.

    ``words`` makes the author's words safe; where they don't fit beside they are left out.
    """
    lines = tuple(lines)
    bare = [chain(line) for line in lines]
    worded = [
        (*rows[:-1], replace(rows[-1], words=words(line.words) if line.words else ""))
        for line, rows in zip(lines, bare, strict=True)
    ]
    found = tuple(row for rows in worded for row in rows)
    fits = not any(line.words for line in lines) or _widest(found) <= LINE
    return found if fits else tuple(row for rows in bare for row in rows)


def chain(equality: Equality) -> tuple[DisplayRow, ...]:
    """One member a line, long members over several.

    The ending comes behind the last member, or on a line of its own where it does not fit;
    where it fits nowhere it is left out.
    """
    room = LINE - width(equality.left) - 24
    sign = f"{equality.sign} "
    rows: list[DisplayRow] = []
    for member in equality.members:
        first, *rest = broken(member, room, room - 36)
        rows.append(DisplayRow("" if rows else equality.left, sign + first))
        rows += [DisplayRow("", _INDENT + text) for text in rest]
    ending = equality.ending if width(equality.ending) <= room else ""
    if ending and width(rows[-1].right) + width(ending) > room:
        rows.append(DisplayRow("", rf"\qquad {ending}"))
    elif ending:
        rows[-1] = replace(rows[-1], right=rf"{rows[-1].right} \quad {ending}")
    rows[-1] = replace(rows[-1], tag=equality.tag)
    return tuple(rows)


def _widest(rows: Sequence[DisplayRow]) -> float:
    """The width of a display with its column of words."""
    left = max(width(row.left) for row in rows)
    right = max(width(row.right) for row in rows)
    words = max(10.0 * len(row.words) for row in rows)
    return left + right + (words + 80 if words else 0)


def aligned(rows: Iterable[DisplayRow], whole: int = 0) -> str:
    """The display as an ``align*``.

    ``whole``: a page ends in no equation of at most so many lines.
    """
    rows = tuple(rows)
    worded = any(row.words for row in rows)
    lines = [display_line(row) + (_words(row) if worded else "") + _tag(row) for row in rows]
    kept = _kept([bool(row.tag) for row in rows], whole)
    ends = ["*" if keep else "" for keep in kept[:-1]] + [None]
    body = "\n".join(
        line if end is None else f"{line} \\\\{end}" for line, end in zip(lines, ends, strict=True)
    )
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _kept(ends: Sequence[bool], whole: int) -> list[bool]:
    """For each line whether the page may not end with it."""
    kept: list[bool] = []
    length = 0
    for position, end in enumerate(ends):
        length += 1
        if end or position == len(ends) - 1:
            kept += [length <= whole] * (length - 1) + [False]
            length = 0
    return kept


def display_line(row: DisplayRow) -> str:
    """An equation's line, aligned at its sign."""
    return f"{row.left} &{row.right}" if row.left else f"&{row.right}"


def _words(row: DisplayRow) -> str:
    return rf" && \text{{{row.words}}}" if row.words else " &&"


def _tag(row: DisplayRow) -> str:
    return rf" \tag{{{row.tag}}}" if row.tag else ""


PRINTERS: dict[str, type[LatexPrinter]] = {"column": LatexPrinter, "row": RowPrinter}
"""The printer of each layout."""


def printer_of(model: Model, style: Style) -> LatexPrinter:
    """A printer of the model's expressions in a style."""
    return PRINTERS[style.layout](Names(model, style=style))


def model_latex(model: Model) -> str:
    """The equations of a model, for a notebook (MathJax)."""
    printer = LatexPrinter(Names(model))
    return aligned(rows_of(equation_of(printer, item) for item in model.definitions))


def step_latex(step: Step) -> str:
    """A step with its chain of equals and its number, for a notebook."""
    return aligned(rows_of([step_equality(LatexPrinter(), step)]))


def derivation_latex(derivation: Derivation) -> str:
    """All steps of a derivation, for a notebook."""
    printer = LatexPrinter(Names(derivation.symbols))
    return aligned(rows_of(step_equality(printer, step) for step in derivation.steps))


def equation_of(
    printer: LatexPrinter, item: Derived | Equation, tag: str = "", words: str = ""
) -> Equality:
    """``name_t = …``"""
    if isinstance(item, Derived):
        left = printer.names.symbol(item.name, item.shape).at()
    else:
        left = printer.names.timed(item.name, item.shape, item.index)
    return Equality(left, (printer.laid(item.rhs),), tag, words=words)


def step_equality(printer: LatexPrinter, step: Step, ending: str = "") -> Equality:
    """The chain of a step, numbered, with its space and an ``ending`` behind it."""
    members = tuple(member_latex(printer, step, member) for member in step.members)
    number = isinstance(step.target, Derivative) and step.shape == (1, 1)
    space = rf"\in {printer.space(() if number else step.shape)}{ending}"
    return Equality(printer.laid(step.target), members, str(step.number), space)


def member_latex(printer: LatexPrinter, step: Step, member: Expr) -> str:
    """A member of a step's chain; a gradient that is zero is the zero of its space."""
    scalar = member.scalar if isinstance(member, Fill) else member
    if step.shape and isinstance(scalar, Number) and scalar.value == 0:
        return r"\mathbf{0}"
    return printer.laid(member)


def result_of(printer: LatexPrinter, step: Step, ending: str = "") -> Equality:
    """A step's target and its last member."""
    result = member_latex(printer, step, step.result)
    return Equality(printer.laid(step.target), (result,), str(step.number), ending)
