r"""How wide a formula is, roughly.

Widths are in units of 1/18 em (TeX's mu) of Computer Modern in display style. They need
not be exact: lines are filled to a limit that leaves room for the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"\\[a-zA-Z]+\s*|\\.|[{}_^&]|\s+|.", re.DOTALL)

_SPACES = {r"\,": 3, r"\!": -3, r"\;": 5, r"\quad": 18, r"\qquad": 36, r"\ ": 6}
_OPERATORS = {"+", "-", "=", "<", ">", r"\odot", r"\cdot", r"\times", r"\in", r"\neq", r"\le"}
_STYLES = {r"\mathbf": 1.15, r"\boldsymbol": 1.15, r"\mathtt": 1.02, r"\mathrm": 1.0}
_STYLES |= {r"\operatorname": 1.0, r"\text": 1.3, r"\mathbb": 1.0}
_ACCENTS = {r"\hat", r"\tilde", r"\bar", r"\widehat", r"\widetilde", r"\overline", r"\grave"}
_ACCENTS |= {r"\acute", r"\breve", r"\dot", r"\ddot", r"\mathring", r"\check", r"\sqrt"}
_SIZES = {r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"}
# Scripts are set smaller; the next size is little smaller, and wider.
_SCRIPT, _SCRIPT_OF_SCRIPT = 0.74, 0.9
_LIMITS = {r"\sum", r"\prod"}
_NARROWEST = ".:'|!"
_NARROW = "ijltfr()[]"
_WIDE = "mABCDEFGHKNOPQRTUVXYZ"
_WIDEST = "wMW"


@lru_cache(maxsize=4096)
def width(text: str, script: bool = False) -> float:
    """The width of a formula in units of 1/18 em.

    ``script``: as in a subscript, where there is no space around signs; not yet smaller.
    """
    return sum(atom.width for atom in _WidthReader(text, script).atoms())


class Atom(NamedTuple):
    """A sign, symbol or fraction on the line, with its scripts; an environment as one."""

    start: int
    token: str
    width: float


def atoms(text: str) -> tuple[Atom, ...]:
    """What stands side by side in a formula, with its place in the text."""
    return tuple(_WidthReader(text, script=False).atoms())


class _WidthReader:
    """Reads LaTeX as the printers write it, adding up widths."""

    def __init__(self, text: str, script: bool) -> None:
        self.script = script
        found = [match for match in _TOKEN.finditer(text) if match.group().strip()]
        self.tokens = [match.group().strip() for match in found]
        self.starts = [match.start() for match in found]
        self.position = 0

    def atoms(self) -> Iterator[Atom]:
        while self.position < len(self.tokens):
            first = self.position
            size = self.atom()
            yield Atom(self.starts[first], self.tokens[first], size)

    def environment(self) -> float:
        """The widest row of what stands up to the next end of an environment."""
        small = 0.7 if self.group() == "smallmatrix" else 1.0
        widest = row = 0.0
        while self.position < len(self.tokens):
            if self.tokens[self.position] == "\\\\":
                self.next()
                row = 0.0
            elif self.tokens[self.position] == r"\end":
                self.next()
                self.group()
                break
            row += self.atom()
            widest = max(widest, row)
        return small * widest + 36

    def next(self) -> str:
        token = self.tokens[self.position] if self.position < len(self.tokens) else ""
        self.position += 1
        return token

    def atom(self) -> float:
        """One nucleus with its scripts."""
        token = self.next()
        size = self.nucleus(token)
        scripts = 0.0
        while self.position < len(self.tokens) and self.tokens[self.position] in "_^":
            self.next()
            scale = _SCRIPT_OF_SCRIPT if self.script else _SCRIPT
            scripts = max(scripts, scale * width(self.group(), True))
        return max(size, scripts) + 3 if token in _LIMITS else size + scripts

    def inner(self) -> float:
        return width(self.group(), self.script)

    def group(self) -> str:
        """The text of the next group or token."""
        token = self.next()
        if token != "{":
            return token
        start, depth = self.position, 1
        while depth and self.position < len(self.tokens):
            depth += {"{": 1, "}": -1}.get(self.next(), 0)
        return " ".join(self.tokens[start : self.position - 1])

    def nucleus(self, token: str) -> float:
        if token in _SPACES:
            return _SPACES[token]
        if token in _OPERATORS:
            return 14 if self.script else 23
        if token == "," and self.script:
            return 5
        if token in (r"\frac", r"\dfrac"):
            return max(self.inner(), self.inner()) + 4.5
        if token in _STYLES:
            return _STYLES[token] * _letters(self.group())
        if token in _ACCENTS:
            return self.inner() + (16 if token == r"\sqrt" else 0)
        if token == "{":
            self.position -= 1
            return self.inner()
        if token in _SIZES:
            self.next()
            return 9 if token in (r"\bigl", r"\bigr") else 13
        if token == r"\begin":
            return self.environment()
        if token in _LIMITS:
            return 26 if token == r"\sum" else 48
        return _command(token) if token.startswith("\\") else _letters(token)


def _command(token: str) -> float:
    if token in (r"\partial", r"\ell", r"\top", r"\ldots", r"\dots", r"\langle", r"\rangle"):
        return {r"\top": 14.0, r"\ell": 8.0, r"\ldots": 24.0, r"\dots": 24.0}.get(token, 10.0)
    if token[1:] in ("tanh", "exp", "log", "sin", "cos", "max", "min"):
        return 9.2 * len(token[1:]) + 3
    return 12


def _letters(text: str) -> float:
    if "\\" in text:
        inside = re.sub(r"\\[a-zA-Z]+|[{}\\]", "", text)
        return _letters(inside) + 10 * text.count("\\")
    return sum(_character(c) for c in text if c not in " {}")


def _character(character: str) -> float:
    if character in ",;":
        return 8
    if character in _NARROWEST:
        return 5
    if character in _NARROW:
        return 7
    if character in _WIDEST:
        return 17.5
    return 14.5 if character in _WIDE else 10
