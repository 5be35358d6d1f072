r"""Expressions in LaTeX, in their author's order, with no parentheses but the needed ones.

The output is read by pdflatex with amsmath and by MathJax.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from symbptt import algebra as al
from symbptt.functions.losses import LOSSES, loss_formula
from symbptt.functions.vectors import formula_at, vector_function
from symbptt.typeset.arithmetic import WIDEST_FRACTION, ArithmeticPrinter
from symbptt.typeset.index_formula import IndexPrinter
from symbptt.typeset.jacobians import JacobianPrinter
from symbptt.typeset.names import Names
from symbptt.typeset.printer import Level, Piece
from symbptt.typeset.tex import atoms, braced, width

# In units of 1/18 em.
_WIDEST_SCRIPT = 150
_TALL = (r"\frac", r"\sum", r"\prod", r"\begin")


class LatexPrinter(ArithmeticPrinter, IndexPrinter, JacobianPrinter):
    """LaTeX of expressions; ``names`` knows the symbols of the model they belong to."""

    # What the entries of a vector stand in.
    lines = "row"

    def __init__(self, names: Names | None = None) -> None:
        super().__init__(names or Names())
        # By identity: expressions are deep, and a derivation shares their parts.
        self.known: dict[int, tuple[al.Expr, Piece]] = {}

    def piece(self, expr: al.Expr) -> Piece:
        if id(expr) not in self.known:
            self.known[id(expr)] = expr, super().piece(expr)
        return self.known[id(expr)][1]

    def enclosed(self, text: str) -> str:
        if any(mark in text for mark in _TALL):
            return rf"\left({text}\right)"
        if r"\bigl(" in text:
            return rf"\Bigl({text}\Bigr)"
        return rf"\bigl({text}\bigr)" if "(" in text.replace("^{(", "") else f"({text})"

    # --- the layout --------------------------------------------------------------------

    def space(self, shape: al.Shape) -> str:
        """The space of a shape, in the layout that is printed."""
        return self.names.space(shape)

    def steps(self, index: al.Index) -> str:
        """An index as a limit or a number."""
        return self.names.index(index)

    # --- leaves ------------------------------------------------------------------------

    def print_constant(self, expr: al.Constant) -> Piece:
        return Piece(self.names.symbol(expr.name, ()).at())

    def print_length(self, expr: al.Length) -> Piece:
        text = self.names.dim(expr.dim)
        return Piece(text, Level.SUM if " + " in text else Level.ATOM)

    def print_count(self, expr: al.Count) -> Piece:
        text = self.steps(expr.index)
        return Piece(text, Level.ATOM if text.isalnum() else Level.SUM)

    def print_horizon(self, expr: al.Horizon) -> Piece:
        return Piece(self.names.clock.last)

    def print_param(self, expr: al.Param) -> Piece:
        return Piece(self.names.symbol(expr.name, expr.shape).at())

    def print_ref(self, expr: al.Ref) -> Piece:
        return self.with_scripts(self.names.timed(expr.name, expr.shape, expr.index))

    def with_scripts(self, symbol: str) -> Piece:
        """A symbol; one that has something above takes no exponent without parentheses."""
        return Piece(symbol, Level.POWER if any(a.above for a in atoms(symbol)) else Level.ATOM)

    def variable(self, expr: al.Cotangent) -> str:
        """What a cotangent is the derivative with respect to."""
        return self.names.variable(expr.name, expr.shape, expr.index)

    def print_cotangent(self, expr: al.Cotangent) -> Piece:
        own = self.names.gradient(expr.name, expr.shape, expr.index)
        if own and expr.part is None:
            return self.with_scripts(own)
        return self.derivative(self.of_part(expr), self.variable(expr))

    def of_part(self, expr: al.Cotangent) -> str:
        """L, or the part of it that the loss of one step gives."""
        return self.loss if expr.part is None else f"L_{braced(self.names.index(expr.part))}"

    def derivative(self, of: str, by: str) -> Piece:
        return self.quotient(of, by, "equation")

    def print_identity(self, expr: al.Identity) -> Piece:
        return Piece(r"\mathbf{I}")

    # --- functions ---------------------------------------------------------------------

    def print_call(self, expr: al.Call) -> Piece:
        sign = self.names.function(expr.function)
        if "{0}" in sign:
            texts = [self.show(arg) for arg in expr.args]
            if max(map(width, texts)) <= WIDEST_FRACTION:
                return Piece(_filled(sign, texts))
            sign = rf"\operatorname{{{expr.function}}}"
        if expr.wrt is not None:
            several = len(expr.args) > 1
            sign = rf"\partial_{braced(str(expr.wrt + 1))} {sign}" if several else f"{sign}'"
        return self.applied(sign, *expr.args)

    def applied(self, sign: str, *args: al.Expr) -> Piece:
        arguments = self.enclosed(", ".join(map(self.show, args)))
        # A growing parenthesis would stand off from the function's sign.
        return Piece(sign + (r"\!" if arguments.startswith(r"\left") else "") + arguments)

    # --- vectors and matrices ----------------------------------------------------------

    def print_transpose(self, expr: al.Transpose) -> Piece:
        return Piece(self.transposed(self.show(expr.operand, Level.ATOM)), Level.POWER)

    def transposed(self, text: str) -> str:
        # A tall parenthesis stands too far from what is raised behind it.
        return rf"{text}^{{\!\top}}" if text.endswith(r"\right)") else rf"{text}^{{\top}}"

    def print_product(self, expr: al.Product) -> Piece:
        left = self.show(expr.left, Level.MATRIX)
        return Piece(self.beside(left, self.show(expr.right, Level.MATRIX)), Level.MATRIX)

    def print_pick(self, expr: al.Pick) -> Piece:
        return self.entry_of(expr.vector, self.show(expr.position))

    def entry_of(self, vector: al.Expr, position: str) -> Piece:
        """The entry of a vector at the (printed) position."""
        if isinstance(vector, al.Cotangent):
            own = self.names.gradient(vector.name, vector.shape, vector.index)
            own = own if vector.part is None else None
            entry = f"({own or self.variable(vector)})_{braced(position)}"
            return Piece(entry) if own else self.derivative(self.of_part(vector), entry)
        if isinstance(vector, al.Direct):
            return self.direct(f"({self.laid(vector.of)})_{braced(position)}")
        shown = self.laid(vector)
        if not isinstance(vector, al.Vector):
            shown = self.enclosed(shown)
        return Piece(f"{shown}_{braced(position)}")

    def print_concat(self, expr: al.Concat) -> Piece:
        inner = r";\, ".join(map(self.show, expr.parts))
        return Piece(rf"\left[{inner}\right]" if r"\frac" in inner else f"[{inner}]")

    def print_slice(self, expr: al.Slice) -> Piece:
        """The rows of a block, or its number where their sum would be too long to read."""
        first, last = self.block(expr.blocks, expr.number)
        rows = f"{first}:{last}"
        if width(rows, script=True) > _WIDEST_SCRIPT:
            rows = f"[{expr.number + 1}]"
        return Piece(f"{self.enclosed(self.show(expr.vector))}_{{{rows}}}")

    def block(self, blocks: tuple[al.Dim, ...], number: int) -> tuple[str, str]:
        """The first and the last row of a block, counted from 1."""
        last = self.names.dim(al.add_dims(blocks[: number + 1]))
        if number == 0:
            return "1", last
        before = al.add_dims(blocks[:number])
        first = str(before + 1) if isinstance(before, int) else f"{self.names.dim(before)} + 1"
        return first, last

    def print_vector(self, expr: al.Vector) -> Piece:
        """As the function's row says; the sum and the inner product by matrix products."""
        row = vector_function(expr.function)
        if row.latex:
            return self.by_row(row.latex, expr.args, lambda text: formula_at(expr, text))
        return self.total(*expr.args) if row.name == "sum" else self.inner(*expr.args)

    def by_row(
        self, latex: str, args: tuple[al.Expr, ...], formula: Callable[[str], al.Expr]
    ) -> Piece:
        """A sign before its arguments, or a formula with parts between angle brackets."""
        if "<" not in latex:
            return self.applied(latex, *args)
        text = re.sub(r"<(.*?)>", lambda part: self.show(formula(part.group(1))), latex)
        if re.search(" [-+] <", latex):
            return Piece(text, Level.SUM)
        if latex.startswith(r"\left"):
            return Piece(text, Level.ATOM if latex.endswith(r"\right\rVert") else Level.POWER)
        return Piece(text, Level.SIGNED if latex[0] == "-" else Level.MATRIX)

    def total(self, array: al.Expr) -> Piece:
        right = [r"\mathbf{1}"] if self.is_matrix(array) else []
        shown = self.show(array, Level.MATRIX)
        return Piece(self.beside(r"\mathbf{1}^{\top}", shown, *right), Level.MATRIX)

    def inner(self, left: al.Expr, right: al.Expr) -> Piece:
        if self.is_matrix(left):
            return Piece(rf"\left\langle {self.show(left)}, {self.show(right)} \right\rangle")
        turned = self.transposed(self.show(left, Level.ATOM))
        return Piece(self.beside(turned, self.show(right, Level.MATRIX)), Level.MATRIX)

    def is_matrix(self, expr: al.Expr) -> bool:
        return len(self.shape(expr)) == 2

    def print_fill(self, expr: al.Fill) -> Piece:
        r"""s times the vector of ones; a number alone, since numbers broadcast."""
        if isinstance(expr.scalar, al.Number):
            return self.piece(expr.scalar)
        ones = r"\mathbf{1} \mathbf{1}^{\top}" if self.is_matrix(expr) else r"\mathbf{1}"
        return Piece(self.beside(self.show(expr.scalar, Level.MATRIX), ones), Level.MATRIX)

    def print_outer(self, expr: al.Outer) -> Piece:
        left = self.show(expr.left, Level.MATRIX)
        right = self.transposed(self.show(expr.right, Level.ATOM))
        return Piece(self.beside(left, right), Level.MATRIX)

    # --- losses, the chain rule, sums over time ----------------------------------------

    def print_loss(self, expr: al.Loss) -> Piece:
        known = LOSSES.get(expr.function)
        args = (expr.prediction, expr.target)
        sign = known.latex if known else self.names.loss(expr.function)
        value = self.by_row(sign, args, lambda text: loss_formula(expr, text))
        if expr.wrt is None:
            return value
        variable = self.show(args[expr.wrt])
        if known is None:
            return self.derivative(value.text, variable)
        if self.names.style.derivatives == "D":
            return self.derivative(self.fit(value, Level.POWER), variable)
        operator = rf"\frac{{\partial}}{{\partial {variable}}}"
        return Piece(f"{operator} {self.fit(value, Level.POWER)}", Level.MATRIX)

    def print_pullback(self, expr: al.Pullback) -> Piece:
        """The chain rule: transposed Jacobian, or a sum over entries for a matrix."""
        output, wrt = self.laid(expr.output), self.laid(expr.wrt)
        jacobian = self.jacobian(expr)
        if not expr.output.shape:
            level = Level.FRACTION if expr.held == "equation" else Level.MATRIX
            received = self.show(expr.cotangent, level)
            return Piece(self.beside(received, self.fit(jacobian, Level.MATRIX)), Level.MATRIX)
        # A difference of Jacobians has no entry: its rows are the matrix, one behind the other.
        is_whole = len(expr.wrt.shape) <= 1 or jacobian.level == Level.SUM
        if len(expr.output.shape) == 1 and is_whole:
            return Piece(self.received(jacobian, expr.cotangent), Level.MATRIX)
        row, column = self.names.entry_letters()
        position = row if len(expr.output.shape) == 1 else f"{row}{column}"
        entry = f"({output})_{braced(position)}"
        by_entry = self.entry_of(expr.cotangent, position).text
        term = self.beside(by_entry, self.quotient(entry, wrt, expr.held).text)
        return Piece(rf"\sum_{braced(position)} {term}", Level.BIG_SUM)

    def received(self, jacobian: Piece, cotangent: al.Expr) -> str:
        """What a vector receives through a Jacobian."""
        turned = self.transposed(self.enclosed(jacobian.text))
        return f"{turned} {self.show(cotangent, Level.MATRIX)}"

    def print_cases(self, expr: al.Cases) -> Piece:
        """The two cases of an entry i."""
        letter, _ = self.names.entry_letters()
        where = self.show(expr.position)
        on, off = self.entry(expr.on, letter), self.entry(expr.off, letter)
        return Piece(
            rf"\begin{{cases}} {on} & \text{{in {self.lines} }} {letter} = {where}, \\[2ex] "
            rf"{off} & \text{{in the {self.lines}s }} {letter} \neq {where} \end{{cases}}"
        )

    def entry(self, expr: al.Expr, letter: str) -> str:
        # Cases are set small; their outer fractions shall not be.
        return _EntryPrinter(self.names, letter).show(expr).replace(r"\frac", r"\dfrac")

    def print_timesum(self, expr: al.TimeSum) -> Piece:
        term = self.show(expr.term, Level.BIG_SUM)
        below = f"{self.names.clock.letter(expr.index)}={self.steps(expr.first)}"
        last = braced(self.steps(expr.last))
        return Piece(rf"\sum_{{{below}}}^{last} {term}", Level.BIG_SUM)


class _EntryPrinter(LatexPrinter):
    """Elementwise expressions read at one entry: vectors print as their entry i."""

    def __init__(self, names: Names, letter: str) -> None:
        super().__init__(names)
        self.letter = letter

    def piece(self, expr: al.Expr) -> Piece:
        if expr.shape and (expr.pointwise or isinstance(expr, al.Fill)):
            return super().piece(expr)
        whole = LatexPrinter(self.names)
        return whole.entry_of(expr, self.letter) if expr.shape else whole.piece(expr)

    def joint(self, left: str, right: str, hadamard: bool) -> str:
        return super().joint(left, right, hadamard=False)

    def print_pow(self, expr: al.Pow) -> Piece:
        return Piece(
            f"{self.show(expr.base, Level.ATOM)}^{{{self.exponent(expr.exponent)}}}", Level.POWER
        )

    def print_fill(self, expr: al.Fill) -> Piece:
        return self.piece(expr.scalar)


def _filled(sign: str, texts: list[str]) -> str:
    for number, text in enumerate(texts):
        sign = sign.replace(f"{{{number}}}", f"{{{text}}}")
    return sign
