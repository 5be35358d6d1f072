"""The text of a model, places in it, and the findings that point at them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from symbptt.errors import Diagnostic, ModelError

MAX_BYTES = 64 * 1024
_WINDOW = 120  # characters of a line that a finding shows
_SHOWN = 20  # findings that one error lists


@dataclass(frozen=True)
class Place:
    """A stretch of the text: lines from 1, columns in characters from 0, the end excluded."""

    line: int
    column: int
    end_line: int
    end_column: int

    def until(self, other: Place) -> Place:
        return Place(self.line, self.column, other.end_line, other.end_column)


Note = tuple[str, Place]
"""A further place of a finding, and what was stated there."""


class Source:
    """A model's text without byte order mark, its lines ended by a line feed."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.text = re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))
        self.lines = self.text.split("\n")

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def cut(self, place: Place) -> list[str]:
        """The lines at a place, of the first and the last one what belongs to it."""
        lines = self.lines[place.line - 1 : place.end_line]
        lines[-1] = lines[-1][: place.end_column]
        lines[0] = lines[0][place.column :]
        return lines

    def snippet(self, place: Place) -> str:
        """The text at a place, on one line and without comments."""
        first, *rest = self.cut(place)
        lines = (line.partition("#")[0].strip() for line in (first, *rest))
        return " ".join(lines) if rest else first

    def diagnostic(self, place: Place, message: str, *notes: Note) -> Diagnostic:
        """A finding at a place."""
        text = self.line(place.line)
        end = place.end_column if place.end_line == place.line else len(text)
        shown, column = _window(text, place.column)
        width = min(max(1, end - place.column), max(1, len(shown) - column))
        others = tuple(
            (words, other.line, _window(self.line(other.line), other.column)[0])
            for words, other in notes
        )
        return Diagnostic(message, place.line, column, shown, width, others)


class Findings:
    """Collects what is wrong with a model, to report it together."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: dict[Diagnostic, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, place: Place | None, message: str, *notes: Note) -> None:
        """One finding; without a place it is about the whole file."""
        if place is None:
            self._found[Diagnostic(message)] = (0, 0)
            return
        found = self.source.diagnostic(place, message, *notes)
        self._found.setdefault(found, (place.line, place.column))

    def stop(self) -> None:
        """Raises what was found, if anything was.

        Raises
        ------
        ModelError
            With the findings in the order of the text.
        """
        if not self._found:
            return
        found = sorted(self._found, key=self._found.__getitem__)
        if len(found) > _SHOWN:
            rest = len(found) - _SHOWN
            found = [*found[:_SHOWN], Diagnostic(f"and {rest} more errors, which are not shown")]
        raise ModelError(self.source.file, tuple(found))


def _printable(line: str) -> str:
    """The line with every character one column wide, so that the caret stands under it."""
    return "".join(" " if c == "\t" else c if c.isprintable() else "\ufffd" for c in line)


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a long line around ``column``, and where the column is in it."""
    if len(line) <= _WINDOW:
        return _printable(line).rstrip(), column
    start = max(0, min(column - _WINDOW // 2, len(line) - _WINDOW))
    part = _printable(line[start : start + _WINDOW])
    if start:
        part = "…" + part[1:]
    if start + _WINDOW < len(line):
        part = part[:-1] + "…"
    return part, column - start


def decode(data: bytes, file: str) -> str:
    """The text of a model file.

    Raises
    ------
    ModelError
        If it is larger than 64 KiB or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise ModelError(file, (Diagnostic(too_long(len(data))),))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "a model is UTF-8 text, and this file is UTF-16: save it as UTF-8"
        raise ModelError(file, (Diagnostic(message),))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        start = data.rfind(b"\n", 0, error.start) + 1
        before = data[start : error.start].decode("utf-8", "replace")
        after = data[error.start :].split(b"\n")[0].decode("utf-8", "replace").rstrip("\r")
        shown, column = _window(before + after, len(before))
        byte = data[error.start]
        message = (
            f"a model is UTF-8 text, and the byte 0x{byte:02X} here is not: "
            "save the file as UTF-8 (perhaps it is Latin-1)"
        )
        raise ModelError(file, (Diagnostic(message, line, column, shown),)) from None


def too_long(size: int) -> str:
    return f"a model has at most {MAX_BYTES:,} bytes (64 KiB), and this one has {size:,}"


def check_characters(source: Source, findings: Findings) -> None:
    """Finds text that is too long and characters that no line of text has."""
    size = len(source.text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        findings.add(None, too_long(size))
        findings.stop()
    for number, line in enumerate(source.lines, 1):
        for column, character in enumerate(line):
            if character != "\t" and unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
                place = Place(number, column, number, column + 1)
                name = "NUL" if character == "\0" else f"U+{ord(character):04X}"
                findings.add(
                    place, f"a model is plain text; the control character {name} has no place in it"
                )
                break
