"""How the state at T depends on the states before it: products of step Jacobians.

ds_T/ds_t is J_T J_{T-1} … J_{t+1}. The products are kept as a matrix times a power of
two, so that neither a vanishing nor an exploding one leaves the range of floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbptt.analysis.numbers import Numbers
from symbptt.analysis.recurrence import Array, Arrays, Dynamics, StateBlock
from symbptt.analysis.spectra import eigenvalues, leading_singular_values, unit
from symbptt.errors import AnalysisError

SHOWN_STEPS = 9
"""At how many steps of the trajectory the Jacobian's eigenvalues are computed."""

DOUBLINGS = math.log10(2)


@dataclass(frozen=True)
class StepJacobian:
    """The Jacobian of step t; eigenvalues only at some steps."""

    t: int
    norm: float
    eigenvalues: Array | None


@dataclass(frozen=True)
class Lag:
    """ds_T/ds_{T-k} for one k.

    Attributes
    ----------
    lag : int
        k.
    log_norm : float
        log10 of the spectral norm; -inf where it is 0.
    ratio : float
        The second singular value over the first: near 0, all gradients that come from
        that far ahead point along one direction.
    log_product : float
        log10 of ||J_T|| ||J_{T-1}|| …, never below ``log_norm``.
    blocks : dict of str to float
        log10 of the norm of dh_T/dh_{T-k} for each state h, all else of the state at
        T - k held.
    """

    lag: int
    log_norm: float
    ratio: float
    log_product: float
    blocks: dict[str, float]


@dataclass(frozen=True)
class Direction:
    """Where a gradient from T points after all the lags: up to sign along ``vector``.

    Attributes
    ----------
    vector : array
        The right singular vector of ds_T/ds_{T-k} for the largest k that is not 0.
    lag : int
        That k.
    """

    vector: Array
    lag: int


@dataclass(frozen=True)
class Sensitivity:
    """What the trajectory says.

    Attributes
    ----------
    steps : int
        T; smaller than asked for where the state overflowed.
    overflow : int or None
        The step at which it did.
    """

    steps: int
    overflow: int | None
    jacobians: tuple[StepJacobian, ...]
    lags: tuple[Lag, ...]
    direction: Direction | None


def sensitivity(
    dynamics: Dynamics, numbers: Numbers, progress: Callable[[float], None] = lambda _: None
) -> Sensitivity:
    """Run the recurrence forward, then multiply its Jacobians from the last step back.

    Raises
    ------
    AnalysisError
        If the first step overflows.
    """
    with np.errstate(all="ignore"):
        carries, overflow = run(dynamics, numbers)
    steps = len(carries) - 1
    chosen = evenly(steps, SHOWN_STEPS)
    jacobians: list[StepJacobian] = []
    lags: list[Lag] = []
    product = ScaledProduct(dynamics.size)
    last: tuple[Array, int] | None = None
    log_product = 0.0
    for t in range(steps, 0, -1):
        jacobian = dynamics.jacobian(numbers.params, at_step(numbers.inputs, t), carries[t - 1])
        length = leading_singular_values(jacobian)[0]
        found = eigenvalues(jacobian) if t in chosen else None
        jacobians.append(StepJacobian(t, length, found))
        product.extend(jacobian)
        log_product += _log10(length)
        lags.append(_lag(steps - t + 1, product, log_product, dynamics.blocks))
        if math.isfinite(lags[-1].log_norm):
            last = product.matrix, lags[-1].lag
        progress((steps - t + 1) / steps)
    direction = None if last is None else Direction(first_direction(last[0]), last[1])
    return Sensitivity(steps, overflow, tuple(reversed(jacobians)), tuple(lags), direction)


def run(dynamics: Dynamics, numbers: Numbers) -> tuple[list[Arrays], int | None]:
    """The carries after steps 0 … T, and the step at which one is not finite any more."""
    start = dict(dynamics.start(numbers.params, at_step(numbers.inputs, 1)))
    carries: list[Arrays] = [{**start, **numbers.carry}]
    for t in range(1, numbers.steps + 1):
        after = dynamics.advance(numbers.params, at_step(numbers.inputs, t), carries[-1])
        if not all(np.all(np.isfinite(array)) for array in after.values()):
            if t == 1:
                raise AnalysisError("the state is not finite after the first step")
            return carries, t
        carries.append(after)
    return carries, None


def at_step(inputs: Mapping[str, Any], t: int) -> Arrays:
    """The inputs of step t alone, (1, 1, …)."""
    return {name: array[t - 1 : t] for name, array in inputs.items()}


def evenly(count: int, most: int) -> set[int]:
    """At most ``most`` numbers spread evenly over 1 … count, both ends among them."""
    if count <= most:
        return set(range(1, count + 1))
    return {1 + round(k * (count - 1) / (most - 1)) for k in range(most)}


def first_direction(matrix: Array) -> Array:
    """The right singular vector of the largest singular value."""
    _, _, rows = np.linalg.svd(matrix)
    return unit(rows[0])


class ScaledProduct:
    """A product of matrices as ``matrix`` times 2**``exponent``."""

    def __init__(self, size: int) -> None:
        self.matrix: Array = np.eye(size)
        self.exponent = 0

    def extend(self, factor: Array) -> None:
        """Multiply from the right."""
        self.matrix = self.matrix @ factor
        largest = float(np.max(np.abs(self.matrix), initial=0.0))
        if 0.0 < largest < math.inf:
            _, shift = math.frexp(largest)
            self.matrix = np.ldexp(self.matrix, -shift)
            self.exponent += shift

    def log10(self, value: float) -> float:
        """log10 of a number that goes with ``matrix``, in the product's own scale."""
        return _log10(value) + self.exponent * DOUBLINGS if value else -math.inf


def _lag(
    lag: int, product: ScaledProduct, log_product: float, blocks: tuple[StateBlock, ...]
) -> Lag:
    first, second = leading_singular_values(product.matrix)
    states: dict[str, float] = {}
    for block in blocks:
        if block.name not in states:
            part = product.matrix[block.place, block.place]
            states[block.name] = product.log10(leading_singular_values(part)[0])
    ratio = second / first if first else 0.0
    return Lag(lag, product.log10(first), ratio, log_product, states)


def _log10(value: float) -> float:
    return math.log10(value) if value else -math.inf
