"""What a document is made of, in whatever format: a list of blocks.

A format prints blocks (`symbptt.typeset.document`). Formulas are TeX, the way in which
mathematics is written down; a format that has none of it translates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Math:
    """A formula within a line."""

    tex: str


@dataclass(frozen=True)
class Words:
    """Anybody's text, in which nothing is a command."""

    text: str


Prose = tuple[str | Math | Words, ...]
"""What stands in a line; a str is of the house, and safe in every format."""


def prose(text: str) -> Prose:
    """Words of the house, with formulas between dollar signs."""
    pieces = re.split(r"\$([^$]+)\$", " ".join(text.split()))
    return tuple(Math(p) if k % 2 else p for k, p in enumerate(pieces) if p)


@dataclass(frozen=True)
class Equality:
    """``left = first = second …``: a chain of equals, not yet broken into lines.

    Attributes
    ----------
    left : str
    members : tuple of str
    tag : str
        Its number, or "".
    ending : str
        What stands behind it, in what space it is for instance.
    words : str
        The author's words about it, or "".
    sign : str
    """

    left: str
    members: tuple[str, ...]
    tag: str = ""
    ending: str = ""
    words: str = ""
    sign: str = "="


@dataclass(frozen=True)
class Heading:
    """``level`` 1 of a section, 2 of a part of one, 3 of what is about one quantity."""

    text: Prose
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    text: Prose


@dataclass(frozen=True)
class Points:
    """Sentences, each for itself."""

    items: tuple[Prose, ...]


@dataclass(frozen=True)
class Display:
    """Equations one below the other, aligned."""

    lines: tuple[Equality, ...]


@dataclass(frozen=True)
class Box:
    """A display that stands out: results."""

    lines: tuple[Equality, ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells; ``widths`` of the columns are in centimetres of a page's 16."""

    head: tuple[str, ...]
    rows: tuple[tuple[Prose, ...], ...]
    widths: tuple[float, ...]


Block = Heading | Paragraph | Points | Display | Box | Table


@dataclass(frozen=True)
class Document:
    """Attributes
    ----------
    made : tuple of str
        What made it, and the command that makes it again.
    title : Prose
    subtitle : str
    blocks : tuple of Block
    """

    made: tuple[str, ...]
    title: Prose
    subtitle: str
    blocks: tuple[Block, ...]
