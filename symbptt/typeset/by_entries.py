"""A derivation entry by entry, as items of an article."""

from __future__ import annotations

from collections.abc import Iterator

from symbptt.algebra import Expr, walk
from symbptt.algebra.letters import Line
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.indices import EquationLines, StepLines, by_entries
from symbptt.typeset.display import Item, Row, chain
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.glossary import with_formulas
from symbptt.typeset.markup import Markup

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

    def __init__(
        self, derivation: Derivation, printer: LatexPrinter, markup: Markup, tags: dict[str, str]
    ) -> None:
        self.indices = by_entries(derivation)
        self.printer = printer
        self.markup = markup
        self.tags = tags

    def expressions(self) -> Iterator[Expr]:
        """Every node that is shown."""
        for line in self.indices.lines():
            for expr in (line.target, *line.members):
                yield from walk(self.printer.lay(expr))

    # --- equations ---------------------------------------------------------------------

    def equations(self) -> Iterator[Item]:
        for lines in self.indices.equations:
            yield Item(self.entry_words(lines), self.display(lines.entry))
            if lines.slopes:
                yield Item("with the partial derivatives", self.display(*lines.slopes))

    def entry_words(self, lines: EquationLines) -> str:
        tag = f"({self.tags[lines.name]})"
        if not lines.entry.letters:
            return f"Equation {tag} is"
        return f"Entry {self.places(lines.entry)} of equation {tag} is"

    def places(self, line: Line) -> str:
        """``j`` or ``(j, i)``."""
        letters = ", ".join(map(self.printer.show, line.letters))
        return self.markup.math(letters if len(line.letters) == 1 else f"({letters})")

    # --- steps -------------------------------------------------------------------------

    def step(self, step: Step, prose: str, display: str) -> Iterator[Item]:
        """The step by entries, where it has any, and then as it is."""
        lines = self.indices.of(step)
        if lines is None:
            yield Item(prose, display)
            return
        yield Item(prose, self.display(lines.line))
        yield from self.both_ways(lines)
        yield Item(MATRIX if step.shape else WHOLE, display)

    def both_ways(self, lines: StepLines) -> Iterator[Item]:
        if lines.nested is not None:
            yield Item(NESTED, self.display(lines.nested))
        if lines.tensor is not None:
            row = self.printer.show(lines.tensor.letters[0])
            words = with_formulas(TENSOR.replace("ROW", row), self.markup)
            yield Item(words, self.display(lines.tensor))

    def display(self, *lines: Line) -> str:
        return self.markup.display(row for line in lines for row in self.rows(line))

    def rows(self, line: Line) -> tuple[Row, ...]:
        members = [self.printer.laid(member) for member in line.members]
        return chain(self.printer.laid(line.target), members)
