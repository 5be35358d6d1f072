"""Estimators by forward accumulation: weights on what crosses from step to step.

A weight multiplies what an equation's derivatives carry over from an earlier step. Gates
give one run its weights; a window holds other values for every loss, so that each loss is
differentiated in a run of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbptt.calculus.estimators import Estimator
from symbptt.proof.unrolled import Trajectory, Weight

Run = Callable[[Weight | None], Trajectory]
"""Runs a model at one point with the given weights."""


def through_gates(gates: Mapping[int, Any], one: Any) -> Weight:
    """The product of the gates that an edge crosses; they are 1 up to step 1."""

    def weight(step: int, read: int) -> Any:
        product = one
        for crossed in range(max(read + 1, 2), step + 1):
            product = product * gates[crossed]
        return product

    return weight


def within_window(loss: int, tau: int, one: Any) -> Weight:
    """1 where what is read is less than ``tau`` steps before the loss, else 0."""
    return lambda step, read: one if loss - read < tau else one - one


def weighted_run(
    run: Run, estimator: Estimator, gates: Mapping[int, Any], steps: int, one: Any
) -> Trajectory:
    """A run whose derivatives of losses (and of what is handed on) are the estimates.

    Parameters
    ----------
    gates : mapping of int to number
        Of a gated estimator: the gates of steps 2 … ``steps``.
    """
    if estimator.gated:
        return run(through_gates(gates, one))
    found = run(None)
    if estimator.kind == "window":
        for step in range(1, steps + 1):
            found.held[step] = run(within_window(step, estimator.tau, one))
    return found
