"""Jacobians and sensitivities as NumPy text, and the loop that carries them along.

Over rows a Jacobian is an array (rows, entries of the output, entries of what it is taken
by); without time it has no axis of rows. Both broadcast against each other in sums,
products with a factor for each row of the Jacobian, and ``@``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbptt.algebra import (
    Block,
    Column,
    Cotangent,
    Derivative,
    Diag,
    Expr,
    Fill,
    Identity,
    Kron,
    Mul,
    Neg,
    Ones,
    Param,
    Product,
    Pullback,
    Ref,
    Shape,
    Transpose,
    entries,
)
from symbptt.calculus import forms
from symbptt.codegen import program
from symbptt.codegen.emission import INDENT, Emitter, comment
from symbptt.codegen.naming import Names
from symbptt.codegen.numpy_printer import (
    ATOM,
    PRODUCT,
    SIGN,
    Printed,
    Printer,
    is_full,
    is_rowwise,
)
from symbptt.codegen.program import Assign


@dataclass(frozen=True)
class Gathered(Expr):
    """What the loop has added up of a gradient, in its variable's shape."""

    of: Cotangent

    @property
    def shape(self) -> Shape:
        return self.of.shape


class TangentNames:
    """Identifiers of Jacobians, sensitivities and gathered gradients, as they are asked for."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.known: dict[object, str] = {}

    def of(self, node: Derivative) -> str:
        letter = "S" if node.held == "nothing" else "J"
        assert isinstance(node.output, Ref)
        key = (node.held, node.output.name, self.by(node))
        return self.named(key, f"{letter}_{self.values(node.output)}_{self.wrt(node)}")

    def by(self, node: Derivative) -> tuple[str, object]:
        wrt = node.wrt
        assert isinstance(wrt, Ref | Param)
        if isinstance(wrt, Param):
            return wrt.name, None
        relative = node.held == "step"
        return wrt.name, str(node.index - wrt.index if relative else wrt.index)

    def wrt(self, node: Derivative) -> str:
        assert isinstance(node.wrt, Ref | Param)
        name, step = self.by(node)
        digits = "" if step is None else str(step).replace("-", "_")
        return f"{self.values(node.wrt)}{digits}"

    def values(self, expr: Ref | Param) -> str:
        return self.names.values[expr.name]

    def gathered(self, gradient: Cotangent) -> str:
        step = "" if gradient.index is None else str(gradient.index).replace("-", "_")
        wish = f"sum_{self.names.values[gradient.name]}{step}"
        return self.named(("sum", gradient.name, step), wish)

    def named(self, key: object, wish: str) -> str:
        if key not in self.known:
            self.known[key] = self.names.fresh(wish)
        return self.known[key]


class TangentPrinter(Printer):
    """Also prints matrices that change with the step."""

    tangents: TangentNames

    def of_rows(self, expr: Expr) -> str:
        """A vector as text that broadcasts against a Jacobian's rows."""
        return f"{self.whole(expr)}[..., None]"

    def whole(self, vector: Expr) -> str:
        """A vector in its full length."""
        if is_full(vector):
            return self.inside(vector, ATOM)
        return f"({self.inside(vector, SIGN)} * np.ones({self.size(vector)}, dtype))"

    def size(self, vector: Expr) -> str:
        return self.length(entries(vector.shape))[0]

    def print_derivative(self, expr: Derivative) -> Printed:
        name = self.tangents.of(expr)
        lag = -expr.index.offset
        if expr.held == "nothing" and lag:
            return f"{name}_{lag}[:count]", ATOM
        return name, ATOM

    def print_gathered(self, expr: Gathered) -> Printed:
        name = self.tangents.gathered(expr.of)
        if len(expr.shape) == 2:
            sizes = ", ".join(self.length(dim)[0] for dim in expr.shape)
            return f"{name}.reshape({sizes})", ATOM
        return (name if expr.shape else f"{name}[0]"), ATOM

    def print_diag(self, expr: Diag) -> Printed:
        self.uses.helpers.add("_diagonal")
        return f"_diagonal({self.whole(expr.vector)})", ATOM

    def print_column(self, expr: Column) -> Printed:
        if expr.vector.shape or is_rowwise(expr.vector):
            return self.of_rows(expr.vector), ATOM
        return f"np.full((1, 1), {self.text(expr.vector)}, dtype)", ATOM

    def print_ones(self, expr: Ones) -> Printed:
        return f"np.ones({self.length(expr.dim)[0]}, dtype)", ATOM

    def print_block(self, expr: Block) -> Printed:
        whole = self.length(expr.shape[1])[0]
        before = " + ".join(self.length(dim)[0] for dim in expr.blocks[: expr.number]) or "0"
        self.uses.helpers.add("_selection")
        return f"_selection({whole}, {before}, {self.length(expr.shape[0])[0]}, dtype)", ATOM

    def print_kron(self, expr: Kron) -> Printed:
        name = "_kron_first" if expr.first else "_kron"
        self.uses.helpers.add(name)
        return f"{name}({self.whole(expr.vector)}, {self.length(expr.dim)[0]})", ATOM

    def print_fill(self, expr: Fill) -> Printed:
        if len(expr.shape) == 2:
            sizes = ", ".join(self.length(dim)[0] for dim in expr.shape)
            return f"np.zeros(({sizes}), dtype)", ATOM
        return super().print_fill(expr)

    def print_transpose(self, expr: Transpose) -> Printed:
        if isinstance(expr.operand, Column):
            return f"{self.inside(expr.operand, ATOM)}.swapaxes(-1, -2)", ATOM
        return super().print_transpose(expr)

    def print_mul(self, expr: Mul) -> Printed:
        if len(expr.shape) < 2:
            return super().print_mul(expr)
        *scalars, matrix = expr.factors
        scale = forms.mul(scalars)
        text = self.inside(matrix, SIGN)
        if is_rowwise(scale):
            return f"{self.inside(scale, ATOM)}[..., None] * {text}", PRODUCT
        return f"{self.inside(scale, PRODUCT)} * {text}", PRODUCT

    def print_product(self, expr: Product) -> Printed:
        left, right = expr.left, expr.right
        if len(right.shape) < 2:
            return super().print_product(expr)
        if isinstance(left, Diag):
            return f"{self.of_rows(left.vector)} * {self.inside(right, SIGN)}", PRODUCT
        if isinstance(right, Diag):
            return f"{self.inside(left, SIGN)} * {self.whole(right.vector)}[..., None, :]", PRODUCT
        return f"{self.inside(left, SIGN)} @ {self.inside(right, SIGN)}", PRODUCT


class TangentEmitter(Emitter):
    """Emits the loop over the sensitivities; all else as ever."""

    def blocks(self, blocks: object) -> Iterator[str]:
        self.tangents = TangentNames(self.names)
        return super().blocks(blocks)  # type: ignore[arg-type]
