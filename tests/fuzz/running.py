"""Inputs one after another, within a second of CPU time and 512 MiB each, counted.

They are taken by a process of its own. What does not come back to Python at all, in a loop of C
or by dying, is noticed by the one that waits for it, which knows the last input's number.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import signal
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.fuzz.subjects import SUBJECTS, Subject

SECONDS = 1.0
MEMORY = 512 * 2**20
PATIENCE = 60.0
"""Seconds of the clock without a word after which a process is taken for hanging."""

BATCH = 200


class TooSlowError(BaseException):
    """An input that takes longer than it may; no handler of errors takes it for one."""


@dataclass
class Tally:
    """What became of a subject's inputs.

    What was taken in the batch of one that let the process die is "lost". ``failures`` are told
    by where they happened: the number of the first input and the error.
    """

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, tuple[int, str]] = field(default_factory=dict)
    slowest: float = 0.0

    def data(self) -> dict[str, Any]:
        return {
            "inputs": self.inputs,
            "outcomes": dict(sorted(self.outcomes.items())),
            "slowest": round(self.slowest, 3),
            "failures": [
                {"where": where, "input": number, "error": error}
                for where, (number, error) in sorted(self.failures.items())
            ],
        }


def source(name: str, seed: int, number: int) -> random.Random:
    """The random choices of an input, which its number tells."""
    return random.Random(f"{seed} {name} {number}")


class Watch:
    """Gives what stands within it a second, and keeps whatever it raises."""

    outcome = "failed"
    error = ""
    seconds = 0.0

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        self.start = time.process_time()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> bool:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.seconds = time.process_time() - self.start
        if error is not None:
            frame = traceback.extract_tb(trace)[-1]
            file = frame.filename.rpartition("/")[2]
            self.error = f"{type(error).__name__} at {file}:{frame.lineno}\n{error!s:.300}"
        return not isinstance(error, KeyboardInterrupt)


def _too_slow(*_: Any) -> None:
    raise TooSlowError(f"more than {SECONDS:g} s")


def held() -> int:
    """Bytes that a process begins with: those of the process that it was forked from."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[0]) * resource.getpagesize() if pages.exists() else 0


def limited() -> None:
    """This process may take no more memory, and hears when an input takes too long."""
    limit = held() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGPROF, _too_slow)


def work(name: str, seed: int, first: int, until: float, told: Connection) -> None:
    """Take inputs from a number on till the time is over; tell of each batch."""
    limited()
    subject, number = SUBJECTS[name], first
    while time.monotonic() < until:
        found: list[tuple[str, str, float, int]] = []
        for each in range(number, number + BATCH):
            told.send(each)
            found.append((*taken(subject, name, seed, each), each))
        number += BATCH
        told.send(found)
    told.send(None)


def taken(subject: Subject, name: str, seed: int, number: int) -> tuple[str, str, float]:
    """The outcome of an input, or "failed" and where and how; the CPU time that it took."""
    given = subject.draw(source(name, seed, number))
    watch = Watch()
    with watch:
        watch.outcome = subject.take(given)
    return watch.outcome, watch.error, watch.seconds


def run(name: str, seconds: float, seed: int) -> Tally:
    """A subject given inputs for so many seconds; a process that dies is followed by another."""
    tally, first = Tally(), 0
    context = multiprocessing.get_context("fork")
    SUBJECTS[name].draw(random.Random(seed))  # the texts and modules are made once
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(name, seed, first, until, theirs))
        process.start()
        theirs.close()
        first = heard(ours, tally, first)
        process.kill()
        process.join()
    return tally


def heard(told: Connection, tally: Tally, first: int) -> int:
    """Count what a process tells; the number that the next one begins with."""
    number = first
    while True:
        try:
            message = told.recv() if told.poll(PATIENCE) else "hangs"
        except EOFError:
            message = "died"
        match message:
            case None:
                return number + 1
            case int():
                number = message
            case str():
                tally.inputs += 1 + number - first
                tally.outcomes += Counter(failed=1, lost=number - first)
                tally.failures.setdefault(message, (number, message))
                return number + 1
            case list():
                for outcome, error, seconds, at in message:
                    tally.outcomes[outcome] += 1
                    tally.slowest = max(tally.slowest, seconds)
                    if error:
                        where, _, words = error.partition("\n")
                        tally.failures.setdefault(where, (at, words))
                tally.inputs += len(message)
                first = number + 1
