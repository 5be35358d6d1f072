r"""What a truncated estimate lacks; expectation and variance of random truncation.

The gradient is a double sum: over the losses, at steps s, and over the uses, at steps
t <= s. A window drops the uses at t <= s - tau, pieces those up to the last step c_s of the
piece before that of s. What is dropped is written with gradients of the parts of L, not
truncated ones.

What random truncation gives is proved by symbols. Source: Zhang et al., Dive into Deep
Learning, 9.7.8: z_t = b_t + xi_t C_t d_{t-1} with b_t = df/dw, C_t = df/dh_{t-1},
d_t = dh_t/dw, P(xi_t = 0) = 1 - pi, P(xi_t = 1/pi) = pi.

A statement is a chain of equal expressions; it holds if all have one normal form: the
expectation of a sum of words in noncommuting letters, of which only the gate xi_t and what
steps before t made of their gates are random, independently of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.window import swept_quantities
from symbptt.errors import NotProvedError

BEFORE_THE_PIECE = al.Index.of("c_s")
"""The last step of the piece before that of step s; 0 in the first piece."""


@dataclass(frozen=True)
class Dropped:
    """What the estimate of one gradient lacks: gradient = estimate + ``terms``.

    Attributes
    ----------
    of : Cotangent
        A parameter, or an initial value.
    terms : Expr
        Zero where nothing is dropped, whatever T is.
    """

    of: al.Cotangent
    terms: al.Expr


def dropped(derivation: Derivation) -> tuple[Dropped, ...]:
    """What the derivation of a window or of pieces leaves out, for each of its results."""
    if derivation.estimator.kind not in ("window", "chunk"):
        return ()
    return tuple(_Dropping(derivation).found())


class _Dropping:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.tau = derivation.estimator.tau
        self.own = swept_quantities(derivation).own | {"loss"}
        self.model: al.Model = derivation.normal

    def found(self) -> Iterator[Dropped]:
        for initial in self.model.initials:
            if initial.name not in self.model.integers:
                of = al.Cotangent(initial.name, initial.index, initial.shape)
                yield Dropped(of, self.of_start(of, initial.step))
        for step in self.derivation.of_kind("gradient"):
            of = al.Cotangent(step.target.name, None, step.shape)
            yield Dropped(of, self.of_parameter(step))

    def of_start(self, of: al.Cotangent, step: int) -> al.Expr:
        """A value at a step <= 0: the losses from which it is held, or of later pieces."""
        first = step + self.tau if self.derivation.estimator.kind == "window" else self.tau + 1
        return al.PartSum(replace(of, part=al.PART), al.Index(offset=max(first, 1)), al.LAST)

    def of_parameter(self, step: Step) -> al.Expr:
        return forms.add(map(self.of_term, al.terms_of(step.result)), step.shape)

    def of_term(self, term: al.Expr) -> al.Expr:
        """What is dropped of one term of a parameter's gradient."""
        if isinstance(term, al.Neg):
            return forms.neg(self.of_term(term.operand))
        cotangents = [node for node in al.walk(term) if isinstance(node, al.Cotangent)]
        if all(c.name in self.own for c in cotangents):
            return forms.zero(term.shape)
        if not isinstance(term, al.TimeSum):
            # A derived parameter, or an initial value that is a parameter.
            return al.transform(term, self.lacking)
        inside = al.transform(term.term, self.parted)
        window = self.derivation.estimator.kind == "window"
        upto = al.PART - self.tau if window else BEFORE_THE_PIECE
        uses = al.TimeSum(inside, al.FIRST, upto)
        return al.PartSum(uses, al.Index(offset=self.tau + 1), al.LAST, 0 if window else self.tau)

    def parted(self, node: al.Expr) -> al.Expr:
        """The cotangent of the part of L of step s in place of that of L."""
        if isinstance(node, al.Cotangent) and node.name not in self.own:
            return replace(node, part=al.PART)
        return node

    def lacking(self, node: al.Expr) -> al.Expr:
        """The gradient of a derived parameter or of a start is replaced by what it lacks."""
        if not isinstance(node, al.Cotangent):
            return node
        if node.index is None:
            step = self.derivation.step(node.name, "gradient")
            return self.of_parameter(step)
        return self.of_start(node, node.index.offset)


@dataclass(frozen=True)
class Expectation(al.Expr, shape="operand.shape"):
    """The expectation over all gates, entry by entry."""

    operand: al.Expr


@dataclass(frozen=True)
class MomentStatement:
    """``left`` equals each of ``members``, where z_t is what ``z`` says.

    ``reason`` is words and, between them, expressions; a pair of them is an equation.
    """

    left: al.Expr
    members: tuple[al.Expr, ...]
    reason: tuple[str | al.Expr | tuple[al.Expr, al.Expr], ...]
    z: al.Expr


@dataclass(frozen=True)
class MomentNames:
    """The names of b, C, d, z, V, the gate and pi."""

    b: str = "b"
    C: str = "C"
    d: str = "d"
    z: str = "z"
    V: str = "V"
    gate: str = "xi"
    pi: str = "pi"

    def vector(self, name: str, back: int = 0) -> al.Ref:
        return al.Ref(name, al.NOW - back, ("n",))

    def matrix(self, name: str, back: int = 0) -> al.Ref:
        return al.Ref(name, al.NOW - back, ("n", "n"))


TWO = al.Number(Fraction(2))


def statements(letters: MomentNames) -> tuple[MomentStatement, ...]:
    """What is to be known about the gates and about z_t, each with its proof's chain."""
    xi, pi = al.Ref(letters.gate, al.NOW, ()), al.Param(letters.pi, ())
    b, d, z = (letters.vector(name) for name in (letters.b, letters.d, letters.z))
    before, earlier = letters.vector(letters.d, 1), letters.vector(letters.z, 1)
    C, V = letters.matrix(letters.C), letters.matrix(letters.V)
    inverse, excess = al.Div(al.ONE, pi), al.Add((al.Div(al.ONE, pi), al.Neg(al.ONE)))
    whole = al.Add((b, al.Product(C, before)))
    once = al.Add((b, al.Mul((xi, al.Product(C, before)))))
    always = al.Add((b, al.Mul((xi, al.Product(C, earlier)))))
    square, error = al.Outer(before, before), al.Add((z, al.Neg(d)))
    between = al.Add((al.Mul((inverse, letters.matrix(letters.V, 1))), al.Mul((excess, square))))
    spread = Expectation(al.Outer(error, error))
    return (
        MomentStatement(
            Expectation(xi),
            (
                al.Add((al.Mul((pi, inverse)), al.Mul((al.Add((al.ONE, al.Neg(pi))), al.ZERO)))),
                al.ONE,
            ),
            ("The expectation of a gate is",),
            once,
        ),
        MomentStatement(
            Expectation(al.Pow(al.Add((xi, al.Neg(al.ONE))), TWO)),
            (al.Add((Expectation(al.Pow(xi, TWO)), al.Neg(al.ONE))), excess),
            (
                "and its variance, a gate's square being ",
                al.Div(al.ONE, al.Pow(pi, TWO)),
                " with probability ",
                pi,
                ",",
            ),
            once,
        ),
        MomentStatement(
            Expectation(z),
            (al.Add((b, al.Mul((Expectation(xi), al.Product(C, before))))), whole, d),
            ("With the derivative itself one step back, ", (z, once), ", the expectation is"),
            once,
        ),
        MomentStatement(
            V,
            (spread, al.Mul((excess, _moved(C, square)))),
            ("and the variance, as a matrix,",),
            once,
        ),
        MomentStatement(
            Expectation(z),
            (al.Add((b, al.Mul((Expectation(xi), al.Product(C, Expectation(earlier)))))), whole, d),
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
        MomentStatement(
            V,
            (spread, _moved(C, between)),
            ("while the variance obeys a recursion, from ", _at_first(V, al.ZERO), " on:"),
            always,
        ),
    )


def _at_first(left: al.Expr, right: al.Expr) -> tuple[al.Expr, al.Expr]:
    """An equation at step 1."""
    return al.substitute_index(left, {"t": al.FIRST}), al.substitute_index(right, {"t": al.FIRST})


def _moved(matrix: al.Expr, inner: al.Expr) -> al.Expr:
    return al.Product(al.Product(matrix, inner), al.Transpose(matrix))


# --- the proof -------------------------------------------------------------------------


def prove(statement: MomentStatement, letters: MomentNames | None = None) -> None:
    """Check that all members of a statement's chain have one normal form.

    Raises
    ------
    NotProvedError
        With the first member that differs from the left-hand side.
    """
    prover = _Prover(letters or MomentNames(), statement.z)
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

    def __init__(self, letters: MomentNames, z: al.Expr) -> None:
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

    def normal(self, expr: al.Expr) -> Any:
        """The expectation of an expression in the letters of step t - 1 and of b and C."""
        return self.expectation(self.word(expr, turned=False)).expand()

    def word(self, expr: al.Expr, turned: bool) -> Any:
        """An expression, or its transpose, as a sum of words."""
        match expr:
            case al.Number(value=value):
                return self.sympy.Rational(value.numerator, value.denominator)
            case al.Param():
                return self.pi
            case al.Ref():
                return self.letter(expr, turned)
            case al.Add(terms=terms):
                return self.sympy.Add(*(self.word(t, turned) for t in terms))
            case al.Neg(operand=operand):
                return -self.word(operand, turned)
            case al.Mul(factors=factors):
                return self.product(self.word(f, turned) for f in factors)
            case al.Div(numerator=above, denominator=below):
                return self.word(above, turned) / self.word(below, turned)
            case al.Pow(base=base, exponent=exponent):
                return self.word(base, turned) ** self.word(exponent, False)
            case al.Transpose(operand=operand):
                return self.word(operand, not turned)
            case al.Product(left=left, right=right):
                pair = (self.word(left, turned), self.word(right, turned))
                return self.product(reversed(pair) if turned else pair)
            case al.Outer(left=left, right=right):
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

    def letter(self, ref: al.Ref, turned: bool) -> Any:
        """Letters stand at step t - 1, but for b_t and C_t; d_t, z_t and V_t are written out."""
        letters = self.letters
        if ref.name == letters.gate:
            return self.xi
        key = {letters.b: "b", letters.C: "C", letters.d: "d", letters.z: "z", letters.V: "V"}
        name = key[ref.name]
        if name in ("b", "C") or ref.index == al.NOW - 1:
            return self.words[name, turned]
        b, d = letters.vector(letters.b), letters.vector(letters.d)
        if name == "d":
            earlier = letters.vector(letters.d, 1)
            return self.word(al.Add((b, al.Product(letters.matrix(letters.C), earlier))), turned)
        if name == "z":
            return self.word(self.z, turned)
        error = al.Add((letters.vector(letters.z), al.Neg(d)))
        return self.expectation(self.word(al.Outer(error, error), turned))

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
