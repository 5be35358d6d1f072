r"""How wide a formula is, roughly.

Widths are in units of 1/18 em (TeX's mu) of Computer Modern in display style. They need
not be exact: lines are filled to a limit that leaves room for the error.
"""

from __future__ import annotations

import re
from functools import lru_cache

from symbptt.typeset.tex import ACCENTS, ALPHABETS, FRACTIONS, SIZES, Atom, atoms

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
