"""The workspace of plain code, which holds results alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _index_of, _kind, _sizes
from symbptt.codegen.runtime.model import _WITH_RESPECT_TO, CARRY, INPUTS, PARAMS
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
