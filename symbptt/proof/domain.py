"""Number domains: what the proofs calculate with.

An interpreter of expressions needs only arithmetic and the functions of the table. Where
those come from is a `Domain`: residues modulo a large prime with functions as
indeterminates (`symbptt.proof.field`), rationals, floats, floats of many digits, or
SymPy expressions (`symbptt.proof.symbols`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partialmethod
from random import Random
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np

from symbptt.errors import EvaluationError, UnboundFunctionError
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.proof.tape import function_tape

Array = Any
"""A NumPy array of objects, the numbers of a domain."""


def each(function: Callable[..., Any], *arrays: Array) -> Array:
    """A function of numbers, entry by entry over arrays that broadcast."""
    return np.frompyfunc(function, len(arrays), 1)(*arrays)


def total(array: Array) -> Any:
    """The sum of all entries."""
    return np.add.reduce(array, axis=None)


class Domain:
    """Numbers of one kind, with the functions on them.

    Subclasses give `number`, `apply` and `random`; elements have ``+ - * /`` and integer
    powers.
    """

    name = "numbers"
    dtype: type[object] = object

    def __init__(self) -> None:
        self._calls: dict[tuple[Any, ...], Any] = {}

    @property
    def chance(self) -> str:
        """In words, that of an error which these numbers do not show, where there is one."""
        return ""

    def number(self, value: Fraction) -> Any:
        """The element that an exact number is."""
        raise NotImplementedError

    def has(self, value: Any) -> bool:
        """Whether it is an element, or a finite number that arithmetic takes for one."""
        if isinstance(value, float | np.floating):
            return bool(np.isfinite(value))
        known: tuple[Any, ...] = (int, np.integer, Fraction, type(self.number(Fraction(0))))
        return isinstance(value, known) and value - value == 0

    def random(self, rng: Random) -> Any:
        """A random element."""
        raise NotImplementedError

    def near(self, value: float, rng: Random) -> Any:
        """An element that stands for a float: the float itself, if it is an element."""
        return self.number(Fraction(value))

    def apply(self, head: str, args: Sequence[Any]) -> Any:
        """A function that SymPy knows by the name ``head``, or step, sign, beyond, zero, pi."""
        raise NotImplementedError

    def power(self, base: Any, exponent: Fraction) -> Any:
        """A rational power; whole exponents are repeated products."""
        if exponent.denominator == 1:
            return base ** int(exponent)
        return self.apply("power", (base, exponent))

    def abstract(self, name: str, wrt: int | None, args: Sequence[Any]) -> Any:
        """A function left abstract, or one of its partial derivatives.

        Raises
        ------
        UnboundFunctionError
            Where the domain has no such indeterminates.
        """
        raise UnboundFunctionError(f"the function {name} is abstract and has no value; bind it")

    def call(self, name: str, args: Sequence[Any], wrt: int | None = None) -> Any:
        """An elementwise function of the table, an abstract one, or a partial derivative.

        Functions of the table are computed from their ``sympy`` column and their partial
        derivatives from SymPy's derivative of that column.
        """
        if name not in FUNCTIONS:
            return self.abstract(name, wrt, args)
        key = (name, wrt, *args)
        if key not in self._calls:
            (self._calls[key],) = function_tape(name, wrt).run(args, self)
        return self._calls[key]

    def product(self, left: Array, right: Array) -> Any:
        """The product of matrices and vectors."""
        return np.dot(left, right)

    def weighted_sum(self, weights: Sequence[Any], vectors: Sequence[Any]) -> Any:
        """The sum of weight times vector over at least one vector (1-d object arrays)."""
        # The array first: NumPy knows what to do with a number, a number may ask what it is.
        total = vectors[0] * weights[0]
        for weight, vector in zip(weights[1:], vectors[1:], strict=True):
            total = total + vector * weight
        return total


class Rational(Domain):
    """Exact fractions; only what stays rational can be computed."""

    name = "rational numbers"

    def number(self, value: Fraction) -> Fraction:
        return value

    def random(self, rng: Random) -> Fraction:
        return Fraction(rng.choice((-1, 1)) * rng.randint(1, 12), rng.randint(1, 7))

    def near(self, value: float, rng: Random) -> Fraction:
        # Short, and with an odd numerator: not 0.
        return Fraction(2 * math.floor(8 * value) + 1, 16)

    def apply(self, head: str, args: Sequence[Any]) -> Fraction:
        if head not in PIECEWISE:
            raise EvaluationError(f"{head} has no exact value at a rational point")
        return Fraction(PIECEWISE[head](*args))


class Float(Domain):
    """Double precision.

    Attributes
    ----------
    margin : float
        The smallest distance so far of a function's argument from a kink or a pole:
        derivatives by differences are only meaningful where it is not small.
    """

    name = "float64"
    dtype: type[object] = float

    def __init__(self) -> None:
        super().__init__()
        self.margin = math.inf

    def number(self, value: Fraction) -> float:
        return float(value)

    def random(self, rng: Random) -> float:
        return rng.choice((-1, 1)) * rng.uniform(0.1, 0.9)

    def apply(self, head: str, args: Sequence[Any]) -> Any:
        if head in PIECEWISE:
            self._near(args[0] - args[1] if head == "beyond" else args[0])
            return self.number(Fraction(PIECEWISE[head](*args)))
        if head in ("log", "power"):
            self._near(args[0])
        return self._smooth(head, args)

    def _near(self, distance: Any) -> None:
        # Where two sides are equal over a whole neighbourhood there is no kink.
        if distance != 0:
            self.margin = min(self.margin, abs(float(distance)))

    def _smooth(self, head: str, args: Sequence[Any]) -> float:
        if head == "pi":
            return math.pi
        try:
            if head == "power":
                return float(math.pow(args[0], float(args[1])))
            return float(getattr(math, head)(*args))
        except (ValueError, OverflowError) as error:
            raise EvaluationError(f"{head} is not defined at {args[0]}: {error}") from None
        except AttributeError:
            precise = Precise(20)
            return float(precise.apply(head, [precise.context.mpf(arg) for arg in args]))


LARGEST = 1 << 12
"""Most functions of numbers beyond 2 to this power are left: their exponents fill memory."""


class Precise(Float):
    """Floats of as many decimal digits as wanted."""

    dtype = object

    def __init__(self, digits: int = 50) -> None:
        super().__init__()
        self.name = f"floats of {digits} digits"
        self.context = mpmath.MPContext()
        self.context.dps = digits
        give_functions(self.context.mpf, lambda number: self)
        convert = self.context.mpf.mpf_convert_rhs

        def converted(value: Any) -> Any:
            return self.number(value)._mpf_ if isinstance(value, Fraction) else convert(value)

        # Modules mix their numbers with fractions, which mpmath does on the right alone.
        self.context.mpf.mpf_convert_rhs = staticmethod(converted)

    def number(self, value: Fraction) -> Any:
        return self.context.mpf(value.numerator) / value.denominator

    def lifted(self, floats: Any) -> Any:
        """An array of floats in these numbers, every bit of them; what is not finite stays."""

        def exactly(x: float) -> Any:
            return self.number(Fraction(float(x))) if np.isfinite(x) else x

        return np.asarray(np.frompyfunc(exactly, 1, 1)(floats), object)

    def random(self, rng: Random) -> Any:
        return self.context.mpf(super().random(rng))

    def _smooth(self, head: str, args: Sequence[Any]) -> Any:
        context = self.context
        if head == "pi":
            return +context.pi
        small = head in ("log", "power") or not context.isfinite(args[0])
        if not small and context.mag(args[0]) > LARGEST:
            raise EvaluationError(f"{head} is not worked out beyond 2^{LARGEST}")
        if head == "power":
            value = context.power(args[0], self.number(args[1]))
        else:
            value = getattr(context, head)(*args)
        if not isinstance(value, context.mpf) or not context.isfinite(value):
            raise EvaluationError(f"{head} is not a real number at {args[0]}")
        return value


def _step(x: Any) -> int:
    return int(x > 0)


def _sign(x: Any) -> int:
    return int(x > 0) - int(x < 0)


def _zero(x: Any) -> int:
    return int(x == 0)


def _beyond(u: Any, v: Any) -> Fraction:
    return Fraction(1, 2) if u == v else Fraction(int(u > v))


PIECEWISE: dict[str, Callable[..., int | Fraction]] = {
    "step": _step,
    "sign": _sign,
    "beyond": _beyond,
    "zero": _zero,
}
"""What needs no more than an order."""

_ALIKE = ("exp", "log", "sin", "cos", "sinh", "cosh", "tanh", "erf")
_METHODS: dict[str, tuple[Any, ...]] = {name: (name,) for name in _ALIKE}
_METHODS |= {"arctan": ("atan",), "sqrt": ("power", Fraction(1, 2))}


def give_functions(numbers: type, domain_of: Callable[[Any], Domain]) -> None:
    """Give a class of numbers the methods that NumPy's functions of object arrays call."""

    def called(number: Any, head: str, *more: Fraction) -> Any:
        return domain_of(number).apply(head, (number, *more))

    for name, head in _METHODS.items():
        setattr(numbers, name, partialmethod(called, *head))
