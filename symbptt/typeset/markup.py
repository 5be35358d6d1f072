"""What differs between document formats: text, mathematics in a line, displays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from symbptt.typeset.display import Row, aligned, boxed
from symbptt.typeset.text import latex_comment, latex_text, markdown_text

# Equations of so many lines are kept on one page.
_WHOLE = 8


class Markup(Protocol):
    """A document format's ways with strings."""

    def text(self, words: str) -> str:
        """Anybody's text, made safe."""

    def words(self, words: str) -> str:
        r"""The same within ``\text{…}`` of a display; "" where that is not possible."""

    def math(self, formula: str) -> str:
        """A formula within a line."""

    def display(self, rows: Iterable[Row]) -> str:
        """An aligned display."""

    def box(self, rows: Iterable[Row]) -> str:
        """A display that stands out: results."""

    def comment(self, words: str) -> str:
        """Text for one line that does not print."""


class LatexMarkup:
    def text(self, words: str) -> str:
        return latex_text(words)

    def words(self, words: str) -> str:
        return latex_text(words)

    def math(self, formula: str) -> str:
        return f"${formula}$"

    def display(self, rows: Iterable[Row]) -> str:
        return aligned(rows, whole=_WHOLE)

    def box(self, rows: Iterable[Row]) -> str:
        # Between two rules, which stay with it: a real box can't be broken over pages.
        display = aligned(rows, whole=_WHOLE)
        return (
            "\\\\\n\\rule{\\linewidth}{0.4pt}\n"
            f"{{\\postdisplaypenalty=10000\n{display}}}\n"
            "\\par\\nobreak\\hrule\\medskip"
        )

    def comment(self, words: str) -> str:
        return latex_comment(words)


class MarkdownMarkup:
    def text(self, words: str) -> str:
        return markdown_text(words)

    def words(self, words: str) -> str:
        # MathJax knows few of TeX's escapes in text, so only what needs none.
        return words if re.fullmatch(r"[A-Za-z0-9 ,.;:'()/=-]*", words) else ""

    def math(self, formula: str) -> str:
        # In a table's cell a bar would end the cell.
        return "$" + formula.replace("|", r"\vert ") + "$"

    def display(self, rows: Iterable[Row]) -> str:
        return f"$$\n{aligned(rows)}\n$$"

    def box(self, rows: Iterable[Row]) -> str:
        return f"$$\n{boxed(rows)}\n$$"

    def comment(self, words: str) -> str:
        return latex_comment(words).replace(">", "&gt;")
