"""Where the functions and losses of the tables are evaluated, and the losses' gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import sympy

from symbptt.algebra import Cotangent, Derivative, Direct, Param, Pullback, Ref
from symbptt.functions.losses import LOSSES
from symbptt.proof.domain import Array, Domain
from symbptt.proof.place import Steps
from symbptt.proof.symbols import Symbolic, symbol_array
from symbptt.proof.tape import Tape


@dataclass(frozen=True)
class Given:
    """A point at which only the arguments of a function of the tables have a value."""

    domain: Domain
    values: Mapping[str, Array]
    sizes: Mapping[str, int] = field(default_factory=dict)

    def parameter(self, param: Param) -> Array:
        return self.values[param.name]

    def reference(self, ref: Ref, at: Steps) -> Array:
        return self.values[ref.name]

    def cotangent(self, cotangent: Cotangent, at: Steps) -> None:
        return None

    def pulled_back(self, node: Pullback, cotangent: Array, at: Steps) -> None:
        return None

    def differentiated(self, node: Derivative | Direct, at: Steps) -> None:
        return None


LossValue = Callable[[str, Array, Array, Domain], Array]


def loss_gradient(
    value: LossValue, name: str, prediction: Array, target: Array, wrt: int, domain: Domain
) -> Array:
    """The gradient of a loss with respect to one argument, by SymPy's derivative of its value."""
    arguments = arguments_of(prediction, target)
    first = np.size(prediction) * wrt
    shape = np.shape((prediction, target)[wrt])
    size = int(np.prod(shape))
    if name in LOSSES:
        tape = _loss_tape(value, name, np.shape(prediction), np.shape(target))
        entries = tape.run(arguments, domain)[first : first + size]
    else:
        entries = [domain.abstract(name, first + k, arguments) for k in range(size)]
    gradient = np.empty(size, dtype=object)
    gradient[:] = entries
    return gradient.reshape(shape)


def arguments_of(prediction: Array, target: Array) -> tuple[Any, ...]:
    return (*np.ravel(prediction), *np.ravel(target))


@cache
def _loss_tape(
    loss: LossValue, name: str, prediction: tuple[int, ...], target: tuple[int, ...]
) -> Tape:
    """All partial derivatives of a loss of the table at a fixed size."""
    o, y = symbol_array("o", prediction), symbol_array("y", target)
    value = loss(name, o, y, Symbolic())
    symbols = arguments_of(o, y)
    return Tape(symbols, [sympy.diff(value[()], symbol) for symbol in symbols])
