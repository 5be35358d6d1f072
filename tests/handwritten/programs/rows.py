"""Row vectors, batch-first: weights are (from, to), y unit vectors, L the mean."""

import numpy as np


def bptt(X, Y, W_xh, W_hh, b_h, W_hq, b_q, h_init):
    N, T, _ = X.shape
    H = [h_init]
    P = []
    for t in range(T):
        H.append(np.tanh(X[:, t] @ W_xh + H[-1] @ W_hh + b_h))
        scores = H[-1] @ W_hq + b_q
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        P.append(scores / scores.sum(axis=1, keepdims=True))
    dW_xh, dW_hh, dW_hq = (np.zeros_like(W) for W in (W_xh, W_hh, W_hq))
    db_h, db_q = np.zeros_like(b_h), np.zeros_like(b_q)
    delta = np.zeros_like(h_init)
    for t in range(T - 1, -1, -1):
        dO = (P[t] - Y[:, t]) / (N * T)
        dW_hq += H[t + 1].T @ dO
        db_q += dO.sum(0)
        dH = dO @ W_hq.T + delta @ W_hh.T
        delta = dH * (1 - H[t + 1] ** 2)
        dW_xh += X[:, t].T @ delta
        dW_hh += H[t].T @ delta
        db_h += delta.sum(0)
    return dW_xh, dW_hh, db_h, dW_hq, db_q
