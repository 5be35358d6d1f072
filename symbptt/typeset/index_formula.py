r"""Expressions of entries in LaTeX: ``(\mathbf{h}_t)_j``, deltas, sums over letters."""

from __future__ import annotations

from collections.abc import Iterable

from symbptt.algebra import Cotangent, Expr, Lookup, Loss, OneHot, Vector
from symbptt.algebra.letters import Behind, Delta, Entry, Letter, LetterSum, RowOf, Slope
from symbptt.typeset.names import Names
from symbptt.typeset.printer import Level, Piece, Printer


class IndexPrinter(Printer):
    """The nodes of `symbptt.algebra.letters`; the rest is the printer's that builds on it."""

    names: Names

    def derivative(self, of: str, by: str) -> Piece:
        raise NotImplementedError

    def print_lookup(self, expr: Lookup) -> Piece:
        """A row of the table, stood up as a column."""
        return Piece(rf"{self.row_of(expr)}^{{\top}}", Level.POWER)

    def row_of(self, expr: Lookup) -> str:
        """A row of a table, as the row that it is."""
        table = self.show(expr.table, Level.ATOM)
        if "_" in table:
            table = f"({table})"
        return rf"{table}_{{{self.show(expr.row)},:}}"

    def print_onehot(self, expr: OneHot) -> Piece:
        position = self.show(expr.position)
        unit = self.names.unit_vector(position)
        return Piece(unit or rf"\operatorname{{onehot}}({position})")

    def print_letter(self, expr: Letter) -> Piece:
        return Piece(self.names.letter(expr.name))

    def print_behind(self, expr: Behind) -> Piece:
        letter = self.show(expr.letter)
        return Piece(letter) if expr.dim == 0 else Piece(f"{self.names.dim(expr.dim)} + {letter}")

    def places(self, places: Iterable[Expr]) -> str:
        """Letters side by side; anything longer with commas between."""
        found = tuple(places)
        short = all(isinstance(place, Letter) and "_" not in place.name for place in found)
        shown = tuple(map(self.show, found))
        if not short:
            return ",".join(shown)
        return (" " if any("\\" in text for text in shown) else "").join(shown)

    def print_entry(self, expr: Entry) -> Piece:
        places = self.places(expr.places)
        match expr.array:
            case Cotangent() as array:
                return self.gradient_entry(array, rf"_{{{places}}}")
            case Loss(wrt=int() as wrt) as array:
                variable = (array.prediction, array.target)[wrt]
                value = self.show(Loss(array.function, array.prediction, array.target))
                return self.derivative(value, f"({self.laid(variable)})_{{{places}}}")
            case Vector() as array:
                return Piece(rf"{self.laid(array)}_{{{places}}}")
        return Piece(rf"{self.enclosed(self.laid(expr.array))}_{{{places}}}")

    def gradient_entry(self, array: Cotangent, places: str) -> Piece:
        """The derivative by an entry, or the entry of the gradient's own sign."""
        own = self.names.gradient(array.name, array.shape, array.index)
        variable = own or self.names.variable(array.name, array.shape, array.index)
        bare = ":" in places and not set(variable) & {"_", "^"}
        entry = f"{variable if bare else self.enclosed(variable)}{places}"
        return Piece(entry) if own else self.derivative(self.names.clock.loss, entry)

    def print_delta(self, expr: Delta) -> Piece:
        sides = (self.show(expr.left), self.show(expr.right))
        if self.names.has_delta():
            return Piece(f"[{sides[0]} = {sides[1]}]")
        return Piece(rf"\delta_{{{self.places((expr.left, expr.right))}}}")

    def print_slope(self, expr: Slope) -> Piece:
        output, wrt = (self.laid(side) for side in (expr.output, expr.wrt))
        return self.derivative(output, wrt)

    def print_lettersum(self, expr: LetterSum) -> Piece:
        letter, last = self.show(expr.letter), self.names.dim(expr.letter.dim)
        term = self.show(expr.term, Level.BIG_SUM)
        return Piece(rf"\sum_{{{letter}=1}}^{{{last}}} {term}", Level.BIG_SUM)

    def print_rowof(self, expr: RowOf) -> Piece:
        """A row of a matrix, stood up as a column."""
        return self.matrix_row(expr, r"^{\top}")

    def matrix_row(self, expr: RowOf, ending: str = "") -> Piece:
        place = rf"_{{{self.show(expr.place)},:}}{ending}"
        if isinstance(expr.matrix, Cotangent):
            return self.gradient_entry(expr.matrix, place)
        matrix = self.show(expr.matrix, Level.ATOM)
        return Piece((f"({matrix})" if "_" in matrix else matrix) + place, Level.POWER)
