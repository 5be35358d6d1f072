"""Rows against what they stand for, sequence by sequence and step by step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.codegen.runtime import carried

LENGTHS = (None, (4, 4, 4), (2, 4, 1), (0, 3, 0), (0, 0, 0))


def rows_of(lengths: Any, lag: int, T: int = 4, B: int = 3) -> Any:
    given = None if lengths is None else np.array(lengths)
    return carried("_Rows", _LAG=lag)._Rows(T, B, given)


@pytest.mark.parametrize("lag", (0, 1, 3))
@pytest.mark.parametrize("lengths", LENGTHS)
def test_rows_are_where_each_step_of_each_sequence_stands(lengths: Any, lag: int) -> None:
    rows, T, B = rows_of(lengths, lag), 4, 3
    valid = np.arange(T)[:, None] < np.array(lengths or [T] * B)
    marks = np.arange(1, T * B + 1).reshape(T, B)
    packed = rows.packed(marks)
    assert sorted(packed) == sorted(marks[valid])
    np.testing.assert_array_equal(rows.unpacked(packed), np.where(valid, marks, 0))
    assert (rows.count, rows.sequences) == (valid.sum(), valid[0].sum())
    assert rows.weight == max(valid.sum(), 1)
    starts = np.array([[-(1000 * k + b) for b in range(B)] for k in range(lag - 1, -1, -1)])
    starts = np.array([rows.sorted(row) for row in starts]).reshape(-1)
    whole = np.concatenate([starts, packed]).astype(int)
    for t, (now, *prevs) in enumerate(rows.steps):
        np.testing.assert_array_equal(packed[now], whole[rows.live][now])
        for k, prev in enumerate(prevs, 1):
            for mark, before in zip(packed[now], whole[prev], strict=True):
                b = (mark - 1) % B
                expected = marks[t - k, b] if t >= k else -(1000 * (k - t - 1) + b)
                assert before == expected
    for k in range(1, lag + 1):
        assert len(whole[rows.back[k]]) == rows.count
    for k in range(lag):
        for b, last in zip(rows.sorted(np.arange(B)), whole[rows.finals[k]], strict=True):
            n = (lengths or [T] * B)[b]
            assert last == (marks[n - 1 - k, b] if n > k else -(1000 * (k - n) + b))


@pytest.mark.parametrize("lengths", LENGTHS)
def test_states_are_received_and_handed_out_by_sequence(lengths: Any) -> None:
    space = carried(
        "_Rows",
        "_carry_out",
        "_received",
        "_past",
        CARRY={"h[0]": ("B", "n"), "s[0]": ("B",)},
        _LAG=1,
    )
    rows = space._Rows(4, 3, None if lengths is None else np.array(lengths))
    given = {"h[0]": np.arange(6.0).reshape(3, 2), "s[0]": np.arange(3.0)[:, None]}
    call = SimpleNamespace(rows=rows, start=given, dtype=np.dtype(float), one=1)
    values = {
        f"past of {name}": space._past(call, name, {}, (width,))
        for name, width in (("h", 2), ("s", 1))
    }
    untouched = np.array(lengths or [4] * 3) == 0
    carry = space._carry_out(values, rows)
    assert carry["s[0]"].shape == (3,)
    np.testing.assert_array_equal(carry["h[0]"][untouched], given["h[0]"][untouched])
    received = space._received(rows, given, "h", values["past of h"])
    total = rows.unsorted(received[rows.finals[0]])
    np.testing.assert_array_equal(total, given["h[0]"])
    assert received.sum() == given["h[0]"].sum()


def test_lengths_of_axes() -> None:
    shape = carried("_shape")._shape
    assert shape(("T", "d", 3, "d + h + 2"), {"T": 5, "d": 1, "h": 4}) == (5, 1, 3, 7)


def test_the_names_in_a_sum() -> None:
    parts = carried("_parts")._parts
    assert (parts("d + h + 2"), parts(3)) == (["d", "h"], [])


def test_rows_in_a_row_are_a_slice() -> None:
    run = carried("_run")._run
    assert run(np.array([3, 4, 5])) == slice(3, 6)
    assert list(run(np.array([3, 5]))) == [3, 5]


def test_a_past_of_an_input_has_its_rows() -> None:
    space = carried("_Rows", "_past_of", INPUTS={"x": ("T", "B", "n", "m")}, _LAG=1)
    rows, given = space._Rows(2, 3, None), np.arange(24.0).reshape(6, 2, 2)
    call = SimpleNamespace(rows=rows, start=None, inputs={"x": given}, dtype=given.dtype, one=1)
    found = space._past_of(call, "x")
    assert found.shape == (9, 2, 2)
    np.testing.assert_array_equal(found[3:], given)
    assert not found[:3].any()
