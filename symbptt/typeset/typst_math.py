r"""Formulas in Typst's mathematics, read from the TeX that the printers write.

Every sign that Typst might take for syntax is escaped, so that parentheses need not match within
an argument; what TeX makes larger by ``\left`` and ``\right`` is `lr` here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from symbptt.errors import MissingRuleError
from symbptt.typeset.tex import FRACTIONS, SIZES, Atom, atoms
from symbptt.typeset.unicode import FUNCTIONS, OPERATORS, SIGNS, unicode

_SPACES = {
    r"\,": "thin", r"\;": "med", r"\ ": "space", "~": "space",
    r"\quad": "quad", r"\qquad": "wide", r"\!": "#h(-0.17em)",
}  # fmt: skip
_FACES = {
    r"\mathbf": "upright(bold({}))",
    r"\boldsymbol": "bold({})",
    r"\mathrm": "upright({})",
    r"\mathtt": "mono({})",
    r"\mathbb": "bb({})",
    r"\mathcal": "cal({})",
    r"\operatorname": "op({})",
}
_ACCENTS = {
    r"\hat": "hat", r"\widehat": "hat", r"\tilde": "tilde", r"\widetilde": "tilde",
    r"\bar": "macron", r"\overline": "overline", r"\grave": "grave", r"\acute": "acute",
    r"\breve": "breve", r"\dot": "dot", r"\ddot": "dot.double", r"\mathring": "circle",
    r"\check": "caron",
}  # fmt: skip
_SIGNS = OPERATORS | SIGNS
_BIG = {r"\sum": "∑", r"\prod": "∏", r"\int": "∫", r"\top": "⊤"}


@lru_cache(maxsize=4096)
def typst_math(tex: str) -> str:
    """The formula, to be put between dollar signs.

    Raises
    ------
    MissingRuleError
        If there is no form in Typst for a command of TeX.
    """
    return " ".join(_joined(tex))


def _joined(tex: str) -> Iterator[str]:
    """What stands side by side; the digits of a number are together."""
    number = ""
    for atom in atoms(tex):
        plain = not (atom.below or atom.above)
        if plain and (atom.token.isdigit() or (number and atom.token == ".")):
            number += atom.token
            continue
        if number:
            yield number
            number = ""
        yield _scripted(atom)
    if number:
        yield number


def _scripted(atom: Atom) -> str:
    below = f"_({typst_math(atom.below)})" if atom.below else ""
    above = f"^({typst_math(atom.above)})" if atom.above else ""
    return f"{_nucleus(atom)}{below}{above}"


def _nucleus(atom: Atom) -> str:
    token, groups = atom.token, atom.groups
    if token in FRACTIONS:
        fraction = f"frac({typst_math(groups[0])}, {typst_math(groups[1])})"
        return fraction if token == r"\frac" else f"display({fraction})"
    if token == r"\sqrt":
        return f"sqrt({typst_math(groups[0])})"
    if token == r"\begin":
        return _environment(*groups)
    if token == r"\text":
        return quoted(re.sub(r"\\([{}_%&#$])", r"\1", groups[0]))
    if token == "{":
        return f"{typst_math(groups[0])}" if groups[0] else '""'
    if token in _FACES:
        return _FACES[token].format(_name(token, groups[0]))
    if token in _ACCENTS:
        return f"{_ACCENTS[token]}({typst_math(groups[0])})"
    if token in SIZES:
        return _delimiter(token, groups[0])
    if token in FUNCTIONS:
        return f'op("{token[1:]}")'
    return _SPACES.get(token) or _BIG.get(token) or _sign(token)


def _name(face: str, tex: str) -> str:
    """A letter as it is, a name of several in quotes."""
    text = unicode(rf"\mathtt{{{tex}}}" if face == r"\mathtt" else tex)
    return _escaped(text) if len(text) == 1 and face != r"\operatorname" else quoted(text)


def _delimiter(size: str, sign: str) -> str:
    shown = "" if sign == "." else _sign(sign)
    if size == r"\left":
        return f"lr({shown}"
    return f"{shown})" if size == r"\right" else f"lr(size: #130%, {shown})"


def _environment(kind: str, body: str) -> str:
    rows = re.split(r"\\\\(?:\[[^]]*\])?", body)
    cells = [[typst_math(cell.strip()) for cell in row.split("&")] for row in rows]
    if kind == "cases":
        return f"cases({', '.join(' & '.join(row) for row in cells)})"
    inside = "; ".join(", ".join(row) for row in cells)
    return f'mat(delim: "(", {inside})'


def _sign(token: str) -> str:
    if token.startswith("\\") and token not in _SIGNS:
        raise MissingRuleError(f"there is no sign in Typst for {token}")
    return _escaped(_SIGNS.get(token, token))


def _escaped(sign: str) -> str:
    if sign == "-":
        return "-"
    return f"\\{sign}" if sign in "\\/#$_^&()[]{},;\"'`*~|:!" else sign


def quoted(text: str) -> str:
    """The text as one of Typst's."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
