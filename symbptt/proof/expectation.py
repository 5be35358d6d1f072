"""The expectation of a random estimator's module, over all outcomes of its gates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symbptt.calculus.estimators import Estimator
from symbptt.proof.rows import Row

CHECK = "expectation"
STEPS = 4
TOLERANCE = 1e-9


def expectation_row(
    grads: Callable[[Any], Mapping[str, Any]],
    whole: Mapping[str, Any],
    estimator: Estimator,
    sequences: int,
) -> Row:
    """The sum of all estimates, each times its probability, against the gradient itself.

    Parameters
    ----------
    grads : callable
        The module's gradients for gates (`STEPS`, B).
    whole : mapping
        The gradient that must come out, by the same keys.
    """
    pi = float(estimator.pi)
    mean = {name: np.zeros(np.shape(value)) for name, value in whole.items()}
    for passes in itertools.product((False, True), repeat=STEPS - 1):
        column = np.array([1.0, *(passed / pi for passed in passes)])
        chance = pi ** sum(passes) * (1 - pi) ** (STEPS - 1 - sum(passes))
        found = grads(np.repeat(column[:, None], sequences, axis=1))
        for name in mean:
            mean[name] += chance * np.asarray(found[name], dtype=float)
    worst, place = 0.0, ""
    for name, value in whole.items():
        scale = float(np.max(np.abs(value), initial=0.0)) or 1.0
        error = float(np.max(np.abs(mean[name] - value), initial=0.0)) / scale
        if not error <= worst:
            worst, place = error, name
    outcomes = 2 ** (STEPS - 1)
    figure = f"{outcomes} outcomes, T = {STEPS}, largest error {worst:.1e}"
    right = worst <= TOLERANCE
    detail = "" if right else f"the mean of grads[{place!r}] is not the gradient"
    return Row(CHECK, f"gates, PI = {estimator.pi}", right, figure, detail)
