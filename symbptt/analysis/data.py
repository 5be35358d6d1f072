"""An `Analysis` as plain lists, dicts and numbers, for ``--json``.

What is not finite, or lies outside the range of floats, is None; its logarithm to base
10 stands beside it.
"""

from __future__ import annotations

import math
from typing import Any

from symbptt.analysis.findings import MatrixReport, Measured
from symbptt.analysis.spectra import Dominant, Spectrum

Data = dict[str, Any]


def data(found: Measured) -> Data:
    numbers, trajectory = found.numbers, found.trajectory
    return {
        "model": found.model.name,
        "sizes": dict(numbers.sizes),
        "source": found.source,
        "seed": found.seed,
        "drawn": list(numbers.drawn),
        "T": trajectory.steps,
        "overflow_at": trajectory.overflow,
        "state": [
            {"name": block.label, "first": block.first, "size": block.size}
            for block in found.blocks
        ],
        "matrices": [_matrix(report) for report in found.matrices],
        "steps": [
            {
                "t": step.t,
                "norm": finite(step.norm),
                "spectral_radius": None
                if step.eigenvalues is None
                else finite(float(max(abs(step.eigenvalues), default=0.0))),
                "eigenvalues": None if step.eigenvalues is None else _complex(step.eigenvalues),
            }
            for step in trajectory.jacobians
        ],
        "lags": [
            {
                "lag": lag.lag,
                "norm": power(lag.log_norm),
                "log10_norm": finite(lag.log_norm),
                "second_over_first": finite(lag.ratio),
                "log10_product_of_norms": finite(lag.log_product),
                "log10_bound": None if found.bound is None else finite(found.bound.log(lag.lag)),
                "log10_norm_by_state": {k: finite(v) for k, v in lag.blocks.items()},
            }
            for lag in trajectory.lags
        ],
        "bound": None
        if found.bound is None
        else {
            "function": found.bound.function,
            "gamma": found.bound.gamma,
            "sigma_max": finite(found.bound.sigma_max),
            "factor": finite(found.bound.factor),
        },
        "vanishes_from_lag": found.vanishes_from,
        "explodes_from_lag": found.explodes_from,
        "one_direction_from_lag": found.aligned_from,
        "log10_rate": finite(found.log_rate),
        "direction": None
        if trajectory.direction is None
        else {
            "lag": trajectory.direction.lag,
            "vector": [float(entry) for entry in trajectory.direction.vector],
        },
    }


def _matrix(report: MatrixReport) -> Data:
    return {
        "name": report.name,
        "shape": list(report.shape),
        "norm": finite(report.norm),
        "spectrum": None if report.spectrum is None else _spectrum(report.spectrum),
        "turns": [
            {
                "power": turn.power,
                "eigenvalues_off_by": finite(turn.distance),
                "sine": finite(turn.sine),
                "sine_at_most": finite(turn.bound),
                "sign": turn.sign,
            }
            for turn in report.turns
        ],
    }


def _spectrum(found: Spectrum) -> Data:
    return {
        "spectral_radius": finite(found.radius),
        "eigenvalues": _complex(found.eigenvalues),
        "powers": found.fate,
        "above_one": found.growing,
        "symmetric": found.symmetric,
        "departure_from_normality": finite(found.departure),
        "norms_of_powers": [finite(norm) for norm in found.powers.norms],
        "largest_norm": finite(found.powers.peak),
        "largest_at": found.powers.at,
        "largest_of_all": found.powers.certain,
        "dominant": None if found.dominant is None else _dominant(found.dominant),
    }


def _dominant(found: Dominant) -> Data:
    return {
        "eigenvalue": finite(found.value),
        "second_over_first": finite(found.ratio),
        "right": [float(entry) for entry in found.right],
        "left": [float(entry) for entry in found.left],
    }


def _complex(values: Any) -> list[list[float | None]]:
    return [[finite(float(v.real)), finite(float(v.imag))] for v in values]


def finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def power(log: float) -> float | None:
    """10**log, 0 for -inf; None where a float can't hold it."""
    if log == -math.inf:
        return 0.0
    return 10.0**log if -307 < log < 308 else None
