"""Forward pass and backpropagation through time of notes_elman, in NumPy.

Made by symbptt; not to be edited. To make it again: symbptt generate notes_elman -O0

Arrays are time-major: T steps, B sequences. Inside, the rows of all steps are stacked:
a vector with a value a step is an array (rows, n), so that whatever the recurrence
does not touch is one product over all steps. Comments in the backward pass give the
number and the formula of the derivation's step that a statement carries out.
"""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np

MODEL = "notes_elman"
EQUATIONS = """\
# Elman network: V before, W inside, U after the hidden layer
x: (d,)
h: (h,)
y_hat: (q,)
f_h: function = tanh
f_y: function = sigmoid
l: loss = squared_error
h[t] = f_h(V @ x[t] + W @ h[t-1] + b_h)      # hidden layer
y_hat[t] = f_y(U @ h[t] + b_y)               # prediction
loss[t] = l(y_hat[t], y[t])
"""
DIMS = ("d", "q", "h")
PARAMS = {
    "V": ("h", "d"),
    "W": ("h", "h"),
    "b_h": ("h",),
    "U": ("q", "h"),
    "b_y": ("q",),
}
INPUTS = {"x": ("T", "B", "d"), "y": ("T", "B", "q")}
INDEX_INPUTS = {}
CARRY = {"h[0]": ("B", "h")}
# How many steps back the longest lag reads; what has no time axis; what only the
# loss reads; the quantities, and the scalars among them; parameters that are not
# drawn as matrices and biases are.
_LAG = 1
_UNTIMED = ()
_LOSS_ONLY = ("y",)
_OUTPUTS = ("h", "y_hat")
_SCALARS = ()
_WITH_RESPECT_TO = ()
_DRAWN = {}
_LOSS_AT_LAST_STEP = False


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
    outputs : dict of arrays
        Every quantity by name, ("T", "B", ...), 0 at padded steps; with all targets also
        "loss".
    carry : dict of arrays
        The initial values for what follows.

    Raises
    ------
    ValueError
        If an argument has a wrong key, shape, dtype or range.
    """
    return _outputs(_prepare(params, inputs, carry, lengths, None, loss=False))


def loss_and_grads(
    params, inputs, carry=None, lengths=None, *, carry_grad=None, workspace=None
):
    """Compute the loss and its gradients by backpropagation through time.

    Parameters
    ----------
    params, inputs, carry, lengths
        As for `forward`; all inputs are needed.
    carry_grad : dict of arrays, optional
        dF/d(the carry that this call returns), with the keys of `CARRY`; the gradients
        are then those of this call's loss + F.
    workspace : Workspace, optional
        Buffers of an earlier call of the same size. The gradients and the carry are then
        views that the next call with it overwrites.

    Returns
    -------
    loss : float
        The mean over all valid steps (with a loss at T, over the sequences); for object
        arrays the exact scalar.
    grads : dict of arrays
        For every parameter and every initial value, in its shape.
    carry : dict of arrays

    Raises
    ------
    ValueError
        If an argument has a wrong key, shape, dtype or range.
    """
    call = _prepare(params, inputs, carry, lengths, None, carry_grad, loss=True)
    if workspace is not None:
        workspace.check(call)
    return _computed_plainly(call, _backward, workspace)


def _forward(call):
    params, inputs, rows, size = call.params, call.inputs, call.rows, call.size
    V, W, b_h, U = params["V"], params["W"], params["b_h"], params["U"]
    b_y, x = params["b_y"], inputs["x"]
    h_all = _past(call, "h", {}, (size["h"],))
    h = h_all[rows.live]
    # a_h_in[t] = V @ x[t] + b_h
    a_h_in = x @ V.T + b_h
    for now, prev in rows.steps:
        # a_h[t] = V @ x[t] + W @ h[t-1] + b_h
        a_h = a_h_in[now] + h_all[prev] @ W.T
        # h[t] = tanh(a_h[t])
        h[now] = np.tanh(a_h)
    # a_y_hat[t] = U @ h[t] + b_y
    a_y_hat = h @ U.T + b_y
    # y_hat[t] = sigmoid(a_y_hat[t])
    y_hat = _sigmoid(a_y_hat)
    values = {"past of h": h_all, "h": h, "a_y_hat": a_y_hat, "y_hat": y_hat}
    return values


def _loss(call, values):
    inputs = call.inputs
    y, y_hat = inputs["y"], values["y_hat"]
    # loss[t] = squared_error(y_hat[t], y[t])
    loss = _squared_error(y_hat, y)
    values |= {"loss": loss}


def _backward(call, values, carry_grad):
    params, inputs, rows, size = call.params, call.inputs, call.rows, call.size
    dtype = call.dtype
    W, U, x, y = params["W"], params["U"], inputs["x"], inputs["y"]
    h_all, h, y_hat = values["past of h"], values["h"], values["y_hat"]
    d_h_all = _received(rows, carry_grad, "h", h_all)
    d_h = d_h_all[rows.live]
    # (2) dL/dy_hat[t] = 1 / T * (y_hat[t] - y[t])
    d_y_hat = (y_hat - y) / rows.weight
    # (3) dL/da_y_hat[t] = y_hat[t] * (1 - y_hat[t]) * dL/dy_hat[t]
    d_a_y_hat = y_hat * (1 - y_hat) * d_y_hat
    # (5) dL/dh[t] = W.T @ dL/da_h[t+1] + U.T @ dL/da_y_hat[t]
    #     here dL/dh[t] += U.T @ dL/da_y_hat[t]
    d_h += d_a_y_hat @ U
    d_a_h = np.empty((rows.count, size["h"]), dtype)
    for now, prev in reversed(rows.steps):
        # (6) dL/da_h[t] = (1 - h[t]**2) * dL/dh[t]
        d_a_h[now] = (1 - h[now] ** 2) * d_h[now]
        # (5) dL/dh[t] = W.T @ dL/da_h[t+1] + U.T @ dL/da_y_hat[t]
        #     here dL/dh[t-1] += W.T @ dL/da_h[t]
        d_h_all[prev] += d_a_h[now] @ W
    # (8) dL/dV = sum(t, 1, T, outer(dL/da_h[t], x[t]))
    d_V = d_a_h.T @ x
    # (9) dL/dW = sum(t, 1, T, outer(dL/da_h[t], h[t-1]))
    d_W = d_a_h.T @ h_all[rows.back[1]]
    # (10) dL/db_h = sum(t, 1, T, dL/da_h[t])
    d_b_h = np.sum(d_a_h, axis=0)
    # (11) dL/dU = sum(t, 1, T, outer(dL/da_y_hat[t], h[t]))
    d_U = d_a_y_hat.T @ h
    # (12) dL/db_y = sum(t, 1, T, dL/da_y_hat[t])
    d_b_y = np.sum(d_a_y_hat, axis=0)
    grads = {"V": d_V, "W": d_W, "b_h": d_b_h, "U": d_U, "b_y": d_b_y}
    pasts = {"h": d_h_all}
    sources = {}
    return grads, pasts, sources


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
        Keys and axes as in `PARAMS`. Matrices have entries of variance 1/columns,
        biases and initial values are 0, factors lie between 1/2 and 1.
    """
    if set(dims) != set(DIMS):
        raise ValueError(f"dims: expected the names {DIMS}, found {tuple(dims)}")
    _check_sizes(dims)
    rng = np.random.default_rng(seed)
    params = {}
    for name, axes in PARAMS.items():
        shape = tuple(_extent(axis, dims) for axis in axes)
        kind = _DRAWN.get(name, "matrix" if len(axes) == 2 else "bias")
        if kind == "bias":
            array = np.zeros(shape)
        elif kind == "factor":
            array = rng.uniform(0.5, 1.0, shape)
        else:
            columns = shape[1] if kind == "matrix" else 1
            array = rng.standard_normal(shape) / np.sqrt(max(columns, 1))
        params[name] = np.asarray(array, dtype)
    return params


def clip_gradients(grads, theta):
    """Scale the parameters' gradients in place to a global norm of at most theta.

    g <- min(1, theta / ||g||) g; gradients of initial values are left alone.

    Returns
    -------
    float
        The norm before. If it is not finite, nothing is changed.

    Raises
    ------
    ValueError
        If theta is not positive.
    """
    if not theta > 0:
        raise ValueError(f"theta: expected a positive number, found {theta}")
    arrays = [grads[name] for name in PARAMS if grads[name].size]
    # NumPy's maximum is NaN where one of them is; Python's may not be.
    largest = float(np.max([float(np.max(np.abs(g))) for g in arrays], initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    # Scaled by the largest entry first: squares of large gradients would overflow.
    squares = sum(float(np.sum((g / largest).astype(float) ** 2)) for g in arrays)
    norm = largest * float(np.sqrt(squares))
    if theta < norm < np.inf:
        for g in arrays:
            scale = Fraction if g.dtype == object else g.dtype.type
            g *= scale(theta / norm)
    return norm


def _outputs(call):
    """Every quantity by name, and the carry."""
    rows = call.rows
    values = _forward(call)
    outputs = {name: _timed(name, values[name], rows) for name in _OUTPUTS}
    if all(name in call.inputs for name in _LOSS_ONLY):
        _loss(call, values)
        spread = rows.unsorted if _LOSS_AT_LAST_STEP else rows.unpacked
        outputs["loss"] = spread(values["loss"][:, 0])
    return outputs, _carry_out(values, rows)


def _computed_plainly(call, backward, workspace=None):
    """Run forward and backward in arrays made on the way."""
    rows = call.rows
    values = _forward(call)
    _loss(call, values)
    loss = np.sum(values["loss"]) * call.one / rows.weight
    flowing, pasts, sources = backward(call, values, call.carry_grad)
    grads = {}
    for name, param in call.params.items():
        # In the parameter's shape and dtype, and in memory of its own.
        grads[name] = np.empty_like(param)
        grads[name][...] = flowing[name]
    for key, axes in CARRY.items():
        name, step = _name_and_step(key)
        if name in pasts:
            start = rows.unsorted(pasts[name][rows.begin(step)])
            grads[key] = start.reshape(start.shape[: len(axes)])
    for name, array in sources.items():
        grads[name] = _source(name, array, rows)
    carry = _carry_out(values, rows)
    loss = loss if call.dtype == object else float(loss)
    if workspace is not None:
        return loss, workspace.hold(grads), workspace.hold(carry)
    return loss, grads, carry


class Workspace:
    """Buffers of one call size, made once and handed to `loss_and_grads` again and again.

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

    def __init__(self, dims, T, B, dtype=np.float32):
        self.size = {name: int(dims[name]) for name in DIMS}
        self.size |= {"T": int(T), "B": int(B)}
        _check_sizes(self.size)
        self.dtype = np.dtype(dtype)
        sources = {name: INPUTS[name] for name in _WITH_RESPECT_TO}
        self.buffers, self.carries = {}, {}
        for name, axes in {**PARAMS, **CARRY, **sources}.items():
            self.buffers[name] = np.zeros(_shape(axes, self.size), self.dtype)
        for key, axes in CARRY.items():
            dtype = np.dtype(np.intp) if _index_of(key) else self.dtype
            self.carries[key] = np.zeros(_shape(axes, self.size), dtype)

    @property
    def nbytes(self):
        """The bytes of all buffers."""
        arrays = (*self.buffers.values(), *self.carries.values())
        return sum(array.nbytes for array in arrays)

    def check(self, call):
        """Refuse a call of another size or dtype."""
        found = {name: call.size[name] for name in self.size}
        if found != self.size or call.dtype != self.dtype:
            raise ValueError(
                f"workspace: made for {self.size} and {self.dtype}, "
                f"found a call with {found} and {call.dtype}"
            )

    def hold(self, arrays):
        """Copy results into the buffers, and give the buffers out."""
        kept = self.carries if arrays.keys() == CARRY.keys() else self.buffers
        for name, array in arrays.items():
            kept[name][...] = array
        return {name: kept[name] for name in arrays}


class _Rows:
    """Where each step of each sequence stands in an array of stacked rows.

    Sequences are sorted, the longest first, so that those that still run at a step are
    the first ones; a padded step has no row at all. An array with a past begins with
    `_LAG` blocks of B rows, the initial values of the steps 1 - _LAG, ..., 0.
    """

    def __init__(self, T, B, lengths):
        if lengths is None and T * B == 0:
            lengths = np.zeros(B, int)
        self.T, self.B = T, B
        self.order = None if lengths is None else np.argsort(-lengths, kind="stable")
        self.lengths = np.full(B, T) if self.order is None else lengths[self.order]
        running = (self.lengths[None, :] > np.arange(T)[:, None]).sum(axis=1).tolist()
        running = [count for count in running if count]
        past = _LAG * B
        self.count = sum(running)
        self.sequences = running[0] if running else 0
        self.weight = max(self.sequences if _LOSS_AT_LAST_STEP else self.count, 1)
        self.live = slice(past, past + self.count)
        # The first row of each step in an array with a past, steps 1 - _LAG, ..., T.
        self.first = [k * B for k in range(_LAG)]
        self.first += (past + np.cumsum([0, *running[:-1]])).tolist() if running else []
        self.steps = []
        for t, count in enumerate(running, start=_LAG):
            now = slice(self.first[t] - past, self.first[t] - past + count)
            firsts = self.first[t - _LAG : t][::-1]
            self.steps.append((now, *(slice(first, first + count) for first in firsts)))
        # Where the rows stand among those of all steps of all sequences in the caller's order.
        self.places = slice(None)
        if self.order is not None:
            runs = [self.order[:count] + t * B for t, count in enumerate(running)]
            self.places = np.concatenate([np.arange(0), *runs])
        self.back = {k: self._joined(k) for k in range(1, _LAG + 1)}
        self.ends = {k: self._at(k, self.sequences) for k in range(_LAG + 1)}
        self.end = self._at(0, self.sequences, past)
        self.finals = [self._at(k, B) for k in range(_LAG)]

    def _joined(self, k):
        """The rows k steps before those of all steps."""
        if self.order is None:
            start = (_LAG - k) * self.B
            return slice(start, start + self.count)
        rows = [np.arange(step[k].start, step[k].stop) for step in self.steps]
        return np.concatenate([np.arange(0), *rows])

    def _at(self, k, sequences, less=0):
        """The rows of the first sequences k steps before their last valid step."""
        if self.order is None:
            start = self.first[self.T - 1 + _LAG - k] - less
            return slice(start, start + self.B)
        steps = self.lengths[:sequences] - 1 + _LAG - k
        return np.asarray([*self.first, 0])[steps] + np.arange(sequences) - less

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


def _past(call, name, own, shape, dtype=None):
    """A new array for a state: its initial values, then room for every step.

    `own` are the values that the model fixes, by step.
    """
    rows = call.rows
    array = np.zeros((rows.live.stop, *shape), dtype or call.dtype)
    if call.dtype == object and dtype is None:
        array *= call.one
    for step in _steps_of(name):
        if call.start is None:
            array[rows.begin(step)] = own.get(step, 0)
        else:
            array[rows.begin(step)] = rows.sorted(call.start[f"{name}[{step}]"])
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


def _timed(name, array, rows):
    """A quantity's rows as ("T", "B", ...)."""
    return rows.unpacked(array[:, 0] if name in _SCALARS else array)


def _source(name, array, rows):
    """The gradient of an input in the input's shape."""
    full = rows.unsorted(array) if name in _UNTIMED else rows.unpacked(array)
    return full.reshape(full.shape[: len(INPUTS[name])])


def _name_and_step(key):
    name, _, step = key.rpartition("[")
    return name, int(step[:-1])


def _steps_of(name):
    return [step for other, step in map(_name_and_step, CARRY) if other == name]


def _shape(axes, size):
    return tuple(_extent(axis, size) for axis in axes)


def _extent(axis, size):
    """The length of an axis: literal, named, or a sum of those."""
    parts = str(axis).split(" + ")
    return sum(int(part) if part.isdigit() else int(size[part]) for part in parts)


def _prepare(params, inputs, carry, lengths, steps, carry_grad=None, *, loss):
    """Check all arguments and lay them out in rows."""
    size = {}
    dtype = _dtype_of(params, inputs, carry)
    params = _checked("params", params, PARAMS, size, dtype)
    kinds = {name: str(array.dtype) for name, array in params.items()}
    if not {*kinds.values()} <= {str(dtype)} & {"float32", "float64", "object"}:
        raise ValueError(f"params: expected float32, float64 or object; found {kinds}")
    one = _unit(params) if dtype.hasobject else 1
    if dtype.hasobject:
        # Entries of the exact type, so that a quotient stays exact.
        for name, array in params.items():
            params[name] = np.empty(array.shape, object)
            params[name][...] = array * one
    inputs = _checked("inputs", inputs, INPUTS, size, dtype, () if loss else _LOSS_ONLY)
    if carry is not None:
        carry = _checked("carry", carry, CARRY, size, dtype)
    if carry_grad is not None:
        real = {key: axes for key, axes in CARRY.items() if not _index_of(key)}
        carry_grad = _checked("carry_grad", carry_grad, real, size, dtype)
    if lengths is not None:
        lengths = _array("lengths", lengths, ("B",), size, "iu", "integers").astype(int)
    if "T" not in size:
        if not isinstance(steps, (int, np.integer)) or steps < 0:
            raise ValueError(
                f"steps: expected T, which no input tells, found {steps!r}"
            )
        size["T"] = int(steps)
    size.setdefault("B", 1)
    for name, array in params.items():
        _solve_sums(array.shape, PARAMS[name], size)
    for name in DIMS:
        if name not in size:
            raise ValueError(f"dims: no array tells {name!r}; hand in a carry")
    _check_sizes(size)
    for name, array in params.items():
        _check_shape(f"params[{name!r}]", array, PARAMS[name], size)
    if lengths is not None and np.any((lengths < 0) | (lengths > size["T"])):
        raise ValueError(f"lengths: expected 0 to T = {size['T']}, found {lengths}")
    rows = _Rows(size["T"], size["B"], lengths)
    for name, array in inputs.items():
        first = name in _UNTIMED
        inputs[name] = (
            rows.sorted(array)[: rows.sequences] if first else rows.packed(array)
        )
    # Only now: at a padded step there may stand what is no index, or can't be cast.
    call = SimpleNamespace(params=params, rows=rows, size=size, one=one, dtype=dtype)
    call.inputs = _settled("inputs", inputs, call)
    call.start = carry and _settled("carry", carry, call)
    call.carry_grad = carry_grad and _settled("carry_grad", carry_grad, call)
    return call


def _dtype_of(*arguments):
    """The dtype of the first real array; float64 where there is none."""
    for arrays in arguments:
        for array in arrays.values() if hasattr(arrays, "keys") else ():
            if np.asarray(array).dtype.kind in "fO":
                return np.asarray(array).dtype
    return np.dtype(np.float64)


def _unit(params):
    """The number 1 of the exact type that the parameters have."""
    for array in params.values():
        for entry in array.flat:
            one = entry * 0 + 1
            return Fraction(1) if isinstance(one, int) else one
    return Fraction(1)


def _checked(what, given, table, size, dtype, optional=()):
    """The arrays of an argument, their keys, axes and numbers as in its table."""
    if not hasattr(given, "keys"):
        raise ValueError(
            f"{what}: expected a dict with {tuple(table)}, found {given!r}"
        )
    missing = [key for key in table if key not in given and key not in optional]
    unknown = [key for key in given if key not in table]
    if missing or unknown:
        raise ValueError(
            f"{what}: expected the keys {tuple(table)}; "
            f"missing {missing}, unknown {unknown}"
        )
    arrays = {}
    for key, axes in table.items():
        if key in given:
            wanted = ("iu", "integers") if _index_of(key) else _reals(dtype)
            arrays[key] = _array(f"{what}[{key!r}]", given[key], axes, size, *wanted)
    return arrays


def _reals(dtype):
    return "iuO" if dtype.hasobject else "fiu", f"real numbers for {dtype}"


def _array(place, value, axes, size, kinds, words):
    """An array of those kinds of numbers, with those axes."""
    array = np.asarray(value)
    if array.dtype.kind not in kinds:
        raise ValueError(f"{place}: expected {words}, found dtype {array.dtype}")
    _check_shape(place, array, axes, size)
    return array


def _check_shape(place, array, axes, size):
    """Compare a shape with its axes; an axis seen for the first time is learned."""
    learned = dict(size)
    fits = array.ndim == len(axes)
    for axis, length in zip(axes, array.shape, strict=True) if fits else ():
        parts = str(axis).split(" + ")
        if len(parts) == 1 and not parts[0].isdigit():
            learned.setdefault(axis, length)
        if all(part.isdigit() or part in learned for part in parts):
            fits = fits and _extent(axis, learned) == length
    if not fits:
        known = {axis: size[axis] for axis in axes if axis in size}
        raise ValueError(
            f"{place}: expected axes ({', '.join(map(str, axes))}) with {known}, "
            f"found shape {array.shape}"
        )
    size.update(learned)


def _check_sizes(size):
    wrong = {name: length for name, length in size.items() if length < (name in DIMS)}
    if wrong:
        raise ValueError(f"dims: expected lengths >= 1, and T, B >= 0; found {wrong}")


def _solve_sums(shape, axes, size):
    """Learn a length from that of a concatenation whose other parts are known."""
    for axis, length in zip(axes, shape, strict=True):
        parts = str(axis).split(" + ")
        unknown = [part for part in parts if not part.isdigit() and part not in size]
        if len(unknown) == 1 and len(parts) > 1:
            parts.remove(unknown[0])
            size[unknown[0]] = length - _extent(" + ".join(parts), size)


def _index_of(key):
    """What the integers of an input or initial value index; nothing for reals."""
    return INDEX_INPUTS.get(key.partition("[")[0], "")


def _settled(what, arrays, call):
    """Indices, in range; reals in the dtype of the call, a scalar as a column."""
    laid = {}
    for key, array in arrays.items():
        if _index_of(key):
            limit = _extent(_index_of(key), call.size)
            if array.size and (array.min() < 0 or array.max() >= limit):
                found = f"index < {limit}, found {array.min()} to {array.max()}"
                raise ValueError(f"{what}[{key!r}]: expected 0 <= {found}")
        elif call.dtype.hasobject:
            array = array * call.one
        else:
            array = array.astype(call.dtype, copy=False)
        laid[key] = array if array.ndim > 1 or _index_of(key) else array[:, None]
    return laid


def _sigmoid(x):
    """1 / (1 + exp(-x)), without overflow for floats."""
    if x.dtype == object:
        return 1 / (1 + np.exp(-x))
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _squared_error(o, y):
    """Half the squared distance, a row each."""
    return ((o - y) ** 2).sum(axis=-1, keepdims=True) / 2
