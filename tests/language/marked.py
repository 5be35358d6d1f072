"""Models with their expected findings marked in them.

A line of carets under a line of the model says that a finding points there; words after
the carets, separated by `` | ``, must all occur in what the finding says, its notes
included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from symbptt.errors import Diagnostic, ModelError
from symbptt.language.parser import parse

_MARK = re.compile(r"(?P<before> *)(?P<carets>\^+)(?P<words>.*)")


@dataclass(frozen=True)
class Mark:
    line: int
    column: int
    width: int
    words: tuple[str, ...]


def split(marked: str) -> tuple[str, list[Mark]]:
    """The model's text, and the marks taken out of it."""
    lines: list[str] = []
    marks = []
    for line in marked.strip("\n").split("\n"):
        found = _MARK.fullmatch(line)
        if found is None:
            lines.append(line)
        else:
            words = tuple(filter(None, (w.strip() for w in found["words"].split(" | "))))
            marks.append(Mark(len(lines), len(found["before"]), len(found["carets"]), words))
    return "\n".join(lines) + "\n", marks


def findings(text: str) -> tuple[Diagnostic, ...]:
    """What `parse` finds wrong; nothing if it reads the model."""
    try:
        parse(text)
    except ModelError as error:
        return error.diagnostics
    return ()


def check(marked: str) -> None:
    """Asserts that a model has the findings marked in it, and no others."""
    text, marks = split(marked)
    assert marks, "nothing is marked"
    found = findings(text)
    places = [(one.line, one.column, one.width) for one in found]
    messages = "\n".join(one.render("model") for one in found)
    assert places == [(mark.line, mark.column, mark.width) for mark in marks], messages
    for one, mark in zip(found, marks, strict=True):
        said = one.render("model")
        assert one.source == text.split("\n")[one.line - 1].replace("\t", " ").rstrip()
        for word in mark.words:
            assert word in said, f"{word!r} is not in:\n{said}"
