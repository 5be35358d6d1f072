"""Where each step of each sequence stands in stacked rows, and back to the caller's axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.model import (
    _LAG,
    _LOSS_AT_LAST_STEP,
    _SUMMED,
    _SUMS_OF_LENGTHS,
    _UNTIMED,
    CARRY,
    INPUTS,
)


class _Rows:
    """Where each step of each sequence stands in an array of stacked rows.

    Sequences are sorted, the longest first, so that those that still run at a step are
    the first ones; a padded step has no row at all. An array with a past begins with
    `_LAG` blocks of B rows, the initial values of the steps 1 - _LAG, ..., 0.
    """

    def __init__(self, T: int, B: int, lengths: Any) -> None:
        given = np.full(B, T) if lengths is None else lengths.astype(int)
        even = T * B > 0 and np.all(given == T)
        order = np.argsort(-given, kind="stable")
        self.T, self.B, self.order = T, B, None if even else order
        self.lengths = given[order]
        running = (self.lengths[None, :] > np.arange(T)[:, None]).sum(axis=1)
        running = running[running > 0]
        past = _LAG * B
        self.count = int(running.sum())
        self.sequences = int(running[0]) if running.size else 0
        self.ending = slice(self.sequences)
        if _SUMMED:
            self.weight = 1
        else:
            self.weight = max(self.sequences if _LOSS_AT_LAST_STEP else self.count, 1)
        self.live = slice(past, past + self.count)
        # The first row of each step in an array with a past, steps 1 - _LAG, ..., T.
        starts = past + np.cumsum(running) - running
        self.first = np.concatenate([np.arange(_LAG) * B, starts, np.arange(1)])
        if even:
            self.places = slice(0, self.count)
            backs = {k: past - k * B for k in range(1, _LAG + 1)}
            self.back = {k: slice(at, at + self.count) for k, at in backs.items()}
        else:
            # The step and the sequence of every row; where it stands for the caller.
            step = np.repeat(np.arange(running.size), running)
            sequence = np.arange(past, past + self.count) - starts[step]
            self.places = _run(order[sequence] + step * B)
            first = {k: self.first[step + _LAG - k] for k in range(1, _LAG + 1)}
            self.back = {k: _run(rows + sequence) for k, rows in first.items()}
        self.ends = {k: self._at(k, self.sequences) for k in range(_LAG + 1)}
        self.end = self._at(0, self.sequences, past)
        self.finals = [self._at(k, B) for k in range(_LAG)]
        first, self.steps = self.first.tolist(), []
        for t, count in enumerate(running.tolist(), start=_LAG):
            begins = [first[t] - past, *first[t - _LAG : t][::-1]]
            self.steps.append(tuple(slice(begin, begin + count) for begin in begins))

    def _at(self, k: int, sequences: int, less: int = 0) -> Any:
        """The rows of the first sequences k steps before their last valid step."""
        if self.order is None:
            begin = int(self.first[self.T - 1 + _LAG - k]) - less
            return slice(begin, begin + sequences)
        first = self.first[self.lengths[:sequences] - 1 + _LAG - k]
        return _run(first + np.arange(sequences) - less)

    def begin(self, step: int) -> slice:
        """The rows of the initial values of a step <= 0."""
        start = (step + _LAG - 1) * self.B
        return slice(start, start + self.B)

    def sorted(self, array: Any) -> Any:
        """Sequences in the order of the rows, from an array (B, ...)."""
        return array if self.order is None else array[self.order]

    def once(self, array: Any) -> Any:
        """A row for every sequence that has any, from an array (B, ...)."""
        return self.sorted(array)[: self.sequences]

    def unsorted(self, array: Any) -> Any:
        """Sequences in the caller's order, 0 where one has no row."""
        if self.order is None:
            return array.copy()
        full = np.zeros((self.B, *array.shape[1:]), array.dtype)
        full[self.order[: len(array)]] = array
        return full

    def packed(self, array: Any) -> Any:
        """The rows of all valid steps, from an array (T, B, ...)."""
        return array.reshape(self.T * self.B, *array.shape[2:])[self.places]

    def unpacked(self, rows: Any) -> Any:
        """An array (T, B, ...) with 0 at padded steps, from the rows of all valid steps."""
        full = np.zeros((self.T * self.B, *rows.shape[1:]), rows.dtype)
        full[self.places] = rows
        return full.reshape(self.T, self.B, *rows.shape[1:])


def _run(rows: Any) -> Any:
    """Rows as a slice where each is the next one."""
    first = int(rows[0]) if rows.size else 0
    even = (rows == np.arange(first, first + rows.size)).all()
    return slice(first, first + rows.size) if even else rows


def _past(
    call: Any, name: str, own: Any, shape: tuple[int, ...], dtype: Any = None
) -> Any:
    """A new array for a state: its initial values, then room for every step.

    `own` are the values that the model fixes, by step.
    """
    rows = call.rows
    array = np.zeros((rows.live.stop, *shape), dtype or call.dtype)
    if call.dtype == object and dtype is None:
        array *= call.one
    for step in _steps_of(name):
        if call.start is not None:
            array[rows.begin(step)] = rows.sorted(call.start[f"{name}[{step}]"])
        elif step in own:
            array[rows.begin(step)] = own[step]
    return array


def _past_of(call: Any, name: str) -> Any:
    """An input that is read with a lag: its initial values, then its rows."""
    given = call.inputs[name]
    array = _past(call, name, {}, given.shape[1:], given.dtype)
    array[call.rows.live] = given
    return array


def _received(rows: Any, carry_grad: Any, name: str, like: Any) -> Any:
    """The adjoint of an array with a past: 0, and what the returned carry receives."""
    array = np.zeros(like.shape, like.dtype)
    if carry_grad is not None:
        for step in _steps_of(name):
            array[rows.finals[-step]] += rows.sorted(carry_grad[f"{name}[{step}]"])
    return array


def _carry_out(values: Any, rows: Any) -> Any:
    """The values that the next call starts from, by the keys of `CARRY`."""
    carry = {}
    for key, axes in CARRY.items():
        name, step = _name_and_step(key)
        array = rows.unsorted(values["past of " + name][rows.finals[-step]])
        carry[key] = array.reshape(array.shape[: len(axes)])
    return carry


def _source(name: str, array: Any, rows: Any) -> Any:
    """The gradient of an input in the input's shape."""
    full = rows.unsorted(array) if name in _UNTIMED else rows.unpacked(array)
    return full.reshape(full.shape[: len(INPUTS[name])])


def _name_and_step(key: str) -> tuple[str, int]:
    name, _, step = key.rpartition("[")
    return name, int(step[:-1])


def _steps_of(name: str) -> list[int]:
    return [step for other, step in map(_name_and_step, CARRY) if other == name]


def _shape(axes: Any, size: Any) -> tuple[int, ...]:
    if _SUMS_OF_LENGTHS:
        return tuple(_extent(axis, size) for axis in axes)
    return tuple(size[axis] for axis in axes)


def _extent(axis: Any, size: Any) -> int:
    """The length of an axis: literal, named, or a sum of those."""
    numbers = [int(part) for part in str(axis).split(" + ") if part.isdigit()]
    return sum(numbers) + sum(int(size[part]) for part in _parts(axis))


def _parts(axis: Any) -> list[str]:
    """The named lengths in a sum."""
    return [part for part in str(axis).split(" + ") if not part.isdigit()]
