r"""Displayed equations: rows of aligned chains, broken where a line would be too wide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from symbptt.typeset.breaking import broken
from symbptt.typeset.measure import width

# The width of a line of text of the article, in units of 1/18 em, less a margin for the
# error of the estimated widths and for the equation's number.
LINE = 690.0

_INDENT = r"\qquad {} "


@dataclass(frozen=True)
class Row:
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


@dataclass(frozen=True)
class Item:
    """A sentence and the display that it introduces."""

    prose: str
    display: str


def chain(
    left: str, members: Sequence[str], tag: str = "", ending: str = "", line: float = LINE
) -> tuple[Row, ...]:
    """``left = first = second …``, one member a line, long members over several.

    ``ending`` comes behind the last member, or on a line of its own where it does not fit;
    where it fits nowhere it is left out.
    """
    room = line - width(left) - 24
    rows: list[Row] = []
    for member in members:
        first, *rest = broken(member, room, room - 36)
        rows.append(Row("" if rows else left, f"= {first}"))
        rows += [Row("", _INDENT + text) for text in rest]
    if width(ending) > room:
        ending = ""
    if ending and width(rows[-1].right) + width(ending) > room:
        rows.append(Row("", rf"\qquad {ending}"))
    elif ending:
        rows[-1] = replace(rows[-1], right=rf"{rows[-1].right} \quad {ending}")
    rows[-1] = replace(rows[-1], tag=tag)
    return tuple(rows)


def aligned(rows: Iterable[Row], whole: int = 0) -> str:
    """The display as an ``align*``.

    ``whole``: a page ends in no equation of at most so many lines.
    """
    rows = tuple(rows)
    worded = any(row.words for row in rows)
    lines = [_line(row) + (_words(row) if worded else "") + _tag(row) for row in rows]
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


def boxed(rows: Iterable[Row]) -> str:
    """The display in a box, numbers in front: a box has no margin for them."""
    lines = [
        (rf"\text{{({row.tag})}}" if row.tag else "") + r"& \quad & " + _line(row) for row in rows
    ]
    body = " \\\\\n".join(lines)
    return f"\\boxed{{\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n}}"


def _line(row: Row) -> str:
    return f"{row.left} &{row.right}" if row.left else f"&{row.right}"


def _words(row: Row) -> str:
    return rf" && \text{{{row.words}}}" if row.words else " &&"


def _tag(row: Row) -> str:
    return rf" \tag{{{row.tag}}}" if row.tag else ""
