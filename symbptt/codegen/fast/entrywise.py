"""Entrywise expressions as calls that write into arrays made before.

An operand is a view of an array, or a scratch array that is given back as soon as it is
read. A target that is read by its own value is read by the first call or kept apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

from symbptt import algebra as al
from symbptt.codegen.fast.buffers import Value, view
from symbptt.codegen.fast.scope import PlaceScope
from symbptt.codegen.numpy_printer import is_full, is_rowwise
from symbptt.codegen.places import leaves
from symbptt.functions.elementwise import function

LEAVES = al.Ref | al.Param | al.Cotangent
UFUNC = re.compile(r"np\.(\w+)\((.*)\)")
HALF = al.Number(Fraction(1, 2))


@dataclass(frozen=True)
class Operand:
    """An array; ``scratch`` if it is to be given back once read."""

    array: Value
    scratch: bool = False


class Entrywise:
    """Compiles what works entry by entry in one place; ``there`` knows the place."""

    def __init__(self, there: PlaceScope) -> None:
        self.there = there

    # --- operands ------------------------------------------------------------------------

    @contextmanager
    def operand(self, expr: al.Expr) -> Iterator[Value]:
        found = self.value(expr, None)
        yield found.array
        if found.scratch:
            self.there.give(found.array)

    def value(self, expr: al.Expr, out: Value | None) -> Operand:
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

    def standing(self, expr: al.Expr) -> Value | None:
        """Where a value stands already, or is computed once for all rows."""
        if isinstance(expr, LEAVES):
            return self.there.leaf(expr)
        if isinstance(expr, al.Number | al.Constant | al.Horizon | al.Length):
            return self.there.number(expr)
        if isinstance(expr, al.Fill) and is_rowwise(expr):
            scalar = self.standing(expr.scalar)
            return None if scalar is None else self.filling(expr, scalar)
        if isinstance(expr, al.Vec) and is_rowwise(expr):
            matrix = self.standing(expr.operand)
            return None if matrix is None else self.there.reshaped("entries", matrix)
        if isinstance(expr, al.Concat) and is_rowwise(expr):
            return self.there.joined(expr.parts)
        if isinstance(expr, al.Slice):
            vector = self.standing(expr.vector)
            return None if vector is None else self.there.block(vector, expr.blocks, expr.number)
        if (isinstance(expr, al.Transpose) and isinstance(expr.operand, al.Param)) or not (
            self.there.place == "static" or is_rowwise(expr)
        ):
            return self.there.spread(expr, self.there.once(expr))
        return None

    def filling(self, expr: al.Fill, scalar: Value) -> Value:
        """A scalar a row, with an axis more for every axis of a matrix."""
        if len(expr.of_shape) < 2 or not is_rowwise(expr.scalar):
            return scalar
        return self.there.reshaped("as_columns", scalar)

    # --- into an array -------------------------------------------------------------------

    def into(self, value: al.Expr, out: Value, target: al.Expr) -> None:
        """The value into ``out``, which it may read: then what it reads is kept apart."""
        standing = self.standing(value)
        if standing is not None:
            self.there.emit("copyto", standing, out=out)
        elif self.is_safe(value, target):
            self.compute(value, out)
        else:
            with self.operand(value) as found:
                self.there.emit("copyto", found, out=out)

    def is_safe(self, value: al.Expr, target: al.Expr) -> bool:
        """Whether writing the target early can spoil nothing that is read later."""
        targets = target.parts if isinstance(target, al.Concat) else (target,)
        shared = [
            leaf for leaf in leaves(value) if any(self.there.same_rows(leaf, t) for t in targets)
        ]
        if not shared:
            return True
        return all(leaf in targets for leaf in shared) and self.reads_first(value, target)

    def reads_first(self, expr: al.Expr, target: al.Expr) -> bool:
        """Whether the target is read by the first call of all, and by no later one."""
        if expr == target:
            return True
        parts: tuple[al.Expr, ...]
        match expr:
            case al.Add():
                parts = tuple(t.operand if isinstance(t, al.Neg) else t for t in expr.terms)
                if target in expr.terms:
                    return sum(mentions(part, target) for part in parts) == 1
                first = self.first_term(expr)
                if first is None:
                    return False
                inner = parts[first]
            case al.Mul(factors=parts):
                if target in parts:
                    return sum(mentions(part, target) for part in parts) == 1
                inner = min(parts, key=self.is_standing)
            case al.Neg(operand=inner) | al.Pow(base=inner):
                parts = (inner,)
            case al.Div(numerator=inner, denominator=below):
                parts = (inner, below)
            case al.Call(args=parts):
                inner = parts[0]
            case _:
                return False
        others = [part for part in parts if part is not inner]
        return not any(mentions(o, target) for o in others) and self.reads_first(inner, target)

    def compute(self, expr: al.Expr, out: Value) -> None:
        """Emit the calls that leave the value of an expression in ``out``."""
        kind = type(expr).__name__.lower()
        method: Callable[[al.Expr, Value], None] | None = getattr(self, f"compute_{kind}", None)
        if method is None:
            self.there.by_rows(out, expr)
        else:
            method(expr, out)

    # --- elementwise ---------------------------------------------------------------------

    def fold(self, shape: al.Shape, parts: Sequence[tuple[str, al.Expr]], out: Value) -> None:
        """``((p0 op p1) op p2) …`` into ``out``; each part comes with its own operation."""
        whole = parts[0][1].shape == shape and is_full(parts[0][1])
        first = self.value(parts[0][1], out if whole and len(parts) > 1 else None)
        left = first.array
        if len(parts) == 1:
            self.there.emit("copyto", left, out=out)
        for operation, part in parts[1:]:
            with self.operand(part) as other:
                self.there.emit(operation, left, other, out=out)
            left = out
        if first.scratch:
            self.there.give(first.array)

    def compute_add(self, expr: al.Add, out: Value) -> None:
        units = [t for t in expr.terms if isinstance(unsigned(t), al.OneHot) and is_rowwise(t)]
        if units and out not in self.there.gapped:
            rest = tuple(t for t in expr.terms if t not in units)
            self.compute(al.Add(rest) if len(rest) > 1 else al.Neg(al.Neg(rest[0])), out)
            for unit in units:
                with self.index(unsigned(unit)) as index:
                    callee = "subtract.at" if isinstance(unit, al.Neg) else "add.at"
                    one = self.there.number(al.ONE)
                    self.there.emit(callee, index, one, out=view("flat", out))
            return
        signed = [
            ("subtract", term.operand) if isinstance(term, al.Neg) else ("add", term)
            for term in expr.terms
        ]
        first = self.own_term(expr, out)
        if first is None:
            first = self.first_term(expr)
        if first is None:
            self.fold(expr.shape, [("add", term) for _, term in signed], out)
            self.there.emit("negative", out, out=out)
            return
        self.fold(expr.shape, [signed[first], *signed[:first], *signed[first + 1 :]], out)

    def own_term(self, expr: al.Add, out: Value) -> int | None:
        """The term that stands where the sum is to stand."""
        for number, term in enumerate(expr.terms):
            if isinstance(term, LEAVES | al.Concat) and self.standing(term) == out:
                return number
        return None

    def first_term(self, expr: al.Add) -> int | None:
        """What is computed goes into the target first, what stands is added to it."""
        plain = [k for k, term in enumerate(expr.terms) if not isinstance(term, al.Neg)]
        heavy = [k for k in plain if self.heavy(expr.terms[k])]
        return next(iter([*heavy, *plain]), None)

    def heavy(self, expr: al.Expr) -> bool:
        """Whether an expression needs calls."""
        return self.is_standing(expr) is False

    def is_standing(self, expr: al.Expr) -> bool:
        if isinstance(
            expr, LEAVES | al.Number | al.Constant | al.Horizon | al.Length | al.Concat | al.Slice
        ):
            return True
        if isinstance(expr, al.Fill):
            return self.is_standing(expr.scalar)
        return self.there.place != "static" and not is_rowwise(expr)

    @contextmanager
    def index(self, unit: al.Expr) -> Iterator[Value]:
        """Where the entries of unit vectors stand in an array of rows end to end."""
        assert isinstance(unit, al.OneHot)
        found = self.there.take((), integer=True)
        with self.operand(unit.position) as position:
            self.there.emit("add", self.there.row_starts(unit.dim), position, out=found)
        yield found
        self.there.give(found)

    def compute_neg(self, expr: al.Neg, out: Value) -> None:
        if isinstance(expr.operand, al.Neg):
            self.place(expr.operand.operand, out)
            return
        with self.operand(expr.operand) as found:
            self.there.emit("negative", found, out=out)

    def compute_mul(self, expr: al.Mul, out: Value) -> None:
        if len(expr.factors) == 2 and is_repeated(expr.factors[1]):
            self.scaled(expr.factors[0], expr.factors[1], out)
            return
        above: list[tuple[str, al.Expr]] = []
        below: list[tuple[str, al.Expr]] = []
        for factor in self.gathered(expr.factors):
            if isinstance(factor, al.Div) and factor.numerator == al.ONE:
                below.append(("divide", factor.denominator))
            else:
                above.append(("multiply", factor))
        own = [
            p for p in above if isinstance(p[1], LEAVES | al.Concat) and self.standing(p[1]) == out
        ]
        # What stands in the target is read first, then what is computed, then the rest.
        above = own + sorted(
            (p for p in above if p not in own), key=lambda pair: self.is_standing(pair[1])
        )
        self.fold(expr.shape, [*(above or [("multiply", al.ONE)]), *below], out)

    def scaled(self, blocks: al.Expr, repeated: al.Expr, out: Value) -> None:
        """Blocks that stand end to end, each multiplied by one and the same vector."""
        assert isinstance(repeated, al.Concat)
        count = len(repeated.parts)
        with self.operands((blocks, repeated.parts[0])) as (found, one):
            if self.there.shape.count:
                self.there.emit("multiply", found, one, out=out)
                return
            left = self.there.reshaped("in_blocks", found, count)
            right = self.there.reshaped("each", one)
            into = self.there.reshaped("in_blocks", out, count)
            self.there.emit("multiply", left, right, out=into)

    def gathered(self, factors: tuple[al.Expr, ...]) -> tuple[al.Expr, ...]:
        """What has no rows as one factor, which is computed once."""
        without = tuple(f for f in factors if not is_rowwise(f))
        if self.there.place == "static" or len(without) < 2:
            return factors
        return (*(f for f in factors if is_rowwise(f)), al.Mul(without))

    def compute_div(self, expr: al.Div, out: Value) -> None:
        self.fold(expr.shape, [("", expr.numerator), ("divide", expr.denominator)], out)

    def compute_pow(self, expr: al.Pow, out: Value) -> None:
        exponent = expr.exponent
        value = exponent.value if isinstance(exponent, al.Number | al.Constant) else None
        base = self.value(expr.base, out).array
        if value == 2:
            self.there.emit("multiply", base, base, out=out)
        elif value == 1:
            self.there.emit("copyto", base, out=out)
        else:
            self.there.emit("power", base, self.there.number(exponent), out=out)

    def compute_call(self, expr: al.Call, out: Value) -> None:
        row = function(expr.function)
        calls = row.calls or ((row.numpy,) if UFUNC.fullmatch(row.numpy) else ())
        if not calls:
            self.there.by_rows(out, expr)
            return
        with self.operands(expr.args) as given:
            if out in given and any("{0}" in template for template in calls[1:]):
                # A later call reads the argument again.
                scratch = self.there.take(expr.shape)
                self.chain(calls, given, scratch)
                self.there.emit("copyto", scratch, out=out)
                self.there.give(scratch)
            else:
                self.chain(calls, given, out)

    def chain(self, calls: Sequence[str], given: Sequence[Value], out: Value) -> None:
        """The calls of a function's row, which name arguments by their places."""
        named = {"{out}": out} | {f"{{{k}}}": value for k, value in enumerate(given)}
        for template in calls:
            match = UFUNC.fullmatch(template)
            assert match is not None
            operands = [
                named.get(part) or self.there.number(al.Number(Fraction(part)))
                for part in match[2].split(", ")
            ]
            self.there.emit(match[1], *operands, out=out)

    @contextmanager
    def operands(self, exprs: Iterable[al.Expr]) -> Iterator[list[Value]]:
        found = [self.value(expr, None) for expr in exprs]
        yield [operand.array for operand in found]
        for operand in found:
            if operand.scratch:
                self.there.give(operand.array)

    def place(self, expr: al.Expr, out: Value) -> None:
        """The value of an expression into a part of an array."""
        standing = self.standing(expr)
        if standing is None:
            self.compute(expr, out)
        elif standing != out:
            self.there.emit("copyto", standing, out=out)


def is_repeated(expr: al.Expr) -> bool:
    """Whether a concatenation is one vector several times."""
    return isinstance(expr, al.Concat) and is_rowwise(expr) and len(set(expr.parts)) == 1


def unsigned(expr: al.Expr) -> al.Expr:
    return expr.operand if isinstance(expr, al.Neg) else expr


def mentions(expr: al.Expr, target: al.Expr) -> bool:
    """Whether an expression holds the target, or a part of it."""
    if isinstance(target, al.Concat):
        return any(mentions(expr, part) for part in target.parts)
    return any(node == target for node in leaves(expr))
