"""An LSTM as a class: its parameters in a dict, each gate reading [h, x] from one stack."""

import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


class LSTM:
    def __init__(self, input_size, hidden_size, output_size):
        self.hidden_size = hidden_size
        shape = (hidden_size, hidden_size + input_size)
        rng = np.random.default_rng(0)
        self.params = {f"W{gate}": rng.standard_normal(shape) * 0.1 for gate in "fioc"}
        self.params |= {f"b{gate}": np.zeros(hidden_size) for gate in "fioc"}
        self.params["Wy"] = rng.standard_normal((output_size, hidden_size)) * 0.1
        self.params["by"] = np.zeros(output_size)

    def gradients(self, x, y, h0, c0):
        p = self.params
        h, c, steps, loss = h0, c0, [], 0.0
        for t in range(len(x)):
            z = np.concatenate([h, x[t]])
            f = sigmoid(p["Wf"] @ z + p["bf"])
            i = sigmoid(p["Wi"] @ z + p["bi"])
            o = sigmoid(p["Wo"] @ z + p["bo"])
            g = np.tanh(p["Wc"] @ z + p["bc"])
            before = c
            c = f * c + i * g
            h = o * np.tanh(c)
            s = p["Wy"] @ h + p["by"]
            q = np.exp(s - s.max())
            q /= q.sum()
            loss -= np.log(q[y[t]]) / len(x)
            steps.append((z, f, i, o, g, before, c, h, q))
        grads = {name: np.zeros_like(array) for name, array in p.items()}
        dh_next, dc_next = np.zeros_like(h), np.zeros_like(c)
        for t in reversed(range(len(x))):
            z, f, i, o, g, before, c, h, q = steps[t]
            ds = q.copy()
            ds[y[t]] -= 1
            ds /= len(x)
            grads["Wy"] += np.outer(ds, h)
            grads["by"] += ds
            dh = p["Wy"].T @ ds + dh_next
            dc = dh * o * (1 - np.tanh(c) ** 2) + dc_next
            do = dh * np.tanh(c) * o * (1 - o)
            df = dc * before * f * (1 - f)
            di = dc * g * i * (1 - i)
            dg = dc * i * (1 - g**2)
            dz = 0
            for gate, d in (("f", df), ("i", di), ("o", do), ("c", dg)):
                grads[f"W{gate}"] += np.outer(d, z)
                grads[f"b{gate}"] += d
                dz = dz + p[f"W{gate}"].T @ d
            dh_next = dz[: self.hidden_size]
            dc_next = dc * f
        return loss, grads
