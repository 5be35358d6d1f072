"""What is measured about gradients in a recurrence: spectra, norms by lag, a bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from symbptt.algebra import Model
from symbptt.analysis.numbers import Numbers
from symbptt.analysis.recurrence import StateBlock
from symbptt.analysis.sensitivity import Sensitivity
from symbptt.analysis.spectra import Spectrum, Turn

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
