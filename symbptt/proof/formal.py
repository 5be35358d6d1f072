"""Residues that a generated module computes with: functions are indeterminates, as in `Field`.

A module is made to run over floats, and writes the same number in other ways than the model:
log(softmax(v)) without a quotient, a sigmoid by tanh, max(u, v) by a comparison. So a number
here knows three things beside its residue: of what it is the exponential, but for a factor;
of what it is the logarithm, but for a term; and a real number, which tells the order. Then

    exp(u + v) = exp(u) exp(v), exp(log(u) + v) = u exp(v), log(exp(u) v) = u + log(v),
    tanh(u) = (exp(2 u) - 1) / (exp(2 u) + 1), arctan(1) = pi / 4,

and a comparison goes as it does at the real point: what is then compared is a rational
function of the indeterminates, that of the branch on which the point lies. Each number knows
bounds of its degrees, from which follows the chance that a wrong one is equal to the right one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial, wraps
from random import Random
from typing import Any, TypeVar

import numpy as np

from symbptt.errors import EvaluationError
from symbptt.proof.degree import Degree, error_bits
from symbptt.proof.domain import PIECEWISE, Domain, give_functions
from symbptt.proof.field import PRIME, Field, Residue

Pair = tuple["Formal", "Formal"]

CONSTANT, INDETERMINATE, VALUE = Degree(0), Degree(1), Degree(1, 1)
"""The degrees of a fraction, of an entry of an argument, and of a function's value."""

T = TypeVar("T")


def _of_numbers(function: Callable[[Formal, Formal], T]) -> Callable[[Formal, Any], T]:
    """An operation that takes any exact number, and leaves arrays to NumPy."""

    @wraps(function)
    def applied(self: Formal, other: Any) -> Any:
        if type(other) is Formal:
            return function(self, other)
        if isinstance(other, np.ndarray):
            return NotImplemented
        return function(self, self.domain.number(Fraction(other)))

    return applied


class Formal:
    """A number: its residue, the real number that tells its order, and how it was made.

    Attributes
    ----------
    degree : Degree
        Of the rational function of the indeterminates that it is, at most.
    power : pair of Formal, or None
        ``u`` and exp(u), where the number was made as exp(u) times another.
    argument : pair of Formal, or None
        ``u`` and log(u), where the number was made as log(u) plus another.
    """

    __slots__ = ("argument", "degree", "domain", "power", "real", "residue")

    def __init__(
        self,
        domain: FormalField,
        residue: int,
        real: float,
        degree: Degree,
        power: Pair | None = None,
        argument: Pair | None = None,
    ) -> None:
        self.domain = domain
        self.residue = residue
        self.real = real
        self.degree = degree
        domain.take(degree)
        self.power = power
        self.argument = argument

    def __repr__(self) -> str:
        return repr(Residue(self.residue))

    def __hash__(self) -> int:
        return self.residue

    def __int__(self) -> int:
        """The integer that stands for the residue: what is written into an array of indices."""
        return self.residue if self.residue <= PRIME // 2 else self.residue - PRIME

    @_of_numbers
    def __add__(self, other: Formal) -> Formal:
        if not (self.residue and other.residue):
            return self if self.residue else other
        argument = self.argument or other.argument
        if self.argument and other.argument:
            argument = self.argument[0] * other.argument[0], self.argument[1] + other.argument[1]
        residue, real = (self.residue + other.residue) % PRIME, self.real + other.real
        return Formal(self.domain, residue, real, self.degree + other.degree, None, argument)

    @_of_numbers
    def __mul__(self, other: Formal) -> Formal:
        if self.residue == 1:
            return other
        if other.residue == 1:
            return self
        power = self.power or other.power
        if self.power and other.power:
            power = self.power[0] + other.power[0], self.power[1] * other.power[1]
        residue, real = self.residue * other.residue % PRIME, self.real * other.real
        return Formal(self.domain, residue, real, self.degree * other.degree, power)

    def __neg__(self) -> Formal:
        argument = self.argument and (self.argument[0].inverse(), -self.argument[1])
        residue = -self.residue % PRIME
        return Formal(self.domain, residue, -self.real, self.degree, self.power, argument)

    def inverse(self) -> Formal:
        power = self.power and (-self.power[0], self.power[1].inverse())
        real = _real(operator.truediv, 1, self.real)
        residue = (1 / Residue(self.residue)).value
        return Formal(self.domain, residue, real, self.degree.inverse(), power)

    @_of_numbers
    def __sub__(self, other: Formal) -> Formal:
        return self + -other

    @_of_numbers
    def __rsub__(self, other: Formal) -> Formal:
        return other + -self

    @_of_numbers
    def __truediv__(self, other: Formal) -> Formal:
        return self * other.inverse()

    @_of_numbers
    def __rtruediv__(self, other: Formal) -> Formal:
        return other * self.inverse()

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, exponent: Any) -> Formal:
        if exponent != int(exponent):
            return self.domain.apply("power", (self, Fraction(exponent)))
        n = int(exponent)
        power = self.power and (self.power[0] * n, self.power[1] ** n)
        residue, real = (Residue(self.residue) ** n).value, _real(operator.pow, self.real, n)
        return Formal(self.domain, residue, real, self.degree**n, power)

    def __abs__(self) -> Formal:
        return -self if self < 0 else self

    @_of_numbers
    def __eq__(self, other: Formal) -> bool:
        return self.residue == other.residue

    @_of_numbers
    def __lt__(self, other: Formal) -> bool:
        return self.side(other) < 0

    @_of_numbers
    def __gt__(self, other: Formal) -> bool:
        return self.side(other) > 0

    @_of_numbers
    def __le__(self, other: Formal) -> bool:
        return self.side(other) <= 0

    @_of_numbers
    def __ge__(self, other: Formal) -> bool:
        return self.side(other) >= 0

    def side(self, other: Formal) -> float:
        """Below 0, 0 or above 0, as the number is below, at or above the other."""
        if self.residue == other.residue:
            return 0
        distance = self.real - other.real
        if distance != 0 and math.isfinite(distance):
            return distance
        raise EvaluationError("floats do not tell which of two different numbers is larger")


def _real(function: Callable[..., Any], *args: Any) -> float:
    """A function of real numbers; NaN where it has no value."""
    try:
        value = function(*args)
    except (ArithmeticError, ValueError):
        return math.nan
    return value if isinstance(value, float) else math.nan


class FormalField(Domain):
    """The domain of these numbers; their residues are those of a `Field`."""

    name = Field.name

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.field = Field(seed)
        self.largest = self.made = 0
        self.pi = Formal(self, self.field.pi.value, math.pi, INDETERMINATE**2)

    def take(self, degree: Degree) -> None:
        """Count a number."""
        self.made += 1
        if degree.above > self.largest or degree.below > self.largest:
            self.largest = max(degree.above, degree.below)

    @property
    def chance(self) -> str:
        """That a wrong number was equal to the right one, or that two were taken for one.

        Two of these numbers differ by a quotient whose numerator has at most twice the largest
        degree; each may have been 0 or 1 without being so.
        """
        bits = error_bits(2 * self.largest, self.field.indeterminates, 2 * self.made)
        return f"error < 2^-{bits}"

    def number(self, value: Fraction) -> Formal:
        return Formal(self, self.field.number(value).value, _real(float, value), CONSTANT)

    def random(self, rng: Random) -> Formal:
        return self.near(rng.choice((-1, 1)) * rng.uniform(0.1, 0.9), rng)

    def near(self, value: float, rng: Random) -> Formal:
        """A residue that is any, with the float for its order."""
        return Formal(self, self.field.random(rng).value, value, INDETERMINATE)

    def apply(self, head: str, args: Sequence[Any]) -> Formal:
        if head in PIECEWISE:
            return self.number(Fraction(PIECEWISE[head](*args)))
        special: dict[str, Callable[..., Formal]] = {
            "pi": lambda: self.pi,
            "power": self._root,
            "exp": self._exp,
            "log": self._log,
            "tanh": self._tanh,
        }
        return special.get(head, partial(self._value, head))(*args)

    def _value(self, head: str, x: Formal) -> Formal:
        if head == "atan" and x == 1:
            return self.pi / 4
        residue = self.field.apply(head, (Residue(x.residue),))
        return Formal(self, residue.value, _real(getattr(math, head), x.real), VALUE)

    def _root(self, x: Formal, exponent: Fraction) -> Formal:
        residue = self.field.apply("power", (Residue(x.residue), exponent))
        return Formal(self, residue.value, _real(math.pow, x.real, exponent), VALUE)

    def _exp(self, x: Formal) -> Formal:
        if x.argument is not None:
            u, logarithm = x.argument
            return u * self._exp(_plain(x - logarithm))
        value = self._value("exp", x)
        return Formal(self, value.residue, value.real, value.degree, power=(x, value))

    def _log(self, x: Formal) -> Formal:
        if x.power is not None:
            u, exponential = x.power
            return u + self._log(_plain(x / exponential))
        value = self._value("log", x)
        return Formal(self, value.residue, value.real, value.degree, argument=(x, value))

    def _tanh(self, x: Formal) -> Formal:
        power = self._exp(x + x)
        value = (power - 1) / (power + 1)
        return Formal(self, value.residue, math.tanh(x.real), value.degree)


def _plain(x: Formal) -> Formal:
    """The number, however it was made."""
    return Formal(x.domain, x.residue, x.real, x.degree)


give_functions(Formal, lambda number: number.domain)
