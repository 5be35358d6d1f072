"""Arguments are checked before anything is computed, and laid out in rows."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np

from symbptt.codegen.runtime.model import (
    _CARRY_TELLS,
    _INDEX_STATES,
    _LOSS_ONLY,
    _SCALAR_ROWS,
    _STEPS_GIVEN,
    _SUMS_OF_LENGTHS,
    _UNTIMED,
    CARRY,
    DIMS,
    INDEX_INPUTS,
    INPUTS,
    PARAMS,
    Workspace,
)
from symbptt.codegen.runtime.rows import _extent, _parts, _Rows, _shape


def _prepare(
    params: Any,
    inputs: Any,
    carry: Any,
    lengths: Any,
    steps: Any,
    carry_grad: Any = None,
    workspace: Any = None,
    *,
    loss: bool,
) -> Any:
    """Check all arguments and lay them out in rows."""
    tables: dict[str, tuple[Any, Any]] = {
        "params": (params, PARAMS),
        "inputs": (inputs, INPUTS),
    }
    tables |= {} if carry is None else {"carry": (carry, CARRY)}
    received = _reals(CARRY) if _INDEX_STATES else CARRY
    tables |= {} if carry_grad is None else {"carry_grad": (carry_grad, received)}
    optional = () if loss else _LOSS_ONLY
    given = {what: _given(what, *pair, optional) for what, pair in tables.items()}
    found: list[Any] = [one for each in given.values() for one in each.values()]
    floats = [array.dtype for _, array, _, _ in found if array.dtype.kind in "fO"]
    dtype = floats[0] if floats else np.dtype(float)
    kinds = {array.dtype for _, array, _, _ in given["params"].values()}
    usual = [np.dtype(name) for name in ("float32", "float64", "object")]
    if any(kind != dtype or kind not in usual for kind in kinds):
        seen = {name: str(one[1].dtype) for name, one in given["params"].items()}
        raise _wrong("params", "float32, float64 or object", seen)
    if lengths is not None:
        lengths = _array("lengths", lengths, ("B",))
        found.append(("lengths", lengths, ("B",), "T"))
    size: dict[str, Any] = {}
    for one in found:
        _check(one, dtype, size)
    if _SUMS_OF_LENGTHS:
        for _, array, axes, _ in found:
            _solve(axes, array.shape, size)
        for one in found:
            _check(one, dtype, size)
    if _STEPS_GIVEN:
        if "T" not in size and not _is_length(steps):
            raise _wrong("steps", "T, which no input tells", repr(steps))
        size = {"T": steps, "B": 1, **size}
    if _CARRY_TELLS:
        for name in DIMS:
            if name not in size:
                words = f"a carry, as nothing else tells {name!r}"
                raise _wrong("dims", words, "none")
    size = _sizes({name: size[name] for name in DIMS}, size["T"], size["B"])
    made = isinstance(workspace, Workspace) and (workspace.size, workspace.dtype)
    if workspace is not None and made != (size, dtype):
        words = f"one made for {size} and {dtype}"
        raise _wrong("workspace", words, made or type(workspace))
    if lengths is not None and np.any((lengths < 0) | (lengths > size["T"])):
        raise _wrong("lengths", f"0 to T = {size['T']}", lengths)
    rows = _Rows(size["T"], size["B"], lengths)
    # Only now: at a padded step there may stand what is no index, or can't be cast.
    for name, (place, array, *rest) in given["inputs"].items():
        laid = rows.once(array) if name in _UNTIMED else rows.packed(array)
        given["inputs"][name] = place, laid, *rest
    one = _unit(given["params"]) if dtype.hasobject else 1
    call = SimpleNamespace(rows=rows, size=size, dtype=dtype, one=one)
    given = {what: _settled(each, call) for what, each in given.items()}
    call.params, call.inputs = given["params"], given["inputs"]
    call.start, call.carry_grad = given.get("carry"), given.get("carry_grad")
    return call


def _wrong(place: str, expected: str, found: Any) -> ValueError:
    return ValueError(f"{place}: expected {expected}, found {found}")


def _made(place: str, expected: str, make: Any, value: Any) -> Any:
    """What a function makes of a value, if it can."""
    try:
        return make(value)
    except (ArithmeticError, RuntimeError, SyntaxError, TypeError, ValueError) as error:
        raise _wrong(place, expected, f"{type(value).__name__}: {error}") from error


def _given(what: str, given: Any, table: Any, optional: Any = ()) -> dict[str, Any]:
    """By the keys of its table, an argument's arrays: place, array, axes, what it indexes."""
    if not isinstance(given, Mapping):
        raise _wrong(what, f"a dict with {tuple(table)}", type(given))
    missing = [key for key in table if key not in given and key not in optional]
    unknown = [key for key in given if key not in table]
    if missing or unknown:
        found = f"missing {missing}, unknown {unknown}"
        raise ValueError(f"{what}: expected the keys {tuple(table)}; {found}")
    laid = {}
    for key, axes in table.items():
        if key in given:
            place = f"{what}[{key!r}]"
            laid[key] = place, _array(place, given[key], axes), axes, _index_of(key)
    return laid


def _array(place: str, value: Any, axes: Any) -> Any:
    """A value as an array; what can be none, or has other axes, is not made into one."""
    if not hasattr(value, "__array__"):
        depth = _made(place, "an array", _depth, value)
        if depth not in (0, len(axes)):
            raise _wrong(place, f"axes ({', '.join(map(str, axes))})", f"{depth} axes")
    return _made(place, "an array", np.asarray, value)


def _depth(value: Any) -> int:
    """How many axes an array of a value has."""
    if hasattr(value, "__array__"):
        return int(np.ndim(value))
    if isinstance(value, (list, tuple)):
        return 1 + max(map(_depth, value), default=0)
    if hasattr(value, "__len__"):
        raise TypeError(f"{type(value).__name__} holds no numbers")
    return 0


def _check(one: Any, dtype: Any, size: Any) -> None:
    """Compare an array's numbers and its shape with what is expected.

    An axis seen for the first time is learned; one in a sum of others is not.
    """
    place, array, axes, index = one
    kinds = "iu" if index else "iuO" if dtype.hasobject else "fiu"
    if array.dtype.kind not in kinds:
        words = "integers" if index else f"real numbers for {dtype}"
        raise _wrong(place, words, f"dtype {array.dtype}")
    if _SUMS_OF_LENGTHS:
        learned, fits = dict(size), array.ndim == len(axes)
        for axis, length in zip(axes, array.shape, strict=False):
            if axis in _parts(axis):
                learned.setdefault(axis, length)
            if {*_parts(axis)} <= learned.keys():
                fits = fits and _extent(axis, learned) == length
    else:
        learned = {**dict(zip(axes, array.shape, strict=False)), **size}
        fits = array.shape == tuple(map(learned.get, axes))
    if not fits:
        known = {axis: size[axis] for axis in axes if axis in size}
        words = f"axes ({', '.join(map(str, axes))}) with {known}"
        raise _wrong(place, words, f"shape {array.shape}")
    size.update(learned)


def _solve(axes: Any, shape: Any, size: Any) -> None:
    """Learn the only new length in a sum."""
    for axis, length in zip(axes, shape, strict=False):
        new = [part for part in _parts(axis) if part not in size]
        if len(new) == 1:
            rest = {**size, new[0]: 0}
            size[new[0]] = length - _extent(axis, rest)


def _is_length(value: Any, least: int = 0) -> bool:
    return isinstance(value, (int, np.integer)) and least <= int(value) < 2**31


def _sizes(dims: Any, *extents: Any) -> dict[str, int]:
    """The lengths of all axes: those of `DIMS`, then T and B if given."""
    if not isinstance(dims, Mapping) or set(dims) != set(DIMS):
        raise _wrong("dims", f"the names {DIMS}", dims)
    size = {**dims, **dict(zip(("T", "B"), extents, strict=False))}
    wrong = {name: n for name, n in size.items() if not _is_length(n, name in DIMS)}
    if wrong:
        raise _wrong("dims", "lengths >= 1, and T, B >= 0", wrong)
    return {name: int(length) for name, length in size.items()}


def _kind(dtype: Any, *kinds: str) -> Any:
    """One of some kinds of numbers."""
    words = " or ".join(kinds)
    found = _made("dtype", words, np.dtype, dtype)
    if dtype is None or str(found) not in kinds:
        raise _wrong("dtype", words, repr(dtype))
    return found


def _unit(params: Any) -> Any:
    """The number 1 of the exact type that the parameters have."""
    for place, array, _, _ in params.values():
        for entry in array.flat:
            one = _made(place, "numbers", lambda n: n * 0 + 1, entry)
            return Fraction(1) if isinstance(one, int) else one
    return Fraction(1)


def _exact(place: str, array: Any, one: Any) -> Any:
    """The same numbers in the exact type, so that a quotient stays exact."""
    room = np.empty(array.shape, object)
    return _made(place, "numbers", lambda n: np.multiply(n, one, room), array)


def _reals(table: Any) -> Any:
    """The rows of a table but those of integers."""
    return {key: axes for key, axes in table.items() if not _index_of(key)}


def _index_of(key: str) -> Any:
    """What the integers of an input or initial value index; nothing for reals."""
    return INDEX_INPUTS.get(key.partition("[")[0], "")


def _settled(found: Any, call: Any) -> dict[str, Any]:
    """Indices, in range; reals in the dtype of the call, a scalar a row as a column."""
    laid = {}
    for key, (place, array, axes, index) in found.items():
        if index:
            (limit,) = _shape([index], call.size)
            if array.size and (array.min() < 0 or array.max() >= limit):
                seen = f"{array.min()} to {array.max()}"
                raise _wrong(place, f"0 <= index < {limit}", seen)
            array = array.astype(int, copy=False)
        elif call.dtype.hasobject:
            array = _exact(place, array, call.one)
        else:
            array = array.astype(call.dtype, copy=False)
        if _SCALAR_ROWS and array.ndim == 1 and "B" in axes and not index:
            array = array[:, None]
        laid[key] = array
    return laid
