"""What has no calls of its own: plain text, run for a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterable

from symbptt.algebra import Cotangent, Expr, Lookup, Neg, Param, Ref, TimeSum
from symbptt.codegen.emission import Emitter
from symbptt.codegen.fast.scope import INDENT, Scope, call_lines
from symbptt.codegen.naming import Names, words_of
from symbptt.codegen.numpy_printer import ATOM, Printed, Printer, Uses, is_rowwise
from symbptt.codegen.places import Places

EXTRAS = {"rows": "w.rows", "size": "w.size", "dtype": "w.dtype", "one": "1"}


class Plain(Printer):
    """Plain text in which every leaf is an argument of a function."""

    def __init__(self, names: Names, place: str, uses: Uses, scope: Scope) -> None:
        super().__init__(names, "all", uses)
        self.scope = scope
        self.over_rows: dict[str, str] = {}
        self.others: dict[str, str] = {}

    def argument(self, expr: Expr) -> Printed:
        text = self.scope.leaf(expr)
        table = self.over_rows if is_rowwise(expr) else self.others
        if text not in table:
            table[text] = f"v{len(self.over_rows) + len(self.others) + 1}"
        return table[text], ATOM

    def print_ref(self, expr: Ref) -> Printed:
        return self.argument(expr)

    def print_param(self, expr: Param) -> Printed:
        return self.argument(expr)

    def print_cotangent(self, expr: Cotangent) -> Printed:
        if expr.name == "loss":
            return super().print_cotangent(expr)
        return self.argument(expr)

    def print_lookup(self, expr: Lookup) -> Printed:
        return f"{self.inside(expr.table, ATOM)}[{self.text(expr.row)}]", ATOM

    def at(self, place: str) -> Printer:
        return self


class Fallback:
    """Writes functions of the plain text of expressions, and calls of them."""

    def __init__(self, names: Names, places: Places, uses: Uses) -> None:
        self.names = names
        self.places = places
        self.uses = uses
        self.functions: list[str] = []

    def by_rows(self, scope: Scope, out: str, expr: Expr) -> list[str]:
        """A function of the plain text of an expression, called for a few rows at a time."""
        printer = Plain(self.names, "all", self.uses, scope)
        emitter = Emitter(self.names, self.places, self.uses)
        before = dict(self.uses.constants)
        self.uses.constants = {}
        lines = list(emitter.lines("value", "=", expr, printer, "", True))
        constants = [f"{name} = {ratio}" for name, ratio in self.uses.constants.items()]
        self.uses.constants = before
        name = f"_value_{len(self.functions) + 1}"
        body = [*constants, *lines, "return value"]
        extras = [w for w in ("rows", "size", "dtype", "one") if w in words_of(body)]
        arguments = [*printer.over_rows.values(), *printer.others.values(), *extras]
        text = "".join(f"{INDENT}{line}\n" for line in body)
        self.functions.append(f"def {name}({', '.join(arguments)}):\n{text}".rstrip("\n"))
        summed = isinstance(expr, TimeSum) or (isinstance(expr, Neg) and not is_rowwise(expr))
        others = [*printer.others, *(EXTRAS[w] for w in extras)]
        if not printer.over_rows:
            return call_lines("_copyto", [out, f"{name}({', '.join(others)})"], scope.indent)
        over = listed(printer.over_rows)
        callee = "_sum_by_rows" if summed else "_by_rows"
        return call_lines(callee, [out, name, over, listed(others)], scope.indent)


def listed(texts: Iterable[str]) -> str:
    parts = list(texts)
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
