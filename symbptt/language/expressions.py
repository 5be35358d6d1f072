"""From Python's syntax tree to the located surface tree, by a whitelist of node types."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from symbptt.algebra import Index
from symbptt.language.constants import ArithmeticFinding, fold
from symbptt.language.limits import MAX_LAG
from symbptt.language.source import Findings, Place, Source
from symbptt.language.surface import (
    Apply,
    Chain,
    Flip,
    Hole,
    Len,
    Literal,
    Minus,
    Named,
    Node,
    Over,
    Plus,
    Power,
    TableRow,
    Timed,
    Times,
    walk,
)

_SUM = (ast.Add, ast.Sub)
_PRODUCT = (ast.Mult, ast.Div, ast.MatMult)


@dataclass
class Reader:
    """Reads the expressions of one statement.

    Attributes
    ----------
    start : Place
        Where the statement begins; its syntax tree counts lines and columns from there.
    constants : mapping of name to value
        For lags.
    """

    source: Source
    findings: Findings
    start: Place
    constants: Mapping[str, Fraction] = field(default_factory=dict)

    def place(self, node: ast.expr | ast.stmt) -> Place:
        line, column = self._position(node.lineno, node.col_offset)
        end = self._position(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return Place(line, column, *end)

    def _position(self, line: int, offset: int) -> tuple[int, int]:
        """Python counts columns in bytes, and from the statement's first token."""
        number = self.start.line + line - 1
        skipped = self.start.column if line == 1 else 0
        text = self.source.line(number)
        if not text.isascii():
            offset = len(text[skipped:].encode()[:offset].decode())
        return number, skipped + offset

    def wrong(self, node: ast.expr, message: str) -> Hole:
        self.findings.add(self.place(node), message)
        return Hole(self.place(node))

    def read(self, node: ast.expr) -> Node:
        """The surface tree of an expression, with a `Hole` where it could not be read."""
        place = self.place(node)
        match node:
            case ast.Constant(value=int() | float()):
                text = self.source.snippet(place)
                return Literal(place, Fraction(text), text)
            case ast.Name(id=name):
                return Named(place, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Minus(place, self.read(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(node, place)
            case ast.BinOp(op=ast.Mult() | ast.Div() | ast.MatMult()):
                return self._product(node)
            case ast.BinOp(op=ast.Pow(), left=base, right=exponent):
                return Power(place, self.read(base), self.read(exponent))
            case ast.Attribute():
                return self._transpose(node, place)
            case ast.Subscript():
                return self._subscript(node, place)
            case ast.Call():
                return self._call(node, place)
            case ast.Tuple(elts=[]):
                return self.wrong(node, "the parentheses are empty: an expression is missing")
            case ast.Tuple():
                return self.wrong(
                    node,
                    "a list of values is no expression; `concat(u, v)` sets vectors end to end",
                )
        return self.wrong(node, "this is Python, but no expression of a model")

    def _chain(
        self, node: ast.BinOp, operators: tuple[type[ast.operator], ...]
    ) -> tuple[ast.expr, list[tuple[ast.operator, ast.expr]]]:
        """The operands of operators of one precedence written in a row."""
        rest: list[tuple[ast.operator, ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, operators):
            rest.append((left.op, left.right))
            # A group in parentheses starts behind them: it is an operand of its own.
            grouped = _starts(left.left) != _starts(left)
            left = left.left
            if grouped:
                break
        return left, rest[::-1]

    def _sum(self, node: ast.BinOp, place: Place) -> Node:
        first, rest = self._chain(node, _SUM)
        terms = [self.read(first)]
        for operator, operand in rest:
            term = self.read(operand)
            minus = isinstance(operator, ast.Sub)
            terms.append(Minus(term.place, term) if minus else term)
        return Plus(place, terms)

    def _product(self, node: ast.BinOp) -> Node:
        """``a * b / c @ d`` groups from the left; equal operators make one node."""
        first, rest = self._chain(node, _PRODUCT)
        start = self.place(node)
        whole = self.read(first)
        own = False  # whether ``whole`` was made here, not in parentheses
        for operator, operand in rest:
            right = self.read(operand)
            place = start.until(right.place)
            match operator:
                case ast.Div():
                    whole = Over(place, whole, right)
                case ast.Mult():
                    factors = whole.factors if own and isinstance(whole, Times) else [whole]
                    whole = Times(place, [*factors, right])
                case _ if own and isinstance(whole, Chain):
                    whole = Chain(place, [*whole.operands, right], whole.loose)
                case _:
                    whole = Chain(place, [whole, right], loose=own)
            own = True
        return whole

    def _transpose(self, node: ast.Attribute, place: Place) -> Node:
        if node.attr != "T":
            hint = "write `.T` for a transpose" if node.attr == "t" else "only `.T` follows a name"
            return self.wrong(node, f"`.{node.attr}` has no meaning in a model: {hint}")
        return Flip(place, self.read(node.value))

    def _call(self, node: ast.Call, place: Place) -> Node:
        if not isinstance(node.func, ast.Name):
            return self.wrong(
                node, "only functions are called, as in `tanh(v)`; a product is written `*` or `@`"
            )
        name, head = node.func.id, self.place(node.func)
        args = [self.read(arg) for arg in node.args]
        if any(
            isinstance(part, Named) and part.name in ("t", "T") for a in args for part in walk(a)
        ):
            inside = ", ".join(self.source.snippet(arg.place) for arg in args)
            return self.wrong(node, f"a step stands in square brackets: write `{name}[{inside}]`")
        if name == "len":
            return self._len(node, place, args)
        return Apply(place, name, args, head)

    def _len(self, node: ast.Call, place: Place, args: list[Node]) -> Node:
        if len(args) == 1 and isinstance(args[0], Named | Timed):
            return Len(place, args[0])
        if any(isinstance(part, Hole) for arg in args for part in walk(arg)):
            return Hole(place)
        return self.wrong(node, "`len` takes the name of one vector, as in `len(h)`")

    def _subscript(self, node: ast.Subscript, place: Place) -> Node:
        if isinstance(node.value, ast.Attribute):
            return self.wrong(node, "a step stands before `.T`, and a row is read as `E[tok[t]]`")
        if not isinstance(node.value, ast.Name):
            return self.wrong(node, "only a name has a step, as in `h[t]`")
        name = node.value.id
        inner = self.read(node.slice)
        if isinstance(inner, Timed):
            return TableRow(place, Named(self.place(node.value), name), inner)
        index = self.index(inner, name)
        if index is None:
            return Hole(place)
        if index.offset > 0 and index.terms:
            now = index.names()[0]
            written, means = self.source.snippet(place), f"{name}[{now}+{index.offset}]"
            means = "" if "".join(written.split()) == means else f", that is `{means}`,"
            return self.wrong(
                node,
                f"`{written}`{means} lies in the future: expected a lag of 0 or more, "
                f"`{name}[{now}]` or `{name}[{now}-1]` (a target one step ahead is an input of its "
                "own, `y[t]`)",
            )
        if index.offset < -MAX_LAG:
            return self.wrong(node, f"a lag is at most {MAX_LAG}, and this one is {-index.offset}")
        return Timed(place, name, index)

    def index(self, node: Node, name: str) -> Index | None:
        """The step in brackets after ``name``: ``t``, ``T``, ``t - k`` or a number.

        None, with a finding, where it is none of these.
        """
        try:
            form = self._linear(node, name)
        except ArithmeticFinding as found:
            self.findings.add(found.place, found.message)
            return None
        if form is None:
            return None
        if any(value.denominator != 1 for value in form.values()):
            self.findings.add(node.place, f"a step is a whole number: expected `{name}[t-1]`, say")
            return None
        offset = int(form.pop("", 0))
        terms = tuple((letter, int(value)) for letter, value in form.items() if value)
        if terms not in ((), (("t", 1),), (("T", 1),)):
            written = self.source.snippet(node.place)
            self.findings.add(node.place, f"expected a step `t` or `t-1`, found `{written}`")
            return None
        return Index(terms, offset)

    def _linear(self, node: Node, name: str) -> dict[str, Fraction] | None:
        """A linear form in t and T; the constant term has the key ``""``."""
        value = fold(node, self.constants)
        if value is not None:
            return {"": value}
        match node:
            case Named(name=now) if now in ("t", "T"):
                return {now: Fraction(1)}
            case Plus(terms=terms):
                total: dict[str, Fraction] = {}
                for term in terms:
                    form = self._linear(term, name)
                    if form is None:
                        return None
                    for letter, coefficient in form.items():
                        total[letter] = total.get(letter, Fraction(0)) + coefficient
                return total
            case Minus(operand=operand):
                form = self._linear(operand, name)
                return None if form is None else {key: -value for key, value in form.items()}
            case Hole():
                return None
            case Named(name=other):
                self.findings.add(
                    node.place,
                    f"a lag is a number or a constant, and `{other}` is neither: define it, as in "
                    f"`{other} = 2`, or write `{name}[t-1]`; a row of a table is "
                    f"`{name}[{other}[t]]`",
                )
                return None
        written = self.source.snippet(node.place)
        message = f"expected a step `t` or `t-1`, or `tok[t]` for a row, found `{written}`"
        self.findings.add(node.place, message)
        return None


def _starts(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset
