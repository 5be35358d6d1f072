"""What differs between document formats: text, mathematics in a line, displays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from symbptt.typeset.display import Row, aligned
from symbptt.typeset.text import latex_comment, latex_text, markdown_text


class Markup(Protocol):
    """A document format's ways with strings."""

    def text(self, words: str) -> str:
        """Anybody's text, made safe."""

    def math(self, formula: str) -> str:
        """A formula within a line."""

    def display(self, rows: Iterable[Row]) -> str:
        """An aligned display."""

    def box(self, rows: Iterable[Row]) -> str:
        """A display that stands out: results."""

    def cell(self, content: str) -> str:
        """Ready content for a cell of a table."""

    def comment(self, words: str) -> str:
        """Text for one line that does not print."""


class Latex:
    def text(self, words: str) -> str:
        return latex_text(words)

    def math(self, formula: str) -> str:
        return f"${formula}$"

    def display(self, rows: Iterable[Row]) -> str:
        return aligned(rows)

    def box(self, rows: Iterable[Row]) -> str:
        inner = aligned(_untagged(rows), "aligned")
        return f"\\[\n\\boxed{{\n{inner}\n}}\n\\]"

    def cell(self, content: str) -> str:
        return content

    def comment(self, words: str) -> str:
        return latex_comment(words)


class Markdown:
    def text(self, words: str) -> str:
        return markdown_text(words)

    def math(self, formula: str) -> str:
        # Markdown would take a backslash before punctuation for its own.
        return f"${formula}$"

    def display(self, rows: Iterable[Row]) -> str:
        return f"$$\n{aligned(rows)}\n$$"

    def box(self, rows: Iterable[Row]) -> str:
        inner = aligned(_untagged(rows), "aligned")
        return f"$$\n\\boxed{{\n{inner}\n}}\n$$"

    def cell(self, content: str) -> str:
        return re.sub(r"(?<!\\)\|", r"\\vert ", content)

    def comment(self, words: str) -> str:
        return latex_comment(words).replace("--", "- ").replace(">", "&gt;")


def _untagged(rows: Iterable[Row]) -> Iterable[Row]:
    """Rows with their numbers in front, since a box has no margin for them."""
    for row in rows:
        yield Row(row.left, row.right + (rf" \qquad \text{{({row.tag})}}" if row.tag else ""))
