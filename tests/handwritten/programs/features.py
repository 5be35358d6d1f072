"""Features first, (n_x, m, T_x): cells, caches, a dict of parameters and one of gradients."""

import numpy as np


def softmax(z):
    e = np.exp(z - np.max(z, axis=0))
    return e / e.sum(axis=0)


def cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(
        np.dot(parameters["Wax"], xt) + np.dot(parameters["Waa"], a_prev) + parameters["ba"]
    )
    yt_pred = softmax(np.dot(parameters["Wya"], a_next) + parameters["by"])
    return a_next, yt_pred, (a_next, a_prev, xt, parameters)


def sequence_forward(x, a0, parameters):
    caches, a_next, predictions = [], a0, []
    for t in range(x.shape[2]):
        a_next, yt_pred, cache = cell_forward(x[:, :, t], a_next, parameters)
        predictions.append(yt_pred)
        caches.append(cache)
    return np.stack(predictions, axis=2), (caches, x)


def cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    dtanh = (1 - a_next**2) * da_next
    return {
        "dxt": np.dot(parameters["Wax"].T, dtanh),
        "dWax": np.dot(dtanh, xt.T),
        "da_prev": np.dot(parameters["Waa"].T, dtanh),
        "dWaa": np.dot(dtanh, a_prev.T),
        "dba": np.sum(dtanh, axis=1, keepdims=True),
    }


def sequence_backward(da, caches):
    caches, x = caches
    n_a, m, T_x = da.shape
    parameters = caches[0][-1]
    dx = np.zeros(x.shape)
    gradients = {key: np.zeros(parameters[key[1:]].shape) for key in ("dWax", "dWaa", "dba")}
    da_prevt = np.zeros((n_a, m))
    for t in reversed(range(T_x)):
        found = cell_backward(da[:, :, t] + da_prevt, caches[t])
        dx[:, :, t] = found["dxt"]
        da_prevt = found["da_prev"]
        for key in gradients:
            gradients[key] += found[key]
    return {**gradients, "dx": dx, "da0": da_prevt}


def train_on_batch(x, y, a0, parameters):
    y_pred, caches = sequence_forward(x, a0, parameters)
    m, T_x = x.shape[1:]
    dz = (y_pred - y) / (m * T_x)
    cost = -np.sum(y * np.log(y_pred)) / (m * T_x)
    da = np.einsum("ya,ymt->amt", parameters["Wya"], dz)
    gradients = sequence_backward(da, caches)
    states = np.stack([cache[0] for cache in caches[0]], axis=2)
    gradients["dWya"] = np.einsum("ymt,amt->ya", dz, states)
    gradients["dby"] = dz.sum(axis=(1, 2))[:, None]
    return cost, gradients
