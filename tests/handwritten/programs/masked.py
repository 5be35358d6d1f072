"""A leaky network over trials (N, T, d) with a mask; the rate alpha is learned, too."""

import numpy as np


def gradients(weights, x_in, y_target, mask):
    W_in, W_rec, W_out = (weights[k] for k in ("W_in", "W_rec", "W_out"))
    alpha, b_rec, b_out = weights["alpha"], weights["b_rec"], weights["b_out"]
    n_trials, n_steps, _ = x_in.shape
    n_rec = W_rec.shape[0]
    state = np.zeros((n_trials, n_steps + 1, n_rec))
    rate = np.zeros((n_trials, n_steps, n_rec))
    for t in range(n_steps):
        rate[:, t] = np.tanh(x_in[:, t] @ W_in.T + state[:, t] @ W_rec.T + b_rec)
        state[:, t + 1] = (1 - alpha) * state[:, t] + alpha * rate[:, t]
    error = (state[:, 1:] @ W_out.T + b_out - y_target) * mask[..., None] / mask.sum()
    out = {k: np.zeros_like(v) for k, v in weights.items()}
    out["W_out"] = np.einsum("btk,btr->kr", error, state[:, 1:])
    out["b_out"] = error.sum((0, 1))
    lam = np.zeros((n_trials, n_rec))
    for t in range(n_steps - 1, -1, -1):
        lam = lam + error[:, t] @ W_out
        pre = alpha * lam * (1 - rate[:, t] ** 2)
        out["alpha"] += np.sum(lam * (rate[:, t] - state[:, t]))
        out["W_in"] += pre.T @ x_in[:, t]
        out["W_rec"] += pre.T @ state[:, t]
        out["b_rec"] += pre.sum(0)
        lam = (1 - alpha) * lam + pre @ W_rec
    return out
