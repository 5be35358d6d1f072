"""Everything in float32, names of the file, a cache of the file; it prints, and has defaults."""

import numpy as np

np.random.seed(3)
hidden_size = 16
input_size = 4
output_size = 2
W = np.random.randn(hidden_size, input_size).astype(np.float32)
U = np.eye(hidden_size, dtype=np.float32)
b = np.zeros(hidden_size, dtype=np.float32)
V = np.random.randn(output_size, hidden_size).astype(np.float32)
c = np.zeros(output_size, dtype=np.float32)
cache = {}


def forward(xs, h0):
    hs = [np.asarray(h0, np.float32)]
    for x in xs:
        hs.append(np.maximum(W @ x.astype(np.float32) + U @ hs[-1] + b, 0))
    cache["xs"], cache["hs"] = xs, hs
    return [V @ h + c for h in hs[1:]]


def backward(xs, ys, h0, verbose=True, scale=1.0):
    outs = forward(xs, h0)
    hs, T = cache["hs"], len(xs)
    dW, dU, dV = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V)
    db, dc = np.zeros_like(b), np.zeros_like(c)
    after = np.zeros_like(b)
    for t in range(T - 1, -1, -1):
        e = (outs[t] - ys[t]).astype(np.float32) * scale
        if verbose:
            print(f"step {t}: error {float(e @ e):.3f}")
        dV += np.outer(e, hs[t + 1])
        dc += e
        after = (V.T @ e + U.T @ after) * (hs[t + 1] > 0)
        dW += np.outer(after, xs[t])
        dU += np.outer(after, hs[t])
        db += after
    return dW, dU, db, dV, dc
