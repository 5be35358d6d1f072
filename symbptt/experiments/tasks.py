"""What one worker of the study measures: a kind of estimator on one passage of text.

Of the random estimator it has the exact moments, from single steps of a generated module. One
step of a module is affine in what comes back for the state that it hands on. With A_t and K_t
the matrices of that map for what the step hands back and for its share in the parameters'
gradient, and g_t the gradient that the step's own loss gives,

    a_t = a0_t + A_t xi_{t+1} a_{t+1},    R_t = R_{t+1} + g_t + K_t xi_{t+1} a_{t+1}

go from the last step to the first, and R_1 is the estimate. The gate xi_{t+1} is
independent of a_{t+1} and R_{t+1}, which later gates enter. A lag of k passes through k
such hand-overs, and so through the gates of all steps between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbptt.calculus.estimators import Estimator
from symbptt.codegen.render import generate
from symbptt.language.library import load
from symbptt.proof.loaded import load_module

Arrays = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StepMap:
    """What one step makes of the gradient b that comes back for the state it hands on.

    Attributes
    ----------
    back : array (n,)
        What it hands back for b = 0, n being the size of all that is handed on.
    through : array (n, n)
        What it hands back more, times b.
    own : array (P,)
        Its share in the gradient of the parameters for b = 0, all of them end to end.
    share : array (P, n)
        Its further share, times b.
    """

    back: Floats
    through: Floats
    own: Floats
    share: Floats


@dataclass(frozen=True)
class Moments:
    """Mean and variance of an estimate, entry by entry: (P,) arrays."""

    mean: Floats
    variance: Floats


def flat(module: ModuleType, grads: Mapping[str, Any]) -> Floats:
    """The gradients of all parameters end to end."""
    return np.concatenate([np.ravel(grads[name]) for name in module.PARAMS])


def step_maps(
    module: ModuleType, params: Arrays, inputs: Arrays, carry: Arrays | None = None
) -> tuple[StepMap, ...]:
    """The maps of all steps of one sequence (B = 1), for L the mean of its losses.

    Parameters
    ----------
    module
        A generated module of the whole gradient, with a loss at every step.
    carry : dict of arrays, optional
        What the sequence starts from; by default what the model itself does.
    """
    T = len(next(iter(inputs.values())))
    found = []
    for t in range(T):
        piece = {name: array[t : t + 1] for name, array in inputs.items()}
        _, following = module.forward(params, piece, carry)
        found.append(_step_map(module, params, piece, carry, following, T))
        carry = following
    return tuple(found)


def _step_map(
    module: ModuleType,
    params: Arrays,
    inputs: Arrays,
    carry: Arrays | None,
    following: Arrays,
    T: int,
) -> StepMap:
    """The map of one step, from its answers to each unit vector that may come back."""
    keys = [key for key in module.CARRY if following[key].dtype.kind == "f"]
    size = sum(following[key].size for key in keys)

    def called(unit: int | None) -> tuple[Floats, Floats]:
        coming = np.zeros(size)
        if unit is not None:
            coming[unit] = 1.0
        _, grads, _ = module.loss_and_grads(
            params, inputs, carry, carry_grad=_split(coming, following, keys)
        )
        back = np.concatenate([np.ravel(grads[key]) for key in keys] or [np.zeros(0)])
        return back, flat(module, grads)

    back, own = called(None)
    more = [called(unit) for unit in range(size)]
    through = np.array([b - back for b, _ in more]).T.reshape(size, size)
    share = np.array([s - own for _, s in more]).T.reshape(len(own), size)
    return StepMap(back / T, through, own / T, share)


def _split(coming: Floats, following: Arrays, keys: list[str]) -> Arrays:
    """A vector as a gradient for each of the values that are handed on."""
    parts, start = {}, 0
    for key in keys:
        stop = start + following[key].size
        parts[key] = coming[start:stop].reshape(following[key].shape)
        start = stop
    return parts


def moments(steps: tuple[StepMap, ...], pi: float) -> Moments:
    """Mean and variance of the random estimate, by recursion.

    With b = xi a: E b = E a and Cov b = Cov a / pi + (1 / pi - 1) E a E a.T.
    """
    size, entries = len(steps[0].back), len(steps[0].own)
    a, a_cov = np.zeros(size), np.zeros((size, size))
    mean, variance, both = np.zeros(entries), np.zeros(entries), np.zeros((entries, size))
    for step in reversed(steps):
        b_cov = a_cov / pi + (1 / pi - 1) * np.outer(a, a)
        spread = step.share @ b_cov
        mean += step.own + step.share @ a
        variance += 2 * np.sum(step.share * both, axis=1) + np.sum(spread * step.share, axis=1)
        # The covariance of the sum so far with what is handed back.
        both = (both + spread) @ step.through.T
        a_cov = step.through @ b_cov @ step.through.T
        a = step.back + step.through @ a
    return Moments(mean, variance)


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
