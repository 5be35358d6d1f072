"""The ways through the segments of a call: forward alone, and forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.model import (
    _AGAIN,
    _INCOMPLETE,
    _KEPT,
    _LOSS_AT_LAST_STEP,
    _LOSS_ONLY,
    _OUTPUTS,
    _SCALAR_ROWS,
    _SCALARS,
    _THRESHOLDS,
    _UNTIMED,
    _WITH_RESPECT_TO,
    DIMS,
    _completed,
    _quantities,
    _run_backward,
    _run_forward,
    _run_loss,
)
from symbptt.codegen.runtime.rows import _source
from symbptt.codegen.runtime.segments import Workspace, _column


def _in_buffers(call: Any, w: Any) -> Any:
    """A call whose arguments are checked, in a workspace of its own or in the given one."""
    if w is None or call.dtype == object:
        w = _workspace(call, True)
    w.use(call.rows)
    start, back = (_sorted(call.rows, each) for each in (call.start, call.carry_grad))
    return _without_copies(_gradients, w, call.params, call.inputs, start, back)


def _outputs(call: Any) -> Any:
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


def _workspace(call: Any, backward: bool) -> Any:
    """Buffers for one call."""
    dims = {name: call.size[name] for name in DIMS}
    return Workspace(dims, call.rows.T, call.rows.B, call.dtype, call.one, backward)


def _sorted(rows: Any, arrays: Any) -> Any:
    """States in the order of the rows, if there are any."""
    return arrays and {key: rows.sorted(array) for key, array in arrays.items()}


def _at_once(w: Any, params: Any, inputs: Any, carry: Any, carry_grad: Any) -> Any:
    """A call in which nothing is to be checked, cast or sorted."""
    laid = {}
    for name, array in inputs.items():
        if name not in _UNTIMED:
            array = array.reshape(w.even.count, *array.shape[2:])
        laid[name] = _column(array) if _SCALAR_ROWS else array
    if _SCALAR_ROWS:
        carry = carry and {key: _column(a) for key, a in carry.items()}
        carry_grad = carry_grad and {key: _column(a) for key, a in carry_grad.items()}
    if w.rows is not w.even:
        w.use(w.even)
    return _without_copies(_gradients, w, params, laid, carry, carry_grad)


def _scalar(w: Any, total: Any) -> Any:
    """A sum as a number of Python, or of the exact type."""
    return total * w.one if w.dtype == object else float(total)


def _without_copies(computed: Any, w: Any, *arguments: Any) -> Any:
    """Compute with NumPy's buffers so small that what has gaps is not copied into them.

    An elementwise call on less than a buffer takes it in one piece, if need be a copy; on
    more it takes piece by piece where they stand. With one sequence hardly anything has gaps.
    """
    if w.size["B"] == 1:
        return computed(w, *arguments)
    before = np.setbufsize(_THRESHOLDS["numbers in a buffer of NumPy"])
    try:
        return computed(w, *arguments)
    finally:
        np.setbufsize(before)


def _forward_alone(w: Any, call: Any) -> Any:
    """Run all segments forward, and put together what each leaves."""
    rows, inputs, values = call.rows, call.inputs, {}
    targets = all(name in inputs for name in _LOSS_ONLY)
    losses = np.empty(
        (rows.sequences if _LOSS_AT_LAST_STEP else rows.count, 1), w.dtype
    )
    begin = _sorted(rows, call.start)
    for number, (segment, place) in enumerate(w.plan):
        own = _taken(segment, inputs, place)
        _run_forward(segment, call.params, own, begin, number == 0)
        begin = w.between[number]
        segment.hand_on(begin)
        _run_loss(segment, call.params, own, number == 0, targets)
        if targets:
            losses[segment.rows.ending if _LOSS_AT_LAST_STEP else place] = segment.loss
        states = {n: a[segment.rows.live] for n, a in segment.pasts.items()}
        for name, array in (states | _quantities(segment)).items():
            if number == 0:
                values[name] = np.empty((rows.count, *array.shape[1:]), array.dtype)
            values[name][place] = array
        if _INCOMPLETE and number == 0:
            starts = {n: a[: rows.live.start].copy() for n, a in segment.pasts.items()}
    if _INCOMPLETE:
        for name, start in starts.items():
            values[f"past of {name}"] = np.concatenate([start, values[name]])
        _completed(call, values)
    outputs = {
        name: rows.unpacked(values[name][:, 0] if name in _SCALARS else values[name])
        for name in _OUTPUTS
    }
    if targets:
        spread = rows.unsorted if _LOSS_AT_LAST_STEP else rows.unpacked
        outputs["loss"] = spread(losses[:, 0])
    room = {key: np.empty_like(array) for key, array in w.carries.items()}
    return outputs, _in_order(rows, begin, room)


def _gradients(w: Any, *arguments: Any) -> Any:
    """Loss, gradients and carry, by the only segment or by several."""
    return (_computed if len(w.plan) == 1 else _computed_by_segments)(w, *arguments)


def _computed(w: Any, params: Any, inputs: Any, start: Any, carry_grad: Any) -> Any:
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
    for name in _WITH_RESPECT_TO:
        grads[name] = _source(name, grads[name], rows)
    return _scalar(w, total) / rows.weight, grads, carry


def _computed_by_segments(
    w: Any, params: Any, inputs: Any, start: Any, carry_grad: Any
) -> Any:
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
        if _AGAIN and number < last:
            _run_forward(segment, params, own, begin, False)
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
        for name in _WITH_RESPECT_TO:
            where = segment.rows.ending if name in _UNTIMED else place
            w.sources[name][where] = sums[name]
    rows = w.rows
    grads = {**grads, **_in_order(rows, w.back, w.begins)}
    for name in _WITH_RESPECT_TO:
        count = rows.sequences if name in _UNTIMED else rows.count
        grads[name] = _source(name, w.sources[name][:count], rows)
    return loss / rows.weight, grads, _in_order(rows, w.between[last], w.carries)


def _taken(segment: Any, inputs: Any, place: slice) -> Any:
    """The rows of all inputs that belong to a segment."""
    return {
        name: array[segment.rows.ending if name in _UNTIMED else place]
        for name, array in inputs.items()
    }


def _in_order(rows: Any, arrays: Any, room: Any) -> Any:
    """States and what they receive, the sequences in the caller's order."""
    for key, out in room.items():
        out[... if rows.order is None else rows.order] = arrays[key].reshape(out.shape)
    return dict(room)
