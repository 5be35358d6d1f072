"""Blocks in Markdown, with formulas in TeX for MathJax."""

from __future__ import annotations

import re
from collections.abc import Sequence

from symbptt.typeset.blocks import Box, Display, Heading, Points, Table
from symbptt.typeset.display import aligned, boxed, rows_of
from symbptt.typeset.format import Format
from symbptt.typeset.text import latex_comment, markdown_text

_HEADINGS = {1: "## ", 2: "### ", 3: "### "}


class Markdown(Format):
    def comment(self, text: str) -> str:
        return latex_comment(text).replace(">", "&gt;")

    def words(self, text: str) -> str:
        return markdown_text(text)

    def math(self, tex: str) -> str:
        # In a table's cell a bar would end the cell.
        return "$" + tex.replace("|", r"\vert ") + "$"

    def heading(self, block: Heading) -> str:
        return _HEADINGS[block.level] + self.prose(block.text)

    def points(self, block: Points) -> str:
        return "\n".join(f"- {self.prose(item)}" for item in block.items)

    def display(self, block: Display) -> str:
        return f"$$\n{aligned(rows_of(block.lines, _plain))}\n$$"

    def box(self, block: Box) -> str:
        return f"$$\n{boxed(rows_of(block.lines, _plain))}\n$$"

    def table(self, block: Table) -> str:
        rule = ("---",) * len(block.head)
        cells = (block.head, rule, *(tuple(map(self.prose, row)) for row in block.rows))
        return "\n".join(_table_row(row) for row in cells)


def _table_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(words: str) -> str:
    """Words in a display: MathJax knows few of TeX's escapes, so only what needs none."""
    return words if re.fullmatch(r"[A-Za-z0-9 ,.;:'()/=-]*", words) else ""
