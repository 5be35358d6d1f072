"""Macros that a document defines, expanded where they are used.

As TeX does it: the text is a stack of tokens, a macro takes its arguments from its top and puts
its body there. An expansion has the line feeds of the call that it replaces, so lines stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from symbptt.documents.pages import Page
from symbptt.typeset.translation import in_english

MOST_CALLS = 100_000
MOST_TOKENS = 1_000_000

_TOKEN = re.compile(r"\\(?:[A-Za-z@]+|.|\Z)|[{}#\[\]]|\s+|[^\\{}#\[\]\s]+", re.DOTALL)


@dataclass(frozen=True)
class Macro:
    """What a control sequence stands for.

    Attributes
    ----------
    default : list of str, optional
        Of the first argument, which then stands in brackets or not at all.
    """

    arguments: int
    body: list[str]
    default: list[str] | None = None


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


# Packages of derivatives: a document uses them without a definition of its own.
_KNOWN = {
    r"\letters": (3, "#1"),
    r"\vietnamese": (3, "#1"),
    r"\pdv": (2, r"\frac{\partial #1}{\partial #2}"),
    r"\dv": (2, r"\frac{\mathrm{d} #1}{\mathrm{d} #2}"),
    r"\diffp": (2, r"\frac{\partial #1}{\partial #2}"),
}
_COMMANDS = (r"\newcommand", r"\renewcommand", r"\providecommand", r"\DeclareRobustCommand")
_DOCUMENT_COMMANDS = (r"\NewDocumentCommand", r"\RenewDocumentCommand")
_ENVIRONMENTS = (r"\newenvironment", r"\renewenvironment")
_DEFS = (r"\def", r"\gdef", r"\edef", r"\xdef")
_OTHERS = (r"\let", r"\DeclareMathOperator", r"\DeclarePairedDelimiter")
_DEFINITIONS = frozenset((*_COMMANDS, *_DOCUMENT_COMMANDS, *_ENVIRONMENTS, *_DEFS, *_OTHERS))


def expanded(page: Page) -> Page:
    """What a page says: its macros expanded, without what stands before the document begins.

    The words in its formulas are English then, in whatever language of ours it is.

    Raises
    ------
    DocumentError
        If a macro expands forever, or to too much.
    """
    text = in_english(_Expander(page).run())
    before, begins, after = text.partition(r"\begin{document}")
    return Page(page.file, "\n" * before.count("\n") + after if begins else text, page.kind)


@dataclass
class _Expander:
    page: Page
    macros: dict[str, Macro] = field(default_factory=dict)
    endings: dict[str, list[str]] = field(default_factory=dict)
    out: list[str] = field(default_factory=list)
    line: int = 1
    calls: int = 0
    pushed: int = 0

    def __post_init__(self) -> None:
        self.stack = _tokens(self.page.text)[::-1]
        for name, (arguments, body) in _KNOWN.items():
            self.macros[name] = Macro(arguments, _tokens(body))

    def run(self) -> str:
        while self.stack:
            token = self.stack.pop()
            if token in _DEFINITIONS:
                self._definition(token)
            elif token in self.macros:
                self._call(token, self.macros[token])
            elif token in (r"\begin", r"\end"):
                self._environment(token)
            else:
                self._emit(token)
        return "".join(self.out)

    def _emit(self, token: str) -> None:
        last = self.out[-1] if self.out else ""
        if re.fullmatch(r"\\[A-Za-z@]+", last) and token[:1].isalpha():
            self.out.append(" ")
        self.out.append(token)
        self.line += token.count("\n")

    def _keep_lines(self) -> None:
        """As many line feeds as the call had that was just taken from the text."""
        if self.consumed:
            self.stack.append("\n" * self.consumed)

    # --- taking from the text ----------------------------------------------------------

    consumed: int = 0

    def _pop(self) -> str:
        token = self.stack.pop() if self.stack else ""
        self.consumed += token.count("\n")
        return token

    def _skip_space(self) -> None:
        while self.stack and self.stack[-1].isspace():
            self._pop()

    def _skip(self, sign: str) -> None:
        self._skip_space()
        if self.stack and self.stack[-1].startswith(sign):
            token = self._pop()
            self.stack += [token[1:]] if token[1:] else []

    def _argument(self) -> list[str]:
        """A group without its braces, or one token; line feeds in it are spaces."""
        self._skip_space()
        token = self._pop()
        if token != "{":
            if token and token[0] != "\\" and len(token) > 1:
                self.stack.append(token[1:])
                token = token[0]
            return [token] if token else []
        found: list[str] = []
        depth = 1
        while self.stack:
            token = self._pop()
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            found.append(" " if token.isspace() else token)
        return found

    def _bracketed(self) -> list[str] | None:
        """What stands in brackets next, if anything does."""
        self._skip_space()
        if not self.stack or self.stack[-1] != "[":
            return None
        self._pop()
        found: list[str] = []
        depth = 0
        while self.stack:
            token = self._pop()
            depth += (token == "{") - (token == "}")
            if token == "]" and not depth:
                break
            found.append(token)
        return found

    def _name(self) -> str:
        return "".join(self._argument()).strip()

    # --- what there is to do -----------------------------------------------------------

    def _definition(self, token: str) -> None:
        self.consumed = 0
        self._skip("*")
        if token in _ENVIRONMENTS:
            self._new_environment()
        elif token in _DEFS:
            self._def()
        elif token == r"\let":
            self._let()
        elif token == r"\DeclareMathOperator":
            name = self._name()
            self.macros[name] = Macro(0, [r"\operatorname", "{", *self._argument(), "}"])
        elif token == r"\DeclarePairedDelimiter":
            name, left, right = self._name(), self._argument(), self._argument()
            self.macros[name] = Macro(1, [*left, "#", "1", *right])
        elif token in _DOCUMENT_COMMANDS:
            name, given = self._name(), "".join(self._argument()).strip()
            default: list[str] | None = [] if given[:1] in ("o", "O") else None
            self._define(name, sum(map(given.count, "moO")), default)
        else:
            self._define(self._name(), *self._given())
        self._keep_lines()

    def _given(self) -> tuple[int, list[str] | None]:
        """How many arguments a definition has, and the default of the first."""
        number = "".join(self._bracketed() or ["0"]).strip()
        default = self._bracketed()
        return (int(number) if number.isdecimal() and len(number) == 1 else 0), default

    def _define(self, name: str, arguments: int, default: list[str] | None) -> None:
        body = self._argument()
        if name in body and any(token.startswith(r"\if") for token in body):
            # It goes on as long as something is so that is known on the page alone: kept as it is.
            self.macros[name] = Macro(0, ["", name])
        else:
            self.macros[name] = Macro(arguments, _parameters(body), default)

    def _def(self) -> None:
        name = self._name()
        parameters: list[str] = []
        while self.stack and self.stack[-1] != "{":
            parameters.append(self._pop())
        self._define(name, parameters.count("#"), None)

    def _let(self) -> None:
        name = self._name()
        self._skip("=")
        meant = self._name()
        if meant in self.macros:
            self.macros[name] = self.macros[meant]
        else:
            # What TeX itself means by it, whatever the document makes of that name later.
            self.macros[name] = Macro(0, ["", meant])

    def _new_environment(self) -> None:
        name = self._name()
        arguments, default = self._given()
        begin = _parameters(self._argument())
        self.macros[rf"\begin{{{name}}}"] = Macro(arguments, begin, default)
        self.endings[name] = _parameters(self._argument())

    def _environment(self, token: str) -> None:
        self.consumed = 0
        ahead = "".join(self.stack[-3:][::-1])
        match = re.match(r"\{([A-Za-z]+\*?)\}", ahead)
        name = match.group(1) if match else ""
        opening = self.macros.get(rf"\begin{{{name}}}")
        if opening is None:
            self._emit(token)
            return
        del self.stack[-3:]
        if token == r"\begin":
            self._call(rf"\begin{{{name}}}", opening)
        else:
            self._push(self.endings[name], name)

    def _call(self, name: str, macro: Macro) -> None:
        self.consumed = 0
        if macro.body[:1] == [""]:
            self._emit(macro.body[1])
            return
        given: list[list[str]] = []
        if macro.default is not None:
            given.append(self._bracketed() or macro.default)
        while len(given) < macro.arguments:
            given.append(self._argument())
        body: list[str] = []
        parts = iter(macro.body)
        for part in parts:
            if part == "#":
                number = next(parts, "")
                place = int(number) - 1 if number.isdecimal() else len(given)
                body += given[place] if place < len(given) else []
            else:
                body.append(part)
        self._keep_lines()
        self._push(body, name)

    def _push(self, body: Iterable[str], name: str) -> None:
        tokens = [*body]
        self.calls += 1
        self.pushed += len(tokens)
        if self.calls > MOST_CALLS or self.pushed > MOST_TOKENS:
            raise self.page.wrong(
                self.line, f"the macro {name} expands forever, or to more than can be read"
            )
        self.stack += tokens[::-1]


def _parameters(body: list[str]) -> list[str]:
    """A body whose line feeds are spaces, and whose ``#1`` are two tokens each."""
    found: list[str] = []
    for token in body:
        if found and found[-1] == "#" and token[0].isdecimal():
            found += [token[0], *([token[1:]] if token[1:] else [])]
        else:
            found.append(" " if token.isspace() else token)
    return found
