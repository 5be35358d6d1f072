"""Values of a side and of its parts at a few steps of one run, to see which parts are one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np

from symbptt import algebra as al
from symbptt.errors import EvaluationError
from symbptt.formula.examination import Examiner
from symbptt.formula.ranges import Free, cases
from symbptt.formula.scenes import Scene, TooLargeError
from symbptt.formula.shapes import SCALAR, ShapeError
from symbptt.formula.statement import Formula, Over
from symbptt.proof.domain import Array

STEPS = 4
PLACES = 3
"""Values are compared in a run of so many steps, at so many of them."""

Value = tuple[Array, ...]


class SampleValues:
    """Values of sides and of their parts at a few steps, where the derivation's side has one."""

    def __init__(self, formula: Formula, examiner: Examiner) -> None:
        self.shaper = examiner.shaper
        steps = max(examiner.horizon, STEPS)
        self.scene: Scene = next(iter(examiner.points("floats", steps, formula)))
        self.points: list[dict[str, int]] = []
        self.wanted = SCALAR
        try:
            self.wanted = self.shaper.shape(formula.left) or SCALAR
            free = Free.of(formula)
            spans = examiner.longest(formula)
            # A condition may say how long the run is.
            fitting = (
                at
                for length in sorted(range(1, steps + 1), key=lambda length: length != STEPS)
                for at in cases(formula, free, length, examiner.start(formula), spans)
                if self._holds(formula, at)
            )
            self.points = list(islice(fitting, PLACES))
        except ShapeError:
            pass

    def _holds(self, formula: Formula, at: dict[str, int]) -> bool:
        """Whether the derivation's side is right there: it says nothing past the ends."""
        left, right = (self._at(side, at) for side in formula.sides)
        return left is not None and right is not None and alike((left,), (right,))

    def of(self, node: al.Expr, bound: tuple[Over, ...] = ()) -> Value | None:
        """None where it has no value at one of the steps."""
        found = []
        for at in self.points:
            inner = dict(at)
            for over in bound:
                if not {*over.first.names(), *over.last.names()} <= set(inner):
                    return None
                inner[over.index] = over.first.at(inner) + (over.first != over.last)
            value = self._at(node, inner)
            if value is None:
                return None
            found.append(value)
        return tuple(found)

    def agree(self, node: al.Expr, value: Value | None) -> bool:
        """Whether a part has this value."""
        if value is None:
            return False
        found = (self._at(node, at) for at in self.points)
        return all(
            one is not None and alike((one,), (other,))
            for one, other in zip(found, value, strict=True)
        )

    def _at(self, node: al.Expr, at: dict[str, int]) -> Array | None:
        try:
            wanted = self.shaper.shape(node) or self.wanted
            value = self.scene.value(self.shaper.meant(node, wanted), at)
            return np.asarray(value, dtype=float)
        except TooLargeError:
            raise
        except (EvaluationError, ShapeError, ZeroDivisionError, OverflowError, KeyError, TypeError):
            return None


def alike(one: Value | None, other: Value | None) -> bool:
    if one is None or other is None:
        return False
    return all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-7, atol=1e-10)
        for a, b in zip(one, other, strict=True)
    )


def of_one_shape(one: Value | None, other: Value | None) -> bool:
    return (
        one is not None
        and other is not None
        and all(a.shape == b.shape for a, b in zip(one, other, strict=True))
    )


def turned_alike(one: Value | None, other: Value | None) -> bool:
    return other is not None and alike(one, tuple(np.transpose(value) for value in other))


def added(values: Iterable[Value]) -> Value:
    return tuple(sum(each[1:], start=each[0]) for each in zip(*values, strict=True))
