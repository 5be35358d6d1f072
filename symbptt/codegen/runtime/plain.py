"""The plain way through a module, in arrays made on the way; a workspace holds results alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _kind, _reals, _sizes
from symbptt.codegen.runtime.model import (
    _FIXED,
    _INDEX_STATES,
    _LOSS_AT_LAST_STEP,
    _LOSS_ONLY,
    _OUTPUTS,
    _SCALARS,
    _WITH_RESPECT_TO,
    CARRY,
    PARAMS,
    _forward,
    _loss,
)
from symbptt.codegen.runtime.rows import (
    _carry_out,
    _name_and_step,
    _shape,
    _source,
)


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

    def __init__(self, dims: Any, T: Any, B: Any, dtype: Any = np.float32) -> None:
        self.size = _sizes(dims, T, B)
        self.dtype = _kind(dtype, "float32", "float64", "object")


def _outputs(call: Any) -> Any:
    """Every quantity by name, and the carry."""
    rows = call.rows
    values = _forward(call)
    outputs = {
        name: rows.unpacked(values[name][:, 0] if name in _SCALARS else values[name])
        for name in _OUTPUTS
    }
    if all(name in call.inputs for name in _LOSS_ONLY):
        _loss(call, values)
        spread = rows.unsorted if _LOSS_AT_LAST_STEP else rows.unpacked
        outputs["loss"] = spread(values["loss"][:, 0])
    return outputs, _carry_out(values, rows)


def _computed_plainly(call: Any, backward: Any) -> Any:
    """Run forward and backward in arrays made on the way."""
    rows, params, dtype = call.rows, call.params, call.dtype
    values = _forward(call)
    _loss(call, values)
    loss = np.sum(values["loss"]) * call.one / rows.weight
    flowing, pasts = backward(call, values, call.carry_grad)
    grads: dict[str, Any] = {
        name: np.empty_like(params[name]) for name in PARAMS if name not in _FIXED
    }
    for name, array in grads.items():
        array[...] = flowing[name]
    starts = _reals(CARRY) if _INDEX_STATES else CARRY
    for key, axes in starts.items():
        name, step = _name_and_step(key)
        grads[key] = np.zeros(_shape(axes, call.size), dtype)
        if name in pasts:
            start = rows.unsorted(pasts[name][rows.begin(step)])
            grads[key][...] = start.reshape(grads[key].shape)
    for name in _WITH_RESPECT_TO:
        grads[name] = _source(name, flowing[name], rows).astype(dtype, copy=False)
    loss = loss if call.dtype == object else float(loss)
    return loss, grads, _carry_out(values, rows)
