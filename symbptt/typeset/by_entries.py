"""A derivation entry by entry, as blocks of an article."""

from __future__ import annotations

from collections.abc import Iterator

from symbptt.algebra import Expr, walk
from symbptt.algebra.letters import Line
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.indices import EquationLines, StepLines, by_entries
from symbptt.typeset.blocks import Block, Display, Equality, Math, Paragraph, Prose, prose
from symbptt.typeset.formula import LatexPrinter

NESTED = (
    "The gradient that is summed has a chain rule of its own. With it put in, this is one sum "
    "over all letters, from which the deltas lead back:"
)
TENSOR = (
    "The other way is to differentiate by the row that is read as a whole. Its derivative by the "
    "table is a tensor, here one matrix for each row $ROW$ of the table: zero unless $ROW$ is the "
    "row that is read, and there the identity. So row $ROW$ of the gradient is"
)
MATRIX = "In matrix form,"
WHOLE = "With whole arrays,"


class ByEntries:
    """Says the equations and steps of a derivation entry by entry."""

    def __init__(self, derivation: Derivation, printer: LatexPrinter, tags: dict[str, str]) -> None:
        self.indices = by_entries(derivation)
        self.printer = printer
        self.tags = tags

    def expressions(self) -> Iterator[Expr]:
        """Every node that is shown."""
        for line in self.indices.lines():
            for expr in (line.target, *line.members):
                yield from walk(self.printer.lay(expr))

    # --- equations ---------------------------------------------------------------------

    def equations(self) -> Iterator[Block]:
        for lines in self.indices.equations:
            yield Paragraph(self.entry_words(lines))
            yield self.display(lines.entry)
            if lines.slopes:
                yield Paragraph(("with the partial derivatives",))
                yield self.display(*lines.slopes)

    def entry_words(self, lines: EquationLines) -> Prose:
        tag = f"({self.tags[lines.name]})"
        if not lines.entry.letters:
            return (f"Equation {tag} is",)
        return "Entry ", self.places(lines.entry), f" of equation {tag} is"

    def places(self, line: Line) -> Math:
        """``j`` or ``(j, i)``."""
        letters = ", ".join(map(self.printer.show, line.letters))
        return Math(letters if len(line.letters) == 1 else f"({letters})")

    # --- steps -------------------------------------------------------------------------

    def step(self, step: Step, introduction: Paragraph, display: Display) -> Iterator[Block]:
        """The step by entries, where it has any, and then as it is."""
        lines = self.indices.of(step)
        if lines is None:
            yield from (introduction, display)
            return
        yield from (introduction, self.display(lines.line))
        yield from self.both_ways(lines)
        yield from (Paragraph((MATRIX if step.shape else WHOLE,)), display)

    def both_ways(self, lines: StepLines) -> Iterator[Block]:
        if lines.nested is not None:
            yield from (Paragraph((NESTED,)), self.display(lines.nested))
        if lines.tensor is not None:
            row = self.printer.show(lines.tensor.letters[0])
            yield Paragraph(prose(TENSOR.replace("ROW", row)))
            yield self.display(lines.tensor)

    def display(self, *lines: Line) -> Display:
        return Display(tuple(map(self.equality, lines)))

    def equality(self, line: Line) -> Equality:
        members = tuple(self.printer.laid(member) for member in line.members)
        return Equality(self.printer.laid(line.target), members)
