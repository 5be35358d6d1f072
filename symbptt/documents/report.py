"""What proofreading found: a row for every equation, as text and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

from symbptt.formula.answer import Verdict
from symbptt.tables import Printed

Answer = Literal["right", "wrong", "model", "not read"]
ANSWERS: tuple[Answer, ...] = ("right", "wrong", "model", "not read")

_WIDTH = 80


@dataclass(frozen=True)
class ExaminedEquation:
    """One equation of a document.

    Attributes
    ----------
    name : str
        Its number in the document; "" where it has none.
    source : str
        As its author typed it, macros expanded.
    read : str
        As it was read; "" where it was not.
    reason : str
        In a few words: why it was not read, or what else there is to say.
    verdict : Verdict, optional
        The examiner's, with the derived equation and the mends of a wrong one.
    """

    line: int
    name: str
    source: str
    answer: Answer
    read: str = ""
    reason: str = ""
    verdict: Verdict | None = None

    def text(self, file: str) -> str:
        """``file:line: answer (number)`` as editors follow it, and below it what was read."""
        number = f" ({self.name})" if self.name else ""
        reason = f": {self.reason}" if self.reason else ""
        lines = _wrapped(f"{file}:{self.line}: {self.answer}{number}{reason}", "", "  ")
        lines += _wrapped(self.read or self.source, "    ")
        is_wrong = self.verdict is not None and self.verdict.verdict == "wrong"
        if is_wrong and self.answer in ("wrong", "model"):
            lines += _details(str(self.verdict).splitlines()[1:])
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """For a program to read."""
        return {
            "line": self.line,
            "number": self.name,
            "source": self.source,
            "answer": self.answer,
            "read": self.read,
            "reason": self.reason,
            "verdict": None if self.verdict is None else self.verdict.data(),
        }


def _details(said: list[str]) -> Iterator[str]:
    """What is wrong, in lines of one width; a line with marks below it stays as it is."""
    for line, below in zip(said, [*said[1:], ""], strict=True):
        if set(line) == {" ", "^"} or set(below) == {" ", "^"}:
            yield line
        else:
            yield from _wrapped(line.strip(), " " * (len(line) - len(line.lstrip())))


def _wrapped(text: str, indent: str, further: str = "  ") -> list[str]:
    """The lines of a text; names and formulas are not cut."""
    return wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + further,
        break_long_words=False,
        break_on_hyphens=False,
    )


@dataclass(frozen=True)
class Proofreading(Printed):
    """The rows of a document, in its order.

    Attributes
    ----------
    remarks : tuple of str
        What makes more of it right or readable, if anything does.
    """

    model: str
    file: str
    rows: tuple[ExaminedEquation, ...]
    remarks: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Answer, int]:
        found = Counter(row.answer for row in self.rows)
        return {answer: found[answer] for answer in ANSWERS}

    @property
    def ok(self) -> bool:
        """Whether nothing in it is wrong."""
        return not self.counts["wrong"]

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {answer}" for answer, number in self.counts.items() if number)
        total = len(self.rows)
        whole = f"{total} equation{'' if total == 1 else 's'}{': ' if counts else ''}{counts}"
        remarks = [line for remark in self.remarks for line in _wrapped(remark, "")]
        return "\n".join([*(row.text(self.file) for row in self.rows), "", whole, *remarks])

    def data(self) -> dict[str, Any]:
        """For a program to read."""
        return {
            "model": self.model,
            "document": self.file,
            "rows": [row.data() for row in self.rows],
            "counts": self.counts,
            "remarks": list(self.remarks),
        }
