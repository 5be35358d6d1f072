"""`analyze`: what happens to gradients in a recurrence, gathered in one `Analysis`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbptt.algebra import Model
from symbptt.analysis.alignment import Turn, turns
from symbptt.analysis.dynamics import Dynamics
from symbptt.analysis.numbers import Numbers, at_least_one, gather, read_arrays
from symbptt.analysis.recurrence import Block, recurrence
from symbptt.analysis.sensitivity import Sensitivity, at_step, sensitivity
from symbptt.analysis.spectra import Spectrum, norm, spectrum
from symbptt.analysis.structure import Elementwise, elementwise, recurrent_matrices
from symbptt.calculus.normal import bind as bind_functions

VANISHED, EXPLODED = 1e-3, 1e3
"""A norm below the first counts as vanished, one above the second as exploded."""

ALIGNED = 0.01
"""The second singular value below this part of the first: one direction is left."""

POWERS = (1, 2, 3, 5, 10, 20, 50)
"""At which powers of a symmetric matrix it is shown how vectors turn."""


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
class Analysis:
    """What `analyze` found.

    Attributes
    ----------
    model : Model
        With its functions bound.
    numbers : Numbers
        The parameters, inputs and initial values used.
    source : str or None
        The file that some of them come from.
    blocks : tuple of Block
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
    blocks: tuple[Block, ...]
    matrices: tuple[MatrixReport, ...]
    trajectory: Sensitivity
    bound: Bound | None

    def __str__(self) -> str:
        from symbptt.analysis.tables import text

        return text(self)

    def data(self) -> dict[str, Any]:
        """The same as plain lists, dicts and numbers."""
        from symbptt.analysis.data import data

        return data(self)

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


def analyze(
    model: Model,
    arrays: Mapping[str, Any] | str | Path | None = None,
    *,
    bind: Mapping[str, str] | None = None,
    dims: Mapping[str, int] | None = None,
    steps: int | None = None,
    sequence: int = 1,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> Analysis:
    """Spectra, norms of products of Jacobians and their bounds, at given numbers.

    Parameters
    ----------
    model : Model
        With or without a loss: what only the loss needs is left out.
    arrays : mapping of arrays, or the path of an ``.npz`` file, optional
        By name: parameters (all that the recurrence needs, or none), inputs (T, …) or
        (T, B, …), initial values ``h[0]``. What is missing is drawn: parameters as the
        generated module's ``init_params`` does, inputs standard normal or uniform
        integers. Initial values are the model's own, 0 where it fixes none.
    bind : mapping of str to str, optional
        Functions for abstract ones.
    dims : mapping of str to int, optional
        Lengths of dimensions that no array tells; 32 where nothing does.
    steps : int, optional
        T; all that the inputs have, or 50.
    sequence : int
        Which of B sequences, from 1.
    seed : int
    progress : callable
        Told the part of the work that is done.

    Raises
    ------
    AnalysisError
        If the model has no recurrence, or the arrays do not fit it.
    UnboundFunctionError
        If a function is abstract and has neither binding nor default.
    """
    at_least_one(steps=steps, sequence=sequence)
    model = bind_functions(model, bind)
    core = recurrence(model)
    given = read_arrays(Path(arrays)) if isinstance(arrays, str | Path) else arrays
    source = str(arrays) if isinstance(arrays, str | Path) else "the arrays given"
    numbers = gather(
        model, core, given or {},
        source=source, dims=dims, steps=steps, sequence=sequence, seed=seed,
    )  # fmt: skip
    dynamics = Dynamics(core, numbers.sizes)
    trajectory = sensitivity(dynamics, numbers, progress)
    matrices = recurrent_matrices(core, numbers.sizes, numbers.params)
    structure = elementwise(core)
    return Analysis(
        model=model,
        numbers=numbers,
        source=None if given is None else source,
        seed=seed,
        blocks=dynamics.blocks,
        matrices=tuple(matrix_report(m.name, m.value, numbers.steps, seed) for m in matrices),
        trajectory=trajectory,
        bound=None if structure is None else bound(structure, numbers),
    )


def matrix_report(name: str, value: Any, steps: int, seed: int = 0) -> MatrixReport:
    rows, columns = value.shape
    if rows != columns:
        return MatrixReport(name, (rows, columns), norm(value), None)
    found = spectrum(value, max(steps, 100))
    turned: tuple[Turn, ...] = ()
    if found.symmetric and found.dominant is not None and rows > 1:
        turned = turns(value, found.dominant, POWERS, seed)
    return MatrixReport(name, (rows, columns), norm(value), found, turned)


def bound(structure: Elementwise, numbers: Numbers) -> Bound:
    """The bound's numbers; W is the step Jacobian of the recurrence without phi."""
    linear = Dynamics(structure.linear, numbers.sizes)
    inputs = at_step(numbers.inputs, 1)
    start = {**linear.start(numbers.params, inputs), **numbers.carry}
    weights = linear.jacobian(numbers.params, inputs, start)
    return Bound(structure.function, structure.gamma, norm(weights))
