"""Letters of a document's own: how they are written, and what it says that they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from symbptt.documents.displays import Passage
from symbptt.documents.rows import PrintedEquation, bare
from symbptt.typeset.notation import ACCENTS, GREEK, GREEK_CHARACTERS

_FONTS = re.compile(
    r"\\(?:mathbf|mathrm|mathit|mathsf|mathcal|bm|boldsymbol|pmb|vec|text|textrm|textbf)"
    r"(?![A-Za-z])"
)
_ACCENT = {macro: name for name, macros in ACCENTS.items() for macro in macros}
_GREEK = {macro: name for name, macro in GREEK.items()} | GREEK_CHARACTERS
_INDICES = frozenset("tksnij")

_DENOTES = re.compile(
    r"^\s*(?:then\s+)?(?:denotes?|be|is|stands? for|means?|for|as|to be|is defined as|for short)\b"
    r"[\w\s,-]{0,60}$",
    re.IGNORECASE,
)
_BY = re.compile(r"^\s*(?:is\s+)?(?:denoted\s+)?by\s*$", re.IGNORECASE)
_LET = re.compile(
    r"\b(?:let|write|denote|where|set|put|define|abbreviate)\b[\w\s,]{0,40}$", re.IGNORECASE
)
_GROUP = r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"
_DERIVATIVE = re.compile(
    rf"\\d?frac\s*{_GROUP}\s*{_GROUP}|d\([^()]*\)|\(D\s*\w+\)_.*"
    r"|(?:\\partial|d|∂)\s*[\w\\{}^]+\s*/\s*(?:\\partial|d|∂)\s*[\w\\{}^\[\]+-]+"
)


@dataclass(frozen=True)
class Denotation:
    """``name[index] = right``, said in a line of the document, which has no such name otherwise.

    Attributes
    ----------
    index : str
        The letter of its step; "" where it has none.
    right : str
        As the document spells it.
    meanings : tuple of str
        The ways in which that can be read, in plain terms, once they are known.
    """

    line: int
    name: str
    index: str
    right: str
    meanings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def left(self) -> str:
        return f"{self.name}[{self.index}]" if self.index else self.name

    @property
    def is_derivative(self) -> bool:
        """Whether its right side is one derivative, as a fraction or in a line."""
        return _DERIVATIVE.fullmatch(self.right.strip()) is not None


def letter(text: str) -> tuple[str, str] | None:
    r"""The name and the step of a letter: `\tilde{\mathbf h}_t` is ``h_tilde`` at ``t``.

    None if the text is no letter, one at a step of its own, as ``h_T``, or an entry, ``h_i^{(t)}``.
    """
    rest = _FONTS.sub("", text).replace(" ", "")
    parts: list[str] = []
    for macro, accent in _ACCENT.items():
        if rest.startswith(macro):
            parts, rest = [accent], rest[len(macro) :]
    base, rest = _taken(rest, r"[^\W\d_][^\W_]*")
    index = ""
    while rest:
        script, rest = _taken(rest[1:], r"[^\W_]+") if rest[0] in "_^" else (rest, "")
        for part in filter(None, re.split(r"[,()<>\[\]]+", script)):
            if part in _INDICES and not index:
                index = part
            elif part.isalpha() and part not in ("T", "tau", *_INDICES):
                parts.append(part)
            else:
                return None
    name = "_".join([_GREEK.get(base, base), *parts])
    return (name, index) if name.isidentifier() else None


def _taken(text: str, word: str) -> tuple[str, str]:
    """A group without its braces, a control word or a word, and what follows it."""
    found = re.match(rf"\{{+([^{{}}]*)\}}+|(\\[A-Za-z]+)|({word})", text)
    if not found:
        return "?", ""
    return found.group(1) or found.group(2) or found.group(3), text[found.end() :]


def named_in(found: Sequence[PrintedEquation]) -> Iterator[Denotation]:
    """What equations may define: the letter on their left, by each of their other members."""
    head = ""
    for one in found:
        left, *rest = one.members
        head = head if one.continues else left
        known = None if one.fault or one.condition else letter(head)
        if one.inline and known and known[1] and one.members[-1].strip().isdecimal():
            continue  # "whenever \xi_t = 0"
        for right in rest if known else ():
            assert known is not None
            yield Denotation(one.line, *known, " ".join(right.split()))


def denoted_in(found: Sequence[Passage]) -> Iterator[Denotation]:
    r"""What is said in words: "let \delta_t denote \frac{…}{…}"."""
    for first, second in pairwise(found):
        if not (first.inline and second.inline):
            continue
        one, other = bare(first.text), bare(second.text)
        if _BY.match(second.before):
            one, other = other, one
        elif not (_LET.search(first.before[-80:]) and _DENOTES.match(second.before)):
            continue
        known = letter(one)
        if known:
            yield Denotation(second.line, *known, other)


_ENTRY = re.compile(
    r"\b(?P<row>[ij])\s*,?\s*(?P<column>[jk])\)?(?:-?th)?\s+(?:entry|component|element)\s+"
    r"(?:is|equals|(?:is\s+)?(?:equal to|given by))\s*$"
)
_WHOLE = re.compile(
    r"\b(?:expressed|written|represented)\s+(?:as|by|via|through)\s+(?:the\s+)?[\w\s-]{0,30}$"
)
_GOES_ON = re.compile(r"(?:\\(?:otimes|odot|cdot|times)|[+*-])\s*$")


def entries_in(found: Sequence[Passage]) -> Iterator[PrintedEquation]:
    r"""What is said in words: "whose $ij$th entry is $a_i b_j$ … expressed as $a \otimes b$"."""
    for number, (first, second) in enumerate(pairwise(found)):
        above = found[number - 1].text if number and found[number - 1].inline else ""
        said = _ENTRY.search(f"{above}{first.before}"[-60:])
        if not (said and first.inline and second.inline and _WHOLE.search(second.before[-80:])):
            continue
        whole = second.text
        for other in found[number + 2 :]:
            if not _GOES_ON.search(whole) or other.before.strip() or not other.inline:
                break
            whole = f"{whole} {other.text}"
        left = rf"\left({bare(whole)}\right)_{{{said['row']}{said['column']}}}"
        yield PrintedEquation(second.line, (left, bare(first.text)), inline=True)


def in_force(letters: Iterable[Denotation], line: int) -> list[Denotation]:
    """Each letter's meaning at a line: the last that was said above, else the first below."""
    found: dict[str, Denotation] = {}
    for one in sorted(letters, key=lambda one: one.line):
        if one.name not in found or one.line <= line:
            found[one.name] = one
    return list(found.values())


_OF_LETTER = re.compile(
    r"\s*(?P<function>\\?[A-Za-z]+'?)\s*(?:\\left)?\(\s*(?P<letter>\w)\s*(?:\\right)?\)\s*"
)


def of_any_value(members: Sequence[str], value: str) -> tuple[str, ...] | None:
    r"""``\sigma(x) = 1/(1 + e^{-x})`` of a value; None where the left side is no such function."""
    found = _OF_LETTER.fullmatch(members[0])
    if not found:
        return None
    alone = re.compile(rf"(?<![\\A-Za-z]){found['letter']}(?![A-Za-z_]|\^\{{?[(<])")
    return tuple(alone.sub(lambda _: value, member) for member in members)


# --- functions that only name an equation ----------------------------------------------

_NAMING = re.compile(
    r"(?P<quantity>(?:\\[A-Za-z]+\s*\{[^{}]*\}|\\?[A-Za-z]+)(?:[_^](?:\{[^{}]*\}|\w))*)\s*=\s*"
    r"(?P<function>\\?[A-Za-z]+(?:_\{?\w+\}?)?)\s*\((?P<arguments>[^()=]*)\)"
)


@dataclass(frozen=True)
class FunctionName:
    """A name for the equation of a quantity, as f in ``h_t = f(x_t, h_{t-1})``."""

    name: str
    quantity: str

    @property
    def letter(self) -> str:
        """The name without what stands below it."""
        return self.name.lstrip("\\").partition("_")[0]


def functions_in(texts: Iterable[str]) -> Iterator[FunctionName]:
    """The functions that only name what a quantity is of others."""
    for text in texts:
        for found in _NAMING.finditer(text):
            yield FunctionName(found["function"], found["quantity"].strip())


def without_functions(text: str, functions: Iterable[FunctionName]) -> str:
    r"""The text without members ``f(…)``, and `\partial f/\partial h` as what it is.

    That is the derivative of the quantity that f names, earlier steps held.
    """
    for one in functions:
        name = re.escape(one.name)
        text = re.sub(rf"=\s*{name}\s*\([^()=]*\)\s*(?==)", "", text)
        slope = re.compile(
            rf"\\d?frac\s*\{{\s*(?:\\partial|\\delta|∂)\s*{name}\s*(?:\([^()]*\))?\s*\}}\s*"
            rf"\{{\s*(?:\\partial|\\delta|∂)\s*(?P<by>(?:[^{{}}]|\{{[^{{}}]*\}})*)\}}"
        )
        quantity = one.quantity.replace("\\", "\\\\")
        text = slope.sub(rf" \\operatorname{{partial}}({quantity}, \g<by>) ", text)
    return text
