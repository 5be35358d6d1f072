"""Forward pass and backpropagation through time of lstm, in NumPy.

Made by symbptt (digest bcd4f8d6666a9836). To make it again: symbptt generate lstm -O0
The code is yours: use, change and license it as you like; symbptt's authors claim nothing.

Arrays are time-major: T steps, B sequences. Inside, the rows of all steps are stacked:
a vector with a value a step is an array (rows, n), so that whatever the recurrence
does not touch is one product over all steps. Comments in the backward pass give the
number and the formula of the derivation's step that a statement carries out.
"""

from collections.abc import Mapping
from fractions import Fraction
from types import SimpleNamespace

import numpy as np

MODEL = "lstm"
EQUATIONS = """\
# Long short-term memory
x: (d,)
h: (h,)
s: (q,)
i[t] = sigmoid(W_xi @ x[t] + W_hi @ h[t-1] + b_i)      # input gate
f[t] = sigmoid(W_xf @ x[t] + W_hf @ h[t-1] + b_f)      # forget gate
o[t] = sigmoid(W_xo @ x[t] + W_ho @ h[t-1] + b_o)      # output gate
g[t] = tanh(W_xg @ x[t] + W_hg @ h[t-1] + b_g)         # candidate
c[t] = f[t] * c[t-1] + i[t] * g[t]                     # memory cell
h[t] = o[t] * tanh(c[t])                               # hidden state
s[t] = W_qh @ h[t] + b_q                               # logits
loss[t] = softmax_cross_entropy(s[t], y[t])
"""
DIMS = ("d", "q", "h")
PARAMS = {
    "W_xi": ("h", "d"),
    "W_hi": ("h", "h"),
    "b_i": ("h",),
    "W_xf": ("h", "d"),
    "W_hf": ("h", "h"),
    "b_f": ("h",),
    "W_xo": ("h", "d"),
    "W_ho": ("h", "h"),
    "b_o": ("h",),
    "W_xg": ("h", "d"),
    "W_hg": ("h", "h"),
    "b_g": ("h",),
    "W_qh": ("q", "h"),
    "b_q": ("q",),
}
INPUTS = {"x": ("T", "B", "d"), "y": ("T", "B")}
INDEX_INPUTS = {"y": "q"}
CARRY = {"c[0]": ("B", "h"), "h[0]": ("B", "h")}
# How many steps back the longest lag reads.
_LAG = 1
# Inputs that the loss alone reads.
_LOSS_ONLY = ("y",)
# What `forward` returns beside a loss.
_OUTPUTS = ("i", "f", "o", "g", "c", "h", "s")


def forward(params, inputs, carry=None, lengths=None):
    """Compute every quantity of the model.

    Parameters
    ----------
    params : dict of arrays
        As in `PARAMS`, all of one dtype: float32, float64 or object.
    inputs : dict of arrays
        As in `INPUTS`. What only the loss reads may be left out.
    carry : dict of arrays, optional
        As in `CARRY`; by default the model's own initial values, 0 where it fixes none.
    lengths : array of int, optional
        (B,): how many steps of each sequence are valid; by default all.

    Returns
    -------
    outputs, carry : dicts of arrays
        Every quantity by name, ("T", "B", ...), 0 at padded steps, with all targets also
        "loss"; the initial values for what follows.

    Raises
    ------
    ValueError
        If an argument has a wrong key, shape, dtype or range.
    MemoryError
        If there is no room for T * B rows.
    """
    call = _prepare(params, inputs, carry, lengths, None, loss=False)
    return _outputs(call)


def loss_and_grads(
    params, inputs, carry=None, lengths=None, *, carry_grad=None, workspace=None
):
    """Compute the loss and its gradients by backpropagation through time.

    Parameters
    ----------
    params, inputs, carry, lengths
        As for `forward`; all inputs are needed.
    carry_grad : dict of arrays, optional
        dF/d(the carry that this call returns), with its keys; the gradients are then those
        of this call's loss + F.
    workspace : Workspace, optional
        Buffers of the same size. The gradients and the carry are then views that the next
        call with it overwrites.

    Returns
    -------
    loss : float
        The mean over all valid steps (with a loss at T, over the sequences); for object
        arrays the exact scalar.
    grads, carry : dicts of arrays
        For every parameter and every initial value, in its shape.
    """
    call = _prepare(
        params, inputs, carry, lengths, None, carry_grad, workspace, loss=True
    )
    return _computed_plainly(call, _backward)


def _forward(call):
    params, inputs, rows, size = call.params, call.inputs, call.rows, call.size
    dtype = call.dtype
    W_xi, W_hi, b_i = params["W_xi"], params["W_hi"], params["b_i"]
    W_xf, W_hf, b_f = params["W_xf"], params["W_hf"], params["b_f"]
    W_xo, W_ho, b_o = params["W_xo"], params["W_ho"], params["b_o"]
    W_xg, W_hg, b_g = params["W_xg"], params["W_hg"], params["b_g"]
    W_qh, b_q, x = params["W_qh"], params["b_q"], inputs["x"]
    c_all = _past(call, "c", {}, (size["h"],))
    c = c_all[rows.live]
    h_all = _past(call, "h", {}, (size["h"],))
    h = h_all[rows.live]
    # a_i_in[t] = W_xi @ x[t] + b_i
    a_i_in = x @ W_xi.T + b_i
    # a_f_in[t] = W_xf @ x[t] + b_f
    a_f_in = x @ W_xf.T + b_f
    # a_o_in[t] = W_xo @ x[t] + b_o
    a_o_in = x @ W_xo.T + b_o
    # a_g_in[t] = W_xg @ x[t] + b_g
    a_g_in = x @ W_xg.T + b_g
    i, f, o, g = (np.empty((rows.count, size["h"]), dtype) for _ in range(4))
    for now, prev in rows.steps:
        # a_i[t] = W_xi @ x[t] + W_hi @ h[t-1] + b_i
        a_i = a_i_in[now] + h_all[prev] @ W_hi.T
        # i[t] = sigmoid(a_i[t])
        i[now] = _sigmoid(a_i)
        # a_f[t] = W_xf @ x[t] + W_hf @ h[t-1] + b_f
        a_f = a_f_in[now] + h_all[prev] @ W_hf.T
        # f[t] = sigmoid(a_f[t])
        f[now] = _sigmoid(a_f)
        # a_o[t] = W_xo @ x[t] + W_ho @ h[t-1] + b_o
        a_o = a_o_in[now] + h_all[prev] @ W_ho.T
        # o[t] = sigmoid(a_o[t])
        o[now] = _sigmoid(a_o)
        # a_g[t] = W_xg @ x[t] + W_hg @ h[t-1] + b_g
        a_g = a_g_in[now] + h_all[prev] @ W_hg.T
        # g[t] = tanh(a_g[t])
        g[now] = np.tanh(a_g)
        # c[t] = f[t] * c[t-1] + i[t] * g[t]
        c[now] = f[now] * c_all[prev] + i[now] * g[now]
        # h[t] = o[t] * tanh(c[t])
        h[now] = o[now] * np.tanh(c[now])
    # s[t] = W_qh @ h[t] + b_q
    s = h @ W_qh.T + b_q
    values = {"past of c": c_all, "c": c, "past of h": h_all, "h": h, "i": i, "f": f}
    values |= {"o": o, "g": g, "s": s}
    return values


def _loss(call, values):
    inputs = call.inputs
    y, s = inputs["y"], values["s"]
    # p[t] = softmax(s[t])
    p = _softmax(s)
    # loss[t] = softmax_cross_entropy(s[t], y[t])
    loss = _softmax_cross_entropy(s, y)
    values |= {"p": p, "loss": loss}


def _backward(call, values, carry_grad):
    params, inputs, rows, size = call.params, call.inputs, call.rows, call.size
    dtype = call.dtype
    W_hi, W_hf, W_ho = params["W_hi"], params["W_hf"], params["W_ho"]
    W_hg, W_qh, x, y = params["W_hg"], params["W_qh"], inputs["x"], inputs["y"]
    c_all, c, h_all = values["past of c"], values["c"], values["past of h"]
    h, i, f, o, g = values["h"], values["i"], values["f"], values["o"], values["g"]
    p = values["p"]
    d_c_all = _received(rows, carry_grad, "c", c_all)
    d_c = d_c_all[rows.live]
    d_h_all = _received(rows, carry_grad, "h", h_all)
    d_h = d_h_all[rows.live]
    # (2) dL/ds[t] = 1 / T * (p[t] - onehot(y[t]))
    d_s = (p - _one_hot(y, size["q"], dtype)) / rows.weight
    # (4) dL/dh[t] = W_hi.T @ dL/da_i[t+1] + W_hf.T @ dL/da_f[t+1] + W_ho.T @
    #     dL/da_o[t+1] + W_hg.T @ dL/da_g[t+1] + W_qh.T @ dL/ds[t]
    #     here dL/dh[t] += W_qh.T @ dL/ds[t]
    d_h += d_s @ W_qh
    d_a_g, d_a_o, d_a_f = (np.empty((rows.count, size["h"]), dtype) for _ in range(3))
    d_a_i = np.empty((rows.count, size["h"]), dtype)
    for now, prev in reversed(rows.steps):
        # (6) dL/dc[t] = f[t+1] * dL/dc[t+1] + o[t] * (1 - tanh(c[t])**2) * dL/dh[t]
        #     here dL/dc[t] += o[t] * (1 - tanh(c[t])**2) * dL/dh[t]
        d_c[now] += o[now] * (1 - np.tanh(c[now]) ** 2) * d_h[now]
        # (7) dL/dg[t] = i[t] * dL/dc[t]
        d_g = i[now] * d_c[now]
        # (8) dL/da_g[t] = (1 - g[t]**2) * dL/dg[t]
        d_a_g[now] = (1 - g[now] ** 2) * d_g
        # (9) dL/do[t] = tanh(c[t]) * dL/dh[t]
        d_o = np.tanh(c[now]) * d_h[now]
        # (10) dL/da_o[t] = o[t] * (1 - o[t]) * dL/do[t]
        d_a_o[now] = o[now] * (1 - o[now]) * d_o
        # (11) dL/df[t] = c[t-1] * dL/dc[t]
        d_f = c_all[prev] * d_c[now]
        # (12) dL/da_f[t] = f[t] * (1 - f[t]) * dL/df[t]
        d_a_f[now] = f[now] * (1 - f[now]) * d_f
        # (13) dL/di[t] = g[t] * dL/dc[t]
        d_i = g[now] * d_c[now]
        # (14) dL/da_i[t] = i[t] * (1 - i[t]) * dL/di[t]
        d_a_i[now] = i[now] * (1 - i[now]) * d_i
        # (4) dL/dh[t-1] += W_hi.T @ dL/da_i[t] + W_hf.T @ dL/da_f[t] + W_ho.T @
        #     dL/da_o[t] + W_hg.T @ dL/da_g[t]
        d_h_all[prev] += d_a_i[now] @ W_hi
        d_h_all[prev] += d_a_f[now] @ W_hf
        d_h_all[prev] += d_a_o[now] @ W_ho
        d_h_all[prev] += d_a_g[now] @ W_hg
        # (6) dL/dc[t-1] += f[t] * dL/dc[t]
        d_c_all[prev] += f[now] * d_c[now]
    # (17) dL/dW_xi = sum(t, 1, T, outer(dL/da_i[t], x[t]))
    d_W_xi = d_a_i.T @ x
    # (18) dL/dW_hi = sum(t, 1, T, outer(dL/da_i[t], h[t-1]))
    d_W_hi = d_a_i.T @ h_all[rows.back[1]]
    # (19) dL/db_i = sum(t, 1, T, dL/da_i[t])
    d_b_i = np.sum(d_a_i, axis=0)
    # (20) dL/dW_xf = sum(t, 1, T, outer(dL/da_f[t], x[t]))
    d_W_xf = d_a_f.T @ x
    # (21) dL/dW_hf = sum(t, 1, T, outer(dL/da_f[t], h[t-1]))
    d_W_hf = d_a_f.T @ h_all[rows.back[1]]
    # (22) dL/db_f = sum(t, 1, T, dL/da_f[t])
    d_b_f = np.sum(d_a_f, axis=0)
    # (23) dL/dW_xo = sum(t, 1, T, outer(dL/da_o[t], x[t]))
    d_W_xo = d_a_o.T @ x
    # (24) dL/dW_ho = sum(t, 1, T, outer(dL/da_o[t], h[t-1]))
    d_W_ho = d_a_o.T @ h_all[rows.back[1]]
    # (25) dL/db_o = sum(t, 1, T, dL/da_o[t])
    d_b_o = np.sum(d_a_o, axis=0)
    # (26) dL/dW_xg = sum(t, 1, T, outer(dL/da_g[t], x[t]))
    d_W_xg = d_a_g.T @ x
    # (27) dL/dW_hg = sum(t, 1, T, outer(dL/da_g[t], h[t-1]))
    d_W_hg = d_a_g.T @ h_all[rows.back[1]]
    # (28) dL/db_g = sum(t, 1, T, dL/da_g[t])
    d_b_g = np.sum(d_a_g, axis=0)
    # (29) dL/dW_qh = sum(t, 1, T, outer(dL/ds[t], h[t]))
    d_W_qh = d_s.T @ h
    # (30) dL/db_q = sum(t, 1, T, dL/ds[t])
    d_b_q = np.sum(d_s, axis=0)
    grads = {"W_xi": d_W_xi, "W_hi": d_W_hi, "b_i": d_b_i, "W_xf": d_W_xf}
    grads |= {"W_hf": d_W_hf, "b_f": d_b_f, "W_xo": d_W_xo, "W_ho": d_W_ho}
    grads |= {"b_o": d_b_o, "W_xg": d_W_xg, "W_hg": d_W_hg, "b_g": d_b_g}
    grads |= {"W_qh": d_W_qh, "b_q": d_b_q}
    pasts = {"c": d_c_all, "h": d_h_all}
    return grads, pasts


def init_params(dims, *, seed=0, dtype=np.float32):
    """Draw parameters for a first step that neither vanishes nor explodes.

    Parameters
    ----------
    dims : dict
        A length for every name in `DIMS`.
    seed : int
    dtype : numpy dtype
        float32 or float64.

    Returns
    -------
    dict of arrays
        As in `PARAMS`. Matrices have entries of variance 1/columns, biases and initial
        values are 0, factors lie between 1/2 and 1.
    """
    size, kind = _sizes(dims), _kind(dtype, "float32", "float64")
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise _wrong("seed", "an int >= 0", repr(seed))
    rng = np.random.default_rng(seed)
    params = {}
    for name, axes in PARAMS.items():
        shape = _shape(axes, size)
        how = "matrix" if len(axes) == 2 else "bias"
        if how == "bias":
            array = np.zeros(shape)
        elif how == "factor":
            array = rng.uniform(0.5, 1.0, shape)
        else:
            columns = shape[1] if how == "matrix" else 1
            array = rng.standard_normal(shape) / np.sqrt(max(columns, 1))
        params[name] = np.asarray(array, kind)
    return params


def clip_gradients(grads, theta):
    """Scale the parameters' gradients in place to a global norm of at most theta > 0.

    g <- min(1, theta / ||g||) g; gradients of initial values are left alone.

    Returns
    -------
    float
        The norm before. If it is not finite, nothing is changed.
    """
    real = isinstance(theta, (int, float, Fraction, np.integer, np.floating))
    if not real or not theta > 0:
        raise _wrong("theta", "a positive number", repr(theta))
    if isinstance(grads, Mapping):
        grads = {name: array for name, array in grads.items() if name in PARAMS}
    found = _given("grads", grads, PARAMS)
    sizes = []
    for name, (place, array, _, _) in found.items():
        own = array is grads[name] and array.flags.writeable
        if not own or array.dtype.kind not in "fO":
            raise _wrong(place, "a writable array of reals", array.dtype)
        # NumPy itself would read texts, and take None for NaN.
        given = _exact(place, array, Fraction(1)) if array.dtype == object else array
        moduli = np.abs(_made(place, "real numbers", np.float64, given))
        sizes.append(np.max(moduli, initial=0.0))
    arrays = [array for _, array, _, _ in found.values()]
    largest = float(np.max(sizes, initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    # Scaled by the largest entry first: squares of large gradients would overflow.
    squares = sum(float(np.sum(np.asarray(g / largest, float) ** 2)) for g in arrays)
    norm = largest * float(np.sqrt(squares))
    if theta < norm < np.inf:
        for g in arrays:
            scale = Fraction if g.dtype == object else g.dtype.type
            g *= scale(float(theta / norm))
    return norm


class Workspace:
    """A size of calls. This code makes its arrays on the way, and keeps none of them here.

    Parameters
    ----------
    dims : dict
        A length for every name in `DIMS`.
    T, B : int
        Steps and sequences.
    dtype : numpy dtype

    Attributes
    ----------
    nbytes : int
        The size of all buffers.
    """

    nbytes = 0

    def __init__(self, dims, T, B, dtype=np.float32):
        self.size = _sizes(dims, T, B)
        self.dtype = _kind(dtype, "float32", "float64", "object")


def _outputs(call):
    """Every quantity by name, and the carry."""
    rows = call.rows
    values = _forward(call)
    outputs = {name: rows.unpacked(values[name]) for name in _OUTPUTS}
    if all(name in call.inputs for name in _LOSS_ONLY):
        _loss(call, values)
        spread = rows.unpacked
        outputs["loss"] = spread(values["loss"][:, 0])
    return outputs, _carry_out(values, rows)


def _computed_plainly(call, backward):
    """Run forward and backward in arrays made on the way."""
    rows, params, dtype = call.rows, call.params, call.dtype
    values = _forward(call)
    _loss(call, values)
    loss = np.sum(values["loss"]) * call.one / rows.weight
    flowing, pasts = backward(call, values, call.carry_grad)
    grads = {name: np.empty_like(params[name]) for name in PARAMS}
    for name, array in grads.items():
        array[...] = flowing[name]
    starts = CARRY
    for key, axes in starts.items():
        name, step = _name_and_step(key)
        grads[key] = np.zeros(_shape(axes, call.size), dtype)
        if name in pasts:
            start = rows.unsorted(pasts[name][rows.begin(step)])
            grads[key][...] = start.reshape(grads[key].shape)
    loss = loss if call.dtype == object else float(loss)
    return loss, grads, _carry_out(values, rows)


class _Rows:
    """Where each step of each sequence stands in an array of stacked rows."""

    def __init__(self, T, B, lengths):
        given = np.full(B, T) if lengths is None else lengths.astype(int)
        even = T * B > 0 and np.all(given == T)
        order = np.argsort(-given, kind="stable")
        self.T, self.B, self.order = T, B, None if even else order
        self.lengths = given[order]
        running = (self.lengths[None, :] > np.arange(T)[:, None]).sum(axis=1)
        running = running[running > 0]
        past = _LAG * B
        self.count = int(running.sum())
        self.weight = max(self.count, 1)
        self.live = slice(past, past + self.count)
        # The first row of each step in an array with a past, steps 1 - _LAG, ..., T.
        starts = past + np.cumsum(running) - running
        self.first = np.concatenate([np.arange(_LAG) * B, starts, np.arange(1)])
        if even:
            self.places = slice(0, self.count)
            backs = {k: past - k * B for k in range(1, _LAG + 1)}
            self.back = {k: slice(at, at + self.count) for k, at in backs.items()}
        else:
            # The step and the sequence of every row; where it stands for the caller.
            step = np.repeat(np.arange(running.size), running)
            sequence = np.arange(past, past + self.count) - starts[step]
            self.places = _run(order[sequence] + step * B)
            first = {k: self.first[step + _LAG - k] for k in range(1, _LAG + 1)}
            self.back = {k: _run(rows + sequence) for k, rows in first.items()}
        self.finals = [self._at(k, B) for k in range(_LAG)]
        first, self.steps = self.first.tolist(), []
        for t, count in enumerate(running.tolist(), start=_LAG):
            begins = [first[t] - past, *first[t - _LAG : t][::-1]]
            self.steps.append(tuple(slice(begin, begin + count) for begin in begins))

    def _at(self, k, sequences, less=0):
        """The rows of the first sequences k steps before their last valid step."""
        if self.order is None:
            begin = int(self.first[self.T - 1 + _LAG - k]) - less
            return slice(begin, begin + sequences)
        first = self.first[self.lengths[:sequences] - 1 + _LAG - k]
        return _run(first + np.arange(sequences) - less)

    def begin(self, step):
        """The rows of the initial values of a step <= 0."""
        start = (step + _LAG - 1) * self.B
        return slice(start, start + self.B)

    def sorted(self, array):
        """Sequences in the order of the rows, from an array (B, ...)."""
        return array if self.order is None else array[self.order]

    def unsorted(self, array):
        """Sequences in the caller's order, 0 where one has no row."""
        if self.order is None:
            return array.copy()
        full = np.zeros((self.B, *array.shape[1:]), array.dtype)
        full[self.order[: len(array)]] = array
        return full

    def packed(self, array):
        """The rows of all valid steps, from an array (T, B, ...)."""
        return array.reshape(self.T * self.B, *array.shape[2:])[self.places]

    def unpacked(self, rows):
        """An array (T, B, ...) with 0 at padded steps, from the rows of all valid steps."""
        full = np.zeros((self.T * self.B, *rows.shape[1:]), rows.dtype)
        full[self.places] = rows
        return full.reshape(self.T, self.B, *rows.shape[1:])


def _run(rows):
    """Rows as a slice where each is the next one."""
    first = int(rows[0]) if rows.size else 0
    even = (rows == np.arange(first, first + rows.size)).all()
    return slice(first, first + rows.size) if even else rows


def _past(call, name, own, shape, dtype=None):
    """A new array for a state: its initial values, then room for every step."""
    rows = call.rows
    array = np.zeros((rows.live.stop, *shape), dtype or call.dtype)
    if call.dtype == object and dtype is None:
        array *= call.one
    for step in _steps_of(name):
        if call.start is not None:
            array[rows.begin(step)] = rows.sorted(call.start[f"{name}[{step}]"])
        elif step in own:
            array[rows.begin(step)] = own[step]
    return array


def _received(rows, carry_grad, name, like):
    """The adjoint of an array with a past: 0, and what the returned carry receives."""
    array = np.zeros(like.shape, like.dtype)
    if carry_grad is not None:
        for step in _steps_of(name):
            array[rows.finals[-step]] += rows.sorted(carry_grad[f"{name}[{step}]"])
    return array


def _carry_out(values, rows):
    """The values that the next call starts from, by the keys of `CARRY`."""
    carry = {}
    for key, axes in CARRY.items():
        name, step = _name_and_step(key)
        array = rows.unsorted(values["past of " + name][rows.finals[-step]])
        carry[key] = array.reshape(array.shape[: len(axes)])
    return carry


def _name_and_step(key):
    name, _, step = key.rpartition("[")
    return name, int(step[:-1])


def _steps_of(name):
    return [step for other, step in map(_name_and_step, CARRY) if other == name]


def _shape(axes, size):
    return tuple(size[axis] for axis in axes)


def _prepare(
    params, inputs, carry, lengths, steps, carry_grad=None, workspace=None, *, loss
):
    """Check all arguments and lay them out in rows."""
    tables = {"params": (params, PARAMS), "inputs": (inputs, INPUTS)}
    tables |= {} if carry is None else {"carry": (carry, CARRY)}
    received = CARRY
    tables |= {} if carry_grad is None else {"carry_grad": (carry_grad, received)}
    optional = () if loss else _LOSS_ONLY
    given = {what: _given(what, *pair, optional) for what, pair in tables.items()}
    found = [one for each in given.values() for one in each.values()]
    floats = [array.dtype for _, array, _, _ in found if array.dtype.kind in "fO"]
    dtype = floats[0] if floats else np.dtype(float)
    kinds = {array.dtype for _, array, _, _ in given["params"].values()}
    usual = [np.dtype(name) for name in ("float32", "float64", "object")]
    if any(kind != dtype or kind not in usual for kind in kinds):
        seen = {name: str(one[1].dtype) for name, one in given["params"].items()}
        raise _wrong("params", "float32, float64 or object", seen)
    if lengths is not None:
        lengths = _array("lengths", lengths, ("B",))
        found.append(("lengths", lengths, ("B",), "T"))
    size = {}
    for one in found:
        _check(one, dtype, size)
    size = _sizes({name: size[name] for name in DIMS}, size["T"], size["B"])
    made = isinstance(workspace, Workspace) and (workspace.size, workspace.dtype)
    if workspace is not None and made != (size, dtype):
        words = f"one made for {size} and {dtype}"
        raise _wrong("workspace", words, made or type(workspace))
    if lengths is not None and np.any((lengths < 0) | (lengths > size["T"])):
        raise _wrong("lengths", f"0 to T = {size['T']}", lengths)
    rows = _Rows(size["T"], size["B"], lengths)
    # Only now: at a padded step there may stand what is no index, or can't be cast.
    for name, (place, array, *rest) in given["inputs"].items():
        laid = rows.packed(array)
        given["inputs"][name] = place, laid, *rest
    one = _unit(given["params"]) if dtype.hasobject else 1
    call = SimpleNamespace(rows=rows, size=size, dtype=dtype, one=one)
    given = {what: _settled(each, call) for what, each in given.items()}
    call.params, call.inputs = given["params"], given["inputs"]
    call.start, call.carry_grad = given.get("carry"), given.get("carry_grad")
    return call


def _wrong(place, expected, found):
    return ValueError(f"{place}: expected {expected}, found {found}")


def _made(place, expected, make, value):
    """What a function makes of a value, if it can."""
    try:
        return make(value)
    except (ArithmeticError, RuntimeError, SyntaxError, TypeError, ValueError) as error:
        raise _wrong(place, expected, f"{type(value).__name__}: {error}") from error


def _given(what, given, table, optional=()):
    """By the keys of its table, an argument's arrays: place, array, axes, what it indexes."""
    if not isinstance(given, Mapping):
        raise _wrong(what, f"a dict with {tuple(table)}", type(given))
    missing = [key for key in table if key not in given and key not in optional]
    unknown = [key for key in given if key not in table]
    if missing or unknown:
        found = f"missing {missing}, unknown {unknown}"
        raise ValueError(f"{what}: expected the keys {tuple(table)}; {found}")
    laid = {}
    for key, axes in table.items():
        if key in given:
            place = f"{what}[{key!r}]"
            laid[key] = place, _array(place, given[key], axes), axes, _index_of(key)
    return laid


def _array(place, value, axes):
    """A value as an array; what can be none, or has other axes, is not made into one."""
    if not hasattr(value, "__array__"):
        depth = _made(place, "an array", _depth, value)
        if depth not in (0, len(axes)):
            raise _wrong(place, f"axes ({', '.join(map(str, axes))})", f"{depth} axes")
    return _made(place, "an array", np.asarray, value)


def _depth(value):
    """How many axes an array of a value has."""
    if hasattr(value, "__array__"):
        return int(np.ndim(value))
    if isinstance(value, (list, tuple)):
        return 1 + max(map(_depth, value), default=0)
    if hasattr(value, "__len__"):
        raise TypeError(f"{type(value).__name__} holds no numbers")
    return 0


def _check(one, dtype, size):
    """Compare an array's numbers and its shape with what is expected."""
    place, array, axes, index = one
    kinds = "iu" if index else "iuO" if dtype.hasobject else "fiu"
    if array.dtype.kind not in kinds:
        words = "integers" if index else f"real numbers for {dtype}"
        raise _wrong(place, words, f"dtype {array.dtype}")
    learned = {**dict(zip(axes, array.shape, strict=False)), **size}
    fits = array.shape == tuple(map(learned.get, axes))
    if not fits:
        known = {axis: size[axis] for axis in axes if axis in size}
        words = f"axes ({', '.join(map(str, axes))}) with {known}"
        raise _wrong(place, words, f"shape {array.shape}")
    size.update(learned)


def _is_length(value, least=0):
    return isinstance(value, (int, np.integer)) and least <= int(value) < 2**31


def _sizes(dims, *extents):
    """The lengths of all axes: those of `DIMS`, then T and B if given."""
    if not isinstance(dims, Mapping) or set(dims) != set(DIMS):
        raise _wrong("dims", f"the names {DIMS}", dims)
    size = {**dims, **dict(zip(("T", "B"), extents, strict=False))}
    wrong = {name: n for name, n in size.items() if not _is_length(n, name in DIMS)}
    if wrong:
        raise _wrong("dims", "lengths >= 1, and T, B >= 0", wrong)
    return {name: int(length) for name, length in size.items()}


def _kind(dtype, *kinds):
    """One of some kinds of numbers."""
    words = " or ".join(kinds)
    found = _made("dtype", words, np.dtype, dtype)
    if dtype is None or str(found) not in kinds:
        raise _wrong("dtype", words, repr(dtype))
    return found


def _unit(params):
    """The number 1 of the exact type that the parameters have."""
    for place, array, _, _ in params.values():
        for entry in array.flat:
            one = _made(place, "numbers", lambda n: n * 0 + 1, entry)
            return Fraction(1) if isinstance(one, int) else one
    return Fraction(1)


def _exact(place, array, one):
    """The same numbers in the exact type, so that a quotient stays exact."""
    room = np.empty(array.shape, object)
    return _made(place, "numbers", lambda n: np.multiply(n, one, room), array)


def _index_of(key):
    """What the integers of an input or initial value index; nothing for reals."""
    return INDEX_INPUTS.get(key.partition("[")[0], "")


def _settled(found, call):
    """Indices, in range; reals in the dtype of the call, a scalar a row as a column."""
    laid = {}
    for key, (place, array, axes, index) in found.items():
        if index:
            (limit,) = _shape([index], call.size)
            if array.size and (array.min() < 0 or array.max() >= limit):
                seen = f"{array.min()} to {array.max()}"
                raise _wrong(place, f"0 <= index < {limit}", seen)
            array = array.astype(int, copy=False)
        elif call.dtype.hasobject:
            array = _exact(place, array, call.one)
        else:
            array = array.astype(call.dtype, copy=False)
        laid[key] = array
    return laid


def _less_maximum(v):
    """Floats less the maximum of their row: -inf, whose exp is 0, where none is so far below."""
    if v.dtype == object:
        return v
    with np.errstate(over="ignore"):
        return v - v.max(axis=-1, keepdims=True)


def _one_hot(position, length, dtype):
    """A row with a 1 at each position."""
    units = np.zeros((len(position), length), dtype)
    units[np.arange(len(position)), position] = 1
    return units


def _sigmoid(x):
    """1 / (1 + exp(-x)), without overflow for floats."""
    if x.dtype == object:
        return 1 / (1 + np.exp(-x))
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _softmax(v):
    """exp(v) / sum(exp(v)) along the last axis."""
    powers = np.exp(_less_maximum(v))
    return powers / powers.sum(axis=-1, keepdims=True)


def _softmax_cross_entropy(o, y):
    """-log softmax(o)[y], a row each."""
    o = _less_maximum(np.broadcast_to(o, (len(y), o.shape[-1])))
    picked = np.take_along_axis(o, y[:, None], axis=1)
    return np.log(np.exp(o).sum(axis=-1, keepdims=True)) - picked
