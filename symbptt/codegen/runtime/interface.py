"""What a module offers beside its two functions, and the plain way through them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _check_sizes
from symbptt.codegen.runtime.model import (
    _DRAWN,
    _LOSS_AT_LAST_STEP,
    _LOSS_ONLY,
    _OUTPUTS,
    CARRY,
    DIMS,
    PARAMS,
    _forward,
    _loss,
)
from symbptt.codegen.runtime.rows import (
    _carry_out,
    _extent,
    _name_and_step,
    _source,
    _timed,
)


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
