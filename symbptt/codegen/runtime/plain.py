"""The workspace of plain code, which holds results alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _check_sizes, _index_of
from symbptt.codegen.runtime.model import _WITH_RESPECT_TO, CARRY, DIMS, INPUTS, PARAMS
from symbptt.codegen.runtime.rows import _shape


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
