"""What the levels of generated code are worth: -O0, -O1 and -O2 of cells without a rival by hand.

    python -m benchmarks.levels                        # a few minutes
    python -m benchmarks.levels --cells gru,layer_norm,./mine.rnn --dtypes float32,float64
    python -m benchmarks.levels --write docs           # docs/levels.md

A cell is one of `tests/cells`, a built-in model or a file. All levels run in one process, in turns
whose order is reversed every round; before that their losses and gradients are compared, and a
level that disagrees ends the run. A figure is the median of the rounds' ratios to -O2, with its
quartiles.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import symbptt
from benchmarks.comparison import Comparison, Disagreement, assert_alike
from benchmarks.handwritten.tape import Sizes
from benchmarks.rounds import timed
from benchmarks.speed import ROUNDS, environment, some_of, without_misleading_settings
from benchmarks.tables import ratios, sizes_in_words
from benchmarks.task import CELLS, DTYPES, SIZES, Call, drawn_params, executed
from symbptt.algebra import Dim, DimSum, Model, Shape
from symbptt.errors import SymbpttError

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "cells"
NAMES = ("peephole_lstm", "minimal_gated_unit", "stacked", "two_states")
LEVELS = {"-O0": 0, "-O1": 1, "-O2": 2}
AGAINST = "-O2"
# Largest difference of a gradient over its largest entry. In single precision a thousand steps make
# 1e-4 of rounding; so double precision, in which an error can't hide, is compared at every size.
TOLERANCES = {"float32": 2e-4, "float64": 1e-12}
# How many times as long as -O2 the plain level should take.
WANTED = 2.0


def loaded(name: str) -> Model:
    """A cell of `tests/cells`, of the main benchmark, a built-in one or a file."""
    path = FOLDER / f"{name}.rnn"
    return symbptt.load(str(path) if path.exists() else CELLS.get(name, name))


def dims_of(model: Model, size: Sizes) -> dict[str, int]:
    """A length for every dimension: of inputs d, of what the loss reads q, of all else h."""
    found: dict[str, int] = {}
    for source in model.inputs:
        index = () if source.index_dim is None else (source.index_dim,)
        found |= dict.fromkeys(_names(index), size.q)
        found |= dict.fromkeys(_names(source.shape), size.q if source.target else size.d)
    return {name: found.get(name, size.h) for name in model.dims}


def _names(shape: Shape) -> Iterator[str]:
    for dim in shape:
        yield from (part for part in _parts(dim) if isinstance(part, str))


def _parts(dim: Dim) -> tuple[Any, ...]:
    return dim.parts if isinstance(dim, DimSum) else (dim,)


def drawn_inputs(
    model: Model, dims: dict[str, int], size: Sizes, dtype: DTypeLike
) -> dict[str, Any]:
    """Normal numbers for real inputs, any index for the others."""
    rng = np.random.default_rng(0)

    def length(dim: Dim) -> int:
        return sum(dims.get(part, part) for part in _parts(dim))

    found: dict[str, Any] = {}
    for source in model.inputs:
        lead = (size.T, size.B) if source.timed else (size.B,)
        if source.index_dim is not None:
            found[source.name] = rng.integers(length(source.index_dim), size=lead)
        else:
            shape = (*lead, *map(length, source.shape))
            found[source.name] = rng.normal(size=shape).astype(dtype)
    return found


def calls_of(model: Model, size: Sizes, dtype: str) -> tuple[dict[str, Call], tuple[str, ...]]:
    """A call of every level with the same arguments, and the parameters' names."""
    kind, dims = DTYPES[dtype], dims_of(model, size)
    inputs = drawn_inputs(model, dims, size, kind)
    calls: dict[str, Call] = {}
    params: dict[str, Any] = {}
    for name, level in LEVELS.items():
        module = executed(symbptt.generate(model, level=level), f"{model.name}{name}")
        params = params or drawn_params(module, dims, kind)
        workspace = module.Workspace(dims, size.T, size.B, dtype=kind)
        run = partial(module.loss_and_grads, params, inputs, workspace=workspace)
        calls[name] = Call(run, lambda found: found[:2])
    return calls, tuple(params)


def measured(name: str, size: str, dtype: str, rounds: int) -> Comparison:
    """Compare the gradients of a cell's levels, then time them.

    Raises
    ------
    Disagreement
        If a loss or a parameter's gradient differs.
    """
    model = loaded(name)
    for kind in dict.fromkeys(("float64", dtype)):
        calls, params = calls_of(model, SIZES[size], kind)
        assert_alike(calls, params, TOLERANCES[kind])
    times = timed({level: call.run for level, call in calls.items()}, rounds)
    return Comparison(name, size, dtype, times)


def verdict(results: Sequence[Comparison]) -> str:
    """Whether the plain level takes so much longer everywhere."""
    slow = [
        f"{found.cell} {found.size} {found.dtype}"
        for found in results
        if found.times.ratio("-O0", AGAINST)[1] < WANTED
    ]
    where = f"everywhere but at {', '.join(slow)}" if slow else "everywhere"
    return f"-O0 takes at least {WANTED:g} times as long as {AGAINST} {where}."


def page(results: Sequence[Comparison], about: Sequence[str]) -> str:
    """The page in Markdown."""
    parts = [
        "# What the levels of generated code are worth",
        "Made by `python -m benchmarks.levels --write docs`: cells that have no rival written by "
        "hand, of `tests/cells`, one gradient step each. "
        f"{sizes_in_words({found.size for found in results})} Lengths that are neither an input's "
        "nor the loss's are h. All levels run in one process, interleaved, their results compared "
        "first. Median and quartiles of the rounds' ratios.",
        "\n".join(f"- {line}" for line in about),
        verdict(results),
    ]
    for dtype in DTYPES:
        rows = [found for found in results if found.dtype == dtype]
        if rows:
            parts += [f"## {dtype}: a level's time over that of {AGAINST}", ratios(rows, AGAINST)]
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parsed(arguments)
    without_misleading_settings(arguments, "benchmarks.levels")
    about = environment()
    print("\n".join(about), flush=True)
    results = []
    try:
        for dtype in options.dtypes:
            for name in options.cells:
                for size in options.sizes:
                    found = measured(name, size, dtype, options.rounds or ROUNDS[size])
                    print(found.line(AGAINST), flush=True)
                    results.append(found)
    except Disagreement as error:
        print(f"{name} {size} {dtype}: {error}", file=sys.stderr)
        return 1
    print(verdict(results))
    if options.write:
        folder = Path(options.write)
        folder.mkdir(exist_ok=True)
        (folder / "levels.md").write_text(page(results, about), encoding="utf-8")
    return 0


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.levels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cells", type=lambda text: text.split(","), default=list(NAMES),
                        help=f"by default {','.join(NAMES)}")  # fmt: skip
    for option, choices, default in (
        ("--sizes", list(SIZES), ["small", "long"]),
        ("--dtypes", list(DTYPES), ["float32"]),
    ):
        parser.add_argument(option, type=some_of(choices), default=default,
                            help=f"some of {','.join(choices)}")  # fmt: skip
    parser.add_argument("--rounds", type=int, help="by default more for smaller sizes")
    parser.add_argument("--write", metavar="FOLDER", help="write levels.md")
    options = parser.parse_args(arguments)
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds must be at least 1")
    for name in options.cells:
        try:
            loaded(name)
        except (SymbpttError, OSError) as error:
            parser.error(str(error))
    return options


if __name__ == "__main__":
    sys.exit(main())
