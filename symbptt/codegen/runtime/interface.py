"""What a module offers beside its two functions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _check_sizes
from symbptt.codegen.runtime.model import (
    _DRAWN,
    DIMS,
    PARAMS,
)
from symbptt.codegen.runtime.rows import _extent


def init_params(dims: Any, *, seed: Any = 0, dtype: Any = np.float32) -> Any:
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


def clip_gradients(grads: Any, theta: Any) -> Any:
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
