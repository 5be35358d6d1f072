"""A GRU over batches: time-major, the parameters in a dict, L the mean over steps and batch."""

import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def loss_and_grads(params, x, y, h0):
    T, B, _ = x.shape
    h = np.zeros((T + 1, *h0.shape), x.dtype)
    h[0] = h0
    r, z, n = (np.zeros((T, *h0.shape), x.dtype) for _ in range(3))
    for t in range(T):
        r[t] = sigmoid(x[t] @ params["W_xr"].T + h[t] @ params["W_hr"].T + params["b_r"])
        z[t] = sigmoid(x[t] @ params["W_xz"].T + h[t] @ params["W_hz"].T + params["b_z"])
        n[t] = np.tanh(x[t] @ params["W_xn"].T + (r[t] * h[t]) @ params["W_hn"].T + params["b_n"])
        h[t + 1] = (1 - z[t]) * h[t] + z[t] * n[t]
    o = h[1:] @ params["W_ho"].T + params["b_o"]
    loss = 0.5 * np.sum((o - y) ** 2) / (T * B)
    do = (o - y) / (T * B)
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    grads["W_ho"] = np.einsum("tbi,tbj->ij", do, h[1:])
    grads["b_o"] = do.sum(axis=(0, 1))
    dh = np.zeros_like(h0)
    for t in reversed(range(T)):
        dh = dh + do[t] @ params["W_ho"]
        dn = dh * z[t] * (1 - n[t] ** 2)
        dz = dh * (n[t] - h[t]) * z[t] * (1 - z[t])
        drh = dn @ params["W_hn"]
        dr = drh * h[t] * r[t] * (1 - r[t])
        for gate, d in (("r", dr), ("z", dz), ("n", dn)):
            grads[f"W_x{gate}"] += d.T @ x[t]
            grads[f"b_{gate}"] += d.sum(axis=0)
        grads["W_hr"] += dr.T @ h[t]
        grads["W_hz"] += dz.T @ h[t]
        grads["W_hn"] += dn.T @ (r[t] * h[t])
        dh = dh * (1 - z[t]) + drh * r[t] + dr @ params["W_hr"] + dz @ params["W_hz"]
    grads["h[0]"] = dh
    return loss, grads
