"""A network in continuous time, Euler steps: the potential decays, a scalar is learned."""

import numpy as np


def grads(x, y, u0, h0, W, U, b, a):
    us, hs, drive = [u0], [h0], []
    for xt in x:
        drive.append(W @ xt + U @ hs[-1] + b)
        us.append((1 - a) * us[-1] + a * drive[-1])
        hs.append(np.tanh(us[-1]))
    gW, gU, gb, ga = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), 0.0
    lam, gh = np.zeros_like(u0), np.zeros_like(h0)
    for t in range(len(x), 0, -1):
        gh = gh + hs[t] - y[t - 1]
        lam = lam + gh * (1 - hs[t] ** 2)
        ga += lam @ (drive[t - 1] - us[t - 1])
        gW += a * np.outer(lam, x[t - 1])
        gU += a * np.outer(lam, hs[t - 1])
        gb += a * lam
        gh = a * U.T @ lam
        lam = (1 - a) * lam
    return {"grad_W": gW, "grad_U": gU, "grad_b": gb, "grad_a": ga}
