"""From text to statements, each a run of tokens.

The tokens are those of Python's expressions, so that ``ast`` reads them afterwards.
They are looked at first because a limit checked after ``ast.parse`` comes too late, and
because a missing bracket or operator is better explained from tokens than from
Python's own "invalid syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from unicodedata import normalize

from symbptt.language.source import Findings, Place, Source

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
# A line that can only begin a statement: it shows that a bracket before it was forgotten.
_BEGINNING = re.compile(r"[^\W\d]\w*\s*(\[[^\]=]*\]\s*)?(=(?!=)|:(?!=))")
_PAIRS = {")": "(", "]": "["}
_OPERATORS = frozenset(["**", "*", "/", "@", "+", "-", "(", ")", "[", "]", ",", ":", "=", "."])

_HINTS = {
    "^": "a power is written `**`",
    "//": "a division is written `/`",
    ";": "put each statement on a line of its own",
    "\\": "an expression over several lines stands in parentheses",
    "==": "a definition is written with one `=`",
    ":=": "a definition is written `name[t] = …`, on a line of its own",
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
        """All names in it, as Python reads them."""
        return [normalize("NFKC", one.text) for one in self.tokens if one.kind == "name"]

    @property
    def name(self) -> str | None:
        """The name that it seems to be about."""
        return self.names[0] if self.tokens[0].kind == "name" else None


class _Splitter:
    """Cuts a text into statements at the ends of lines outside brackets."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self.source = source
        self.findings = findings
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
        for match in _TOKEN.finditer(line):
            place = Place(number, match.start(), number, match.end())
            kind = match.lastgroup or ""
            token = Token(kind, match.group(), place)
            if kind == "comment":
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
        message = "text in quotes has no place in a model: words stand in a comment, after `#`"
        self.wrong(token.place, message)
        self.current.tokens.append(token)
        rest = line[token.place.column + 3 :]
        self.quote = token.text * 3 if triple and token.text * 3 not in rest else ""

    def check(self, token: Token) -> None:
        if token.kind == "name" and not token.text.isidentifier():
            self.wrong(token.place, _bad_name(token.text))
        elif token.text in ("(", "["):
            self.open.append(token)
        elif token.text in _PAIRS:
            self.close(token)
        elif token.kind == "op" and token.text not in _OPERATORS:
            self.wrong(token.place, _bad_operator(token.text))

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


def _bad_operator(text: str) -> str:
    if text in _HINTS:
        return f"`{text}` has no meaning in a model: {_HINTS[text]}"
    if len(text) > 1 and text[-1] == "=" and text[:-1] in _OPERATORS:
        return f"`{text}` has no meaning in a model: a name has one definition, `name[t] = …`"
    return (
        f"`{text}` has no meaning in a model; the operators are `+ - * / **` elementwise "
        "and `@` for matrices"
    )


def split(source: Source, findings: Findings) -> list[Statement]:
    """The statements of a text, broken ones among them."""
    return _Splitter(source, findings).run()


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
