r"""Expressions in LaTeX where vectors are rows.

A name by itself is a row; where an expression of the column layout is set as it is, its
vectors are columns and print as ``\mathbf{h}^{\top}``.
"""

from __future__ import annotations

from symbptt import algebra as al
from symbptt.algebra.letters import RowOf
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.printer import Level, Piece
from symbptt.typeset.rows import NAMES, RowVector, in_rows, is_row, row_shape


class RowPrinter(LatexPrinter):
    """LaTeX in the row layout."""

    lines = "column"

    def lay(self, expr: al.Expr) -> al.Expr:
        return in_rows(expr)

    def space(self, shape: al.Shape) -> str:
        return super().space(row_shape(shape))

    def is_matrix(self, expr: al.Expr) -> bool:
        return super().is_matrix(expr) and not is_row(expr)

    # --- names -------------------------------------------------------------------------

    def piece(self, expr: al.Expr) -> Piece:
        """A vector's name is that of a row: as a column it is stood up."""
        found = super().piece(expr)
        if not isinstance(expr, NAMES) or len(expr.shape) != 1:
            return found
        return Piece(self.transposed(self.fit(found, Level.ATOM)), Level.POWER)

    def print_rowvector(self, expr: RowVector) -> Piece:
        if isinstance(expr.vector, NAMES):
            return super().piece(expr.vector)
        match expr.vector:
            case al.Concat(parts=parts):
                return self.print_concat(al.Concat(tuple(map(in_rows, parts))))
            case al.Lookup() as vector:
                return Piece(self.row_of(vector))
            case RowOf() as vector:
                return self.matrix_row(vector)
            case al.Cases() as vector:
                return self.print_cases(vector)
            case al.Pullback() as vector:
                return self.print_pullback(vector)
        return Piece(self.transposed(self.show(expr.vector, Level.ATOM)), Level.POWER)

    # --- products ----------------------------------------------------------------------

    def print_diag(self, expr: al.Diag) -> Piece:
        r"""Square brackets set it off from elementwise factors: ``diag[1 - h^2]``."""
        inner = self.laid(expr.vector)
        tall = r"\frac" in inner or r"\left" in inner
        shown = rf"\!\left[{inner}\right]" if tall else f"[{inner}]"
        return Piece(rf"\operatorname{{diag}}{shown}")

    def print_mul(self, expr: al.Mul) -> Piece:
        """Scalars before a product need no parentheses around it."""
        *scalars, last = expr.factors
        if not scalars or not isinstance(last, al.Product) or any(f.shape for f in scalars):
            return super().print_mul(expr)
        front = self.show(al.Mul(tuple(scalars)), Level.PRODUCT)
        return Piece(self.beside(front, self.show(last, Level.MATRIX)), Level.MATRIX)

    def print_transpose(self, expr: al.Transpose) -> Piece:
        if isinstance(expr.operand, al.Column) and expr.operand.vector.shape:
            return Piece(self.laid(expr.operand.vector, Level.POWER), Level.POWER)
        return super().print_transpose(expr)

    def inner(self, left: al.Expr, right: al.Expr) -> Piece:
        if not is_row(left):
            return super().inner(left, right)
        turned = self.transposed(self.show(right, Level.ATOM))
        return Piece(self.beside(self.show(left, Level.MATRIX), turned), Level.MATRIX)

    def total(self, array: al.Expr) -> Piece:
        if not is_row(array):
            return super().total(array)
        row = self.show(array, Level.MATRIX)
        return Piece(self.beside(row, r"\mathbf{1}^{\top}"), Level.MATRIX)

    def print_concat(self, expr: al.Concat) -> Piece:
        inner = r",\, ".join(map(self.show, expr.parts))
        return Piece(rf"\left[{inner}\right]" if r"\frac" in inner else f"[{inner}]")

    # --- the chain rule ----------------------------------------------------------------

    def received(self, jacobian: Piece, cotangent: al.Expr) -> str:
        return self.beside(self.laid(cotangent, Level.MATRIX), self.fit(jacobian, Level.MATRIX))
