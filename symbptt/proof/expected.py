"""Random calls at which a model is defined, and what it says that they must return."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from symbptt.algebra import Shape
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import EvaluationError
from symbptt.proof.calls import Arrays, ModuleCall, Scenario, drawn, scaled
from symbptt.proof.domain import Float
from symbptt.proof.place import lengths, unit
from symbptt.proof.unrolled import SizedModel, Trajectory, Variable

MARGIN = 0.01
"""How far from every kink and pole a point is sought; differences do not reach across."""

DRAWS = 60

MAGNITUDES = (1.0, 4.0, 0.25, 16.0)
"""What positive numbers are multiplied with, in turn."""


@dataclass
class Expected:
    """What a call must return, by the names that a module uses."""

    loss: float = 0.0
    outputs: Arrays = field(default_factory=dict)
    carry: Arrays = field(default_factory=dict)
    grads: Arrays = field(default_factory=dict)
    margin: float = math.inf


def draw_call(
    unrolled: SizedModel, scenario: Scenario, seed: int, estimator: Estimator = FULL
) -> tuple[ModuleCall, Expected]:
    """A random call at which everything is defined, away from kinks where possible.

    Entries are of either sign; if the model is not defined at any such point (logarithms,
    roots), they are positive, and of several magnitudes.

    Raises
    ------
    EvaluationError
        If no such point is found.
    """
    if not unrolled.model.inputs and not scenario.carry:
        # Nothing tells how many sequences there are: it is one.
        scenario = replace(scenario, lengths=scenario.lengths[:1])
    best: tuple[ModuleCall, Expected] | None = None
    reason = ""
    for attempt in range(DRAWS):
        positive = best is None and attempt >= DRAWS // 2
        rng = np.random.default_rng([seed, attempt])
        call = drawn(unrolled.model, unrolled.sizes, scenario, rng, positive, estimator)
        if positive:
            call = scaled(call, MAGNITUDES[attempt % len(MAGNITUDES)])
        try:
            expected = expect(unrolled, call, estimator)
        except EvaluationError as error:
            reason = str(error)
            continue
        if best is None or expected.margin > best[1].margin:
            best = call, expected
        if best[1].margin >= MARGIN:
            break
    if best is None:
        raise EvaluationError(f"the model is not defined at any of {DRAWS} points: {reason}")
    return best


def values_of(unrolled: SizedModel, call: ModuleCall) -> Expected:
    """What a call must return but for loss and gradients.

    Raises
    ------
    EvaluationError
        If the model is not defined there.
    """
    domain, found = Float(), Expected()
    runs = [
        unrolled.run(_given(unrolled, call, b, domain), steps, domain, differentiated=False)
        for b, steps in enumerate(call.scenario.lengths)
    ]
    _values(unrolled, call, runs, found)
    return found


def expect(unrolled: SizedModel, call: ModuleCall, estimator: Estimator = FULL) -> Expected:
    """What a call must return, from the author's equations, one sequence at a time.

    Raises
    ------
    EvaluationError
        If the model is not defined there.
    """
    domain = Float()
    valid = call.scenario.lengths
    runs = [_run(unrolled, call, b, domain, estimator) for b in range(len(valid))]
    last = unrolled.model.equation("loss").last
    count = sum(n > 0 for n in valid) if last else sum(valid)
    found = Expected(margin=domain.margin)
    _values(unrolled, call, runs, found)
    for b, run in enumerate(runs):
        losses = unrolled.loss_steps(valid[b]) if valid[b] else []
        found.loss += sum(run.values["loss", step][()] for step in losses) / count
        slopes = np.zeros(run.count)
        for step in losses:
            slopes += _floats(run.estimate(("loss", step))) / count
        slopes += _carried(unrolled, call, b, run)
        _share(unrolled, call, b, run, slopes, found)
    return found


def _run(
    unrolled: SizedModel, call: ModuleCall, b: int, domain: Float, estimator: Estimator
) -> Trajectory:
    """Sequence ``b``, with the derivatives of the estimator."""
    gates = {} if call.gates is None else dict(enumerate(call.gates[:, b], start=1))
    given, steps = _given(unrolled, call, b, domain), call.scenario.lengths[b]
    return unrolled.estimated(given, steps, domain, estimator, gates, perturbed=False)


def _given(unrolled: SizedModel, call: ModuleCall, b: int, domain: Float) -> dict[Variable, Any]:
    """What sequence ``b`` is given, in the form that `Unrolled.run` takes."""
    integers = unrolled.integers
    given: dict[Variable, Any] = {(name, None): _objects(v) for name, v in call.params.items()}

    def value(name: str, array: Any) -> Any:
        return unit(int(array), integers[name], domain) if name in integers else _objects(array)

    for initial in unrolled.model.initials:
        variable = (initial.name, initial.step)
        if call.carry is not None:
            given[variable] = value(initial.name, call.carry[initial.key][b])
        elif initial.value is None:
            zero = np.zeros(() if initial.name in integers else _shape(unrolled, initial.shape))
            given[variable] = value(initial.name, zero)
    for source in unrolled.model.inputs:
        array = call.inputs[source.name]
        if not source.timed:
            given[source.name, None] = value(source.name, array[b])
            continue
        for step in range(1, call.scenario.lengths[b] + 1):
            given[source.name, step] = value(source.name, array[step - 1, b])
    return given


def _shape(unrolled: SizedModel, shape: Shape) -> tuple[int, ...]:
    return lengths(shape, unrolled.sizes)


def _carried(unrolled: SizedModel, call: ModuleCall, b: int, run: Trajectory) -> Any:
    """What ``carry_grad`` adds to the derivatives of sequence ``b``."""
    slopes = np.zeros(run.count)
    for initial in unrolled.model.initials:
        if call.carry_grad is not None and initial.key in call.carry_grad:
            weights = np.ravel(call.carry_grad[initial.key][b])
            end = (initial.name, call.scenario.lengths[b] + initial.step)
            for entry, weight in enumerate(weights):
                slopes += weight * _floats(run.estimate(end, entry))
    return slopes


def _values(
    unrolled: SizedModel, call: ModuleCall, runs: list[Trajectory], found: Expected
) -> None:
    """Outputs (0 past a sequence's end) and the carry."""
    scenario = call.scenario
    integers = unrolled.integers
    for equation in unrolled.model.equations:
        shape = _shape(unrolled, equation.shape)
        lead = (len(runs),) if equation.last else (scenario.steps, len(runs))
        array = np.zeros((*lead, *shape))
        for b, valid in enumerate(scenario.lengths):
            for step in range(1, valid + 1):
                place = b if equation.last else (step - 1, b)
                array[place] = _floats(runs[b].values[equation.name, step])
        found.outputs[equation.name] = array
    for initial in unrolled.model.initials:
        ends = [
            run.values[initial.name, valid + initial.step]
            for run, valid in zip(runs, scenario.lengths, strict=True)
        ]
        if initial.name in integers:
            found.carry[initial.key] = np.array([int(np.argmax(_floats(v))) for v in ends])
        else:
            found.carry[initial.key] = np.array([_floats(v) for v in ends])


def _share(
    unrolled: SizedModel, call: ModuleCall, b: int, run: Trajectory, slopes: Any, found: Expected
) -> None:
    """Puts the derivatives of sequence ``b`` where the module returns them."""
    steps, B = call.scenario.steps, len(call.scenario.lengths)
    for (name, step), (_, shape) in run.variables.items():
        key = name
        lead: tuple[int, ...] = (B,)
        place: tuple[int, ...] = (b,)
        if name in call.params:
            lead, place = (), ()
        elif step is not None and step <= 0:
            key = f"{name}[{step}]"
        elif step is not None:
            lead, place = (steps, B), (step - 1, b)
        array = found.grads.setdefault(key, np.zeros((*lead, *shape)))
        array[place] += run.gradient(slopes, (name, step))


def _objects(array: Any) -> Any:
    return _floats(array).astype(object)


def _floats(array: Any) -> Any:
    return np.asarray(array, dtype=float)
