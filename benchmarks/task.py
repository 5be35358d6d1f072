"""One gradient step to be timed: a cell at a size, and the module that symbptt writes for it."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import symbptt
from benchmarks.handwritten.tape import Array, Sizes

SIZES = {
    "edge": Sizes(T=10, B=1, d=8, h=16, q=8),
    "tiny": Sizes(T=32, B=1, d=64, h=64, q=64),
    "small": Sizes(T=35, B=32, d=128, h=256, q=64),
    "long": Sizes(T=1000, B=16, d=64, h=128, q=64),
    "medium": Sizes(T=100, B=64, d=128, h=512, q=128),
}
# The cells by the model's file or the built-in model's name.
CELLS = {
    "tanh": str(Path(__file__).parent / "models" / "tanh.rnn"),
    "lstm": "lstm",
    "gru": "gru",
}
DTYPES: dict[str, type[np.floating[Any]]] = {"float32": np.float32, "float64": np.float64}

Gradient = tuple[float, dict[str, Array]]


def generated(cell: str, level: int | None, checkpoint: str | None = None) -> ModuleType:
    """The module that symbptt writes, at a level where it knows levels."""
    if (cell, level, checkpoint) not in _MODULES:
        knows = level is not None and "level" in inspect.signature(symbptt.generate).parameters
        options: Any = {"level": level} if knows else {}
        options |= {"checkpoint": checkpoint} if checkpoint else {}
        source = symbptt.generate(symbptt.load(CELLS[cell]), **options)
        _MODULES[cell, level, checkpoint] = executed(source, f"{cell}_O{level}")
    return _MODULES[cell, level, checkpoint]


def executed(source: str, name: str) -> ModuleType:
    """The module of a text."""
    module = ModuleType(name)
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module


_MODULES: dict[tuple[str, int | None, str | None], ModuleType] = {}


def drawn_params(module: ModuleType, dims: dict[str, int], dtype: DTypeLike) -> dict[str, Array]:
    """A module's own initial parameters; what these leave at 0 is drawn, too."""
    rng = np.random.default_rng(1)
    return {
        name: array if array.any() else rng.normal(0, 0.1, array.shape).astype(dtype)
        for name, array in module.init_params(dims, dtype=dtype).items()
    }


@dataclass(frozen=True)
class Task:
    """One gradient step: a cell at a size, with parameters and inputs drawn for it."""

    cell: str
    size: Sizes
    dtype: type[np.floating[Any]]

    @cached_property
    def params(self) -> dict[str, Array]:
        size = self.size
        dims = {"d": size.d, "h": size.h, "q": size.q}
        return drawn_params(generated(self.cell, None), dims, self.dtype)

    @cached_property
    def inputs(self) -> dict[str, Any]:
        size, rng = self.size, np.random.default_rng(0)
        x = rng.normal(size=(size.T, size.B, size.d)).astype(self.dtype)
        return {"x": x, "y": rng.integers(0, size.q, (size.T, size.B))}


@dataclass(frozen=True)
class Call:
    """What is timed, and what it gave as NumPy arrays by the model's names.

    `read` is None where there is nothing to compare. `kept` tells the bytes that the contender
    holds between forward and backward pass, gradients included.
    """

    run: Callable[[], Any]
    read: Callable[[Any], Gradient] | None = None
    kept: Callable[[], int] | None = None


def least_seconds(run: Callable[[], Any]) -> float:
    """The least time of some runs."""
    run()
    times = []
    for _ in range(7):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
