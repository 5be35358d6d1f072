"""Two layers, a recursion from the last step, gradients summed up in an inner function."""

import numpy as np


def loss_grad(p, x, y):
    T = x.shape[0]

    def run(t, h1, h2):
        if t == T:
            return 0.0, {k: np.zeros_like(v) for k, v in p.items()}, 0 * h1, 0 * h2
        n1 = np.tanh(p["W1"] @ x[t] + p["U1"] @ h1 + p["b1"])
        n2 = np.tanh(p["W2"] @ n1 + p["U2"] @ h2 + p["b2"])
        o = p["V"] @ n2 + p["c"]
        prob = np.exp(o - o.max())
        prob /= prob.sum()
        loss, g, d1, d2 = run(t + 1, n1, n2)
        do = prob.copy()
        do[y[t]] -= 1
        do /= T
        g["V"] += np.outer(do, n2)
        g["c"] += do
        a2 = (p["V"].T @ do + d2) * (1 - n2**2)
        g["W2"] += np.outer(a2, n1)
        g["U2"] += np.outer(a2, h2)
        g["b2"] += a2
        a1 = (p["W2"].T @ a2 + d1) * (1 - n1**2)
        g["W1"] += np.outer(a1, x[t])
        g["U1"] += np.outer(a1, h1)
        g["b1"] += a1
        return loss - np.log(prob[y[t]]) / T, g, p["U1"].T @ a1, p["U2"].T @ a2

    loss, g, _, _ = run(0, np.zeros(p["U1"].shape[0]), np.zeros(p["U2"].shape[0]))
    return loss, g
