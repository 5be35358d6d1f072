"""From text to statements, each a run of tokens; what a model and what a formula may hold.

The tokens are those of Python's expressions, so that ``ast`` reads them afterwards.
They are looked at first because a limit checked after ``ast.parse`` comes too late, and
because a missing bracket or operator is better explained from tokens than from
Python's own "invalid syntax".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from unicodedata import normalize

from symbptt.language.source import Findings, Place, Source

_SIGNS = frozenset(["**", "*", "/", "@", "+", "-", "(", ")", "[", "]", ",", ":", "=", "."])
BINARY = frozenset(["+", "-", "*", "/", "@", "**"])
COMPARISONS = frozenset(["<=", ">=", "==", "!=", "<", ">", "="])


@dataclass(frozen=True)
class Grammar:
    """One of the two languages.

    Attributes
    ----------
    name : str
        What messages call a text of it.
    signs : frozenset of str
        The operators and brackets that stand in it.
    comments : bool
        Whether words follow after ``#``.
    slopes : bool
        Whether a function may have a prime, ``phi'(v)`` or ``f'2(u, v)``.
    entries : bool
        Whether brackets may stand behind anything and hold places, ``h[t][i]``, ``v[:d]``;
        else they hold one step behind a name, ``h[t-1]``, which lies in the past.
    """

    name: str
    signs: frozenset[str] = _SIGNS
    comments: bool = False
    slopes: bool = False
    entries: bool = False


MODEL = Grammar("model", comments=True)
FORMULA = Grammar("formula", _SIGNS | COMPARISONS, slopes=True, entries=True)


_TOKEN = re.compile(
    r"""
    (?P<space>[ \t]+)
  | (?P<comment>\#.*)
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<text>["'])
  | (?P<op>\*\*=|//=|<<=|>>=|\*\*|//|<<|>>|[-+*/@%&|^=!<>:]=|->|.)
    """,
    re.VERBOSE,
)
_WITH_SLOPES = re.compile(r"(?P<slope>[^\W\d]\w*'\d*(?=\())|" + _TOKEN.pattern, re.VERBOSE)
# A line that can only begin a statement: it shows that a bracket before it was forgotten.
_BEGINNING = re.compile(r"[^\W\d]\w*\s*(\[[^\]=]*\]\s*)?(=(?!=)|:(?!=))")
_PAIRS = {")": "(", "]": "["}

_HINTS = {
    "^": "a power is written `**`",
    "//": "a division is written `/`",
    "·": "a product is written `*` elementwise, `@` for a matrix",
    "×": "a product is written `*` elementwise, `@` for a matrix",
    "⊙": "an elementwise product is written `*`",
    "∘": "an elementwise product is written `*`",
    "−": "write the hyphen `-` for minus",
    "–": "write the hyphen `-` for minus",
    "{": "group with `(` and `)`",
    "}": "group with `(` and `)`",
    "'": "write `W.T` for a transpose",
    "…": "write the expression out",
    "$": "write names without dollar signs",
}
_COMPARED = "nothing is compared; what follows a sign is `relu(v)`, `max(u, v)` or `min(u, v)`"
_STATEMENT_HINTS = {
    **dict.fromkeys(("<", ">", "<=", ">=", "!="), _COMPARED),
    ";": "put each statement on a line of its own",
    "\\": "an expression over several lines stands in parentheses",
    "==": "a definition is written with one `=`",
    ":=": "a definition is written `name[t] = …`, on a line of its own",
}


@dataclass(frozen=True)
class Token:
    """``kind`` is ``name``, ``number`` or ``op``."""

    kind: str
    text: str
    place: Place


@dataclass
class Statement:
    """A logical line.

    Attributes
    ----------
    tokens : list of Token
    comment : str
        What stands after ``#`` on its last line, or else on an earlier one.
    broken : bool
        True once something is found wrong with it: it is not read further.
    """

    tokens: list[Token] = field(default_factory=list)
    comment: str = ""
    broken: bool = False

    @property
    def place(self) -> Place:
        return self.tokens[0].place.until(self.tokens[-1].place)

    @property
    def names(self) -> list[str]:
        return [one.text for one in self.tokens if one.kind == "name"]

    @property
    def name(self) -> str | None:
        """The name that it seems to be about."""
        return self.tokens[0].text if self.tokens[0].kind == "name" else None


class _Splitter:
    """Cuts a text into statements at the ends of lines outside brackets."""

    def __init__(self, source: Source, findings: Findings, grammar: Grammar) -> None:
        self.source = source
        self.findings = findings
        self.grammar = grammar
        self.statements: list[Statement] = []
        self.current = Statement()
        self.open: list[Token] = []
        self.quote = ""

    def run(self) -> list[Statement]:
        for number, line in enumerate(self.source.lines, 1):
            if self.quote:
                self.quote = "" if self.quote in line else self.quote
                continue
            if self.open and _BEGINNING.match(line):
                self.unclosed()
            self.read_line(number, line)
            if not self.open:
                self.finish()
        if self.open:
            self.unclosed()
        return self.statements

    def wrong(self, place: Place, message: str) -> None:
        """The first thing wrong with a statement; what else is wrong may follow from it."""
        if not self.current.broken:
            self.findings.add(place, message)
        self.current.broken = True

    def finish(self) -> None:
        if self.current.tokens:
            self.statements.append(self.current)
        self.current = Statement()

    def unclosed(self) -> None:
        bracket = self.open[-1]
        self.wrong(bracket.place, f"this `{bracket.text}` is never closed")
        self.open.clear()
        self.finish()

    def read_line(self, number: int, line: str) -> None:
        pattern = _WITH_SLOPES if self.grammar.slopes else _TOKEN
        for match in pattern.finditer(line):
            place = Place(number, match.start(), number, match.end())
            kind = match.lastgroup or ""
            token = Token("name" if kind == "slope" else kind, match.group(), place)
            if kind == "comment" and self.grammar.comments:
                self.comment(token.text)
            elif kind == "text":
                self.quoted(token, line)
                return
            elif kind != "space":
                self.current.tokens.append(token)
                self.check(token)

    def comment(self, text: str) -> None:
        if self.current.tokens:
            words = " ".join(text.lstrip("#").split())
            # Inside brackets the first comment stays; the one on the last line wins.
            self.current.comment = words if not self.open else self.current.comment or words

    def quoted(self, token: Token, line: str) -> None:
        transposed = self.current.tokens and token.place.column == _end(self.current.tokens[-1])
        triple = line[token.place.column :][:3] == token.text * 3
        if transposed and not triple and line.count(token.text) == 1 and token.text == "'":
            self.wrong(token.place, "a transpose is written `.T`, as in `W.T @ v`")
            return
        message = f"text in quotes has no place in a {self.grammar.name}"
        words = ": words stand in a comment, after `#`" if self.grammar.comments else ""
        self.wrong(token.place, message + words)
        self.current.tokens.append(token)
        rest = line[token.place.column + 3 :]
        self.quote = token.text * 3 if triple and token.text * 3 not in rest else ""

    def check(self, token: Token) -> None:
        plain = normalize("NFKC", token.text)
        if token.kind == "name" and not spelled(token.text).isidentifier():
            self.wrong(token.place, _bad_name(token.text))
        elif token.kind == "name" and plain != token.text:
            message = f"`{token.text}` and `{plain}` are one name to Python: write `{plain}`"
            self.wrong(token.place, message)
        elif token.text in ("(", "["):
            self.open.append(token)
        elif token.text in _PAIRS:
            self.close(token)
        elif token.kind in ("op", "comment") and token.text not in self.grammar.signs:
            self.wrong(
                token.place, _bad_sign(token.text if token.kind == "op" else "#", self.grammar)
            )

    def close(self, token: Token) -> None:
        if not self.open:
            self.wrong(token.place, f"this `{token.text}` closes no bracket")
            return
        opened = self.open.pop()
        if opened.text != _PAIRS[token.text]:
            message = f"this `{token.text}` does not close the `{opened.text}` before it"
            self.wrong(token.place, message)


def _end(token: Token) -> int:
    return token.place.end_column


def _bad_name(text: str) -> str:
    bad = next(c for i, c in enumerate(text) if not text[: i + 1].isidentifier())
    message = f"`{bad}` can't stand in a name"
    if bad in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        message += "; a power is written `** 2`"
    elif bad in "₀₁₂₃₄₅₆₇₈₉":
        message += "; a subscript is written `h_1`, a step `h[t]`"
    return message


def _bad_sign(text: str, grammar: Grammar) -> str:
    message = f"`{text}` has no meaning in a {grammar.name}"
    hint = _HINTS.get(text)
    if grammar == MODEL:
        hint = hint or _STATEMENT_HINTS.get(text)
        if len(text) > 1 and text[-1] == "=" and text[:-1] in grammar.signs:
            hint = hint or "a name has one definition, `name[t] = …`"
    if hint:
        return f"{message}: {hint}"
    return f"{message}; the operators are `+ - * / **` elementwise and `@` for matrices"


_PRIME = "\N{MODIFIER LETTER PRIME}"


def spelled(text: str) -> str:
    """What Python is given to read: the ``'`` of a slope as a letter, one character too."""
    return text.replace("'", _PRIME)


def slope_of(name: str) -> tuple[str, str | None]:
    """``f``, and what stands behind the prime of a slope; None if it is none."""
    function, prime, number = name.partition(_PRIME)
    return function, number if prime else None


def split(source: Source, findings: Findings, grammar: Grammar = MODEL) -> list[Statement]:
    """The statements of a text, broken ones among them."""
    return _Splitter(source, findings, grammar).run()


def parted(tokens: list[Token], signs: Collection[str]) -> tuple[list[list[Token]], list[Token]]:
    """The runs of tokens between signs that stand in no bracket, and these signs."""
    cuts = [token for token in depth_zero(tokens) if token.text in signs]
    runs: list[list[Token]] = [[]]
    for token in tokens:
        if token in cuts:
            runs.append([])
        else:
            runs[-1].append(token)
    return runs, cuts


def depth_zero(tokens: list[Token]) -> Iterator[Token]:
    """The tokens that stand in no bracket, brackets themselves left out."""
    depth = 0
    for token in tokens:
        if token.text in ("(", "["):
            depth += 1
        elif token.text in (")", "]"):
            depth -= 1
        elif depth == 0:
            yield token
