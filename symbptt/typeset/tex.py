r"""TeX as the printers write it, as a row of atoms: signs with their groups and scripts.

What is asked of a formula that is TeX is asked of them: how wide it is, where a line may end,
what it is without TeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\s+|.", re.DOTALL)

ALPHABETS = {r"\mathbf", r"\boldsymbol", r"\mathtt", r"\mathrm", r"\mathbb", r"\mathcal"}
ACCENTS = {r"\hat", r"\tilde", r"\bar", r"\widehat", r"\widetilde", r"\overline", r"\grave"}
ACCENTS |= {r"\acute", r"\breve", r"\dot", r"\ddot", r"\mathring", r"\check"}
WORDS = {r"\mathbf", r"\mathrm", r"\mathtt", r"\widehat", r"\widetilde", r"\overline"}
"""What a name of several letters stands in."""
SIZES = {r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr"}
FRACTIONS = {r"\frac", r"\dfrac"}
_GROUPS = {
    **dict.fromkeys(FRACTIONS, 2),
    **dict.fromkeys(ALPHABETS | ACCENTS | SIZES | {r"\sqrt", r"\operatorname", r"\text"}, 1),
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
    return tuple(_Reader(tex).atoms())


class _Reader:
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
