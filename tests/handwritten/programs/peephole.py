"""An LSTM whose gates look at the cell: time-major, dicts of parameters, inputs and carry."""

import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def backprop(params, inputs, carry):
    p, x, y = params, inputs["x"], inputs["y"]
    h, c = carry["h[0]"], carry["c[0]"]
    T, B = x.shape[:2]
    saved, loss = [], 0
    for t in range(T):
        i = sigmoid(x[t] @ p["W_i"].T + h @ p["U_i"].T + p["p_i"] * c + p["b_i"])
        f = sigmoid(x[t] @ p["W_f"].T + h @ p["U_f"].T + p["p_f"] * c + p["b_f"])
        g = np.tanh(x[t] @ p["W_g"].T + h @ p["U_g"].T + p["b_g"])
        new = f * c + i * g
        o = sigmoid(x[t] @ p["W_o"].T + h @ p["U_o"].T + p["p_o"] * new + p["b_o"])
        saved.append((i, f, g, o, c, new, h))
        h, c = o * np.tanh(new), new
        e = h @ p["V"].T + p["a"] - y[t]
        loss += 0.5 * np.sum(e**2) / B
        saved[-1] += (h, e / B)
    grads = {f"d_{k}": np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(h)
    dc = np.zeros_like(c)
    for t in range(T - 1, -1, -1):
        i, f, g, o, c0, c1, h0, h1, e = saved[t]
        grads["d_V"] += e.T @ h1
        grads["d_a"] += e.sum(0)
        dh += e @ p["V"]
        do = dh * np.tanh(c1) * o * (1 - o)
        dc += dh * o * (1 - np.tanh(c1) ** 2) + do * p["p_o"]
        di = dc * g * i * (1 - i)
        df = dc * c0 * f * (1 - f)
        dg = dc * i * (1 - g**2)
        dh = np.zeros_like(h)
        for k, d in (("i", di), ("f", df), ("g", dg), ("o", do)):
            grads["d_W_" + k] += d.T @ x[t]
            grads["d_U_" + k] += d.T @ h0
            grads["d_b_" + k] += d.sum(0)
            dh += d @ p["U_" + k]
        grads["d_p_i"] += (di * c0).sum(0)
        grads["d_p_f"] += (df * c0).sum(0)
        grads["d_p_o"] += (do * c1).sum(0)
        dc = dc * f + di * p["p_i"] + df * p["p_f"]
    return loss, grads
