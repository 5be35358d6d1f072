"""Expressions on one line of text where vectors are rows."""

from __future__ import annotations

from symbptt import algebra as al
from symbptt.algebra.letters import RowOf
from symbptt.typeset.plain import PlainPrinter
from symbptt.typeset.printer import Level, Piece
from symbptt.typeset.rows import NAMES, RowVector, in_rows

_LAID = (*NAMES, al.Concat, al.Lookup, al.Pullback, al.Vec, RowOf)
"""What is a row when it stands by itself."""


class RowPlain(PlainPrinter):
    """Text in the row layout: a vector that is not laid is a column, ``h[t].T``."""

    def lay(self, expr: al.Expr) -> al.Expr:
        return in_rows(expr)

    def piece(self, expr: al.Expr) -> Piece:
        found = super().piece(expr)
        return self.turned(found) if isinstance(expr, NAMES) and len(expr.shape) == 1 else found

    def turned(self, piece: Piece) -> Piece:
        return Piece(f"{self.fit(piece, Level.ATOM)}.T")

    def print_rowvector(self, expr: RowVector) -> Piece:
        found = super().piece(expr.vector)
        return found if isinstance(expr.vector, _LAID) else self.turned(found)

    def print_column(self, expr: al.Column) -> Piece:
        laid = self.lay(expr.vector)
        return self.turned(self.piece(laid)) if expr.vector.shape else self.piece(laid)

    def print_transpose(self, expr: al.Transpose) -> Piece:
        """A row that was stood up, and is laid again."""
        if isinstance(expr.operand, al.Column):
            return self.piece(self.lay(expr.operand.vector))
        return super().print_transpose(expr)

    def print_vec(self, expr: al.Vec) -> Piece:
        return Piece(f"vec({self.laid(expr.operand)})")

    def print_derivative(self, expr: al.Derivative) -> Piece:
        found = self.derivative(expr.output, expr.wrt, expr.held)
        flat = len(expr.wrt.shape) == 2 and not expr.output.shape
        return Piece(f"vec({found.text})") if flat else found

    def derivative(self, output: al.Expr, wrt: al.Expr, held: al.Held) -> Piece:
        return super().derivative(self.lay(output), self.lay(wrt), held)

    def print_pullback(self, expr: al.Pullback) -> Piece:
        if not expr.output.shape:
            derivative = self.derivative(expr.output, expr.wrt, expr.held).text
            factor = self.show(expr.cotangent, Level.FRACTION)
            return Piece(f"{derivative} * {factor}", Level.PRODUCT)
        laid = self.laid(expr.cotangent, Level.MATRIX)
        row = f"vec({self.laid(expr.cotangent)})" if len(expr.output.shape) == 2 else laid
        derivative = self.derivative(expr.output, expr.wrt, expr.held).text
        return Piece(f"{row} @ {derivative}", Level.MATRIX)

    def print_direct(self, expr: al.Direct) -> Piece:
        return Piece(f"direct(L, {self.laid(expr.of)})")
