"""A process of its own for a person's code, with limits; nothing of it is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

MEMORY = 1 << 30
"""Bytes that the code may take."""
PATIENCE = 5.0
"""Seconds for one call, and for executing the file."""
START = 60.0
"""Seconds that a process may take to begin."""
WALL = 4
"""So many times the seconds of CPU may pass on the clock."""
LATE = 2
"""After so many calls that were not done in time nothing more is tried."""
LARGEST = 1 << 28
"""Bytes of a result that are read."""

_under_way: dict[Path, int] = {}
"""The folders that were made, and the process in each, 0 where there is none."""


@dataclass(frozen=True)
class Outcome:
    """What a call came to.

    Attributes
    ----------
    ok : bool
    result : tree
        As `symbptt.handwritten.child.Packed` makes it, of names in ``arrays``.
    error : str
        Why there is no result.
    line : int
        Where, in the person's file; 0 where that is not known.
    late : bool
        Whether it was not done in time, or the process ended.
    undefined : str
        The name that a `NameError` was about.
    overwritten : tuple of str
        The arguments that the call changed.
    missing : tuple of str
        The parameters that the object keeps under none of the names known.
    kept : tree
        What the object has kept, where it is a method that was called.
    """

    ok: bool
    result: Any = None
    arrays: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    line: int = 0
    late: bool = False
    undefined: str = ""
    overwritten: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    kept: Any = None
    note: str = ""
    printed: int = 0
    refused: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f" at line {self.line}" if self.line else ""


@dataclass
class Room:
    """Where a file's functions are called.

    Attributes
    ----------
    seconds : float
        CPU time of a whole process; `WALL` times as many may pass on the clock.
    """

    path: Path
    source: str
    seconds: float
    memory: int = MEMORY

    def run(self, calls: Sequence[dict[str, Any]], arrays: dict[str, Any]) -> list[Outcome]:
        """The calls, one after another in one process; the last known reason for what is lacking.

        An outcome a call, in order.
        """
        folder = Path(tempfile.mkdtemp(prefix="symbptt-"))
        _under_way[folder] = 0
        try:
            ended = self._supervise(folder, calls, arrays)
            return list(_outcomes(folder, len(calls), ended))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            del _under_way[folder]

    def _supervise(
        self, folder: Path, calls: Sequence[dict[str, Any]], arrays: dict[str, Any]
    ) -> str:
        work = folder / "work"
        work.mkdir()
        (folder / "code.py").write_text(self.source, encoding="utf-8")
        job = {
            "calls": list(calls),
            "name": str(self.path),
            "beside": str(self.path.resolve().parent),
            "seconds": self.seconds,
            "patience": min(PATIENCE, self.seconds / 4),
            "late": LATE,
            "memory": self.memory,
        }
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        np.savez(folder / "arrays.npz", **arrays)
        one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        home = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), str(work))
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(Path(__file__).with_name("child.py")), str(folder)],
            cwd=work,
            env={**one, **home, "PATH": os.defpath, "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _under_way[folder] = process.pid
        try:
            _wait(process, folder / "begun", START)
            process.wait(WALL * self.seconds)
        except subprocess.TimeoutExpired:
            return f"it was not done after {self.seconds:g} s"
        finally:
            _end(process.pid, folder)
            process.wait()
            _under_way[folder] = 0
        if process.returncode == -signal.SIGXCPU:
            return f"it was not done after {self.seconds:g} s"
        if process.returncode < 0:
            return f"its process was ended by {signal.Signals(-process.returncode).name}"
        return "its process ended itself"


def _wait(process: subprocess.Popen[bytes], begun: Path, seconds: float) -> None:
    """Until the code begins to run: a busy machine's time is not the code's."""
    end = time.monotonic() + seconds
    while process.poll() is None and not begun.exists() and time.monotonic() < end:
        time.sleep(0.01)


def clear_away() -> None:
    """End what runs and remove its folders: for what ends the program at once."""
    for folder, number in tuple(_under_way.items()):
        _end(number, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _end(number: int, folder: Path) -> None:
    """End a process and all that it started, in its session or not."""
    if number:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(number, signal.SIGKILL)
    for _ in range(100):
        left = list(_started_in(folder))
        if not left:
            return
        for number in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.01)


def _started_in(folder: Path) -> Iterator[int]:
    """The processes whose home is the folder: what a process starts inherits that."""
    mark = os.fsencode(f"HOME={folder}")
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in place.read_bytes():
                yield int(place.parent.name)


def _outcomes(folder: Path, count: int, ended: str) -> Iterator[Outcome]:
    for number in range(count):
        found = _outcome(folder, number)
        # A call without an outcome was under way when all ended, or was not begun.
        yield found or Outcome(False, error=ended, late=True)


def _outcome(folder: Path, number: int) -> Outcome | None:
    told, numbers = folder / f"{number}.json", folder / f"{number}.npz"
    try:
        if max(told.stat().st_size, numbers.stat().st_size) > LARGEST:
            return Outcome(False, error="what it returns is too large", late=True)
        found = json.loads(told.read_text(encoding="utf-8"))
        with np.load(numbers, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
    outcome = Outcome(
        bool(found["ok"]),
        note=found["note"],
        printed=found["characters"],
        refused=tuple(found["refused"]),
    )
    if not found["ok"]:
        words, line, late = found["error"], found["line"], found["late"]
        return replace(outcome, error=words, line=line, late=late, undefined=found["name"])
    overwritten, missing = tuple(found["overwritten"]), tuple(found["missing"])
    return replace(
        outcome,
        result=found["result"],
        arrays=arrays,
        overwritten=overwritten,
        missing=missing,
        kept=found["kept"],
    )
