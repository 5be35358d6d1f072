"""An LSTM that answers at the end; columns, in-place slopes, tuples, names of the file."""

import numpy as np

H, D, K = 3, 2, 2
Wf, Wi, Wg, Wo = (np.random.randn(H, H + D) for _ in range(4))
bf, bi, bg, bo = (np.zeros((H, 1)) for _ in range(4))
Wy, by = np.random.randn(K, H), np.zeros((K, 1))


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def forward(xs):
    h, c, cache = np.zeros((Wf.shape[0], 1)), np.zeros((Wf.shape[0], 1)), []
    for x in xs:
        z = np.vstack((h, x))
        f, i, g, o = (
            sigmoid(Wf @ z + bf),
            sigmoid(Wi @ z + bi),
            np.tanh(Wg @ z + bg),
            sigmoid(Wo @ z + bo),
        )
        before, c = c, f * c + i * g
        h = o * np.tanh(c)
        cache.append((z, f, i, g, o, before, c))
    return Wy @ h + by, h, cache


def backward(xs, y):
    out, h_last, cache = forward(xs)
    dWf, dWi, dWg, dWo = (np.zeros_like(w) for w in (Wf, Wi, Wg, Wo))
    dbf, dbi, dbg, dbo = (np.zeros_like(b) for b in (bf, bi, bg, bo))
    dy = out - y
    dWy, dby = dy @ h_last.T, dy
    dh, dc = Wy.T @ dy, 0
    for z, f, i, g, o, before, c in reversed(cache):
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        do = dh * np.tanh(c)
        do *= o * (1 - o)
        df = dc * before
        df *= f * (1 - f)
        di = dc * g
        di *= i * (1 - i)
        dg = dc * i
        dg *= 1 - g**2
        dWo += do @ z.T
        dWf += df @ z.T
        dWi += di @ z.T
        dWg += dg @ z.T
        dbo += do
        dbf += df
        dbi += di
        dbg += dg
        dz = Wf.T @ df + Wi.T @ di + Wg.T @ dg + Wo.T @ do
        dh, dc = dz[: len(dh)], dc * f
    return dict(Wf=dWf, Wi=dWi, Wg=dWg, Wo=dWo, bf=dbf, bi=dbi, bg=dbg, bo=dbo, Wy=dWy, by=dby)
