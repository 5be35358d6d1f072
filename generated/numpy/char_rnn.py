"""Forward pass and backpropagation through time of char_rnn, in NumPy.

Made by symbptt (digest e68ffa87882c5f69). To make it again: symbptt generate char_rnn -O0
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

MODEL = "char_rnn"
EQUATIONS = """\
# Character model: embedding, tanh units, softmax cross-entropy at every step
tok: index
E: (n, d)
h: (h,)
o: (n,)
x[t] = E[tok[t]]                             # embedding
h[t] = tanh(W @ h[t-1] + U @ x[t] + b)       # hidden state
o[t] = V @ h[t] + c                          # logits
loss[t] = softmax_cross_entropy(o[t], y[t])
"""
DIMS = ("n", "h", "d")
PARAMS = {
    "E": ("n", "d"),
    "W": ("h", "h"),
    "U": ("h", "d"),
    "b": ("h",),
    "V": ("n", "h"),
    "c": ("n",),
}
INPUTS = {"tok": ("T", "B"), "y": ("T", "B")}
INDEX_INPUTS = {"tok": "n", "y": "n"}
CARRY = {"h[0]": ("B", "h")}
# How many steps back the longest lag reads; what has no time axis; what only the
# loss reads; the quantities, and the scalars among them; parameters that are not
# drawn as matrices and biases are.
_LAG = 1
_UNTIMED = ()
_LOSS_ONLY = ("y",)
_OUTPUTS = ("x", "h", "o")
_SCALARS = ()
_WITH_RESPECT_TO = ()
_DRAWN = {"E": "table"}
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
    return _computed_plainly(call, _backward, workspace)


def _forward(call):
    params, inputs, rows, size = call.params, call.inputs, call.rows, call.size
    E, W, U, b, V = params["E"], params["W"], params["U"], params["b"], params["V"]
    c, tok = params["c"], inputs["tok"]
    h_all = _past(call, "h", {}, (size["h"],))
    h = h_all[rows.live]
    # x[t] = E[tok[t]]
    x = E[tok]
    # a_in[t] = U @ x[t] + b
    a_in = x @ U.T + b
    for now, prev in rows.steps:
        # a[t] = W @ h[t-1] + U @ x[t] + b
        a = a_in[now] + h_all[prev] @ W.T
        # h[t] = tanh(a[t])
        h[now] = np.tanh(a)
    # o[t] = V @ h[t] + c
    o = h @ V.T + c
    values = {"past of h": h_all, "h": h, "x": x, "o": o}
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
    E, W, U, V, tok = params["E"], params["W"], params["U"], params["V"], inputs["tok"]
    y, h_all, h, x = inputs["y"], values["past of h"], values["h"], values["x"]
    p = values["p"]
    d_h_all = _received(rows, carry_grad, "h", h_all)
    d_h = d_h_all[rows.live]
    # (2) dL/do[t] = 1 / T * (p[t] - onehot(y[t]))
    d_o = (p - _one_hot(y, size["n"], dtype)) / rows.weight
    # (4) dL/dh[t] = W.T @ dL/da[t+1] + V.T @ dL/do[t]
    #     here dL/dh[t] += V.T @ dL/do[t]
    d_h += d_o @ V
    d_a = np.empty((rows.count, size["h"]), dtype)
    for now, prev in reversed(rows.steps):
        # (5) dL/da[t] = (1 - h[t]**2) * dL/dh[t]
        d_a[now] = (1 - h[now] ** 2) * d_h[now]
        # (4) dL/dh[t-1] += W.T @ dL/da[t]
        d_h_all[prev] += d_a[now] @ W
    # (6) dL/dx[t] = U.T @ dL/da[t]
    d_x = d_a @ U
    # (8) dL/dE = sum(t, 1, T, outer(onehot(tok[t]), dL/dx[t]))
    d_E = np.zeros_like(E)
    np.add.at(d_E, tok, d_x)
    # (9) dL/dW = sum(t, 1, T, outer(dL/da[t], h[t-1]))
    d_W = d_a.T @ h_all[rows.back[1]]
    # (10) dL/dU = sum(t, 1, T, outer(dL/da[t], x[t]))
    d_U = d_a.T @ x
    # (11) dL/db = sum(t, 1, T, dL/da[t])
    d_b = np.sum(d_a, axis=0)
    # (12) dL/dV = sum(t, 1, T, outer(dL/do[t], h[t]))
    d_V = d_o.T @ h
    # (13) dL/dc = sum(t, 1, T, dL/do[t])
    d_c = np.sum(d_o, axis=0)
    grads = {"E": d_E, "W": d_W, "U": d_U, "b": d_b, "V": d_V, "c": d_c}
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
        how = _DRAWN.get(name, "matrix" if len(axes) == 2 else "bias")
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
            g *= scale(theta / norm)
    return norm


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
        self.size = _sizes(dims, T, B)
        self.dtype = _kind(dtype, "float32", "float64", "object")
        begins = {key: axes for key, axes in CARRY.items() if not _index_of(key)}
        sources = {name: INPUTS[name] for name in _WITH_RESPECT_TO}
        self.grads = self.room({**PARAMS, **begins, **sources})
        self.carry = self.room(CARRY)

    def room(self, table):
        """An array for every row of a table."""
        return {
            key: np.zeros(
                _shape(axes, self.size), np.intp if _index_of(key) else self.dtype
            )
            for key, axes in table.items()
        }

    @property
    def nbytes(self):
        """The bytes of all buffers."""
        return sum(a.nbytes for a in (*self.grads.values(), *self.carry.values()))


def _outputs(call):
    """Every quantity by name, and the carry."""
    rows = call.rows
    values = _forward(call)
    outputs = {}
    for name in _OUTPUTS:
        array = values[name]
        outputs[name] = rows.unpacked(array[:, 0] if name in _SCALARS else array)
    if all(name in call.inputs for name in _LOSS_ONLY):
        _loss(call, values)
        spread = rows.unsorted if _LOSS_AT_LAST_STEP else rows.unpacked
        outputs["loss"] = spread(values["loss"][:, 0])
    return outputs, _carry_out(values, rows)


def _computed_plainly(call, backward, workspace):
    """Run forward and backward in arrays made on the way."""
    rows = call.rows
    w = workspace
    if w is None:
        dims = {name: call.size[name] for name in DIMS}
        w = Workspace(dims, rows.T, rows.B, call.dtype)
    values = _forward(call)
    _loss(call, values)
    loss = np.sum(values["loss"]) * call.one / rows.weight
    flowing, pasts, sources = backward(call, values, call.carry_grad)
    for name in PARAMS:
        w.grads[name][...] = flowing[name]
    for key in CARRY:
        name, step = _name_and_step(key)
        if name in pasts:
            start = rows.unsorted(pasts[name][rows.begin(step)])
            w.grads[key][...] = start.reshape(w.grads[key].shape)
    for name, array in sources.items():
        w.grads[name][...] = _source(name, array, rows)
    for key, array in _carry_out(values, rows).items():
        w.carry[key][...] = array
    return loss if call.dtype == object else float(loss), dict(w.grads), dict(w.carry)


class _Rows:
    """Where each step of each sequence stands in an array of stacked rows.

    Sequences are sorted, the longest first, so that those that still run at a step are
    the first ones; a padded step has no row at all. An array with a past begins with
    `_LAG` blocks of B rows, the initial values of the steps 1 - _LAG, ..., 0.
    """

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
        self.sequences = int(running[0]) if running.size else 0
        self.ending = slice(self.sequences)
        self.weight = max(self.sequences if _LOSS_AT_LAST_STEP else self.count, 1)
        self.live = slice(past, past + self.count)
        # The first row of each step in an array with a past, steps 1 - _LAG, ..., T.
        starts = past + np.cumsum(running) - running
        self.first = np.concatenate([np.arange(_LAG) * B, starts, np.arange(1)])
        # The step and the sequence of every row, and where it stands in the caller's order.
        step = np.repeat(np.arange(running.size), running)
        sequence = np.arange(past, past + self.count) - starts[step]
        self.places = _run(order[sequence] + step * B)
        self.back = {
            k: _run(self.first[step + _LAG - k] + sequence) for k in range(1, _LAG + 1)
        }
        self.ends = {k: self._at(k, self.sequences) for k in range(_LAG + 1)}
        self.end = self._at(0, self.sequences, past)
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


def _prepare(
    params, inputs, carry, lengths, steps, carry_grad=None, workspace=None, *, loss
):
    """Check all arguments and lay them out in rows."""
    received = {key: axes for key, axes in CARRY.items() if not _index_of(key)}
    tables = {
        "params": (params, PARAMS),
        "inputs": (inputs, INPUTS),
    }
    tables |= {} if carry is None else {"carry": (carry, CARRY)}
    tables |= {} if carry_grad is None else {"carry_grad": (carry_grad, received)}
    optional = () if loss else _LOSS_ONLY
    given = {what: _given(what, *pair, optional) for what, pair in tables.items()}
    found = [one for each in given.values() for one in each.values()]
    floats = [array.dtype for _, array, _, _ in found if array.dtype.kind in "fO"]
    dtype = floats[0] if floats else np.dtype(float)
    kinds = {array.dtype for _, array, _, _ in given["params"].values()}
    if {*map(str, kinds)} - ({str(dtype)} & {"float32", "float64", "object"}):
        seen = {name: str(one[1].dtype) for name, one in given["params"].items()}
        raise _wrong("params", "float32, float64 or object", seen)
    if lengths is not None:
        lengths = _array("lengths", lengths)
        found.append(("lengths", lengths, ("B",), "T"))
    size = {}
    for solve in (False, True):
        found = [one for one in found if not _check(one, dtype, size, solve)]
        if "T" not in size and not _is_length(steps):
            raise _wrong("steps", "T, which no input tells", repr(steps))
        size = {"T": steps, "B": 1, **size}
    for name in DIMS:
        if name not in size:
            raise _wrong("dims", f"a carry, as nothing else tells {name!r}", "none")
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
        untimed = name in _UNTIMED
        laid = rows.sorted(array)[: rows.sequences] if untimed else rows.packed(array)
        given["inputs"][name] = place, laid, *rest
    one = _unit(given["params"]) if dtype.hasobject else 1
    call = SimpleNamespace(rows=rows, size=size, dtype=dtype, one=one)
    laid = {what: _settled(each, call) for what, each in given.items()}
    call.params, call.inputs = laid["params"], laid["inputs"]
    call.start, call.carry_grad = laid.get("carry"), laid.get("carry_grad")
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
            laid[key] = place, _array(place, given[key]), axes, _index_of(key)
    return laid


def _array(place, value):
    """A value as an array; what has a length but no numbers is not even looked into."""
    numbers = hasattr(value, "__array__") or isinstance(value, (list, tuple))
    if hasattr(value, "__len__") and not numbers:
        raise _wrong(place, "an array", type(value))
    return _made(place, "an array", np.asarray, value)


def _check(one, dtype, size, solve):
    """Compare an array's numbers and its shape with what is expected; whether all is known.

    An axis seen for the first time is learned; with `solve` also one in a sum of others.
    """
    place, array, axes, index = one
    kinds = "iu" if index else "iuO" if dtype.hasobject else "fiu"
    if array.dtype.kind not in kinds:
        words = "integers" if index else f"real numbers for {dtype}"
        raise _wrong(place, words, f"dtype {array.dtype}")
    if array.shape == tuple(map(size.get, axes)):
        return True
    learned, told = dict(size), True
    fits = array.ndim == len(axes)
    for axis, length in zip(axes, array.shape, strict=True) if fits else ():
        parts = str(axis).split(" + ")
        unknown = [part for part in parts if not part.isdigit() and part not in learned]
        rest = sum(_extent(part, learned) for part in parts if part not in unknown)
        if not unknown:
            fits = fits and rest == length
        elif len(unknown) == 1 and (solve or len(parts) == 1):
            learned[unknown[0]] = length - rest
        else:
            told = False
    if not fits:
        known = {axis: size[axis] for axis in axes if axis in size}
        words = f"axes ({', '.join(map(str, axes))}) with {known}"
        raise _wrong(place, words, f"shape {array.shape}")
    size.update(learned)
    return told


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
            limit = _extent(index, call.size)
            if array.size and (array.min() < 0 or array.max() >= limit):
                seen = f"{array.min()} to {array.max()}"
                raise _wrong(place, f"0 <= index < {limit}", seen)
            array = array.astype(int, copy=False)
        elif call.dtype.hasobject:
            array = _exact(place, array, call.one)
        else:
            array = array.astype(call.dtype, copy=False)
        column = array.ndim == 1 and "B" in axes and not index
        laid[key] = array[:, None] if column else array
    return laid


def _less_maximum(v):
    """Floats less the maximum of their row: -inf, whose exp is 0, where none is so far below."""
    if v.dtype == object:
        return v
    with np.errstate(over="ignore"):
        return v - v.max(axis=-1, keepdims=True)


def _log_softmax(v):
    """log softmax(v) along the last axis."""
    v = _less_maximum(v)
    return v - np.log(np.exp(v).sum(axis=-1, keepdims=True))


def _one_hot(position, length, dtype):
    """A row with a 1 at each position."""
    units = np.zeros((len(position), length), dtype)
    units[np.arange(len(position)), position] = 1
    return units


def _pick(v, position):
    """The entry of each row at its own position; a vector without rows serves them all."""
    v = np.broadcast_to(v, (len(position), v.shape[-1]))
    return np.take_along_axis(v, position[:, None], axis=1)


def _softmax(v):
    """exp(v) / sum(exp(v)) along the last axis."""
    powers = np.exp(_less_maximum(v))
    return powers / powers.sum(axis=-1, keepdims=True)


def _softmax_cross_entropy(o, y):
    """-log softmax(o)[y], a row each."""
    return -_pick(_log_softmax(o), y)
