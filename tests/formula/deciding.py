"""How long it takes to decide what symbptt prints itself of the built-in models.

python -m tests.formula.deciding [EVERY] [MODEL …]     the lines that take longest

All forms and layouts; of each model all lines, or one in EVERY.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

from symbptt.formula.verdict import Checker
from symbptt.language import library
from tests.formula.test_round_trip import WAYS, has, lines, loaded, printed

SECONDS = 3.0
"""In so many seconds of CPU time a formula about a built-in model is decided."""

SHOWN = 10
"""So many of the slowest are printed."""


def printed_lines(name: str) -> Iterator[tuple[dict[str, Any], str]]:
    """What derivations, ``show`` and ``unroll`` print of a model, and how it is to be read."""
    about = loaded(name)
    for way, asked in WAYS.items():
        if about.loss is not None and has(name, way):
            yield from ((asked.check, line) for line in lines(name, way))
    shown = printed("show", name)
    yield from (({}, line) for line in shown[shown.index("equations") + 1 :])
    adjoints = [(f"d(L, {state}[t])",) for state in about.states if about.loss]
    for what in ((), *adjoints):
        found = printed("unroll", name, *what, "-T", "3")[1:]
        found = found[: found.index("") if "" in found else None]
        yield from (({}, line) for line in found if not line.endswith("else zeros"))


def seconds_to_decide(name: str, formula: str, **options: Any) -> tuple[float, str]:
    """CPU time until the verdict, as for a formula that is the first to be asked for; the verdict.

    The search for mends is no part of it.
    """
    start = time.thread_time()
    checker = Checker(loaded(name), **options)
    times: list[float] = []

    def progress(words: str) -> None:
        if words.startswith("wrong"):
            times.append(time.thread_time())

    verdict = checker.check(formula, progress).verdict
    return (times or [time.thread_time()])[0] - start, verdict


def slowest(name: str, every: int = 1) -> list[tuple[float, str, str]]:
    """The lines of a model, the slowest first, with what was said of them."""
    asked = {(tuple(options.items()), line): options for options, line in printed_lines(name)}
    found = []
    for (_, line), options in list(asked.items())[::every]:
        seconds, verdict = seconds_to_decide(name, line, **options)
        found.append((seconds, verdict, f"{line}    {options or ''}"))
    return sorted(found, reverse=True)


def main(arguments: list[str]) -> int:
    """Prints the slowest lines of each model; how many are late, or not right."""
    names = [word for word in arguments if not word.isdecimal()]
    every = next((int(word) for word in arguments if word.isdecimal()), 1)
    bad = total = 0
    longest = 0.0
    for name in names or library.names():
        found = slowest(name, every)
        total += len(found)
        longest = max(longest, *(seconds for seconds, _, _ in found))
        late = [one for one in found if one[0] >= SECONDS or one[1] != "right"]
        bad += len(late)
        print(f"{name}: {len(found)} lines, {sum(seconds for seconds, _, _ in found):.0f} s")
        for seconds, verdict, line in dict.fromkeys([*found[:SHOWN], *late]):
            print(f"    {seconds:5.2f} s {verdict:6s} {line}", flush=True)
    print(f"{total} lines, at most {longest:.2f} s; {bad} late or not right")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
