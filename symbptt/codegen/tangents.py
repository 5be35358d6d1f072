"""Jacobians and sensitivities as NumPy text, and the loop that carries them along.

Over rows a Jacobian is an array (rows, entries of the output, entries of what it is taken
by); without time it has no axis of rows. Both broadcast against each other in sums,
products with a factor for each row of the Jacobian, and ``@``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.codegen import program
from symbptt.codegen.broadcasting import laid_out
from symbptt.codegen.emission import INDENT, WIDTH, Emitter
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import (
    ATOM,
    PRODUCT,
    SIGN,
    NumpyPrinter,
    Printed,
    Raw,
    Uses,
    is_full,
    is_rowwise,
)
from symbptt.codegen.places import Places
from symbptt.codegen.program import Assign, Place


@dataclass(frozen=True)
class Gathered(al.Expr):
    """What the loop has added up of a gradient, in its variable's shape."""

    of: al.Cotangent

    @property
    def shape(self) -> al.Shape:
        return self.of.shape


class TangentNames:
    """Identifiers of Jacobians, sensitivities and gathered gradients, as they are asked for."""

    def __init__(self, names: ValueNames) -> None:
        self.names = names
        self.known: dict[object, str] = {}

    def of(self, node: al.Derivative) -> str:
        """A Jacobian within the step, or a sensitivity at the step that it is at."""
        if node.held == "nothing":
            return self.sensitivity(node, self.lag(node))
        key = (node.held, node.name, self.by(node))
        return self.named(key, f"J_{self.names.values[node.name]}_{self.wrt(node)}")

    def sensitivity(self, node: al.Derivative, lag: int) -> str:
        """A sensitivity so many steps back."""
        back = f"_back{lag}" if lag else ""
        wish = f"S_{self.names.values[node.name]}_{self.wrt(node)}{back}"
        return self.named((node.held, node.name, self.by(node), lag), wish)

    def lag(self, node: al.Derivative) -> int:
        """How many steps back; values before the first step stand back from it."""
        return -node.index.offset if node.index.terms else 1 - node.index.offset

    def by(self, node: al.Derivative) -> tuple[str, object]:
        wrt = node.wrt
        assert isinstance(wrt, al.Ref | al.Param)
        if isinstance(wrt, al.Param):
            return wrt.name, None
        relative = node.held == "step"
        return wrt.name, str(node.index - wrt.index if relative else wrt.index)

    def wrt(self, node: al.Derivative) -> str:
        assert isinstance(node.wrt, al.Ref | al.Param)
        _, step = self.by(node)
        digits = "" if step is None else str(step).replace("-", "_")
        return f"{self.values(node.wrt)}{digits}"

    def values(self, expr: al.Ref | al.Param) -> str:
        return self.names.values[expr.name]

    def gathered(self, gradient: al.Cotangent) -> str:
        step = "" if gradient.index is None else str(gradient.index).replace("-", "_")
        wish = f"sum_{self.names.values[gradient.name]}{step}"
        return self.named(("sum", gradient.name, step), wish)

    def named(self, key: object, wish: str) -> str:
        if key not in self.known:
            self.known[key] = self.names.fresh(wish)
        return self.known[key]


class TangentPrinter(NumpyPrinter):
    """Also prints matrices that change with the step."""

    tangents: TangentNames

    def of_rows(self, expr: al.Expr) -> str:
        """A vector as text that broadcasts against a Jacobian's rows."""
        return f"{self.whole(expr)}[..., None]"

    def whole(self, vector: al.Expr) -> str:
        """A vector in its full length."""
        if is_full(vector):
            return self.inside(vector, ATOM)
        return f"({self.inside(vector, SIGN)} * {self.ones(al.entries(vector.shape))})"

    def argument(self, vector: al.Expr) -> str:
        return self.text(vector) if is_full(vector) else self.whole(vector)

    def lengths(self, shape: al.Shape) -> str:
        return f"({', '.join(map(self.length, shape))})"

    def ones(self, dim: al.Dim) -> str:
        return f"np.ones({self.length(dim)}, {self.name('dtype')})"

    def print_derivative(self, expr: al.Derivative) -> Printed:
        name = self.tangents.of(expr)
        back = expr.held == "nothing" and expr.index.offset
        return (f"{name}[:count]" if back else name), ATOM

    def print_gathered(self, expr: Gathered) -> Printed:
        name = self.tangents.gathered(expr.of)
        if len(expr.shape) == 2:
            return f"{name}.reshape{self.lengths(expr.shape)}", ATOM
        return (name if expr.shape else f"{name}[0]"), ATOM

    def print_diag(self, expr: al.Diag) -> Printed:
        return self.helper("_diagonal", self.argument(expr.vector)), ATOM

    def print_column(self, expr: al.Column) -> Printed:
        if expr.vector.shape or is_rowwise(expr.vector):
            return self.of_rows(expr.vector), ATOM
        return f"np.full((1, 1), {self.text(expr.vector)}, {self.name('dtype')})", ATOM

    def print_ones(self, expr: al.Ones) -> Printed:
        return self.ones(expr.dim), ATOM

    def print_blockrow(self, expr: al.BlockRow) -> Printed:
        width, whole = map(self.length, expr.shape)
        before = " + ".join(map(self.length, expr.blocks[: expr.number])) or "0"
        return self.helper("_selection", whole, before, width, self.name("dtype")), ATOM

    def print_kronecker(self, expr: al.Kronecker) -> Printed:
        """``I ⊗ v.T`` or ``v.T ⊗ I``."""
        match expr.left, expr.right:
            case al.Identity(dim=dim), al.Transpose(operand=al.Column(vector=vector)):
                name = "_kron"
            case al.Transpose(operand=al.Column(vector=vector)), al.Identity(dim=dim):
                name = "_kron_first"
            case left, right:
                return self.helper("_kronecker", left, right), ATOM
        return self.helper(name, self.argument(vector), self.length(dim)), ATOM

    def print_vec(self, expr: al.Vec) -> Printed:
        """The entries of a value, which is none of the Jacobians that stand around it."""
        value = al.Vec(al.transform(expr.operand, laid_out))
        return self.of_values().printed(value)

    def of_values(self) -> NumpyPrinter:
        """The printer of what is no Jacobian."""
        return NumpyPrinter(self.names, self.place, self.uses, self.local, self.last, self.lag)

    def print_vector(self, expr: al.Vector) -> Printed:
        return self.of_values().printed(al.transform(expr, laid_out))

    def print_fill(self, expr: al.Fill) -> Printed:
        if len(expr.shape) == 2:
            return f"np.zeros({self.lengths(expr.shape)}, {self.name('dtype')})", ATOM
        return super().print_fill(expr)

    def print_transpose(self, expr: al.Transpose) -> Printed:
        if isinstance(expr.operand, al.Column):
            return f"{self.inside(expr.operand, ATOM)}.swapaxes(-1, -2)", ATOM
        return super().print_transpose(expr)

    def print_mul(self, expr: al.Mul) -> Printed:
        if len(expr.shape) < 2:
            return super().print_mul(expr)
        *scalars, matrix = expr.factors
        scale = forms.mul(scalars)
        text = self.inside(matrix, SIGN)
        if is_rowwise(scale):
            return f"{self.inside(scale, ATOM)}[..., None] * {text}", PRODUCT
        return f"{self.inside(scale, PRODUCT)} * {text}", PRODUCT

    def print_product(self, expr: al.Product) -> Printed:
        left, right = expr.left, expr.right
        if len(right.shape) < 2:
            return super().print_product(expr)
        if isinstance(left, al.Diag):
            return f"{self.of_rows(left.vector)} * {self.inside(right, SIGN)}", PRODUCT
        if isinstance(right, al.Diag):
            return f"{self.inside(left, SIGN)} * {self.whole(right.vector)}[..., None, :]", PRODUCT
        return f"{self.inside(left, SIGN)} @ {self.inside(right, SIGN)}", PRODUCT


class TangentEmitter(Emitter):
    """Emits the loop over the sensitivities; all else as ever."""

    def __init__(self, names: ValueNames, places: Places, uses: Uses) -> None:
        super().__init__(names, places, uses)
        self.tangents = TangentNames(names)

    def jacobians(self, place: Place) -> TangentPrinter:
        """The printer of Jacobians and of what is gathered from them."""
        printer = TangentPrinter(
            self.names, place, self.uses, self.places.local, self.places.last, self.lag
        )
        printer.tangents = self.tangents
        return printer

    def statement(self, statement: Assign, block: program.Block, indent: str) -> Iterator[str]:
        target, value = statement.target, statement.value
        if isinstance(target, al.Derivative) and block.place == "static":
            yield from self.comment(statement, indent)
            yield from self.start(target, value)
        elif isinstance(target, al.Derivative):
            yield from self.comment(statement, indent)
            yield from self.matrix(target, value, indent)
        elif isinstance(value, al.Pullback):
            yield from self.comment(statement, indent)
            yield from self.gathering(statement.target, value, indent)
        elif isinstance(target, al.Cotangent) and any(
            isinstance(n, Gathered) for n in al.walk(value)
        ):
            yield from self.comment(statement, indent)
            yield from self.total(target, value, indent)
        else:
            yield from super().statement(statement, block, indent)

    def loop(self, block: program.Block) -> Iterator[str]:
        if not any(isinstance(s.target, al.Derivative) for s in block.statements):
            yield from super().loop(block)
            return
        printer = self.printer("static")
        for gradient in dict.fromkeys(_gradients(block)):
            size = printer.length(al.entries(gradient.shape))
            shape = size if gradient.index is None else f"({printer.row_count(last=True)}, {size})"
            head = f"{self.tangents.gathered(gradient)} = np.zeros("
            yield from self.short(head, shape, f", {printer.name('dtype')})", "")
        head, *body = super().loop(block)
        yield head
        yield f"{INDENT}count = now.stop - now.start"
        yield from body
        yield from self.handed_on(block)

    # --- sensitivities -----------------------------------------------------------------------

    def start(self, target: al.Derivative, value: al.Expr) -> Iterator[str]:
        """The derivative of an initial value, for every sequence that has a step."""
        name = self.tangents.of(target)
        printer = self.jacobians("static")
        if isinstance(value, al.Fill):
            sizes = printer.lengths(value.shape)
            yield from self.short(f"{name} = np.zeros(", sizes, f", {printer.name('dtype')})", "")
        else:
            yield f"{name} = {printer.text(value)}"
        yield f"{name} = {printer.helper('_repeated', name, printer.row_count(last=True))}"

    def short(self, head: str, inside: str, tail: str, indent: str) -> Iterator[str]:
        """A line, or two where it is long: its longer part gets a name."""
        line = f"{indent}{head}{inside}{tail}"
        if len(line) > WIDTH:
            name = self.names.temporary()
            yield f"{indent}{name} = {inside}"
            line = f"{indent}{head}{name}{tail}"
        yield line

    def matrix(self, target: al.Derivative, value: al.Expr, indent: str) -> Iterator[str]:
        printer = self.jacobians("loop")
        name = self.tangents.of(target)
        if target.held == "nothing" and not is_rowwise(value):
            yield from self.lines(name, "=", value, printer, indent, True)
            value = Raw(printer.helper("_repeated", name, "count"), value.shape, True)
        yield from self.lines(name, "=", value, printer, indent, True)

    def gathering(self, gradient: program.Target, value: al.Pullback, indent: str) -> Iterator[str]:
        """What one sensitivity and the direct derivatives of this step give to a gradient."""
        assert isinstance(gradient, al.Cotangent)
        printer = self.jacobians("loop")
        sensitivity = printer.text(al.Derivative(value.output, value.wrt, value.held))
        received = value.cotangent
        received = al.Vec(received) if len(received.shape) > 1 else received
        given = printer.helper("_pulled_back", received, sensitivity)
        name = self.tangents.gathered(gradient)
        if gradient.index is None:
            yield from self.short(f"{name} += np.sum(", given, ", axis=0)", indent)
        else:
            yield from self.short(f"{name}[:count] += ", given, "", indent)

    def handed_on(self, block: program.Block) -> Iterator[str]:
        """The sensitivities of this step become those of the step before."""
        depths: dict[str, tuple[al.Derivative, int]] = {}
        for statement in block.statements:
            for node in al.walk(statement.value):
                if isinstance(node, al.Derivative) and node.held == "nothing":
                    name = self.tangents.sensitivity(node, 0)
                    _, known = depths.get(name, (node, 0))
                    depths[name] = node, max(known, self.tangents.lag(node))
        for node, depth in depths.values():
            for lag in range(depth, 0, -1):
                before = self.tangents.sensitivity(node, lag - 1)
                yield f"{INDENT}{self.tangents.sensitivity(node, lag)} = {before}"

    def total(self, target: al.Cotangent, value: al.Expr, indent: str) -> Iterator[str]:
        """A gradient from what was gathered."""
        if target.index is None:
            printer = self.jacobians("static")
            yield from self.gradient(target, value, printer, indent)
            return
        history = self.names.cotangent_histories[target.name]
        gathered = self.tangents.gathered(target)
        shape = target.shape if len(target.shape) == 2 else ()
        printer = self.jacobians("static")
        sizes = "".join(f", {printer.length(dim)}" for dim in shape)
        added = f"{gathered}.reshape(-1{sizes})" if shape else gathered
        rows = printer.begin(history, target.index)
        yield f"{indent}{rows}[: {printer.row_count(last=True)}] += {added}"


def _gradients(block: program.Block) -> Iterator[al.Cotangent]:
    for statement in block.statements:
        if isinstance(statement.value, al.Pullback) and isinstance(statement.target, al.Cotangent):
            yield statement.target
