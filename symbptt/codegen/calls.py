"""Expressions as calls that write into arrays made before: nothing is allocated.

A statement becomes a row of three-address calls, ``np.multiply(a, b, out)``. An operand
is a view of an array, or a scratch array that is given back as soon as it is read. What
has no such call is computed a few rows at a time by the plain text of its expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

from symbptt.algebra import (
    LAST,
    ONE,
    Add,
    Call,
    Concat,
    Constant,
    Cotangent,
    Div,
    Expr,
    Fill,
    Horizon,
    Identity,
    Length,
    Lookup,
    Mul,
    Neg,
    Number,
    Outer,
    Param,
    Pow,
    Product,
    Ref,
    Slice,
    Softmax,
    TimeSum,
    Transpose,
)
from symbptt.calculus.adjoint import MEAN_FACTOR
from symbptt.codegen.numpy_printer import is_full, is_rowwise
from symbptt.codegen.scope import Scope
from symbptt.codegen.storage import leaves, variable
from symbptt.functions import function

LEAVES = Ref | Param | Cotangent
UFUNC = re.compile(r"np\.(\w+)\((.*)\)")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Operand:
    """The text of an array; ``scratch`` if it is to be given back once read."""

    text: str
    scratch: bool = False


class Compiler:
    """Compiles expressions in one place; ``there`` knows the place."""

    def __init__(self, there: Scope) -> None:
        self.there = there

    def assign(self, target: Expr, value: Expr, *, add: bool) -> None:
        """``target = value`` or ``target += value``; the target is a leaf or adjacent leaves."""
        scattered = self.there.scattered(target)
        if scattered is not None:
            with self.operand(value) as found:
                self.there.line(f"_add_at({', '.join(scattered)}, {found})")
            return
        out = self.target(target)
        if not add:
            self.into(value, out, target)
            return
        terms = value.terms if isinstance(value, Add) else (value,)
        for term in terms:
            positive = term.operand if isinstance(term, Neg) else term
            with self.operand(positive) as found:
                sign = "subtract" if isinstance(term, Neg) else "add"
                self.there.emit(sign, out, found, out)

    def target(self, target: Expr) -> str:
        if isinstance(target, Concat):
            text = self.there.joined(target.parts)
            assert text is not None
            return text
        return self.there.leaf(target)

    # --- operands ------------------------------------------------------------------------

    @contextmanager
    def operand(self, expr: Expr) -> Iterator[str]:
        found = self.value(expr, None)
        yield found.text
        if found.scratch:
            self.there.give(found.text)

    def value(self, expr: Expr, out: str | None) -> Operand:
        """Where the value of an expression stands; computed into ``out`` if it must be."""
        standing = self.standing(expr)
        if standing is not None:
            return Operand(standing)
        if out is not None:
            self.compute(expr, out)
            return Operand(out)
        scratch = self.there.take(expr.shape)
        self.compute(expr, scratch)
        return Operand(scratch, scratch=True)

    def standing(self, expr: Expr) -> str | None:
        """The text of what stands somewhere already, or is computed once for all rows."""
        if isinstance(expr, Cotangent) and expr.name == "loss":
            return self.there.once(MEAN_FACTOR)
        if isinstance(expr, LEAVES):
            return self.there.leaf(expr)
        if isinstance(expr, Number | Constant | Horizon | Length):
            return self.there.number(expr)
        if isinstance(expr, Fill) and is_rowwise(expr):
            return self.standing(expr.scalar)
        if isinstance(expr, Concat):
            return self.there.joined(expr.parts)
        if isinstance(expr, Slice):
            vector = self.standing(expr.vector)
            return None if vector is None else self.there.block(vector, expr.blocks, expr.number)
        if (isinstance(expr, Transpose) and isinstance(expr.operand, Param)) or not (
            self.there.place == "static" or is_rowwise(expr)
        ):
            return self.there.once(expr)
        return None

    # --- into an array -------------------------------------------------------------------

    def into(self, value: Expr, out: str, target: Expr) -> None:
        """The value into ``out``, which it may read: then what it reads is kept apart."""
        standing = self.standing(value)
        if standing is not None:
            self.there.emit("copyto", out, standing)
        elif self.is_safe(value, target):
            self.compute(value, out)
        else:
            with self.operand(value) as found:
                self.there.emit("copyto", out, found)

    def is_safe(self, value: Expr, target: Expr) -> bool:
        """Whether writing the target early can spoil nothing that is read later."""
        targets = target.parts if isinstance(target, Concat) else (target,)
        reads = [leaf for leaf in leaves(value) if variable(leaf) is not None]
        shared = [leaf for leaf in reads if any(self.there.same_array(leaf, t) for t in targets)]
        if not shared:
            return True
        if isinstance(value, Add | Mul) and len(shared) == 1:
            # It is read by the first call, in place.
            parts = value.terms if isinstance(value, Add) else value.factors
            first = parts[0].operand if isinstance(parts[0], Neg) else parts[0]
            return first == shared[0] == target
        return isinstance(value, Call) and value.args == tuple(shared)

    def compute(self, expr: Expr, out: str) -> None:
        """Emit the calls that leave the value of an expression in ``out``."""
        kind = type(expr).__name__.lower()
        method: Callable[[Expr, str], None] | None = getattr(self, f"compute_{kind}", None)
        if method is None:
            self.there.by_rows(out, expr)
        else:
            method(expr, out)

    # --- elementwise ---------------------------------------------------------------------

    def fold(self, name: str, parts: Sequence[tuple[str, Expr]], out: str) -> None:
        """``((p0 op p1) op p2) …`` into ``out``; each part comes with its own operation."""
        first = self.value(parts[0][1], out if len(parts) > 1 else None)
        text = first.text
        if len(parts) == 1:
            self.there.emit("copyto", out, text)
        for operation, part in parts[1:]:
            with self.operand(part) as other:
                self.there.emit(operation, text, other, out)
            text = out

    def compute_add(self, expr: Add, out: str) -> None:
        signed = [
            ("subtract", term.operand) if isinstance(term, Neg) else ("add", term)
            for term in expr.terms
        ]
        # In place first: what is computed goes into ``out``, what stands is added to it.
        first = next((k for k, s in enumerate(signed) if s[0] == "add" and self.heavy(s[1])), None)
        if first is None:
            first = next((k for k, s in enumerate(signed) if s[0] == "add"), None)
        if first is None:
            self.fold("add", [("add", term) for _, term in signed], out)
            self.there.emit("negative", out, out)
            return
        self.fold("add", [signed[first], *signed[:first], *signed[first + 1 :]], out)

    def heavy(self, expr: Expr) -> bool:
        """Whether an expression needs calls."""
        return self.is_standing(expr) is False

    def is_standing(self, expr: Expr) -> bool:
        if isinstance(expr, LEAVES | Number | Constant | Horizon | Length | Concat | Slice):
            return True
        if isinstance(expr, Fill):
            return self.is_standing(expr.scalar)
        return self.there.place != "static" and not is_rowwise(expr)

    def compute_neg(self, expr: Neg, out: str) -> None:
        with self.operand(expr.operand) as found:
            self.there.emit("negative", found, out)

    def compute_mul(self, expr: Mul, out: str) -> None:
        above: list[tuple[str, Expr]] = []
        below: list[tuple[str, Expr]] = []
        for factor in expr.factors:
            if isinstance(factor, Div) and factor.numerator == ONE:
                below.append(("divide", factor.denominator))
            else:
                above.append(("multiply", factor))
        above.sort(key=lambda pair: self.is_standing(pair[1]))
        self.fold("multiply", [*(above or [("multiply", ONE)]), *below], out)

    def compute_div(self, expr: Div, out: str) -> None:
        self.fold("divide", [("", expr.numerator), ("divide", expr.denominator)], out)

    def compute_pow(self, expr: Pow, out: str) -> None:
        exponent = expr.exponent
        value = exponent.value if isinstance(exponent, Number | Constant) else None
        with self.operand(expr.base) as base:
            if value == 2:
                self.there.emit("multiply", base, base, out)
            elif value == 1:
                self.there.emit("copyto", out, base)
            else:
                self.there.emit("power", base, self.there.number(exponent), out)

    def compute_call(self, expr: Call, out: str) -> None:
        row = function(expr.function)
        calls = row.calls or ((row.numpy,) if UFUNC.fullmatch(row.numpy) else ())
        if not calls:
            self.there.by_rows(out, expr)
            return
        with self.operands(expr.args) as texts:
            if out in texts and any("{0}" in template for template in calls[1:]):
                # A later call reads the argument again.
                scratch = self.there.take(expr.shape)
                self.chain(calls, texts, scratch)
                self.there.emit("copyto", out, scratch)
                self.there.give(scratch)
            else:
                self.chain(calls, texts, out)

    def chain(self, calls: Sequence[str], texts: list[str], out: str) -> None:
        for template in calls:
            match = UFUNC.fullmatch(template.format(*texts, out=out))
            assert match is not None
            self.there.emit(match[1], *self.arguments(match[2]), out)

    def arguments(self, text: str) -> list[str]:
        """The arguments of a template; numbers become arrays without axes."""
        return [
            self.there.number(Number(Fraction(part))) if NUMBER.fullmatch(part) else part
            for part in re.split(r", (?![^\[(]*[\])])", text)
        ]

    @contextmanager
    def operands(self, exprs: Iterable[Expr]) -> Iterator[list[str]]:
        found = [self.value(expr, None) for expr in exprs]
        yield [operand.text for operand in found]
        for operand in found:
            if operand.scratch:
                self.there.give(operand.text)

    # --- products ------------------------------------------------------------------------

    def compute_product(self, expr: Product, out: str) -> None:
        left, right = expr.left, expr.right
        if is_rowwise(left):
            self.there.by_rows(out, expr)
            return
        if not is_rowwise(right):
            with self.operands((left, right)) as texts:
                self.there.emit("dot", *texts, out)
            return
        if len(right.shape) == 2:
            self.there.by_rows(out, expr)
            return
        with self.operand(right) as rows:
            self.there.emit("dot", rows, self.there.turned(left), out)

    def compute_transpose(self, expr: Transpose, out: str) -> None:
        if is_rowwise(expr):
            self.there.by_rows(out, expr)
            return
        with self.operand(expr.operand) as found:
            self.there.emit("copyto", out, f"{found}.T")

    def compute_concat(self, expr: Concat, out: str) -> None:
        blocks = [part.shape[0] for part in expr.parts]
        for number, part in enumerate(expr.parts):
            with self.operand(part) as found:
                self.there.emit("copyto", self.there.block(out, blocks, number), found)

    def compute_slice(self, expr: Slice, out: str) -> None:
        with self.operand(expr.vector) as found:
            self.there.emit("copyto", out, self.there.block(found, expr.blocks, expr.number))

    def compute_softmax(self, expr: Softmax, out: str) -> None:
        if not is_rowwise(expr):
            self.there.by_rows(out, expr)
            return
        column = self.there.take(())
        with self.operand(expr.vector) as found:
            self.there.emit("_softmax_into", found, column, out)
        self.there.give(column)

    def compute_identity(self, expr: Identity, out: str) -> None:
        self.there.emit("copyto", out, self.there.once(expr))

    def compute_fill(self, expr: Fill, out: str) -> None:
        with self.operand(expr.scalar) as found:
            self.there.emit("copyto", out, found)

    def compute_lookup(self, expr: Lookup, out: str) -> None:
        if not is_rowwise(expr):
            self.there.by_rows(out, expr)
            return
        with self.operands((expr.table, expr.row)) as texts:
            self.there.emit("take", *texts, "0", out, '"clip"')

    # --- sums over time --------------------------------------------------------------------

    def compute_timesum(self, expr: TimeSum, out: str) -> None:
        over_rows = Compiler(self.there.at("last" if expr.first == LAST else "all"))
        over_rows.sum_rows(expr, out)

    def sum_rows(self, expr: TimeSum, out: str) -> None:
        """A sum over the rows of this place."""
        term = expr.term
        if isinstance(term, Neg):
            self.sum_rows(replace(expr, term=term.operand), out)
            self.there.emit("negative", out, out)
        elif isinstance(term, Outer) and is_rowwise(term.left) and is_rowwise(term.right):
            with self.operands((term.left, term.right)) as (left, right):
                self.there.emit("dot", f"{left}.T", right, out)
        elif len(term.shape) == 1 and is_rowwise(term) and is_full(term):
            with self.operand(term) as rows:
                self.there.emit("dot", self.there.ones(), rows, out)
        elif not term.shape and is_rowwise(term):
            with self.operand(term) as rows:
                self.there.emit("add.reduce", rows, "None", "None", out)
        else:
            self.there.by_rows(out, expr)
