"""What a person sees on a terminal: colours, and lines as wide as it is.

Texts come plain, and are plain wherever else they go: a pipe, a file, a program. Nothing is said in
colour alone: without its colours a text has the same words.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

import click

from symbptt.errors import cells

_ROOM = 24
"""How many columns a text that goes on below itself has at least."""

_GOOD: dict[str, Any] = {"fg": "green"}
_BAD: dict[str, Any] = {"fg": "red", "bold": True}
_OPEN: dict[str, Any] = {"fg": "yellow"}
_ASIDE: dict[str, Any] = {"dim": True}
_NAME: dict[str, Any] = {"bold": True}

_Rules = tuple[tuple[str, Mapping[str, Any]], ...]
"""What is coloured, and how: the first group of a pattern."""

_CARETS = (r"^ *(\^[\^ ]*)$", _BAD)
_RESULT: _Rules = (
    (r"(?:^#.*\n|\n\n)((?!#|ok  |FAILED|-  )[^\s:][^:\n]*)(?=\n  )", _NAME),  # a table's title
    (r"^(# .*)$", _ASIDE),  # what made it
    (r"^(\w+)(?=  +[A-Z])", _NAME),  # of a list
    (r"(  # .*)$", _ASIDE),  # a model's comment
    (r"^(ok)(?=  )", _GOOD),
    (r"^(FAILED)(?=  )", _BAD),
    (r"^(-)(?=   )", _OPEN),
    (r"(?:^|^\S+:\d+: |^gap \S+ +)(right|equivalent)\b", _GOOD),
    (r"(?:^|^\S+:\d+: |^gap \S+ +)(wrong|missing)\b", _BAD),
    (r"(?:^|^\S+:\d+: |^gap \S+ +)(undecided|unreadable|model|not read)(?=[:\s]|$)", _OPEN),
    (r"^\w+: \d+ checks, (all right)$", _GOOD),
    (r"^\w+: \d+ checks, (\d+ failed)$", _BAD),
    (r"^  (one edit mends it|or)(?=:)", _GOOD),
    _CARETS,
)
_ERROR: _Rules = (
    (r"^(Error:|symbptt:(?: internal error:)?)", _BAD),
    (r"^ *(\S+:\d+:)(?=\s|$)", _NAME),  # where it is
    _CARETS,
)
_HELP: _Rules = (
    (r"^(Usage:|Options:|Commands:)", _NAME),
    (r"^  (-\S+(?:, --\S+)?)", {"fg": "cyan"}),
    (r"^    (symbptt .*|echo .*)$", {"fg": "cyan"}),  # an example
)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it."""
    return stream is not None and not stream.closed and stream.isatty()


def has_colours(stream: TextIO | None) -> bool:
    """Whether what is said there is coloured.

    ``NO_COLOR`` forbids it and ``FORCE_COLOR`` wants it, wherever it goes; ``TERM=dumb`` says that
    a terminal has none.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and is_terminal(stream)


def result(text: str, stream: TextIO | None) -> str:
    """A table, a verdict: lines that fit, and colours."""
    return _painted(_fitting(text, stream), _RESULT, stream)


def complaint(text: str, stream: TextIO | None) -> str:
    """What went wrong, and where."""
    return _painted(_fitting(text, stream), _ERROR, stream)


def help_text(text: str, stream: TextIO | None) -> str:
    """Which options there are."""
    return _painted(text, _HELP, stream)


def _fitting(text: str, stream: TextIO | None) -> str:
    return fitted(text, shutil.get_terminal_size().columns) if is_terminal(stream) else text


def _painted(text: str, rules: _Rules, stream: TextIO | None) -> str:
    for pattern, style in rules if has_colours(stream) else ():
        text = re.sub(pattern, _with(style), text, flags=re.MULTILINE)
    return text


def _with(style: Mapping[str, Any]) -> Callable[[re.Match[str]], str]:
    def painted(found: re.Match[str]) -> str:
        start, end = (place - found.start() for place in found.span(1))
        return f"{found[0][:start]}{click.style(found[1], **style)}{found[0][end:]}"

    return painted


# --- lines that fit --------------------------------------------------------------------


def fitted(text: str, width: int) -> str:
    """The text in lines of ``width`` columns: what is longer goes on below its last column.

    A line with carets below it stays one line, or they would point elsewhere.
    """
    lines = text.split("\n")
    pairs = zip(lines, [*lines[1:], ""], strict=True)
    return "\n".join(
        part
        for line, below in pairs
        for part in ([line] if re.match(_CARETS[0], below) else _folded(line, width))
    )


def _folded(line: str, width: int) -> Iterator[str]:
    hang = _hang(line, width)
    further = "#".ljust(hang) if line.startswith("#") else " " * hang
    while cells(line) > width:
        cut = line.rfind(" ", hang + 1, _reach(line, width) + 1)
        if cut < 0:
            # A word that is wider than its room keeps together.
            cut = line.find(" ", hang + 1)
        if cut < 0 or not line[cut:].strip():
            break
        yield line[:cut].rstrip()
        line = further + line[cut:].lstrip()
    yield line


def _hang(line: str, width: int) -> int:
    """The column below which a line goes on: where its last cell begins, if that has room."""
    if line.startswith("#"):
        return 4
    start = len(line) - len(line.lstrip())
    begins = [gap.end() for gap in re.finditer(r"(?<=\S) {2,}|^- ", line)]
    return max([start + 2, *(place for place in begins if place + _ROOM <= width)])


def _reach(line: str, width: int) -> int:
    """How many letters of a line have room."""
    end = width
    while cells(line[:end]) > width:
        end -= 1
    return end
