"""Letters one after another: columns, parameters as names of the file, clipped sums."""

import numpy as np

n_letters, n_hidden = 27, 50
Wxh = np.random.randn(n_hidden, n_letters) * 0.01
Whh = np.random.randn(n_hidden, n_hidden) * 0.01
Why = np.random.randn(n_letters, n_hidden) * 0.01
bh = np.zeros((n_hidden, 1))
by = np.zeros((n_letters, 1))


def loss_and_gradients(inputs, targets, hprev):
    letters, hidden, chance = [], {-1: hprev.copy()}, []
    loss = 0.0
    for t, place in enumerate(inputs):
        x = np.zeros((Wxh.shape[1], 1))
        x[place] = 1.0
        letters.append(x)
        hidden[t] = np.tanh(Wxh @ x + Whh @ hidden[t - 1] + bh)
        score = Why @ hidden[t] + by
        power = np.exp(score - score.max())
        chance.append(power / power.sum())
        loss -= np.log(chance[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    from_next = np.zeros_like(hprev)
    for t in reversed(range(len(inputs))):
        dy = chance[t].copy()
        dy[targets[t]] -= 1
        dWhy += dy @ hidden[t].T
        dby += dy
        dh = Why.T @ dy + from_next
        da = (1 - hidden[t] ** 2) * dh
        dbh += da
        dWxh += da @ letters[t].T
        dWhh += da @ hidden[t - 1].T
        from_next = Whh.T @ da
    for gradient in (dWxh, dWhh, dWhy, dbh, dby):
        np.clip(gradient, -5, 5, out=gradient)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hidden[len(inputs) - 1]
