"""An LSTM in rows, batch-first, four gates side by side in each matrix: input forget output new."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, _, Wh, i, f, o, g, next_c = cache
    do = dnext_h * np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    di, df, dg = dc * g, dc * prev_c, dc * i
    da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
    return da.dot(Wh.T), dc * f, x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)


def lstm_loss(x, y, h0, Wx, Wh, b, W_out, b_out):
    N, T, _ = x.shape
    h, c, caches, states = h0, np.zeros_like(h0), [], []
    for t in range(T):
        h, c, cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        caches.append(cache)
        states.append(h)
    hs = np.stack(states, axis=1)
    scores = hs.dot(W_out) + b_out
    p = np.exp(scores - scores.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    rows, cols = np.arange(N)[:, None], np.arange(T)[None]
    loss = -np.log(p[rows, cols, y]).mean()
    p[rows, cols, y] -= 1
    p /= N * T
    dW_out, db_out = np.einsum("ntr,nts->rs", hs, p), p.sum(axis=(0, 1))
    dhs = p.dot(W_out.T)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh, dc = np.zeros_like(h0), np.zeros_like(h0)
    for t in reversed(range(T)):
        dh, dc, wx, wh, bias = lstm_step_backward(dhs[:, t] + dh, dc, caches[t])
        dWx += wx
        dWh += wh
        db += bias
    return loss, dict(Wx=dWx, Wh=dWh, b=db, W_out=dW_out, b_out=db_out)
