"""Steps in buffers: which rows and blocks a loop takes, and recurrences run side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from symbptt.codegen.runtime.model import _THRESHOLDS


def _by_blocks(array: Any, count: int, steps: int = 1) -> Any:
    """The rows of some steps, each step's as blocks end to end: (steps, count, B, n)."""
    shape = steps, count, len(array) // steps, array.shape[1] // count
    return array.reshape(shape)


def _by_columns(array: Any, count: int, steps: int = 1) -> Any:
    """Columns side by side in the shape of blocks: (steps, count, B, n)."""
    shape = steps, len(array) // steps, count, array.shape[1] // count
    return array.reshape(shape).swapaxes(1, 2)


def _rows_of_member(array: Any, rows: Any, count: int, number: int) -> Any:
    """The rows of one member of a family whose steps stand as blocks."""
    out = np.empty((len(array), array.shape[1] // count), array.dtype)
    for now, *_ in rows.steps:
        out[now] = _by_blocks(array[now], count)[0, number]
    return out


def _by_rows(out: Any, function: Any, rows: Any, others: Any) -> None:
    """Compute a function of rows a few rows at a time, so that little is allocated."""
    entries = _THRESHOLDS["entries computed at once"]
    count = max(1, entries * len(out) // max(out.size, 1))
    for start in range(0, len(out), count):
        part = slice(start, start + count)
        out[part] = function(*(array[part] for array in rows), *others)


def _in_blocks(array: Any, count: int) -> Any:
    """Columns of an array by blocks of one length, (rows, blocks, n)."""
    return array.reshape(len(array), count, array.shape[1] // count)


def _scan(plan: Any) -> None:
    """Run a recurrence for blocks of steps side by side.

    First what each block makes of a start from 0 and by what it multiplies its start,
    then the starts one after another, at last all steps from the starts that are right.
    """
    if plan is None:
        return
    begin, folds, (factors, product), steps = plan
    add, multiply = np.add, np.multiply
    for out, values in begin:
        np.copyto(out, values)
    for factor, values, out in folds:
        multiply(out, factor, out)
        add(out, values, out)
    np.multiply.reduce(factors, 1, None, product)
    for factor, source, part, out in steps:
        multiply(factor, source, part)
        add(out, part, out)


def _scan_plan(
    scan: Any,
    run: Any,
    factor: Any,
    source: Any,
    target: Any,
    backward: Any,
    buffers: Any,
    size: Any,
) -> Any:
    """The views with which `_scan` adds factor * source to the target, step by step.

    The target of one step is the source of the next.
    """
    if not scan:
        return None
    count, n = run[0][1].stop, target.shape[1]
    if factor.ndim < 2:
        factor = np.broadcast_to(factor, (len(run), 1, n))
    else:
        factor = factor.reshape(len(run), count, factor.shape[1])
    source, target = (a.reshape(len(run), count, n) for a in (source, target))
    if backward:
        factor, source, target = factor[::-1], source[::-1], target[::-1]
    side = max(1, round((len(run) / 2) ** 0.5))
    beside = len(run) >= _THRESHOLDS["steps of a scan side by side"]
    blocks = len(run) // side if beside else 0
    whole = blocks * side
    f, x, y = (
        a[:whole].reshape(blocks, side, *a.shape[1:]) for a in (factor, source, target)
    )
    room = _scan_room(buffers, n, size, target.dtype)
    ends = room[0][: blocks + 1, : count * n].reshape(blocks + 1, count, n)
    part = room[1][: max(blocks, 1), : count * n].reshape(max(blocks, 1), count, n)
    product = room[2][:blocks, : factor[:1].size].reshape(blocks, *factor.shape[1:])
    begin = [(ends[0], source[0]), (ends[1:], y[:, 0])] if blocks else []
    folds = [(f[:, s], y[:, s], ends[1:]) for s in range(1, side) if blocks]
    steps = [(product[k], ends[k], part[0], ends[k + 1]) for k in range(blocks - 1)]
    for s in range(side if blocks else 0):
        steps.append((f[:, s], x[:, s] if s else ends[:-1], part, y[:, s]))
    for t in range(whole, len(run)):
        steps.append((factor[t], source[t], part[0], target[t]))
    return begin, folds, (f, product), steps


def _scan_room(buffers: Any, n: Any, size: Any, dtype: Any) -> Any:
    """Room for the starts, products and parts of the blocks of a scan of n numbers.

    All scans share it, since each is through with it when the next begins. Of T steps
    there are at most 2 sqrt(T) blocks.
    """
    name = f"scan of {n}"
    if name not in buffers:
        blocks = int(2 * size["T"] ** 0.5) + 1
        buffers[name] = _zeros((3, blocks + 1, size["B"] * n), dtype)
    return buffers[name]


def _shifted(v: Any, column: Any, out: Any) -> Any:
    """Rows for `exp`: as they are where all are near 0, else less their maximum each.

    Of numbers up to 16 the exponentials have a sum in range, and its logarithm is right to
    1e-6 (float32); a maximum of every row takes longer than all else here.
    """
    if v.dtype == object:
        return v
    limit = _THRESHOLDS["logits less their maximum"]
    least = np.minimum.reduce(v, axis=None, initial=0)
    if least > -limit and np.maximum.reduce(v, axis=None, initial=0) < limit:
        return v
    np.maximum.reduce(v, axis=1, out=column, keepdims=True)
    # Where none is so far below: -inf, whose exponential is 0.
    with np.errstate(over="ignore"):
        return np.subtract(v, column, out)


def _softmax_and_loss(
    v: Any, index: Any, column: Any, ones: Any, p: Any, loss: Any
) -> None:
    """The softmax of every row, and -log of its entry at the label, which `index` names."""
    v = _shifted(v, column, p)
    np.take(v.reshape(-1), index, 0, loss.reshape(-1), "clip")
    np.exp(v, p)
    np.matmul(p, ones, column)
    np.divide(p, column, p)
    np.log(column, column)
    np.subtract(column, loss, loss)


def _softmax_into(v: Any, column: Any, ones: Any, out: Any) -> None:
    """Softmax of every row."""
    np.exp(_shifted(v, column, out), out)
    np.matmul(out, ones, column)
    np.divide(out, column, out)


def _stepwise(run: Any, scan: Any) -> Any:
    """The steps that are left to a loop: none where they are scanned."""
    return [] if scan else run


def _sum_by_rows(out: Any, function: Any, rows: Any, others: Any) -> None:
    """Add up a function that sums over rows, a few rows at a time."""
    out[...] = 0
    count = _THRESHOLDS["rows added up at once"]
    for start in range(0, len(rows[0]), count):
        part = slice(start, start + count)
        out += function(*(array[part] for array in rows), *others)


def _uniform(chunks: Any, scan: Any) -> Any:
    """The chunks; for a scan, parts of them whose steps all have as many rows."""
    if not scan:
        return chunks
    runs: Any = []
    for *_, run in chunks:
        first = len(runs)
        for step in run:
            if len(runs) == first or runs[-1][0][1] != step[1]:
                runs.append([])
            runs[-1].append(step)
    return [_together(run) for run in runs]


def _zeros(shape: Any, dtype: Any) -> Any:
    """An array that begins with a line of the cache, as the fastest loads want it."""
    dtype = np.dtype(dtype)
    if dtype.hasobject:
        return np.zeros(shape, dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.zeros(size + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    return raw[begin : begin + size].view(dtype).reshape(shape)


def _steps(rows: Any) -> Any:
    """For every step the rows of its sequences: in one step's array, and in all steps'."""
    return [(slice(now.stop - now.start), now, *prevs) for now, *prevs in rows.steps]


def _chunk_rows(size: Any, width: int, dtype: Any) -> Any:
    """How many rows of a width fit into the second level cache; no more than there are."""
    rows = _THRESHOLDS["bytes of a chunk"] // (width * dtype.itemsize)
    return min(max(size["B"], rows), size["T"] * size["B"])


def _chunks(steps: Any, limit: int, even: bool = False) -> Any:
    """Runs of steps whose rows, and the rows before them, stand end to end.

    With `even`, they all have as many rows.
    """
    runs: Any = []
    for top, *places in steps:
        last = runs[-1] if runs else None
        if last is not None:
            follow = all(
                a.stop == b.start for a, b in zip(last[-1][2:], places, strict=True)
            )
            follow = follow and (not even or top == last[-1][1])
            if not follow or places[0].stop - last[0][2].start > limit:
                last = None
        if last is None:
            last = []
            runs.append(last)
        begin = last[0][2].start if last else places[0].start
        here = slice(places[0].start - begin, places[0].stop - begin)
        last.append((here, top, *places))
    return [_together(run) for run in runs]


def _together(run: Any) -> Any:
    """A run of steps with the rows of all of them."""
    pairs = zip(run[0][2:], run[-1][2:], strict=True)
    places = [slice(first.start, last.stop) for first, last in pairs]
    return (*places, slice(0, places[0].stop - places[0].start), run)


def _blocking(rows: int, inner: int, columns: int, dtype: Any) -> tuple[int, int]:
    """How many rows and columns blocks of a product have; 0: it is not cut.

    OpenBLAS multiplies up to a million numbers where they stand. What is larger it copies
    first and divides among threads, which pays only where it is much larger.
    """
    count, least = rows * inner * columns, _THRESHOLDS["rows of a product in blocks"]
    most = _THRESHOLDS["multiplications of a block"]
    if rows < least or count <= most:
        return 0, 0
    height = rows
    width = _THRESHOLDS["bytes of a block of columns"] // dtype.itemsize
    if columns % width:
        width = columns
    while height % 2 == 0 and height * inner * width > most:
        height //= 2
    fits = height >= least and height * inner * width <= most
    fits = fits and count <= _THRESHOLDS["multiplications of all blocks"]
    return (height, width) if fits else (rows, columns)


def _product_in(blocks: Any, gaps: bool) -> Any:
    """Arrays with gaps np.dot would copy."""
    return np.matmul if gaps or any(blocks) else np.dot


def _columns_for(
    w: Any, name: str, blocks: Any, inner: int, columns: int, given: bool = False
) -> Any:
    """Room for a matrix by blocks of columns; None where it is taken as it stands."""
    if not any(blocks):
        return None
    width = blocks[1]
    gap = _gap(width, w.dtype)
    if width == columns and not (given and gap):
        return None
    if name not in w.buffers:
        w.buffers[name] = _zeros((columns // width, inner, width + gap), w.dtype)
    return w.buffers[name][:, :, :width]


def _gap(width: int, dtype: Any) -> int:
    """How much longer rows are kept that would else meet in few places of the cache."""
    apart = width * dtype.itemsize % _THRESHOLDS["bytes of rows set apart"] == 0
    return 64 // dtype.itemsize if apart else 0


def _matrix(size: Any, inner: Any, columns: Any, dtype: Any) -> Any:
    """A matrix for the products of a step, its rows apart where these take it whole."""
    whole = _blocking(size["B"], inner, columns, dtype)[1] == columns
    gap = _gap(columns, dtype) if whole else 0
    return _zeros((inner, columns + gap), dtype)[:, :columns]


def _in_columns(matrix: Any, columns: Any, first: bool) -> Any:
    """A matrix as its products take it, which the first segment lays out for all."""
    if columns is None:
        return matrix
    if first:
        count, inner, width = columns.shape
        np.copyto(columns, matrix.reshape(inner, count, width).swapaxes(0, 1))
    return columns


def _rows_in(array: Any, blocks: Any) -> Any:
    """Rows by blocks; all in one where no whole number of blocks makes them up."""
    if not any(blocks):
        return array
    rows = len(array) if len(array) % blocks[0] else blocks[0]
    return array.reshape(len(array) // rows, 1, rows, array.shape[1])


def _out_in(array: Any, blocks: Any) -> Any:
    """A result by blocks of rows, and these by blocks of columns."""
    if not any(blocks):
        return array
    rows = len(array) if len(array) % blocks[0] else blocks[0]
    shape = len(array) // rows, rows, array.shape[1] // blocks[1], blocks[1]
    return array.reshape(shape).swapaxes(1, 2)


def _add_at(array: Any, where: Any, values: Any) -> None:
    """Add to rows of an array, each of which is named once."""
    if isinstance(where, slice):
        array[where] += values
    else:
        np.add.at(array, where, values)


def _exact_tanh(x: Any, out: Any) -> None:
    """tanh of numbers that may know the exponential alone."""
    if all(hasattr(entry, "tanh") for entry in x.flat):
        np.tanh(x, out)
    else:
        power = np.exp(x)
        out[...] = (power - 1 / power) / (power + 1 / power)


def _exact_logaddexp(x: Any, y: Any, out: Any) -> None:
    out[...] = np.log(np.exp(x) + np.exp(y))
