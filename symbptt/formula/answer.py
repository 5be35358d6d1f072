"""What is answered about a formula: the verdict, for a reader and for a program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

from symbptt.formula.derived import DerivedEquation
from symbptt.formula.examination import Counterexample
from symbptt.formula.mending import Mend
from symbptt.formula.shapes import Shaper
from symbptt.formula.text import in_names, underlined, words_in_names
from symbptt.tables import Printed
from symbptt.typeset.markdown_math import displayed, safe_in_markdown
from symbptt.typeset.text import markdown_text

WIDTH = 80

STATUS = {"right": 0, "undecided": 4, "wrong": 1, "unreadable": 2, "model": 3}
"""The exit status that says a verdict, the worst verdict last."""


def worst(statuses: Iterable[int]) -> int:
    """The exit status of several answers."""
    return max(statuses, key=list(STATUS.values()).index, default=0)


@dataclass(frozen=True)
class Verdict(Printed):
    """What `check` found.

    Attributes
    ----------
    formula : str
        As it was typed.
    read : str
        The same in plain terms, in the reading that was taken.
    verdict : str
        ``right``, ``wrong`` or ``undecided``; ``unreadable`` or ``model`` where an error, whose
        words are the reason, stands in the place of an answer.
    range : str
        The values of T and of the free indices that were looked at.
    left_out : tuple of str
        Values at which the formula has no meaning, and because of which index.
    arithmetic : str
        What was calculated with, and at how many points.
    bits : int or None
        A false formula would pass with probability below 2 to the minus this many, where
        it was decided exactly; None where it agrees to many digits.
    assumed : tuple of str
        What was taken for the functions left abstract, ``l = squared_error``.
    generic : tuple of str
        The functions left abstract for every choice of which it holds.
    reason : str
        Of a shape error, or why it is undecided.
    latex : str
        The formula as it was read, in LaTeX.
    reading : str
        In which of several ways it was understood; "" where there is one.
    trivial : bool
        It says nothing of this model: it holds for every one of these shapes.
    derived : DerivedEquation or None
        What the derivation says of the left side, where the formula is wrong.
    link : str
        Of a chain ``A = B = C`` the first link that is not right; "" elsewhere.
    pointed : str
        The formula with a caret below what its shape error is about.
    """

    model: str
    formula: str
    verdict: str
    range: str = ""
    left_out: tuple[str, ...] = ()
    arithmetic: str = ""
    bits: int | None = None
    assumed: tuple[str, ...] = ()
    generic: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    mends: tuple[Mend, ...] = ()
    reason: str = ""
    latex: str = ""
    reading: str = ""
    trivial: bool = False
    derived: DerivedEquation | None = None
    link: str = ""
    pointed: str = ""
    read: str = ""

    def in_names(self, called: Mapping[str, str], shaper: Shaper) -> Verdict:
        """In the names that its author has for those of the model."""
        if not called:
            return self
        return replace(
            self,
            read=in_names(self.read, called),
            link=in_names(self.link, called),
            range=in_names(self.range, called),
            left_out=tuple(words_in_names(words, called) for words in self.left_out),
            reason=words_in_names(self.reason, called),
            derived=self.derived and self.derived.in_names(called, shaper),
            mends=tuple(mend.in_names(called) for mend in self.mends),
        )

    def _repr_latex_(self) -> str:
        lines = [rf"\text{{{self.verdict}: }} {self.latex}"]
        if self.derived is not None:
            lines.append(rf"\text{{the derivation: }} {self.derived.latex}")
        lines += [rf"\text{{{mend.kind}, mended: }} {mend.latex}" for mend in self.mends]
        return "\n".join(f"$${line}$$" for line in lines)

    def _repr_markdown_(self) -> str:
        """What `str` says, formulas set."""
        shown = f"${safe_in_markdown(self.latex)}$" if self.latex else f"`{self.formula}`"
        remarks = (f"- {_marked_down(line)}" for line in self._remarks())
        parts = ["\n".join([f"**{self.verdict}**: {shown}", "", *remarks])]
        if self.pointed:
            parts.append(f"```text\n{self.pointed}\n```")
        if self.derived is not None:
            where = [f"- where `{text}`" for text in self.derived.where]
            parts += [f"{_marked_down(self.derived.words)}:", displayed(self.derived.latex)]
            parts += ["\n".join(where)] if where else []
        for number, mend in enumerate(self.mends):
            parts.append(_marked_down(f"{_mended(number)}: {mend.words}"))
            parts.append(displayed(mend.latex))
        return "\n\n".join(parts)

    @property
    def right(self) -> bool:
        return self.verdict == "right"

    @property
    def status(self) -> int:
        """The exit status that says the same."""
        return STATUS[self.verdict]

    def __str__(self) -> str:
        return "\n".join([f"{self.verdict}: {self.formula}", *self._details()])

    def _details(self) -> list[str]:
        told = _derived_lines(self.derived) if self.derived else []
        pointed = [f"  {line}" for line in self.pointed.splitlines()]
        wrapped = [one for line in self._remarks() for one in _wrapped(line)]
        return [*wrapped, *pointed, *told, *mend_lines(self.mends)]

    def _remarks(self) -> list[str]:
        """What is said of the verdict, a sentence each."""
        point: tuple[str, ...] = ()
        if self.counterexample is not None:
            sizes = ", ".join(f"{name} = {size}" for name, size in self.counterexample.sizes)
            given = f" at sizes {sizes}" if sizes else ""
            numbers = self.counterexample.numbers
            point = (str(self.counterexample), f"a random point{given}, {numbers}")
        lines = [
            self.reading and f"read as: {self.reading}",
            self.link and f"of the chain this link: {self.link}",
            self.trivial and "trivial: it holds for every model of these shapes",
            self.reason,
            *point,
            self.range and f"looked at: {self.range}",
            *(f"left out: {words}" for words in self.left_out),
            self.generic and f"for every {', '.join(self.generic)}",
            self.assumed and f"with {', '.join(self.assumed)}",
            self.arithmetic,
        ]
        return [line for line in lines if line]

    def data(self) -> dict[str, Any]:
        """For a program to read."""
        found = self.counterexample
        return {
            "model": self.model,
            "formula": self.formula,
            "read": self.read,
            "latex": self.latex,
            "verdict": self.verdict,
            "range": self.range,
            "left_out": list(self.left_out),
            "arithmetic": self.arithmetic,
            "error_below_two_to_the_minus": self.bits,
            "assumed": list(self.assumed),
            "for_every": list(self.generic),
            "reading": self.reading,
            "link": self.link,
            "trivial": self.trivial,
            "reason": self.reason,
            "counterexample": None
            if found is None
            else {
                "indices": dict(found.at),
                "entry": list(found.entry),
                "left": found.left,
                "right": found.right,
                "sizes": dict(found.sizes),
                "numbers": found.numbers,
            },
            "derived": self.derived and self.derived.data(),
            "mends": [{"edit": m.words, "kind": m.kind, "formula": m.text} for m in self.mends],
        }


def mend_lines(mends: tuple[Mend, ...]) -> list[str]:
    lines = []
    for number, mend in enumerate(mends):
        lines.append(f"  {_mended(number)}: {mend.words}")
        lines.append(f"    {mend.text}")
    return lines


def _mended(number: int) -> str:
    return "or" if number else "one edit mends it"


def _marked_down(words: str) -> str:
    """Words in Markdown; what stands between backticks is code there, too."""
    pieces = re.split(r"( *`[^`]*` *)", words)
    return "".join(p if k % 2 else markdown_text(p) for k, p in enumerate(pieces))


def _derived_lines(derived: DerivedEquation) -> list[str]:
    """The derivation's own equation, what differs underlined."""
    where = [f"where {text}" for text in derived.where]
    lines = [line for text in (derived.marked, *where) for line in underlined(text)]
    return [*_wrapped(f"{derived.words}:"), *(f"    {line}" for line in lines)]


def _wrapped(words: str) -> list[str]:
    return wrap(
        words,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
