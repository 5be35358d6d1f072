"""The losses by their definitions, and their gradients by SymPy's derivative."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy

from symbptt.errors import MissingRuleError
from symbptt.functions import LOSSES
from symbptt.proof.domain import Array, Domain, each, total
from symbptt.proof.symbols import Symbolic, symbol_array
from symbptt.proof.tape import Tape


def softmax(vector: Array, domain: Domain) -> Array:
    powers = each(lambda entry: domain.call("exp", (entry,)), vector)
    return np.divide(powers, total(powers))


def loss_value(name: str, prediction: Array, target: Array, domain: Domain) -> Any:
    """A loss of the table by its definition, or an abstract one."""
    half = domain.number(Fraction(1, 2))
    match name:
        case "softmax_cross_entropy":
            return -domain.call("log", (total(target * softmax(prediction, domain)),))
        case "squared_error":
            return half * total((prediction - target) ** 2)
        case "binary_cross_entropy":
            # -(y log s + (1 - y) log(1 - s)) with log(1 - s) = log s - o, s = sigmoid(o).
            zero = each(lambda entry: domain.call("softplus", (entry,)), prediction)
            return total(zero - target * prediction)
    if name in LOSSES:
        raise MissingRuleError(f"no definition of the loss {name}")
    return domain.abstract(name, None, _arguments(prediction, target))


def loss_gradient(name: str, prediction: Array, target: Array, wrt: int, domain: Domain) -> Array:
    """The gradient of a loss with respect to one argument, by SymPy's derivative."""
    arguments = _arguments(prediction, target)
    first = np.size(prediction) * wrt
    shape = np.shape((prediction, target)[wrt])
    size = int(np.prod(shape))
    if name in LOSSES:
        tape = _loss_tape(name, np.shape(prediction), np.shape(target))
        entries = tape.run(arguments, domain)[first : first + size]
    else:
        entries = [domain.abstract(name, first + k, arguments) for k in range(size)]
    gradient = np.empty(size, dtype=object)
    gradient[:] = entries
    return gradient.reshape(shape)


def _arguments(prediction: Array, target: Array) -> tuple[Any, ...]:
    return (*np.ravel(prediction), *np.ravel(target))


@cache
def _loss_tape(name: str, prediction: tuple[int, ...], target: tuple[int, ...]) -> Tape:
    """All partial derivatives of a loss of the table at a fixed size."""
    o, y = symbol_array("o", prediction), symbol_array("y", target)
    value = loss_value(name, o, y, Symbolic())
    symbols = _arguments(o, y)
    return Tape(symbols, [sympy.diff(value, symbol) for symbol in symbols])
