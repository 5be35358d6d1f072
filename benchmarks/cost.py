"""What symbptt itself costs: deriving, generating, proving, starting.

    python benchmarks/cost.py

Prints each figure beside its limit; the exit status is 1 if one is over it.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MODEL = "lstm"
ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """``seconds`` measured, at most ``limit`` wanted."""

    what: str
    seconds: float
    limit: float

    @property
    def ok(self) -> bool:
        return self.seconds <= self.limit


def first_and_median(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the first call, with nothing cached, and the median of some more."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times[0], statistics.median(times[1:])


def cpu_of(*command: str) -> float:
    """Seconds of CPU of a command, the least of some runs."""
    return min(_cpu_once(command) for _ in range(ROUNDS))


def _cpu_once(command: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def figures() -> Iterator[Figure]:
    yield Figure("symbptt --help, CPU", cpu_of(sys.executable, "-m", "symbptt", "--help"), 0.2)
    import sympy  # noqa: F401 - the figures below are for once it is imported

    from symbptt import derive, generate, load, verify
    from symbptt.typeset.document import render

    first, later = first_and_median(lambda: render(derive(load(MODEL))))
    yield Figure(f"derive {MODEL}, the first time", first, 0.5)
    yield Figure(f"derive {MODEL}, again", later, 0.5)
    first, later = first_and_median(lambda: generate(load(MODEL)))
    yield Figure(f"generate {MODEL}, the first time", first, 0.5)
    yield Figure(f"generate {MODEL}, again", later, 0.5)
    start = time.perf_counter()
    assert verify(load(MODEL)).ok
    yield Figure(f"verify {MODEL}", time.perf_counter() - start, 20.0)


def main() -> int:
    found = []
    for figure in figures():
        mark = "" if figure.ok else "  OVER"
        print(f"{figure.what:<30} {figure.seconds:8.3f} s   (limit {figure.limit:g} s){mark}")
        found.append(figure)
    from symbptt import derive, load

    steps = derive(load(MODEL)).steps
    print(f"The derivation has {len(steps)} steps, for symbolic t and T: whatever T is, it is one.")
    return 0 if all(figure.ok for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
