"""The formats of a graph's picture, a printer each."""

from __future__ import annotations

from collections.abc import Callable

from symbptt.figures.dot import dot
from symbptt.figures.picture import Picture
from symbptt.figures.svg import svg
from symbptt.figures.tikz import tikz

FORMATS: dict[str, Callable[[Picture, str], str]] = {"svg": svg, "tikz": tikz, "dot": dot}
"""By its name; takes the picture and what made it."""

SUFFIXES = {"svg": ".svg", "tikz": ".tex", "dot": ".dot"}
"""How files of each end."""
