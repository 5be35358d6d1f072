"""The usual way to write it: a loop over the steps, a product a gate, gradients added up a step.

Each function takes the parameters and inputs of its model in `benchmarks/models` or of the built-in
one and returns the loss and a gradient for every parameter and initial value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Gradient = tuple[float, dict[str, Array]]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def cross_entropy(logits: Array, y: NDArray[np.integer[Any]], steps: int) -> tuple[float, Array]:
    """A step's part of the mean loss, and its gradient."""
    rows = np.arange(len(y))
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, y]).sum() / (steps * len(y))
    p[rows, y] -= 1
    return float(loss), p / (steps * len(y))


def _zeros(params: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.zeros_like(array) for name, array in params.items()}


def tanh(params: Mapping[str, Array], inputs: Mapping[str, Any]) -> Gradient:
    """Elman network."""
    p, x, y = params, inputs["x"], inputs["y"]
    T, B = y.shape
    h = {-1: np.zeros((B, len(p["b_h"])), x.dtype)}
    d_o = {}
    loss = 0.0
    for t in range(T):
        h[t] = np.tanh(x[t] @ p["W_xh"].T + h[t - 1] @ p["W_hh"].T + p["b_h"])
        part, d_o[t] = cross_entropy(h[t] @ p["W_qh"].T + p["b_q"], y[t], T)
        loss += part
    g = _zeros(p)
    d_h = np.zeros_like(h[-1])
    for t in reversed(range(T)):
        g["W_qh"] += d_o[t].T @ h[t]
        g["b_q"] += d_o[t].sum(axis=0)
        d_a = (d_h + d_o[t] @ p["W_qh"]) * (1 - h[t] ** 2)
        g["W_xh"] += d_a.T @ x[t]
        g["W_hh"] += d_a.T @ h[t - 1]
        g["b_h"] += d_a.sum(axis=0)
        d_h = d_a @ p["W_hh"]
    return loss, {**g, "h[0]": d_h}


def lstm(params: Mapping[str, Array], inputs: Mapping[str, Any]) -> Gradient:
    """Long short-term memory."""
    p, x, y = params, inputs["x"], inputs["y"]
    T, B = y.shape
    h = {-1: np.zeros((B, len(p["b_i"])), x.dtype)}
    c = {-1: np.zeros_like(h[-1])}
    i, f, o, g, d_o = {}, {}, {}, {}, {}
    loss = 0.0
    for t in range(T):
        i[t] = sigmoid(x[t] @ p["W_xi"].T + h[t - 1] @ p["W_hi"].T + p["b_i"])
        f[t] = sigmoid(x[t] @ p["W_xf"].T + h[t - 1] @ p["W_hf"].T + p["b_f"])
        o[t] = sigmoid(x[t] @ p["W_xo"].T + h[t - 1] @ p["W_ho"].T + p["b_o"])
        g[t] = np.tanh(x[t] @ p["W_xg"].T + h[t - 1] @ p["W_hg"].T + p["b_g"])
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        part, d_o[t] = cross_entropy(h[t] @ p["W_qh"].T + p["b_q"], y[t], T)
        loss += part
    grads = _zeros(p)
    d_h, d_c = np.zeros_like(h[-1]), np.zeros_like(h[-1])
    for t in reversed(range(T)):
        grads["W_qh"] += d_o[t].T @ h[t]
        grads["b_q"] += d_o[t].sum(axis=0)
        d_h = d_h + d_o[t] @ p["W_qh"]
        tanh_c = np.tanh(c[t])
        d_c = d_c + d_h * o[t] * (1 - tanh_c**2)
        d_a = {
            "i": d_c * g[t] * i[t] * (1 - i[t]),
            "f": d_c * c[t - 1] * f[t] * (1 - f[t]),
            "o": d_h * tanh_c * o[t] * (1 - o[t]),
            "g": d_c * i[t] * (1 - g[t] ** 2),
        }
        d_h = np.zeros_like(d_h)
        for gate, d in d_a.items():
            grads[f"W_x{gate}"] += d.T @ x[t]
            grads[f"W_h{gate}"] += d.T @ h[t - 1]
            grads[f"b_{gate}"] += d.sum(axis=0)
            d_h += d @ p[f"W_h{gate}"]
        d_c = d_c * f[t]
    return loss, {**grads, "h[0]": d_h, "c[0]": d_c}


def gru(params: Mapping[str, Array], inputs: Mapping[str, Any]) -> Gradient:
    """GRU with the reset gate after the product."""
    p, x, y = params, inputs["x"], inputs["y"]
    T, B = y.shape
    h = {-1: np.zeros((B, len(p["b_r"])), x.dtype)}
    r, z, n, side, d_o = {}, {}, {}, {}, {}
    loss = 0.0
    for t in range(T):
        r[t] = sigmoid(x[t] @ p["W_xr"].T + h[t - 1] @ p["W_hr"].T + p["b_r"])
        z[t] = sigmoid(x[t] @ p["W_xz"].T + h[t - 1] @ p["W_hz"].T + p["b_z"])
        side[t] = h[t - 1] @ p["W_hn"].T + p["b_hn"]
        n[t] = np.tanh(x[t] @ p["W_xn"].T + p["b_xn"] + r[t] * side[t])
        h[t] = (1 - z[t]) * n[t] + z[t] * h[t - 1]
        part, d_o[t] = cross_entropy(h[t] @ p["W_qh"].T + p["b_q"], y[t], T)
        loss += part
    grads = _zeros(p)
    d_h = np.zeros_like(h[-1])
    for t in reversed(range(T)):
        grads["W_qh"] += d_o[t].T @ h[t]
        grads["b_q"] += d_o[t].sum(axis=0)
        d_h = d_h + d_o[t] @ p["W_qh"]
        d_n = d_h * (1 - z[t]) * (1 - n[t] ** 2)
        d_side = d_n * r[t]
        d_r = d_n * side[t] * r[t] * (1 - r[t])
        d_z = d_h * (h[t - 1] - n[t]) * z[t] * (1 - z[t])
        for gate, d in (("r", d_r), ("z", d_z)):
            grads[f"W_x{gate}"] += d.T @ x[t]
            grads[f"W_h{gate}"] += d.T @ h[t - 1]
            grads[f"b_{gate}"] += d.sum(axis=0)
        grads["W_xn"] += d_n.T @ x[t]
        grads["b_xn"] += d_n.sum(axis=0)
        grads["W_hn"] += d_side.T @ h[t - 1]
        grads["b_hn"] += d_side.sum(axis=0)
        d_h = d_h * z[t] + d_side @ p["W_hn"] + d_r @ p["W_hr"] + d_z @ p["W_hz"]
    return loss, {**grads, "h[0]": d_h}


GRADIENTS: dict[str, Callable[[Mapping[str, Array], Mapping[str, Any]], Gradient]] = {
    "tanh": tanh,
    "lstm": lstm,
    "gru": gru,
}
