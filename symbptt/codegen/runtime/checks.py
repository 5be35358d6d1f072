"""Arguments are checked before anything is computed, and laid out in rows."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np

from symbptt.codegen.runtime.model import (
    _LOSS_ONLY,
    _UNTIMED,
    CARRY,
    DIMS,
    INDEX_INPUTS,
    INPUTS,
    PARAMS,
)
from symbptt.codegen.runtime.rows import _extent, _Rows


def _prepare(
    params: Any,
    inputs: Any,
    carry: Any,
    lengths: Any,
    steps: Any,
    carry_grad: Any = None,
    *,
    loss: bool,
) -> Any:
    """Check all arguments and lay them out in rows."""
    size: dict[str, int] = {}
    dtype = _dtype_of(params, inputs, carry)
    params = _checked("params", params, PARAMS, size, dtype)
    kinds = {name: str(array.dtype) for name, array in params.items()}
    if not {*kinds.values()} <= {str(dtype)} & {"float32", "float64", "object"}:
        raise ValueError(f"params: expected float32, float64 or object; found {kinds}")
    one = _unit(params) if dtype.hasobject else 1
    if dtype.hasobject:
        # Entries of the exact type, so that a quotient stays exact.
        for name, array in params.items():
            params[name] = np.empty(array.shape, object)
            params[name][...] = array * one
    inputs = _checked("inputs", inputs, INPUTS, size, dtype, () if loss else _LOSS_ONLY)
    if carry is not None:
        carry = _checked("carry", carry, CARRY, size, dtype)
    if carry_grad is not None:
        real = {key: axes for key, axes in CARRY.items() if not _index_of(key)}
        carry_grad = _checked("carry_grad", carry_grad, real, size, dtype)
    if lengths is not None:
        lengths = _array("lengths", lengths, ("B",), size, "iu", "integers").astype(int)
    if "T" not in size:
        if not isinstance(steps, (int, np.integer)) or steps < 0:
            raise ValueError(
                f"steps: expected T, which no input tells, found {steps!r}"
            )
        size["T"] = int(steps)
    size.setdefault("B", 1)
    for name, array in params.items():
        _solve_sums(array.shape, PARAMS[name], size)
    for name in DIMS:
        if name not in size:
            raise ValueError(f"dims: no array tells {name!r}; hand in a carry")
    _check_sizes(size)
    for name, array in params.items():
        _check_shape(f"params[{name!r}]", array, PARAMS[name], size)
    if lengths is not None and np.any((lengths < 0) | (lengths > size["T"])):
        raise ValueError(f"lengths: expected 0 to T = {size['T']}, found {lengths}")
    rows = _Rows(size["T"], size["B"], lengths)
    for name, array in inputs.items():
        first = name in _UNTIMED
        inputs[name] = (
            rows.sorted(array)[: rows.sequences] if first else rows.packed(array)
        )
    # Only now: at a padded step there may stand what is no index, or can't be cast.
    call = SimpleNamespace(params=params, rows=rows, size=size, one=one, dtype=dtype)
    call.inputs = _settled("inputs", inputs, call)
    call.start = carry and _settled("carry", carry, call)
    call.carry_grad = carry_grad and _settled("carry_grad", carry_grad, call)
    return call


def _dtype_of(*arguments: Any) -> Any:
    """The dtype of the first real array; float64 where there is none."""
    for arrays in arguments:
        for array in arrays.values() if hasattr(arrays, "keys") else ():
            if np.asarray(array).dtype.kind in "fO":
                return np.asarray(array).dtype
    return np.dtype(np.float64)


def _unit(params: Any) -> Any:
    """The number 1 of the exact type that the parameters have."""
    for array in params.values():
        for entry in array.flat:
            one = entry * 0 + 1
            return Fraction(1) if isinstance(one, int) else one
    return Fraction(1)


def _checked(
    what: str, given: Any, table: Any, size: Any, dtype: Any, optional: Any = ()
) -> dict[str, Any]:
    """The arrays of an argument, their keys, axes and numbers as in its table."""
    if not hasattr(given, "keys"):
        raise ValueError(
            f"{what}: expected a dict with {tuple(table)}, found {given!r}"
        )
    missing = [key for key in table if key not in given and key not in optional]
    unknown = [key for key in given if key not in table]
    if missing or unknown:
        raise ValueError(
            f"{what}: expected the keys {tuple(table)}; "
            f"missing {missing}, unknown {unknown}"
        )
    arrays = {}
    for key, axes in table.items():
        if key in given:
            wanted = ("iu", "integers") if _index_of(key) else _reals(dtype)
            arrays[key] = _array(f"{what}[{key!r}]", given[key], axes, size, *wanted)
    return arrays


def _reals(dtype: Any) -> tuple[str, str]:
    return "iuO" if dtype.hasobject else "fiu", f"real numbers for {dtype}"


def _array(place: str, value: Any, axes: Any, size: Any, kinds: str, words: str) -> Any:
    """An array of those kinds of numbers, with those axes."""
    array = np.asarray(value)
    if array.dtype.kind not in kinds:
        raise ValueError(f"{place}: expected {words}, found dtype {array.dtype}")
    _check_shape(place, array, axes, size)
    return array


def _check_shape(place: str, array: Any, axes: Any, size: Any) -> None:
    """Compare a shape with its axes; an axis seen for the first time is learned."""
    learned = dict(size)
    fits = array.ndim == len(axes)
    for axis, length in zip(axes, array.shape, strict=True) if fits else ():
        parts = str(axis).split(" + ")
        if len(parts) == 1 and not parts[0].isdigit():
            learned.setdefault(axis, length)
        if all(part.isdigit() or part in learned for part in parts):
            fits = fits and _extent(axis, learned) == length
    if not fits:
        known = {axis: size[axis] for axis in axes if axis in size}
        raise ValueError(
            f"{place}: expected axes ({', '.join(map(str, axes))}) with {known}, "
            f"found shape {array.shape}"
        )
    size.update(learned)


def _check_sizes(size: Any) -> None:
    wrong = {name: length for name, length in size.items() if length < (name in DIMS)}
    if wrong:
        raise ValueError(f"dims: expected lengths >= 1, and T, B >= 0; found {wrong}")


def _solve_sums(shape: Any, axes: Any, size: Any) -> None:
    """Learn a length from that of a concatenation whose other parts are known."""
    for axis, length in zip(axes, shape, strict=True):
        parts = str(axis).split(" + ")
        unknown = [part for part in parts if not part.isdigit() and part not in size]
        if len(unknown) == 1 and len(parts) > 1:
            parts.remove(unknown[0])
            size[unknown[0]] = length - _extent(" + ".join(parts), size)


def _index_of(key: str) -> Any:
    """What the integers of an input or initial value index; nothing for reals."""
    return INDEX_INPUTS.get(key.partition("[")[0], "")


def _settled(what: str, arrays: Any, call: Any) -> Any:
    """Indices, in range; reals in the dtype of the call, a scalar as a column."""
    laid = {}
    for key, array in arrays.items():
        if _index_of(key):
            limit = _extent(_index_of(key), call.size)
            if array.size and (array.min() < 0 or array.max() >= limit):
                found = f"index < {limit}, found {array.min()} to {array.max()}"
                raise ValueError(f"{what}[{key!r}]: expected 0 <= {found}")
        elif call.dtype.hasobject:
            array = array * call.one
        else:
            array = array.astype(call.dtype, copy=False)
        laid[key] = array if array.ndim > 1 or _index_of(key) else array[:, None]
    return laid
