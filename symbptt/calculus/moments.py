r"""Expectation and variance of random truncation, proved by symbols.

Source: Zhang et al., Dive into Deep Learning, 9.7.8: z_t = b_t + xi_t C_t d_{t-1} with
b_t = df/dw, C_t = df/dh_{t-1}, d_t = dh_t/dw, P(xi_t = 0) = 1 - pi, P(xi_t = 1/pi) = pi.

A statement is a chain of equal expressions; it holds if all have one normal form: the
expectation of a sum of words in noncommuting letters, of which only the gate xi_t and what
steps before t made of their gates are random, independently of each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symbptt.algebra import (
    FIRST,
    NOW,
    ONE,
    ZERO,
    Add,
    Div,
    Expr,
    Mul,
    Neg,
    Number,
    Outer,
    Param,
    Pow,
    Product,
    Ref,
    Shape,
    Transpose,
    substitute_index,
)
from symbptt.errors import NotProvedError


@dataclass(frozen=True)
class Expectation(Expr):
    """The expectation over all gates, entry by entry."""

    operand: Expr

    @property
    def shape(self) -> Shape:
        return self.operand.shape


@dataclass(frozen=True)
class Statement:
    """``left`` equals each of ``members``, where z_t is what ``z`` says.

    ``reason`` is words and, between them, expressions; a pair of them is an equation.
    """

    left: Expr
    members: tuple[Expr, ...]
    reason: tuple[str | Expr | tuple[Expr, Expr], ...]
    z: Expr


@dataclass(frozen=True)
class Letters:
    """The names of b, C, d, z, V, the gate and pi."""

    b: str = "b"
    C: str = "C"
    d: str = "d"
    z: str = "z"
    V: str = "V"
    gate: str = "xi"
    pi: str = "pi"

    def vector(self, name: str, back: int = 0) -> Ref:
        return Ref(name, NOW - back, ("n",))

    def matrix(self, name: str, back: int = 0) -> Ref:
        return Ref(name, NOW - back, ("n", "n"))


TWO = Number(Fraction(2))


def statements(letters: Letters) -> tuple[Statement, ...]:
    """What is to be known about the gates and about z_t, each with its proof's chain."""
    xi, pi = Ref(letters.gate, NOW, ()), Param(letters.pi, ())
    b, d, z = (letters.vector(name) for name in (letters.b, letters.d, letters.z))
    before, earlier = letters.vector(letters.d, 1), letters.vector(letters.z, 1)
    C, V = letters.matrix(letters.C), letters.matrix(letters.V)
    inverse, excess = Div(ONE, pi), Add((Div(ONE, pi), Neg(ONE)))
    whole = Add((b, Product(C, before)))
    once = Add((b, Mul((xi, Product(C, before)))))
    always = Add((b, Mul((xi, Product(C, earlier)))))
    square, error = Outer(before, before), Add((z, Neg(d)))
    between = Add((Mul((inverse, letters.matrix(letters.V, 1))), Mul((excess, square))))
    spread = Expectation(Outer(error, error))
    return (
        Statement(
            Expectation(xi),
            (Add((Mul((pi, inverse)), Mul((Add((ONE, Neg(pi))), ZERO)))), ONE),
            ("The expectation of a gate is",),
            once,
        ),
        Statement(
            Expectation(Pow(Add((xi, Neg(ONE))), TWO)),
            (Add((Expectation(Pow(xi, TWO)), Neg(ONE))), excess),
            (
                "and its variance, a gate's square being ",
                Div(ONE, Pow(pi, TWO)),
                " with probability ",
                pi,
                ",",
            ),
            once,
        ),
        Statement(
            Expectation(z),
            (Add((b, Mul((Expectation(xi), Product(C, before))))), whole, d),
            ("With the derivative itself one step back, ", (z, once), ", the expectation is"),
            once,
        ),
        Statement(
            V,
            (spread, Mul((excess, _moved(C, square)))),
            ("and the variance, as a matrix,",),
            once,
        ),
        Statement(
            Expectation(z),
            (Add((b, Mul((Expectation(xi), Product(C, Expectation(earlier)))))), whole, d),
            (
                "With the estimate one step back, ",
                (z, always),
                " from ",
                _at_first(z, d),
                " on, a gate is independent of ",
                earlier,
                ", which only gates of earlier steps enter, and by induction",
            ),
            always,
        ),
        Statement(
            V,
            (spread, _moved(C, between)),
            ("while the variance obeys a recursion, from ", _at_first(V, ZERO), " on:"),
            always,
        ),
    )


def _at_first(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """An equation at step 1."""
    return substitute_index(left, {"t": FIRST}), substitute_index(right, {"t": FIRST})


def _moved(matrix: Expr, inner: Expr) -> Expr:
    return Product(Product(matrix, inner), Transpose(matrix))


# --- the proof -------------------------------------------------------------------------


def prove(statement: Statement, letters: Letters | None = None) -> None:
    """Check that all members of a statement's chain have one normal form.

    Raises
    ------
    NotProvedError
        With the first member that differs from the left-hand side.
    """
    prover = _Prover(letters or Letters(), statement.z)
    left = prover.normal(statement.left)
    for number, member in enumerate(statement.members, start=1):
        difference = (left - prover.normal(member)).expand()
        if difference != 0:
            raise NotProvedError(
                f"member {number} of {len(statement.members)} differs from the left-hand side "
                f"by {difference}"
            )


class _Prover:
    """Words of noncommuting letters, a transposed vector being a letter of its own."""

    def __init__(self, letters: Letters, z: Expr) -> None:
        import sympy

        self.sympy: Any = sympy
        self.letters = letters
        self.z = z
        self.xi, self.pi = sympy.Symbol("xi"), sympy.Symbol("pi", positive=True)
        names = ("b", "C", "d", "z", "V")
        self.words = {
            (name, turned): sympy.Symbol(f"{name}{'T' if turned else ''}", commutative=False)
            for name in names
            for turned in (False, True)
        }

    def normal(self, expr: Expr) -> Any:
        """The expectation of an expression in the letters of step t - 1 and of b and C."""
        return self.expectation(self.word(expr, turned=False)).expand()

    def word(self, expr: Expr, turned: bool) -> Any:
        """An expression, or its transpose, as a sum of words."""
        match expr:
            case Number(value=value):
                return self.sympy.Rational(value.numerator, value.denominator)
            case Param():
                return self.pi
            case Ref():
                return self.letter(expr, turned)
            case Add(terms=terms):
                return self.sympy.Add(*(self.word(t, turned) for t in terms))
            case Neg(operand=operand):
                return -self.word(operand, turned)
            case Mul(factors=factors):
                return self.product(self.word(f, turned) for f in factors)
            case Div(numerator=above, denominator=below):
                return self.word(above, turned) / self.word(below, turned)
            case Pow(base=base, exponent=exponent):
                return self.word(base, turned) ** self.word(exponent, False)
            case Transpose(operand=operand):
                return self.word(operand, not turned)
            case Product(left=left, right=right):
                pair = (self.word(left, turned), self.word(right, turned))
                return self.product(reversed(pair) if turned else pair)
            case Outer(left=left, right=right):
                pair = (right, left) if turned else (left, right)
                return self.product((self.word(pair[0], False), self.word(pair[1], True)))
            case Expectation(operand=operand):
                return self.expectation(self.word(operand, turned))
        raise NotProvedError(f"{type(expr).__name__} does not occur in a statement about gates")

    def product(self, factors: Iterable[Any]) -> Any:
        result = self.sympy.Integer(1)
        for factor in factors:
            result = (result * factor).expand()
        return result

    def letter(self, ref: Ref, turned: bool) -> Any:
        """Letters stand at step t - 1, but for b_t and C_t; d_t, z_t and V_t are written out."""
        letters = self.letters
        if ref.name == letters.gate:
            return self.xi
        key = {letters.b: "b", letters.C: "C", letters.d: "d", letters.z: "z", letters.V: "V"}
        name = key[ref.name]
        if name in ("b", "C") or ref.index == NOW - 1:
            return self.words[name, turned]
        b, d = letters.vector(letters.b), letters.vector(letters.d)
        if name == "d":
            earlier = letters.vector(letters.d, 1)
            return self.word(Add((b, Product(letters.matrix(letters.C), earlier))), turned)
        if name == "z":
            return self.word(self.z, turned)
        error = Add((letters.vector(letters.z), Neg(d)))
        return self.expectation(self.word(Outer(error, error), turned))

    def expectation(self, total: Any) -> Any:
        """Word by word: E xi^n, E z = d, E z z.T = V + d d.T, independent of xi."""
        return self.sympy.Add(*(self.of_word(t) for t in self.sympy.Add.make_args(total.expand())))

    def of_word(self, term: Any) -> Any:
        commuting, letters = term.args_cnc()
        power = sum((f.as_base_exp()[1] for f in commuting if f.has(self.xi)), 0)
        rest = self.sympy.Mul(*(f for f in commuting if not f.has(self.xi)))
        moment = self.pi * (1 / self.pi) ** power if power else self.sympy.Integer(1)
        return rest * moment * self.of_letters(letters)

    def of_letters(self, letters: list[Any]) -> Any:
        z, turned = self.words["z", False], self.words["z", True]
        random = [place for place, letter in enumerate(letters) if letter in (z, turned)]
        both = len(random) == 2 and letters[random[0] : random[0] + 2] == [z, turned]
        d = {z: self.words["d", False], turned: self.words["d", True]}
        if both:
            start = random[0]
            second = self.words["V", False] + d[z] * d[turned]
            return self.product([*letters[:start], second, *letters[start + 2 :]])
        if len(random) > 1:
            raise NotProvedError("the second moment is that of z z.T")
        return self.product(d.get(letter, letter) for letter in letters)
