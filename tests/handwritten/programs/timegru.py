"""A layer a step; stacked matrices, rows; parameters and gradients in lists."""

import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


class GRU:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        H = Wh.shape[0]
        z = sigmoid(x @ Wx[:, :H] + h_prev @ Wh[:, :H] + b[:H])
        r = sigmoid(x @ Wx[:, H : 2 * H] + h_prev @ Wh[:, H : 2 * H] + b[H : 2 * H])
        n = np.tanh(x @ Wx[:, 2 * H :] + (r * h_prev) @ Wh[:, 2 * H :] + b[2 * H :])
        self.cache = x, h_prev, z, r, n
        return (1 - z) * h_prev + z * n

    def backward(self, dh):
        Wh = self.params[1]
        H = Wh.shape[0]
        x, h_prev, z, r, n = self.cache
        dn = dh * z
        dh_prev = dh * (1 - z)
        dt = dn * (1 - n**2)
        dbh = dt.sum(axis=0)
        dWhh = (r * h_prev).T @ dt
        dhr = dt @ Wh[:, 2 * H :].T
        dWxh = x.T @ dt
        dh_prev += r * dhr
        dz = dh * n - dh * h_prev
        dt = dz * z * (1 - z)
        dbz = dt.sum(axis=0)
        dWhz = h_prev.T @ dt
        dh_prev += dt @ Wh[:, :H].T
        dWxz = x.T @ dt
        dr = dhr * h_prev
        dt = dr * r * (1 - r)
        dbr = dt.sum(axis=0)
        dWhr = h_prev.T @ dt
        dh_prev += dt @ Wh[:, H : 2 * H].T
        dWxr = x.T @ dt
        self.grads[0][...] = np.hstack((dWxz, dWxr, dWxh))
        self.grads[1][...] = np.hstack((dWhz, dWhr, dWhh))
        self.grads[2][...] = np.hstack((dbz, dbr, dbh))
        return dh_prev


def loss_and_gradients(xs, ys, h0, Wx, Wh, b):
    N, T, _ = xs.shape
    layers, h, hs = [], h0, []
    for t in range(T):
        layers.append(GRU(Wx, Wh, b))
        h = layers[-1].forward(xs[:, t, :], h)
        hs.append(h)
    hs = np.stack(hs, 1)
    dhs = (hs - ys) / (N * T)
    grads, dh = [0, 0, 0], 0
    for t in reversed(range(T)):
        dh = layers[t].backward(dhs[:, t, :] + dh)
        for i, grad in enumerate(layers[t].grads):
            grads[i] += grad
    dWx, dWh, db = grads
    return dWx, dWh, db
