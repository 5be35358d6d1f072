r"""Formulas broken into lines: before the signs of a sum where that is enough, else inside.

In TeX, or in text for a terminal: a formula is a row of atoms with widths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from symbptt.typeset.tex import atoms, width_of
from symbptt.typeset.unicode import columns

_OPENING = {"(", "[", r"\left", r"\bigl", r"\Bigl"}
_CLOSING = {")", "]", r"\right", r"\bigr", r"\Bigr"}
_SIGNS = {"+", "-"}
_PRODUCTS = {r"\odot", "/", r"\cdot"}
_FACTORS = {
    r"\frac", r"\left", r"\sum", r"\mathbf", r"\boldsymbol", r"\mathtt", r"\operatorname", r"\log",
}  # fmt: skip

# The cost of a break between two pairs of parentheses: where nothing else is left.
_LAST = 1000


def broken(text: str, first: float, rest: float) -> list[str]:
    """The formula on as many lines as it needs, the first one at most ``first`` wide.

    Lines break before the signs of a sum where that is enough, else before products and
    inside parentheses. A formula with no place to break stays as it is.
    """
    return cut(text, cuts(text, first, rest))


def cuts(text: str, first: float, rest: float) -> list[int]:
    """Where in the formula its further lines begin."""
    row = [Sized(atom.start, atom.token, width_of(atom)) for atom in atoms(text)]
    return _BreakableLine(text, row, _places(row)).cuts(first, rest)


def cut(text: str, starts: Iterable[int]) -> list[str]:
    """The formula in pieces that begin at these places."""
    return _reopened(_pieces(text, starts))


def broken_text(text: str, first: int, rest: int) -> list[str]:
    """The same for a line of text, in columns; what is too long for a line is cut."""
    if columns(text) <= first:
        return [text]
    row = [Sized(k, character, columns(character)) for k, character in enumerate(text)]
    return _pieces(text, _BreakableLine(text, row, _text_places(text)).cuts(first, rest))


def _pieces(text: str, starts: Iterable[int]) -> list[str]:
    return [text[start:end].strip() for start, end in pairwise((0, *starts, len(text)))]


class Sized(NamedTuple):
    """A sign of a formula, with its place in the text."""

    start: int
    token: str
    width: float


class _BreakableLine:
    """A formula as a row of atoms, with the places where a line may end."""

    def __init__(self, text: str, row: Sequence[Sized], places: Iterable[tuple[int, int]]) -> None:
        self.end = len(row)
        self.widths = [0.0, *accumulate(atom.width for atom in row)]
        self.starts = [*(atom.start for atom in row), len(text)]
        self.places = dict(places)

    def cuts(self, first: float, rest: float) -> list[int]:
        """Where lines begin, as many as it needs, filled."""
        if self.width(0, self.end) <= first:
            return []
        lines: list[tuple[int, int]] = []
        for start, end in self.pieces(0, self.end, min(first, rest)):
            limit = first if len(lines) <= 1 else rest
            if lines and self.width(lines[-1][0], end) <= limit:
                lines[-1] = (lines[-1][0], end)
            else:
                lines.append((start, end))
        return [self.starts[start] for start, _ in lines[1:]]

    def width(self, start: int, end: int) -> float:
        return self.widths[end] - self.widths[start]

    def pieces(self, start: int, end: int, limit: float) -> Iterator[tuple[int, int]]:
        """The parts between breaks, broken further where they are too wide."""
        costs = [self.places[k] for k in range(start + 1, end) if k in self.places]
        if self.width(start, end) <= limit or not costs:
            yield start, end
            return
        cost = min(costs)
        cuts = [k for k in range(start + 1, end) if self.places.get(k) == cost]
        for left, right in zip([start, *cuts], [*cuts, end], strict=True):
            yield from self.pieces(left, right, limit)


def _text_places(text: str) -> Iterator[tuple[int, int]]:
    """Behind rows, before outer signs, then before products, at spaces, anywhere."""
    depth = 0
    for position, character in enumerate(text):
        ahead = text[position + 1 : position + 2]
        if character == " " and text[position - 1] == ";":
            yield position, 3 * depth - 1
        elif character == " " and ahead in tuple("+-⊙·⊗"):
            yield position, 3 * depth + (ahead not in "+-")
        elif character == " ":
            yield position, 3 * depth + 2
        elif position and columns(character):
            yield position, _LAST
        depth += (character in "([{") - (character in ")]}")


def _places(row: Sequence[Sized]) -> Iterator[tuple[int, int]]:
    """Where a line may end, with its cost: outer signs first, juxtaposed factors last.

    Parentheses are factors only behind others; behind a name they may be its arguments.
    """
    depth = 0
    for position, atom in enumerate(row):
        previous = row[position - 1].token if position else "("
        if previous not in _OPENING:
            if atom.token in _SIGNS and previous not in _PRODUCTS:
                yield position, 3 * depth
            elif atom.token in _PRODUCTS or previous in (",", ";", r"\,"):
                yield position, 3 * depth + 1
            elif atom.token in _FACTORS and _ends_a_factor(previous):
                yield position, 3 * depth + 2
            elif atom.token in _OPENING and previous in _CLOSING:
                yield position, _LAST + depth
        depth += (atom.token in _OPENING) - (atom.token in _CLOSING)


def _ends_a_factor(token: str) -> bool:
    """Whether a factor may begin behind it: not behind a sign, nor a function's name."""
    if token in _SIGNS | _PRODUCTS:
        return False
    ends = _FACTORS | {r"\right"}
    return not token.startswith("\\") or token in ends - {r"\sum", r"\operatorname", r"\log"}


def _reopened(lines: list[str]) -> list[str]:
    r"""``\left(`` and ``\right)`` on different lines made into ``\Bigl(`` and ``\Bigr)``."""
    open_at: list[tuple[int, int]] = []
    torn: set[tuple[int, int]] = set()
    for number, line in enumerate(lines):
        for match in re.finditer(r"\\(left|right)(?![a-zA-Z])", line):
            place = (number, match.start())
            if match.group(1) == "left":
                open_at.append(place)
            elif open_at:
                start = open_at.pop()
                if start[0] != number:
                    torn |= {start, place}
    return [_resized(line, number, torn) for number, line in enumerate(lines)]


def _resized(line: str, number: int, torn: set[tuple[int, int]]) -> str:
    def fixed(match: re.Match[str]) -> str:
        if (number, match.start()) not in torn:
            return match.group()
        return r"\Bigl" if match.group(1) == "left" else r"\Bigr"

    return re.sub(r"\\(left|right)(?![a-zA-Z])", fixed, line)
