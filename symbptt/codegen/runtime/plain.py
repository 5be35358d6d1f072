"""The plain way through a module, in arrays made on the way; its workspace holds results alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _check_sizes, _index_of
from symbptt.codegen.runtime.model import (
    _LOSS_AT_LAST_STEP,
    _LOSS_ONLY,
    _OUTPUTS,
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
    _timed,
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
    def nbytes(self) -> int:
        """The bytes of all buffers."""
        arrays = (*self.buffers.values(), *self.carries.values())
        return sum(array.nbytes for array in arrays)

    def check(self, call: Any) -> None:
        """Refuse a call of another size or dtype."""
        found = {name: call.size[name] for name in self.size}
        if found != self.size or call.dtype != self.dtype:
            raise ValueError(
                f"workspace: made for {self.size} and {self.dtype}, "
                f"found a call with {found} and {call.dtype}"
            )

    def hold(self, arrays: Any) -> dict[str, Any]:
        """Copy results into the buffers, and give the buffers out."""
        kept = self.carries if arrays.keys() == CARRY.keys() else self.buffers
        for name, array in arrays.items():
            kept[name][...] = array
        return {name: kept[name] for name in arrays}


def _outputs(call: Any) -> Any:
    """Every quantity by name, and the carry."""
    rows = call.rows
    values = _forward(call)
    outputs = {name: _timed(name, values[name], rows) for name in _OUTPUTS}
    if all(name in call.inputs for name in _LOSS_ONLY):
        _loss(call, values)
        spread = rows.unsorted if _LOSS_AT_LAST_STEP else rows.unpacked
        outputs["loss"] = spread(values["loss"][:, 0])
    return outputs, _carry_out(values, rows)


def _computed_plainly(call: Any, backward: Any, workspace: Any = None) -> Any:
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
