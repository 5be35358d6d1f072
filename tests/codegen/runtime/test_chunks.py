"""Chunks, blocks and scans against products and loops written out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.codegen.runtime import carried


@pytest.mark.parametrize("lengths", (None, (5, 5, 2), (3, 0, 1)))
@pytest.mark.parametrize("limit", (1, 3, 6, 100))
@pytest.mark.parametrize("even", (False, True))
def test_chunks_are_runs_of_steps_end_to_end(
    lengths: tuple[int, ...] | None, limit: int, even: bool
) -> None:
    space = carried("_Rows", "_steps", "_chunks")
    rows = space._Rows(5, 3, None if lengths is None else np.array(lengths))
    steps = space._steps(rows)
    chunks = space._chunks(steps, max(limit, 3), even)
    assert [step[1:] for *_, run in chunks for step in run] == [tuple(step) for step in steps]
    for now, prev, whole, run in chunks:
        assert now.stop - now.start == prev.stop - prev.start == whole.stop <= max(limit, 3)
        assert not even or len({top.stop for _, top, *_ in run}) == 1
        for here, _, own, *_ in run:
            assert (here.start + now.start, here.stop + now.start) == (own.start, own.stop)


@pytest.mark.parametrize("size", ((64, 256, 256), (64, 512, 320), (30, 300, 300), (2, 900, 900)))
def test_a_product_by_blocks_is_the_product(size: tuple[int, int, int]) -> None:
    rows, inner, columns = size
    space = carried(
        "_blocking", "_columns_for", "_in_columns", "_rows_in", "_out_in", "_product_in"
    )
    rng = np.random.default_rng(0)
    left, right = rng.random((rows, inner)), rng.random((inner, columns))
    out = np.zeros((rows, columns))
    blocks = space._blocking(rows, inner, columns, out.dtype)
    w = SimpleNamespace(buffers={}, dtype=out.dtype)
    room = space._columns_for(w, "w", blocks, inner, columns)
    matrix = space._in_columns(right, room, True)
    product = space._product_in(blocks, False)
    product(space._rows_in(left, blocks), matrix, space._out_in(out, blocks))
    np.testing.assert_allclose(out, left @ right, rtol=1e-12)


@pytest.mark.parametrize("backward", (False, True))
@pytest.mark.parametrize("steps", (1, 15, 16, 50, 101))
def test_a_scan_is_the_loop(steps: int, backward: bool) -> None:
    space = carried("_scan", "_scan_plan")
    rng = np.random.default_rng(steps)
    rate, target = rng.random((steps * 2, 3)), rng.random(((steps + 1) * 2, 3))
    expected = target.reshape(-1, 2, 3).copy()
    order = range(steps, 0, -1) if backward else range(1, steps + 1)
    shift = -1 if backward else 1
    for t in order:
        place, before = (t - 1, t) if backward else (t, t - 1)
        expected[place] += rate.reshape(-1, 2, 3)[t - 1] * expected[place - shift]
        assert before == place - shift
    source, out = (target[2:], target[:-2]) if backward else (target[:-2], target[2:])
    run = [(None, slice(0, 2))] * steps
    plan = space._scan_plan(True, run, rate, source, out, backward, {}, {"T": steps, "B": 2})
    space._scan(plan)
    np.testing.assert_allclose(target.reshape(-1, 2, 3), expected, rtol=1e-12)


def test_a_loop_is_left_where_nothing_is_scanned() -> None:
    space = carried("_scan_plan", "_scan", "_stepwise", "_uniform")
    assert space._scan_plan(False, [], None, None, None, False, {}, {}) is None
    space._scan(None)
    assert (space._stepwise([1], False), space._stepwise([1], True)) == ([1], [])


def test_arrays_begin_with_a_line_of_the_cache() -> None:
    array = carried("_zeros")._zeros((3, 5), np.float32)
    assert array.ctypes.data % 64 == 0
    assert (array.shape, array.dtype, array.any()) == ((3, 5), np.float32, False)


def test_columns_are_cut_step_by_step() -> None:
    by_columns = carried("_by_columns")._by_columns
    rows = np.arange(24.0).reshape(6, 4)  # three steps of two sequences
    found = by_columns(rows, 2, 3)
    assert found.shape == (3, 2, 2, 2)
    np.testing.assert_array_equal(found[1, 0], rows[2:4, :2])
    np.testing.assert_array_equal(found[2, 1], rows[4:, 2:])
