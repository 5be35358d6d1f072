"""Random calls at which a model is defined, and what it says that they must return."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.algebra import Shape
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import EvaluationError
from symbptt.proof.calls import Arrays, ModuleCall, Scenario, drawn, scaled
from symbptt.proof.domain import Domain, Float
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

    loss: Any = 0
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


def expect(
    unrolled: SizedModel,
    call: ModuleCall,
    estimator: Estimator = FULL,
    domain: Domain | None = None,
) -> Expected:
    """What a call must return, from the author's equations, one sequence at a time.

    Parameters
    ----------
    domain : Domain, optional
        Of the numbers with which it is called, if they are no floats.

    Raises
    ------
    EvaluationError
        If the model is not defined there.
    """
    domain = domain or Float()
    valid = call.scenario.lengths
    runs = [_run(unrolled, call, b, domain, estimator) for b in range(len(valid))]
    total = unrolled.model.total
    count = sum(n > 0 for n in valid) if total.last else sum(valid)
    weight = domain.number(total.weight(max(count, 1)))
    margin = domain.margin if isinstance(domain, Float) else math.inf
    found = Expected(margin=margin)
    _values(unrolled, call, runs, found)
    for b, run in enumerate(runs):
        losses = unrolled.loss_steps(valid[b]) if valid[b] else []
        values = (run.values["loss", step][()] for step in losses)
        found.loss += sum(values, start=domain.number(Fraction(0))) * weight
        slopes = _carried(unrolled, call, b, run)
        for step in losses:
            slopes += _numbers(run.estimate(("loss", step)), domain) * weight
        _share(unrolled, call, b, run, slopes, found)
    return found


def _run(
    unrolled: SizedModel, call: ModuleCall, b: int, domain: Domain, estimator: Estimator
) -> Trajectory:
    """Sequence ``b``, with the derivatives of the estimator."""
    gates = {} if call.gates is None else dict(enumerate(call.gates[:, b], start=1))
    given, steps = _given(unrolled, call, b, domain), call.scenario.lengths[b]
    return unrolled.estimated(given, steps, domain, estimator, gates, perturbed=False)


def _given(unrolled: SizedModel, call: ModuleCall, b: int, domain: Domain) -> dict[Variable, Any]:
    """What sequence ``b`` is given, in the form that `Unrolled.run` takes."""
    integers = unrolled.integers

    def value(name: str, array: Any) -> Any:
        if name in integers:
            return unit(int(array), integers[name], domain)
        return _numbers(array, domain).astype(object)

    given: dict[Variable, Any] = {
        (name, None): value("", array) for name, array in call.params.items()
    }

    for initial in unrolled.model.initials:
        variable = (initial.name, initial.step)
        if call.carry is not None:
            given[variable] = value(initial.name, call.carry[initial.key][b])
        elif initial.value is None:
            zeros = _zeros(_shape(unrolled, initial.shape), domain)
            given[variable] = value(initial.name, 0 if initial.name in integers else zeros)
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
    slopes = _zeros((run.count,), run.domain)
    for initial in unrolled.model.initials:
        if call.carry_grad is not None and initial.key in call.carry_grad:
            weights = np.ravel(call.carry_grad[initial.key][b])
            end = (initial.name, call.scenario.lengths[b] + initial.step)
            for entry, weight in enumerate(weights):
                slopes += _numbers(run.estimate(end, entry), run.domain) * weight
    return slopes


def _values(
    unrolled: SizedModel, call: ModuleCall, runs: list[Trajectory], found: Expected
) -> None:
    """Outputs (0 past a sequence's end) and the carry."""
    scenario, domain = call.scenario, runs[0].domain
    integers = unrolled.integers
    for equation in unrolled.model.equations:
        shape = _shape(unrolled, equation.shape)
        lead = (len(runs),) if equation.last else (scenario.steps, len(runs))
        array = _zeros((*lead, *shape), domain)
        for b, valid in enumerate(scenario.lengths):
            for step in range(1, valid + 1):
                place = b if equation.last else (step - 1, b)
                array[place] = runs[b].values[equation.name, step]
        found.outputs[equation.name] = array
    for initial in unrolled.model.initials:
        ends = [
            run.values[initial.name, valid + initial.step]
            for run, valid in zip(runs, scenario.lengths, strict=True)
        ]
        if initial.name in integers:
            found.carry[initial.key] = np.array([[*end].index(1) for end in ends])
        else:
            found.carry[initial.key] = _numbers(ends, domain)


def _share(
    unrolled: SizedModel, call: ModuleCall, b: int, run: Trajectory, slopes: Any, found: Expected
) -> None:
    """Puts the derivatives of sequence ``b`` where the module returns them."""
    steps, B = call.scenario.steps, len(call.scenario.lengths)
    for (name, step), (_, shape) in run.variables.items():
        if step is None and name in unrolled.model.held:
            continue
        key = name
        lead: tuple[int, ...] = (B,)
        place: tuple[int, ...] = (b,)
        if name in call.params:
            lead, place = (), ()
        elif step is not None and step <= 0:
            key = f"{name}[{step}]"
        elif step is not None:
            lead, place = (steps, B), (step - 1, b)
        array = found.grads.setdefault(key, _zeros((*lead, *shape), run.domain))
        array[place] += run.gradient(slopes, (name, step))


def _zeros(shape: tuple[int, ...], domain: Domain) -> Any:
    return np.full(shape, domain.number(Fraction(0)), domain.dtype)


def _numbers(array: Any, domain: Domain) -> Any:
    return np.asarray(array, domain.dtype)
