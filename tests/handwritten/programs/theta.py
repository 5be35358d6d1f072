"""Everything in one vector, and its gradient, as optimisers of a library take it."""

import numpy as np


def unpack(theta, D, H, K):
    k = 0
    parts = []
    for shape in ((H, D), (H, H), (H,), (K, H), (K,)):
        n = int(np.prod(shape))
        parts.append(theta[k : k + n].reshape(shape))
        k += n
    return parts


def cost(theta, x, y, h0, D, H, K):
    W, U, b, V, c = unpack(theta, D, H, K)
    h = [h0]
    for t in range(len(x)):
        h.append(np.maximum(W @ x[t] + U @ h[-1] + b, 0))
    dW, dU, db, dV, dc = (np.zeros_like(p) for p in (W, U, b, V, c))
    after = np.zeros_like(b)
    J = 0
    for t in reversed(range(len(x))):
        e = (V @ h[t + 1] + c - y[t]) / len(x)
        J += 0.5 * len(x) * e @ e
        dV += np.outer(e, h[t + 1])
        dc += e
        after = (V.T @ e + U.T @ after) * (h[t + 1] > 0)
        dW += np.outer(after, x[t])
        dU += np.outer(after, h[t])
        db += after
    return J, np.concatenate([g.ravel() for g in (dW, dU, db, dV, dc)])
