"""`analyze`: what happens to gradients in a recurrence, gathered in one `Analysis`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from symbptt.algebra import Model
from symbptt.analysis.charts import chart
from symbptt.analysis.findings import Bound, MatrixReport, Measured
from symbptt.analysis.numbers import Numbers, at_least_one, gather, read_arrays
from symbptt.analysis.recurrence import Dynamics, recurrence
from symbptt.analysis.sensitivity import at_step, sensitivity
from symbptt.analysis.spectra import Turn, norm, spectrum, turns
from symbptt.analysis.structure import Elementwise, elementwise, recurrent_matrices
from symbptt.analysis.tables import markdown, text
from symbptt.binding import bind as bind_functions
from symbptt.plots.chart import Chart
from symbptt.tables import Printed

POWERS = (1, 2, 3, 5, 10, 20, 50)
"""At which powers of a symmetric matrix it is shown how vectors turn."""


class Analysis(Measured, Printed):
    """What `analyze` found; it prints itself."""

    def __str__(self) -> str:
        return text(self)

    def _repr_markdown_(self) -> str:
        return markdown(self)

    def chart(self) -> Chart:
        return chart(self)


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
        Lengths of dimensions that no array tells; 32 where nothing does, 6 where a state is a
        matrix.
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
