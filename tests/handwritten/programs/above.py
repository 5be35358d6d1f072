"""A network that gets the gradient of its outputs from above; it keeps what forward computed."""

import numpy as np


class Network:
    def __init__(self, n_in, n_hidden, n_out):
        self.W_in = np.random.randn(n_hidden, n_in) * 0.1
        self.W_rec = np.random.randn(n_hidden, n_hidden) * 0.1
        self.b = np.zeros(n_hidden)
        self.W_out = np.random.randn(n_out, n_hidden) * 0.1
        self.c = np.zeros(n_out)

    def forward(self, x):
        T, B, _ = x.shape
        self.x = x
        self.h = np.zeros((T + 1, B, len(self.b)))
        for t in range(T):
            self.h[t + 1] = np.tanh(x[t] @ self.W_in.T + self.h[t] @ self.W_rec.T + self.b)
        return self.h[1:] @ self.W_out.T + self.c

    def backward(self, d_outputs):
        T, B, _ = d_outputs.shape
        self.dW_in = np.zeros_like(self.W_in)
        self.dW_rec = np.zeros_like(self.W_rec)
        self.db = np.zeros_like(self.b)
        self.dW_out = np.einsum("tbi,tbj->ij", d_outputs, self.h[1:])
        self.dc = d_outputs.sum(axis=(0, 1))
        carry = np.zeros((B, len(self.b)))
        for t in reversed(range(T)):
            dh = d_outputs[t] @ self.W_out + carry
            da = dh * (1 - self.h[t + 1] ** 2)
            self.dW_in += da.T @ self.x[t]
            self.dW_rec += da.T @ self.h[t]
            self.db += da.sum(axis=0)
            carry = da @ self.W_rec
