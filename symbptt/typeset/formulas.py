"""A derivation as formulas: lines that ``check`` reads, and that are right as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import (
    Derivation,
    EquationName,
    Past,
    Range,
    ReasonPart,
    Step,
    TotalLoss,
)
from symbptt.calculus.estimators import FULL
from symbptt.calculus.indices import Indices, by_entries
from symbptt.calculus.moments import dropped
from symbptt.errors import OptionError
from symbptt.typeset.clock import LOSS_STEPS
from symbptt.typeset.followers import followers, shares
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


def vectors_of(model: al.Model) -> dict[str, str]:
    """Of dimensions that a variable of another length is called as: a vector of theirs."""
    shapes = model.shapes
    return {
        shape[0]: name
        for name, shape in shapes.items()
        if len(shape) == 1 and isinstance(shape[0], str) and shapes.get(shape[0], shape) != shape
    }


class Formulas:
    """The lines of a derivation in a layout and at a level of detail."""

    def __init__(self, derivation: Derivation, style: Style | None = None) -> None:
        self.derivation = derivation
        self.style = style or Style()
        self.followers = followers(derivation.normal)
        self.part = next(derivation.normal.free_letters(LOSS_STEPS))
        self.printer = PRINTERS[self.style.layout](self.part, vectors_of(derivation.normal))
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
                yield from self.chain(line.target, line.members, self.condition(step))

        if self.derivation.estimator.kind == "window":
            yield from self.bias()

    def step(self, step: Step) -> Iterator[str]:
        kept = step.members[-1:] if self.style.detail == "summary" else step.members
        return self.chain(step.target, kept, self.condition(step))

    def bias(self) -> Iterator[str]:
        """The estimate less the gradient, whose parts are exact: what the window drops.

        What pieces drop ends with the piece before that of s, for which formulas have no sign.
        """
        yield from ("", "# The bias, the estimate less the gradient, is what is dropped")
        yield from (self.equation(*sides) for sides in self.biases())

    def biases(self) -> Iterator[tuple[al.Expr, al.Expr]]:
        for item in dropped(self.derivation):
            part = replace(item.of, part=al.PART)
            gradient = al.PartSum(part, al.FIRST, al.LAST)
            yield al.Add((item.of, al.Neg(gradient))), forms.neg(item.terms)

    def chain(
        self, target: al.Expr, members: tuple[al.Expr, ...], where: str = ""
    ) -> Iterator[str]:
        return (self.equation(target, member, where) for member in members)

    def equation(self, left: al.Expr, right: al.Expr, where: str = "") -> str:
        text = " = ".join(self.printer.laid(self.said(side)) for side in (left, right))
        return f"{text} for {where}" if where else text

    def said(self, expr: al.Expr) -> al.Expr:
        """In the signs of formulas, with a letter for a loss's step that the model has not."""
        expr = al.substitute_index(expr, {"s": al.Index.of(self.part)})
        return al.transform(expr, self.followed) if self.followers else expr

    def followed(self, node: al.Expr) -> al.Expr:
        """In formulas what is made of a parameter follows it, starts too: less their share."""
        match node:
            case al.Pullback(output=output, wrt=wrt, held="nothing" | "step" as held):
                jacobian = self.followed(al.Derivative(output, wrt, held))
                return al.Product(al.Transpose(jacobian), node.cotangent)
            case al.Derivative():
                taken = map(al.Neg, shares(node, self.followers))
                return forms.add((node, *taken), node.shape)
        return node

    def index(self, index: al.Index) -> str:
        return index_text(index.substitute({"s": al.Index.of(self.part)}))

    def condition(self, step: Step) -> str:
        """``1 <= t <= T-1``, ``T = 1``, ``2 <= T``; "" where the target says it."""
        last = step.part or al.LAST
        parts = [self.range(step.holds)] if step.holds else []
        if step.holds is None and step.needs > 1:
            parts.append(f"{step.needs} <= {self.index(last)}")
        if last != al.LAST:
            parts.append(f"1 <= {self.index(last)} <= T")
        return ", ".join(parts)

    def range(self, steps: Range) -> str:
        first, of, last = map(self.index, (steps.first, steps.of, steps.last))
        return f"{of} = {first}" if first == last else f"{first} <= {of} <= {last}"

    def words(self, part: ReasonPart) -> str:
        """A part of a reason on a line of text."""
        match part:
            case TotalLoss():
                return "L"
            case Past(index=index):
                return f"past {self.index(index)}"
            case al.Index():
                return self.index(part)
            case EquationName(name=name):
                return f"the equation of {name}"
            case al.Expr():
                return self.printer.laid(self.said(part))
        return part
