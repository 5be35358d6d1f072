"""Arithmetic modulo a large prime, with functions as indeterminates.

An identity between formulas is decided at random points: numbers are residues modulo
`PRIME`, and the value of a function at an argument is a random residue of its own, the
same for the same argument. A false identity between rational expressions of degree d in
all these then holds with probability at most d / PRIME (Schwartz and Zippel); nothing is
simplified.

Only what derivations use is built in: exp(-a) = 1/exp(a) and log its inverse, the parity
of odd and even functions, the value at 0 where it is rational, step(a) in {0, 1},
sign(a) in {1, -1}, beyond(u, v) + beyond(v, u) = 1, zero(a) = 1 for a = 0 and else 0.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np
import sympy

from symbptt.proof.domain import Array, Domain

PRIME = 2**127 - 225609
"""A safe prime, so that odd roots exist; 7 modulo 8, so that square roots are a power.

2, 3, 5, 7, 11 and 13 are squares modulo it: sqrt(4 a) = 2 sqrt(a), as SymPy writes.
"""

_HALF = (PRIME + 1) // 2


class Residue:
    """An integer modulo `PRIME`; mixes with integers and fractions."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value % PRIME

    def __repr__(self) -> str:
        small = self.value if self.value <= PRIME // 2 else self.value - PRIME
        return f"{small} mod p"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Residue | int | Fraction):
            return NotImplemented
        return self.value == _integer(other)

    def __hash__(self) -> int:
        return hash(self.value)

    # Two residues are what nearly all sums and products are of: they go the short way.

    def __add__(self, other: Any) -> Residue:
        return Residue(self.value + (other.value if type(other) is Residue else _integer(other)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Residue:
        return Residue(self.value - _integer(other))

    def __rsub__(self, other: Any) -> Residue:
        return Residue(_integer(other) - self.value)

    def __mul__(self, other: Any) -> Residue:
        return Residue(self.value * (other.value if type(other) is Residue else _integer(other)))

    __rmul__ = __mul__

    def __neg__(self) -> Residue:
        return Residue(-self.value)

    def __truediv__(self, other: Any) -> Residue:
        return Residue(self.value * _inverse(_integer(other)))

    def __rtruediv__(self, other: Any) -> Residue:
        return Residue(_integer(other) * _inverse(self.value))

    def __pow__(self, exponent: int) -> Residue:
        if exponent < 0:
            return Residue(pow(_inverse(self.value), -exponent, PRIME))
        return Residue(pow(self.value, exponent, PRIME))


def _integer(value: Any) -> int:
    """The residue of a number, as an integer."""
    if isinstance(value, Residue):
        return value.value
    if isinstance(value, Fraction):
        return value.numerator * _inverse(value.denominator) % PRIME
    return int(value) % PRIME


def _inverse(value: int) -> int:
    if value % PRIME == 0:
        raise ZeroDivisionError("division by 0 modulo p")
    return pow(value, -1, PRIME)


def root(base: Residue, exponent: Fraction) -> Residue:
    """A rational power, chosen so that (a b)^r = a^r b^r and (a^r)^k = a^(r k).

    A square root of ``a`` squares to ``a`` or, where ``a`` is no square, to ``-a``. So a
    step that replaces sqrt(a) sqrt(a) by ``a`` would be refused; no rule does.
    """
    odd, twos = exponent.denominator, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    value = base.value
    for _ in range(twos):
        value = pow(value, (PRIME + 1) // 4, PRIME)
    value = pow(value, pow(odd, -1, PRIME - 1), PRIME)
    return Residue(value) ** exponent.numerator


class Field(Domain):
    """Residues modulo `PRIME`, functions as indeterminates, all drawn from one seed."""

    name = "residues modulo a prime of 127 bits"

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        # A stream of its own: a point drawn from the same seed must have nothing in common.
        self._rng = random.Random(f"functions {seed}")
        self._known: dict[tuple[Any, ...], Residue] = {}
        self._exp: dict[Residue, Residue] = {Residue(0): Residue(1)}
        self._log: dict[Residue, Residue] = {Residue(1): Residue(0)}
        self.pi = self.random(self._rng) ** 2

    @property
    def indeterminates(self) -> int:
        """How many function values have been drawn."""
        return len(self._known) + len(self._exp) // 2

    def number(self, value: Fraction) -> Residue:
        return Residue(_integer(value))

    def random(self, rng: random.Random) -> Residue:
        return Residue(rng.randrange(1, PRIME))

    def apply(self, head: str, args: Sequence[Any]) -> Residue:
        special = {
            "pi": lambda: self.pi,
            "power": lambda: root(*args),
            "exp": lambda: self._exponential(*args),
            "log": lambda: self._logarithm(*args),
            "step": lambda: self._step(*args),
            "sign": lambda: self._sign(*args),
            "beyond": lambda: self._beyond(*args),
            "zero": lambda: Residue(int(args[0] == 0)),
        }
        return special[head]() if head in special else self._smooth(head, *args)

    def abstract(self, name: str, wrt: int | None, args: Sequence[Any]) -> Residue:
        return self._keyed(("abstract", name, wrt, *args))

    # The remainder is taken once at the end: whole numbers in between.

    def product(self, left: Array, right: Array) -> Any:
        if not (np.ndim(left) and np.ndim(right)):
            return super().product(left, right)
        return _residues(np.dot(_plain(left), _plain(right)))

    def weighted_sum(self, weights: Sequence[Any], vectors: Sequence[Any]) -> Any:
        total = weights[0].value * _plain(vectors[0])
        for weight, vector in zip(weights[1:], vectors[1:], strict=True):
            total = total + weight.value * _plain(vector)
        return _residues(total)

    def _keyed(self, key: tuple[Any, ...]) -> Residue:
        if key not in self._known:
            self._known[key] = self.random(self._rng)
        return self._known[key]

    def _smooth(self, head: str, argument: Residue) -> Residue:
        parity, at_zero = _symmetry(head)
        if argument == 0 and at_zero is not None:
            return self.number(at_zero)
        if not parity:
            return self._keyed((head, argument))
        first, mirrored = _mirror(argument)
        value = self._keyed((head, first))
        return value * parity if mirrored else value

    def _exponential(self, argument: Residue) -> Residue:
        if argument not in self._exp:
            self._pair(argument, self.random(self._rng))
        return self._exp[argument]

    def _logarithm(self, argument: Residue) -> Residue:
        if argument == 0:
            raise ZeroDivisionError("log is not defined at 0")
        if argument not in self._log:
            self._pair(self.random(self._rng), argument)
        return self._log[argument]

    def _pair(self, exponent: Residue, value: Residue) -> None:
        """Makes ``value`` the exponential of ``exponent``, and 1/value that of -exponent."""
        self._exp[exponent], self._exp[-exponent] = value, 1 / value
        self._log[value], self._log[1 / value] = exponent, -exponent

    def _coin(self, key: tuple[Any, ...]) -> bool:
        return self._keyed(key).value % 2 == 1

    def _step(self, argument: Residue) -> Residue:
        first, mirrored = _mirror(argument)
        return Residue(int(argument != 0 and self._coin(("positive", first)) != mirrored))

    def _sign(self, argument: Residue) -> Residue:
        return self._step(argument) - self._step(-argument)

    def _beyond(self, left: Residue, right: Residue) -> Residue:
        return (self._sign(left - right) + 1) * _HALF


def _plain(vector: Any) -> Any:
    return _VALUES(vector)


_VALUES: Any = np.frompyfunc(attrgetter("value"), 1, 1)
_residues: Any = np.frompyfunc(Residue, 1, 1)


def _mirror(argument: Residue) -> tuple[Residue, bool]:
    """The one of a and -a that stands for both, and whether it is the other one."""
    return (-argument, True) if argument.value > PRIME // 2 else (argument, False)


@cache
def _symmetry(head: str) -> tuple[int, Fraction | None]:
    """1 for an even function, -1 for an odd one, 0 otherwise; and its value at 0."""
    function = getattr(sympy, head)
    x = sympy.Symbol("x")
    parity = next((s for s in (1, -1) if function(-x) == s * function(x)), 0)
    value = sympy.sympify(function(sympy.Integer(0)))
    if not value.is_Rational:
        return parity, None
    return parity, Fraction(int(value.p), int(value.q))
