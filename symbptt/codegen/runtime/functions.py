"""Functions of rows: elementwise, of vectors, losses; floats and exact numbers alike."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np


def _apply(matrices: Any, v: Any) -> Any:
    """The product of each row's matrix with that row."""
    return (matrices @ v[..., None])[..., 0]


def _beyond(u: Any, v: Any) -> Any:
    """1 where u > v, 1/2 at a tie, else 0."""
    dtype = np.result_type(u, v)
    if dtype.kind == "O":
        none, half, one = np.array([Fraction(0), Fraction(1, 2), Fraction(1)])
        return np.where(u > v, one, np.where(u == v, half, none))
    return (u > v).astype(dtype) + (u == v).astype(dtype) / 2


def _binary_cross_entropy(o: Any, y: Any) -> Any:
    """-sum(y log sigmoid(o) + (1 - y) log sigmoid(-o)), a row each."""
    return (_softplus(o) - y * o).sum(axis=-1, keepdims=True)


def _block(v: Any, start: int, width: int) -> Any:
    """Columns of a concatenation."""
    return v[..., start : start + width]


def _concat(*parts: Any) -> Any:
    """Vectors end to end, row by row; what has no rows stands in every one."""
    count = max(part.shape[0] for part in parts if part.ndim == 2)
    return np.concatenate(
        [np.broadcast_to(part, (count, part.shape[-1])) for part in parts], axis=1
    )


def _diagonal(v: Any) -> Any:
    """The diagonal matrix of every row."""
    return np.eye(v.shape[-1], dtype=v.dtype) * v[..., None, :]


def _dot(u: Any, v: Any) -> Any:
    """The inner product of each row of u with that of v."""
    return (u * v).sum(axis=-1, keepdims=True)


def _entries(matrices: Any) -> Any:
    """The entries of each row's matrix, end to end."""
    count, height, width = matrices.shape
    return matrices.reshape(count, height * width)


def _erf(x: Any) -> Any:
    """The error function, entry by entry; object entries have a method erf."""
    if x.dtype == object:
        return np.frompyfunc(lambda entry: entry.erf(), 1, 1)(x)
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), x.dtype)


def _gelu(x: Any) -> Any:
    """x Phi(x), Phi the standard normal distribution function."""
    return x * _normal_cdf(x)


def _kron(v: Any, size: int) -> Any:
    """The Kronecker product of the identity and v.T, for every row."""
    eye = np.eye(size, dtype=v.dtype)
    product = eye[:, :, None] * v[..., None, None, :]
    return product.reshape(*v.shape[:-1], size, size * v.shape[-1])


def _kron_first(v: Any, size: int) -> Any:
    """The Kronecker product of v.T and the identity, for every row."""
    eye = np.eye(size, dtype=v.dtype)
    product = eye[:, None, :] * v[..., None, :, None]
    return product.reshape(*v.shape[:-1], size, size * v.shape[-1])


def _kronecker(left: Any, right: Any) -> Any:
    """The Kronecker product of two matrices, of every row that they have."""
    product = left[..., :, None, :, None] * right[..., None, :, None, :]
    height, width = (left.shape[k] * right.shape[k] for k in (-2, -1))
    return product.reshape(*product.shape[:-4], height, width)


def _less_maximum(v: Any) -> Any:
    """Floats less the maximum of their row: -inf, whose exp is 0, where none is so far below."""
    if v.dtype == object:
        return v
    with np.errstate(over="ignore"):
        return v - v.max(axis=-1, keepdims=True)


def _log_sigmoid(x: Any) -> Any:
    """-log(1 + exp(-x)), without overflow for floats."""
    if x.dtype == object:
        return -np.log(1 + np.exp(-x))
    return -np.logaddexp(-x, x.dtype.type(0))


def _log_softmax(v: Any) -> Any:
    """log softmax(v) along the last axis."""
    v = _less_maximum(v)
    return v - np.log(np.exp(v).sum(axis=-1, keepdims=True))


def _mean(v: Any) -> Any:
    """The mean of each row."""
    return v.sum(axis=1, keepdims=True) / v.shape[1]


def _normal_cdf(x: Any) -> Any:
    """The distribution function of a standard normal variable."""
    # Through erfc, since 1 + erf(x) has no digits left for large negative x.
    if x.dtype == object:
        return (1 + _erf(x / np.sqrt(0 * x + 2))) / 2
    tail = np.asarray(np.frompyfunc(math.erfc, 1, 1)(-x / math.sqrt(2)), x.dtype)
    return tail / 2


def _normal_pdf(x: Any, variance: Any) -> Any:
    """The density of a centred normal variable."""
    if x.dtype == object:
        pi = 4 * np.arctan(0 * x + 1)
        return np.exp(-x * x / (2 * variance)) / np.sqrt(2 * pi * variance)
    # It is 0 past 40 standard deviations, where a square could overflow.
    x = np.minimum(np.abs(x), 40 * variance**0.5)
    return np.exp(-x * x / (2 * variance)) / (2 * math.pi * variance) ** 0.5


def _one_hot(position: Any, length: int, dtype: Any) -> Any:
    """A row with a 1 at each position."""
    units = np.zeros((len(position), length), dtype)
    units[np.arange(len(position)), position] = 1
    return units


def _outer(u: Any, v: Any) -> Any:
    """The matrix u v.T of each row."""
    return u[..., :, None] * v[..., None, :]


def _pick(v: Any, position: Any) -> Any:
    """The entry of each row at its own position; a vector without rows serves them all."""
    v = np.broadcast_to(v, (len(position), v.shape[-1]))
    return np.take_along_axis(v, position[:, None], axis=1)


def _pulled_back(gradient: Any, sensitivity: Any) -> Any:
    """The transposed Jacobian of every row times the gradient of its output."""
    return (gradient[:, None, :] @ sensitivity)[:, 0, :]


def _repeated(matrix: Any, count: int) -> Any:
    """The same matrix for every row."""
    return np.broadcast_to(matrix, (count, *matrix.shape))


def _rows_of(matrix: Any, start: int, width: int) -> Any:
    """Rows of a stack of matrices, or entries of vectors end to end."""
    return matrix[start : start + width]


def _side_by_side(matrix: Any, count: int) -> Any:
    """Matrices of equal widths, from one that they are the columns of."""
    return matrix.reshape(len(matrix), count, matrix.shape[1] // count).swapaxes(0, 1)


def _stacked(matrix: Any, count: int) -> Any:
    """Matrices of equal heights, or vectors, from one in which they stand end to end."""
    return matrix.reshape(count, len(matrix) // count, *matrix.shape[1:])


def _selection(size: int, start: int, width: int, dtype: Any) -> Any:
    """The matrix that picks some entries in a row out of a vector."""
    return np.eye(size, dtype=dtype)[start : start + width]


def _sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow for floats."""
    if x.dtype == object:
        return 1 / (1 + np.exp(-x))
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _sign(x: Any) -> Any:
    """1, 0 or -1."""
    return _step(x) - _step(-x)


def _silu(x: Any) -> Any:
    """x sigmoid(x)."""
    return x * _sigmoid(x)


def _softmax(v: Any) -> Any:
    """exp(v) / sum(exp(v)) along the last axis."""
    powers = np.exp(_less_maximum(v))
    return powers / powers.sum(axis=-1, keepdims=True)


def _softmax_cross_entropy(o: Any, y: Any) -> Any:
    """-log softmax(o)[y], a row each."""
    o = _less_maximum(np.broadcast_to(o, (len(y), o.shape[-1])))
    picked = np.take_along_axis(o, y[:, None], axis=1)
    return np.log(np.exp(o).sum(axis=-1, keepdims=True)) - picked


def _softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow for floats."""
    if x.dtype == object:
        return np.log(1 + np.exp(x))
    return np.logaddexp(x, x.dtype.type(0))


def _softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return x / (1 + np.abs(x))


def _squared_error(o: Any, y: Any) -> Any:
    """Half the squared distance, a row each."""
    return ((o - y) ** 2).sum(axis=-1, keepdims=True) / 2


def _step(x: Any) -> Any:
    """1 where x > 0, else 0."""
    # A quotient of Python's integers would be a float.
    return (x > 0) * (0 * x + 1) if x.dtype == object else (x > 0).astype(x.dtype)


def _total(v: Any) -> Any:
    """The sum of each row."""
    return v.sum(axis=tuple(range(1, v.ndim))).reshape(-1, 1)
