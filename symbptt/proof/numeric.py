"""The numeric checks of a generated module, in double precision, at random points.

``differences``: its gradients against central differences, extrapolated, of what it says
itself that the loss and the carry are. ``values``: its loss, outputs, carry and gradients
against the model's, by forward accumulation of the author's equations.

The parameters are never those of `init_params`: biases of 0 hide errors.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.errors import EvaluationError, InterfaceError
from symbptt.proof.domain import Float
from symbptt.proof.evaluate import lengths, length
from symbptt.proof.loaded import Loaded
from symbptt.proof.points import size_sets, unit
from symbptt.proof.report import Row
from symbptt.proof.unrolled import Trajectory, Unrolled

DIFFERENCES = 1e-6
VALUES = 1e-9
"""Largest error, as a part of the largest entry, that a right gradient may have."""

FLOOR = 1e-3
"""A variable whose gradient all but cancels is measured by the largest one times this."""

WIDTH = 2.0**-9
MARGIN = 0.01
DRAWS = 40
ENTRIES = 400
"""More entries than this are not all differenced, but as many of them, at random."""

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Scenario:
    """A kind of call: ``lengths`` of the sequences, and whether a carry is handed in."""

    words: str
    steps: int
    lengths: tuple[int, ...]
    carry: bool

    @property
    def ragged(self) -> bool:
        return set(self.lengths) != {self.steps}


SCENARIOS = (
    Scenario("with a carry", 5, (5, 5), True),
    Scenario("lengths 6, 2, 0, 4", 6, (6, 2, 0, 4), True),
    Scenario("one step", 1, (1, 1, 1), True),
    Scenario("from the model's own start", 4, (4, 4), False),
)


@dataclass
class Call:
    """The arguments of a call, and what the model says about it."""

    scenario: Scenario
    params: Arrays
    inputs: Arrays
    carry: Arrays | None
    carry_grad: Arrays | None
    expected: Expected
    results: Any = None

    def keywords(self, module: Loaded) -> dict[str, Any]:
        return {"steps": self.scenario.steps} if module.needs_steps else {}

    def arguments(self) -> tuple[Any, ...]:
        ragged = np.array(self.scenario.lengths) if self.scenario.ragged else None
        return self.params, self.inputs, self.carry, ragged


@dataclass
class Expected:
    """What a call must return: floats, by the names that the module uses."""

    loss: float = 0.0
    outputs: Arrays = field(default_factory=dict)
    carry: Arrays = field(default_factory=dict)
    grads: Arrays = field(default_factory=dict)
    margin: float = math.inf
