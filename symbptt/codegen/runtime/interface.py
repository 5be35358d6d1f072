"""What a module offers beside its two functions."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import (
    _exact,
    _given,
    _kind,
    _made,
    _sizes,
    _wrong,
)
from symbptt.codegen.runtime.model import _DRAWN, _FIXED, _SOME_FIXED, PARAMS, Axes
from symbptt.codegen.runtime.rows import _shape


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


def _learned() -> dict[str, Axes]:
    """The axes of the parameters that have gradients."""
    return {name: axes for name, axes in PARAMS.items() if name not in _FIXED}


def clip_gradients(grads: Any, theta: Any) -> Any:
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
    found = _given("grads", grads, _learned() if _SOME_FIXED else PARAMS)
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
            scale: Any = Fraction if g.dtype == object else g.dtype.type
            g *= scale(float(theta / norm))
    return norm
