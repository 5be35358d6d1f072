r"""How wide a formula is, roughly, and where it may be broken into lines.

Widths are in units of 1/18 em (TeX's mu) of Computer Modern in display style. They need
not be exact: lines are filled to a limit that leaves room for the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

_TOKEN = re.compile(r"\\[a-zA-Z]+\s*|\\.|[{}_^&]|\s+|.", re.DOTALL)

_SPACES = {r"\,": 3, r"\!": -3, r"\;": 5, r"\quad": 18, r"\qquad": 36, r"\ ": 6}
_OPERATORS = {"+", "-", "=", "<", ">", r"\odot", r"\cdot", r"\times", r"\in", r"\neq", r"\le"}
_STYLES = {r"\mathbf": 1.15, r"\boldsymbol": 1.15, r"\mathtt": 1.02, r"\mathrm": 1.0}
_STYLES |= {r"\operatorname": 1.0, r"\text": 1.3, r"\mathbb": 1.0}
_ACCENTS = {r"\hat", r"\tilde", r"\bar", r"\widehat", r"\widetilde", r"\overline", r"\grave"}
_ACCENTS |= {r"\acute", r"\breve", r"\dot", r"\ddot", r"\mathring", r"\check", r"\sqrt"}
_SIZES = {r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"}
_NARROWEST = ".:'|!"
_NARROW = "ijltfr()[]"
_WIDE = "mABCDEFGHKNOPQRTUVXYZ"
_WIDEST = "wMW"


@lru_cache(maxsize=4096)
def width(text: str, script: bool = False) -> float:
    """The width of a formula in units of 1/18 em.

    ``script``: as in a subscript, where there is no space around signs; not yet smaller.
    """
    return _Measure(text, script).total()


class _Measure:
    """Reads LaTeX as the printers write it, adding up widths."""

    def __init__(self, text: str, script: bool) -> None:
        self.script = script
        self.tokens = [token.strip() for token in _TOKEN.findall(text) if token.strip()]
        self.position = 0

    def total(self) -> float:
        whole = 0.0
        widest = 0.0
        while self.position < len(self.tokens):
            if self.tokens[self.position] in ("\\\\", r"\begin", r"\end"):
                self.skip_row()
                widest, whole = max(widest, whole), 30.0
            else:
                whole += self.atom()
        return max(widest, whole)

    def skip_row(self) -> None:
        if self.next() != "\\\\":
            self.group()

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
            scripts = max(scripts, 0.74 * width(self.group(), True))
        return max(size, scripts) + 3 if token == r"\sum" else size + scripts

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
        if token == r"\frac":
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
        if token == r"\sum":
            return 26
        return _command(token) if token.startswith("\\") else _letters(token)


def _command(token: str) -> float:
    if token in (r"\partial", r"\ell", r"\top", r"\ldots", r"\langle", r"\rangle"):
        return {r"\top": 14.0, r"\ell": 8.0, r"\ldots": 24.0}.get(token, 10.0)
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


# --- breaking into lines ---------------------------------------------------------------


_OPENING = {"(", "[", r"\left", r"\bigl", r"\Bigl"}
_CLOSING = {")", "]", r"\right", r"\bigr", r"\Bigr"}
_RELATIONS = {"+", "-"}
_PRODUCTS = {r"\odot", "/", r"\cdot"}
_JUXTAPOSED = {r"\frac", r"\left", r"\sum", r"\mathbf", r"\boldsymbol", r"\operatorname", r"\log"}


def broken(text: str, first: float, rest: float) -> list[str]:
    """The formula on as many lines as it needs: the first one ``first`` wide at most.

    Lines break before the signs of a sum where that is enough, else before products and
    inside parentheses. A formula with no place to break stays as it is.
    """
    if width(text) <= first:
        return [text]
    lines: list[str] = []
    for piece in _pieces(text, min(first, rest)):
        limit = first if len(lines) <= 1 else rest
        if lines and width(f"{lines[-1]} {piece}") <= limit:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return _reopened(lines)


def _pieces(text: str, limit: float) -> list[str]:
    """The parts between breaks, broken further where they are too wide."""
    if width(text) <= limit:
        return [text]
    places = sorted(_places(text))
    if not places:
        return [text]
    cost = min(cost for _, cost in places)
    cuts = [0, *(position for position, c in places if c == cost), len(text)]
    parts = [text[start:end].strip() for start, end in pairwise(cuts)]
    return [piece for part in parts if part for piece in _pieces(part, limit)]


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Where a line may end, with its cost: outer signs first, juxtaposed factors last."""
    braces = parens = environments = 0
    lowest = min(_depths(text), default=0)
    previous = ""
    for match in _TOKEN.finditer(text):
        token = match.group().strip()
        if not token:
            continue
        after_left = previous in _SIZES
        outside = braces == 0 and environments == 0 and match.start() > 0
        if outside and not after_left and previous not in ("", *_OPENING, "_", "^"):
            depth = parens - lowest
            if token in _RELATIONS and previous not in _RELATIONS and not _opens(text, match):
                yield match.start(), 3 * depth
            elif token in _PRODUCTS or previous in (",", r"\,"):
                yield match.start(), 3 * depth + 1
            elif token in _JUXTAPOSED and not previous.startswith(("\\", "'", "+", "-", "/")):
                yield match.start(), 3 * depth + 2
        braces += {"{": 1, "}": -1}.get(token, 0)
        environments += {r"\begin": 1, r"\end": -1}.get(token, 0)
        if braces == 0 and not after_left:
            parens += (token in _OPENING) - (token in _CLOSING)
        previous = token


def _opens(text: str, match: re.Match[str]) -> bool:
    """Whether a sign stands first behind a parenthesis and so belongs to one term."""
    return text[: match.start()].rstrip().endswith(("(", "["))


def _depths(text: str) -> Iterator[int]:
    """The depth of parentheses along the text; a piece may close what it did not open."""
    depth = braces = 0
    previous = ""
    for match in _TOKEN.finditer(text):
        token = match.group().strip()
        if not token:
            continue
        braces += {"{": 1, "}": -1}.get(token, 0)
        if braces == 0 and previous not in _SIZES:
            depth += (token in _OPENING) - (token in _CLOSING)
        previous = token
        yield depth


def _reopened(lines: list[str]) -> list[str]:
    r"""``\left(`` and ``\right)`` on different lines made into ``\Bigl(`` and ``\Bigr)``."""
    open_at: list[tuple[int, int]] = []
    torn: set[tuple[int, int]] = set()
    for number, line in enumerate(lines):
        for match in re.finditer(r"\\(left|right)(?![a-zA-Z])", line):
            place = (number, match.start())
            if match.group(1) == "left":
                open_at.append(place)
            elif open_at:
                start = open_at.pop()
                if start[0] != number:
                    torn |= {start, place}
    return [_resized(line, number, torn) for number, line in enumerate(lines)]


def _resized(line: str, number: int, torn: set[tuple[int, int]]) -> str:
    def fixed(match: re.Match[str]) -> str:
        if (number, match.start()) not in torn:
            return match.group()
        return r"\Bigl" if match.group(1) == "left" else r"\Bigr"

    return re.sub(r"\\(left|right)(?![a-zA-Z])", fixed, line)
