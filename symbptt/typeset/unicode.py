r"""Formulas in Unicode, on a line of a terminal: ``∂L/∂h[t] = W_qhᵀ ∂L/∂o[t]``.

Read from the TeX that the printers write, so that whatever a document says has a form
without TeX. A subscript of a name stays one (W_qh), a step or a place stands in brackets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from symbptt.errors import MissingRuleError
from symbptt.typeset.notation import GREEK, GREEK_CHARACTERS, MATH_COMBINING
from symbptt.typeset.tex import ALPHABETS, FRACTIONS, SIZES, TEXTS, Atom, atoms

OPERATORS = {
    "+": "+", "-": "-", "=": "=", "<": "<", ">": ">", r"\odot": "⊙", r"\cdot": "·",
    r"\times": "×", r"\otimes": "⊗", r"\le": "≤", r"\leq": "≤", r"\ge": "≥", r"\neq": "≠",
    r"\in": "∈", r"\leftarrow": "←", r"\to": "→",
}  # fmt: skip
SIGNS = {
    r"\partial": "∂", r"\nabla": "∇", r"\ell": "ℓ", r"\top": "ᵀ", r"\dots": "…", r"\ldots": "…",
    r"\cdots": "⋯", r"\langle": "⟨", r"\rangle": "⟩", r"\lVert": "‖", r"\rVert": "‖",
    r"\lfloor": "⌊", r"\rfloor": "⌋", r"\vert": "|", r"\lvert": "|", r"\rvert": "|",
    r"\varphi": "φ", r"\varepsilon": "ε", r"\{": "{", r"\}": "}", r"\_": "_", "~": " ",
    r"\,": " ", r"\;": " ", r"\ ": " ", r"\quad": "  ", r"\qquad": "   ", r"\!": "",
}  # fmt: skip
SIGNS |= {GREEK[name]: sign for sign, name in reversed(GREEK_CHARACTERS.items())}
_LETTERS = {r"\mathbb{R}": "ℝ", r"\mathbb{E}": "𝔼", r"\mathcal{D}": "𝒟"}
_LETTERS |= {r"\mathbf{1}": "𝟏", r"\mathbf{0}": "𝟎"}
FUNCTIONS = {r"\arccos", r"\arcsin", r"\arctan", r"\cos", r"\cosh", r"\exp", r"\log"}
FUNCTIONS |= {r"\max", r"\min", r"\sin", r"\sinh", r"\tan", r"\tanh"}
_BIG = {r"\sum": "Σ", r"\prod": "Π", r"\int": "∫"}
_ACCENTS = {macro: mark for mark, macro in MATH_COMBINING.items()}
_ACCENTS |= {r"\widehat": "\u0302", r"\widetilde": "\u0303", r"\overline": "\u0305"}
_RAISED = str.maketrans("0123456789+-()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾")
_GREEK = frozenset(GREEK.values())
_LOWERED = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")
# What a factor does not begin with.
_NO_FACTOR = {*OPERATORS, *"),;.&]/}", r"\right", r"\bigr", r"\Bigr", r"\rVert", "\\\\", ""}
_NO_FACTOR |= {r"\,", r"\;", r"\ ", r"\!", r"\quad", r"\qquad"}
# What stands close to a sign before it.
_CLOSE = {*"()[],;.'", r"\!", ""}
_END = Atom(0, "")


@lru_cache(maxsize=4096)
def unicode(tex: str) -> str:
    """The formula on one line of text.

    Raises
    ------
    MissingRuleError
        If a command of TeX has no sign here.
    """
    text = _line(tex)
    # An entry of what has a name needs no parentheses.
    text = re.sub(r"(?<![\w'])\((?![D𝒟])([^()\s/∂]+)\)(?=\[)", r"\1", text)
    text = re.sub(r"‖ *(.*?) *‖", r"‖\1‖", text)
    return re.sub(" +", " ", text).strip()


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _line(tex: str, script: bool = False) -> str:
    """``script``: signs stand close, as in a script."""
    text = ""
    row = atoms(tex)
    for atom, after in zip(row, (*row[1:], _END), strict=False):
        text += _atom(atom, after, text, script)
    return text


def _atom(atom: Atom, after: Atom, before: str, script: bool) -> str:
    """An atom with its scripts, and the spaces around it."""
    if atom.token in OPERATORS:
        return _operator(OPERATORS[atom.token], before, script)
    if atom.token in _BIG:
        limits = [_line(limit, script=True) for limit in (atom.below, atom.above) if limit]
        inside = "…".join(limits).replace(" ", "")
        return f"{_BIG[atom.token]}({inside}) " if inside else f"{_BIG[atom.token]} "
    nucleus = _nucleus(atom, after, script)
    text = nucleus + (_lowered(atom.below, nucleus) if atom.below else "")
    text += _raised(atom.above) if atom.above else ""
    upright_d = atom.token == r"\mathrm" and nucleus == "d" and not script
    if atom.token in (r"\partial", r"\nabla") or upright_d:
        return text
    space = " " if atom.spaced else ""
    if atom.token in FRACTIONS:
        if nucleus[0].isdigit() and before.rstrip()[-1:].isalnum():
            text = f"· {text}"
        factor = atom.spaced and after.token not in _NO_FACTOR and not nucleus.startswith("∂/")
        return f"{text} · " if factor else text + space
    bare = atom.token.startswith("\\") and not (atom.groups or atom.below or atom.above)
    return text if bare and after.token in _CLOSE else text + space


def _operator(sign: str, before: str, script: bool) -> str:
    unary = not before.strip() or before.rstrip()[-1] in "([{,;=⟨+-·⊙"
    if script or (unary and sign in "+-"):
        return sign if not before.endswith(",") else f" {sign}"
    return f" {sign} "


def _nucleus(atom: Atom, after: Atom, script: bool) -> str:
    token, groups = atom.token, atom.groups
    if token in FRACTIONS:
        above, below = (_tight(_line(group, script)) for group in groups)
        return f"{above}/{below}"
    if token == r"\sqrt":
        inner = _line(groups[0], script)
        return f"√{inner}" if len(inner) == 1 else f"√({inner})"
    if token == r"\begin":
        return _environment(*groups)
    if token in TEXTS:
        return groups[0]
    if token == r"\mathtt":
        named = re.sub(r"\\langle ([0-9a-f]+)\\rangle ?", _character, groups[0])
        return named.translate(dict.fromkeys(map(ord, "\\{}"))).replace("ldots", "…")
    if token in _ACCENTS:
        return "".join(c + _ACCENTS[token] for c in _line(groups[0], script))
    if token in FUNCTIONS:
        return token[1:] + _apart(after)
    if token == r"\operatorname":
        return _line(groups[0], script) + _apart(after)
    if token in ALPHABETS or token == "{":
        return _LETTERS.get(f"{token}{{{groups[0]}}}") or _line(groups[0], script)
    if token in SIZES:
        return SIGNS.get(groups[0], groups[0])
    if len(token) > 1 and token not in SIGNS:
        raise MissingRuleError(f"there is no sign in Unicode for {token}")
    return SIGNS.get(token, token)


def _apart(after: Atom) -> str:
    """A space behind a function's name that another name follows."""
    return " " if after.token in (r"\operatorname", r"\log", r"\frac", r"\mathbf") else ""


# --- scripts ---------------------------------------------------------------------------


def _raised(tex: str) -> str:
    text = _line(tex, script=True).strip()
    text = re.sub(r" *([^\w() ]) *", r"\1", re.sub(r"(?<=\d) (?=\w)", "", text))
    text = re.sub(" +", "·", text)
    if text.lstrip("⊙").translate(_RAISED).strip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻") == "":
        return text.translate(_RAISED)
    if text in ("ᵀ", "*"):
        return text
    return f"^{text}" if len(text) == 1 or _enclosed(text) else f"^({text})"


def _lowered(tex: str, nucleus: str) -> str:
    """Parts of a name behind underscores, steps and places in brackets."""
    name = ""
    places: list[str] = []
    for part in _parts(tex):
        text = _line(part, script=True).strip()
        # Behind an expression a Greek letter is a place, behind a letter a part of its name.
        greek = part in _GREEK and nucleus != ")"
        if (greek or re.match(r"\\(mathrm|mathtt|widehat|widetilde)", part)) and not places:
            name += f"_{text}"
        elif re.fullmatch(r"-?\d+", text) and not places and not name and columns(nucleus) == 1:
            name += text.translate(_LOWERED)
        elif re.fullmatch(r"[a-zα-ω]{2,3}", text):
            places += list(text)
        else:
            places.append(text)
    return name + (f"[{','.join(places)}]" if places else "")


def _parts(tex: str) -> Iterator[str]:
    """What stands between commas that are not in braces."""
    start = 0
    for atom in atoms(tex):
        if atom.token == ",":
            yield tex[start : atom.start]
            start = atom.start + 1
    yield tex[start:]


# --- environments ----------------------------------------------------------------------


def _environment(kind: str, body: str) -> str:
    """Cases in braces, a matrix in brackets, its rows one behind the other."""
    cells = [row.split("&") for row in re.split(r"\\\\(?:\[[^]]*\])?", body)]
    joint = " " if kind == "cases" else ", "
    rows = (joint.join(_line(cell).strip(" ,") for cell in row) for row in cells)
    inside = "; ".join(rows)
    return f"{{{inside}}}" if kind == "cases" else f"[{inside}]"


def _character(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 16))


def _enclosed(text: str) -> bool:
    """Whether it stands in one pair of parentheses."""
    return text[0] + text[-1] == "()" and ")" not in text[1:-1].split("(")[0]


def _tight(text: str) -> str:
    """In parentheses, if it is more than one factor."""
    depth = 0
    text = text.strip()
    if re.fullmatch("‖[^‖]*‖", text):
        return text
    for character in text:
        depth += (character in "([{⟨") - (character in ")]}⟩")
        if not depth and character in " /":
            return f"({text})"
    return text
