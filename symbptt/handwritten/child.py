"""What runs in the process of a person's code: nothing of symbptt, only this file and NumPy.

``python -I child.py FOLDER`` reads ``job.json`` and ``arrays.npz`` there, runs the calls one by
one and writes ``NUMBER.json`` and ``NUMBER.npz`` for each. All that comes back is data.
"""

from __future__ import annotations

import ast
import dataclasses
import io
import itertools
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

FOLDER = Path(sys.argv[1]).resolve() if __name__ == "__main__" else Path()
KEPT = 2000
"""So many characters of what is printed are kept."""
MOST, DEPTH = 5_000_000, 6
"""Numbers that may come back, and how deep they may be nested."""

WALL = 4
"""So many times the seconds of CPU may pass on the clock."""
QUICK = 0.1
"""Seconds: a file that takes longer is executed once, not for every call."""

REFUSED = (
    "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.spawn", "os.system", "os.kill",
    "os.killpg", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.chmod",
    "os.chown", "os.truncate", "subprocess.Popen", "socket.connect", "socket.bind",
    "socket.sendto", "socket.getaddrinfo", "shutil.rmtree", "pty.spawn",
)  # fmt: skip
REFUSALS: list[str] = []
RAISED = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit)
"""What the code may raise: anything; nothing but the code runs where this is caught."""


class TimeOver(BaseException):
    """The time of a call is over; no ``except Exception`` of the code's own takes it."""


class Screen(io.StringIO):
    """Takes what is printed, and keeps the beginning."""

    count = 0

    def write(self, text: str) -> int:
        self.count += len(text)
        super().write(text[: max(0, KEPT - self.tell())])
        return len(text)


def limit(job: dict[str, Any]) -> None:
    """No more memory, time, processes and files than there are for it."""
    bounds = {
        "RLIMIT_AS": job["memory"],
        "RLIMIT_CPU": int(job["seconds"]) + 2,
        "RLIMIT_FSIZE": 1 << 26,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": 0,
    }
    for name, most in bounds.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            # The signal that says why comes before the one that ends it.
            resource.setrlimit(kind, (most, most + (name == "RLIMIT_CPU")))


def guard(readable: tuple[str, ...]) -> None:
    """Refuse what a gradient doesn't need: the code sees an error, and it is told."""
    own = os.fspath(FOLDER)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in REFUSED:
            refuse(f"call {event}")
        if event not in ("open", "os.mkdir") or not isinstance(args[0], bytes | str):
            return
        path = os.path.realpath(os.fsdecode(args[0]))
        writes = event == "os.mkdir" or _writes(args)
        if not path.startswith((own, "/dev/null", *(() if writes else readable))):
            refuse(f"open {path}, outside of its own folder")

    sys.addaudithook(hook)


def refuse(what: str) -> None:
    words = f"the code may not {what}"
    REFUSALS.append(words)
    raise PermissionError(words)


def _writes(args: tuple[Any, ...]) -> bool:
    mode, flags = args[1], args[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))


# --- the code --------------------------------------------------------------------------------


class Code:
    """The file, executed; what else it does than define is left out where that fails."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.source = (FOLDER / "code.py").read_text(encoding="utf-8")
        self.name = job["name"]
        self.patience = job["patience"]
        self.note = ""
        begin = time.perf_counter()
        self.module = self.fresh()
        self.seconds = time.perf_counter() - begin

    def fresh(self) -> ModuleType:
        module = ModuleType("handwritten")
        module.__dict__["__file__"] = str(FOLDER / "code.py")
        sys.modules["handwritten"] = module
        if not self.note:
            try:
                with_time(self.patience, lambda: exec(self.compiled(self.source), vars(module)))
                return module
            except (*RAISED, TimeOver) as error:
                line = place(error, self.name)
                self.note = f"{said(error)} at line {line}, when the file was executed"
                module = ModuleType("handwritten")
                sys.modules["handwritten"] = module
        self.define(module)
        return module

    def compiled(self, source: Any) -> CodeType:
        return compile(source, self.name, "exec")

    def define(self, module: ModuleType) -> None:
        """Only what defines: imports, functions, classes and assignments that succeed."""
        kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.Try)
        for statement in ast.parse(self.source).body:
            if isinstance(statement, kinds):
                one = self.compiled(ast.Module([statement], []))
                try:
                    with_time(1.0, lambda one=one: exec(one, vars(module)))
                except (*RAISED, TimeOver):
                    continue


def with_time(seconds: float, run: Any) -> Any:
    """Run it for so many seconds of CPU, and for `WALL` times as many on the clock."""

    def over(number: int, frame: Any) -> None:
        raise TimeOver

    timers = {signal.ITIMER_PROF: seconds, signal.ITIMER_REAL: WALL * seconds}
    signal.signal(signal.SIGPROF, over)
    signal.signal(signal.SIGALRM, over)
    for timer, length in timers.items():
        signal.setitimer(timer, length)
    try:
        return run()
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)


def said(error: BaseException) -> str:
    if isinstance(error, TimeOver):
        return "it was not done in time"
    return f"{type(error).__name__}: {error}"[:400]


def place(error: BaseException, name: str) -> int:
    """The last line of the file that an error came through; 0 for none."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == name]
    return lines[-1] if lines else 0


# --- a call ------------------------------------------------------------------------------------


class Runner:
    def __init__(self, code: Code, arrays: dict[str, Any]) -> None:
        self.code = code
        self.arrays = arrays
        self.object: Any = None
        self.given: list[tuple[str, Any, Any]] = []
        self.results: list[Any] = []

    def value(self, spec: Any, where: str) -> Any:
        kind, held = next(iter(spec.items()))
        if kind == "d":
            return {key: self.value(each, f"{where}[{key!r}]") for key, each in held.items()}
        if kind == "t":
            return tuple(self.value(each, where) for each in held)
        if kind == "r":
            return self.results[-1]
        if kind == "v":
            return held
        array = self.arrays[held]
        if kind == "l":
            return array.tolist()
        made = list(array.copy()) if kind == "rows" else array.copy()
        if kind == "a":
            self.given.append((where, made, array))
        return made

    def run(self, call: dict[str, Any]) -> dict[str, Any]:
        module = self.code.module
        if call.get("fresh") and self.code.seconds < QUICK:
            module = self.code.module = self.code.fresh()
        self.given, self.results = [], []
        for name, spec in call["globals"].items():
            setattr(module, name, self.value(spec, name))
        target: Any = module
        missing: list[str] = []
        if call["class"]:
            if not call.get("keep") or self.object is None:
                arguments = {k: self.value(s, k) for k, s in call["make"].items()}
                self.object = getattr(module, call["class"])(**arguments)
            missing = self.set_attributes(call["attributes"])
            target = self.object
        for step in call["steps"]:
            positional = [self.value(s, name) for name, s in step["positional"]]
            keywords = {name: self.value(s, name) for name, s in step["keywords"].items()}
            self.results.append(getattr(target, step["name"])(*positional, **keywords))
        kept = {
            name: each
            for name, each in (vars(self.object).items() if call["class"] else ())
            if isinstance(each, dict | np.ndarray)
            or np.isscalar(each)
            or (isinstance(each, list) and name.lower().startswith("grad"))
        }
        changed = [w for w, now, was in self.given if not _same(now, was)]
        return {
            "ok": True,
            "result": self.results[-1],
            "overwritten": changed,
            "missing": missing,
            "kept": kept,
        }

    def set_attributes(self, wanted: dict[str, Any]) -> list[str]:
        """Give an object its parameters, wherever it keeps some of these names."""
        left = dict(wanted)
        holders = [vars(self.object)]
        holders += [each for each in list(vars(self.object).values()) if isinstance(each, dict)]
        for holder in holders:
            for key in list(holder):
                name = str(key).lower().replace("_", "")
                if name in wanted and not isinstance(holder[key], dict):
                    holder[key] = self.value(wanted[name], str(key))
                    left.pop(name, None)
        return list(left)


def _same(now: Any, was: Any) -> bool:
    alike = now.shape == was.shape
    return bool(alike and np.array_equal(now, was, equal_nan=was.dtype.kind == "f"))


class Packed:
    """A result as a tree of names of arrays."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        self.count = 0

    def tree(self, value: Any, depth: int = 0) -> Any:
        value = _plain(value)
        if value is None:
            return {"none": 1}
        if depth and (rows := _rows(value)) is not None:
            value = rows
        if isinstance(value, dict) and depth < DEPTH:
            pairs = [[str(key), self.tree(each, depth + 1)] for key, each in value.items()]
            return {"d": pairs}
        if isinstance(value, list | tuple) and depth < DEPTH and not _is_flat(value):
            return {"t": [self.tree(each, depth + 1) for each in value[:10_000]]}
        try:
            array = np.asarray(value)
        except (TypeError, ValueError):
            return {"o": type(value).__name__}
        if array.dtype == object:
            try:
                array = array.astype(float)
            except (TypeError, ValueError):
                return {"o": type(value).__name__}
        if array.dtype.kind not in "fiub" or self.count + array.size > MOST:
            return {"o": f"{type(value).__name__} of {array.dtype}"}
        self.count += array.size
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return {"a": name}


def _plain(value: Any) -> Any:
    """Records and pairs as dicts, what is yielded as a list."""
    if isinstance(value, Iterator):
        value = list(itertools.islice(value, 10_000))
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    if dataclasses.is_dataclass(value) or isinstance(value, SimpleNamespace):
        return vars(value)
    pairs = isinstance(value, list | tuple) and len(value) > 0
    if pairs and all(isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) for v in value):
        return dict(value)
    return value


def _rows(value: Any) -> Any:
    """Lists of lists of numbers, as ``tolist`` makes them; None for others."""
    if not isinstance(value, list):
        return None
    if all(isinstance(v, int | float) for v in value):
        return np.asarray(value)
    inner = [_rows(v) for v in value]
    shapes = {None if rows is None else rows.shape for rows in inner}
    return np.stack(inner) if len(shapes) == 1 and None not in shapes else None


def _is_flat(value: Any) -> bool:
    return len(value) > 0 and all(isinstance(v, int | float | np.number) for v in value)


def answer(caller: Runner, call: dict[str, Any], patience: float) -> tuple[dict[str, Any], Any]:
    packed = Packed()
    try:
        found = with_time(patience, lambda: caller.run(call))
        found["result"] = packed.tree(found["result"])
        found["kept"] = packed.tree(found["kept"])
    except (*RAISED, TimeOver) as error:
        line = place(error, caller.code.name)
        name = error.name if isinstance(error, NameError) else ""
        words = {
            "ok": False,
            "error": said(error),
            "line": line,
            "late": isinstance(error, TimeOver | MemoryError),
        }
        return {**words, "name": name}, {}
    return found, packed.arrays


def main() -> None:
    job = json.loads((FOLDER / "job.json").read_text(encoding="utf-8"))
    with np.load(FOLDER / "arrays.npz", allow_pickle=False) as file:
        arrays = dict(file)
    screen = Screen()
    sys.stdout = sys.stderr = screen
    sys.argv = [job["name"]]
    sys.path.append(job["beside"])
    # What NumPy warns of says nothing here: numbers are looked at.
    warnings.simplefilter("ignore")
    limit(job)
    # NumPy may lie outside, behind a link or a .pth file.
    libraries = (sys.prefix, sys.base_prefix, *map(os.path.dirname, (os.__file__, np.__file__)))
    known = (*map(os.path.realpath, libraries), "/dev/urandom", "/proc/", "/sys/")
    guard((*known, os.path.realpath(job["beside"])))
    (FOLDER / "begun").touch()
    code = Code(job)
    caller = Runner(code, arrays)
    late = 0
    for number, call in enumerate(job["calls"]):
        found, results = answer(caller, call, job["patience"])
        found |= {"note": code.note, "printed": screen.getvalue(), "characters": screen.count}
        found["refused"] = REFUSALS[:3]
        np.savez(FOLDER / f"{number}.npz", **results)
        (FOLDER / f"{number}.json").write_text(json.dumps(found), encoding="utf-8")
        late += found.get("late", False)
        if late >= job["late"]:
            break


if __name__ == "__main__":
    main()
    # Threads that the code has left are not waited for.
    os._exit(0)
