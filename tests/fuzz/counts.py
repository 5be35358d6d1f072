"""The counts of runs: each leaves a file, and the files together make docs/trust/fuzzing.json."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.running import MEMORY, SECONDS, Tally
from tests.house import ROOT
from tests.trust.parts import Figures


@dataclass(frozen=True)
class Run:
    """What became of some subjects' inputs.

    Attributes
    ----------
    tree : str
        The commit whose code was run.
    seconds : float
        Of the clock, over all subjects.
    seed : int
    subjects : mapping of str to dict
        The data of each subject's tally.
    """

    tree: str
    seconds: float
    seed: int
    subjects: Mapping[str, dict[str, Any]]

    @classmethod
    def of(cls, tallies: Mapping[str, Tally], seconds: float, seed: int) -> Run:
        return cls(tree(), seconds, seed, {name: each.data() for name, each in tallies.items()})

    @classmethod
    def read(cls, path: Path) -> Run:
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    @property
    def text(self) -> str:
        return json.dumps(vars(self), indent=2)

    def failures(self) -> Iterator[str]:
        for name, found in self.subjects.items():
            for each in found["failures"]:
                where, number, error = each["where"], each["input"], each["error"]
                yield f"{self.tree}, {name}, input {number}: {where} ({error})"


def tree() -> str:
    """The commit of the code that runs, and whether it was changed since."""
    command = ("git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*")
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def figures(runs: Iterable[Run]) -> Figures:
    """The counts of several runs for the page on trust: a row a subject of a run, then in all."""
    runs = sorted(runs, key=lambda run: (run.tree, run.seed))
    parts = [(name, run, found) for run in runs for name, found in run.subjects.items()]
    names = dict.fromkeys(name for name, _, _ in parts)
    of = {name: [found for own, _, found in parts if own == name] for name in names}
    every = [found for _, _, found in parts]
    return Figures(
        title="Bad input",
        command="python -m tests.fuzz --seconds S --seed N --json FILE SUBJECT … && "
        "python -m tests.fuzz --add FILE …",
        about="Texts of models and formulas, mutated and drawn from the grammars, mutated articles "
        "and notes, and calls of modules with wrong arguments: each is taken, or refused by a "
        f"documented error, within {SECONDS:g} s of CPU time and {MEMORY // 2**20} MiB of memory. "
        "A row is a run, of the code of the commit that it names; what others found is mended.",
        totals={
            "inputs": _inputs(every),
            **{f"of {name}": _inputs(of[name]) for name in names},
            "failures": sum(found["outcomes"].get("failed", 0) for found in every),
        },
        head=("input", "commit and seed", "taken", "what became of them", "slowest"),
        rows=[
            *(_row(name, f"{run.tree}, {run.seed}", [found]) for name, run, found in parts),
            *(_row(name, "all", of[name]) for name in names),
        ],
        remarks=[words for run in runs for words in run.failures()],
    )


def _row(name: str, which: str, found: list[dict[str, Any]]) -> tuple[str, ...]:
    outcomes = sum((Counter(each["outcomes"]) for each in found), Counter[str]())
    words = ", ".join(f"{count:,} {word}" for word, count in sorted(outcomes.items()))
    slowest = max(each["slowest"] for each in found)
    return name, which, f"{_inputs(found):,}", words, f"{slowest:.2f} s"


def _inputs(found: list[dict[str, Any]]) -> int:
    return sum(each["inputs"] for each in found)
