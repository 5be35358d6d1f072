"""Expressions and indices of a formula, read by a whitelist of Python's syntax tree.

Every finding points at its place with a caret.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from symbptt.algebra import Index, Model
from symbptt.errors import Diagnostic, FormulaError
from symbptt.formula.tree import (
    Add,
    At,
    Call,
    Delta,
    Diff,
    Div,
    Dot,
    Entry,
    Flip,
    Len,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    OneHot,
    Over,
    Power,
    Row,
    Span,
    Total,
    Unit,
    Whole,
)
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS
from symbptt.language.limits import check_number

MAX_NESTING = 100

_ARITHMETIC: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}

RESERVED = frozenset(
    ["T", "L", "I", "loss", "d", "partial", "sum", "prod", "outer", "diag", "onehot", "delta"]
)


@dataclass(frozen=True)
class Names:
    """What the names of a model are."""

    model: Model
    timed: frozenset[str]
    integers: frozenset[str]
    timeless: frozenset[str]
    constants: dict[str, Fraction]

    @classmethod
    def of(cls, model: Model) -> Names:
        return cls(
            model,
            frozenset([*(e.name for e in model.equations), *(i.name for i in model.inputs)]),
            frozenset(i.name for i in model.inputs if i.index_dim is not None),
            frozenset([*(p.name for p in model.parameters), *(d.name for d in model.derived)]),
            dict(model.constants),
        )

    @property
    def functions(self) -> frozenset[str]:
        return frozenset(a.name for a in self.model.abstract)

    def __contains__(self, name: str) -> bool:
        return name in self.timed | self.timeless | self.functions | frozenset(self.constants)


def finding(text: str, span: Span, message: str) -> FormulaError:
    """An error that points at a stretch of a formula."""
    first, last = span
    start = max(0, first - 60) if len(text) > 110 else 0
    shown = text[start : start + 110]
    width = min(max(1, last - first), max(1, len(shown) - (first - start)))
    return FormulaError(Diagnostic(message, 1, first - start, shown, width).render("formula"))


class ExpressionReader:
    """Reads stretches of a formula's text."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        self.names = names

    def wrong(self, span: Span, message: str) -> NoReturn:
        raise finding(self.text, span, message)

    def trimmed(self, span: Span) -> Span:
        first, last = span
        while first < last and self.text[first] == " ":
            first += 1
        while first < last and self.text[last - 1] == " ":
            last -= 1
        return first, last

    def tree(self, span: Span) -> ast.expr:
        first, last = self.trimmed(span)
        if first == last:
            self.wrong((max(0, first - 1), first), "an expression is missing here")
        text = self.text[first:last]
        try:
            tree = ast.parse(f"({text}\n)", mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            offset = getattr(error, "offset", None) or 1
            column = min(max(first, first + offset - 2), last - 1)
            self.wrong((column, column + 1), "this can't be read as an expression")
        self._shift(tree, first, text)
        return tree

    def _shift(self, tree: ast.expr, first: int, text: str) -> None:
        """Columns of the whole text in characters, and a bound on the tree's depth."""

        def column(offset: int) -> int:
            return first + len(text.encode()[: offset - 1].decode(errors="ignore"))

        pending: list[tuple[ast.AST, int]] = [(tree, 1)]
        while pending:
            node, depth = pending.pop()
            if isinstance(node, ast.expr):
                node.col_offset = column(node.col_offset)
                node.end_col_offset = column(node.end_col_offset or 1)
                if depth > MAX_NESTING:
                    message = f"a formula nests at most {MAX_NESTING} deep, long sums included"
                    self.wrong(span_of(node), message)
            pending += [(child, depth + 1) for child in ast.iter_child_nodes(node)]

    def expression(self, span: Span) -> Node:
        return self.node(self.tree(span))

    def node(self, tree: ast.expr) -> Node:
        span = span_of(tree)
        match tree:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._number(span)
            case ast.Name(id=name):
                return self._name(name, span)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Neg(self.node(operand), span=span)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.node(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return Add(tuple(self._terms(tree)), span=span)
            case ast.BinOp(op=ast.Mult()):
                return Mul(tuple(self._factors(tree, ast.Mult)), span=span)
            case ast.BinOp(op=ast.MatMult()):
                return Dot(tuple(self._factors(tree, ast.MatMult)), span=span)
            case ast.BinOp(op=ast.Div(), left=left, right=right):
                return Div(self.node(left), self.node(right), span=span)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                return Power(self.node(left), self._exponent(right), span=span)
            case ast.BinOp(op=ast.BitXor()):
                self.wrong(span, "`^` has no meaning in a formula: a power is written `**`")
            case ast.Attribute(attr="T", value=value):
                return Flip(self.node(value), span=span)
            case ast.Attribute(attr=attr):
                self.wrong(span, f"`.{attr}` has no meaning here: only `.T`, the transpose")
            case ast.Subscript():
                return self._subscript(tree, span)
            case ast.Call():
                return self._call(tree, span)
        self.wrong(span, "this is Python, but no expression of a formula")

    def _number(self, span: Span) -> Num:
        text = self.text[slice(*span)]
        message = check_number(text)
        if message:
            self.wrong(span, message)
        try:
            return Num(Fraction(text), text, span=span)
        except ValueError:
            self.wrong(span, "a number is written `2`, `0.05` or `1e-3`")

    def _name(self, name: str, span: Span) -> Node:
        if name == "I":
            return Unit(span=span)
        if name == "L":
            if self.names.model.loss is None:
                self.wrong(span, f"the model {self.names.model.name} has no loss, so no `L`")
            return Total(span=span)
        if name in self.names.constants:
            return Num(self.names.constants[name], name, span=span)
        if name in self.names.timeless:
            return Name(name, span=span)
        if name in self.names.timed:
            self.wrong(span, f"`{name}` has a value at every step: write `{name}[t]`")
        if name in self._functions() or name in RESERVED - {"T"}:
            self.wrong(span, f"`{name}` is a function: its arguments stand in parentheses")
        return Whole(Index.of(name), span=span)

    def _functions(self) -> frozenset[str]:
        return frozenset([*FUNCTIONS, *LOSSES, *VECTORS, "concat", "len"]) | self.names.functions

    def _terms(self, tree: ast.expr) -> Iterator[Node]:
        """The terms of a sum; a group in parentheses stays one term."""
        match tree:
            case ast.BinOp(op=ast.Add() | ast.Sub() as sign, left=left, right=right):
                grouped = span_of(left)[0] != span_of(tree)[0]
                yield from [self.node(left)] if grouped else self._terms(left)
                term = self.node(right)
                yield Neg(term, span=term.span) if isinstance(sign, ast.Sub) else term
            case _:
                yield self.node(tree)

    def _factors(self, tree: ast.expr, sign: type[ast.operator]) -> Iterator[Node]:
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, sign):
            grouped = span_of(tree.left)[0] != span_of(tree)[0]
            yield from [self.node(tree.left)] if grouped else self._factors(tree.left, sign)
            yield self.node(tree.right)
        else:
            yield self.node(tree)

    def _exponent(self, tree: ast.expr) -> Node:
        """A number, worked out where it is written as several, or an index."""
        span = span_of(tree)
        if isinstance(tree, ast.Name | ast.Constant) and self._rational(tree) is not None:
            return self.node(tree)
        value = self._rational(tree)
        if value is not None:
            return Num(value, span=span)
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        if any(name in self.names and name not in self.names.constants for name in names):
            self.wrong(span, "an exponent is a number or an index, as in `W**(T-i)`")
        return Whole(self.index(tree), span=span)

    def _rational(self, tree: ast.expr) -> Fraction | None:
        """The number that an expression of numbers and named constants is."""
        match tree:
            case ast.Constant(value=int() | float()):
                node = self.node(tree)
                return node.value if isinstance(node, Num) else None
            case ast.Name(id=name):
                return self.names.constants.get(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self._rational(operand)
                return None if inner is None else -inner
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as op):
                left, right = self._rational(tree.left), self._rational(tree.right)
                if left is None or right is None:
                    return None
                if isinstance(op, ast.Div) and right == 0:
                    self.wrong(span_of(tree), "division by 0")
                return _ARITHMETIC[type(op)](left, right)
        return None

    # --- indices ------------------------------------------------------------------------

    def index(self, tree: ast.expr) -> Index:
        """A linear form in index names and whole numbers."""
        span = span_of(tree)
        match tree:
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                if abs(value) > 10**6:
                    self.wrong(span, "an index is at most a million")
                return Index(offset=value)
            case ast.Name(id=name):
                return self._index_name(name, span)
            case ast.Call(func=ast.Name(id="len"), args=args):
                length = self._len(args, span)
                assert isinstance(length, Len)
                return Index.of(f"len({length.name})")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.index(operand)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self.index(left) + self.index(right)
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return self.index(left) - self.index(right)
            case ast.BinOp(op=ast.Mult(), left=left, right=right):
                one, two = self.index(left), self.index(right)
                if one.terms and two.terms:
                    self.wrong(span, "an index is linear: a product of two indices is none")
                factor, form = (one, two) if not one.terms else (two, one)
                scaled = tuple((n, c * factor.offset) for n, c in form.terms if factor.offset)
                return Index(scaled, form.offset * factor.offset)
        self.wrong(span, "an index is made of whole numbers and names such as `t`, by + and -")

    def _index_name(self, name: str, span: Span) -> Index:
        if name in self.names.constants:
            value = self.names.constants[name]
            if value.denominator != 1:
                self.wrong(span, f"an index is whole, and `{name}` is {value}")
            return Index(offset=int(value))
        if name in self.names or name in RESERVED - {"T"} or name in self._functions():
            self.wrong(span, f"`{name}` is a name of the model or the language, and no index")
        return Index.of(name)

    def _place(self, tree: ast.expr) -> Node:
        """Which entry: an index, or an integer input."""
        match tree:
            case ast.Subscript(value=ast.Name(id=name)) if name in self.names.integers:
                return self.node(tree)
        return Whole(self.index(tree), span=span_of(tree))

    def _subscript(self, tree: ast.Subscript, span: Span) -> Node:
        inner = tree.slice
        if isinstance(tree.value, ast.Name):
            name = tree.value.id
            if name in self.names.timed:
                if isinstance(inner, ast.Tuple):
                    self.wrong(
                        span_of(inner), f"an entry stands behind the step: `{name}[t][i, j]`"
                    )
                return At(name, self.index(inner), span=span)
            if name not in self.names.timeless:
                self.wrong(
                    span_of(tree.value), f"the model {self.names.model.name} has no name `{name}`"
                )
        operand = self.node(tree.value)
        trees = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if len(trees) not in (1, 2):
            self.wrong(span, "an entry has one index or two")
        places = tuple(self._place(one) for one in trees)
        if isinstance(operand, Name) and len(places) == 1 and isinstance(places[0], At):
            sizes = {p.name: p.shape for p in self.names.model.parameters}
            sizes |= {d.name: d.shape for d in self.names.model.derived}
            if len(sizes[operand.name]) == 2:
                return Row(operand, places[0], span=span)
        return Entry(operand, places, span=span)

    # --- calls --------------------------------------------------------------------------

    def _call(self, tree: ast.Call, span: Span) -> Node:
        if not isinstance(tree.func, ast.Name):
            self.wrong(span, "only functions are called; a product is written `*` or `@`")
        if tree.keywords or any(isinstance(arg, ast.Starred) for arg in tree.args):
            self.wrong(span, "arguments have no names here")
        name, args = tree.func.id, tree.args
        special: dict[str, Callable[[list[ast.expr], Span], Node]] = {
            "d": lambda a, s: self._diff(a, s, partial=False),
            "partial": lambda a, s: self._diff(a, s, partial=True),
            "prod": lambda a, s: self._over(a, s, product=True),
            "onehot": self._one_hot,
            "delta": self._delta,
            "len": self._len,
        }
        if name in special and name not in self.names.functions:
            return special[name](args, span)
        if name == "sum" and len(args) != 1:
            return self._over(args, span, product=False)
        if name not in self._functions() | {"outer", "diag"}:
            kind = "no function" if name in self.names else "neither a function nor a name"
            self.wrong(span_of(tree.func), f"`{name}` is {kind} of the model "
                       f"{self.names.model.name} or the formula language")  # fmt: skip
        wanted = self._arity(name)
        if wanted is not None and len(args) != wanted:
            count = "one argument" if wanted == 1 else f"{wanted} arguments"
            self.wrong(span, f"`{name}` takes {count}, and here are {len(args)}")
        if not args:
            self.wrong(span, f"`{name}` has no argument")
        return Call(name, tuple(self.node(arg) for arg in args), span=span)

    def _arity(self, name: str) -> int | None:
        for abstract in self.names.model.abstract:
            if abstract.name == name:
                return 2 if abstract.loss else abstract.arity
        if name in FUNCTIONS:
            return len(FUNCTIONS[name].arguments)
        if name == "concat":
            return None
        return 2 if name in LOSSES or name in ("dot", "outer") else 1

    def _diff(self, args: list[ast.expr], span: Span, *, partial: bool) -> Node:
        word = "partial" if partial else "d"
        if len(args) != 2:
            self.wrong(span, f"`{word}` takes two arguments, as in `{word}(h[t], h[t-1])`")
        of, by = (self.node(arg) for arg in args)
        core = of.operand if isinstance(of, Entry) else of
        if not isinstance(core, At | Total) or (partial and isinstance(core, Total)):
            step = "a quantity at a step" + ("" if partial else ", or `L`,")
            self.wrong(of.span, f"`{word}` differentiates {step} or an entry of one")
        core = by.operand if isinstance(by, Entry) else by
        if not isinstance(core, At | Name):
            self.wrong(by.span, f"`{word}` is taken by a parameter, by a quantity at a step, or by "
                       "an entry of one")  # fmt: skip
        if isinstance(core, At) and core.name in self.names.integers:
            self.wrong(by.span, f"`{core.name}` is an integer: there is no derivative by it")
        return Diff(of, by, partial, span=span)

    def _over(self, args: list[ast.expr], span: Span, *, product: bool) -> Node:
        word = "prod" if product else "sum"
        if len(args) != 4 and not (product and len(args) == 5):
            way = "`prod(j, a, b, expr)` or `prod(j, a, b, -1, expr)`" if product else (
                "`sum(i, a, b, expr)`")  # fmt: skip
            self.wrong(span, f"`{word}` is written {way}")
        if not isinstance(args[0], ast.Name):
            self.wrong(span_of(args[0]), f"the first argument of `{word}` is an index, a new name")
        name = args[0].id
        if name in self.names or name in RESERVED or name in self._functions():
            self.wrong(
                span_of(args[0]),
                f"`{name}` is a name of the model or the language already: a bound index needs "
                "another",
            )
        step = 1
        if len(args) == 5:
            step = self._step(args[3])
        first, last = self.index(args[1]), self.index(args[2])
        return Over(name, first, last, self.node(args[-1]), product, step, span=span)

    def _step(self, tree: ast.expr) -> int:
        match tree:
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
                return -1
            case ast.Constant(value=1):
                return 1
        self.wrong(span_of(tree), "a product goes up, or down with -1 as its fourth argument")

    def _one_hot(self, args: list[ast.expr], span: Span) -> Node:
        node = self.node(args[0]) if len(args) == 1 else None
        if not isinstance(node, At) or node.name not in self.names.integers:
            self.wrong(span, "`onehot` takes an integer input at a step, as in `onehot(y[t])`")
        return OneHot(node, span=span)

    def _delta(self, args: list[ast.expr], span: Span) -> Node:
        if len(args) != 2:
            self.wrong(span, "`delta` takes two indices, as in `delta(i, j)`")
        return Delta(self._place(args[0]), self._place(args[1]), span=span)

    def _len(self, args: list[ast.expr], span: Span) -> Node:
        match args:
            case [ast.Name(id=name)] | [ast.Subscript(value=ast.Name(id=name))]:
                if name in self.names.timed | self.names.timeless:
                    return Len(name, span=span)
        self.wrong(span, "`len` takes the name of one vector, as in `len(h)`")


def span_of(tree: ast.expr) -> Span:
    return tree.col_offset, tree.end_col_offset or tree.col_offset + 1
