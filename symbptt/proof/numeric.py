"""The numeric checks of a generated module, in double precision, at random points.

``differences``: its gradients against central differences, extrapolated, of what the
module itself says that the loss and the carry are. ``values``: its loss, outputs, carry
and gradients against the model's, by forward accumulation of the author's equations.

The parameters are never those of `init_params`: biases of 0 hide errors.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import EvaluationError, InterfaceError
from symbptt.proof.agreement import FLOOR, Agreement, largest
from symbptt.proof.calls import (
    SCENARIOS,
    Arrays,
    ModuleCall,
    Result,
    Scenario,
    called,
    forwarded,
    objective,
)
from symbptt.proof.differences import extrapolated
from symbptt.proof.expected import Expected, draw_call
from symbptt.proof.loaded import Loaded
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row, silent
from symbptt.proof.unrolled import SizedModel, unrolled

NO_DIFFERENCES = Row(
    "differences", "gradients", None, "not applicable", "an estimate is no derivative of the loss"
)

STEPS = 4
"""Over how many an expectation is taken."""

RANGE = "T = " + "…".join(str(each(s.steps for s in SCENARIOS)) for each in (min, max))
"""Of all random calls."""


def unnoted(what: object) -> None:
    """Takes a call or a row, and forgets it."""


def numeric_rows(
    module: Loaded,
    model: Model,
    derivation: Derivation | None = None,
    seed: int = 0,
    progress: Callable[[str], None] = silent,
    note: Callable[[ModuleCall], None] = unnoted,
) -> tuple[Row, ...]:
    """The rows of the numeric checks of a module.

    Parameters
    ----------
    model : Model
        With all functions bound.
    derivation : Derivation, optional
        To name the step that gives a variable's gradient.
    note : callable, optional
        Handed every random call, so that other modules can be called alike.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    InterfaceError
        If the module raises, or what it returns lacks something.
    """
    estimator = derivation.estimator if derivation else FULL
    checks = _Comparisons(module, _step_numbers(derivation), estimator)
    undefined: list[Row] = []
    for call, expected in random_calls(model, seed, estimator, progress, undefined.append):
        note(call)
        checks.examine(call, expected)
    rows = (*checks.rows(), *undefined)
    if estimator.kind != "random":
        return rows
    stage = unrolled(model, size_sets(model)[0])
    return (*rows, _expectation(checks, stage, estimator, seed))


def random_calls(
    model: Model,
    seed: int = 0,
    estimator: Estimator = FULL,
    progress: Callable[[str], None] = silent,
    undefined: Callable[[Row], None] = unnoted,
) -> Iterator[tuple[ModuleCall, Expected]]:
    """A random call of every scenario, and what it must return.

    A model's own start may be a pole of it, or lie in a logarithm; ``undefined`` is told.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """
    stages = [unrolled(model, chosen) for chosen in size_sets(model)]
    for number, scenario in enumerate(SCENARIOS):
        progress(f"module, {scenario.words}")
        try:
            drawn = draw_call(stages[number % len(stages)], scenario, seed + number, estimator)
        except EvaluationError as error:
            if scenario.carry:
                raise
            undefined(Row("values", scenario.words, None, "not applicable", str(error)))
        else:
            yield drawn


def _expectation(checks: _Comparisons, stage: SizedModel, estimator: Estimator, seed: int) -> Row:
    """The sum of all estimates, each times its probability, against the gradient itself."""
    scenario = Scenario(f"T = {STEPS}, all gates", STEPS, (STEPS, STEPS), True)
    call, whole = draw_call(stage, scenario, seed)
    table, pi = checks.module.table("INPUTS"), float(estimator.pi)
    wanted = {name: array for name, array in whole.grads.items() if name not in table}
    mean = {name: np.zeros(np.shape(value)) for name, value in wanted.items()}
    for passes in itertools.product((False, True), repeat=STEPS - 1):
        gates = np.array([1.0, *(passed / pi for passed in passes)])[:, None]
        chance = pi ** sum(passes) * (1 - pi) ** (STEPS - 1 - sum(passes))
        _, found, _ = checks.run(replace(call, gates=np.repeat(gates, 2, axis=1)))
        checks.same_keys("grads", found, wanted)
        for name in mean:
            mean[name] += chance * np.asarray(found[name], dtype=float)
    tally = Agreement("expectation", f"gates, PI = {estimator.pi}")
    for name, value in wanted.items():
        what = f"the mean of grads[{name!r}]"
        tally.compare(mean[name], value, largest(value), what, scenario.words)
    return replace(tally.row(), range=f"{2 ** (STEPS - 1)} outcomes, T = {STEPS}", entries=0)


def _step_numbers(derivation: Derivation | None) -> dict[str, int]:
    """Which step gives the gradient with a given key."""
    numbers: dict[str, int] = {}
    for step in derivation.steps if derivation else ():
        if step.kind == "gradient":
            numbers[step.target.name] = step.number
        elif step.kind in ("initial", "window") and step.part is None:
            numbers[f"{step.target.name}[{step.target.index}]"] = step.number
    return numbers


class _Comparisons:
    """Gathers the tallies of all calls."""

    def __init__(
        self, module: Loaded, steps: Mapping[str, int], estimator: Estimator = FULL
    ) -> None:
        self.module = module
        self.steps = steps
        self.estimator = estimator
        self.tallies: dict[tuple[str, str], Agreement] = {}

    def tally(self, check: str, subject: str) -> Agreement:
        return self.tallies.setdefault((check, subject), Agreement(check, subject, range=RANGE))

    def examine(self, call: ModuleCall, expected: Expected) -> None:
        where = call.scenario.words
        loss, grads, carry = self.run(call)
        outputs, same_carry = forwarded(self.module, call)
        scale = max(abs(expected.loss), FLOOR)
        self.tally("values", "L").compare(loss, expected.loss, scale, "loss", where)
        self.group("forward", outputs, expected.outputs, where)
        self.group("carry", carry, expected.carry, where)
        self.group("carry", same_carry, expected.carry, f"{where}, forward")
        self.gradients(call, grads, expected)

    def run(self, call: ModuleCall) -> Result:
        return called(self.module, call, self.estimator)

    def group(self, subject: str, found: Arrays, expected: Arrays, where: str) -> None:
        """Several arrays in one row."""
        self.same_keys(subject, found, expected)
        for name, array in expected.items():
            scale = max(largest(array), FLOOR)
            what = f"{subject}[{name!r}]"
            self.tally("values", subject).compare(found[name], array, scale, what, where)

    def same_keys(self, subject: str, found: Arrays, expected: Arrays) -> None:
        missing = [name for name in expected if name not in found]
        if missing:
            raise InterfaceError(f"{self.module.name}: {subject} lacks {', '.join(missing)}")

    def gradients(self, call: ModuleCall, grads: Arrays, expected: Expected) -> None:
        wanted = {n: array for n, array in expected.grads.items() if self.is_wanted(n, grads)}
        self.same_keys("grads", grads, wanted)
        sizes = {name: largest(array) for name, array in wanted.items()}
        floor = FLOOR * max(sizes.values(), default=0.0)
        for name, array in wanted.items():
            scale = max(sizes[name], floor)
            where, what = self.where(call, name), f"grads[{name!r}]"
            self.tally("values", f"dL/d{name}").compare(grads[name], array, scale, what, where)
            if np.shape(grads[name]) == array.shape and self.estimator == FULL:
                self.differences(call, name, grads[name], scale)

    def is_wanted(self, name: str, grads: Arrays) -> bool:
        """Inputs have gradients only in a module that was made so."""
        return name in grads or name not in self.module.table("INPUTS")

    def where(self, call: ModuleCall, name: str) -> str:
        number = self.steps.get(name)
        return call.scenario.words + (f", step ({number})" if number else "")

    def differences(self, call: ModuleCall, name: str, gradient: Any, scale: float) -> None:
        """A gradient against differences of what the module itself says.

        Entry by entry for sequences of different lengths, else along one random direction.
        """
        kind = next(
            (k for k in ("params", "carry", "inputs") if name in (getattr(call, k) or {})), None
        )
        if kind is None:
            return
        arrays: Arrays = getattr(call, kind)
        start, moved = arrays[name], arrays[name].copy()
        changed: dict[str, Any] = {kind: {**arrays, name: moved}}
        turned = replace(call, **changed)
        tally, where = self.tally("differences", f"dL/d{name}"), self.where(call, name)
        if not call.scenario.ragged:
            direction = np.random.default_rng(0).choice((-1.0, 1.0), start.shape)
            slope, doubt = self.slope(turned, start, moved, direction)
            found = float(np.sum(gradient * direction))
            what = f"grads[{name!r}] along a random direction"
            tally.compare(found, slope, scale, what, where, doubt)
            return
        slopes, doubts = np.empty(start.shape), np.empty(start.shape)
        for entry in np.ndindex(*start.shape):
            direction = np.zeros(start.shape)
            direction[entry] = 1.0
            slopes[entry], doubts[entry] = self.slope(turned, start, moved, direction)
        tally.compare(gradient, slopes, scale, f"grads[{name!r}]", where, doubts)

    def slope(
        self, call: ModuleCall, start: Any, moved: Any, direction: Any
    ) -> tuple[float, float]:
        """The derivative along a direction, by Richardson's extrapolation; and a doubt.

        ``moved`` is the array among the call's arguments that starts as ``start``. The
        doubt is ten times the last change of the extrapolation.
        """

        def at(width: float) -> float:
            moved[...] = start + width * direction
            loss, _, carry = self.run(call)
            return objective(call, loss, carry)

        found = extrapolated(at)
        moved[...] = start
        return found

    def rows(self) -> tuple[Row, ...]:
        tallies = sorted(self.tallies.values(), key=lambda tally: tally.check != "values")
        rows = tuple(tally.row() for tally in tallies)
        return rows if self.estimator == FULL else (*rows, NO_DIFFERENCES)
