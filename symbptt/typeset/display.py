r"""Displayed equations: rows of aligned chains, broken where a line would be too wide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symbptt.typeset.measure import broken, width

# The width of a line of text of the article, in units of 1/18 em, less a margin for the
# error of the estimated widths and for the equation's number.
LINE = 690.0

_INDENT = r"\qquad {} "


@dataclass(frozen=True)
class Row:
    """One line of an aligned display; ``tag`` is the number of the equation that ends."""

    left: str
    right: str
    tag: str = ""


def chain(left: str, members: Sequence[str], tag: str = "", line: float = LINE) -> tuple[Row, ...]:
    """``left = first = second …``, one member a line, long members over several."""
    room = line - max(width(left), 0) - 24
    rows: list[Row] = []
    for member in members:
        first, *rest = broken(member, room, room - 36)
        rows.append(Row("" if rows else left, f"= {first}"))
        rows += [Row("", _INDENT + text) for text in rest]
    last = rows[-1]
    return (*rows[:-1], Row(last.left, last.right, tag))


def aligned(rows: Iterable[Row], environment: str = "align*", words: bool = False) -> str:
    """The display; every row without a number of its own belongs to the next one with it."""
    lines = []
    for row in rows:
        tag = rf" \tag{{{row.tag}}}" if row.tag else ""
        left = f"{row.left} " if row.left else ""
        lines.append(f"{left}&{row.right}{tag}")
    body = " \\\\\n".join(lines)
    return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"
