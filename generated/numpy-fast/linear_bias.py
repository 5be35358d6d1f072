"""Forward pass and backpropagation through time of linear_bias, in NumPy.

Made by symbptt (digest d2ca1b238a726240). To make it again: symbptt generate linear_bias
The code is yours: use, change and license it as you like; symbptt's authors claim nothing.

Arrays are time-major: T steps, B sequences. Inside, the rows of all steps are stacked:
a vector with a value a step is an array (rows, n), so that whatever the recurrence
does not touch is one product over all steps. Comments in the backward pass give the
number and the formula of the derivation's step that a statement carries out.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from types import SimpleNamespace

import numpy as np

MODEL = "linear_bias"
EQUATIONS = """\
# Linear recurrent network with both biases
x: (d,)
h: (h,)
o: (q,)
l: loss = squared_error
h[t] = W_hx @ x[t] + W_hh @ h[t-1] + b_h      # hidden state
o[t] = W_qh @ h[t] + b_q                      # output
loss[t] = l(o[t], y[t])
"""
DIMS = ("d", "q", "h")
PARAMS = {
    "W_hx": ("h", "d"),
    "W_hh": ("h", "h"),
    "b_h": ("h",),
    "W_qh": ("q", "h"),
    "b_q": ("q",),
}
INPUTS = {"x": ("T", "B", "d"), "y": ("T", "B", "q")}
INDEX_INPUTS = {}
CARRY = {"h[0]": ("B", "h")}
# How many steps back the longest lag reads.
_LAG = 1
# Inputs that the loss alone reads.
_LOSS_ONLY = ("y",)
# What `forward` returns beside a loss.
_OUTPUTS = ("h", "o")
# The buffers of the last call of `forward`.
_KEPT = {}
# Looked up once: a loop over time calls them a few times a step.
_add = np.add
_copyto = np.copyto
_divide = np.divide
_multiply = np.multiply
_product = np.dot
_subtract = np.subtract
# What is above one of these runs otherwise (None: the square root of T).
_THRESHOLDS = {
    "rows of a segment": 2_048,
    "rows of a product in blocks": 4,
    "multiplications of a block": 1_000_000,
    "multiplications of all blocks": 14_000_000,
    "bytes of a block of columns": 256,
    "bytes of rows set apart": 1_024,
    "numbers in a buffer of NumPy": 1_024,
    "bytes kept for the next call": 1_000_000,
}


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
    quick = isinstance(workspace, Workspace) and lengths is None
    if quick and workspace.takes(params, inputs, carry, carry_grad):
        return _at_once(workspace, params, inputs, carry, carry_grad)
    call = _prepare(
        params, inputs, carry, lengths, None, carry_grad, workspace, loss=True
    )
    return _in_buffers(call, workspace)


def _run_forward(w, params, inputs, start, first):
    """Run the steps of a segment forward."""
    v = w.views
    product = v.product
    if first:
        _copyto(v.fixed1, params["W_hh"].T)
    matrix = _in_columns(v.fixed1, v.columns, first)
    if start is None:
        v.h_0.fill(w.zero)
    else:
        _copyto(v.h_0, start["h[0]"])
    # h_in[t] = W_hx @ x[t] + b_h
    _product(inputs["x"], params["W_hx"].T, v.h_in)
    _add(v.h_in, params["b_h"], v.h_in)
    for h_now, h_in_now, h_prev_by, h_now_by in v.loop_1:
        # h[t] = W_hx @ x[t] + W_hh @ h[t-1] + b_h
        product(h_prev_by, matrix, h_now_by)
        _add(h_now, h_in_now, h_now)


def _run_loss(w, params, inputs, first, targets):
    """Compute what no step takes and, with all targets, the losses of a segment."""
    v = w.views
    # o[t] = W_qh @ h[t] + b_q
    _product(v.h, params["W_qh"].T, v.o)
    _add(v.o, params["b_q"], v.o)
    if not targets:
        return
    # loss[t] = squared_error(o[t], y[t])
    _subtract(v.o, inputs["y"], v.part1)
    _multiply(v.part1, v.part1, v.part1)
    np.add.reduce(v.part1, 1, None, v.loss, True)
    _multiply(v.loss, v.c_1_2, v.loss)


def _run_backward(w, params, inputs, start, carry_grad, first):
    """Run the steps of a segment backward."""
    v, rows = w.views, w.rows
    product = v.product
    matrix = _in_columns(params["W_hh"], v.columns_, first)
    v.d_h_all[: rows.live.start].fill(w.zero)
    # (2) dL/do[t] = 1 / T * (o[t] - y[t])
    _subtract(v.o, inputs["y"], v.d_o)
    _divide(v.d_o, w.weight, v.d_o)
    # (4) dL/dh[t] = W_hh.T @ dL/dh[t+1] + W_qh.T @ dL/do[t]
    #     here dL/dh[t] += W_qh.T @ dL/do[t]
    _product(v.d_o, params["W_qh"], v.d_h)
    if carry_grad is not None:
        _add_at(v.d_h_all, rows.finals[0], carry_grad["h[0]"])
    for d_h_prev, part2_, d_h_now_by, part2__by in v.loop_2:
        # (4) dL/dh[t] = W_hh.T @ dL/dh[t+1] + W_qh.T @ dL/do[t]
        #     here dL/dh[t-1] += W_hh.T @ dL/dh[t]
        product(d_h_now_by, matrix, part2__by)
        _add(d_h_prev, part2_, d_h_prev)
    # (6) dL/dW_hx = sum(t, 1, T, outer(dL/dh[t], x[t]))
    _product(v.d_h.T, inputs["x"], v.d_W_hx)
    # (7) dL/dW_hh = sum(t, 1, T, outer(dL/dh[t], h[t-1]))
    h_back1 = w.gathered("h_back1", v.h_all, rows.back[1])
    _product(v.d_h.T, h_back1, v.d_W_hh)
    # (8) dL/db_h = sum(t, 1, T, dL/dh[t])
    _product(v.ones, v.d_h, v.d_b_h)
    # (9) dL/dW_qh = sum(t, 1, T, outer(dL/do[t], h[t]))
    _product(v.d_o.T, v.h, v.d_W_qh)
    # (10) dL/db_q = sum(t, 1, T, dL/do[t])
    _product(v.ones, v.d_o, v.d_b_q)
    grads = {"W_hx": v.d_W_hx, "W_hh": v.d_W_hh, "b_h": v.d_b_h, "W_qh": v.d_W_qh}
    grads |= {"b_q": v.d_b_q}
    return grads


def _arrays(size, dtype):
    """Every array: who has it, the rows it has, the lengths of a row."""
    return {
        "h_in": ("shared", "rows", size["h"]),
        "h_all": ("kept", "past", size["h"]),
        "fixed1": ("shared", "matrix", size["h"], size["h"]),
        "o": ("shared", "rows", size["q"]),
        "loss": ("shared", "rows"),
        "part1": ("shared", "rows", size["q"]),
        "d_h_all": ("shared", "past", size["h"]),
        "d_o": ("shared", "rows", size["q"]),
        "part2": ("shared", "step", size["h"]),
        "d_W_hx": ("sum", "static", size["h"], size["d"]),
        "d_W_hh": ("sum", "static", size["h"], size["h"]),
        "d_b_h": ("sum", "static", size["h"]),
        "d_W_qh": ("sum", "static", size["q"], size["h"]),
        "d_b_q": ("sum", "static", size["q"]),
    }


def _forward_views(w):
    """Make the views that a forward pass takes."""
    v, rows, size, dtype = w.views, w.rows, w.size, w.dtype
    v.h = v.h_all[rows.live]
    steps = _steps(rows)
    blocks1 = _blocking(size["B"], size["h"], size["h"], dtype)
    v.loop_1 = [
        (
            v.h[now],
            v.h_in[now],
            _rows_in(v.h_all[prev], blocks1),
            _out_in(v.h[now], blocks1),
        )
        for top, now, prev in steps
    ]
    v.product = _product_in(blocks1, False)
    v.columns = _columns_for(w, "fixed1 by columns", blocks1, size["h"], size["h"])
    v.h_0 = v.h_all[rows.begin(0)]
    v.c_1_2 = np.asarray(w.one / 2, dtype)
    w.pasts = {"h": v.h_all}
    w.loss = v.loss


def _backward_views(w):
    """Make those that only a backward pass takes."""
    v, rows, size, dtype = w.views, w.rows, w.size, w.dtype
    v.d_h = v.d_h_all[rows.live]
    steps = _steps(rows)
    blocks1 = _blocking(size["B"], size["h"], size["h"], dtype)
    v.loop_2 = [
        (
            v.d_h_all[prev],
            v.part2[top],
            _rows_in(v.d_h[now], blocks1),
            _out_in(v.part2[top], blocks1),
        )
        for top, now, prev in reversed(steps)
    ]
    v.columns_ = _columns_for(
        w,
        "W_hh by columns",
        blocks1,
        size["h"],
        size["h"],
        given=True,
    )
    v.ones = np.ones(rows.count, dtype)
    w.adjoints = {"h": v.d_h_all}


def _quantities(w):
    """The rows of all quantities of a segment that has run forward, but for states."""
    v = w.views
    found = {"o": v.o}
    return found


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


def _in_buffers(call, w):
    """A call whose arguments are checked, in a workspace of its own or in the given one."""
    if w is None or call.dtype == object:
        w = _workspace(call, True)
    w.use(call.rows)
    start, back = (_sorted(call.rows, each) for each in (call.start, call.carry_grad))
    return _without_copies(_gradients, w, call.params, call.inputs, start, back)


def _outputs(call):
    """Every quantity by name, and the carry."""
    kind = (*call.size.values(), call.dtype, *_THRESHOLDS.values())
    # Nobody else finds it meanwhile, in no other thread.
    w = _KEPT.pop(kind, None) or _workspace(call, False)
    w.use(call.rows)
    found = _without_copies(_forward_alone, w, call)
    few = w.nbytes <= _THRESHOLDS["bytes kept for the next call"]
    if few and call.dtype != object:
        _KEPT.clear()
        _KEPT[kind] = w
    return found


def _workspace(call, backward):
    """Buffers for one call."""
    dims = {name: call.size[name] for name in DIMS}
    return Workspace(dims, call.rows.T, call.rows.B, call.dtype, call.one, backward)


def _sorted(rows, arrays):
    """States in the order of the rows, if there are any."""
    return arrays and {key: rows.sorted(array) for key, array in arrays.items()}


def _at_once(w, params, inputs, carry, carry_grad):
    """A call in which nothing is to be checked, cast or sorted."""
    laid = {}
    for name, array in inputs.items():
        array = array.reshape(w.even.count, *array.shape[2:])
        laid[name] = array
    if w.rows is not w.even:
        w.use(w.even)
    return _without_copies(_gradients, w, params, laid, carry, carry_grad)


def _scalar(w, total):
    """A sum as a number of Python, or of the exact type."""
    return total * w.one if w.dtype == object else float(total)


def _without_copies(computed, w, *arguments):
    """Compute with NumPy's buffers so small that what has gaps is not copied into them."""
    if w.size["B"] == 1:
        return computed(w, *arguments)
    before = np.setbufsize(_THRESHOLDS["numbers in a buffer of NumPy"])
    try:
        return computed(w, *arguments)
    finally:
        np.setbufsize(before)


def _forward_alone(w, call):
    """Run all segments forward, and put together what each leaves."""
    rows, inputs, values = call.rows, call.inputs, {}
    targets = all(name in inputs for name in _LOSS_ONLY)
    losses = np.empty((rows.count, 1), w.dtype)
    begin = _sorted(rows, call.start)
    for number, (segment, place) in enumerate(w.plan):
        own = _taken(segment, inputs, place)
        _run_forward(segment, call.params, own, begin, number == 0)
        begin = w.between[number]
        segment.hand_on(begin)
        _run_loss(segment, call.params, own, number == 0, targets)
        if targets:
            losses[place] = segment.loss
        states = {n: a[segment.rows.live] for n, a in segment.pasts.items()}
        for name, array in (states | _quantities(segment)).items():
            if number == 0:
                values[name] = np.empty((rows.count, *array.shape[1:]), array.dtype)
            values[name][place] = array
    outputs = {name: rows.unpacked(values[name]) for name in _OUTPUTS}
    if targets:
        spread = rows.unpacked
        outputs["loss"] = spread(losses[:, 0])
    room = {key: np.empty_like(array) for key, array in w.carries.items()}
    return outputs, _in_order(rows, begin, room)


def _gradients(w, *arguments):
    """Loss, gradients and carry, by the only segment or by several."""
    return (_computed if len(w.plan) == 1 else _computed_by_segments)(w, *arguments)


def _computed(w, params, inputs, start, carry_grad):
    """Run the only segment forward and backward."""
    segment, _ = w.plan[0]
    rows = segment.rows
    _run_forward(segment, params, inputs, start, True)
    _run_loss(segment, params, inputs, True, True)
    total = np.add.reduce(segment.loss, None)
    back = carry_grad
    grads = _run_backward(segment, params, inputs, start, back, True)
    # Copies: both may be handed to the next call, which writes where they come from.
    if rows.order is None:
        for key, values, out in segment.begins:
            np.copyto(out, values)
            grads[key] = out
        for values, out in segment.ends:
            np.copyto(out, values)
        carry = dict(w.carries)
    else:
        segment.hand_on(w.between[0])
        segment.hand_back(w.back)
        grads |= _in_order(rows, w.back, w.begins)
        carry = _in_order(rows, w.between[0], w.carries)
    return _scalar(w, total) / rows.weight, grads, carry


def _computed_by_segments(w, params, inputs, start, carry_grad):
    """Run all segments forward, then, from the last to the first, each one backward."""
    last = len(w.plan) - 1
    begin = start
    for number, (segment, place) in enumerate(w.plan):
        own = _taken(segment, inputs, place)
        _run_forward(segment, params, own, begin, number == 0)
        begin = w.between[number]
        segment.hand_on(begin)
    loss, back, grads = _scalar(w, 0), carry_grad, {}
    for number in range(last, -1, -1):
        segment, place = w.plan[number]
        own = _taken(segment, inputs, place)
        begin = w.between[number - 1] if number else start
        _run_loss(segment, params, own, number == last, True)
        loss += _scalar(w, np.add.reduce(segment.loss, None))
        sums = _run_backward(segment, params, own, begin, back, number == last)
        back = w.back
        segment.hand_back(back)
        if number == last:
            grads = sums
        else:
            for name, array in w.sums.items():
                np.add(array, w.parts[name], array)
    rows = w.rows
    grads = {**grads, **_in_order(rows, w.back, w.begins)}
    return loss / rows.weight, grads, _in_order(rows, w.between[last], w.carries)


def _taken(segment, inputs, place):
    """The rows of all inputs that belong to a segment."""
    return {name: array[place] for name, array in inputs.items()}


def _in_order(rows, arrays, room):
    """States and what they receive, the sequences in the caller's order."""
    for key, out in room.items():
        out[... if rows.order is None else rows.order] = arrays[key].reshape(out.shape)
    return dict(room)


class Workspace:
    """Buffers of one call size, made once and handed to `loss_and_grads` again and again.

    Of what only the backward pass needs they hold one segment of steps, and where segments
    run forward again, of all but the states between them.

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

    def __init__(self, dims, T, B, dtype=np.float32, one=None, backward=True):
        self.size = _sizes(dims, T, B)
        self.dtype = _kind(dtype, "float32", "float64", "object")
        tables = [{} for _ in range(9)]
        self.buffers, self.sums, self.parts, self.sources, self.others, *tables = tables
        self.begins, self.carries, self.back, self.taken = tables
        self.kept = []
        self.between = []
        self.rows = None
        self.ragged = None
        # For objects once the number 1 of their type is known.
        self.one, self.backward = one or 1, backward
        if self.dtype != object or one is not None:
            self.make()

    def make(self):
        """Make all buffers."""
        steps = _segment_steps(self.size["T"], self.size["B"])
        self.part = {**self.size, "T": steps}
        count = max(-(-self.size["T"] // max(steps, 1)), 1)
        self.table = _arrays(self.part, self.dtype)
        self.buffers = self.arrays("shared")
        self.kept = [self.arrays("kept") for _ in range(count)]
        self.expected = {
            title: [self.kind(*entry) for entry in table.items()]
            for title, table in (
                ("params", PARAMS),
                ("inputs", INPUTS),
                ("carry", CARRY),
            )
        }
        for key, shape, kind, limit in self.expected["carry"]:
            self.carries[key] = np.zeros(shape, kind)
            if not limit:
                self.begins[key] = np.zeros(shape, kind)
        # The states behind each segment and what they receive, the sequences in the order
        # of the rows.
        for _ in range(count):
            self.between.append(_zeros_like(self.carries))
        self.back = _zeros_like(self.begins)
        self.sums = self.arrays("sum")
        if count > 1:
            self.parts = self.arrays("sum")
        self.weight = np.zeros((), self.dtype)
        self.even = _Rows(self.size["T"], self.size["B"], None)
        self.even_plan = _planned(self, self.even)

    def arrays(self, owner):
        """New arrays: what all segments share, what each keeps, or what all add up to."""
        size, B, made = self.part, self.part["B"], {}
        rows = {"rows": size["T"] * B, "step": B, "last": B}
        rows["past"] = rows["rows"] + _LAG * B
        for name, (whose, kind, *row) in self.table.items():
            if whose == owner:
                shape = [rows.get(kind, kind), *(row or [1])]
                if kind == "matrix":
                    made[name] = _matrix(size, row[0], row[1], self.dtype)
                elif kind == "static":
                    made[name] = _zeros(row, self.dtype)
                elif row == ["index"]:
                    made[name] = _zeros(shape[:1], np.intp)
                else:
                    made[name] = _zeros(shape, self.dtype)
        return made

    def kind(self, name, axes):
        """Name, shape and dtype of an argument, and below what an index must be."""
        axis = {}.get(name.partition("[")[0])
        (limit,) = [0] if axis is None else _shape([axis], self.size)
        dtype = self.dtype if axis is None else np.dtype(np.intp)
        return name, _shape(axes, self.size), dtype, limit

    @property
    def nbytes(self):
        """The bytes of all buffers."""
        parts = [self.buffers, self.others, self.begins, self.carries, self.back]
        parts += [self.sums, self.parts, self.sources, *self.kept, *self.between]
        return sum(array.nbytes for part in parts for array in part.values())

    def use(self, rows):
        """Take up the segments of these lengths."""
        if rows.order is None:
            rows, plan = self.even, self.even_plan
        elif self.ragged is not None and np.array_equal(
            (rows.lengths, rows.order), (self.ragged[0].lengths, self.ragged[0].order)
        ):
            rows, plan = self.ragged
        else:
            plan = _planned(self, rows)
            self.ragged = rows, plan
        self.rows, self.plan = rows, plan
        self.weight[...] = rows.weight * self.one

    def takes(self, params, inputs, carry, carry_grad):
        """Whether the arguments are such that nothing is to be checked, cast or sorted."""
        if self.dtype == object or self.even.order is not None:
            return False
        taken, expected, kind = self.taken, self.expected, np.ndarray
        for given, table in (
            (params, expected["params"]),
            (inputs, expected["inputs"]),
            (carry, expected["carry"]),
            (carry_grad, expected["carry"]),
        ):
            if given is None and table is expected["carry"]:
                continue
            if type(given) is not dict or len(given) != len(table):
                return False
            for name, shape, dtype, limit in table:
                array = given.get(name)
                if given is params and array is taken.get(name, self):
                    continue
                if (
                    type(array) is not kind
                    or array.dtype is not dtype
                    or array.shape != shape
                ):
                    return False
                # Without its sign, a negative index is a large one.
                if limit and not (array.size and array.view(np.uintp).max() < limit):
                    return False
        # Parameters that are changed in place need no look at the next call.
        self.taken = dict(params)
        return True


class _Views:
    """Arrays and views of a segment by name: attributes of a class are found fast."""


class _Segment:
    """Some steps of a call: their rows, and the views of the buffers for them."""

    def __init__(self, w, rows, kept, sums):
        self.rows, self.size, self.dtype = rows, w.part, w.dtype
        self.weight, self.buffers, self.others = w.weight, w.buffers, w.others
        self.one, self.zero = w.one, 0 * w.one
        # As many rows of each array as this segment has.
        ends = {"rows": rows.count, "past": rows.live.stop, "last": rows.sequences}
        self.views = _Views()
        for name, array in {**w.buffers, **kept, **sums}.items():
            if name in w.table:
                kind = w.table[name][1]
                setattr(
                    self.views, name, array[: ends[kind]] if kind in ends else array
                )
        self.pasts = {}
        self.adjoints = {}
        self.loss = None
        _forward_views(self)
        if w.backward:
            _backward_views(self)
        self.first, self.last = {}, {}
        for key in CARRY:
            name, step = _name_and_step(key)
            self.last[key] = self.pasts[name], rows.finals[-step]
            if name in self.adjoints:
                self.first[key] = self.adjoints[name][rows.begin(step)]
        if rows.order is None:
            self.begins = [
                (key, values.reshape(w.begins[key].shape), w.begins[key])
                for key, values in self.first.items()
            ]
            self.ends = [
                (values[where].reshape(w.carries[key].shape), w.carries[key])
                for key, (values, where) in self.last.items()
            ]

    def hand_on(self, states):
        """Keep the states that the next segment starts from."""
        for key, (array, where) in self.last.items():
            if isinstance(where, slice):
                np.copyto(states[key], array[where])
            else:
                np.take(array, where, 0, states[key], "clip")

    def hand_back(self, back):
        """Keep what the states that this segment started from receive."""
        for key, array in self.first.items():
            np.copyto(back[key], array)

    def gathered(self, name, array, where):
        """Rows of an array: a view where they stand end to end, else a copy."""
        if isinstance(where, slice):
            return array[where]
        if name not in self.others:
            full = max(self.size["T"], 1) * self.size["B"]
            self.others[name] = np.empty((full, *array.shape[1:]), array.dtype)
        out = self.others[name][: len(where)]
        return np.take(array, where, 0, out, "clip")


def _segment_steps(T, B):
    """How many steps a segment has."""
    # As many rows as make products over a segment pay, and no more: what a segment
    # touches between its forward and its backward pass stays in the cache.
    number = max(-(-T * B // _THRESHOLDS["rows of a segment"]), 1)
    return -(-T // number)


def _planned(w, rows):
    """The segments of a call in order, and where the rows of each stand among all."""
    last, length = len(rows.steps), w.part["T"]
    if last <= length:
        return [(_Segment(w, rows, w.kept[0], w.sums), slice(0, rows.count))]
    plan = []
    start = 0
    for begin in range(0, last, length):
        part = _rows_between(rows, begin, min(begin + length, last))
        # The last one runs backward first: to what it finds the others add theirs.
        sums = w.sums if begin + length >= last else w.parts
        place = slice(start, start + part.count)
        plan.append((_Segment(w, part, w.kept[len(plan)], sums), place))
        start += part.count
    return plan


def _rows_between(whole, begin, end):
    """The rows of some steps of a call, its sequences in the order of its rows."""
    lengths = np.clip(whole.lengths, begin, end) - begin
    even = np.all(lengths == end - begin)
    rows = _Rows(end - begin, whole.B, None if even else lengths)
    rows.weight = whole.weight
    return rows


def _zeros_like(arrays):
    """Room for as many numbers, a scalar a sequence as a column."""
    return {key: np.zeros_like(array) for key, array in arrays.items()}


def _zeros(shape, dtype):
    """An array that begins with a line of the cache, as the fastest loads want it."""
    dtype = np.dtype(dtype)
    if dtype.hasobject:
        return np.zeros(shape, dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.zeros(size + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    return raw[begin : begin + size].view(dtype).reshape(shape)


def _steps(rows):
    """For every step the rows of its sequences: in one step's array, and in all steps'."""
    return [(slice(now.stop - now.start), now, *prevs) for now, *prevs in rows.steps]


def _blocking(rows, inner, columns, dtype):
    """How many rows and columns blocks of a product have; 0: it is not cut."""
    count, least = rows * inner * columns, _THRESHOLDS["rows of a product in blocks"]
    most = _THRESHOLDS["multiplications of a block"]
    if rows < least or count <= most:
        return 0, 0
    height = rows
    width = _THRESHOLDS["bytes of a block of columns"] // dtype.itemsize
    if columns % width:
        width = columns
    while height % 2 == 0 and height * inner * width > most:
        height //= 2
    fits = height >= least and height * inner * width <= most
    fits = fits and count <= _THRESHOLDS["multiplications of all blocks"]
    return (height, width) if fits else (rows, columns)


def _product_in(blocks, gaps):
    """Arrays with gaps np.dot would copy."""
    return np.matmul if gaps or any(blocks) else np.dot


def _columns_for(w, name, blocks, inner, columns, given=False):
    """Room for a matrix by blocks of columns; None where it is taken as it stands."""
    if not any(blocks):
        return None
    width = blocks[1]
    gap = _gap(width, w.dtype)
    if width == columns and not (given and gap):
        return None
    if name not in w.buffers:
        w.buffers[name] = _zeros((columns // width, inner, width + gap), w.dtype)
    return w.buffers[name][:, :, :width]


def _gap(width, dtype):
    """How much longer rows are kept that would else meet in few places of the cache."""
    apart = width * dtype.itemsize % _THRESHOLDS["bytes of rows set apart"] == 0
    return 64 // dtype.itemsize if apart else 0


def _matrix(size, inner, columns, dtype):
    """A matrix for the products of a step, its rows apart where these take it whole."""
    whole = _blocking(size["B"], inner, columns, dtype)[1] == columns
    gap = _gap(columns, dtype) if whole else 0
    return _zeros((inner, columns + gap), dtype)[:, :columns]


def _in_columns(matrix, columns, first):
    """A matrix as its products take it, which the first segment lays out for all."""
    if columns is None:
        return matrix
    if first:
        count, inner, width = columns.shape
        np.copyto(columns, matrix.reshape(inner, count, width).swapaxes(0, 1))
    return columns


def _rows_in(array, blocks):
    """Rows by blocks; all in one where no whole number of blocks makes them up."""
    if not any(blocks):
        return array
    rows = len(array) if len(array) % blocks[0] else blocks[0]
    return array.reshape(len(array) // rows, 1, rows, array.shape[1])


def _out_in(array, blocks):
    """A result by blocks of rows, and these by blocks of columns."""
    if not any(blocks):
        return array
    rows = len(array) if len(array) % blocks[0] else blocks[0]
    shape = len(array) // rows, rows, array.shape[1] // blocks[1], blocks[1]
    return array.reshape(shape).swapaxes(1, 2)


def _add_at(array, where, values):
    """Add to rows of an array, each of which is named once."""
    if isinstance(where, slice):
        array[where] += values
    else:
        np.add.at(array, where, values)


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
        self.sequences = int(running[0]) if running.size else 0
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
        self.ends = {k: self._at(k, self.sequences) for k in range(_LAG + 1)}
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


def _name_and_step(key):
    name, _, step = key.rpartition("[")
    return name, int(step[:-1])


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
    return ""


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
