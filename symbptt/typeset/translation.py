"""Documents in other languages: what the house says, sentence by sentence, from a catalogue.

``languages/en.toml`` has every sentence under a key that tells its kind, with names in braces for
what stands in it; a language is another file with the same keys. What the author wrote, names and
comments, stays as it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from symbptt.errors import OptionError, known_as
from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Document,
    Equality,
    Figure,
    Heading,
    Math,
    Paragraph,
    Points,
    Prose,
    Sign,
    Table,
    Version,
)
from symbptt.typeset.tex import worded

FOLDER = Path(__file__).with_name("languages")
ENGLISH = "en"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
"""What documents can be written in, by the codes of ISO 639."""

# What is no word stands in a text as a character of its own.
_FIRST, _LAST = "\ue000", "\uf8ff"
_MARK = f"[{_FIRST}-{_LAST}]"
_NAME = re.compile(r"\{(\w+)(?::(\w+))?\}")
_SEPARATORS = {" and ": "list.and", ", ": "list.comma", "; ": "list.semicolon"}
_QUOTED = re.compile(r"\$[^$]*\$|`[^`]*`")
_LETTER = re.compile(r"[^\W\d_\ue000-\uf8ff]")


@cache
def entries(code: str) -> Mapping[str, str]:
    """The sentences of a language by their keys, those of a table with its name before."""
    tables = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    return dict(_flat(tables))


def _flat(tables: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value if above == "list." else " ".join(value.split())


# --- sentences -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Saying:
    """A sentence of the English catalogue, as it is recognised.

    Attributes
    ----------
    key : str
    pattern : re.Pattern
        Matches it; a group for each name.
    kinds : mapping of str to str
        The names that stand for phrases, and the tables of these.
    """

    key: str
    pattern: re.Pattern[str]
    kinds: Mapping[str, str]


class Catalogue:
    """Says in a language what the house says in English.

    Attributes
    ----------
    missing : dict of str to None
        Texts that it could not say, a sign for each thing in them.
    used : set of str
        The keys of what it has said.
    """

    def __init__(self, code: str, english: Mapping[str, str], other: Mapping[str, str]) -> None:
        self.code = code
        self.other = other
        self.english = english
        self.missing: dict[str, None] = {}
        self.used: set[str] = set()
        self.said: dict[tuple[str, str], str | None] = {}

    @cached_property
    def thing(self) -> str:
        """What a name without a kind stands for, as a pattern."""
        phrases = (v for k, v in self.english.items() if k.startswith("thing."))
        return "|".join((_MARK, r"-?\d+", *(_NAME.sub(_MARK, _quoted(v)) for v in phrases)))

    @cached_property
    def sentences(self) -> tuple[Saying, ...]:
        return tuple(
            self.sentence(key, text)
            for key, text in self.english.items()
            if not key.startswith("list.")
        )

    def sentence(self, key: str, text: str) -> Saying:
        kinds: dict[str, str] = {}

        def group(match: re.Match[str]) -> str:
            name, kind = match.groups()
            if name in kinds:
                return f"(?P={name})"
            kinds[name] = kind or ""
            return f"(?P<{name}>{'.+?' if kind else self.thing})"

        return Saying(key, re.compile(_NAME.sub(group, _quoted(text))), kinds)

    def text(self, text: str) -> str:
        """A text of the house; as it is, if it is not known."""
        if not _LETTER.search(text):
            return text
        bare = text.strip()
        told = self.sentences_of(bare)
        if told is None:
            self.missing[bare] = None
            return text
        return text.replace(bare, told, 1)

    def sentences_of(self, text: str) -> str | None:
        """One sentence after the other."""
        told = self.phrase(text, "")
        if told is not None:
            return told
        for end in re.finditer(r"(?<=[.:,]) ", text):
            head = self.phrase(text[: end.start()], "")
            tail = head and self.sentences_of(text[end.end() :])
            if head is not None and tail is not None:
                return f"{head} {tail}"
        return None

    def phrase(self, text: str, kind: str) -> str | None:
        """A text that is one entry, of that table if one is named."""
        if (text, kind) not in self.said:
            self.said[text, kind] = self.looked_up(text, kind)
        return self.said[text, kind]

    def looked_up(self, text: str, kind: str) -> str | None:
        table = f"{kind}." if kind else ""
        for sentence in self.sentences:
            if not sentence.key.startswith(table):
                continue
            match = sentence.pattern.fullmatch(text)
            told = match and self.filled(sentence, match)
            if told:
                self.used.add(sentence.key)
                return told
        return None

    def filled(self, sentence: Saying, match: re.Match[str]) -> str | None:
        parts = {}
        for name, kind in sentence.kinds.items():
            told = self.phrases(match[name], kind) if kind else self.one(match[name])
            if told is None:
                return None
            parts[name] = told
        return _NAME.sub(lambda name: parts[name[1]], self.other[sentence.key])

    def one(self, text: str) -> str | None:
        """A formula or a number, or what stands in the place of one."""
        return self.phrase(text, "thing") if _LETTER.search(text) else text

    def phrases(self, text: str, kind: str) -> str | None:
        """Phrases of a table, with commas and "and" between them."""
        told = self.one(text) if kind == "thing" else self.phrase(text, kind)
        if told is not None and (kind != "thing" or re.fullmatch(self.thing, text)):
            return told
        for between in re.finditer("|".join(_SEPARATORS), text):
            head = self.phrases_first(text[: between.start()], kind)
            tail = head and self.phrases(text[between.end() :], kind)
            if head is not None and tail is not None:
                return head + self.other[_SEPARATORS[between[0]]] + tail
        return None

    def phrases_first(self, text: str, kind: str) -> str | None:
        if kind == "thing":
            return self.one(text) if re.fullmatch(self.thing, text) else None
        return self.phrase(text, kind)

    # --- with formulas -----------------------------------------------------------------

    def prose(self, parts: Prose) -> Prose:
        """What stands in a line: its words by the catalogue, its formulas where those put them."""
        things = [self.math(p) if isinstance(p, Math) else p for p in parts if not _is_house(p)]
        marks = iter(range(len(things)))
        text = "".join(p if isinstance(p, str) else chr(ord(_FIRST) + next(marks)) for p in parts)
        pieces = re.split(f"({_MARK})", self.text(text))
        told = (things[ord(p) - ord(_FIRST)] if re.fullmatch(_MARK, p) else p for p in pieces)
        return tuple(piece for piece in told if piece)

    def math(self, formula: Math) -> Math:
        return Math(self.tex(formula.tex))

    def tex(self, tex: str) -> str:
        r"""A formula with the words in it, which stand in ``\text{…}``."""
        return worded(tex, self.line)

    def line(self, words: str) -> str:
        """Words with formulas between dollar signs, and code between backticks."""
        formulas = _QUOTED.findall(words)
        marks = iter(range(len(formulas)))
        text = _QUOTED.sub(lambda m: chr(ord(_FIRST) + next(marks)), words)
        told = self.text(text)
        return re.sub(_MARK, lambda m: formulas[ord(m[0]) - ord(_FIRST)], told)

    # --- blocks ------------------------------------------------------------------------

    def block(self, block: Block) -> Block:
        match block:
            case Heading() | Paragraph():
                return replace(block, text=self.prose(block.text))
            case Points():
                return Points(tuple(map(self.prose, block.items)))
            case Display():
                return Display(tuple(map(self.equality, block.lines)))
            case Box():
                return Box(tuple(map(self.equality, block.lines)))
            case Table():
                rows = tuple(tuple(map(self.prose, row)) for row in block.rows)
                return replace(block, head=tuple(map(self.text, block.head)), rows=rows)
            case Figure():
                return block
        return block

    def equality(self, line: Equality) -> Equality:
        return replace(
            line,
            left=self.tex(line.left),
            members=tuple(map(self.tex, line.members)),
            ending=self.tex(line.ending),
            reasons=tuple(map(self.prose, line.reasons)),
        )

    def sign(self, sign: Sign) -> Sign:
        return replace(sign, role=self.prose(sign.role), meaning=self.prose(sign.meaning))

    def version(self, version: Version) -> Version:
        return replace(version, blocks=tuple(map(self.block, version.blocks)))

    def document(self, document: Document) -> Document:
        return replace(
            document,
            title=self.prose(document.title),
            subtitle=self.text(document.subtitle),
            blocks=tuple(map(self.block, document.blocks)),
            signs=tuple(map(self.sign, document.signs)),
            variants=tuple(map(self.version, document.variants)),
            language=self.code,
        )


def _is_house(part: object) -> bool:
    return isinstance(part, str)


def _quoted(text: str) -> str:
    """A sentence as a pattern, its names left as they are."""
    pieces = re.split(r"(\{\w+(?::\w+)?\})", text)
    return "".join(p if k % 2 else re.escape(p) for k, p in enumerate(pieces))


@cache
def catalogue(code: str) -> Catalogue:
    """The catalogue of a language.

    Raises
    ------
    UnknownNameError
        If there is none; the message names those that there are.
    """
    known_as("language", code, LANGUAGES)
    return Catalogue(code, entries(ENGLISH), entries(code))


@cache
def _words_of_formulas() -> Mapping[str, str]:
    """Those of all languages, with what they are in English."""
    english = {k: words for k, words in entries(ENGLISH).items() if k.startswith("formula.")}
    others = [entries(code) for code in LANGUAGES if code != ENGLISH]
    return {other[key]: words for other in others for key, words in english.items()}


def in_english(tex: str) -> str:
    r"""A text with the words in its formulas, ``\text{nếu }``, in English where they are known."""

    def known(match: re.Match[str]) -> str:
        bare = match[1].strip()
        return match[0].replace(bare, _words_of_formulas().get(bare, bare), 1)

    return re.sub(r"\\text\{([^{}]+)\}", known, tex)


def said(text: str, language: str) -> str:
    """Words of the house, with formulas between dollar signs, in that language."""
    return text if language == ENGLISH else catalogue(language).line(text)


def told(parts: Prose, language: str) -> Prose:
    """What stands in a line, in that language."""
    return parts if language == ENGLISH else catalogue(language).prose(parts)


def translated(document: Document, language: str) -> Document:
    """The document in that language.

    Raises
    ------
    UnknownNameError
        If there is no such language.
    OptionError
        If the document is in another one than English, from which alone is translated.
    """
    known_as("language", language, LANGUAGES)
    if language == document.language:
        return document
    if document.language != ENGLISH:
        raise OptionError(
            f"the document is in the language {document.language}, and only one in English can be "
            f"told in {language}: make it again with --language {language}"
        )
    return catalogue(language).document(document)
