"""What one worker of the study measures: a kind of estimator on one passage of text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np

from symbptt.calculus.estimators import Estimator
from symbptt.codegen.render import generate
from symbptt.experiments.steps import Arrays, Floats, flat, moments, step_maps
from symbptt.language.library import load
from symbptt.proof.loaded import load_module


@dataclass(frozen=True)
class Task:
    """Estimators of one kind on one passage.

    Attributes
    ----------
    model : str
        A built-in model.
    passage : int
        Its number: with ``seed`` it settles all that is drawn.
    params, inputs : dicts of arrays
        Of a call with one sequence.
    samples : int
        How many estimates are drawn for each random estimator, as a check.
    """

    model: str
    estimators: tuple[Estimator, ...]
    passage: int
    params: Arrays
    inputs: Arrays
    samples: int
    seed: int


@dataclass(frozen=True)
class Squares:
    """One estimator on one passage: squares of norms, the gradient's among them.

    Attributes
    ----------
    square : float
        The squared norm of the gradient.
    bias, variance : float
        The squared norm of the bias; the variances of all entries, added up.
    product, estimate : float
        The inner product of gradient and expected estimate, and the latter's square.
    sampled, error : float or None
        Of samples: the mean squared distance from the gradient, and its standard error.
    """

    square: float
    bias: float
    variance: float
    product: float
    estimate: float
    sampled: float | None = None
    error: float | None = None


@lru_cache(maxsize=64)
def module_of(model: str, estimator: Estimator) -> ModuleType:
    """The generated module, made once in each process."""
    found = load(model)
    return load_module(generate(found, estimator=estimator), f"<{model} {estimator}>", found).module


def measure(task: Task) -> tuple[Squares, ...]:
    """A measure for each estimator of a task; the same wherever it runs."""
    whole = module_of(task.model, Estimator())
    _, grads, _ = whole.loss_and_grads(task.params, task.inputs)
    gradient = flat(whole, grads)
    if task.estimators[0].kind == "random":
        return _random(task, whole, gradient)
    return tuple(_truncated(task, estimator, gradient) for estimator in task.estimators)


def _truncated(task: Task, estimator: Estimator, gradient: Floats) -> Squares:
    module = module_of(task.model, estimator)
    _, grads, _ = module.loss_and_grads(task.params, task.inputs)
    return _measure(gradient, flat(module, grads), 0.0)


def _measure(gradient: Floats, mean: Floats, variance: float, *sampled: float) -> Squares:
    return Squares(
        float(gradient @ gradient),
        float((mean - gradient) @ (mean - gradient)),
        variance,
        float(mean @ gradient),
        float(mean @ mean),
        *sampled,
    )


def _random(task: Task, whole: ModuleType, gradient: Floats) -> tuple[Squares, ...]:
    steps = step_maps(whole, task.params, task.inputs)
    found = []
    for number, estimator in enumerate(task.estimators):
        exact = moments(steps, float(estimator.pi))
        rng = np.random.default_rng([task.seed, task.passage, number])
        sampled = _sampled(task, estimator, gradient, rng)
        found.append(_measure(gradient, exact.mean, float(exact.variance.sum()), *sampled))
    return tuple(found)


def _sampled(
    task: Task, estimator: Estimator, gradient: Floats, rng: np.random.Generator
) -> tuple[float, ...]:
    """The mean squared distance of drawn estimates from the gradient, and its standard error."""
    if task.samples < 2:
        return ()
    module = module_of(task.model, estimator)
    distances = np.empty(task.samples)
    for place in range(task.samples):
        _, grads, _ = module.loss_and_grads(task.params, task.inputs, rng=rng)
        off = flat(module, grads) - gradient
        distances[place] = off @ off
    return float(distances.mean()), float(distances.std(ddof=1) / np.sqrt(task.samples))
