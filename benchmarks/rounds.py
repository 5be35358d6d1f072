"""Timing several calls side by side: interleaved, the order reversed every round."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# A turn is as many calls as take about this long. Calls before it are not counted: threads of the
# contender before spin for a while before they sleep, and the caches hold that one's arrays.
TURN = 0.004
BEFORE = 0.003

Run = Callable[[], Any]


@dataclass(frozen=True)
class Times:
    """Seconds a call: a row a round, a column a contender."""

    names: tuple[str, ...]
    seconds: np.ndarray[Any, np.dtype[np.float64]]

    def median(self, name: str) -> float:
        """The median of a contender's seconds."""
        return float(np.median(self.seconds[:, self.names.index(name)]))

    def ratio(self, name: str, to: str) -> tuple[float, float, float]:
        """First quartile, median and third quartile of the rounds' ratios."""
        column = self.seconds[:, self.names.index(name)]
        quartiles = np.percentile(column / self.seconds[:, self.names.index(to)], (25, 50, 75))
        low, middle, high = map(float, quartiles)
        return low, middle, high


def timed(runs: Mapping[str, Run], rounds: int) -> Times:
    """Time every call once a round."""
    names = tuple(runs)
    calls = {name: max(1, round(TURN / _once(runs[name]))) for name in names}
    seconds = np.zeros((rounds, len(names)))
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            seconds[number, names.index(name)] = _turn(runs[name], calls[name])
    return Times(names, seconds)


def _once(run: Run) -> float:
    run()
    return min(_turn(run, 1) for _ in range(3))


def _turn(run: Run, calls: int) -> float:
    start = time.perf_counter()
    run()
    while time.perf_counter() - start < BEFORE:
        run()
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls
