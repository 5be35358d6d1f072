"""Matrices a row as calls that write into arrays made before.

Products of a matrix a row are batches of NumPy's `matmul`; an outer product, and a product
with a diagonal matrix, is one elementwise product of arrays with axes of length 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from symbptt import algebra as al
from symbptt.codegen.fast.buffers import Value
from symbptt.codegen.fast.entrywise import Entrywise
from symbptt.codegen.numpy_printer import is_rowwise


def holds_matrices(expr: al.Product) -> bool:
    """Whether a product has a matrix that changes from row to row, or a diagonal one."""
    sides = (expr.left, expr.right)
    if any(isinstance(side, al.Diag | al.Ones) for side in sides):
        return True
    return any(len(side.shape) == 2 and is_rowwise(side) for side in sides)


class Matrices(Entrywise):
    """Compiles what has, makes or takes a matrix a row; ``there`` knows the place."""

    def compute_outer(self, expr: al.Outer, out: Value) -> None:
        with self.operands((expr.left, expr.right)) as (left, right):
            rows = self.there.reshaped("as_columns", left)
            self.there.emit("multiply", rows, self.there.reshaped("as_rows", right), out=out)

    def compute_diag(self, expr: al.Diag, out: Value) -> None:
        self.compute(al.Product(expr, al.Identity(expr.shape[0])), out)

    def compute_vec(self, expr: al.Vec, out: Value) -> None:
        with self.operand(expr.operand) as found:
            self.there.emit("copyto", self.there.reshaped("entries", found), out=out)

    def product_of_matrices(self, expr: al.Product, out: Value) -> None:
        left, right = expr.left, expr.right
        if isinstance(left, al.Diag):
            self.scaled_by("as_columns" if right.shape[1:] else "", left, right, out)
        elif isinstance(right, al.Diag):
            self.scaled_by("as_rows", right, left, out)
        elif isinstance(right, al.Ones):
            with self.side(left) as found:
                self.there.emit("add.reduce", found, -1, None, out=out)
        else:
            with self.side(left) as one, self.side(right) as other:
                if right.shape[1:]:
                    self.there.emit("matmul", one, other, out=out)
                else:
                    other = self.there.reshaped("as_columns", other)
                    into = self.there.reshaped("as_columns", out)
                    self.there.emit("matmul", one, other, out=into)

    def scaled_by(self, how: str, diagonal: al.Diag, matrix: al.Expr, out: Value) -> None:
        with self.side(matrix) as found, self.operand(diagonal.vector) as scales:
            scales = self.there.reshaped(how, scales) if how else scales
            self.there.emit("multiply", found, scales, out=out)

    @contextmanager
    def side(self, expr: al.Expr) -> Iterator[Value]:
        """A side of a product; the transpose of a matrix a row is a view."""
        if isinstance(expr, al.Transpose) and is_rowwise(expr):
            with self.operand(expr.operand) as found:
                yield self.there.reshaped("turned", found)
        else:
            with self.operand(expr) as found:
                yield found

    def compute_turned(self, expr: al.Transpose, out: Value) -> None:
        with self.side(expr) as found:
            self.there.emit("copyto", found, out=out)
