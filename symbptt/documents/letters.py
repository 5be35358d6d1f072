"""Letters of a document's own: what it says that they stand for, and where that is in force."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from symbptt.documents.displays import Passage
from symbptt.documents.rows import PrintedEquation, bare

_SCRIPT = r"(?:[_^](?:\{(?:[^{}]|\{[^{}]*\})*\}|\\?[A-Za-z]+|\d|')|')"
_FONT = r"\\[a-zA-Z]+\s*\{(?:[^{}]|\{[^{}]*\})*\}"
_LETTER = re.compile(rf"(?:{_FONT}|\\[A-Za-z]+|[^\W\d_]\w*)(?:\s*{_SCRIPT})*(?:\[\w+\])?")
_CALL = re.compile(rf"(?P<function>{_LETTER.pattern})\s*\((?P<arguments>[^()=+]*)\)")
_DENOTES = re.compile(
    r"^\s*(?:then\s+)?(?:denotes?|be|is|stands? for|means?|for|as|to be|is defined as|for short)\b"
    r"[\w\s,-]{0,60}$",
    re.IGNORECASE,
)
_BY = re.compile(r"^\s*(?:is\s+)?(?:denoted\s+)?by\s*$", re.IGNORECASE)
_LET = re.compile(
    r"\b(?:let|write|denote|where|set|put|define|abbreviate)\b[\w\s,]{0,40}$", re.IGNORECASE
)
_FONTS = re.compile(
    r"\\(?:mathbf|mathrm|mathit|bm|boldsymbol|vec|text|textrm|mathsf|pmb)(?![A-Za-z])"
)
_GROUP = r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"
_DERIVATIVE = re.compile(
    rf"\\d?frac\s*{_GROUP}\s*{_GROUP}|d\([^()]*\)|\(D\s*\w+\)_.*"
    r"|(?:\\partial|d|∂)\s*[\w\\{}^]+\s*/\s*(?:\\partial|d|∂)\s*[\w\\{}^\[\]+-]+"
)


@dataclass(frozen=True)
class Denotation:
    """``left = right``, said in a line of the document; the left side is a letter of its own."""

    line: int
    left: str
    right: str

    @property
    def text(self) -> str:
        return f"{self.left} = {self.right}"

    @property
    def key(self) -> str:
        """What is the same for one letter, however it is set."""
        return plain_letter(self.left)


@dataclass(frozen=True)
class FunctionName:
    """A name for the equation of a quantity, as f in ``h_t = f(x_t, h_{t-1})``."""

    line: int
    name: str
    quantity: str


def plain_letter(text: str) -> str:
    return re.sub(r"[\s{}]", "", _FONTS.sub("", text))


def is_letter(text: str) -> bool:
    """Whether a side is a letter, perhaps at a step, and nothing else."""
    return _LETTER.fullmatch(text.strip()) is not None and r"\frac" not in text


def named_in(found: Sequence[PrintedEquation]) -> Iterable[Denotation]:
    """What equations may define: the letter on their left, by each of their other members."""
    head = ""
    for one in found:
        left, *rest = one.members
        if one.continues:
            left = head
        head = left
        if not one.fault and not one.condition and is_letter(left):
            for right in rest:
                yield Denotation(one.line, left, " ".join(right.split()))


def denoted_in(found: Sequence[Passage]) -> Iterable[Denotation]:
    r"""What is said in words: "let \delta_t denote \frac{…}{…}"."""
    for first, second in pairwise(found):
        if not (first.inline and second.inline):
            continue
        before, between = first.before[-80:], second.before
        one, other = bare(first.text), bare(second.text)
        if _LET.search(before) and _DENOTES.match(between) and is_letter(one):
            yield Denotation(second.line, one, other)
        elif _BY.match(between) and is_letter(other):
            yield Denotation(second.line, other, one)


def functions_in(found: Iterable[PrintedEquation]) -> Iterable[FunctionName]:
    """The functions that only name what a quantity is of others."""
    for one in found:
        left, *rest = one.members
        for right in rest:
            call = _CALL.fullmatch(right.strip())
            if call and is_letter(left) and not one.continues:
                yield FunctionName(one.line, call["function"].strip(), left.strip())


def in_force(letters: Iterable[Denotation], line: int) -> list[Denotation]:
    """Each letter's meaning at a line: the last that was said above, else the first below."""
    found: dict[str, Denotation] = {}
    for letter in letters:
        known = found.get(letter.key)
        if known is None or known.line < letter.line <= line:
            found[letter.key] = letter
    return list(found.values())


def without_functions(text: str, functions: Iterable[FunctionName]) -> str:
    r"""The text with `\partial f/\partial h` as what it is of the quantity, earlier steps held."""
    for one in functions:
        name = re.escape(one.name)
        slope = re.compile(
            rf"\\d?frac\s*\{{\s*(?:\\partial|\\delta|∂)\s*{name}\s*(?:\([^()]*\))?\s*\}}\s*"
            rf"\{{\s*(?:\\partial|\\delta|∂)\s*(?P<by>(?:[^{{}}]|\{{[^{{}}]*\}})*)\}}"
        )
        quantity = one.quantity.replace("\\", "\\\\")
        text = slope.sub(rf"\\operatorname{{partial}}({quantity}, \g<by>)", text)
    return text


def is_derivative(text: str) -> bool:
    """Whether a side is one derivative, as a fraction or in a line."""
    return _DERIVATIVE.fullmatch(text.strip()) is not None
