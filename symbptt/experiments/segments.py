"""What checkpoints cost and save: memory and time of a generated module by the steps it keeps."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.binding import bind as bind_functions
from symbptt.codegen.render import generate
from symbptt.errors import AnalysisError
from symbptt.plots.chart import Chart, Panel, Series
from symbptt.proof.calls import ModuleCall, Scenario, called, changed, drawn
from symbptt.proof.loaded import load_module
from symbptt.tables import Printed, table

ROUNDS = 3
"""So often a call is timed; the quickest counts."""


@dataclass(frozen=True)
class Checkpointed:
    """One module.

    Attributes
    ----------
    segment : int
        So many steps are run again at a time; T where everything is kept.
    peak : int
        Bytes that the first call allocates at its peak, arguments apart.
    seconds : float
        Of a call.
    """

    segment: int
    peak: int
    seconds: float


@dataclass(frozen=True)
class Checkpoints(Printed):
    """The lines of the table, the longest segment last: of the module without checkpoints."""

    model: str
    steps: int
    batch: int
    sizes: dict[str, int]
    lines: tuple[Checkpointed, ...]

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} = {size}" for name, size in self.sizes.items())
        whole = self.lines[-1]
        rows = [
            ("steps in a segment", "MiB at the peak", "of all kept", "ms a call", "of all kept")
        ]
        rows += [
            (
                "all" if line is whole else str(line.segment),
                f"{line.peak / 2**20:.2f}",
                f"{line.peak / whole.peak:.2f}",
                f"{1e3 * line.seconds:.1f}",
                f"{line.seconds / whole.seconds:.2f}",
            )
            for line in self.lines
        ]
        about = f"{self.model}: T = {self.steps}, B = {self.batch}, {sizes}, float32"
        return "\n".join([about, "", *table(rows, indent="", numbers=True)]) + "\n"

    def data(self) -> dict[str, Any]:
        return asdict(self)

    def chart(self) -> Chart:
        """Memory and time by the length of a segment."""
        xs = tuple(float(line.segment) for line in self.lines)
        memory = Series("peak", xs, tuple(line.peak / 2**20 for line in self.lines))
        time = Series("time", xs, tuple(1e3 * line.seconds for line in self.lines))
        segments = "steps in a segment"
        panels = (
            Panel("Memory", segments, "MiB at the peak", (memory,), log_x=True, from_zero=True),
            Panel("Time", segments, "ms a call", (time,), log_x=True, from_zero=True),
        )
        title = f"Checkpoints of {self.model}: T = {self.steps}, B = {self.batch}"
        return Chart(title, panels)


def checkpoints(
    model: Model,
    *,
    bind: Mapping[str, str] | None = None,
    steps: int = 512,
    batch: int = 8,
    dims: Mapping[str, int] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Checkpoints:
    """Measure modules that keep every state, and every second, fourth, … one.

    Parameters
    ----------
    bind : mapping of str to str, optional
        Functions for abstract ones.
    steps, batch : int
        T and B.
    dims : mapping of str to int, optional
        Lengths of dimensions; 32 where nothing is said.
    progress : callable
        Told the part of the work that is done.

    Raises
    ------
    AnalysisError
        If ``dims`` names no dimension of the model.
    MissingLossError
        If the model has no loss.
    UnboundFunctionError
        If a function is abstract and has neither binding nor default.
    """
    model = bind_functions(model, bind)
    for name in dims or {}:
        if name not in model.dims:
            listed = ", ".join(model.dims) or "none"
            raise AnalysisError(f"{model.name} has no dimension {name}; it has {listed}")
    sizes = {name: (dims or {}).get(name, 32) for name in model.dims}
    scenario = Scenario("random numbers", steps, (steps,) * batch, carry=False)
    call = drawn(model, sizes, scenario, np.random.default_rng(0))
    call = changed(call, _begun)
    segments = list(_powers(steps))
    lines = []
    for place, segment in enumerate(segments):
        lines.append(_measured(model, segment, call))
        progress((place + 1) / len(segments))
    return Checkpoints(model.name, steps, batch, sizes, tuple(lines))


def _begun(kind: str, array: Any) -> Any:
    """Matrices as training begins with them: products of many do not overflow."""
    if kind == "params" and array.ndim > 1:
        array = array / np.sqrt(array.shape[-1])
    return array.astype(np.float32)


def _powers(steps: int) -> Iterator[int]:
    segment = 1
    while segment < steps:
        yield segment
        segment *= 2
    yield steps


def _measured(model: Model, segment: int, call: ModuleCall) -> Checkpointed:
    steps = call.scenario.steps
    text = generate(model, checkpoint=segment if segment < steps else None)
    module = load_module(text, f"{model.name} with segments of {segment}", model)
    tracemalloc.start()
    try:
        called(module, call)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        called(module, call)
        times.append(time.perf_counter() - begun)
    return Checkpointed(segment, peak, min(times))
