"""A derivation as formulas: lines that ``check`` reads, and that are right as they stand."""

from __future__ import annotations

from collections.abc import Iterator

from symbptt import algebra as al
from symbptt.calculus.derivation import (
    Derivation,
    EquationName,
    Past,
    Range,
    ReasonPart,
    Step,
    StepNumber,
    TotalLoss,
)
from symbptt.calculus.estimators import FULL
from symbptt.calculus.indices import Indices, by_entries
from symbptt.errors import OptionError
from symbptt.typeset.plain import PlainPrinter, index_text
from symbptt.typeset.row_plain import RowPlain
from symbptt.typeset.style import Style

PRINTERS: dict[str, type[PlainPrinter]] = {"column": PlainPrinter, "row": RowPlain}
"""The printer of each layout."""


def formulas_text(derivation: Derivation, made: tuple[str, ...], style: Style) -> str:
    """The steps with their reasons in comments, as ``derive --to formulas`` prints them.

    Raises
    ------
    OptionError
        If a notation is asked for: formulas have one.
    """
    if style.notation != Style().notation:
        raise OptionError(
            f"--notation {','.join(style.notation)} can't be combined with --to formulas: what "
            "check reads has one notation"
        )
    lines = Formulas(derivation, style)
    head = [*made, f"Each line is a formula that check reads{lines.asked}."]
    return "\n".join([*(f"# {line}" for line in head), "", *lines.text()]) + "\n"


class Formulas:
    """The lines of a derivation in a layout and at a level of detail."""

    def __init__(self, derivation: Derivation, style: Style | None = None) -> None:
        self.derivation = derivation
        self.style = style or Style()
        self.printer = PRINTERS[self.style.layout]()
        self.by_entries = (
            by_entries(derivation) if self.style.detail == "index" else Indices((), ())
        )

    @property
    def asked(self) -> str:
        """The options of ``check`` under which the lines are meant."""
        options = [f"--layout {self.style.layout}"] if self.style.layout != "column" else []
        options += ["--total last"] if self.derivation.of != "L" else []
        if self.derivation.estimator != FULL:
            options.append(f"--estimator {self.derivation.estimator}")
        return f", with {' '.join(options)}" if options else ""

    def __iter__(self) -> Iterator[str]:
        return (line for line in self.text() if line and not line.startswith("#"))

    def text(self) -> Iterator[str]:
        for item in self.derivation.normal.definitions:
            yield self.equation(item.ref, item.rhs)
        for lines in self.by_entries.equations:
            for line in (lines.entry, *lines.slopes):
                yield from self.chain(line.target, line.members)
        for step in self.derivation.steps:
            yield from ("", f"# ({step.number}) {''.join(map(self.words, step.reason))}")
            yield from self.step(step)
            found = self.by_entries.of(step)
            for line in found.all() if found else ():
                yield from self.chain(line.target, line.members, condition(step))

    def step(self, step: Step) -> Iterator[str]:
        kept = step.members[-1:] if self.style.detail == "summary" else step.members
        return self.chain(step.target, kept, condition(step))

    def chain(
        self, target: al.Expr, members: tuple[al.Expr, ...], where: str = ""
    ) -> Iterator[str]:
        return (self.equation(target, member, where) for member in members)

    def equation(self, left: al.Expr, right: al.Expr, where: str = "") -> str:
        text = f"{self.printer.laid(left)} = {self.printer.laid(right)}"
        return f"{text} for {where}" if where else text

    def words(self, part: ReasonPart) -> str:
        """A part of a reason on a line of text."""
        match part:
            case TotalLoss():
                return "L"
            case Past(index=index):
                return f"past {index_text(index)}"
            case al.Index():
                return index_text(part)
            case StepNumber(number=number):
                return f"({number})"
            case EquationName(name=name):
                return f"the equation of {name}"
            case al.Expr():
                return self.printer.laid(part)
        return part


def condition(step: Step) -> str:
    """``1 <= t <= T-1``, ``T = 1``, ``2 <= T``; "" where the target says it."""
    last = step.part or al.LAST
    parts = [range_text(step.holds)] if step.holds else []
    if step.holds is None and step.needs > 1:
        parts.append(f"{step.needs} <= {last}")
    if last != al.LAST:
        parts.append(f"1 <= {last} <= T")
    return ", ".join(parts)


def range_text(steps: Range) -> str:
    first, of, last = map(index_text, (steps.first, steps.of, steps.last))
    return f"{of} = {first}" if first == last else f"{first} <= {of} <= {last}"
