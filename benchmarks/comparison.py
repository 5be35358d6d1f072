"""One task for all contenders: first that they agree, then how long they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contenders import CONTENDERS
from benchmarks.rounds import Times, timed
from benchmarks.task import DTYPES, SIZES, Call, Gradient, Task

# Largest difference to the first contender's gradient over its largest entry.
TOLERANCES = {"float32": 2e-4, "float64": 1e-10}


class Disagreement(Exception):
    """Two contenders gave different losses or gradients."""


@dataclass(frozen=True)
class Comparison:
    """What one task gave."""

    cell: str
    size: str
    dtype: str
    times: Times

    def line(self, against: str) -> str:
        """For the terminal."""
        names = [name for name in self.times.names if name != against]
        ratios = (f"{name} {ratio_in_words(self.times, name, against)}" for name in names)
        base = 1e3 * self.times.median(against)
        return f"{self.cell} {self.size} {self.dtype}: {against} {base:.3f} ms; {', '.join(ratios)}"


def ratio_in_words(times: Times, name: str, against: str) -> str:
    """``1.32 [1.30, 1.35]``: median and quartiles of the rounds' ratios."""
    low, middle, high = times.ratio(name, against)
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def compared(
    cell: str, size: str, dtype: str, contenders: Sequence[str], rounds: int
) -> Comparison:
    """Compare the contenders' gradients of one task, then time them.

    Raises
    ------
    Disagreement
        If a loss or a parameter's gradient differs.
    """
    task = Task(cell, SIZES[size], DTYPES[dtype])
    calls = {name: CONTENDERS[name].make(task) for name in contenders}
    assert_alike(calls, tuple(task.params), TOLERANCES[dtype])
    times = timed({name: call.run for name, call in calls.items()}, rounds)
    return Comparison(cell, size, dtype, times)


def assert_alike(calls: Mapping[str, Call], params: Sequence[str], tolerance: float) -> None:
    """Raise `Disagreement` where a call gives another loss or gradient than the first."""
    found: dict[str, Gradient] = {}
    for name, call in calls.items():
        if call.read is not None:
            loss, grads = call.read(call.run())
            # Copies: a contender may write the next call's into the same arrays.
            found[name] = loss, {key: np.array(array) for key, array in grads.items()}
    assert_same(found, params, tolerance)


def assert_same(found: dict[str, Gradient], params: Sequence[str], tolerance: float) -> None:
    """Raise `Disagreement` where one differs from the first.

    Frameworks need not give the gradients of initial values, which nobody asks of them.
    """
    if not found:
        return
    (first, (loss, grads)), *others = found.items()
    for name, (other_loss, other) in others:
        if not abs(other_loss - loss) <= tolerance * abs(loss):
            raise Disagreement(f"loss: {loss} by {first}, {other_loss} by {name}")
        for key in (*params, *(set(grads) & set(other) - set(params))):
            largest = np.abs(grads[key]).max()
            difference = np.abs(other[key] - grads[key]).max()
            if not difference <= tolerance * largest:
                raise Disagreement(
                    f"gradient of {key}: {first} and {name} differ by {difference:.2e} "
                    f"where the largest entry is {largest:.2e}"
                )
