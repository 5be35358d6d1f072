"""An LSTM class with one matrix (4h, h + d) for all gates: new, input, forget, output."""

import numpy as np


def sig(v):
    return 1 / (1 + np.exp(-v))


class StackedLSTM:
    def __init__(self, n_x, n_h, n_y, seed=1):
        rng = np.random.RandomState(seed)
        self.n_h = n_h
        self.params = dict(
            W=rng.randn(4 * n_h, n_h + n_x) / 10,
            b=np.zeros(4 * n_h),
            Wy=rng.randn(n_y, n_h) / 10,
            by=np.zeros(n_y),
        )

    def loss(self, xs, ys, h, c):
        n, kept, total = self.n_h, [], 0.0
        W, b, Wy, by = (self.params[k] for k in ("W", "b", "Wy", "by"))
        for x, y in zip(xs, ys, strict=True):
            hx = np.hstack((h, x))
            a = W @ hx + b
            g, i, f, o = np.tanh(a[:n]), sig(a[n : 2 * n]), sig(a[2 * n : 3 * n]), sig(a[3 * n :])
            c_old, c = c, f * c + i * g
            h = o * np.tanh(c)
            z = Wy @ h + by
            p = np.exp(z - z.max())
            p /= p.sum()
            total -= np.log(p[y])
            kept.append((hx, g, i, f, o, c_old, c, h, p, y))
        grads = {k: np.zeros_like(v) for k, v in self.params.items()}
        dh, dc = np.zeros(n), np.zeros(n)
        for hx, g, i, f, o, c_old, c, h, p, y in reversed(kept):
            dz = p.copy()
            dz[y] -= 1
            grads["Wy"] += np.outer(dz, h)
            grads["by"] += dz
            dh = dh + Wy.T @ dz
            t = np.tanh(c)
            dc = dc + dh * o * (1 - t * t)
            da = np.concatenate(
                (
                    dc * i * (1 - g * g),
                    dc * g * i * (1 - i),
                    dc * c_old * f * (1 - f),
                    dh * t * o * (1 - o),
                )
            )
            grads["W"] += np.outer(da, hx)
            grads["b"] += da
            dh = (W.T @ da)[:n]
            dc = dc * f
        return total, grads
