"""Who takes part: each makes, for one task, a call that computes the loss and all gradients.

A row of `CONTENDERS` is all that a contender is.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import symbptt
from benchmarks.handwritten import loops
from benchmarks.handwritten.tape import ROWS, Array, Sizes, room

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


@dataclass(frozen=True)
class Contender:
    """A name for tables, what must be installed, and how to make a call."""

    title: str
    make: Callable[[Task], Call]
    needs: str = "numpy"

    @property
    def installed(self) -> bool:
        return find_spec(self.needs) is not None


def least_seconds(run: Callable[[], Any]) -> float:
    """The least time of some runs."""
    run()
    times = []
    for _ in range(7):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


# --- symbptt's modules -----------------------------------------------------------------


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


def _generated(task: Task, *, level: int, checkpoint: str | None = None) -> Call:
    module, size = generated(task.cell, level, checkpoint), task.size
    dims = {"d": size.d, "h": size.h, "q": size.q}
    workspace = module.Workspace(dims, size.T, size.B, dtype=task.dtype)
    params, inputs = task.params, task.inputs
    return Call(
        lambda: module.loss_and_grads(params, inputs, workspace=workspace),
        lambda found: found[:2],
        lambda: workspace.nbytes,
    )


# --- by hand ---------------------------------------------------------------------------


def _fast(task: Task) -> Call:
    gradient = import_module(f"benchmarks.handwritten.{task.cell}").Gradient(task.size, task.dtype)
    params, inputs = task.params, task.inputs
    return Call(lambda: gradient(params, inputs), lambda found: found, lambda: gradient.nbytes)


def _loops(task: Task) -> Call:
    gradient, params, inputs = loops.GRADIENTS[task.cell], task.params, task.inputs
    return Call(lambda: gradient(params, inputs), lambda found: found)


# --- the products alone ----------------------------------------------------------------

# Rows of pre-activations by what they read: the state, the input, both (in states' lengths).
READS = {"tanh": (0, 0, 1), "lstm": (0, 0, 4), "gru": (1, 1, 2)}


Product = tuple[Callable[[Array, Array, Array], Any], Array, Array, Array]
LAYOUTS = ("blocks", "features first", "sequences first")


def _products(task: Task) -> Call:
    """The fastest of some ways to lay out the products of one gradient step."""
    ways = [
        partial(_run, list(way(task, layout))) for way in (_joint, _apart) for layout in LAYOUTS
    ]
    return Call(min(ways, key=least_seconds))


def _run(products: list[Product]) -> None:
    for product, a, b, out in products:
        product(a, b, out)


def _joint(task: Task, layout: str) -> Iterator[Product]:
    """Input and state beside each other; the read-out's adjoint beside the recurrence's."""
    s = task.size
    state, fed, both = READS[task.cell]
    N, hidden = s.T * s.B, (state + both) * s.h
    step = [_product(task, layout, both * s.h, s.d + s.h, s.B)]
    if state:
        step.append(_product(task, layout, state * s.h, s.h, s.B))
        yield _product(task, layout, fed * s.h, s.d, N)
    for _ in range(s.T):
        yield from step
    yield _product(task, layout, s.q, s.h, N)
    back = _product(task, layout, s.h, hidden + s.q, s.B)
    for _ in range(s.T):
        yield back
    yield _gradient(task, layout, hidden + s.q, N, s.h)
    yield _gradient(task, layout, (fed + both) * s.h, N, s.d)


def _apart(task: Task, layout: str) -> Iterator[Product]:
    """All that reads no state before and after the loop."""
    s = task.size
    state, fed, both = READS[task.cell]
    N, hidden = s.T * s.B, (state + both) * s.h
    yield _product(task, layout, (fed + both) * s.h, s.d, N)
    step = _product(task, layout, hidden, s.h, s.B)
    for _ in range(s.T):
        yield step
    yield _product(task, layout, s.q, s.h, N)
    yield _product(task, layout, s.h, s.q, N)
    back = _product(task, layout, s.h, hidden, s.B)
    for _ in range(s.T):
        yield back
    yield _gradient(task, layout, hidden, N, s.h)
    yield _gradient(task, layout, (fed + both) * s.h, N, s.d)
    yield _gradient(task, layout, s.q, N, s.h)


def _product(task: Task, layout: str, rows: int, inner: int, columns: int) -> Product:
    """Weights (rows, inner) times `columns` values, or the transposes."""
    weights = _drawn(task, rows, inner)
    if columns == 1:
        values, out = _drawn(task, inner), room(rows, task.dtype)
        if layout == "sequences first":
            return np.dot, values, np.ascontiguousarray(weights.T), out
        return np.dot, weights, values, out
    values, out = _drawn(task, inner, columns), room((rows, columns), task.dtype)
    if layout == "sequences first":
        values, weights = _drawn(task, columns, inner), _drawn(task, inner, rows)
        return np.dot, values, weights, out.reshape(columns, rows)
    if layout == "blocks" and columns == task.size.B and rows % ROWS == 0:
        blocks = _drawn(task, rows // ROWS, inner, ROWS).transpose(0, 2, 1)
        return np.matmul, blocks, values, out.reshape(-1, ROWS, columns)
    return np.dot, weights, values, out


def _gradient(task: Task, layout: str, rows: int, inner: int, columns: int) -> Product:
    """A weights' gradient: rows times columns, summed over `inner`."""
    first = layout != "sequences first"
    left = _drawn(task, rows, inner) if first else _drawn(task, inner, rows).T
    right = _drawn(task, columns, inner).T if first else _drawn(task, inner, columns)
    return np.dot, left, right, room((rows, columns), task.dtype)


def _drawn(task: Task, *shape: int) -> Array:
    array = room(shape, task.dtype)
    array[...] = np.random.default_rng(0).normal(size=shape)
    return array


# --- the frameworks --------------------------------------------------------------------


def _torch(task: Task) -> Call:
    made: Call = import_module("benchmarks.eager").call(task)
    return made


def _jax(task: Task) -> Call:
    made: Call = import_module("benchmarks.compiled").call(task)
    return made


CONTENDERS = {
    "generated": Contender("generated -O2", partial(_generated, level=2)),
    "checkpointed": Contender("checkpointed", partial(_generated, level=2, checkpoint="auto")),
    "plain": Contender("generated -O0", partial(_generated, level=0)),
    "fast": Contender("NumPy by hand", _fast),
    "loops": Contender("loops by hand", _loops),
    "torch": Contender("PyTorch eager", _torch, "torch"),
    "jax": Contender("jax.jit", _jax, "jax"),
    "products": Contender("products alone", _products),
}
