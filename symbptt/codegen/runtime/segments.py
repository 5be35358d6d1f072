"""Calls in buffers: a workspace, and the segments of a call."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _kind, _sizes
from symbptt.codegen.runtime.chunks import _matrix, _zeros
from symbptt.codegen.runtime.model import (
    _AGAIN,
    _LAG,
    _READ_AT_LAST_STEP,
    _SCALAR_ROWS,
    _THRESHOLDS,
    _UNTIMED,
    _WITH_RESPECT_TO,
    CARRY,
    INDEX_INPUTS,
    INPUTS,
    PARAMS,
    _arrays,
    _backward_views,
    _forward_views,
)
from symbptt.codegen.runtime.rows import (
    _name_and_step,
    _Rows,
    _shape,
)


class Workspace:
    """Buffers of one call size, made once and handed to `loss_and_grads` again and again.

    Of what only the backward pass needs they hold one segment of steps, and where segments
    run forward again, of all but the states between them.

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

    def __init__(
        self,
        dims: Any,
        T: Any,
        B: Any,
        dtype: Any = np.float32,
        one: Any = None,
        backward: bool = True,
    ) -> None:
        self.size = _sizes(dims, T, B)
        self.dtype = _kind(dtype, "float32", "float64", "object")
        tables: Any = [{} for _ in range(9)]
        self.buffers, self.sums, self.parts, self.sources, self.others, *tables = tables
        self.begins, self.carries, self.back, self.taken = tables
        self.kept: Any = []
        self.between: Any = []
        self.rows: Any = None
        self.ragged: Any = None
        # For objects once the number 1 of their type is known.
        self.one, self.backward = one or 1, backward
        if self.dtype != object or one is not None:
            self.make()

    def make(self) -> None:
        """Make all buffers."""
        steps = _segment_steps(self.size["T"], self.size["B"])
        self.part = {**self.size, "T": steps}
        count = max(-(-self.size["T"] // max(steps, 1)), 1)
        self.table = _arrays(self.part, self.dtype)
        self.buffers = self.arrays("shared")
        self.kept = [self.arrays("kept") for _ in range(1 if _AGAIN else count)]
        self.expected = {
            title: [self.kind(*entry) for entry in table.items()]
            for title, table in (
                ("params", PARAMS),
                ("inputs", INPUTS),
                ("carry", CARRY),
            )
        }
        for key, shape, kind, limit in self.expected["carry"]:
            self.carries[key] = np.zeros(shape, kind)
            if not limit:
                self.begins[key] = np.zeros(shape, kind)
        # The states behind each segment and what they receive, the sequences in the order
        # of the rows.
        for _ in range(count):
            self.between.append(_zeros_like(self.carries))
        self.back = _zeros_like(self.begins)
        self.sums = self.arrays("sum")
        if count > 1:
            self.parts = self.arrays("sum")
            for name in _WITH_RESPECT_TO:
                tail = [axis for axis in INPUTS[name] if axis not in ("T", "B")]
                count = self.size["B"] * (1 if name in _UNTIMED else self.size["T"])
                row = _shape(tail, self.size) or (1,)
                self.sources[name] = np.zeros((count, *row), self.dtype)
        self.weight = np.zeros((), self.dtype)
        self.even = _Rows(self.size["T"], self.size["B"], None)
        self.even_plan = _planned(self, self.even)

    def arrays(self, owner: str) -> dict[str, Any]:
        """New arrays: what all segments share, what each keeps, or what all add up to."""
        size, B, made = self.part, self.part["B"], {}
        rows = {"rows": size["T"] * B, "step": B, "last": B}
        rows["past"] = rows["rows"] + _LAG * B
        for name, (whose, kind, *row) in self.table.items():
            if whose == owner:
                shape = [rows.get(kind, kind), *(row or [1])]
                if kind == "matrix":
                    made[name] = _matrix(size, row[0], row[1], self.dtype)
                elif kind == "static":
                    made[name] = _zeros(row, self.dtype)
                elif row == ["index"]:
                    made[name] = _zeros(shape[:1], np.intp)
                else:
                    made[name] = _zeros(shape, self.dtype)
        return made

    def kind(self, name: str, axes: Any) -> Any:
        """Name, shape and dtype of an argument, and below what an index must be."""
        axis = INDEX_INPUTS.get(name.partition("[")[0])
        (limit,) = [0] if axis is None else _shape([axis], self.size)
        dtype = self.dtype if axis is None else np.dtype(np.intp)
        return name, _shape(axes, self.size), dtype, limit

    @property
    def nbytes(self) -> int:
        """The bytes of all buffers."""
        parts = [self.buffers, self.others, self.begins, self.carries, self.back]
        parts += [self.sums, self.parts, self.sources, *self.kept, *self.between]
        return sum(array.nbytes for part in parts for array in part.values())

    def use(self, rows: Any) -> None:
        """Take up the segments of these lengths."""
        if rows.order is None:
            rows, plan = self.even, self.even_plan
        elif self.ragged is not None and np.array_equal(
            (rows.lengths, rows.order), (self.ragged[0].lengths, self.ragged[0].order)
        ):
            rows, plan = self.ragged
        else:
            plan = _planned(self, rows)
            self.ragged = rows, plan
        self.rows, self.plan = rows, plan
        self.weight[...] = rows.weight * self.one

    def takes(self, params: Any, inputs: Any, carry: Any, carry_grad: Any) -> bool:
        """Whether the arguments are such that nothing is to be checked, cast or sorted."""
        if self.dtype == object or self.even.order is not None:
            return False
        taken, expected, kind = self.taken, self.expected, np.ndarray
        for given, table in (
            (params, expected["params"]),
            (inputs, expected["inputs"]),
            (carry, expected["carry"]),
            (carry_grad, expected["carry"]),
        ):
            if given is None and table is expected["carry"]:
                continue
            if type(given) is not dict or len(given) != len(table):
                return False
            for name, shape, dtype, limit in table:
                array = given.get(name)
                if given is params and array is taken.get(name, self):
                    continue
                if (
                    type(array) is not kind
                    or array.dtype is not dtype
                    or array.shape != shape
                ):
                    return False
                # Without its sign, a negative index is a large one.
                if limit and not (array.size and array.view(np.uintp).max() < limit):
                    return False
        # Parameters that are changed in place need no look at the next call.
        self.taken = dict(params)
        return True


class _Views:
    """Arrays and views of a segment by name: attributes of a class are found fast."""


class _Segment:
    """Some steps of a call: their rows, and the views of the buffers for them."""

    def __init__(self, w: Any, rows: Any, kept: Any, sums: Any) -> None:
        self.rows, self.size, self.dtype = rows, w.part, w.dtype
        self.weight, self.buffers, self.others = w.weight, w.buffers, w.others
        self.one, self.zero = w.one, 0 * w.one
        # As many rows of each array as this segment has.
        ends = {"rows": rows.count, "past": rows.live.stop, "last": rows.sequences}
        self.views = _Views()
        for name, array in {**w.buffers, **kept, **sums}.items():
            if name in w.table:
                kind = w.table[name][1]
                setattr(
                    self.views, name, array[: ends[kind]] if kind in ends else array
                )
        self.pasts: Any = {}
        self.adjoints: Any = {}
        self.loss: Any = None
        _forward_views(self)
        if w.backward:
            _backward_views(self)
        self.first, self.last = {}, {}
        for key in CARRY:
            name, step = _name_and_step(key)
            self.last[key] = self.pasts[name], rows.finals[-step]
            if name in self.adjoints:
                self.first[key] = self.adjoints[name][rows.begin(step)]
        if rows.order is None:
            self.begins = [
                (key, values.reshape(w.begins[key].shape), w.begins[key])
                for key, values in self.first.items()
            ]
            self.ends = [
                (values[where].reshape(w.carries[key].shape), w.carries[key])
                for key, (values, where) in self.last.items()
            ]

    def hand_on(self, states: Any) -> None:
        """Keep the states that the next segment starts from."""
        for key, (array, where) in self.last.items():
            if isinstance(where, slice):
                np.copyto(states[key], array[where])
            else:
                np.take(array, where, 0, states[key], "clip")

    def hand_back(self, back: Any) -> None:
        """Keep what the states that this segment started from receive."""
        for key, array in self.first.items():
            np.copyto(back[key], array)

    def gathered(self, name: str, array: Any, where: Any) -> Any:
        """Rows of an array: a view where they stand end to end, else a copy."""
        if isinstance(where, slice):
            return array[where]
        if name not in self.others:
            full = max(self.size["T"], 1) * self.size["B"]
            self.others[name] = np.empty((full, *array.shape[1:]), array.dtype)
        out = self.others[name][: len(where)]
        return np.take(array, where, 0, out, "clip")


def _segment_steps(T: int, B: int) -> Any:
    """How many steps a segment has."""
    if _AGAIN:
        steps = _THRESHOLDS["steps of a segment"]
        return min(steps or int(np.ceil(np.sqrt(T))), T)
    # As many rows as make products over a segment pay, and no more: what a segment
    # touches between its forward and its backward pass stays in the cache.
    number = max(-(-T * B // _THRESHOLDS["rows of a segment"]), 1)
    return -(-T // number)


def _planned(w: Any, rows: Any) -> Any:
    """The segments of a call in order, and where the rows of each stand among all.

    Where each runs forward again, those with rows alike are one and the same.
    """
    last, length = len(rows.steps), w.part["T"]
    if last <= length:
        return [(_Segment(w, rows, w.kept[0], w.sums), slice(0, rows.count))]
    if _AGAIN:
        made: Any = {}
    plan: Any = []
    start = 0
    for begin in range(0, last, length):
        part = _rows_between(rows, begin, min(begin + length, last))
        # The last one runs backward first: to what it finds the others add theirs.
        sums = w.sums if begin + length >= last else w.parts
        place = slice(start, start + part.count)
        if _AGAIN:
            even = part.order is None
            alike = (part.T, part.sequences, sums is w.sums) if even else begin
            if alike not in made:
                made[alike] = _Segment(w, part, w.kept[0], sums)
            plan.append((made[alike], place))
        else:
            plan.append((_Segment(w, part, w.kept[len(plan)], sums), place))
        start += part.count
    return plan


def _rows_between(whole: Any, begin: int, end: int) -> Any:
    """The rows of some steps of a call, its sequences in the order of its rows."""
    lengths = np.clip(whole.lengths, begin, end) - begin
    even = np.all(lengths == end - begin)
    rows: Any = _Rows(end - begin, whole.B, None if even else lengths)
    rows.weight = whole.weight
    if _READ_AT_LAST_STEP:
        # What is read at T belongs to the segment in which a sequence ends.
        ending = slice(int(np.sum(whole.lengths > end)), rows.sequences)
        rows.ending, rows.sequences = ending, ending.stop - ending.start
        rows.end = _part_of(rows.end, ending)
        rows.ends = {lag: _part_of(where, ending) for lag, where in rows.ends.items()}
    return rows


def _part_of(where: Any, part: slice) -> Any:
    """Some of the rows that are named by a slice or an array."""
    if isinstance(where, slice):
        return slice(where.start + part.start, where.start + part.stop)
    return where[part]


def _zeros_like(arrays: Any) -> dict[str, Any]:
    """Room for as many numbers, a scalar a sequence as a column."""
    return {
        key: np.zeros_like(_column(array) if _SCALAR_ROWS else array)
        for key, array in arrays.items()
    }


def _column(array: Any) -> Any:
    """A scalar a sequence as a column."""
    return array[:, None] if array.ndim == 1 and array.dtype.kind in "fO" else array
