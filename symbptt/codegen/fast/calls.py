"""Expressions as calls that write into arrays made before: nothing is allocated.

A statement becomes a row of three-address calls, ``np.multiply(a, b, out)``. An operand
is a view of an array, or a scratch array that is given back as soon as it is read. What
has no such call is computed a few rows at a time by the plain text of its expression.
"""

from __future__ import annotations

from dataclasses import replace

from symbptt import algebra as al
from symbptt.codegen.fast.buffers import KernelCall, Quoted, Value, view
from symbptt.codegen.fast.entrywise import LEAVES
from symbptt.codegen.fast.matrices import Matrices, holds_matrices
from symbptt.codegen.numpy_printer import is_full, is_rowwise
from symbptt.functions.losses import LOSSES, loss_formula


class Compiler(Matrices):
    """Compiles statements in one place; ``there`` knows the place."""

    def assign(self, target: al.Expr, value: al.Expr, *, add: bool) -> None:
        """``target = value`` or ``target += value``; the target is a leaf or adjacent leaves."""
        scattered = self.there.scattered(target)
        if scattered is not None:
            with self.operand(value) as found:
                self.there.own.statements.append(KernelCall("_add_at", (*scattered, found)))
            return
        with self.there.shaped(target, value):
            self.assign_here(target, value, add=add)

    def assign_here(self, target: al.Expr, value: al.Expr, *, add: bool) -> None:
        out = self.target(target)
        if self.there.has_gaps(target):
            self.there.gapped.add(out)
        if not add:
            self.into(value, out, target)
            return
        terms = value.terms if isinstance(value, al.Add) else (value,)
        for term in terms:
            positive = term.operand if isinstance(term, al.Neg) else term
            with self.operand(positive) as found:
                sign = "subtract" if isinstance(term, al.Neg) else "add"
                self.there.emit(sign, out, found, out=out)

    def target(self, target: al.Expr) -> Value:
        if isinstance(target, al.Concat):
            array = self.there.joined(target.parts)
            assert array is not None
            return array
        return self.there.leaf(target)

    # --- products ------------------------------------------------------------------------

    def compute_product(self, expr: al.Product, out: Value) -> None:
        left, right = expr.left, expr.right
        if holds_matrices(expr):
            self.product_of_matrices(expr, out)
            return
        if not is_rowwise(right):
            # A matrix may be laid out with its rows apart, which np.dot does not write into.
            with self.operands((left, right)) as sides:
                self.there.emit("matmul", *sides, out=out)
            return
        callee = self.product(out, right)
        with self.operand(right) as rows:
            matrix = self.there.turned(left)
            if self.there.place == "loop":
                gaps = callee == "matmul"
                self.there.product_in_blocks(rows, matrix, out, left.shape, gaps=gaps)
            else:
                self.there.emit(callee, rows, matrix, out=out)

    def product(self, out: Value, *sides: al.Expr) -> str:
        """The fastest product knows only arrays without gaps: of others it makes copies."""
        gaps = out in self.there.gapped or any(self.has_gaps(side) for side in sides)
        return "matmul" if gaps else "dot"

    def has_gaps(self, expr: al.Expr) -> bool:
        if isinstance(expr, al.Slice):
            return True
        return isinstance(expr, LEAVES | al.Concat) and self.there.has_gaps(expr)

    def compute_transpose(self, expr: al.Transpose, out: Value) -> None:
        inner = expr.operand
        if is_rowwise(expr):
            self.compute_turned(expr, out)
        elif isinstance(inner, al.Concat):
            blocks = [part.shape[0] for part in inner.parts]
            for number, part in enumerate(inner.parts):
                self.place(flipped(part), self.there.piece("columns", out, blocks, number))
        elif isinstance(flipped(inner), al.Transpose):
            with self.operand(inner) as found:
                self.there.emit("copyto", view("transposed", found), out=out)
        else:
            self.compute(flipped(inner), out)

    def compute_concat(self, expr: al.Concat, out: Value) -> None:
        blocks = [part.shape[0] for part in expr.parts]
        for number, part in enumerate(expr.parts):
            if is_rowwise(expr):
                self.place(part, self.there.block(out, blocks, number))
            else:
                self.place(part, self.there.piece("rows", out, blocks, number))

    def compute_slice(self, expr: al.Slice, out: Value) -> None:
        with self.operand(expr.vector) as found:
            self.there.emit("copyto", self.there.block(found, expr.blocks, expr.number), out=out)

    def compute_vector(self, expr: al.Vector, out: Value) -> None:
        """By calls where there are some for the function, else a few rows at a time."""
        method = getattr(self, f"vector_{expr.function}", None)
        if method is None or not all(map(self.is_full_vector, expr.args)):
            self.there.by_rows(out, expr)
        else:
            method(*expr.args, out)

    def is_full_vector(self, expr: al.Expr) -> bool:
        return len(expr.shape) <= 1 and is_rowwise(expr) and is_full(expr)

    def vector_softmax(self, vector: al.Expr, out: Value) -> None:
        column = self.there.take(())
        with self.operand(vector) as found:
            ones = self.there.column_of_ones(vector.shape[0])
            self.there.emit("_softmax_into", found, column, ones, out=out)
        self.there.give(column)

    def compute_identity(self, expr: al.Identity, out: Value) -> None:
        self.there.emit("copyto", self.there.once(expr), out=out)

    def compute_fill(self, expr: al.Fill, out: Value) -> None:
        with self.operand(expr.scalar) as found:
            self.there.emit("copyto", self.filling(expr, found), out=out)

    def compute_loss(self, expr: al.Loss, out: Value) -> None:
        """By its definition, unless it shares the exponentials of a softmax."""
        rows = is_rowwise(expr.prediction) and is_rowwise(expr.target)
        if expr.function == "softmax_cross_entropy" and rows:
            scratch = self.there.take(expr.prediction.shape)
            self.softmax_and_loss(expr, scratch, out)
            self.there.give(scratch)
        elif rows:
            self.compute(loss_formula(expr, LOSSES[expr.function].definition), out)
        else:
            self.there.by_rows(out, expr)

    def softmax_and_loss(self, expr: al.Loss, softmax: Value, out: Value) -> None:
        """Both at once: they share the exponentials."""
        column = self.there.take(())
        unit = al.OneHot(expr.target, expr.prediction.shape[0])
        with self.index(unit) as index, self.operand(expr.prediction) as found:
            ones = self.there.column_of_ones(unit.shape[0])
            self.there.emit("_softmax_and_loss", found, index, column, ones, softmax, out=out)
        self.there.give(column)

    def row_sum(self, rows: Value, like: al.Expr, out: Value) -> None:
        """The sum of each row; of a scalar a row, the scalar."""
        if like.shape:
            self.there.emit("add.reduce", rows, 1, None, out=out, options=(True,))
        else:
            self.there.emit("copyto", rows, out=out)

    def vector_sum(self, vector: al.Expr, out: Value) -> None:
        with self.operand(vector) as found:
            self.row_sum(found, vector, out)

    def vector_mean(self, vector: al.Expr, out: Value) -> None:
        self.vector_sum(vector, out)
        count = self.there.number(al.Length(vector.shape[0]))
        self.there.emit("divide", out, count, out=out)

    def vector_dot(self, left: al.Expr, right: al.Expr, out: Value) -> None:
        scratch = self.there.take(left.shape)
        self.compute(al.Mul((left, right)), scratch)
        self.row_sum(scratch, left, out)
        self.there.give(scratch)

    def compute_lookup(self, expr: al.Lookup, out: Value) -> None:
        if not is_rowwise(expr):
            self.there.by_rows(out, expr)
            return
        with self.operands((expr.table, expr.row)) as (table, row):
            self.there.emit("take", table, row, 0, out=out, options=(Quoted("clip"),))

    # --- sums over time --------------------------------------------------------------------

    def compute_timesum(self, expr: al.TimeSum, out: Value) -> None:
        over_rows = Compiler(self.there.at("last" if expr.first == al.LAST else "all"))
        over_rows.sum_rows(expr, out)

    def sum_rows(self, expr: al.TimeSum, out: Value) -> None:
        """A sum over the rows of this place."""
        term = expr.term
        if isinstance(term, al.Neg):
            self.sum_rows(replace(expr, term=term.operand), out)
            self.there.emit("negative", out, out=out)
        elif isinstance(term, al.Outer) and is_rowwise(term.left) and is_rowwise(term.right):
            with self.operands((term.left, term.right)) as (left, right):
                callee = self.product(out, term.left, term.right)
                self.there.emit(callee, view("transposed", left), right, out=out)
        elif len(term.shape) == 1 and is_rowwise(term) and is_full(term):
            with self.operand(term) as rows:
                self.there.emit(self.product(out, term), self.there.ones(), rows, out=out)
        elif len(term.shape) == 2 and is_rowwise(term) and is_full(term):
            with self.operand(term) as rows:
                self.there.emit("add.reduce", rows, 0, None, out=out)
        elif not term.shape and is_rowwise(term):
            with self.operand(term) as rows:
                self.there.emit("add.reduce", rows, None, None, out=out)
        else:
            self.there.by_rows(out, expr)


def flipped(expr: al.Expr) -> al.Expr:
    """The transposed matrix, the transpose at what has no operation."""
    if isinstance(expr, al.Transpose):
        return expr.operand
    if isinstance(expr, al.Mul):
        return al.Mul(tuple(flipped(f) if f.shape else f for f in expr.factors))
    if isinstance(expr, al.Add):
        return al.Add(tuple(map(flipped, expr.terms)))
    if isinstance(expr, al.Neg):
        return al.Neg(flipped(expr.operand))
    return al.Transpose(expr)
