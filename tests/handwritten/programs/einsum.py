"""All steps at once where no step waits for another one: einsum, (B, T, d)."""

import numpy as np


def rnn_grads(X, Y, h_init, W, U, b, V, c):
    B, T, _ = X.shape
    H = np.empty((B, T + 1, len(b)))
    H[:, 0] = h_init
    pre = np.einsum("btd,hd->bth", X, W) + b
    for t in range(T):
        H[:, t + 1] = np.tanh(pre[:, t] + H[:, t] @ U.T)
    E = (H[:, 1:] @ V.T + c - Y) / (B * T)
    down = E @ V
    A = np.zeros((B, T + 1, len(b)))
    for t in range(T - 1, -1, -1):
        A[:, t] = (down[:, t] + A[:, t + 1] @ U) * (1 - H[:, t + 1] ** 2)
    A = A[:, :T]
    return (
        np.einsum("bth,btd->hd", A, X),
        np.einsum("bth,btk->hk", A, H[:, :-1]),
        A.sum(axis=(0, 1)),
        np.einsum("btk,bth->kh", E, H[:, 1:]),
        E.sum((0, 1)),
    )
