"""SymPy expressions as a number domain: the model's equations entry by entry.

Functions stay whole (`Opaque`), so that SymPy neither rewrites nor contracts what the
author wrote; it differentiates products, quotients, powers and the chain rule, and the
functions themselves by their ``sympy`` column (`symbptt.proof.tape.function_tape`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import sympy

from symbptt.proof.domain import Array, Domain
from symbptt.proof.tape import Root, opaque


class Symbolic(Domain):
    """SymPy expressions in the entries of a model's quantities and parameters."""

    name = "expressions"

    def number(self, value: Fraction) -> sympy.Expr:
        return sympy.Rational(value.numerator, value.denominator)

    def power(self, base: sympy.Expr, exponent: Fraction) -> sympy.Expr:
        if exponent.denominator == 1:
            return base ** int(exponent)
        return Root(base, self.number(exponent))

    def call(self, name: str, args: Sequence[sympy.Expr], wrt: int | None = None) -> sympy.Expr:
        return opaque(name, len(args), wrt)(*args)

    def abstract(self, name: str, wrt: int | None, args: Sequence[sympy.Expr]) -> sympy.Expr:
        return self.call(name, args, wrt)


class Expressions(Domain):
    """SymPy expressions in SymPy's own functions, for whoever goes on with them there."""

    name = "SymPy's expressions"

    def number(self, value: Fraction) -> sympy.Expr:
        return sympy.Rational(value.numerator, value.denominator)

    def random(self, rng: random.Random) -> sympy.Expr:
        return sympy.Dummy(real=True)

    def power(self, base: sympy.Expr, exponent: Fraction) -> sympy.Expr:
        return base ** self.number(exponent)

    def apply(self, head: str, args: Sequence[sympy.Expr]) -> sympy.Expr:
        if head == "pi":
            return sympy.pi
        return PIECES[head](*args) if head in PIECES else getattr(sympy, head)(*args)

    def abstract(self, name: str, wrt: int | None, args: Sequence[sympy.Expr]) -> sympy.Expr:
        value = sympy.Function(name)(*args)
        return value if wrt is None else value.fdiff(wrt + 1)


PIECES: dict[str, Callable[..., sympy.Expr]] = {
    "step": lambda x: sympy.Piecewise((1, x > 0), (0, True)),
    "sign": lambda x: sympy.Piecewise((1, x > 0), (-1, x < 0), (0, True)),
    "zero": lambda x: sympy.Piecewise((1, sympy.Eq(x, 0)), (0, True)),
    "beyond": lambda u, v: sympy.Piecewise((1, u > v), (0, u < v), (sympy.Rational(1, 2), True)),
}


def symbol_array(label: str, shape: tuple[int, ...], first: int = 0, **assumptions: bool) -> Array:
    """An array of SymPy symbols, one an entry, which are counted from ``first``."""
    symbols = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        name = label + "".join(f"_{k + first}" for k in place)
        symbols[place] = sympy.Symbol(name, **assumptions)
    return symbols
