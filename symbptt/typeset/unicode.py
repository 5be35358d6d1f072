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

_TOKEN = re.compile(r"\\[a-zA-Z]+\s*|\\.|[{}_^&]|\s+|.", re.DOTALL)

_OPERATORS = {
    "+": "+", "-": "-", "=": "=", "<": "<", ">": ">", r"\odot": "⊙", r"\cdot": "·",
    r"\times": "×", r"\otimes": "⊗", r"\le": "≤", r"\leq": "≤", r"\ge": "≥", r"\neq": "≠",
    r"\in": "∈", r"\leftarrow": "←", r"\to": "→",
}  # fmt: skip
_SIGNS = {
    r"\partial": "∂", r"\nabla": "∇", r"\ell": "ℓ", r"\top": "ᵀ", r"\dots": "…", r"\ldots": "…",
    r"\cdots": "⋯", r"\langle": "⟨", r"\rangle": "⟩", r"\lVert": "‖", r"\rVert": "‖",
    r"\lfloor": "⌊", r"\rfloor": "⌋", r"\vert": "|", r"\lvert": "|", r"\rvert": "|",
    r"\sum": "Σ", r"\prod": "Π", r"\int": "∫", r"\varphi": "φ", r"\varepsilon": "ε",
    r"\{": "{", r"\}": "}", r"\_": "_"
}  # fmt: skip
_SIGNS |= {GREEK[name]: sign for sign, name in reversed(GREEK_CHARACTERS.items())}
_SPACES = {r"\,": " ", r"\;": " ", r"\ ": " ", r"\quad": "  ", r"\qquad": "   ", r"\!": ""}
_SIZES = {r"\left", r"\right", r"\bigl", r"\bigr", r"\Bigl", r"\Bigr", r"\big", r"\Big"}
_ALPHABETS = {r"\mathbb{R}": "ℝ", r"\mathbb{E}": "𝔼", r"\mathcal{D}": "𝒟"}
_ALPHABETS |= {r"\mathbf{1}": "𝟏", r"\mathbf{0}": "𝟎"}
_FUNCTIONS = {
    "arccos", "arcsin", "arctan", "cos", "cosh", "exp", "log", "max", "min", "sin", "sinh", "tan",
    "tanh",
}  # fmt: skip
_BIG = {r"\sum", r"\prod", r"\int"}
_ACCENTS = {macro: mark for mark, macro in MATH_COMBINING.items()}
_ACCENTS |= {r"\widehat": "\u0302", r"\widetilde": "\u0303", r"\overline": "\u0305"}
_RAISED = str.maketrans("0123456789+-()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾")
_LOWERED = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


@lru_cache(maxsize=4096)
def unicode(tex: str) -> str:
    """The formula on one line of text.

    Raises
    ------
    MissingRuleError
        If a command of TeX has no sign here.
    """
    text = _TexReader(tex).formula()
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


class _TexReader:
    """Goes through TeX token by token; ``script``: signs stand close in a script."""

    def __init__(self, tex: str, script: bool = False) -> None:
        self.tokens = _TOKEN.findall(tex)
        self.position = 0
        self.script = script

    def formula(self) -> str:
        text = ""
        while self.position < len(self.tokens):
            text += self.atom(text)
        return text

    # --- tokens ------------------------------------------------------------------------

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.position += 1
        return token.strip() or token[:1]

    def group(self) -> str:
        """The TeX of the next group or token."""
        while self.peek().isspace():
            self.position += 1
        token = self.next()
        if token != "{":
            return token
        start, depth = self.position, 1
        while depth and self.position < len(self.tokens):
            depth += {"{": 1, "}": -1}.get(self.next(), 0)
        return "".join(self.tokens[start : self.position - 1])

    def inner(self) -> str:
        return _TexReader(self.group(), self.script).formula()

    # --- what stands on the line -------------------------------------------------------

    def atom(self, before: str) -> str:
        """The next sign with its scripts, and the spaces around it."""
        spaced = self.peek() != self.peek().rstrip() and self.peek().startswith("\\")
        token = self.next()
        if token in _OPERATORS:
            return self.operator(_OPERATORS[token], before)
        if token in _SIZES:
            return ""
        if token in _BIG:
            return self.big(_SIGNS[token])
        lower, upper, nucleus = "", "", self.nucleus(token)
        while self.peek() in ("_", "^") and self.peek():
            if self.next() == "_":
                lower += self.lowered(self.group())
            else:
                upper += self.raised(self.group())
        text = nucleus + lower + upper
        upright_d = token == r"\mathrm" and nucleus == "d" and not self.script
        if token in (r"\partial", r"\nabla") or upright_d:
            self.skip()
            return text
        if token in (r"\frac", r"\dfrac"):
            if nucleus[0].isdigit() and before.rstrip()[-1:].isalnum():
                text = f"· {text}"
            return f"{text} ·" if self.followed() and not nucleus.startswith("∂/") else text
        return f"{text} " if spaced and self.followed(anything=True) else text

    def skip(self) -> None:
        while self.peek().isspace():
            self.position += 1

    def followed(self, anything: bool = False) -> bool:
        """Whether a factor comes next."""
        rest = "".join(self.tokens[self.position : self.position + 3])
        ahead = rest.lstrip()
        if anything:
            return bool(ahead) and ahead[0] not in "_^()[],;.'" and not ahead.startswith(r"\!")
        known = (*_OPERATORS, *_SPACES, r"\right", r"\bigr", r"\Bigr", "\\\\", r"\rVert", r"\end")
        return rest != ahead and bool(ahead) and not ahead.startswith((*known, *"),;.&]/}"))

    def operator(self, sign: str, before: str) -> str:
        unary = not before.strip() or before.rstrip()[-1] in "([{,;=⟨+-·⊙"
        if self.script or (unary and sign in "+-"):
            self.skip()
            return sign if not before.endswith(",") else f" {sign}"
        self.skip()
        return f" {sign} "

    def big(self, sign: str) -> str:
        """Σ(t=1…T), and a space before the term."""
        limits = []
        while self.peek() in ("_", "^") and self.peek():
            self.next()
            limits.append(_TexReader(self.group(), script=True).formula())
        self.skip()
        inside = "…".join(limits).replace(" ", "")
        return f"{sign}({inside}) " if inside else f"{sign} "

    def nucleus(self, token: str) -> str:
        if token == r"\frac" or token == r"\dfrac":
            return f"{_tight(self.inner())}/{_tight(self.inner())}"
        if token == r"\sqrt":
            inner = self.inner()
            return f"√{inner}" if len(inner) == 1 else f"√({inner})"
        if token == r"\begin":
            return self.environment()
        if token in (r"\mathbf", r"\mathbb", r"\mathcal", r"\boldsymbol", r"\mathrm"):
            group = self.group()
            known = _ALPHABETS.get(f"{token}{{{group}}}")
            return known or _TexReader(group, self.script).formula()
        if token == r"\operatorname":
            return _TexReader(self.group(), self.script).formula() + self.apart()
        if token == r"\text":
            return self.group()
        if token == r"\mathtt":
            return (
                re.sub(r"\\langle ([0-9a-f]+)\\rangle ?", _character, self.group())
                .translate({ord("\\"): None, ord("{"): None, ord("}"): None})
                .replace("ldots", "…")
            )
        if token in _ACCENTS:
            return "".join(c + _ACCENTS[token] for c in self.inner())
        if token[1:] in _FUNCTIONS:
            return token[1:] + self.apart()
        if token == "{":
            self.position -= 1
            return self.inner()
        if token in _SPACES:
            return _SPACES[token]
        if token == "~":
            return " "
        if len(token) > 1 and token not in _SIGNS:
            raise MissingRuleError(f"there is no sign in Unicode for {token}")
        return _SIGNS.get(token, token)

    def apart(self) -> str:
        """A space behind a function's name that another name follows."""
        rest = "".join(self.tokens[self.position : self.position + 3]).lstrip()
        return " " if rest.startswith((r"\operatorname", r"\log", r"\frac", r"\mathbf")) else ""

    # --- scripts -----------------------------------------------------------------------

    def raised(self, tex: str) -> str:
        text = _TexReader(tex, script=True).formula().strip()
        text = re.sub(r" *([^\w() ]) *", r"\1", re.sub(r"(?<=\d) (?=\w)", "", text))
        text = re.sub(" +", "·", text)
        if text.lstrip("⊙").translate(_RAISED).strip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻") == "":
            return text.translate(_RAISED)
        if text in ("ᵀ", "*"):
            return text
        return f"^{text}" if len(text) == 1 or _enclosed(text) else f"^({text})"

    def lowered(self, tex: str) -> str:
        """Parts of a name behind underscores, steps and places in brackets."""
        name = ""
        places: list[str] = []
        for part in _parts(tex):
            text = _TexReader(part, script=True).formula().strip()
            if re.match(r"\\(mathrm|mathtt|widehat|widetilde)", part) and not places:
                name += f"_{text}"
            elif re.fullmatch(r"-?\d+", text) and not places and not name:
                name += text.translate(_LOWERED)
            elif re.fullmatch(r"[a-zα-ω]{2,3}", text):
                places += list(text)
            else:
                places.append(text)
        return name + (f"[{','.join(places)}]" if places else "")

    # --- environments ------------------------------------------------------------------

    def environment(self) -> str:
        """Cases in braces, a matrix in brackets, its rows one behind the other."""
        kind, body, depth = self.group(), "", 1
        while self.position < len(self.tokens):
            token = self.peek()
            depth += {r"\begin": 1, r"\end": -1}.get(token.strip(), 0)
            if not depth:
                break
            body += token
            self.position += 1
        self.next()
        self.group()
        cells = [row.split("&") for row in re.split(r"\\\\(?:\[[^]]*\])?", body)]
        joint = " " if kind == "cases" else ", "
        rows = (joint.join(_TexReader(cell).formula().strip(" ,") for cell in row) for row in cells)
        inside = "; ".join(rows)
        return f"{{{inside}}}" if kind == "cases" else f"[{inside}]"


def _character(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 16))


def _parts(tex: str) -> Iterator[str]:
    """What stands between commas that are not in braces."""
    part, depth = "", 0
    for character in tex:
        depth += (character == "{") - (character == "}")
        if character == "," and not depth:
            yield part
            part = ""
        else:
            part += character
    yield part


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
