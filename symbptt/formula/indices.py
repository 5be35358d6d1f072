"""Indices of a formula, read from stretches of its text by Python's syntax tree."""

from __future__ import annotations

import ast
from typing import NoReturn, TypeVar

from symbptt.algebra import Expr, Held, Index, Length, entries
from symbptt.formula.names import CALLS, FormulaNames, finding
from symbptt.formula.statement import Span

MAX_NESTING = 100

DERIVATIVES: dict[str, Held] = {"d": "nothing", "partial": "step", "direct": "equation"}

RESERVED = frozenset(["T", "L", "I", "loss", *DERIVATIVES, *CALLS[-5:], "prod", "onehot", "delta"])

PRIME = "\N{MODIFIER LETTER PRIME}"
"""What Python reads for the ``'`` of a slope: a letter, one character too."""

Node = TypeVar("Node", bound=Expr)


class IndexReader:
    """Reads stretches of a formula's text.

    Attributes
    ----------
    spans : dict
        Where what was read stands, by identity.
    """

    def __init__(self, text: str, names: FormulaNames) -> None:
        self.text = text
        self.names = names
        self.spans: dict[int, tuple[Expr, Span]] = {}

    def at(self, node: Node, span: Span) -> Node:
        """The node, its place noted."""
        self.spans[id(node)] = (node, span)
        return node

    def span(self, node: Expr) -> Span:
        return self.spans[id(node)][1]

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
        text = self.text[first:last].replace("'", PRIME)
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
                return Index.of(f"len({self._len(args, span).of})")
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
        known = name in self.names and name not in self.names.functions
        if known or name in RESERVED - {"T"} or name in CALLS:
            self.wrong(span, f"`{name}` is a name of the model or the language, and no index")
        return Index.of(name)

    def _len(self, args: list[ast.expr], span: Span) -> Length:
        match args:
            case [ast.Name(id=name)] | [ast.Subscript(value=ast.Name(id=name))]:
                if name in self.names.shapes:
                    return Length(entries(self.names.shapes[name]), name)
                if name in self.names.model.dims:
                    return Length(name, name)
        self.wrong(span, "`len` takes the name of one vector, as in `len(h)`")


def span_of(tree: ast.expr) -> Span:
    return tree.col_offset, tree.end_col_offset or tree.col_offset + 1
