"""SymPy expressions as a number domain: the model's equations entry by entry.

Functions stay whole (`Opaque`), so that SymPy neither rewrites nor contracts what the
author wrote; it differentiates products, quotients, powers and the chain rule, and the
functions themselves by their ``sympy`` column (`symbptt.proof.tape.function_tape`).
"""

from __future__ import annotations

from collections.abc import Sequence
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


def symbol_array(label: str, shape: tuple[int, ...]) -> Array:
    """An array of SymPy symbols, one an entry."""
    symbols = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        symbols[place] = sympy.Symbol(label + "".join(f"_{k}" for k in place))
    return symbols
