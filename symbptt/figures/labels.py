r"""Formulas as runs of text with a type face and a height each, for printers without TeX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from symbptt.typeset.tex import ACCENTS, Atom, atoms
from symbptt.typeset.unicode import unicode

SCRIPT = 0.7


@dataclass(frozen=True)
class Span:
    """Attributes
    ----------
    level : int
        0 on the line, -1 a subscript, 1 a superscript, and so on.
    """

    text: str
    bold: bool = False
    italic: bool = False
    mono: bool = False
    level: int = 0


_FACES = {
    r"\mathbf": Span("", bold=True),
    r"\boldsymbol": Span("", bold=True, italic=True),
    r"\mathtt": Span("", mono=True),
    r"\mathrm": Span(""),
    r"\operatorname": Span(""),
    r"\text": Span(""),
}
_SPACES = {r"\,": "\u2009", r"\;": "\u2005", r"\ ": "\u2005", r"\quad": "\u2003"}


@lru_cache(maxsize=1024)
def runs(tex: str) -> tuple[Span, ...]:
    """The formula, from left to right; like neighbours as one."""
    found: list[Span] = []
    for run in _runs(tex, 0):
        if found and replace(found[-1], text="") == replace(run, text=""):
            found[-1] = replace(run, text=found[-1].text + run.text)
        elif run.text:
            found.append(run)
    return tuple(found)


def _runs(tex: str, level: int) -> Iterator[Span]:
    for atom in atoms(tex):
        yield from _nucleus(atom, level)
        if atom.below:
            yield from _runs(atom.below, level - 1)
        if atom.above:
            yield from _runs(atom.above, level + 1)


def _nucleus(atom: Atom, level: int) -> Iterator[Span]:
    token = atom.token
    if token in _SPACES:
        yield Span(_SPACES[token], level=level)
    elif token == "{":
        yield from _runs(atom.groups[0], level)
    elif token in ACCENTS:
        mark = unicode(f"{token}{{x}}")[1:]
        for run in _runs(atom.groups[0], level):
            yield replace(run, text="".join(letter + mark for letter in run.text))
    elif token in _FACES:
        text = unicode(f"{token}{{{atom.groups[0]}}}")
        text = text if token == r"\mathtt" else unicode(atom.groups[0])
        yield replace(_FACES[token], text=text, level=level)
    else:
        text = unicode("".join((token, *(f"{{{group}}}" for group in atom.groups))))
        letter = len(text) == 1 and text.isalpha() and text not in "ℓ"
        yield Span(text.replace("-", "−"), italic=letter and text not in "ΣΠ", level=level)
