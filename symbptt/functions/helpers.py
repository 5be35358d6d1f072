"""The NumPy functions whose bodies stand in the rows of the tables."""

from __future__ import annotations

from textwrap import indent

from symbptt.functions.elementwise import FUNCTIONS, Function
from symbptt.functions.vectors import VECTORS, VectorFunction


def _text(row: Function | VectorFunction, of: str) -> str:
    head = f'def _{row.name}({", ".join(row.arguments)}):\n    """{row.name} {of}."""\n'
    return head + indent(row.helper.rstrip() + "\n", "    ")


HELPERS: dict[str, str] = {
    **{f"_{name}": _text(row, "of each entry") for name, row in FUNCTIONS.items() if row.helper},
    **{f"_{name}": _text(row, "of each row") for name, row in VECTORS.items() if row.helper},
}
"""By name; a module gets those that its lines name."""
