"""JAX as a contender: `jax.jit` of `value_and_grad` over `lax.scan`.

The gates' weights are one array. The input's product stands before the scan or in its step,
whichever is faster for the task.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.task import Call, Gradient, Task, least_seconds

# The model's gates in the order of the stacked weights; "h" is the only one of an Elman network.
GATES = {"tanh": "h", "lstm": "ifog", "gru": "rzn"}


def call(task: Task) -> Call:
    """Loss and gradients of all parameters, waited for."""
    ways = [_way(task, before) for before in (True, False)]
    return Call(min(ways, key=least_seconds), lambda found: _read(task, *found))


def _way(task: Task, before: bool) -> Callable[[], Any]:
    double = task.dtype is np.float64
    with jax.enable_x64(double):
        params = {name: jnp.asarray(array) for name, array in _stacked(task).items()}
        x, y = jnp.asarray(task.inputs["x"]), jnp.asarray(task.inputs["y"])
        step = jax.jit(jax.value_and_grad(partial(_loss, LAYERS[task.cell], before)))
    wait: Any = jax.block_until_ready  # without types

    def run() -> Any:
        with jax.enable_x64(double):
            return wait(step(params, x, y))

    return run


def _stacked(task: Task) -> dict[str, np.ndarray[Any, Any]]:
    p, gates = task.params, GATES[task.cell]
    b = {**p, "b_n": p.get("b_xn")}
    side = {"b_hn": p["b_hn"]} if "b_hn" in p else {}
    return {
        "W_x": np.concatenate([p[f"W_x{gate}"] for gate in gates]),
        "W_h": np.concatenate([p[f"W_h{gate}"] for gate in gates]),
        "b": np.concatenate([b[f"b_{gate}"] for gate in gates]),
        "W_qh": p["W_qh"],
        "b_q": p["b_q"],
        **side,
    }


def _read(task: Task, loss: Any, found: dict[str, Any]) -> Gradient:
    gates = GATES[task.cell]
    grads = {name: np.asarray(array) for name, array in found.items()}
    for stem, stacked in (("W_x", "W_x"), ("W_h", "W_h"), ("b_", "b")):
        parts = np.split(grads.pop(stacked), len(gates))
        grads |= {f"{stem}{gate}": part for gate, part in zip(gates, parts, strict=True)}
    if "b_n" in grads:
        grads["b_xn"] = grads.pop("b_n")
    return float(loss), grads


def _loss(layer: Any, before: bool, p: Any, x: Any, y: Any) -> Any:
    """The mean loss; a layer takes one step's input, multiplied, and the state to the next."""

    def fed(x: Any) -> Any:
        return x @ p["W_x"].T + p["b"]

    def step(state: Any, x: Any) -> Any:
        state = layer(p, x if before else fed(x), state)
        return state, state[0]

    zeros = jnp.zeros((x.shape[1], p["W_h"].shape[1]), x.dtype)
    _, states = jax.lax.scan(step, (zeros, zeros), fed(x) if before else x)
    logits = jax.nn.log_softmax(states @ p["W_qh"].T + p["b_q"])
    return -jnp.take_along_axis(logits, y[..., None], axis=-1).mean()


def _tanh(p: Any, fed: Any, state: Any) -> Any:
    h, unused = state
    return jnp.tanh(fed + h @ p["W_h"].T), unused


def _lstm(p: Any, fed: Any, state: Any) -> Any:
    h, c = state
    i, f, o, g = jnp.split(fed + h @ p["W_h"].T, 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def _gru(p: Any, fed: Any, state: Any) -> Any:
    h, unused = state
    x_r, x_z, x_n = jnp.split(fed, 3, axis=1)
    h_r, h_z, h_n = jnp.split(h @ p["W_h"].T, 3, axis=1)
    r, z = jax.nn.sigmoid(x_r + h_r), jax.nn.sigmoid(x_z + h_z)
    n = jnp.tanh(x_n + r * (h_n + p["b_hn"]))
    return (1 - z) * n + z * h, unused


LAYERS = {"tanh": _tanh, "lstm": _lstm, "gru": _gru}
