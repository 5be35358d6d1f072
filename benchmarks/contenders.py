"""Who takes part: each makes, for one task, a call that computes the loss and all gradients.

A row of `CONTENDERS` is all that a contender is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.handwritten import loops
from benchmarks.handwritten.tape import ROWS, Array, room
from benchmarks.task import Call, Task, generated, least_seconds


@dataclass(frozen=True)
class Contender:
    """A name for tables, what must be installed, and how to make a call."""

    title: str
    make: Callable[[Task], Call]
    needs: str = "numpy"

    @property
    def installed(self) -> bool:
        return find_spec(self.needs) is not None


# --- symbptt's modules -----------------------------------------------------------------


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
