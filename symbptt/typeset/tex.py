r"""TeX as the printers write it, as a row of atoms: signs with their groups and scripts.

What is asked of a formula that is TeX is asked of them: how wide it is, where a line may end,
what it is without TeX.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\s+|.", re.DOTALL)

ALPHABETS = {r"\mathbf", r"\boldsymbol", r"\mathtt", r"\mathrm", r"\mathbb", r"\mathcal"}
ACCENTS = {r"\hat", r"\tilde", r"\bar", r"\widehat", r"\widetilde", r"\overline", r"\grave"}
ACCENTS |= {r"\acute", r"\breve", r"\dot", r"\ddot", r"\mathring", r"\check"}
WORDS = {r"\mathbf", r"\mathrm", r"\mathtt", r"\widehat", r"\widetilde", r"\overline"}
"""What a name of several letters stands in."""
TEXTS = {r"\text", r"\textbf"}
"""What words stand in, and names with letters that mathematics has not."""
SIZES = {r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"}
FRACTIONS = {r"\frac", r"\dfrac"}
_GROUPS = {
    **dict.fromkeys(FRACTIONS, 2),
    **dict.fromkeys(ALPHABETS | ACCENTS | SIZES | {r"\sqrt", r"\operatorname", *TEXTS}, 1),
}


class Atom(NamedTuple):
    r"""A sign or a construction on the line.

    Attributes
    ----------
    start : int
        Where it stands in the TeX.
    token : str
        ``x``, ``\frac``, ``{`` for a group, ``\begin`` for an environment.
    groups : tuple of str
        The TeX of what it takes; of an environment its name and what stands in it.
    below, above : str
        The TeX of its scripts.
    spaced : bool
        Whether white space follows.
    """

    start: int
    token: str
    groups: tuple[str, ...] = ()
    below: str = ""
    above: str = ""
    spaced: bool = False


@lru_cache(maxsize=4096)
def atoms(tex: str) -> tuple[Atom, ...]:
    """What stands side by side in a formula."""
    return tuple(_AtomReader(tex).atoms())


class _AtomReader:
    def __init__(self, tex: str) -> None:
        self.tex = tex
        self.tokens = [*_TOKEN.finditer(tex)]
        self.position = 0

    def atoms(self) -> Iterator[Atom]:
        self.skip()
        while self.position < len(self.tokens):
            yield self.atom()

    def atom(self) -> Atom:
        start = self.start()
        token = self.next()
        groups = tuple(self.group() for _ in range(_GROUPS.get(token, 0)))
        if token == "{":
            groups = (self.up_to({"{": 1, "}": -1}),)
        elif token == r"\begin":
            groups = (self.group(), self.up_to({r"\begin": 1, r"\end": -1}))
            self.group()
        scripts = {"_": "", "^": ""}
        spaced = self.skip()
        while self.peek() in scripts:
            sign = self.next()
            scripts[sign] = self.group()
            spaced = self.skip()
        return Atom(start, token, groups, scripts["_"], scripts["^"], spaced)

    def start(self) -> int:
        return self.tokens[self.position].start() if self.peek() else len(self.tex)

    def peek(self) -> str:
        return self.tokens[self.position].group() if self.position < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def skip(self) -> bool:
        """Pass over white space, if there is any."""
        spaced = self.peek().isspace()
        self.position += spaced
        return spaced

    def group(self) -> str:
        """The TeX of the next group or token."""
        self.skip()
        token = self.next()
        return self.up_to({"{": 1, "}": -1}) if token == "{" else token

    def up_to(self, depths: dict[str, int]) -> str:
        """What stands up to the end of what has begun, which is passed over."""
        start = self.start()
        depth = 1
        while depth and self.peek():
            end = self.start()
            depth += depths.get(self.next(), 0)
        return self.tex[start:end] if not depth else self.tex[start:]


def braced(tex: str) -> str:
    """As a group, if it is more than one sign."""
    return tex if len(tex) == 1 else f"{{{tex}}}"


_WORDS = re.compile(r"\\text(?:bf)?\{")


def worded(tex: str, told: Callable[[str], str]) -> str:
    r"""The formula with the words in it, what stands in each ``\text{…}``, told otherwise."""
    found = _WORDS.search(tex)
    if found is None:
        return tex
    begin = found.end()
    end, depth = begin, 1
    while depth:
        depth += {"{": 1, "}": -1}.get(tex[end], 0)
        end += 1
    return tex[:begin] + told(tex[begin : end - 1]) + "}" + worded(tex[end:], told)


# --- how wide it is, roughly ------------------------------------------------------------------
#
# Widths are in units of 1/18 em (TeX's mu) of Computer Modern in display style. They need
# not be exact: lines are filled to a limit that leaves room for the error.

_SPACES = {r"\,": 3, r"\!": -3, r"\;": 5, r"\quad": 18, r"\qquad": 36, r"\ ": 6}
_OPERATORS = {"+", "-", "=", "<", ">", r"\odot", r"\cdot", r"\times", r"\in", r"\neq", r"\le"}
_STYLES = dict.fromkeys((*ALPHABETS, r"\operatorname"), 1.0)
_STYLES |= {r"\mathbf": 1.15, r"\boldsymbol": 1.15, r"\mathtt": 1.02, r"\text": 1.3}
# Scripts are set smaller; the next size is little smaller, and wider.
_SCRIPT, _SCRIPT_OF_SCRIPT = 0.74, 0.9
_LIMITS = {r"\sum": 26, r"\prod": 48}
_COMMANDS = {r"\partial": 10, r"\langle": 10, r"\rangle": 10}
_COMMANDS |= {r"\top": 14, r"\ell": 8, r"\ldots": 24, r"\dots": 24}
_FUNCTIONS = {r"\tanh", r"\exp", r"\log", r"\sin", r"\cos", r"\max", r"\min"}
_NARROWEST = ".:'|!"
_NARROW = "ijltfr()[]"
_WIDE = "mABCDEFGHKNOPQRTUVXYZ"
_WIDEST = "wMW"


@lru_cache(maxsize=4096)
def width(text: str, script: bool = False) -> float:
    """The width of a formula in units of 1/18 em.

    ``script``: as in a subscript, where there is no space around signs; not yet smaller.
    """
    return sum(width_of(atom, script) for atom in atoms(text))


def width_of(atom: Atom, script: bool = False) -> float:
    """The width of an atom with its scripts."""
    size = _nucleus(atom, script)
    scale = _SCRIPT_OF_SCRIPT if script else _SCRIPT
    scripts = scale * max(width(atom.below, True), width(atom.above, True))
    return max(size, scripts) + 3 if atom.token in _LIMITS else size + scripts


def _nucleus(atom: Atom, script: bool) -> float:
    token = atom.token
    if token in _SPACES:
        return _SPACES[token]
    if token in _OPERATORS:
        return 14 if script else 23
    if token == "," and script:
        return 5
    if token in FRACTIONS:
        return max(width(group, script) for group in atom.groups) + 4.5
    if token in _STYLES:
        return _STYLES[token] * _letters(atom.groups[0])
    if token in ACCENTS or token in ("{", r"\sqrt"):
        return width(atom.groups[0], script) + (16 if token == r"\sqrt" else 0)
    if token in SIZES:
        return 9 if token in (r"\bigl", r"\bigr") else 13
    if token == r"\begin":
        kind, body = atom.groups
        return _environment(kind, body, script)
    if token in _FUNCTIONS:
        return 9.2 * len(token[1:]) + 3
    if token.startswith("\\"):
        return _LIMITS.get(token) or _COMMANDS.get(token, 12)
    return _letters(token)


def _environment(kind: str, body: str, script: bool) -> float:
    """The widest row of an environment."""
    widest = row = 0.0
    for atom in atoms(body):
        row = 0.0 if atom.token == "\\\\" else row + width_of(atom, script)
        widest = max(widest, row)
    return (0.7 if kind == "smallmatrix" else 1.0) * widest + 36


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
