"""For each loss its own way back; states in an array whose last row is the start."""

import numpy as np


class Network:
    def __init__(self, word_dim, hidden_dim):
        self.word_dim, self.hidden_dim = word_dim, hidden_dim
        self.U = np.random.uniform(-1, 1, (hidden_dim, word_dim))
        self.W = np.random.uniform(-1, 1, (hidden_dim, hidden_dim))
        self.V = np.random.uniform(-1, 1, (word_dim, hidden_dim))

    def forward(self, x):
        s = np.zeros((len(x) + 1, self.hidden_dim))
        o = np.zeros((len(x), self.word_dim))
        for t in range(len(x)):
            s[t] = np.tanh(self.U[:, x[t]] + self.W.dot(s[t - 1]))
            e = np.exp(self.V.dot(s[t]))
            o[t] = e / e.sum()
        return o, s

    def bptt(self, x, y):
        o, s = self.forward(x)
        dLdU, dLdV, dLdW = (np.zeros(m.shape) for m in (self.U, self.V, self.W))
        delta_o = o
        delta_o[np.arange(len(y)), y] -= 1.0
        for t in np.arange(len(y))[::-1]:
            dLdV += np.outer(delta_o[t], s[t])
            delta = self.V.T.dot(delta_o[t]) * (1 - s[t] ** 2)
            for step in np.arange(0, t + 1)[::-1]:
                dLdW += np.outer(delta, s[step - 1])
                dLdU[:, x[step]] += delta
                delta = self.W.T.dot(delta) * (1 - s[step - 1] ** 2)
        return dLdU, dLdV, dLdW
