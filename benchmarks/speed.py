"""One gradient step of tanh RNN, LSTM and GRU: symbptt's modules beside the others.

    python -m benchmarks.speed                      # everything that is installed; half an hour
    python -m benchmarks.speed --cells lstm --sizes small,long --rounds 31
    python -m benchmarks.speed --write docs         # docs/benchmark.md and docs/benchmark.svg

All contenders run in one process, in turns whose order is reversed every round; before that,
losses and gradients are compared, and one that disagrees ends the run. A figure is the median of
the rounds' ratios, the contender's time to that of `--against`, with its quartiles.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Settings that make OpenBLAS take other kernels or blocks than it would for this processor.
MISLEADING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
LIBRARIES = ("numpy", "torch", "jax")
ROUNDS = {"edge": 41, "tiny": 41, "small": 31, "long": 11, "medium": 9}


def without_misleading_settings(arguments: Sequence[str], module: str = "benchmarks.speed") -> None:
    """Start again without them: the library reads them when it is loaded."""
    if any(name in os.environ for name in MISLEADING):
        clean = {name: value for name, value in os.environ.items() if name not in MISLEADING}
        os.execve(sys.executable, [sys.executable, "-m", module, *arguments], clean)


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parsed(arguments)
    without_misleading_settings(arguments)
    if options.memory_of:
        print(json.dumps(memory_here(options)))
        return 0
    from benchmarks.comparison import Disagreement, compared
    from benchmarks.tables import figure, page

    about = environment()
    print("\n".join(about), flush=True)
    results = []
    try:
        for dtype in options.dtypes:
            for cell in options.cells:
                for size in options.sizes:
                    rounds = options.rounds or ROUNDS[size]
                    found = compared(cell, size, dtype, options.contenders, rounds)
                    print(found.line(options.against), flush=True)
                    results.append(found)
    except Disagreement as error:
        print(error, file=sys.stderr)
        return 1
    peaks = memory(options) if options.memory else {}
    for (cell, size, dtype), by_name in peaks.items():
        print(f"{cell} {size} {dtype}, MiB over the start:", by_name)
    if options.write:
        folder = Path(options.write)
        folder.mkdir(exist_ok=True)
        text = page(results, peaks, about, options.against)
        (folder / "benchmark.md").write_text(text, encoding="utf-8")
        (folder / "benchmark.svg").write_text(figure(results, options.against), encoding="utf-8")
    return 0


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    from benchmarks.contenders import CONTENDERS
    from benchmarks.task import CELLS, DTYPES, SIZES

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    installed = [name for name, contender in CONTENDERS.items() if contender.installed]
    for option, choices, default in (
        ("--cells", list(CELLS), list(CELLS)),
        ("--sizes", list(SIZES), list(SIZES)),
        ("--dtypes", list(DTYPES), list(DTYPES)),
        ("--contenders", list(CONTENDERS), installed),
    ):
        parser.add_argument(option, type=some_of(choices), default=default,
                            help=f"some of {','.join(choices)}")  # fmt: skip
    parser.add_argument("--against", default="generated", choices=list(CONTENDERS))
    parser.add_argument("--rounds", type=int, help="by default more for smaller sizes")
    parser.add_argument(
        "--memory",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure peak memory, each contender in a process of its own",
    )
    parser.add_argument("--write", metavar="FOLDER", help="write benchmark.md and benchmark.svg")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    missing = [name for name in options.contenders if name not in installed]
    if missing:
        parser.error(f"not installed: {', '.join(missing)}")
    if options.against not in options.contenders:
        parser.error(f"--against {options.against} is not among --contenders")
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def some_of(choices: Sequence[str]) -> Any:
    """What splits an argument at commas and refuses what is not a choice."""

    def split(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in choices]:
            raise argparse.ArgumentTypeError(f"unknown: {unknown}; there are {', '.join(choices)}")
        return names

    return split


def environment() -> list[str]:
    """Processor, threads and versions, a line each."""
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all cores")
    versions = [f"{name} {metadata.version(name)}" for name in LIBRARIES if _installed(name)]
    lines = [
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        ", ".join(versions),
        f"OpenBLAS threads: {threads}",
    ]
    if _installed("torch"):
        import torch

        lines.append(f"PyTorch threads: {torch.get_num_threads()}")
    if _installed("threadpoolctl"):
        import_module("numpy")  # loads the library that is asked
        threadpool_info = import_module("threadpoolctl").threadpool_info

        for pool in threadpool_info():
            if pool["user_api"] == "blas":
                kernel, count = pool.get("architecture"), pool["num_threads"]
                lines.append(f"BLAS: {pool['internal_api']} {kernel}, {count} threads")
    return lines


def _installed(name: str) -> bool:
    return find_spec(name) is not None


# --- memory ----------------------------------------------------------------------------

Peaks = dict[tuple[str, str, str], dict[str, dict[str, float]]]


def memory(options: argparse.Namespace) -> Peaks:
    """Peak and kept MiB of each contender, each in a process of its own."""
    found: Peaks = {}
    for dtype in options.dtypes:
        for cell in options.cells:
            for size in options.sizes:
                found[cell, size, dtype] = {
                    name: _memory_there(name, cell, size, dtype) for name in options.contenders
                }
    return found


def _memory_there(name: str, cell: str, size: str, dtype: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.speed", "--memory-of", name,
               "--cells", cell, "--sizes", size, "--dtypes", dtype]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def memory_here(options: argparse.Namespace) -> Mapping[str, float]:
    """MiB that this process took for some steps beyond what it had with modules and inputs."""
    from benchmarks.contenders import CONTENDERS
    from benchmarks.task import DTYPES, SIZES, Task

    (cell,), (size,), (dtype,) = options.cells, options.sizes, options.dtypes
    task = Task(cell, SIZES[size], DTYPES[dtype])
    contender = CONTENDERS[options.memory_of]
    # At a small size first: what loading and starting the library takes is not counted.
    contender.make(Task(cell, SIZES["edge"], DTYPES[dtype])).run()
    assert task.params and task.inputs
    before = _peak(forget=True)
    call = contender.make(task)
    for _ in range(3):
        call.run()
    after = _peak()
    kept = {} if call.kept is None else {"kept": round(call.kept() / 2**20, 2)}
    return {"peak": round((after - before) / 2**10, 1), **kept}


def _peak(*, forget: bool = False) -> int:
    """KiB that were resident at most; Linux can forget the past first.

    There `getrusage` would tell that of the process which started this one, if it was larger.
    """
    status, switch = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if forget and os.access(switch, os.W_OK):
        switch.write_text("5")
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


if __name__ == "__main__":
    sys.exit(main())
