"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Protocol

_WIDEST = 80


def table(rows: Iterable[Sequence[str]], indent: str = "  ", *, numbers: bool = False) -> list[str]:
    """Rows of cells in columns, two spaces apart; a very wide cell moves only its own row.

    ``numbers``: all columns but the first are flush right.
    """
    cells = [tuple(row) for row in rows]
    widths = [
        max((len(cell) for cell in column if len(cell) <= _WIDEST), default=0)
        for column in zip(*cells, strict=True)
    ]
    if not cells:
        return []
    sides = ["<", *(">" if numbers else "<") * (len(widths) - 1)]
    form = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    return [(indent + form.format(*row)).rstrip() for row in cells]


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same for a notebook."""
    lines = [_html_row("th", head), *(_html_row("td", row) for row in rows)]
    return "\n".join(["<table>", *lines, "</table>"])


def _html_row(tag: str, cells: Sequence[str]) -> str:
    left = 'style="text-align:left"'
    return f"<tr>{''.join(f'<{tag} {left}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


class Pretty(Protocol):
    """What is used of IPython's printer."""

    def text(self, text: str) -> None: ...


class Printed:
    """Shows itself at IPython's prompt as `print` does."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        # IPython asks class by class, and a dataclass has a representation of its own.
        cls._repr_pretty_ = Printed._repr_pretty_  # type: ignore[method-assign]

    def _repr_pretty_(self, printer: Pretty, cycle: bool) -> None:
        printer.text(str(self))
