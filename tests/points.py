"""Random points of a model: the arguments of a call of its generated module.

Parameters are random everywhere (never `init_params`: zero biases hide errors), the
dimensions all differ, tokens and labels repeat.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.algebra import Dim, DimSum, Model, Shape


@dataclass(frozen=True)
class Point:
    """The arguments of a call, T and B being stated.

    Arrays as generated-module.md says: inputs (T, B, …) or (B, …), carry (B, …).
    ``bind`` names functions for the abstract ones that have no default.
    """

    dims: Mapping[str, int]
    T: int
    B: int
    params: Mapping[str, Any]
    inputs: Mapping[str, Any]
    carry: Mapping[str, Any] | None = None
    lengths: Any = None
    carry_grad: Mapping[str, Any] | None = None
    bind: Mapping[str, str] | None = None

    def exact(self) -> Point:
        """The same with fractions, near the floats."""
        return self.converted(_fractions)

    def floats(self, dtype: Any = np.float64) -> Point:
        return self.converted(lambda array: array.astype(dtype))

    def converted(self, convert: Callable[[Any], Any]) -> Point:
        """The same with every real array converted."""

        def each(arrays: Mapping[str, Any] | None) -> Any:
            if arrays is None:
                return None
            return {key: a if a.dtype.kind == "i" else convert(a) for key, a in arrays.items()}

        return replace(
            self,
            params=each(self.params),
            inputs=each(self.inputs),
            carry=each(self.carry),
            carry_grad=each(self.carry_grad),
        )


def _fractions(array: Any) -> Any:
    exact = np.empty(array.shape, dtype=object)
    for entry in np.ndindex(array.shape):
        exact[entry] = Fraction(round(64 * float(array[entry])), 64)
    return exact


def length_of(dim: Dim, dims: Mapping[str, int]) -> int:
    if isinstance(dim, DimSum):
        return sum(length_of(part, dims) for part in dim.parts)
    return dims[dim] if isinstance(dim, str) else dim


def sizes_of(shape: Shape, dims: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(length_of(dim, dims) for dim in shape)


def sizes(model: Model) -> dict[str, int]:
    """A size for every dimension, all different."""
    choice = (3, 4, 2, 5, 6, 7, 8, 9, 10, 11)
    return dict(zip(model.dims, choice, strict=False))


def draw(
    model: Model,
    *,
    T: int = 5,
    B: int = 3,
    seed: int = 0,
    dims: Mapping[str, int] | None = None,
) -> Point:
    """A point with a carry and a ``carry_grad``, of full length.

    Real entries are uniform in (-0.8, 0.8), so that gates and powers stay in a range
    where a relative error of 1e-10 is meaningful.
    """
    dims = sizes(model) if dims is None else dims
    rng = np.random.default_rng([seed, zlib.crc32(model.name.encode())])

    def real(*shape: int) -> Any:
        return rng.uniform(-0.8, 0.8, shape)

    params = {p.name: real(*sizes_of(p.shape, dims)) for p in model.parameters}
    inputs: dict[str, Any] = {}
    for declared in model.inputs:
        lead = (T, B) if declared.timed else (B,)
        if declared.index_dim is not None:
            inputs[declared.name] = rng.integers(length_of(declared.index_dim, dims), size=lead)
        else:
            inputs[declared.name] = real(*lead, *sizes_of(declared.shape, dims))
    indices = {i.name: i.index_dim for i in model.inputs if i.index_dim is not None}
    carry: dict[str, Any] = {}
    carry_grad: dict[str, Any] = {}
    for initial in model.initials:
        if initial.name in indices:
            carry[initial.key] = rng.integers(length_of(indices[initial.name], dims), size=B)
        else:
            carry[initial.key] = real(B, *sizes_of(initial.shape, dims))
            carry_grad[initial.key] = real(B, *sizes_of(initial.shape, dims))
    return Point(dims, T, B, params, inputs, carry, None, carry_grad)
