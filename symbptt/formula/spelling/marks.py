r"""From text in LaTeX, Unicode, plain or mixed to marks: names, numbers, signs, at their places.

Fonts, spaces and what only places things are gone; scripts of Unicode (``hₜ₋₁``) are braces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from symbptt.errors import meant
from symbptt.formula.names import finding
from symbptt.formula.spelling.signs import (
    ABOVE,
    ACCENTED,
    BELOW,
    BLACKBOARD,
    BRACED,
    CHARACTERS,
    ENVIRONMENTS,
    FONTS,
    IGNORED,
    LETTERS,
    SIGNS,
    TABLES,
    WITH_ARGUMENT,
    WORDY,
)
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.language.limits import check_number
from symbptt.language.source import Place
from symbptt.typeset.names import TYPED, untyped
from symbptt.typeset.notation import ACCENTS, MATH_COMBINING

_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+(?![A-Za-z]))?")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_ONE_BELOW = re.compile(r"(([A-Za-z]+)_([A-Za-z0-9]))([A-Za-z]\w*)")
_DOT = re.compile(r"[\w)\]}]\.[A-Za-z(\[]")
"""A product, as in ``W.[h, x]``."""
_STEPS = frozenset("tTkijs0123456789")
_COMMAND = re.compile(r"\\([A-Za-z]+\*?|.)", re.DOTALL)
_TEXT = re.compile(r"\s*\{([^{}$\\]*)\}")
_NAMED = re.compile(r"\s*\{\s*\\mathrm\s*(\{[^{}$]*(?:\{[^{}]*\}[^{}$]*)*\})\s*\}")
_LETTERED = re.compile(r"\s*\{\s*\\text(?:bf)?\{(?:\\(?:vietnamese|letters)\{)?([^\W\d_]+)\}")
_SIGN = re.compile(r"\.\.\.|\*\*|<=|>=|!=|==|:=|\.T\b|[-+*/@^_(){}\[\],:;=<>|.'&$~!?]")
_COMBINING = {
    mark: name
    for mark, command in MATH_COMBINING.items()
    for name, both in ACCENTS.items()
    if command in both
}
_REMARK = re.compile(r"\s*\{\s*\(((?:[^{}$\\]|\$[^$]*\$)*)\)\s*\}")
_SAID = re.compile(r"(?:[^,$]|\$[^$]*\$)+")
_FORMULA = re.compile(r"\$[^$]*\$|[^A-Za-z]")
_TRANSPARENT = frozenset("&$~")
_COMMANDS = [
    f"\\{one}"
    for one in sorted({*ACCENTED, *FONTS, *FUNCTIONS, *LETTERS, *SIGNS, *WITH_ARGUMENT, "begin"})
]


@dataclass(frozen=True)
class Mark:
    """``kind`` is ``name``, ``number``, ``sign`` or ``text`` (words between formulas).

    Attributes
    ----------
    bold : bool
        Whether a digit or an e is set as a vector.
    upright : bool
        Whether it is one word however many letters it has.
    """

    kind: str
    text: str
    start: int
    end: int
    bold: bool = False
    upright: bool = False

    @property
    def place(self) -> Place:
        return Place(1, self.start, 1, self.end)


WORDS = frozenset(["for", "if", "when", "where", "with", "and", "all", "otherwise", "forall"])
"""Words between formulas."""

MAX_BRACKETS = 50
MAX_SCRIPTS = 4
MAX_BELOW = 6
_LONGEST_ROW = 12
_OPENING = frozenset(["(", "[", "{", "{{", "⟨", "⟦", "⦃"])
_CLOSING = frozenset([")", "]", "}", "}}", "⟩", "⟧", "⦄"])

Known = Callable[[str], bool]
"""Whether a text is a name that a formula may hold."""


def marks(text: str, known: Known) -> list[Mark]:
    """The marks of a text.

    Raises
    ------
    FormulaError
        With a caret, at a word or character that has no meaning in a formula.
    """
    return _MarkReader(text, known).run()


def check_nesting(text: str, found: list[Mark]) -> None:
    """Bounds on brackets in each other, and on scripts that have scripts.

    Raises
    ------
    FormulaError
        At the first that is too deep.
    """
    stack: list[bool] = []
    before = ""
    for mark in found:
        if mark.kind == "sign" and mark.text in _OPENING:
            stack.append(mark.text == "{" and before in ("_", "^"))
            if len(stack) > MAX_BRACKETS or sum(stack) > MAX_SCRIPTS:
                message = f"brackets nest at most {MAX_BRACKETS} deep, scripts {MAX_SCRIPTS}"
                raise finding(text, mark.place, message)
        elif mark.kind == "sign" and mark.text in _CLOSING and stack:
            stack.pop()
        before = mark.text


class _MarkReader:
    def __init__(self, text: str, known: Known, depth: int = 0) -> None:
        self.depth = depth
        self.text = text
        self.known = known
        self.at = 0
        self.tables: list[str] = []
        self.found: list[Mark] = []

    def wrong(self, start: int, end: int, message: str) -> NoReturn:
        raise finding(self.text, Place(1, start, 1, end), message)

    def add(self, kind: str, text: str, end: int, **how: bool) -> None:
        self.found.append(Mark(kind, text, self.at, end, **how))
        self.at = end

    def run(self) -> list[Mark]:
        while self.at < len(self.text):
            self.step()
        return self.found

    def step(self) -> None:
        character = self.text[self.at]
        if character == "&" and self.tables:
            self.add("sign", "&", self.at + 1)
        elif character.isspace() or character in _TRANSPARENT:
            self.at += 1
        elif character == "\\":
            self.command()
        elif match := _NUMBER.match(self.text, self.at):
            message = check_number(match.group())
            if message:
                self.wrong(self.at, match.end(), message)
            self.add("number", match.group(), match.end())
        elif match := _WORD.match(self.text, self.at):
            self.word(match.group())
        elif match := _SIGN.match(self.text, self.at):
            sign = {":=": "=", "==": "=", "...": "…"}.get(match.group(), match.group())
            if sign == "." and _DOT.match(self.text, max(self.at - 1, 0)):
                sign = "·"
            self.add("sign", sign, match.end())
        else:
            self.character(character)

    # --- Unicode --------------------------------------------------------------------------

    def character(self, character: str) -> None:
        for table, sign in ((BELOW, "_"), (ABOVE, "^")):
            if character in table:
                self.scripts(table, sign)
                return
        if character in CHARACTERS:
            self.add("sign", CHARACTERS[character], self.at + 1)
        elif character in "ΣΠ" and not self.known(LETTERS[character]):
            self.add("sign", "∑" if character == "Σ" else "∏", self.at + 1)
        elif character in LETTERS:
            self.add("name", LETTERS[character], self.at + 1)
            self.combining()
        elif character in _COMBINING and self.found and self.found[-1].kind == "name":
            self.combining()
        elif character == "𝟙":
            self.add("number", "1", self.at + 1, bold=True)
        else:
            self.decomposed(character)

    def decomposed(self, character: str) -> None:
        """``ŷ`` is a y and a hat, a bold letter of mathematics a letter."""
        base, *accents = list(
            unicodedata.normalize("NFD", unicodedata.normalize("NFKC", character))
        )
        if base in CHARACTERS:
            self.add("sign", CHARACTERS[base], self.at + 1)
        elif base in LETTERS or (base.isascii() and base.isalpha()):
            names = [_COMBINING.get(accent, "?") for accent in accents]
            if "?" in names:
                self.unknown(character)
            self.add("name", "_".join([LETTERS.get(base, base), *names]), self.at + 1)
            self.combining()
        elif base.isdecimal() and base.isascii():
            self.add("number", base, self.at + 1, bold=True)
        else:
            self.unknown(character)

    def combining(self) -> None:
        """Accents behind a letter, each a character of its own."""
        while self.at < len(self.text) and self.text[self.at] in _COMBINING and self.found:
            last, accent = self.found.pop(), _COMBINING[self.text[self.at]]
            self.at += 1
            self.found.append(
                Mark("name", f"{last.text}_{accent}", last.start, self.at, upright=True)
            )

    def scripts(self, table: dict[str, str], sign: str) -> None:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in table:
            self.at += 1
        inner = "".join(table[one] for one in self.text[start : self.at])
        inner = "⊤" if inner == "T" and sign == "^" else inner
        self.found += [Mark("sign", sign, start, start), Mark("sign", "{", start, start)]
        for one in re.findall(r"[0-9]+|[A-Za-z]+|.", inner):
            kind = "number" if one.isdecimal() else "name" if one.isalpha() else "sign"
            self.found.append(Mark("sign" if one == "⊤" else kind, one, start, self.at))
        self.found.append(Mark("sign", "}", self.at, self.at))

    def unknown(self, character: str) -> NoReturn:
        shown = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
        script, _, kind = unicodedata.name(character, "").partition(" ")
        if kind.startswith(("SMALL LETTER", "CAPITAL LETTER")):
            shown += f", a {script.capitalize()} letter,"
        self.wrong(self.at, self.at + 1, f"{shown} has no meaning in a formula")

    # --- LaTeX ----------------------------------------------------------------------------

    def command(self) -> None:
        match = _COMMAND.match(self.text, self.at)
        if match is None:
            self.wrong(self.at, self.at + 1, "a `\\` at the end says nothing")
        word, end = match.group(1), match.end()
        if word not in FONTS and word not in WITH_ARGUMENT:
            word = word.rstrip("*") or word
        if word in ("\\", "cr"):
            self.add("sign", "\\" if self.tables else "⏎", end)
            self.skip(re.compile(r"\*?(?:\s*\[[^\]]*\])?"))
        elif word.isspace() or word in "()[]":
            self.at = end
        elif word in ("left", "right", "middle") and self.text[end:].lstrip()[:1] == ".":
            self.at = self.text.index(".", end) + 1
        elif word in IGNORED:
            self.at = end
        elif word in FONTS:
            self.font(word, end)
        elif word in WITH_ARGUMENT:
            self.at = end
            self.argument()
        elif word in BRACED:
            self.braced(word, end)
        elif word in ACCENTED or word in ("dot", "ddot", "check", "breve", "acute", "grave"):
            self.accent(word, end)
        elif word in ("begin", "end"):
            self.environment(word, end)
        elif word in SIGNS:
            self.add("sign", SIGNS[word], end)
        elif word in LETTERS:
            self.add("name", LETTERS[word], end)
        elif word.isalpha() and self.known(word):
            self.add("name", word, end, upright=True)
        else:
            near = meant(f"\\{word}", _COMMANDS)
            words = f"`\\{word}` has no meaning in a formula"
            self.wrong(self.at, end, f"{words}; {near}" if near else words)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def argument(self) -> str:
        """What stands in braces here, left out; braces may stand in it."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        depth = 0
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 2 if character == "\\" else 1
            depth += (character == "{") - (character == "}")
            if depth <= 0:
                return self.text[start : self.at]
        self.wrong(start, start + 1, "this brace is never closed")

    def font(self, word: str, end: int) -> None:
        r"""``\mathbf{W}`` is a name, ``\mathbf{h_t}`` a group, ``\text{for all}`` words."""
        if word == "mathop" and (named := _NAMED.match(self.text, end)):
            self.font("operatorname", named.start(1))
            self.at = named.end()
            return
        match = _TEXT.match(self.text, end)
        inner = match.group(1).strip() if match else ""
        words = word in WORDY
        if match is None:
            rest = self.text[end:].lstrip()
            start = len(self.text) - len(rest)
            if re.match(r"[A-Za-z0-9]", rest):
                kind = "number" if rest[0].isdecimal() else "name"
                self.add(kind, rest[0], start + 1, bold=word in BLACKBOARD, upright=True)
            else:
                bare = re.match(r"\s*\{\s*(\\[A-Za-z]+|[^\x00-\x7f])\s*\}", self.text[end:])
                typed = word in ("mathtt", "operatorname") and TYPED.match(rest)
                if typed:
                    self.add("name", untyped(typed.group()), start + typed.end(), upright=True)
                elif bare and bare.group(1).lstrip("\\") in LETTERS:
                    name = LETTERS[bare.group(1).lstrip("\\")]
                    self.add("name", name, end + bare.end(), bold=True, upright=True)
                elif not words and (lettered := _LETTERED.match(self.text, end)):
                    self.at = end
                    self.argument()
                    self.found.append(Mark("name", lettered[1], end, self.at, upright=True))
                elif words and (remark := _REMARK.match(self.text, end)):
                    self.remark(remark)
                else:
                    self.at = end
        elif re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", inner):
            if words and inner in WORDS:
                self.add("text", inner, match.end())
            else:
                self.add("name", inner, match.end(), bold=word in BLACKBOARD, upright=True)
        elif re.fullmatch(r"[0-9]+", inner):
            self.add("number", inner, match.end(), bold=word in BLACKBOARD)
        elif words:
            self.add("text", " ".join(inner.split()), match.end())
        else:
            self.at = end

    def remark(self, remark: re.Match[str]) -> None:
        r"""``\text{($t < T$, the beginning)}``: of what commas part, that which has no words."""
        for said in _SAID.finditer(self.text, *remark.span(1)):
            if set(_FORMULA.sub(" ", said.group()).split()) <= WORDS:
                self.at = said.start()
                self.add("sign", ",", said.start())
                self.found += self.deeper(said.end()).inside(*said.span())
        self.at = remark.end()

    def accent(self, word: str, end: int) -> None:
        r"""``\hat{\mathbf y}`` is one name, y_hat."""
        before = len(self.found)
        self.at = end
        start = match.end() if (match := re.compile(r"\s*").match(self.text, end)) else end
        self.at = start
        if self.text[start : start + 1] == "{":
            stop = start + len(self.argument())
            self.found += self.deeper(stop).inside(start + 1, stop - 1)
        else:
            self.deeper(start)
            self.depth += 1
            if start < len(self.text):
                self.step()
            self.depth -= 1
        inner = [mark for mark in self.found[before:] if mark.text not in "{}"]
        del self.found[before:]
        if not inner or inner[0].kind not in ("name", "number"):
            self.wrong(end - len(word) - 1, end, f"`\\{word}` stands over a letter")
        name = f"{inner[0].text}_{ACCENTED.get(word, word)}"
        first, *rest = inner
        self.found.append(
            Mark("name", name, end - len(word) - 1, self.at, first.bold, upright=True)
        )
        self.found += rest

    def deeper(self, stop: int) -> _MarkReader:
        """One that reads up to a place."""
        if self.depth >= MAX_SCRIPTS:
            self.wrong(self.at - 1, self.at, "accents and braces over each other are too many")
        return _MarkReader(self.text[:stop], self.known, self.depth + 1)

    def inside(self, start: int, stop: int) -> list[Mark]:
        self.text, self.at = self.text[:stop], start
        return self.run()

    def braced(self, word: str, end: int) -> None:
        """What stands over or under a brace is a remark."""
        self.at = end
        if word in ("underbrace", "overbrace"):
            start = self.at + len(self.text[end:]) - len(self.text[end:].lstrip())
            stop = start + len(self.argument().lstrip())
            self.found += self.deeper(stop).inside(start, stop)
            self.at = stop
            if remark := re.compile(r"\s*[_^]\s*(?=\{)").match(self.text, self.at):
                self.at = remark.end()
                self.argument()
        else:
            self.argument()

    def environment(self, word: str, end: int) -> None:
        match = _TEXT.match(self.text, end)
        if match is None:
            self.wrong(self.at, end, f"`\\{word}` names an environment in braces")
        if match.group(1) in TABLES:
            self.table(word == "begin", match.group(1), match.end())
        elif match.group(1) in ENVIRONMENTS:
            self.at = match.end()
        else:
            name = match.group(1)
            self.wrong(
                self.at, match.end(), f"the environment `{name}` has no meaning in a formula"
            )

    def table(self, begins: bool, name: str, end: int) -> None:
        """A matrix or cases, in which signs part cells and rows."""
        if begins:
            self.tables.append(name)
        elif not self.tables or self.tables.pop() != name:
            self.wrong(self.at, end, f"no environment `{name}` is open here")
        self.add("sign", TABLES[name][0 if begins else 1], end)

    # --- plain words ----------------------------------------------------------------------

    def word(self, word: str) -> None:
        """An identifier, in the parts that are names: ``W_hh``, ``dh_t``, ``Wh_{t-1}``."""
        if word in WORDS and not self.known(word):
            self.add("text", word, self.at + len(word))
            return
        if self.known(word) or len(word) == 1:
            self.add("name", word, self.at + len(word))
            return
        head, *tail = word.split("_")
        for count in range(min(len(tail), MAX_BELOW), 0, -1):
            longest = "_".join([head, *tail[:count]])
            for prefix in ("", "d", "D"):
                if longest.startswith(prefix) and self.known(longest.removeprefix(prefix)):
                    self.names(prefix, longest.removeprefix(prefix))
                    self.below(tail[count:])
                    return
        if apart := self.apart(word):
            first, rest = apart
            self.word(first)
            self.word(rest)
            return
        self.run_of_letters(head)
        self.below(tail)

    def apart(self, word: str) -> tuple[str, str] | None:
        """``W_c`` and ``x_t`` of ``W_cx_t``, where one letter stands below, as TeX has it."""
        found = _ONE_BELOW.fullmatch(word)
        if not found:
            return None
        first, head, below, rest = found.groups()
        behind = self.text[self.at + len(word) :].lstrip()[:1]
        begins = self.known(first) or (self.known(head) and below in _STEPS)
        goes_on = self.known(rest.partition("_")[0]) and ("_" in rest or behind in ("_", "^"))
        return (first, rest) if begins and goes_on else None

    def names(self, *names: str) -> None:
        for name in filter(None, names):
            self.add("name", name, self.at + len(name))

    def run_of_letters(self, head: str) -> None:
        """``dh``, ``Wh``, ``2h``; a run that is no such row of names is one name, unknown."""
        if self.known(head) or len(head) == 1:
            self.names(head)
        elif head[0] in "dD" and (len(head) == 2 or self.known(head[1:])):
            self.names(head[0], head[1:])
        else:
            self.names(*(_row(head, self.known) or [head]))

    def below(self, parts: list[str]) -> None:
        if not parts:
            return
        self.add("sign", "_", self.at + 1)
        self.add("sign", "{", self.at)
        for number, part in enumerate(parts):
            if number:
                self.add("sign", ",", self.at + 1)
            for one in re.findall(r"[0-9]+|[A-Za-z]+", part):
                kind = "number" if one.isdecimal() else "name"
                self.add(kind, one, self.at + len(one))
        self.add("sign", "}", self.at)


def _row(run: str, known: Known) -> list[str] | None:
    """A run of letters as names side by side, the longest first."""
    if not run or len(run) > _LONGEST_ROW:
        return None if run else []
    for length in range(len(run), 0, -1):
        head = run[:length]
        if known(head) and (rest := _row(run[length:], known)) is not None:
            return [head, *rest]
    return None
