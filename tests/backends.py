"""Array libraries that differentiate, as the reference sees them.

HIPS autograd, and rational arithmetic with dual numbers; PyTorch stands in
`tests.backend_torch`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import autograd
import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive


class Backend(Protocol):
    """What the interpreter needs of an array library.

    ``functions`` are the elementwise functions by name. ``array`` and ``plain`` lead from NumPy
    arrays to the library's and back.
    ``differentiate`` returns the value of a scalar function of a dict of NumPy arrays,
    and its gradients.
    """

    functions: Mapping[str, Callable[..., Any]]

    def number(self, value: Fraction) -> Any: ...
    def array(self, value: Any) -> Any: ...
    def plain(self, value: Any) -> Any: ...
    def zeros(self, shape: tuple[int, ...]) -> Any: ...
    def identity(self, size: int) -> Any: ...
    def concatenate(self, parts: list[Any]) -> Any: ...
    def total(self, value: Any) -> Any: ...
    def log_softmax(self, vector: Any) -> Any: ...
    def differentiate(
        self,
        function: Callable[[dict[str, Any]], Any],
        variables: dict[str, Any],
    ) -> tuple[Any, dict[str, Any]]: ...


# --- HIPS autograd ---------------------------------------------------------------------

_exact_erf = np.vectorize(math.erf, otypes=[float])
_exact_erfc = np.vectorize(math.erfc, otypes=[float])


@primitive
def _erf(x: Any) -> Any:
    return _exact_erf(x)


@primitive
def _erfc(x: Any) -> Any:
    return _exact_erfc(x)


defvjp(_erf, lambda y, x: lambda g: g * 2 / math.sqrt(math.pi) * anp.exp(-x * x))
defvjp(_erfc, lambda y, x: lambda g: -g * 2 / math.sqrt(math.pi) * anp.exp(-x * x))


def _log_sigmoid(x: Any) -> Any:
    return -anp.logaddexp(0, -x)


class Hips:
    """HIPS autograd; every function in a form that neither overflows nor cancels."""

    functions: Mapping[str, Callable[..., Any]] = {
        "tanh": anp.tanh,
        "sigmoid": lambda x: anp.exp(_log_sigmoid(x)),
        "relu": lambda x: anp.where(x > 0, x, 0 * x),
        "softplus": lambda x: anp.logaddexp(0, x),
        "exp": anp.exp,
        "log": anp.log,
        "sqrt": anp.sqrt,
        "sin": anp.sin,
        "cos": anp.cos,
        "abs": lambda x: x * np.sign(without_derivative(x)),
        "erf": _erf,
        "silu": lambda x: x * anp.exp(_log_sigmoid(x)),
        "gelu": lambda x: x * _erfc(-x / math.sqrt(2)) / 2,
        "softsign": lambda x: x / (1 + x * np.sign(without_derivative(x))),
        "log_sigmoid": _log_sigmoid,
        "max": anp.maximum,
        "min": anp.minimum,
        "elu": lambda x: anp.where(x > 0, x, anp.expm1(anp.minimum(x, 0))),
        "leaky_relu": lambda x: anp.where(x > 0, x, 0.01 * x),
        "selu": lambda x: (
            1.0507009873554805
            * anp.where(x > 0, x, 1.6732632423543772 * anp.expm1(anp.minimum(x, 0)))
        ),
        "mish": lambda x: x * anp.tanh(anp.logaddexp(0, x)),
        "hard_sigmoid": lambda x: anp.minimum(anp.maximum(x / 6 + 0.5, 0), 1),
        "hard_tanh": lambda x: anp.minimum(anp.maximum(x, -1), 1),
        "sinh": anp.sinh,
        "cosh": anp.cosh,
        "arctan": anp.arctan,
        "log1p": anp.log1p,
        "expm1": anp.expm1,
    }

    def number(self, value: Fraction) -> float:
        return float(value)

    def array(self, value: Any) -> Any:
        return value

    def plain(self, value: Any) -> Any:
        return value

    def zeros(self, shape: tuple[int, ...]) -> Any:
        return np.zeros(shape)

    def identity(self, size: int) -> Any:
        return np.eye(size)

    def concatenate(self, parts: list[Any]) -> Any:
        return anp.concatenate(parts)

    def total(self, value: Any) -> Any:
        return anp.sum(value)

    def log_softmax(self, vector: Any) -> Any:
        # A constant shift changes nothing and keeps exp in range.
        shifted = vector - np.max(without_derivative(vector))
        return shifted - anp.log(anp.sum(anp.exp(shifted)))

    def differentiate(
        self, function: Callable[[dict[str, Any]], Any], variables: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        value, gradients = autograd.value_and_grad(function)(variables)
        return float(value), gradients


def without_derivative(value: Any) -> Any:
    """The numbers inside autograd's boxes."""
    while hasattr(value, "_value"):
        value = value._value
    return value


# --- exact numbers ---------------------------------------------------------------------


@dataclass(frozen=True)
class Dual:
    """a + b e with e**2 = 0: what is computed with it carries one exact derivative."""

    value: Fraction
    slope: Fraction = Fraction(0)

    @staticmethod
    def of(other: Any) -> Dual:
        return other if isinstance(other, Dual) else Dual(Fraction(other))

    def __add__(self, other: Any) -> Dual:
        other = Dual.of(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Dual:
        return self + -Dual.of(other)

    def __rsub__(self, other: Any) -> Dual:
        return Dual.of(other) - self

    def __mul__(self, other: Any) -> Dual:
        other = Dual.of(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        other = Dual.of(other)
        quotient = self.value / other.value
        return Dual(quotient, (self.slope - quotient * other.slope) / other.value)

    def __rtruediv__(self, other: Any) -> Dual:
        return Dual.of(other) / self

    def __pow__(self, exponent: Any) -> Dual:
        power = int(exponent)
        if power != exponent:
            raise ValueError("only whole powers are exact")
        return Dual(self.value**power, power * self.value ** (power - 1) * self.slope)


class Exact:
    """Rational arithmetic; a run for each entry of each variable gives its derivative."""

    functions: Mapping[str, Callable[..., Any]] = {}

    def number(self, value: Fraction) -> Fraction:
        return value

    def array(self, value: Any) -> Any:
        return value

    def plain(self, value: Any) -> Any:
        return value

    def zeros(self, shape: tuple[int, ...]) -> Any:
        return np.full(shape, Fraction(0), dtype=object)

    def identity(self, size: int) -> Any:
        eye = self.zeros((size, size))
        for i in range(size):
            eye[i, i] = Fraction(1)
        return eye

    def concatenate(self, parts: list[Any]) -> Any:
        return np.concatenate(parts)

    def total(self, value: Any) -> Any:
        return np.sum(value)

    def log_softmax(self, vector: Any) -> Any:
        raise ValueError("softmax is not rational")

    def differentiate(
        self, function: Callable[[dict[str, Any]], Any], variables: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        value = Dual.of(function(variables)).value
        gradients = {}
        for name, array in variables.items():
            gradients[name] = self.zeros(array.shape)
            for entry in np.ndindex(array.shape):
                moved = array.copy()
                moved[entry] = Dual(Fraction(array[entry]), Fraction(1))
                result = Dual.of(function({**variables, name: moved}))
                gradients[name][entry] = result.slope
        return value, gradients
