"""Expressions and indices of a formula, read by a whitelist of Python's syntax tree.

Every finding points at its place with a caret.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Entry
from symbptt.formula.indices import DERIVATIVES, PRIME, RESERVED, IndexReader, span_of
from symbptt.formula.names import derived_form
from symbptt.formula.statement import TOTAL, UNIT, Span, derivative, number_of
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS, vector
from symbptt.language.limits import check_number

_ARITHMETIC: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


_VECTORS: dict[str, Callable[..., al.Expr]] = {
    **{name: partial(vector, name) for name in VECTORS},
    "concat": lambda *parts: al.Concat(parts),
    "outer": al.Outer,
    "diag": al.Diag,
    "kron": al.Kronecker,
    "vec": al.Vec,
}


class ExpressionReader(IndexReader):
    """Reads expressions: of a formula, or of a stretch of one."""

    def expression(self, span: Span) -> al.Expr:
        return self.node(self.tree(span))

    def node(self, tree: ast.expr) -> al.Expr:
        return self.at(self._node(tree), span_of(tree))

    def _node(self, tree: ast.expr) -> al.Expr:
        span = span_of(tree)
        match tree:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._number(span)
            case ast.Name(id=name):
                return self._name(name, span)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return al.Neg(self.node(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._node(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return al.Add(tuple(self._terms(tree)))
            case ast.BinOp(op=ast.Mult()):
                return al.Mul(tuple(self._factors(tree)))
            case ast.BinOp(op=ast.MatMult(), left=left, right=right):
                return al.Product(self.node(left), self.node(right))
            case ast.BinOp(op=ast.Div()):
                return self._quotient(tree)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                return al.Pow(self.node(left), self.at(self._exponent(right), span_of(right)))
            case ast.BinOp(op=ast.BitXor()):
                self.wrong(span, "`^` has no meaning in a formula: a power is written `**`")
            case ast.Attribute(attr="T", value=value):
                return al.Transpose(self.node(value))
            case ast.Attribute(attr=attr):
                self.wrong(span, f"`.{attr}` has no meaning here: only `.T`, the transpose")
            case ast.Subscript():
                return self._subscript(tree, span)
            case ast.Call():
                return self._call(tree, span)
        self.wrong(span, "this is Python, but no expression of a formula")

    def _number(self, span: Span) -> al.Number:
        text = self.text[slice(*span)]
        message = check_number(text)
        if message:
            self.wrong(span, message)
        try:
            return al.Number(Fraction(text), text)
        except ValueError:
            self.wrong(span, "a number is written `2`, `0.05` or `1e-3`")

    def _name(self, name: str, span: Span) -> al.Expr:
        if name == "I":
            return al.Identity(UNIT.dim)
        if name == "L":
            if self.names.model.loss is None:
                self.wrong(span, f"the model {self.names.model.name} has no loss, so no `L`")
            return al.Param(TOTAL.name, TOTAL.shape)
        if name in self.names.constants:
            return al.Constant(name, self.names.constants[name])
        if name in self.names.timeless:
            return al.Param(name, self.names.shapes[name])
        if name == "ones":
            return al.Ones("")
        if name in self.names.timed - self.names.introduced:
            self.wrong(span, f"`{name}` has a value at every step: write `{name}[t]`")
        if name in self.names.words or name in RESERVED - {"T"}:
            self.wrong(span, f"`{name}` is a function: its arguments stand in parentheses")
        return number_of(al.Index.of(name))

    def _terms(self, tree: ast.expr) -> Iterator[al.Expr]:
        """The terms of a sum; a group in parentheses stays one term."""
        match tree:
            case ast.BinOp(op=ast.Add() | ast.Sub() as sign, left=left, right=right):
                grouped = span_of(left)[0] != span_of(tree)[0]
                yield from [self.node(left)] if grouped else self._terms(left)
                term = self.node(right)
                minus = isinstance(sign, ast.Sub)
                yield self.at(al.Neg(term), span_of(right)) if minus else term
            case _:
                yield self.node(tree)

    def _factors(self, tree: ast.expr) -> Iterator[al.Expr]:
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
            grouped = span_of(tree.left)[0] != span_of(tree)[0]
            yield from [self.node(tree.left)] if grouped else self._factors(tree.left)
            yield self.node(tree.right)
        else:
            yield self.node(tree)

    # --- quotients, and derivatives as they are printed -----------------------------------

    def _quotient(self, tree: ast.BinOp) -> al.Expr:
        """A quotient, or ``dL/dh[t]``, which takes the last factor before it alone."""
        by = self._differential(tree.right)
        if by is None:
            return al.Div(self.node(tree.left), self.node(tree.right))
        left = tree.left
        of = self._differential(left)
        if of is not None:
            return self._derived([of, by], span_of(tree), "nothing")
        match left:
            case ast.UnaryOp(operand=inner):
                turned: ast.expr = ast.UnaryOp(left.op, _beside(ast.Div(), inner, tree.right))
            case ast.BinOp(left=first, right=last):
                turned = ast.BinOp(first, left.op, _beside(ast.Div(), last, tree.right))
            case _:
                self.wrong(span_of(tree), "a derivative is written `dL/dh[t]` or `d(L, h[t])`")
        return self._node(ast.copy_location(turned, tree))

    def _differential(self, tree: ast.expr) -> ast.expr | None:
        """``h[t]`` of ``dh[t]``, unless the model has a name dh."""
        match tree:
            case ast.Name(id=name):
                known = self.names.timed | self.names.timeless | {"L"}
                if name[:1] != "d" or name in known or name[1:] not in known:
                    return None
                moved = ast.copy_location(ast.Name(name[1:]), tree)
                moved.col_offset += 1
                return moved
            case ast.Subscript(value=value, slice=inner):
                bare = self._differential(value)
                return None if bare is None else ast.copy_location(ast.Subscript(bare, inner), tree)
        return None

    # --- exponents ----------------------------------------------------------------------

    def _exponent(self, tree: ast.expr) -> al.Expr:
        """A number, worked out where it is written as several, or an index."""
        if isinstance(tree, ast.Name | ast.Constant) and self._rational(tree) is not None:
            return self._node(tree)
        value = self._rational(tree)
        if value is not None:
            return al.Number(value)
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        if any(name in self.names and name not in self.names.constants for name in names):
            self.wrong(span_of(tree), "an exponent is a number or an index, as in `W**(T-i)`")
        return number_of(self.index(tree))

    def _rational(self, tree: ast.expr) -> Fraction | None:
        """The number that an expression of numbers and named constants is."""
        match tree:
            case ast.Constant(value=int() | float()):
                node = self._node(tree)
                return node.value if isinstance(node, al.Number) else None
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

    def _place(self, tree: ast.expr) -> al.Expr:
        """Which entry: an index, or an integer input."""
        match tree:
            case ast.Subscript(value=ast.Name(id=name)) if name in self.names.integers:
                return self.node(tree)
        return self.at(number_of(self.index(tree)), span_of(tree))

    def _subscript(self, tree: ast.Subscript, span: Span) -> al.Expr:
        inner = tree.slice
        if isinstance(tree.value, ast.Name):
            name = tree.value.id
            if name in self.names.timed:
                if isinstance(inner, ast.Tuple):
                    self.wrong(
                        span_of(inner), f"an entry stands behind the step: `{name}[t][i, j]`"
                    )
                return al.Ref(name, self.index(inner), self.names.shapes[name])
            if name not in self.names.timeless:
                self.wrong(
                    span_of(tree.value),
                    f"the model {self.names.model.name} has no name `{name}`"
                    + self.names.near(name),
                )
        operand = self.node(tree.value)
        trees = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        places = tuple(self._place(one) for one in trees)
        if len(places) > (3 if isinstance(operand, al.Derivative) else 2):
            self.wrong(span, "an entry has one index or two")
        is_matrix = isinstance(operand, al.Param) and len(operand.shape) == 2
        if is_matrix and len(places) == 1 and isinstance(places[0], al.Ref):
            return al.Lookup(operand, places[0])
        return Entry(operand, places)

    # --- calls --------------------------------------------------------------------------

    def _call(self, tree: ast.Call, span: Span) -> al.Expr:
        if not isinstance(tree.func, ast.Name):
            self.wrong(span, "only functions are called; a product is written `*` or `@`")
        if tree.keywords or any(isinstance(arg, ast.Starred) for arg in tree.args):
            self.wrong(span, "arguments have no names here")
        name, args = tree.func.id, tree.args
        if name in self.names.functions:
            return self._applied(tree, name, None)
        if name in DERIVATIVES:
            return self._diff(args, span, name)
        special: dict[str, Callable[[list[ast.expr], Span], al.Expr]] = {
            "prod": self._prod, "onehot": self._one_hot, "delta": self._delta, "len": self._len,
        }  # fmt: skip
        if name in special:
            return special[name](args, span)
        if name == "sum" and len(args) != 1:
            return self._sum(args, span)
        name, prime, number = name.partition(PRIME)
        return self._applied(tree, name, number if prime else None)

    def _applied(self, tree: ast.Call, name: str, slope: str | None) -> al.Expr:
        """A function of its arguments; ``slope`` is what stands behind its prime."""
        span, args = span_of(tree), tree.args
        if name not in self.names.words:
            kind = "no function" if name in self.names else "neither a function nor a name"
            self.wrong(
                span_of(tree.func),
                f"`{name}` is {kind} of the model {self.names.model.name} or the formula language"
                + self.names.near(name),
            )
        wanted = self._arity(name)
        if wanted is not None and len(args) != wanted:
            count = "one argument" if wanted == 1 else f"{wanted} arguments"
            self.wrong(span, f"`{name}` takes {count}, and here are {len(args)}")
        if not args:
            self.wrong(span, f"`{name}` has no argument")
        wrt = None if slope is None else self._argument(name, slope, len(args), span)
        nodes = tuple(self.node(arg) for arg in args)
        if name in _VECTORS:
            return _VECTORS[name](*nodes)
        losses = {a.name for a in self.names.model.abstract if a.loss}
        if name in losses or (name in LOSSES and name not in self.names.functions):
            return al.Loss(name, nodes[0], nodes[1], wrt)
        return al.Call(name, nodes, wrt)

    def _argument(self, name: str, slope: str, count: int, span: Span) -> int:
        """By which argument a slope is taken, from 0: ``f'2(u, v)`` is by the second."""
        if name in _VECTORS:
            self.wrong(span, f"`{name}'` has no meaning: a prime is the slope of an elementwise "
                       "function, the Jacobian of another is `direct(u, v)`")  # fmt: skip
        number = int(slope) if slope.isdecimal() else 1 if not slope and count == 1 else 0
        if not 1 <= number <= count:
            self.wrong(span, f"`{name}` has several arguments: its slope by the second, say, is "
                       f"`{name}'2(…)`")  # fmt: skip
        return number - 1

    def _arity(self, name: str) -> int | None:
        for abstract in self.names.model.abstract:
            if abstract.name == name:
                return 2 if abstract.loss else abstract.arity
        if name in FUNCTIONS:
            return len(FUNCTIONS[name].arguments)
        if name == "concat":
            return None
        if name in VECTORS:
            return len(VECTORS[name].arguments)
        return 2 if name in LOSSES or name in ("outer", "kron") else 1

    def _diff(self, args: list[ast.expr], span: Span, word: str) -> al.Expr:
        if len(args) != 2:
            self.wrong(span, f"`{word}` takes two arguments, as in `{word}(h[t], h[t-1])`")
        return self._derived(args, span, DERIVATIVES[word])

    def _derived(self, args: list[ast.expr], span: Span, held: al.Held) -> al.Expr:
        word = next(word for word, what in DERIVATIVES.items() if what == held)
        of, by = (self.node(arg) for arg in args)
        self._known(of, args[0])
        self._known(by, args[1])
        core = of.array if isinstance(of, Entry) else of
        total = core == TOTAL and (held == "nothing" or (held == "equation" and _is_value(by)))
        if not isinstance(core, al.Ref) and not self._is_derived(core) and not total:
            step = "a quantity at a step" + (", or `L`," if held == "nothing" else "")
            self.wrong(self.span(of), f"`{word}` differentiates {step} or an entry of one")
        core = by.array if isinstance(by, Entry) else by
        if not isinstance(core, al.Ref | al.Param) or core == TOTAL:
            self.wrong(
                self.span(by),
                f"`{word}` is taken by a parameter, by a quantity at a step, or by an entry of one",
            )
        if isinstance(core, al.Ref) and core.name in self.names.integers:
            self.wrong(self.span(by), f"`{core.name}` is an integer: no derivative is taken by it")
        return derivative(of, by, held)

    def _known(self, node: al.Expr, tree: ast.expr) -> None:
        """A lone name that is nobody's is told as such."""
        if isinstance(node, al.Count) and isinstance(tree, ast.Name):
            self.wrong(
                span_of(tree),
                f"the model {self.names.model.name} has no name `{tree.id}`"
                + self.names.near(tree.id),
            )

    def _is_derived(self, node: al.Expr) -> bool:
        own = derived_form(self.names.model).derived
        return isinstance(node, al.Param) and node.name in {d.name for d in own}

    def _bound(self, tree: ast.expr, word: str) -> str:
        """The name of an index that a sum or product binds."""
        if not isinstance(tree, ast.Name):
            self.wrong(span_of(tree), f"the first argument of `{word}` is an index, a new name")
        if tree.id in self.names or tree.id in RESERVED or tree.id in self.names.words:
            self.wrong(
                span_of(tree),
                f"`{tree.id}` is a name of the model or the language already: a bound index needs "
                "another",
            )
        return tree.id

    def _sum(self, args: list[ast.expr], span: Span) -> al.Expr:
        if len(args) != 4:
            self.wrong(span, "`sum` is written `sum(i, a, b, expr)`")
        name = self._bound(args[0], "sum")
        first, last = self.index(args[1]), self.index(args[2])
        return al.TimeSum(self.node(args[3]), first, last, name)

    def _prod(self, args: list[ast.expr], span: Span) -> al.Expr:
        if len(args) not in (4, 5):
            self.wrong(span, "`prod` is written `prod(j, a, b, expr)` or `prod(j, a, b, -1, expr)`")
        name = self._bound(args[0], "prod")
        step = self._step(args[3]) if len(args) == 5 else 1
        first, last = self.index(args[1]), self.index(args[2])
        return al.OrderedProduct(self.node(args[-1]), first, last, step, name)

    def _step(self, tree: ast.expr) -> int:
        match tree:
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
                return -1
            case ast.Constant(value=1):
                return 1
        self.wrong(span_of(tree), "a product goes up, or down with -1 as its fourth argument")

    def _one_hot(self, args: list[ast.expr], span: Span) -> al.Expr:
        node = self.node(args[0]) if len(args) == 1 else None
        if not isinstance(node, al.Ref) or node.name not in self.names.integers:
            self.wrong(span, "`onehot` takes an integer input at a step, as in `onehot(y[t])`")
        dim = self.names.model.input(node.name).index_dim
        assert dim is not None
        return al.OneHot(node, dim)

    def _delta(self, args: list[ast.expr], span: Span) -> al.Expr:
        if len(args) != 2:
            self.wrong(span, "`delta` takes two indices, as in `delta(i, j)`")
        return Delta(self._place(args[0]), self._place(args[1]))


def _is_value(node: al.Expr) -> bool:
    return isinstance(node, al.Ref)


def _beside(sign: ast.operator, left: ast.expr, right: ast.expr) -> ast.BinOp:
    """Two operands, at their place in the text."""
    found = ast.BinOp(left, sign, right)
    found.col_offset, found.end_col_offset = left.col_offset, right.end_col_offset
    return found
