r"""Jacobians in LaTeX, and what they are made of: one method per node kind.

``\partial`` is a derivative of one equation, ``\partial^+`` one within a step, the
upright d one through all steps; with the operator D, a plus and a star are raised behind it.
"""

from __future__ import annotations

from symbptt import algebra as al
from symbptt.calculus.moments import Expectation
from symbptt.typeset.followers import shares
from symbptt.typeset.names import Names
from symbptt.typeset.printer import Level, Piece, Printer
from symbptt.typeset.tex import braced

# A matrix of more blocks side by side is set small (amsmath has ten columns at most).
_WIDE = 6

_ABOVE: dict[al.Held, str] = {
    "equation": r"\partial ",
    "step": r"\partial^{+} ",
    "nothing": r"\mathrm{d} ",
    "total": r"\mathrm{d} ",
}

_RAISED: dict[al.Held, str] = {"equation": "", "step": "^{+}", "nothing": "^{*}", "total": "^{*}"}


class JacobianPrinter(Printer):
    """The part of the LaTeX printer that knows derivatives of quantities."""

    def __init__(self, names: Names) -> None:
        self.names = names

    @property
    def loss(self) -> str:
        """What is differentiated: L, or the loss of one step."""
        return self.names.clock.loss

    def applied(self, sign: str, *args: al.Expr) -> Piece:
        raise NotImplementedError

    def transposed(self, text: str) -> str:
        raise NotImplementedError

    def beside(self, *texts: str) -> str:
        raise NotImplementedError

    def steps(self, index: al.Index) -> str:
        raise NotImplementedError

    def print_derivative(self, expr: al.Derivative) -> Piece:
        return self.jacobian(expr)

    def jacobian(self, expr: al.Derivative | al.Pullback) -> Piece:
        """Less what comes through what is made of the variable: that has a gradient of its own."""
        whole = self.quotient(self.laid(expr.output), self.laid(expr.wrt), expr.held)
        taken = shares(expr, self.names.followers)
        if not taken:
            return whole
        texts = [
            self.beside(self.quotients(share.left), self.quotients(share.right)) for share in taken
        ]
        return Piece(" - ".join([whole.text, *texts]), Level.SUM)

    def quotients(self, expr: al.Expr) -> str:
        assert isinstance(expr, al.Derivative)
        return self.quotient(self.laid(expr.output), self.laid(expr.wrt), expr.held).text

    def quotient(self, output: str, wrt: str, held: al.Held) -> Piece:
        if self.names.style.derivatives == "D":
            return Piece(rf"({self.names.operator()}{_RAISED[held]}{output})_{{{wrt}}}")
        below = r"\mathrm{d} " if held in ("nothing", "total") else r"\partial "
        return Piece(rf"\frac{{{_ABOVE[held]}{output}}}{{{below}{wrt}}}", Level.FRACTION)

    def print_direct(self, expr: al.Direct) -> Piece:
        return self.direct(self.laid(expr.of))

    def direct(self, by: str) -> Piece:
        return self.quotient(self.loss, by, "step")

    def print_stack(self, expr: al.Stack) -> Piece:
        return Piece(self.names.timed(expr.name, expr.shape, expr.index))

    def print_orderedproduct(self, expr: al.OrderedProduct) -> Piece:
        """The product with its order written out: j = t, ..., i+1; of one symbol by factors."""
        if isinstance(expr.factor, al.Ref):
            return self.written_out(expr)
        first, last = self.steps(expr.first), self.steps(expr.last)
        ends = rf"{expr.index} = {first}, \dots, {last}"
        return Piece(rf"\prod_{{{ends}}} {self.show(expr.factor, Level.MATRIX)}", Level.BIG_SUM)

    def written_out(self, expr: al.OrderedProduct) -> Piece:
        r"""``(C_t C_{t-1} \cdots C_{i+1})``"""
        steps = (expr.first, expr.first + expr.step, expr.last)
        first, second, last = (
            self.show(al.substitute_index(expr.factor, {expr.index: step})) for step in steps
        )
        return Piece(rf"({first} {second} \cdots {last})")

    def print_matrixpower(self, expr: al.MatrixPower) -> Piece:
        base, exponent = self.show(expr.base, Level.ATOM), self.names.index(expr.exponent)
        return Piece(f"{base}^{{{exponent}}}", Level.POWER)

    def print_blockmatrix(self, expr: al.BlockMatrix) -> Piece:
        wide = len(expr.widths) > _WIDE
        rows = [
            " & ".join(r"\mathbf{0}" if c is None else self.cell(c, wide) for c in row)
            for row in expr.cells
        ]
        if wide:
            body = r" \\[1.5ex] ".join(rows)
            return Piece(rf"\left( \begin{{smallmatrix}} {body} \end{{smallmatrix}} \right)")
        body = r" \\[2.5ex] ".join(rows)
        return Piece(rf"\begin{{pmatrix}} {body} \end{{pmatrix}}")

    def cell(self, expr: al.Expr, wide: bool) -> str:
        # Cells are set small; their outer fractions shall not be, where there is room.
        text = self.show(expr)
        return text if wide else text.replace(r"\frac", r"\dfrac")

    def print_diag(self, expr: al.Diag) -> Piece:
        return self.applied(r"\operatorname{diag}", self.lay(expr.vector))

    def print_column(self, expr: al.Column) -> Piece:
        return self.piece(expr.vector)

    def print_ones(self, expr: al.Ones) -> Piece:
        return Piece(r"\mathbf{1}")

    def print_blockrow(self, expr: al.BlockRow) -> Piece:
        cells = (r"\mathbf{I}" if k == expr.number else "0" for k in range(len(expr.blocks)))
        inside = r"\;".join(cells)
        return Piece(f"[{inside}]")

    def print_kronecker(self, expr: al.Kronecker) -> Piece:
        return Piece(rf"({self.show(expr.left)} \otimes {self.show(expr.right)})")

    def print_vec(self, expr: al.Vec) -> Piece:
        return self.applied(r"\operatorname{vec}", expr.operand)

    # --- parts of L, expectations ------------------------------------------------------

    def print_partsum(self, expr: al.PartSum) -> Piece:
        term = self.show(expr.term, Level.BIG_SUM)
        first, last = self.names.index(expr.first), braced(self.names.index(expr.last))
        return Piece(rf"\sum_{{{self.names.clock.part}={first}}}^{last} {term}", Level.BIG_SUM)

    def print_expectation(self, expr: Expectation) -> Piece:
        return Piece(rf"\mathbb{{E}}\bigl[{self.show(expr.operand)}\bigr]")
