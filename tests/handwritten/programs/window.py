"""Three dicts; the last row of an array is the start; the slope as (1 + h) (1 - h)."""

import numpy as np


def step(params, inputs, carry):
    W, U, b, V, c = (params[k] for k in "WUbVc")
    x, y, h = inputs["x"], inputs["y"], carry["h[0]"] if "h[0]" in carry else carry["h"]
    hs = np.zeros((len(x) + 1, len(b)))
    hs[-1] = h
    es = []
    for t, xt in enumerate(x):
        hs[t] = np.tanh(W.dot(xt) + U.dot(hs[t - 1]) + b)
        es.append(V.dot(hs[t]) + c - y[t])
    out = {"dW": 0, "dU": 0, "db": 0, "dV": 0, "dc": 0}
    nxt = 0
    t = len(x)
    while t > 0:
        t -= 1
        da = (V.T.dot(es[t]) + nxt) * (1 + hs[t]) * (1 - hs[t])
        out["dV"] = out["dV"] + es[t][:, None] * hs[t][None, :]
        out["dc"] = out["dc"] + es[t]
        out["dU"] = out["dU"] + da[:, None] * hs[t - 1][None, :]
        out["dW"] = out["dW"] + da[:, None] * xt_of(x, t)[None, :]
        out["db"] = out["db"] + da
        nxt = da.dot(U)
    return {k: v / len(x) for k, v in out.items()}


def xt_of(x, t):
    return x[t]
