"""What gradients say along a direction, against central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from symbptt.proof.agreement import FLOOR
from symbptt.proof.calls import Arrays, ModuleCall, Result, objective

WIDTHS = (2.0**-10, 2.0**-11, 2.0**-12)
"""Half the distances of the two points of a difference; extrapolated to 0."""

SLOPE = 1e-6
"""Largest error of a gradient along a direction, as a part of the sum of its terms' moduli."""

CONVERGED = 1e-4
"""A difference with a doubt above this part of it says nothing of a gradient."""

BASES = (1.0, 2.0**-6, 2.0**-12)
"""How much closer than elsewhere the points of a difference may have to be."""

RIGHT, ROUGH = "", "rough"
"""Outcomes at a point; ``ROUGH``: it decides nothing."""


def extrapolated(at: Callable[[float], float]) -> tuple[float, float]:
    """The derivative of a function at 0, by Richardson's extrapolation; and a doubt."""
    found = [(at(width) - at(-width)) / (2 * width) for width in WIDTHS]
    wide, middle, narrow = found
    # Halving a width divides the leading error by 4, that of the next order by 16.
    coarse, fine = (4 * middle - wide) / 3, (4 * narrow - middle) / 3
    return (16 * fine - coarse) / 15, 10 * abs(fine - coarse)


def along_one_direction(
    run: Callable[[ModuleCall], Result], call: ModuleCall, grads: Arrays
) -> str:
    """What gradients say along one direction of all variables, against a difference.

    What is wrong, or `RIGHT`, or `ROUGH`.
    """
    rng = np.random.default_rng(0)
    given: dict[str, Arrays] = {
        kind: getattr(call, kind) or {} for kind in ("params", "carry", "inputs")
    }
    ways = {
        name: rng.choice((-1.0, 1.0), array.shape)
        for arrays in given.values()
        for name, array in arrays.items()
        if name in grads
    }

    def at(base: float, width: float) -> float:
        moved: dict[str, Any] = {
            kind: {
                name: array + base * width * ways[name] if name in ways else array
                for name, array in arrays.items()
            }
            for kind, arrays in given.items()
        }
        moved["carry"] = moved["carry"] or None
        loss, _, carry = run(replace(call, **moved))
        return objective(call, loss, carry)

    terms = [np.asarray(grads[name]) * way for name, way in ways.items()]
    along = sum(float(np.sum(term)) for term in terms)
    scale = max(sum(float(np.sum(np.abs(term))) for term in terms), FLOOR)
    wrong = ""
    for base in BASES:
        slope, doubt = (each / base for each in extrapolated(partial(at, base)))
        converged = doubt <= CONVERGED * abs(slope) or doubt <= SLOPE * scale
        if converged and abs(along - slope) <= SLOPE * scale + doubt:
            return RIGHT
        if doubt <= CONVERGED * abs(slope) and not wrong:
            wrong = f"its gradients say {along:.9g} along a direction, a difference {slope:.9g}"
    return wrong or ROUGH
