"""How the powers of a symmetric matrix turn everything to one eigenvector.

For a symmetric M = V diag(lambda) V.T, M^k = V diag(lambda^k) V.T; with |lambda_1| >
|lambda_2| and v_1.x not 0, M^k x / ||M^k x|| tends to v_1 up to sign. A gradient that goes
back k linear steps is (M.T)^k g = M^k g, so the same holds for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbptt.analysis.spectra import Dominant, eigenvalues

Array = Any

SMALLEST = 1e-15
"""Angles below this are rounding."""


@dataclass(frozen=True)
class Turn:
    """M^k and M^k x for one k.

    Attributes
    ----------
    power : int
    distance : float
        The largest relative distance of an eigenvalue of M^k from lambda_i^k.
    sine : float
        Of the angle between M^k x and the line of v_1; 0 is aligned.
    bound : float
        tan(angle of x) |lambda_2 / lambda_1|^k or 1, which the sine does not exceed.
    sign : int
        Of v_1.(M^k x): 1 or -1; it alternates where lambda_1 < 0 and v_1.x keeps its own.
    """

    power: int
    distance: float
    sine: float
    bound: float
    sign: int


def turns(matrix: Array, found: Dominant, powers: tuple[int, ...], seed: int) -> tuple[Turn, ...]:
    """The powers of a symmetric matrix, and a vector drawn at random under them.

    Everything is scaled by |lambda_1|, so that no power is too large for a float.
    """
    scaled = np.asarray(matrix, dtype=float) / abs(found.value)
    values = np.sort(np.real(eigenvalues(scaled)))
    start = np.random.default_rng(seed).normal(size=len(scaled))
    tangent = _across(start, found.right) / abs(float(found.right @ start))
    rows = []
    for k in powers:
        power = np.linalg.matrix_power(scaled, k)
        expected = np.sort(values**k)
        vector = power @ start
        rows.append(
            Turn(
                k,
                float(np.max(np.abs(np.sort(np.linalg.eigvalsh(power)) - expected))),
                _across(vector, found.right) / float(np.linalg.norm(vector)),
                min(1.0, tangent * found.ratio**k),
                int(math.copysign(1, float(found.right @ vector))),
            )
        )
    return tuple(rows)


def _across(vector: Array, direction: Array) -> float:
    """The length of the part of a vector that lies across a direction."""
    rest = vector - direction * float(direction @ vector)
    length = float(np.linalg.norm(rest))
    return length if length > SMALLEST * float(np.linalg.norm(vector)) else 0.0
