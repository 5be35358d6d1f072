"""From Python's syntax tree to the located surface tree, by a whitelist of node types.

The one reader of models and of formulas; `symbptt.language.tokens` says what either may hold.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from symbptt.algebra import LAST, NOW, Index
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS
from symbptt.language import surface as sf
from symbptt.language import syntax
from symbptt.language.constants import ArithmeticFinding, linear
from symbptt.language.limits import MAX_LAG
from symbptt.language.source import Findings, Place, Source
from symbptt.language.spelling import spell
from symbptt.language.tokens import MODEL, Grammar, Statement, Token, spelled

_CARRIED = {"sum": ("sum", "+", 0), "prod": ("product", "*", 1)}
"""What formulas take over steps: in words, how a state carries it on, and from what."""

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
    grammar: Grammar = MODEL

    def place(self, node: ast.expr | ast.stmt) -> Place:
        line, column = self._position(node.lineno, node.col_offset)
        end = self._position(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return Place(line, column, *end)

    def _position(self, line: int, offset: int) -> tuple[int, int]:
        """Python counts columns in bytes, and from the statement's first token."""
        number = self.start.line + line - 1
        skipped = self.start.column if line == 1 else 0
        text = spelled(self.source.line(number))
        if not text.isascii():
            offset = len(text[skipped:].encode()[:offset].decode())
        return number, skipped + offset

    def wrong(self, node: ast.expr, message: str) -> sf.Hole:
        self.findings.add(self.place(node), message)
        return sf.Hole(self.place(node))

    def read(self, node: ast.expr) -> sf.Node:
        """The surface tree of an expression, with a `Hole` where it could not be read."""
        place = self.place(node)
        match node:
            case ast.Constant(value=int() | float()):
                text = self.source.snippet(place)
                return sf.Literal(place, Fraction(text), text)
            case ast.Name(id=name):
                return sf.Named(place, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return sf.Minus(place, self.read(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(node, place)
            case ast.BinOp(op=ast.Mult() | ast.Div() | ast.MatMult()):
                return self._product(node)
            case ast.BinOp(op=ast.Pow(), left=base, right=exponent):
                return sf.Power(place, self.read(base), self.read(exponent))
            case ast.Attribute():
                return self._transpose(node, place)
            case ast.Subscript() if self.grammar.entries:
                return self._at(node, place)
            case ast.Subscript():
                return self._step(node, place)
            case ast.Call():
                return self._call(node, place)
            case ast.Tuple(elts=[]):
                return self.wrong(node, "the parentheses are empty: an expression is missing")
            case ast.Tuple():
                return self.wrong(
                    node,
                    "a list of values is no expression; `concat(u, v)` sets vectors end to end",
                )
        return self.wrong(node, f"this is Python, but no expression of a {self.grammar.name}")

    def _chain(
        self, node: ast.BinOp, operators: tuple[type[ast.operator], ...]
    ) -> tuple[ast.expr, list[ast.BinOp]]:
        """The operations of one precedence written in a row, and what stands before them."""
        rest: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, operators):
            rest.append(left)
            # A group in parentheses starts behind them: it is an operand of its own.
            grouped = _starts(left.left) != _starts(left)
            left = left.left
            if grouped:
                break
        return left, rest[::-1]

    def _sum(self, node: ast.BinOp, place: Place) -> sf.Node:
        first, rest = self._chain(node, _SUM)
        terms = [self.read(first)]
        for operation in rest:
            term = self.read(operation.right)
            minus = isinstance(operation.op, ast.Sub)
            terms.append(sf.Minus(term.place, term) if minus else term)
        return sf.Plus(place, terms)

    def _product(self, node: ast.BinOp) -> sf.Node:
        """``a * b / c @ d`` groups from the left; equal operators make one node."""
        first, rest = self._chain(node, _PRODUCT)
        whole = self.read(first)
        own = False  # whether ``whole`` was made here, not in parentheses
        for operation in rest:
            right = self.read(operation.right)
            place = self.place(operation)
            match operation.op:
                case ast.Div():
                    whole = sf.Over(place, whole, right)
                case ast.Mult():
                    factors = whole.factors if own and isinstance(whole, sf.Times) else [whole]
                    whole = sf.Times(place, [*factors, right])
                case _ if own and isinstance(whole, sf.Chain):
                    whole = sf.Chain(place, [*whole.operands, right], whole.loose)
                case _:
                    whole = sf.Chain(place, [whole, right], loose=own)
            own = True
        return whole

    def _transpose(self, node: ast.Attribute, place: Place) -> sf.Node:
        if node.attr != "T":
            hint = "write `.T` for a transpose" if node.attr == "t" else "only `.T` follows a name"
            message = f"`.{node.attr}` has no meaning in a {self.grammar.name}: {hint}"
            return self.wrong(node, message)
        return sf.Flip(place, self.read(node.value))

    def _call(self, node: ast.Call, place: Place) -> sf.Node:
        if not isinstance(node.func, ast.Name):
            named = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
            if isinstance(node.func, ast.Attribute) and named and node.func.attr != "T":
                words = f"functions stand alone: write `{node.func.attr}(…)`"
                return self.wrong(node.func, words)
            return self.wrong(
                node, "only functions are called, as in `tanh(v)`; a product is written `*` or `@`"
            )
        name, head = node.func.id, self.place(node.func)
        if name in _CARRIED and len(node.args) > 1 and not self.grammar.entries:
            return self._carried(node, name)
        args = [self.read(arg) for arg in node.args]
        stepped = len(args) == 1 and _is_step(args[0]) and not self.grammar.entries
        if stepped and not any(name in table for table in (FUNCTIONS, VECTORS, LOSSES)):
            step = spell(args[0]).replace(" ", "")
            return self.wrong(node, f"a step stands in square brackets: write `{name}[{step}]`")
        if name == "len":
            return self._len(node, place, args)
        return sf.Apply(place, name, args, head)

    def _carried(self, node: ast.Call, name: str) -> sf.Hole:
        """A sum over steps, which formulas have and a recurrence carries on."""
        what, sign, start = _CARRIED[name]
        bound = {arg.id for arg in node.args if isinstance(arg, ast.Name)}
        state = next(letter for letter in "saupq" if letter not in bound)
        return self.wrong(
            node,
            f"a {what} over steps is no expression of a model, which computes one step from those "
            f"before it: carry it as a state, `{state}[t] = {state}[t-1] {sign} …` with "
            f"`{state}[0] = {start}`"
            + ("; the sum of a vector's entries is `sum(v)`" if name == "sum" else ""),
        )

    def _len(self, node: ast.Call, place: Place, args: list[sf.Node]) -> sf.Node:
        match args:
            case [sf.Named() | sf.Timed() as vector] | [sf.At(operand=sf.Named() as vector)]:
                return sf.Len(place, vector)
        if any(isinstance(part, sf.Hole) for arg in args for part in sf.walk(arg)):
            return sf.Hole(place)
        return self.wrong(node, "`len` takes the name of one vector, as in `len(h)`")

    def _at(self, node: ast.Subscript, place: Place) -> sf.Node:
        found = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        places = [self._place(one) for one in found[:1]]
        for one in found[1:]:
            row = isinstance(one, ast.Slice) and one.lower is one.upper is one.step is None
            places.append(sf.Stretch(self.place(one), None, None) if row else self._place(one))
        return sf.At(place, self.read(node.value), places)

    def _place(self, node: ast.expr) -> sf.Node:
        if not isinstance(node, ast.Slice):
            return self.read(node)
        if node.step is not None or (node.lower is None and node.upper is None):
            return self.wrong(node, "a slice is written `v[:d]`, `v[d:]` or `v[a:b]`")
        ends = (None if end is None else self.read(end) for end in (node.lower, node.upper))
        return sf.Stretch(self.place(node), *ends)

    def _step(self, node: ast.Subscript, place: Place) -> sf.Node:
        if isinstance(node.value, ast.Attribute):
            return self.wrong(node, "a step stands before `.T`, and a row is read as `E[tok[t]]`")
        if not isinstance(node.value, ast.Name):
            return self.wrong(node, "only a name has a step, as in `h[t]`")
        name = node.value.id
        inner = self.read(node.slice)
        if isinstance(inner, sf.Timed):
            return sf.TableRow(place, sf.Named(self.place(node.value), name), inner)
        index = self.index(inner, name)
        if index is None:
            return sf.Hole(place)
        if index.offset > 0 and index.terms:
            now = index.names()[0]
            written, means = self.source.snippet(place), f"{name}[{now}+{index.offset}]"
            means = "" if "".join(written.split()) == means else f", that is `{means}`,"
            return self.wrong(
                node,
                f"`{written}`{means} lies in the future, and time runs one way: "
                "expected a lag of 0 or more, "
                f"`{name}[{now}]` or `{name}[{now}-1]` (a target one step ahead is an input of its "
                "own, `y[t]`)",
            )
        if index.offset < -MAX_LAG:
            return self.wrong(node, f"a lag is at most {MAX_LAG}, and this one is {-index.offset}")
        return sf.Timed(place, name, index)

    def index(self, node: sf.Node, name: str) -> Index | None:
        """The step in brackets after ``name``: ``t``, ``T``, ``t - k`` or a number.

        None, with a finding, where it is none of these.
        """
        if any(isinstance(part, sf.Hole) for part in sf.walk(node)):
            return None
        try:
            index = linear(node, self.constants)
        except ArithmeticFinding as found:
            self.findings.add(found.place, found.message)
            return None
        if index is not None and index.terms in ((), NOW.terms, LAST.terms):
            return index
        for other in sf.walk(node):
            if isinstance(other, sf.Named) and other.name not in ("t", "T", *self.constants):
                self.findings.add(
                    other.place,
                    f"a lag is a number or a constant, and `{other.name}` is neither: define it, "
                    f"as in `{other.name} = 2`, or write `{name}[t-1]`; a row of a table is "
                    f"`{name}[{other.name}[t]]`",
                )
                return None
        row = ", or `tok[t]` for a row" if index is None else ""
        written = self.source.snippet(node.place)
        self.findings.add(node.place, f"expected a step `t` or `t-1`{row}, found `{written}`")
        return None


def _starts(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def expression(
    tokens: Sequence[Token], source: Source, findings: Findings, grammar: Grammar
) -> sf.Node:
    """The surface tree of an expression alone, with a `Hole` where it could not be read."""
    statement = Statement(list(tokens))
    syntax.check_expression(tokens, findings, grammar)
    tree = syntax.read(statement, source, findings)
    reader = Reader(source, findings, statement.place, grammar=grammar)
    if isinstance(tree, ast.Expr):
        return reader.read(tree.value)
    if tree is not None:
        findings.add(statement.place, f"this is Python, but no expression of a {grammar.name}")
    return sf.Hole(statement.place)


def _is_step(node: sf.Node) -> bool:
    """Whether it is ``t``, ``T`` or one of them with a lag."""
    first, *lag = node.terms if isinstance(node, sf.Plus) else [node]
    named = isinstance(first, sf.Named) and first.name in ("t", "T")
    return named and all(isinstance(term, sf.Literal | sf.Named | sf.Minus) for term in lag)
