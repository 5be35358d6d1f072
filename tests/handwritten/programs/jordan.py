"""What goes back is the output; deltas in a list, gradients by comprehensions at the end."""

import numpy as np


def gradients(params, inputs, o0):
    W, U, b, V, c = (params[k] for k in ("W", "U", "b", "V", "c"))
    xs, ys = inputs["x"], inputs["y"]
    hidden, outputs = [], [o0]
    for x in xs:
        hidden.append(1 / (1 + np.exp(-(W @ x + U @ outputs[-1] + b))))
        outputs.append(np.tanh(V @ hidden[-1] + c))
    inner, outer, back = [], [], 0.0
    for h, o, y in zip(hidden[::-1], outputs[:0:-1], ys[::-1], strict=True):
        e = (o - y) / len(xs) + back
        outer.insert(0, e * (1 - o * o))
        inner.insert(0, (V.T @ outer[0]) * h * (1 - h))
        back = U.T @ inner[0]
    return {
        "dW": sum(np.outer(d, x) for d, x in zip(inner, xs, strict=True)),
        "dU": sum(np.outer(d, o) for d, o in zip(inner, outputs, strict=False)),
        "db": sum(inner),
        "dV": sum(np.outer(d, h) for d, h in zip(outer, hidden, strict=True)),
        "dc": sum(outer),
    }
