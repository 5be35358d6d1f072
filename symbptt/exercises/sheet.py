"""Exercise sheets: a derivation with gaps, which carries in comments what grading it needs."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.errors import OptionError, SheetError, known_as
from symbptt.language.parser import parse
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Block, Document, Paragraph
from symbptt.typeset.document import printed
from symbptt.typeset.formulas import Formulas
from symbptt.typeset.gaps import Gaps
from symbptt.typeset.style import Style
from symbptt.typeset.translation import translated

SHEETS = {"latex": ".tex", "markdown": ".md", "tex": ".tex", "md": ".md"}
"""What sheets are written in, and how files end that are in the same format."""

EVERY = 3
"""Every so many-th step is asked for where nothing is said."""

_MARK = "exercise"
_CARRIED = re.compile(rf"^\s*(?:%|<!--) {_MARK} (.*?)(?: -->)?\s*$", re.MULTILINE)
_KINDS: dict[str, type] = {"model": str, "form": str, "layout": str}
_MEMBERS: dict[str, type] = {"text": str, "only": str, "steps": int, "asked": str}


@dataclass(frozen=True)
class Gap:
    """What is asked for.

    Attributes
    ----------
    number : int
    step : int
        Of the derivation.
    left : str
        The left side, as formulas are typed.
    range : str
        The condition under which it is asked for; "" where there is none.
    """

    number: int
    step: int
    left: str
    range: str

    def __str__(self) -> str:
        return f"{self.left} for {self.range}" if self.range else self.left


@dataclass(frozen=True)
class Sheet:
    """A derivation, and the numbers of the steps of it that are asked for."""

    derivation: Derivation
    style: Style
    steps: tuple[int, ...]

    @cached_property
    def formulas(self) -> Formulas:
        return Formulas(self.derivation, self.style)

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(self._gap(*numbers) for numbers in enumerate(self.steps, start=1))

    def _gap(self, number: int, step: int) -> Gap:
        asked, lines = self.derivation.steps[step - 1], self.formulas
        left = lines.printer.laid(lines.said(asked.target))
        return Gap(number, step, left, lines.condition(asked))

    def solutions(self, gap: Gap) -> tuple[str, ...]:
        """The step as formulas, a line for each member of its chain."""
        return tuple(self.formulas.step(self.derivation.steps[gap.step - 1]))

    def document(self, command: str, filled: bool) -> Document:
        """With frames in the places of the gaps, or with the solution."""
        numbers = {gap.step: gap.number for gap in self.gaps}
        told = article(self.derivation, command, self.style, Gaps(numbers, filled))
        sheet = replace(
            told,
            made=(*told.made, *(f"{_MARK} {line}" for line in self.carried())),
            title=("Solution: " if filled else "Exercise: ", *told.title),
            blocks=(*self.introduction(filled), *told.blocks),
        )
        return translated(sheet, self.style.language)

    def introduction(self, filled: bool) -> Iterator[Block]:
        """What is asked, and how it is answered."""
        count = "one is" if len(self.gaps) == 1 else f"{len(self.gaps)} are"
        asked = f"Of the steps of this derivation {count}"
        if filled:
            yield Paragraph((f"{asked} asked for; the answers are framed.",))
            return
        words = (
            f"{asked} left out. Write into each frame what the left side equals, at the steps of "
            "which the sentence before it speaks. All other steps may be used.",
            "To have the answers graded, write them into a file, a line a gap: its number and a "
            "colon, and behind them the right side or the whole equation.",
        )
        yield from (Paragraph((each,)) for each in words)

    def carried(self) -> list[str]:
        """What `Sheet.read` reads, in lines of ASCII that fit a comment."""
        model = self.derivation.model
        data = {
            "model": model.name,
            "form": self.derivation.form,
            "layout": self.style.layout,
            "only": self.derivation.only,
            "steps": self.steps,
            "asked": list(map(str, self.gaps)),
            "text": model.text.splitlines(),
        }
        # In Markdown a comment ends behind two dashes.
        return json.dumps(data, indent=0).replace(">", r"\u003e").splitlines()

    @classmethod
    def read(cls, text: str) -> Sheet:
        """The sheet that a text is, whatever was written into it.

        Raises
        ------
        SheetError
            If it carries no exercise, or one that this version derives otherwise.
        ModelError
            If its model can't be read.
        """
        found = _carried(text)
        model = parse("\n".join(found["text"]) + "\n", found["model"])
        derivation = derive(model, form=found["form"], only=found["only"])
        sheet = cls(derivation, Style.of(found["layout"]), tuple(found["steps"]))
        known = set(range(1, len(derivation.steps) + 1))
        if not known.issuperset(sheet.steps) or list(map(str, sheet.gaps)) != found["asked"]:
            raise SheetError(
                f"this version of symbptt derives {model.name} otherwise: make the sheet again, "
                "with the command in its head"
            )
        return sheet


def _carried(text: str) -> dict[str, Any]:
    """What `Sheet.carried` wrote, found in the comments of a text."""
    lines = _CARRIED.findall(text)
    if not lines:
        raise SheetError(
            "this is no sheet: no comment in it bears an exercise; expected the LaTeX or Markdown "
            "that symbptt exercise wrote, with its head"
        )
    try:
        found = json.loads("\n".join(lines))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not _is_whole(found):
        raise SheetError(
            "the comments in which this sheet carries its exercise were changed: make it again, "
            "with the command in its head"
        )
    return found


def _is_whole(found: dict[str, Any]) -> bool:
    lists = {name: found.get(name) for name in _MEMBERS}
    return all(isinstance(found.get(name), kind) for name, kind in _KINDS.items()) and all(
        isinstance(each, list) and all(isinstance(one, _MEMBERS[name]) for one in each)
        for name, each in lists.items()
    )


def exercise(
    model: Model,
    *,
    steps: Iterable[int] = (),
    every: int | None = None,
    to: str = "latex",
    solution: bool = False,
    form: str = "adjoint",
    only: Iterable[str] = (),
    style: Style | None = None,
) -> str:
    """A model's derivation with gaps, as a document.

    Parameters
    ----------
    steps : iterable of int
        The numbers of the steps that are asked for.
    every : int, optional
        Every so many-th step is asked for, `EVERY` where no steps are given.
    to : str
        A key of `SHEETS`.
    solution : bool
        Fill the gaps in.
    form, only
        As in `symbptt.derive`.
    style : Style, optional
        Layout and notation.

    Raises
    ------
    OptionError
        If there is no such step, or both ``steps`` and ``every`` are given.
    UnknownNameError, MissingLossError
        As `symbptt.derive` does, or if there is no such format.
    """
    known_as("format", to, SHEETS)
    style = style or Style()
    derivation = derive(model, form=form, only=only)
    chosen = _chosen(tuple(sorted(set(steps))), every, len(derivation.steps))
    words = ["symbptt", "exercise", model.argument, "--steps", ",".join(map(str, chosen))]
    written = SHEETS[to].removeprefix(".")
    words += [] if written == "tex" else ["--to", to]
    words += [] if form == "adjoint" else ["--form", form]
    words += ["--only", ",".join(derivation.only)] if derivation.only else []
    words += ["--solution"] if solution else []
    sheet = Sheet(derivation, style, chosen)
    return printed(sheet.document(shlex.join(words) + style.options, solution), written)


def _chosen(steps: tuple[int, ...], every: int | None, last: int) -> tuple[int, ...]:
    if steps and every is not None:
        raise OptionError("--steps and --every can't be combined: each says which steps are gaps")
    pace = EVERY if every is None else every
    chosen = steps or tuple(range(pace, last + 1, pace)) if pace > 0 else ()
    unknown = [step for step in chosen if not 1 <= step <= last]
    if unknown or not chosen:
        found = unknown[0] if unknown else pace
        raise OptionError(f"the derivation has the steps 1 to {last}, and {found} is none of them")
    return chosen
