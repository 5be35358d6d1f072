"""What is measured about gradients in a recurrence: spectra, norms by lag, a bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from symbptt.algebra import Model
from symbptt.analysis.numbers import Numbers
from symbptt.analysis.recurrence import StateBlock
from symbptt.analysis.sensitivity import Sensitivity
from symbptt.analysis.spectra import Dominant, Spectrum, Turn

Data = dict[str, Any]

VANISHED, EXPLODED = 1e-3, 1e3
"""A norm below the first counts as vanished, one above the second as exploded."""

ALIGNED = 0.01
"""The second singular value below this part of the first: one direction is left."""


@dataclass(frozen=True)
class MatrixReport:
    """A recurrent matrix; ``spectrum`` is None where it is not square.

    ``turns`` has rows where the matrix is symmetric and one eigenvalue dominates.
    """

    name: str
    shape: tuple[int, int]
    norm: float
    spectrum: Spectrum | None
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class Bound:
    """The step Jacobian is diag(phi') W, so ||ds_T/ds_t|| <= (sigma_max gamma)^(T - t)."""

    function: str | None
    gamma: float
    sigma_max: float

    @property
    def factor(self) -> float:
        return self.sigma_max * self.gamma

    def log(self, lag: int) -> float:
        """log10 of the bound."""
        return lag * math.log10(self.factor) if self.factor else -math.inf


@dataclass(frozen=True)
class Measured:
    """What `analyze` measured.

    Attributes
    ----------
    model : Model
        With its functions bound.
    numbers : Numbers
        The parameters, inputs and initial values used.
    source : str or None
        The file that some of them come from.
    blocks : tuple of StateBlock
        The parts of the stacked state.
    matrices : tuple of MatrixReport
    trajectory : Sensitivity
    bound : Bound or None
        None where the step Jacobian is not diag(phi') W.
    """

    model: Model
    numbers: Numbers
    source: str | None
    seed: int
    blocks: tuple[StateBlock, ...]
    matrices: tuple[MatrixReport, ...]
    trajectory: Sensitivity
    bound: Bound | None

    @property
    def vanishes_from(self) -> int | None:
        """The lag from which on the norm stays below `VANISHED`."""
        return self._from(lambda log: log < math.log10(VANISHED))

    @property
    def explodes_from(self) -> int | None:
        """The lag from which on the norm stays above `EXPLODED`."""
        return self._from(lambda log: log > math.log10(EXPLODED))

    @property
    def aligned_from(self) -> int | None:
        """The lag from which on one direction is left, unless there never was a second."""
        lags = self.trajectory.lags
        if sum(block.size for block in self.blocks) == 1:
            return None
        late = [lag.lag for lag in lags if lag.ratio > ALIGNED]
        first = late[-1] + 1 if late else 1
        return first if first <= len(lags) and math.isfinite(lags[first - 1].log_norm) else None

    @property
    def log_rate(self) -> float:
        """log10 of the factor by which the norm changes a step, over all lags."""
        last = self.trajectory.lags[-1]
        return last.log_norm / last.lag

    def _from(self, holds: Callable[[float], bool]) -> int | None:
        found: int | None = None
        for lag in reversed(self.trajectory.lags):
            if not holds(lag.log_norm):
                break
            found = lag.lag
        return found

    def data(self) -> Data:
        """The same as plain lists, dicts and numbers, for ``--json``.

        What is not finite, or lies outside the range of floats, is None; its logarithm to base
        10 stands beside it.
        """
        numbers, trajectory = self.numbers, self.trajectory
        return {
            "model": self.model.name,
            "sizes": dict(numbers.sizes),
            "source": self.source,
            "seed": self.seed,
            "drawn": list(numbers.drawn),
            "T": trajectory.steps,
            "overflow_at": trajectory.overflow,
            "state": [
                {"name": block.label, "first": block.first, "size": block.size}
                for block in self.blocks
            ],
            "matrices": [_matrix(report) for report in self.matrices],
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
                    "log10_bound": None if self.bound is None else finite(self.bound.log(lag.lag)),
                    "log10_norm_by_state": {k: finite(v) for k, v in lag.blocks.items()},
                }
                for lag in trajectory.lags
            ],
            "bound": None
            if self.bound is None
            else {
                "function": self.bound.function,
                "gamma": self.bound.gamma,
                "sigma_max": finite(self.bound.sigma_max),
                "factor": finite(self.bound.factor),
            },
            "vanishes_from_lag": self.vanishes_from,
            "explodes_from_lag": self.explodes_from,
            "one_direction_from_lag": self.aligned_from,
            "log10_rate": finite(self.log_rate),
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
