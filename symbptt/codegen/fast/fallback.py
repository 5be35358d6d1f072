"""What has no calls of its own: plain text, run for a few rows at a time."""

from __future__ import annotations

from symbptt import algebra as al
from symbptt.codegen.emission import INDENT, Emitter
from symbptt.codegen.fast.buffers import LocalName, Operand, Value, view
from symbptt.codegen.fast.scope import PlaceScope
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import ATOM, NumpyPrinter, Printed, Uses, is_rowwise
from symbptt.codegen.places import Places

EXTRAS: dict[str, Operand] = {
    "rows": LocalName("w.rows"),
    "size": LocalName("w.size"),
    "dtype": LocalName("w.dtype"),
    "one": LocalName("w.one"),
}
"""What plain text needs besides the values, and where a function has it."""


class Plain(NumpyPrinter):
    """Plain text in which every leaf is an argument of a function."""

    def __init__(self, names: ValueNames, uses: Uses, scope: PlaceScope) -> None:
        super().__init__(names, "all", uses)
        self.scope = scope
        self.over_rows: dict[Value, str] = {}
        self.others: dict[Value, str] = {}

    def argument(self, expr: al.Expr) -> Printed:
        array = self.scope.leaf(expr)
        table = self.over_rows if is_rowwise(expr) else self.others
        if array not in table:
            table[array] = f"v{len(self.over_rows) + len(self.others) + 1}"
        return table[array], ATOM

    def print_ref(self, expr: al.Ref) -> Printed:
        return self.argument(expr)

    def print_param(self, expr: al.Param) -> Printed:
        return self.argument(expr)

    def print_cotangent(self, expr: al.Cotangent) -> Printed:
        return self.argument(expr)

    def at(self, place: str) -> NumpyPrinter:
        return self


class Fallback:
    """Writes functions of the plain text of expressions, and calls of them."""

    def __init__(self, names: ValueNames, places: Places) -> None:
        self.names = names
        self.places = places
        self.functions: list[str] = []

    def by_rows(self, scope: PlaceScope, expr: al.Expr, out: Value) -> None:
        """A function of the plain text of an expression, called for a few rows at a time."""
        uses = Uses()
        printer = Plain(self.names, uses, scope)
        emitter = Emitter(self.names, self.places, uses)
        lines = list(emitter.lines("value", "=", expr, printer, "", True))
        constants = [f"{name} = {ratio}" for name, ratio in uses.constants.items()]
        name = f"_value_{len(self.functions) + 1}"
        body = [*constants, *lines, "return value"]
        extras = [word for word in EXTRAS if word in uses.names]
        arguments = [*printer.over_rows.values(), *printer.others.values(), *extras]
        text = "".join(f"{INDENT}{line}\n" for line in body)
        self.functions.append(f"def {name}({', '.join(arguments)}):\n{text}".rstrip("\n"))
        others = (*printer.others, *(EXTRAS[word] for word in extras))
        if not printer.over_rows:
            scope.emit("copyto", view("applied", LocalName(name), *others), out=out)
            return
        summed = isinstance(expr, al.TimeSum) or (isinstance(expr, al.Neg) and not is_rowwise(expr))
        function = "_sum_by_rows" if summed else "_by_rows"
        rows = view("listed", *printer.over_rows)
        scope.emit(function, LocalName(name), rows, view("listed", *others), out=out)
