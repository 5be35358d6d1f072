"""Forward pass and backpropagation through time of gru, in NumPy.

Made by symbptt (digest 5d7c325c3f4895e8). To make it again: symbptt generate gru -O0
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

MODEL = "gru"
EQUATIONS = """\
# Gated recurrent unit, reset after the product
x: (d,)
h: (h,)
o: (q,)
r[t] = sigmoid(W_xr @ x[t] + W_hr @ h[t-1] + b_r)                      # reset gate
z[t] = sigmoid(W_xz @ x[t] + W_hz @ h[t-1] + b_z)                      # update gate
n[t] = tanh(W_xn @ x[t] + b_xn + r[t] * (W_hn @ h[t-1] + b_hn))        # candidate
h[t] = (1 - z[t]) * n[t] + z[t] * h[t-1]                               # hidden state
o[t] = W_qh @ h[t] + b_q                                               # logits
loss[t] = softmax_cross_entropy(o[t], y[t])
"""
DIMS = ("d", "q", "h")
PARAMS = {
    "W_xr": ("h", "d"),
    "W_hr": ("h", "h"),
    "b_r": ("h",),
    "W_xz": ("h", "d"),
    "W_hz": ("h", "h"),
    "b_z": ("h",),
    "W_xn": ("h", "d"),
    "b_xn": ("h",),
    "W_hn": ("h", "h"),
    "b_hn": ("h",),
    "W_qh": ("q", "h"),
    "b_q": ("q",),
}
INPUTS = {"x": ("T", "B", "d"), "y": ("T", "B")}
INDEX_INPUTS = {"y": "q"}
CARRY = {"h[0]": ("B", "h")}
# How many steps back the longest lag reads.
_LAG = 1
# Inputs that the loss alone reads.
_LOSS_ONLY = ("y",)
# What `forward` returns beside a loss.
_OUTPUTS = ("r", "z", "n", "h", "o")


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
    W_xr, W_hr, b_r = params["W_xr"], params["W_hr"], params["b_r"]
    W_xz, W_hz, b_z = params["W_xz"], params["W_hz"], params["b_z"]
    W_xn, b_xn, W_hn = params["W_xn"], params["b_xn"], params["W_hn"]
    b_hn, W_qh, b_q, x = params["b_hn"], params["W_qh"], params["b_q"], inputs["x"]
    h_all = _past(call, "h", {}, (size["h"],))
    h = h_all[rows.live]
    # a_r_in[t] = W_xr @ x[t] + b_r
    a_r_in = x @ W_xr.T + b_r
    # a_z_in[t] = W_xz @ x[t] + b_z
    a_z_in = x @ W_xz.T + b_z
    # a_n_in[t] = W_xn @ x[t] + b_xn
    a_n_in = x @ W_xn.T + b_xn
    r, z, u, n = (np.empty((rows.count, size["h"]), dtype) for _ in range(4))
    for now, prev in rows.steps:
        # a_r[t] = W_xr @ x[t] + W_hr @ h[t-1] + b_r
        a_r = a_r_in[now] + h_all[prev] @ W_hr.T
        # r[t] = sigmoid(a_r[t])
        r[now] = _sigmoid(a_r)
        # a_z[t] = W_xz @ x[t] + W_hz @ h[t-1] + b_z
        a_z = a_z_in[now] + h_all[prev] @ W_hz.T
        # z[t] = sigmoid(a_z[t])
        z[now] = _sigmoid(a_z)
        # u[t] = W_hn @ h[t-1] + b_hn
        u[now] = h_all[prev] @ W_hn.T + b_hn
        # a_n[t] = W_xn @ x[t] + b_xn + r[t] * u[t]
        a_n = a_n_in[now] + r[now] * u[now]
        # n[t] = tanh(a_n[t])
        n[now] = np.tanh(a_n)
        # h[t] = (1 - z[t]) * n[t] + z[t] * h[t-1]
        h[now] = (1 - z[now]) * n[now] + z[now] * h_all[prev]
    # o[t] = W_qh @ h[t] + b_q
    o = h @ W_qh.T + b_q
    values = {"past of h": h_all, "h": h, "r": r, "z": z, "u": u, "n": n, "o": o}
    return values


def _loss(call, values):
    inputs = call.inputs
    y, o = inputs["y"], values["o"]
    # p[t] = softmax(o[t])
    p = _softmax(o)
    # loss[t] = softmax_cross_entropy(o[t], y[t])
    loss = _softmax_cross_entropy(o, y)
    values |= {"p": p, "loss": loss}


def _backward(call, values, carry_grad):
    params, inputs, rows, size = call.params, call.inputs, call.rows, call.size
    dtype = call.dtype
    W_hr, W_hz, W_hn = params["W_hr"], params["W_hz"], params["W_hn"]
    W_qh, x, y, h_all = params["W_qh"], inputs["x"], inputs["y"], values["past of h"]
    h, r, z, u, n = values["h"], values["r"], values["z"], values["u"], values["n"]
    p = values["p"]
    d_h_all = _received(rows, carry_grad, "h", h_all)
    d_h = d_h_all[rows.live]
    # (2) dL/do[t] = 1 / T * (p[t] - onehot(y[t]))
    d_o = (p - _one_hot(y, size["q"], dtype)) / rows.weight
    # (4) dL/dh[t] = W_hr.T @ dL/da_r[t+1] + W_hz.T @ dL/da_z[t+1] + W_hn.T @ dL/du[t+1]
    #     + z[t+1] * dL/dh[t+1] + W_qh.T @ dL/do[t]
    #     here dL/dh[t] += W_qh.T @ dL/do[t]
    d_h += d_o @ W_qh
    d_a_n, d_u, d_a_z = (np.empty((rows.count, size["h"]), dtype) for _ in range(3))
    d_a_r = np.empty((rows.count, size["h"]), dtype)
    for now, prev in reversed(rows.steps):
        # (5) dL/dn[t] = (1 - z[t]) * dL/dh[t]
        d_n = (1 - z[now]) * d_h[now]
        # (6) dL/da_n[t] = (1 - n[t]**2) * dL/dn[t]
        d_a_n[now] = (1 - n[now] ** 2) * d_n
        # (7) dL/du[t] = r[t] * dL/da_n[t]
        d_u[now] = r[now] * d_a_n[now]
        # (8) dL/dz[t] = (h[t-1] - n[t]) * dL/dh[t]
        d_z = (h_all[prev] - n[now]) * d_h[now]
        # (9) dL/da_z[t] = z[t] * (1 - z[t]) * dL/dz[t]
        d_a_z[now] = z[now] * (1 - z[now]) * d_z
        # (10) dL/dr[t] = u[t] * dL/da_n[t]
        d_r = u[now] * d_a_n[now]
        # (11) dL/da_r[t] = r[t] * (1 - r[t]) * dL/dr[t]
        d_a_r[now] = r[now] * (1 - r[now]) * d_r
        # (4) dL/dh[t-1] += W_hr.T @ dL/da_r[t] + W_hz.T @ dL/da_z[t] + W_hn.T @
        #     dL/du[t] + z[t] * dL/dh[t]
        d_h_all[prev] += d_a_r[now] @ W_hr
        d_h_all[prev] += d_a_z[now] @ W_hz
        d_h_all[prev] += d_u[now] @ W_hn
        d_h_all[prev] += z[now] * d_h[now]
    # (13) dL/dW_xr = sum(t, 1, T, outer(dL/da_r[t], x[t]))
    d_W_xr = d_a_r.T @ x
    # (14) dL/dW_hr = sum(t, 1, T, outer(dL/da_r[t], h[t-1]))
    d_W_hr = d_a_r.T @ h_all[rows.back[1]]
    # (15) dL/db_r = sum(t, 1, T, dL/da_r[t])
    d_b_r = np.sum(d_a_r, axis=0)
    # (16) dL/dW_xz = sum(t, 1, T, outer(dL/da_z[t], x[t]))
    d_W_xz = d_a_z.T @ x
    # (17) dL/dW_hz = sum(t, 1, T, outer(dL/da_z[t], h[t-1]))
    d_W_hz = d_a_z.T @ h_all[rows.back[1]]
    # (18) dL/db_z = sum(t, 1, T, dL/da_z[t])
    d_b_z = np.sum(d_a_z, axis=0)
    # (19) dL/dW_xn = sum(t, 1, T, outer(dL/da_n[t], x[t]))
    d_W_xn = d_a_n.T @ x
    # (20) dL/db_xn = sum(t, 1, T, dL/da_n[t])
    d_b_xn = np.sum(d_a_n, axis=0)
    # (21) dL/dW_hn = sum(t, 1, T, outer(dL/du[t], h[t-1]))
    d_W_hn = d_u.T @ h_all[rows.back[1]]
    # (22) dL/db_hn = sum(t, 1, T, dL/du[t])
    d_b_hn = np.sum(d_u, axis=0)
    # (23) dL/dW_qh = sum(t, 1, T, outer(dL/do[t], h[t]))
    d_W_qh = d_o.T @ h
    # (24) dL/db_q = sum(t, 1, T, dL/do[t])
    d_b_q = np.sum(d_o, axis=0)
    grads = {"W_xr": d_W_xr, "W_hr": d_W_hr, "b_r": d_b_r, "W_xz": d_W_xz}
    grads |= {"W_hz": d_W_hz, "b_z": d_b_z, "W_xn": d_W_xn, "b_xn": d_b_xn}
    grads |= {"W_hn": d_W_hn, "b_hn": d_b_hn, "W_qh": d_W_qh, "b_q": d_b_q}
    pasts = {"h": d_h_all}
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
