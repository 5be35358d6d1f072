"""Cells outside the built-in set: what the language can say, one model a turn of phrase.

They stand in `cells/`, a file each. Each is written so that its values stay in a smooth
range for entries between -0.8 and 0.8: logarithms, roots and quotients of what is
positive, and no function at a kink.
"""

from __future__ import annotations

from pathlib import Path

from symbptt.algebra import Model
from symbptt.language.parser import parse

FOLDER = Path(__file__).parent / "cells"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.rnn")))

BINDINGS = {"bound_by_name": {"phi": "tanh"}}
"""Functions for the abstract ones that have no default."""

RATIONAL = ("linear_attention", "matrix_input", "rational")
"""The cells that need no function, so that object arrays are exact."""


def cell(name: str) -> Model:
    path = FOLDER / f"{name}.rnn"
    return parse(path.read_text(encoding="utf-8"), name)
