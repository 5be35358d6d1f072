"""Words by their numbers: columns of U looked up, every loss sent back by itself, no start."""

import numpy as np


def softmax(v):
    e = np.exp(v - v.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class WordModel:
    def __init__(self, word_dim, hidden_dim=100, bptt_truncate=1000):
        self.word_dim = word_dim
        self.hidden_dim = hidden_dim
        self.bptt_truncate = bptt_truncate
        low = 1.0 / np.sqrt(word_dim)
        self.U = np.random.uniform(-low, low, (hidden_dim, word_dim))
        self.V = np.random.uniform(-low, low, (word_dim, hidden_dim))
        self.W = np.random.uniform(-low, low, (hidden_dim, hidden_dim))

    def forward_propagation(self, x):
        T = len(x)
        s = np.zeros((T + 1, self.hidden_dim))
        for t in range(T):
            s[t] = np.tanh(self.U[:, x[t]] + self.W.dot(s[t - 1]))
        return softmax(s[:T].dot(self.V.T)), s

    def bptt(self, x, y):
        T = len(y)
        o, s = self.forward_propagation(x)
        dLdU, dLdV, dLdW = (np.zeros(m.shape) for m in (self.U, self.V, self.W))
        delta_o = o.copy()
        delta_o[np.arange(T), y] -= 1.0
        for t in range(T)[::-1]:
            dLdV += np.outer(delta_o[t], s[t])
            delta_t = self.V.T.dot(delta_o[t]) * (1 - s[t] ** 2)
            for k in range(max(0, t - self.bptt_truncate), t + 1)[::-1]:
                dLdW += np.outer(delta_t, s[k - 1])
                dLdU[:, x[k]] += delta_t
                delta_t = self.W.T.dot(delta_t) * (1 - s[k - 1] ** 2)
        return [dLdU, dLdV, dLdW]
