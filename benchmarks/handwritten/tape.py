"""What the three fast gradients share: the buffers of all steps, the read-out, the products after.

Arrays are feature-major: a step is a contiguous (rows, B), or (rows,) where B is 1, and every part
of it that is used together is contiguous. A step of `joint` is [h[t]; 1; x[t+1]], so one product a
step gives all pre-activations of the next with input and bias. A step of `flow` is
[dL/do[t]; dL/da[t+1]; what else flows], so one product a step gives dL/dh[t], read-out included,
and the sum of `flow[t]` times `joint[t]` over t = 0 … T is the gradient of all weights and biases.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.floating[Any]]

# Bytes that the loop over a chunk of steps touches, and columns of a product after the loop.
CHUNK_BYTES = 400_000
COLUMNS = 2048

# Bytes of a line of the cache: a vector register that lies in two of them is read twice.
LINE = 64

# Products of more multiplications than `LARGE` OpenBLAS copies and divides among the cores; up to
# `SMALL` they are faster in blocks of rows that it takes to its kernel for small ones.
LARGE, SMALL = 800_000, 13_000_000
ROWS = 8


def room(shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
    """Zeros that begin with a line of the cache."""
    shape = (shape,) if isinstance(shape, int) else shape
    count = math.prod(shape)
    raw = np.zeros(count * np.dtype(dtype).itemsize + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start:][: count * np.dtype(dtype).itemsize].view(dtype).reshape(shape)


@dataclass(frozen=True)
class Sizes:
    """Steps, sequences, and the lengths of input, state and output."""

    T: int
    B: int
    d: int
    h: int
    q: int


class Factor:
    """A matrix that multiplies a step: fill `matrix`, call `ready`, then `product(*pair, out)`.

    Where B is 1 and the matrix is `flipped`, it is stored as its transpose.
    """

    def __init__(
        self, size: Sizes, rows: int, columns: int, dtype: DTypeLike, *, flipped: bool = False
    ) -> None:
        self.flipped = flipped and size.B == 1
        self.stored = room((columns, rows) if self.flipped else (rows, columns), dtype)
        self.matrix = self.stored.T if self.flipped else self.stored
        work = rows * columns * size.B
        self.blocks: Array | None = None
        if size.B > 1 and LARGE < work <= SMALL and rows % ROWS == 0:
            self.blocks = room((rows // ROWS, columns, ROWS), dtype).transpose(0, 2, 1)
        self.product: Any = np.dot if self.blocks is None else np.matmul

    def ready(self) -> None:
        """Lay out what was filled in."""
        if self.blocks is not None:
            np.copyto(self.blocks, self.stored.reshape(self.blocks.shape))

    def pair(self, step: Array) -> tuple[Array, Array]:
        """The operands."""
        if self.flipped:
            return step, self.stored
        return (self.stored if self.blocks is None else self.blocks), step

    def out(self, into: Array) -> Array:
        """The result's array as `product` wants it."""
        return into if self.blocks is None else into.reshape(-1, ROWS, into.shape[-1])

    @property
    def nbytes(self) -> int:
        """Bytes of the matrix in all its forms."""
        return self.stored.nbytes + (0 if self.blocks is None else self.blocks.nbytes)


class Chunk:
    """Steps `low` … `high` of a segment, walked down without a pause; `flow` is theirs."""

    def __init__(self, tape: Tape, segment: Segment, low: int, high: int, buffer: Array) -> None:
        size = tape.size
        self.low, self.high = low, high
        self.flow = buffer[: high - low + 1]
        self.bottom = max(low, 1)
        self.steps = range(high, self.bottom - 1, -1)
        if size.B > 1:
            columns = slice((low - segment.low) * size.B, (high + 1 - segment.low) * size.B)
            by_step = segment.turned[:, columns].reshape(tape.products, -1, size.B)
            by_step = by_step.transpose(1, 0, 2)
            self.d_o = (self.flow[:, : size.q], by_step[:, : size.q])
            self.turned = (
                _lines(by_step[:, size.q :]),
                _lines(self.flow[:, size.q : tape.products]),
            )
        else:
            self.d_o = (self.flow[1:, : size.q], segment.o.T)


def _lines(array: Array) -> Any:
    """The rows of B numbers as elements, which copies faster."""
    return array.view(f"V{array.shape[-1] * array.itemsize}")[..., 0]


class Segment:
    """Steps `low` … `high` of a `Tape`, whose parts of the gradients are products of their own."""

    def __init__(self, tape: Tape, low: int, high: int) -> None:
        size, rows = tape.size, tape.size.h + 1
        self.low, self.high = low, high
        count = high - low + 1
        skipped = 1 if low == 0 else 0  # step 0 has no output
        width, seen = count * size.B, (count - skipped) * size.B
        self.target = slice((low + skipped - 1) * size.B, high * size.B)
        self.inputs = slice(low * size.B, min(high + 1, size.T) * size.B)
        self.paired = (min(high + 1, size.T) - low) * size.B
        self.row, self.index = tape.row[:seen], tape.index[:seen]
        self.total, self.largest = tape.total[:seen], tape.largest[:seen]
        self.states: Array
        if size.B == 1:
            self.logits = tape.logits
            self.o = tape.logits.reshape(seen, size.q).T
            self.states = tape.joint[1:, :rows].T
            self.stride, self.ramp = 1, size.q * np.arange(seen)
            return
        self.all_states = tape.states[: rows * width].reshape(rows, width)
        by_step = self.all_states.reshape(rows, count, size.B).transpose(1, 0, 2)
        self.laid = (_lines(by_step), _lines(tape.joint[low : high + 1, :rows]))
        self.states = self.all_states[:, skipped * size.B :]
        self.turned = tape.turned[: tape.products * width].reshape(tape.products, width)
        self.logits = tape.turned[: size.q * width]
        self.o = self.turned[: size.q, skipped * size.B :]
        self.stride, self.ramp = width, skipped * size.B + np.arange(seen)


class Tape:
    """The buffers of one size.

    Parameters
    ----------
    size : Sizes
    dtype : dtype
    hidden : int
        How many blocks of h rows of `flow` go back through the recurrent weights.
    products : int
        How many blocks are pre-activations; those past the first `products - inputs` have
        input weights.
    inputs : int
    blocks : int
        How many blocks there are with those that are handed on as they are.
    touched : int
        How many blocks of any array a step back reads and writes.
    """

    def __init__(
        self, size: Sizes, dtype: DTypeLike,
        hidden: int, products: int, inputs: int, blocks: int, touched: int,
    ) -> None:  # fmt: skip
        self.size, self.dtype = size, np.dtype(dtype)
        h, q = size.h, size.q
        self.hidden, self.products = q + hidden * h, q + products * h
        self.fed = slice(q + (products - inputs) * h, q + products * h)
        self.joint = self.zeros(size.T + 1, h + 1 + size.d)
        self.joint[:, h] = 1
        steps = size.T + 1
        single = size.B == 1
        longest = -(-steps // (1 if single else -(-steps * size.B // COLUMNS)))
        width = longest * size.B
        self.row, self.total, self.largest = (room(width, dtype) for _ in range(3))
        self.index = np.zeros(width, np.intp)
        self.scale = np.asarray(1 / (size.T * size.B), dtype)
        if single:
            self.logits = room(q * size.T, dtype)
            self.all = room((self.products, h + 1 + size.d), dtype)
            self.d_weights, self.d_inputs = self.all[:, : h + 1], self.all[self.fed, h + 1 :]
        else:
            self.states = room((h + 1) * width, dtype)
            self.turned = room(self.products * width, dtype)
            self.d_weights = room((self.hidden, h + 1), dtype)
            self.d_inputs = room((inputs * h, size.d), dtype)
            self.part_weights = room(self.d_weights.shape, dtype)
            self.part_inputs = room(self.d_inputs.shape, dtype)
        ends = range(steps, 0, -longest)
        self.segments = [Segment(self, max(end - longest, 0), end - 1) for end in ends]
        bytes_a_step = (touched * h + q) * size.B * self.dtype.itemsize
        length = steps if single else min(longest, max(1, CHUNK_BYTES // bytes_a_step))
        self.length = length
        # Two by turns: the lowest step of a chunk writes what flows into the next chunk's.
        self.flow = self.zeros(1 if single else 2, length, q + blocks * h)
        self.chunks: list[list[Chunk]] = []
        number = 0
        for s in self.segments:
            self.chunks.append([])
            for end in range(s.high, s.low - 1, -length):
                low = max(end - length + 1, s.low)
                self.chunks[-1].append(Chunk(self, s, low, end, self.flow[number % 2]))
                number += 1

    def zeros(self, *shape: int) -> Array:
        """An array (…, rows, B), without the last axis where B is 1."""
        if self.size.B > 1:
            return room((*shape, self.size.B), self.dtype)
        *steps, rows = shape
        full = rows + -rows % (LINE // self.dtype.itemsize)
        return room((*steps, full), self.dtype)[..., :rows]

    def walks(self) -> Iterator[tuple[Chunk, list[tuple[int, Array, Array]]]]:
        """The chunks, and for each its steps down: t, `flow` at t, `flow` at t - 1."""
        chunks = [chunk for of_segment in self.chunks for chunk in of_segment]
        for number, chunk in enumerate(chunks):
            walk = []
            for t in chunk.steps:
                if t > chunk.low:
                    into = chunk.flow[t - 1 - chunk.low]
                else:
                    into = chunks[number + 1].flow[-1]
                walk.append((t, chunk.flow[t - chunk.low], into))
            yield chunk, walk

    @property
    def first(self) -> Any:
        """`flow` of the last step."""
        return self.chunks[0][0].flow[-1]

    @property
    def last(self) -> Any:
        """`flow` of step 0."""
        return self.chunks[-1][-1].flow[0]

    def load(self, x: Array, start: Array | None) -> None:
        """Lay inputs and initial state beside each other; nothing flows in at the end."""
        size = self.size
        into = self.joint[: size.T, size.h + 1 :]
        np.copyto(into, x[:, 0] if size.B == 1 else x.transpose(0, 2, 1))
        self.put(self.joint[0, : size.h], start)
        self.first[size.q :] = 0

    def put(self, into: Array, start: Array | None) -> None:
        """An initial value (B, h), or 0."""
        if start is None:
            into[...] = 0
        else:
            np.copyto(into, start[0] if self.size.B == 1 else start.T)

    def batch(self, array: Array) -> Array:
        """A step (h, B) as (B, h)."""
        return array[None] if self.size.B == 1 else array.T

    def read_out(self, s: Segment, weights: Array, y: NDArray[np.integer[Any]]) -> float:
        """Losses of a segment, summed; dL/do is left in place of the logits.

        weights (q, h + 1) have the bias as their last column.
        """
        if self.size.B == 1:
            np.matmul(s.states.T, weights.T, out=s.o.T)
        else:
            np.copyto(*s.laid)
            np.matmul(weights, s.states, out=s.o)
        np.maximum.reduce(s.o, axis=0, out=s.largest)
        np.subtract(s.o, s.largest, s.o)
        np.multiply(y[s.target], s.stride, s.index)
        np.add(s.index, s.ramp, s.index)
        s.logits.take(s.index, out=s.row, mode="clip")
        loss = -float(np.add.reduce(s.row))
        np.exp(s.o, s.o)
        np.add.reduce(s.o, axis=0, out=s.total)
        np.log(s.total, s.row)
        loss += float(np.add.reduce(s.row))
        np.divide(self.scale, s.total, s.total)
        np.multiply(s.o, s.total, s.o)
        s.logits.take(s.index, out=s.row, mode="clip")
        np.subtract(s.row, self.scale, s.row)
        s.logits[s.index] = s.row
        if s.low == 0:
            self.last[: self.size.q] = 0
            if self.size.B > 1:
                s.turned[: self.size.q, : self.size.B] = 0
        return loss

    def collect(self, s: Segment, x: Array) -> None:
        """Add a segment's part of the gradients of the weights."""
        if self.size.B == 1:
            np.matmul(self.flow[0, :, : self.products].T, self.joint, out=self.all)
            return
        first = s is self.segments[0]
        into = self.d_weights if first else self.part_weights
        np.dot(s.turned[: self.hidden], s.all_states.T, into)
        fed = self.d_inputs if first else self.part_inputs
        np.matmul(s.turned[self.fed, : s.paired], x[s.inputs], out=fed)
        if not first:
            np.add(self.d_weights, into, self.d_weights)
            np.add(self.d_inputs, fed, self.d_inputs)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays that are kept."""
        views = ("d_weights", "d_inputs") if self.size.B == 1 else ()
        arrays = [array for name, array in vars(self).items() if name not in views]
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
