"""A layer as courses set it: rows, a step and a sequence, a cache."""

import numpy as np


def step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dscore = (1 - next_h**2) * dnext_h
    dx = dscore @ Wx.T
    dprev_h = dscore @ Wh.T
    dWx = x.T @ dscore
    dWh = prev_h.T @ dscore
    db = dscore.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def layer_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, Wh.shape[0]), dtype=x.dtype)
    cache, state = [], h0
    for t in range(T):
        state, kept = step_forward(x[:, t], state, Wx, Wh, b)
        h[:, t] = state
        cache.append(kept)
    return h, cache


def layer_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    dstate = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], dstate, a, c, e = step_backward(dh[:, t] + dstate, cache[t])
        dWx += a
        dWh += c
        db += e
    return dx, dstate, dWx, dWh, db


def train_step(x, y, h0, Wx, Wh, b):
    h, cache = layer_forward(x, h0, Wx, Wh, b)
    N, T, _ = h.shape
    loss = 0.5 * np.sum((h - y) ** 2) / (N * T)
    _, dh0, dWx, dWh, db = layer_backward((h - y) / (N * T), cache)
    return loss, {"Wx": dWx, "Wh": dWh, "b": db, "h0": dh0}
