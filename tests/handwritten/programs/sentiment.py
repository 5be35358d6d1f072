"""One answer for a whole sequence, columns, all hidden states in a dict."""

import numpy as np


class Classifier:
    def __init__(self, input_size, output_size, hidden_size=8):
        self.Whh = np.random.randn(hidden_size, hidden_size) / 1000
        self.Wxh = np.random.randn(hidden_size, input_size) / 1000
        self.Why = np.random.randn(output_size, hidden_size) / 1000
        self.bh = np.zeros((hidden_size, 1))
        self.by = np.zeros((output_size, 1))

    def forward(self, inputs):
        h = np.zeros((self.Whh.shape[0], 1))
        self.inputs, self.hs = inputs, {0: h}
        for i, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.hs[i + 1] = h
        return self.Why @ h + self.by

    def gradients(self, inputs, target):
        scores = self.forward(inputs)
        p = np.exp(scores) / np.sum(np.exp(scores))
        d_y = p
        d_y[target] -= 1
        n = len(self.inputs)
        d_Why = d_y @ self.hs[n].T
        d_by = d_y
        d_Whh, d_Wxh, d_bh = (np.zeros(p.shape) for p in (self.Whh, self.Wxh, self.bh))
        d_h = self.Why.T @ d_y
        for t in reversed(range(n)):
            temp = (1 - self.hs[t + 1] ** 2) * d_h
            d_bh += temp
            d_Whh += temp @ self.hs[t].T
            d_Wxh += temp @ self.inputs[t].T
            d_h = self.Whh.T @ temp
        return {"Whh": d_Whh, "Wxh": d_Wxh, "Why": d_Why, "bh": d_bh, "by": d_by}
