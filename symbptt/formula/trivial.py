"""Whether a formula says nothing of its model: it holds for every model of these shapes.

It does where it holds at a point at which all quantities and derivatives are numbers that
have nothing to do with each other: no equation of the model, not even that of L.
"""

from __future__ import annotations

import random
from collections.abc import Hashable

import numpy as np

from symbptt import algebra as al
from symbptt.errors import EvaluationError
from symbptt.formula.examination import Examiner, first_difference
from symbptt.formula.meaning import Meaning, resolved
from symbptt.formula.scenes import Scene
from symbptt.formula.statement import TOTAL, Formula, repeats
from symbptt.proof.domain import Array
from symbptt.proof.place import Steps, lengths
from symbptt.proof.unrolled import Variable


def is_trivial(formula: Formula, used: list[dict[str, int]], examiner: Examiner) -> bool:
    """Whether a right formula says nothing: one side stands in the other, or it always holds.

    Parameters
    ----------
    formula : Formula
        As it was read.
    used : list of dict
        The cases in which it was found to hold.
    """
    if repeats(formula):
        return True
    shaper = examiner.shaper
    meant = resolved(formula, _Bare(examiner.model, shaper.layout))
    steps = max([examiner.horizon, *(at["T"] for at in used)])
    try:
        points = [_Unrelated(scene) for scene in examiner.points("floats", steps, formula)]
        return all(_holds(meant, at, points) for at in reversed(used))
    except EvaluationError:
        return False


def _holds(formula: Formula, at: dict[str, int], points: list[_Unrelated]) -> bool:
    found = False
    for scene in points:
        try:
            left, right = scene.sides(formula, at)
        except (EvaluationError, ZeroDivisionError):
            continue
        if first_difference(left, right, scene.domain) is not None:
            return False
        found = True
    return found


class _Bare(Meaning):
    """L is a number like any other."""

    def _total_loss(self) -> al.Expr:
        return TOTAL


class _Unrelated(Scene):
    """A point at which nothing follows from anything else."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.stage, scene.run, scene.clock)
        self.random = random.Random(0)
        self.drawn: dict[Hashable, Array] = {}

    def draw(self, key: Hashable, shape: tuple[int, ...]) -> Array:
        if key not in self.drawn:
            values = np.empty(shape, dtype=object)
            for entry in np.ndindex(*shape):
                values[entry] = self.random.uniform(0.5, 2)
            self.drawn[key] = values
        return self.drawn[key]

    def parameter(self, param: al.Param) -> Array:
        return self.draw(param.name, lengths(param.shape, self.sizes))

    def reference(self, ref: al.Ref, at: Steps) -> Array:
        variable = self.variable(ref, at)
        value = self.run.values[variable]
        is_integer = ref.name in self.stage.model.integers
        return value if is_integer else self.draw(variable, value.shape)

    def cotangent(self, cotangent: al.Cotangent, at: Steps) -> Array:
        index, part = (None if i is None else i.at(at) for i in (cotangent.index, cotangent.part))
        if index is not None:
            self.variable(al.Ref(cotangent.name, al.Index(offset=index), ()), at)
        key = ("cotangent", cotangent.name, index, part)
        return self.draw(key, lengths(cotangent.shape, self.sizes))

    def differentiated(self, node: al.Derivative | al.Direct, at: Steps) -> Array:
        if isinstance(node, al.Direct):
            key = ("direct", *self._variables(node.of, at)[0])
            return self.draw(key, lengths(node.shape, self.sizes))
        return super().differentiated(node, at)

    def slope(
        self,
        of: Variable,
        by: Variable,
        held: al.Held,
        step: int | None = None,
        loss: int | None = None,
    ) -> Array:
        return self.draw((of, by, held), np.shape(self.jacobians.empty(of, by)))
