"""Blocks as text for a terminal of 80 columns, with formulas in Unicode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from symbptt.typeset.blocks import (
    Box,
    Display,
    Equality,
    Heading,
    Listing,
    Paragraph,
    Points,
    Prose,
    Table,
)
from symbptt.typeset.breaking import broken_text
from symbptt.typeset.format import Format, code_lines
from symbptt.typeset.unicode import columns, unicode

WIDTH = 80
_LINES = {1: "=", 2: "-", 3: "·"}
# A left side longer than this has a line to itself.
_LEFT = 30
# So much room a cell of the table takes at most, but for the last one.
_CELL = 22


class TextFormat(Format):
    def comment(self, text: str) -> str:
        """A command goes on behind a backslash; a path is not cut."""
        lines = wrap(text, WIDTH - 6, break_long_words=False, break_on_hyphens=False)
        return " \\\n    ".join(map(self.words, lines))

    def title(self, text: Prose) -> str:
        return "\n".join(_filled(self.prose(text)))

    def words(self, text: str) -> str:
        return "".join(c if c.isprintable() else " " for c in text)

    def math(self, tex: str) -> str:
        # A short formula stays on one line.
        text = unicode(tex)
        return text.replace(" ", "\N{NO-BREAK SPACE}") if columns(text) < _LEFT else text

    def heading(self, block: Heading) -> str:
        lines = _filled(self.prose(block.text))
        return "\n".join((*lines, _LINES[block.level] * max(map(columns, lines))))

    def paragraph(self, block: Paragraph) -> str:
        return "\n".join(_filled(self.prose(block.text)))

    def points(self, block: Points) -> str:
        items = (_filled(self.prose(item), WIDTH - 2) for item in block.items)
        return "\n".join("- " + "\n  ".join(lines) for lines in items)

    def display(self, block: Display) -> str:
        return "\n".join(self.equations(block.lines))

    def box(self, block: Box) -> str:
        rule = "─" * WIDTH
        return "\n".join((rule, *self.equations(block.lines), rule))

    def equations(self, lines: Sequence[Equality]) -> Iterator[str]:
        """Numbers in front, the signs of equality below each other."""
        tags = [f"({line.tag})" if line.tag else "" for line in lines]
        lefts = [unicode(line.left) for line in lines]
        gutter = max(map(len, tags)) + 2
        room = max((columns(left) for left in lefts if columns(left) <= _LEFT), default=4)
        right = WIDTH - gutter - room - 3
        rights = _worded(lines, [self.members(line, right) for line in lines], right)
        for tag, left, members in zip(tags, lefts, rights, strict=True):
            start = f"{tag:>{gutter}}  "
            if columns(left) > room:
                for text in broken_text(left, WIDTH - len(start), WIDTH - len(start)):
                    yield start + text
                    start = " " * len(start)
                left = ""
            for text in members:
                yield f"{start}{' ' * (room - columns(left))}{left} {text}".rstrip()
                start, left = " " * len(start), ""

    def members(self, line: Equality, room: int) -> list[str]:
        """The members below each other, what stands behind the last one where it fits."""
        sign = unicode(line.sign)
        texts = []
        for member in line.members:
            first, *rest = broken_text(unicode(member), room - 2, room - 4)
            texts += [f"{sign} {first}", *(f"    {text}" for text in rest)]
        ending = unicode(line.ending)
        if ending and columns(texts[-1]) + columns(ending) + 3 <= room:
            texts[-1] += f"   {ending}"
        return texts

    def listing(self, block: Listing) -> str:
        return "\n".join(f"    {self.words(line)}".rstrip() for line in code_lines(block))

    def table(self, block: Table) -> str:
        rows = [block.head, *(tuple(map(self.prose, row)) for row in block.rows)]
        *firsts, _ = ([*map(columns, column)] for column in zip(*rows, strict=True))
        widths = [min(max(column), _CELL) for column in firsts]
        widths.append(WIDTH - sum(widths) - 2 * len(widths))
        printed = ["\n".join(_table_row(row, widths)) for row in rows]
        return "\n".join((printed[0], "─" * WIDTH, *printed[1:]))


def _worded(lines: Sequence[Equality], rights: list[list[str]], room: int) -> list[list[str]]:
    """With the author's words in a column behind, where there is room for all of them."""
    worded = [(r, line.words) for r, line in zip(rights, lines, strict=True) if line.words]
    place = max((columns(right[-1]) for right, _ in worded), default=0) + 3
    if all(place + columns(words) <= room and words.isprintable() for _, words in worded):
        for right, words in worded:
            right[-1] += " " * (place - columns(right[-1])) + words
    return rights


def _table_row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    columns_of = [_filled(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, columns_of))):
        parts = [lines[number] if number < len(lines) else "" for lines in columns_of]
        padded = (p + " " * (w - columns(p)) for p, w in zip(parts, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _filled(text: str, width: int = WIDTH) -> list[str]:
    """Words on lines; a word longer than a line is cut."""
    lines = [""]
    for word in text.split(" "):
        for piece in broken_text(word, width, width) if columns(word) > width else [word]:
            if columns(lines[-1]) + columns(piece) + 1 <= width and lines[-1]:
                lines[-1] += f" {piece}"
            elif lines[-1]:
                lines.append(piece)
            else:
                lines[-1] = piece
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
