"""Expressions on one line of readable text: ``W_hh.T @ dL/da[t+1]``.

For comments in generated code, for error messages and for tables in a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import repeat

from symbptt import algebra as al
from symbptt.algebra.letters import Behind, Delta, Entry, Letter, LetterSum, RowOf, Slope
from symbptt.typeset.printer import Level, Piece, Printer
from symbptt.typeset.rows import RowVector


def plain(expr: al.Expr) -> str:
    """The expression on one line of text.

    Raises
    ------
    MissingRuleError
        If the printer has no method for a node kind.
    """
    return _PRINTER.show(expr)


def index_text(index: al.Index) -> str:
    """``i-t``, not ``-t+i``."""
    return str(replace(index, terms=tuple(sorted(index.terms, key=lambda term: term[1] < 0))))


def plain_dim(dim: al.Dim) -> str:
    return str(dim)


def plain_shape(shape: al.Shape) -> str:
    """``(h, d)``, ``(h,)`` or ``scalar``."""
    if not shape:
        return "scalar"
    return f"({', '.join(map(plain_dim, shape))}{',' if len(shape) == 1 else ''})"


_DERIVATIVE: dict[al.Held, str] = {
    "equation": "direct",
    "step": "partial",
    "nothing": "d",
    "total": "d",
}


class PlainPrinter(Printer):
    """Expressions on one line.

    Parameters
    ----------
    loss_step : str
        The letter for the step of a loss, in sums over the parts of L.
    vectors : mapping of str to str, optional
        Of dimensions that bear a variable's name: a vector whose length they are.
    """

    def __init__(self, loss_step: str = "s", vectors: Mapping[str, str] | None = None) -> None:
        self.loss_step = loss_step
        self.vectors = vectors or {}

    def length(self, dim: al.Dim) -> str:
        """``len(n)+len(m)``, a number for a literal length."""
        parts = dim.parts if isinstance(dim, al.DimSum) else (dim,)
        return "+".join(
            str(part) if isinstance(part, int) else f"len({self.vectors.get(str(part), part)})"
            for part in parts
        )

    # --- leaves ------------------------------------------------------------------------

    def print_number(self, expr: al.Number) -> Piece:
        text = expr.text or str(expr.value)
        if expr.value < 0:
            return Piece(text, Level.SIGNED)
        return Piece(text, Level.PRODUCT if "/" in text else Level.ATOM)

    def print_constant(self, expr: al.Constant) -> Piece:
        return Piece(expr.name)

    def print_length(self, expr: al.Length) -> Piece:
        text = f"len({expr.of})" if expr.of else self.length(expr.dim)
        return Piece(text, Level.SUM if "+" in text else Level.ATOM)

    def print_count(self, expr: al.Count) -> Piece:
        text = index_text(expr.index)
        return Piece(text, Level.ATOM if text.isalnum() else Level.SUM)

    def print_horizon(self, expr: al.Horizon) -> Piece:
        return Piece("T")

    def print_param(self, expr: al.Param) -> Piece:
        return Piece(expr.name)

    def print_ref(self, expr: al.Ref) -> Piece:
        return Piece(f"{expr.name}[{index_text(expr.index)}]")

    def print_cotangent(self, expr: al.Cotangent) -> Piece:
        step = "" if expr.index is None else f"[{index_text(expr.index)}]"
        part = "" if expr.part is None else f"[{expr.part}]"
        return Piece(f"dL{part}/d{expr.name}{step}", Level.FRACTION)

    def print_identity(self, expr: al.Identity) -> Piece:
        return Piece("I")

    # --- arithmetic --------------------------------------------------------------------

    def print_add(self, expr: al.Add) -> Piece:
        text = self.show(expr.terms[0], Level.SIGNED)
        for term in expr.terms[1:]:
            negative = isinstance(term, al.Neg)
            shown = self.show(term.operand if isinstance(term, al.Neg) else term, Level.BIG_SUM)
            text += f" - {shown}" if negative else f" + {shown}"
        return Piece(text, Level.SUM)

    def print_neg(self, expr: al.Neg) -> Piece:
        return Piece(f"-{self.show(expr.operand, Level.BIG_SUM)}", Level.SIGNED)

    def print_mul(self, expr: al.Mul) -> Piece:
        first = self.piece(expr.factors[0])
        signed = first.level == Level.SIGNED and not isinstance(expr.factors[0], al.Number)
        bare = signed or first.level == Level.PRODUCT
        start = first.text if bare else self.fit(first, Level.FRACTION)
        rest = [self.show(factor, Level.FRACTION) for factor in expr.factors[1:]]
        return Piece(" * ".join([start, *rest]), Level.SIGNED if signed else Level.PRODUCT)

    def print_div(self, expr: al.Div) -> Piece:
        top = self.piece(expr.numerator)
        start = top.text if top.level == Level.PRODUCT else self.fit(top, Level.FRACTION)
        return Piece(f"{start} / {self.show(expr.denominator, Level.POWER)}", Level.PRODUCT)

    def print_pow(self, expr: al.Pow) -> Piece:
        base = self.show(expr.base, Level.ATOM)
        exponent = self.piece(expr.exponent)
        # -1/2 is the quotient of -1 and 2: behind ** it needs its parentheses.
        signed = exponent.level == Level.SIGNED and "/" not in exponent.text
        shown = exponent.text if signed else self.fit(exponent, Level.POWER)
        return Piece(f"{base}**{shown}", Level.POWER)

    def print_call(self, expr: al.Call) -> Piece:
        prime = "" if expr.wrt is None else "'" if len(expr.args) == 1 else f"'{expr.wrt + 1}"
        return self.call(expr.function + prime, *expr.args)

    def call(self, name: str, *args: al.Expr) -> Piece:
        return Piece(f"{name}({', '.join(map(self.show, args))})")

    # --- vectors and matrices ----------------------------------------------------------

    def print_transpose(self, expr: al.Transpose) -> Piece:
        # 1.T would be read as a number, 1., and a name.
        shown = self.show(expr.operand, Level.ATOM)
        return Piece(f"({shown}).T" if isinstance(expr.operand, al.Number) else f"{shown}.T")

    def print_product(self, expr: al.Product) -> Piece:
        parts = [self.matrix_factor(side) for side in (expr.left, expr.right)]
        return Piece(" @ ".join(parts), Level.MATRIX)

    def matrix_factor(self, expr: al.Expr) -> str:
        return self.show(expr, Level.MATRIX)

    def print_lookup(self, expr: al.Lookup) -> Piece:
        return Piece(f"{self.show(expr.table, Level.ATOM)}[{self.show(expr.row)}]")

    def print_onehot(self, expr: al.OneHot) -> Piece:
        return self.call("onehot", expr.position)

    def print_pick(self, expr: al.Pick) -> Piece:
        return Piece(f"{self.show(expr.vector, Level.ATOM)}[{self.show(expr.position)}]")

    def print_concat(self, expr: al.Concat) -> Piece:
        return Piece(f"concat({', '.join(map(self.part, expr.parts))})")

    def part(self, expr: al.Expr) -> str:
        """A part of a vector; a number in every entry of it says how many there are."""
        if not isinstance(expr, al.Fill):
            return self.laid(expr)
        if expr.scalar == al.ZERO:
            return f"zeros({plain_dim(al.entries(expr.shape))})"
        ones = f"ones({plain_dim(al.entries(expr.shape))})"
        return f"{self.show(expr.scalar, Level.FRACTION)} * {ones}"

    def print_slice(self, expr: al.Slice) -> Piece:
        before, upto = expr.blocks[: expr.number], expr.blocks[: expr.number + 1]
        start = plain_dim(al.add_dims(before)) if before else ""
        end = plain_dim(al.add_dims(upto)) if len(upto) < len(expr.blocks) else ""
        return Piece(f"{self.show(expr.vector, Level.ATOM)}[{start}:{end}]")

    def print_vector(self, expr: al.Vector) -> Piece:
        return self.call(expr.function, *expr.args)

    def print_fill(self, expr: al.Fill) -> Piece:
        if isinstance(expr.scalar, al.Number):
            return self.piece(expr.scalar)
        return Piece(f"{self.show(expr.scalar, Level.FRACTION)} * ones", Level.PRODUCT)

    def print_outer(self, expr: al.Outer) -> Piece:
        return self.call("outer", expr.left, expr.right)

    # --- losses, the chain rule, sums over time ----------------------------------------

    def print_loss(self, expr: al.Loss) -> Piece:
        prime = "" if expr.wrt is None else f"'{expr.wrt + 1}"
        return self.call(expr.function + prime, expr.prediction, expr.target)

    def print_derivative(self, expr: al.Derivative) -> Piece:
        """A Jacobian; of a scalar it is a row, and formulas have its gradient."""
        found = self.derivative(expr.output, expr.wrt, expr.held)
        if expr.output.shape or not expr.wrt.shape:
            return found
        return Piece(f"vec({found.text}).T" if len(expr.wrt.shape) == 2 else f"{found.text}.T")

    def derivative(self, output: al.Expr, wrt: al.Expr, held: al.Held) -> Piece:
        return self.call(_DERIVATIVE[held], output, wrt)

    def print_direct(self, expr: al.Direct) -> Piece:
        return Piece(f"direct(L, {self.show(expr.of)})")

    def print_stack(self, expr: al.Stack) -> Piece:
        return Piece(f"{expr.name}[{expr.index}]")

    def print_orderedproduct(self, expr: al.OrderedProduct) -> Piece:
        order = ["-1"] if expr.step < 0 else []
        return self.over("prod", expr, *order, self.show(expr.factor))

    def over(self, word: str, expr: al.TimeSum | al.OrderedProduct, *rest: str) -> Piece:
        limits = (index_text(expr.first), index_text(expr.last))
        return Piece(f"{word}({', '.join((expr.index, *limits, *rest))})")

    def print_matrixpower(self, expr: al.MatrixPower) -> Piece:
        return self.print_pow(al.Pow(expr.base, al.Count(expr.exponent)))

    def print_kronecker(self, expr: al.Kronecker) -> Piece:
        return self.call("kron", expr.left, expr.right)

    def print_vec(self, expr: al.Vec) -> Piece:
        return self.call("vec", expr.operand)

    def print_blockmatrix(self, expr: al.BlockMatrix) -> Piece:
        rows = [
            [self.block(*cell) for cell in zip(row, repeat(height), expr.widths, strict=False)]
            for row, height in zip(expr.cells, expr.heights, strict=True)
        ]
        beside = [f"hstack({', '.join(row)})" if len(row) > 1 else row[0] for row in rows]
        return Piece(f"vstack({', '.join(beside)})" if len(rows) > 1 else beside[0])

    def block(self, cell: al.Expr | None, height: al.Dim, width: al.Dim) -> str:
        if cell is not None and not isinstance(cell, al.Fill):
            return self.show(cell)
        shape = (height, width) if cell is None else cell.of_shape
        return f"zeros({', '.join(map(plain_dim, shape))})"

    def print_diag(self, expr: al.Diag) -> Piece:
        return self.call("diag", expr.vector)

    def print_column(self, expr: al.Column) -> Piece:
        return self.piece(expr.vector)

    def print_ones(self, expr: al.Ones) -> Piece:
        return Piece(f"ones({plain_dim(expr.dim)})" if expr.dim else "ones")

    def print_blockrow(self, expr: al.BlockRow) -> Piece:
        height = expr.blocks[expr.number]
        cells = tuple(
            al.Identity(height) if number == expr.number else None
            for number in range(len(expr.blocks))
        )
        return self.print_blockmatrix(al.BlockMatrix((cells,), (height,), expr.blocks))

    def print_pullback(self, expr: al.Pullback) -> Piece:
        derivative = self.derivative(expr.output, expr.wrt, expr.held).text
        if len(expr.output.shape) == 2:
            return Piece(f"{derivative}.T @ vec({self.show(expr.cotangent)})", Level.MATRIX)
        if expr.output.shape:
            return Piece(f"{derivative}.T @ {self.matrix_factor(expr.cotangent)}", Level.MATRIX)
        return Piece(f"{derivative} * {self.show(expr.cotangent, Level.FRACTION)}", Level.PRODUCT)

    def print_cases(self, expr: al.Cases) -> Piece:
        """The one entry in the place of the others."""
        unit = self.show(al.OneHot(expr.position, expr.dim))
        on, off = (self.show(part, Level.FRACTION) for part in (expr.on, expr.off))
        return Piece(f"{unit} * {on} + (1 - {unit}) * {off}", Level.SUM)

    def print_timesum(self, expr: al.TimeSum) -> Piece:
        return self.over("sum", expr, self.show(expr.term))

    # --- rows and entries --------------------------------------------------------------

    def print_rowvector(self, expr: RowVector) -> Piece:
        return self.piece(expr.vector)

    def print_letter(self, expr: Letter) -> Piece:
        return Piece(expr.name)

    def print_behind(self, expr: Behind) -> Piece:
        letter = self.show(expr.letter)
        return Piece(letter if expr.dim == 0 else f"{self.length(expr.dim)}+{letter}")

    def print_entry(self, expr: Entry) -> Piece:
        array = self.laid(expr.array, Level.FRACTION)
        return Piece(f"{array}[{', '.join(map(self.show, expr.places))}]")

    def print_delta(self, expr: Delta) -> Piece:
        return self.call("delta", expr.left, expr.right)

    def print_slope(self, expr: Slope) -> Piece:
        return self.derivative(expr.output, expr.wrt, expr.held)

    def print_lettersum(self, expr: LetterSum) -> Piece:
        last, term = self.length(expr.letter.dim), self.show(expr.term)
        return Piece(f"sum({self.show(expr.letter)}, 1, {last}, {term})")

    def print_rowof(self, expr: RowOf) -> Piece:
        return Piece(f"{self.laid(expr.matrix, Level.FRACTION)}[{self.show(expr.place)}, :]")

    def print_partsum(self, expr: al.PartSum) -> Piece:
        return self.over(
            "sum",
            al.TimeSum(expr.term, expr.first, expr.last, self.loss_step),
            self.show(expr.term),
        )


_PRINTER = PlainPrinter()


class FormulaPrinter(PlainPrinter):
    """Derivatives of L as those of everything else are written."""

    def print_cotangent(self, expr: al.Cotangent) -> Piece:
        step = "" if expr.index is None else f"[{index_text(expr.index)}]"
        return Piece(f"d(L, {expr.name}{step})")
