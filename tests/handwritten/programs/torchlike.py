"""The arrays of a framework's cell: (4h, d), two biases, (T, B, d); a dict of gradients."""

import numpy as np


def lstm_backward(x, y, h0, c0, weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0):
    T, B, _ = x.shape

    def sig(v):
        return 1.0 / (1.0 + np.exp(-v))

    h, c, saved, outs = h0, c0, [], []
    for t in range(T):
        gates = x[t] @ weight_ih_l0.T + bias_ih_l0 + h @ weight_hh_l0.T + bias_hh_l0
        i, f, g, o = np.split(gates, 4, axis=1)
        i, f, g, o = sig(i), sig(f), np.tanh(g), sig(o)
        c_new = f * c + i * g
        saved.append((h, c, i, f, g, o, c_new))
        h, c = o * np.tanh(c_new), c_new
        outs.append(h)
    d_out = (np.stack(outs) - y) / (T * B)
    grads = {
        "weight_ih_l0": np.zeros_like(weight_ih_l0),
        "weight_hh_l0": np.zeros_like(weight_hh_l0),
        "bias_ih_l0": np.zeros_like(bias_ih_l0),
        "bias_hh_l0": np.zeros_like(bias_hh_l0),
    }
    grad_h, grad_c = np.zeros_like(h0), np.zeros_like(c0)
    for t in range(T - 1, -1, -1):
        h_prev, c_prev, i, f, g, o, c_new = saved[t]
        grad_h = grad_h + d_out[t]
        tanh_c = np.tanh(c_new)
        grad_c = grad_c + grad_h * o * (1 - tanh_c**2)
        grad_gates = np.concatenate(
            [
                grad_c * g * i * (1 - i),
                grad_c * c_prev * f * (1 - f),
                grad_c * i * (1 - g**2),
                grad_h * tanh_c * o * (1 - o),
            ],
            axis=1,
        )
        grads["weight_ih_l0"] += grad_gates.T @ x[t]
        grads["weight_hh_l0"] += grad_gates.T @ h_prev
        grads["bias_ih_l0"] += grad_gates.sum(0)
        grads["bias_hh_l0"] += grad_gates.sum(0)
        grad_h = grad_gates @ weight_hh_l0
        grad_c = grad_c * f
    return grads
