"""What a document is made of, in whatever format: a list of blocks.

A format prints blocks (`symbptt.typeset.document`). Formulas are TeX, the way in which
mathematics is written down; a format that has none of it translates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain


@dataclass(frozen=True)
class Math:
    """A formula within a line."""

    tex: str


@dataclass(frozen=True)
class Words:
    """Anybody's text, in which nothing is a command."""

    text: str


@dataclass(frozen=True)
class Reference:
    """The equation that is numbered ``tag``; ``otherwise`` where the document lacks it."""

    tag: str
    otherwise: tuple[str | Math, ...]


Prose = tuple[str | Math | Words | Reference, ...]
"""What stands in a line; a str is of the house, and safe in every format."""


def prose(text: str) -> Prose:
    """Words of the house, with formulas between dollar signs."""
    pieces = re.split(r"\$([^$]+)\$", " ".join(text.split()))
    return tuple(Math(p) if k % 2 else p for k, p in enumerate(pieces) if p)


def resolved(text: Prose, tags: Collection[str]) -> Prose:
    """The prose with words in place of references to other equations than those."""
    kept = ((p,) if not isinstance(p, Reference) or p.tag in tags else p.otherwise for p in text)
    return tuple(chain.from_iterable(kept))


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
    reasons : tuple of Prose
        Why each member equals the one before; none, or one a member.
    """

    left: str
    members: tuple[str, ...]
    tag: str = ""
    ending: str = ""
    words: str = ""
    sign: str = "="
    reasons: tuple[Prose, ...] = ()


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


@dataclass(frozen=True)
class Listing:
    """Statements in the order in which they run: their lines, and the number of what they
    compute, or ""."""

    statements: tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True)
class Figure:
    """A picture: as TikZ, as SVG without a head, and in words for who has neither."""

    tikz: str
    svg: str
    words: str


Block = Heading | Paragraph | Points | Display | Box | Table | Listing | Figure


@dataclass(frozen=True)
class Sign:
    """A symbol that formulas hold, and what there is to say of it.

    Attributes
    ----------
    core : str
        Its letter in TeX, with accents.
    subscripts : tuple of str
        Those of its name, without steps.
    name : str
        As its author writes it.
    role, space, meaning : Prose
    defined : Prose
        The equation that defines it, or nothing.
    """

    core: str
    subscripts: tuple[str, ...]
    name: str
    role: Prose
    space: Prose
    meaning: Prose
    defined: Prose


@dataclass(frozen=True)
class Version:
    """A document's blocks told otherwise, by the choices that lead there."""

    key: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """Attributes
    ----------
    made : tuple of str
        What made it, and the command that makes it again.
    title : Prose
    subtitle : str
    blocks : tuple of Block
    author : str
        Who signs it, or "".
    signs : tuple of Sign
    variants : tuple of Version
        The document itself first, and others that a reader may switch to.
    language : str
        That of the house's words in it.
    """

    made: tuple[str, ...]
    title: Prose
    subtitle: str
    blocks: tuple[Block, ...]
    author: str = ""
    signs: tuple[Sign, ...] = ()
    variants: tuple[Version, ...] = ()
    language: str = "en"


def settled(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks without references to equations that are in none of them."""
    blocks = tuple(blocks)
    displays = (block for block in blocks if isinstance(block, Display | Box))
    tags = {line.tag for display in displays for line in display.lines}
    for block in blocks:
        match block:
            case Heading() | Paragraph():
                yield replace(block, text=resolved(block.text, tags))
            case Points():
                yield Points(tuple(resolved(item, tags) for item in block.items))
            case Table():
                rows = (tuple(resolved(cell, tags) for cell in row) for row in block.rows)
                yield replace(block, rows=tuple(rows))
            case Display():
                yield Display(tuple(_settled(line, tags) for line in block.lines))
            case _:
                yield block


def _settled(line: Equality, tags: Collection[str]) -> Equality:
    return replace(line, reasons=tuple(resolved(reason, tags) for reason in line.reasons))
