"""The plain way through a module, in arrays made on the way; a workspace holds results alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _index_of, _kind, _sizes
from symbptt.codegen.runtime.model import (
    _LOSS_AT_LAST_STEP,
    _LOSS_ONLY,
    _OUTPUTS,
    _SCALARS,
    _WITH_RESPECT_TO,
    CARRY,
    DIMS,
    INPUTS,
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

    def __init__(self, dims: Any, T: Any, B: Any, dtype: Any = np.float32) -> None:
        self.size = _sizes(dims, T, B)
        self.dtype = _kind(dtype, "float32", "float64", "object")
        begins = {key: axes for key, axes in CARRY.items() if not _index_of(key)}
        sources = {name: INPUTS[name] for name in _WITH_RESPECT_TO}
        self.grads = self.room({**PARAMS, **begins, **sources})
        self.carry = self.room(CARRY)

    def room(self, table: Any) -> dict[str, Any]:
        """An array for every row of a table."""
        return {
            key: np.zeros(
                _shape(axes, self.size), np.intp if _index_of(key) else self.dtype
            )
            for key, axes in table.items()
        }

    @property
    def nbytes(self) -> int:
        """The bytes of all buffers."""
        return sum(a.nbytes for a in (*self.grads.values(), *self.carry.values()))


def _outputs(call: Any) -> Any:
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


def _computed_plainly(call: Any, backward: Any, workspace: Any) -> Any:
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
