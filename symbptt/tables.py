"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    sides = ["<", *(">" if numbers else "<") * (len(widths) - 1)]
    form = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    return [(indent + form.format(*row)).rstrip() for row in cells]
