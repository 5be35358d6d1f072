"""A GRU as a module of a small framework: forward keeps what backward(dout) needs; self.grads."""

import numpy as np


def sigmoid(v):
    return 0.5 * (1 + np.tanh(0.5 * v))


class GRULayer:
    def __init__(self, input_size, hidden_size):
        self.input_size, self.hidden_size = input_size, hidden_size
        self.params, self.grads = {}, {}
        for gate in "zrn":
            self.params["W" + gate] = np.random.randn(input_size, hidden_size)
            self.params["U" + gate] = np.random.randn(hidden_size, hidden_size)
            self.params["b" + gate] = np.zeros(hidden_size)

    def forward(self, x, h0=None):
        P = self.params
        N, T, _ = x.shape
        h = np.zeros((N, self.hidden_size)) if h0 is None else h0
        self.cache, hs = [], []
        for t in range(T):
            xt = x[:, t, :]
            z = sigmoid(xt @ P["Wz"] + h @ P["Uz"] + P["bz"])
            r = sigmoid(xt @ P["Wr"] + h @ P["Ur"] + P["br"])
            n = np.tanh(xt @ P["Wn"] + (r * h) @ P["Un"] + P["bn"])
            self.cache.append((xt, h, z, r, n))
            h = z * h + (1 - z) * n
            hs.append(h)
        return np.stack(hs, axis=1)

    def backward(self, dout):
        P = self.params
        self.grads = {k: np.zeros_like(v) for k, v in P.items()}
        dx = np.zeros((*dout.shape[:2], self.input_size))
        dh = 0
        for t in range(dout.shape[1] - 1, -1, -1):
            xt, h, z, r, n = self.cache[t]
            dh = dh + dout[:, t, :]
            dn = dh * (1 - z) * (1 - n**2)
            dz = dh * (h - n) * z * (1 - z)
            drh = dn @ P["Un"].T
            dr = drh * h * r * (1 - r)
            self.grads["Un"] += (r * h).T @ dn
            self.grads["Uz"] += h.T @ dz
            self.grads["Ur"] += h.T @ dr
            for name, d in zip("zrn", (dz, dr, dn), strict=True):
                self.grads["W" + name] += xt.T @ d
                self.grads["b" + name] += d.sum(0)
            dx[:, t, :] = dz @ P["Wz"].T + dr @ P["Wr"].T + dn @ P["Wn"].T
            dh = dh * z + drh * r + dz @ P["Uz"].T + dr @ P["Ur"].T
        return dx
