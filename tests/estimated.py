"""Estimators by automatic differentiation of their definitions.

A value that is held is replaced by a copy without a derivative, and one that weighs w by
w times itself and 1 - w times the copy. Of symbptt's estimators nothing is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symbptt.algebra import Expr, Model, Ref
from tests.backends import Hips, without_derivative
from tests.points import Point
from tests.reference import Result, Run, Sequence, variables

Weight = Callable[[int, int, int], float]
"""Of what the equation at a step reads at an earlier one, in a sequence: (b, step, read)."""


def gated(model: Model, point: Point, gates: Any) -> Result:
    """The estimate with gates (T, B); the weight of an edge is the product of those it crosses."""

    def weight(batch: int, step: int, read: int) -> float:
        crossed = range(max(read + 1, 2), step + 1)
        return float(np.prod([gates[s - 1, batch] for s in crossed], initial=1.0))

    return _estimate(model, point, lambda run, b, n: _Weighed(run, b, n, weight))


def chunked(model: Model, point: Point, tau: int) -> Result:
    """Pieces of ``tau`` steps; what a piece reads of an earlier one is held.

    Initial values belong to the first piece.
    """

    def piece(step: int) -> int:
        return (max(step, 1) - 1) // tau

    def weight(batch: int, step: int, read: int) -> float:
        return float(piece(read) == piece(step))

    return _estimate(model, point, lambda run, b, n: _Weighed(run, b, n, weight))


def windowed(model: Model, point: Point, tau: int) -> Result:
    """Each loss for itself, the values of all steps up to t - ``tau`` held."""
    return _estimate(model, point, lambda run, b, n: _Windowed(run, b, n, tau))


def _estimate(model: Model, point: Point, sequence: Callable[[Run, int, int], Sequence]) -> Result:
    backend = Hips()
    given = variables(model, point, backend)

    def objective(varied: dict[str, Any]) -> Any:
        run = Run(model, point, backend, varied)
        run.sequences = [sequence(run, s.batch, s.length) for s in run.sequences]
        return run.objective()

    _, grads = backend.differentiate(objective, given)
    run = Run(model, point, backend, given)
    return Result(run.loss(), grads, run.carry(), run.outputs())


class _Weighed(Sequence):
    """A sequence in which what is read at an earlier step has a weight."""

    def __init__(self, run: Run, batch: int, length: int, weight: Weight) -> None:
        super().__init__(run, batch, length)
        self.weight = weight

    def evaluate(self, expr: Expr, step: int) -> Any:
        value = super().evaluate(expr, step)
        if not isinstance(expr, Ref) or not self.is_earlier(expr, step):
            return value
        weight = self.weight(self.batch, step, expr.index.at({"t": step, "T": self.length}))
        return weight * value + (1 - weight) * without_derivative(value)

    def is_earlier(self, expr: Ref, step: int) -> bool:
        source = self.run.inputs.get(expr.name)
        if source is not None and (source.index_dim is not None or not source.timed):
            return False
        return expr.index.at({"t": step, "T": self.length}) < step


class _Windowed(Sequence):
    """A sequence that is run anew for every loss, and for every value that is handed on."""

    def __init__(self, run: Run, batch: int, length: int, tau: int) -> None:
        super().__init__(run, batch, length)
        self.tau = tau

    def seen_from(self, step: int) -> Sequence:
        return _Held(self.run, self.batch, self.length, step - self.tau)

    def losses(self) -> list[Any]:
        steps = range(1, self.length + 1)
        if self.run.equations["loss"].last:
            steps = steps[-1:]
        return [self.seen_from(step).value("loss", step) for step in steps]

    def carry(self) -> dict[str, Any]:
        ends = {i.key: (i.name, self.length + i.step) for i in self.run.model.initials}
        return {key: self.seen_from(step).value(name, step) for key, (name, step) in ends.items()}


class _Held(Sequence):
    """A sequence whose values up to a step are held."""

    def __init__(self, run: Run, batch: int, length: int, upto: int) -> None:
        super().__init__(run, batch, length)
        self.upto = upto

    def value(self, name: str, step: int) -> Any:
        value = super().value(name, step)
        source = self.run.inputs.get(name)
        if step > self.upto or (source is not None and not source.timed):
            return value
        return without_derivative(value)
