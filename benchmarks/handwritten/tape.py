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
CHUNK_BYTES = 1 << 20
COLUMNS = 2048


# Bytes of a line of the cache: a vector register that lies in two of them is read twice.
LINE = 64

# Products of at most this many multiplications are fastest in blocks of rows that OpenBLAS takes
# to its kernel for small ones, which copies nothing; larger ones it divides among the cores.
SMALL = 2_000_000
ROWS = 16


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


class Segment:
    """Steps `low` … `high` of a `Tape`, whose `flow` is alive at one time."""

    def __init__(self, tape: Tape, low: int, high: int) -> None:
        size, rows = tape.size, tape.size.h + 1
        self.low, self.high = low, high
        self.count = high - low + 1
        self.skipped = 1 if low == 0 else 0  # step 0 has no output
        steps = slice(low + self.skipped, high + 1)
        self.places = slice(1 + self.skipped, 1 + self.count)
        self.states: Array
        self.joint = tape.joint[low : high + 1, :rows]
        self.d_o = tape.flow[self.places, : size.q]
        width, seen = self.count * size.B, (self.count - self.skipped) * size.B
        self.target = slice((steps.start - 1) * size.B, high * size.B)
        self.inputs = slice(low * size.B, min(high + 1, size.T) * size.B)
        self.paired = (min(high + 1, size.T) - low) * size.B
        self.logits = tape.logits[: size.q * seen]
        self.row, self.index = tape.row[:seen], tape.index[:seen]
        self.total, self.largest = tape.total[:seen], tape.largest[:seen]
        if size.B == 1:
            self.stride, self.across = 1, size.q
            by_step = self.logits.reshape(seen, size.q)
            self.o, self.o_by_step = by_step.T, by_step
            self.states = tape.joint[steps, :rows].T
            return
        self.stride, self.across = seen, 1
        self.states_all = tape.states[: rows * width].reshape(rows, width)
        self.states_by_step = self.states_all.reshape(rows, self.count, size.B).transpose(1, 0, 2)
        self.states = self.states_all[:, self.skipped * size.B :]
        self.o = self.logits.reshape(size.q, seen)
        self.o_by_step = self.o.reshape(size.q, -1, size.B).transpose(1, 0, 2)
        self.turned = tape.turned[: tape.products * width].reshape(tape.products, width)
        turned = self.turned.reshape(tape.products, self.count, size.B).transpose(1, 0, 2)
        self.turned_by_step = turned
        self.flow = tape.flow[1 : 1 + self.count, : tape.products]


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
    """

    def __init__(
        self, size: Sizes, dtype: DTypeLike, hidden: int, products: int, inputs: int, blocks: int
    ) -> None:
        self.size, self.dtype = size, np.dtype(dtype)
        h, q = size.h, size.q
        self.hidden, self.products = q + hidden * h, q + products * h
        self.fed = slice(q + (products - inputs) * h, q + products * h)
        self.joint = self.zeros(size.T + 1, h + 1 + size.d)
        self.joint[:, h] = 1
        steps = size.T + 1
        segments = 1 if size.B == 1 else -(-steps * size.B // COLUMNS)
        longest = -(-steps // segments)
        self.flow = self.zeros(longest + 1, q + blocks * h)
        width = longest * size.B
        self.logits = room(q * width, dtype)
        self.row, self.total, self.largest = (room(width, dtype) for _ in range(3))
        self.index = np.zeros(width, np.intp)
        self.ramp = np.arange(width)
        self.scale = np.asarray(1 / (size.T * size.B), dtype)
        if size.B == 1:
            self.all = room((self.products, h + 1 + size.d), dtype)
            self.d_weights, self.d_inputs = self.all[:, : h + 1], self.all[self.fed, h + 1 :]
        else:
            self.states = room((h + 1) * width, dtype)
            self.turned = room(self.products * width, dtype)
            self.d_weights = room((self.hidden, h + 1), dtype)
            self.d_inputs = room((inputs * h, size.d), dtype)
            self.part_weights = np.zeros_like(self.d_weights)
            self.part_inputs = np.zeros_like(self.d_inputs)
        ends = range(steps, 0, -longest)
        self.segments = [Segment(self, max(end - longest, 0), end - 1) for end in ends]

    def zeros(self, *shape: int) -> Array:
        """An array (…, rows, B), without the last axis where B is 1."""
        if self.size.B > 1:
            return room((*shape, self.size.B), self.dtype)
        *steps, rows = shape
        full = rows + -rows % (LINE // self.dtype.itemsize)
        return room((*steps, full), self.dtype)[..., :rows]

    def load(self, x: Array, start: Array | None) -> None:
        """Lay inputs and initial state beside each other."""
        size = self.size
        into = self.joint[: size.T, size.h + 1 :]
        np.copyto(into, x[:, 0] if size.B == 1 else x.transpose(0, 2, 1))
        self.put(self.joint[0, : size.h], start)

    def put(self, into: Array, start: Array | None) -> None:
        """An initial value (B, h), or 0."""
        if start is None:
            into[...] = 0
        else:
            np.copyto(into, start[0] if self.size.B == 1 else start.T)

    def batch(self, array: Array) -> Array:
        """A step (h, B) as (B, h)."""
        return array[None] if self.size.B == 1 else array.T

    def read_out(self, segment: Segment, weights: Array, y: NDArray[np.integer[Any]]) -> float:
        """Losses of a segment, summed; dL/do goes to `flow`.

        weights (q, h + 1) have the bias as their last column.
        """
        s = segment
        if self.size.B == 1:
            np.matmul(s.states.T, weights.T, out=s.o_by_step)
        else:
            np.copyto(s.states_by_step, s.joint)
            np.matmul(weights, s.states, out=s.o)
        np.maximum.reduce(s.o, axis=0, out=s.largest)
        np.subtract(s.o, s.largest, s.o)
        np.multiply(y[s.target], s.stride, s.index)
        np.add(s.index, self.ramp[: len(s.index)] * s.across, s.index)
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
        np.copyto(s.d_o, s.o_by_step)
        return loss

    def backward(self) -> Iterator[Segment]:
        """The segments from the last; between them the flow is handed on.

        The caller walks a segment's steps down when it gets it.
        """
        q, flow = self.size.q, self.flow
        for number, segment in enumerate(self.segments):
            top = flow[segment.count, q:]
            if number == 0:
                top[...] = 0
            else:
                np.copyto(top, flow[0, q:])
            if segment.low == 0:
                flow[1, :q] = 0
            yield segment

    def collect(self, segment: Segment, x: Array) -> None:
        """Add a segment's part of the gradients of the weights."""
        if self.size.B == 1:
            np.matmul(self.flow[1:, : self.products].T, self.joint, out=self.all)
            return
        s = segment
        first = s is self.segments[0]
        np.copyto(s.turned_by_step, s.flow)
        into = self.d_weights if first else self.part_weights
        np.dot(s.turned[: self.hidden], s.states_all.T, into)
        fed = self.d_inputs if first else self.part_inputs
        np.matmul(s.turned[self.fed, : s.paired], x[s.inputs], out=fed)
        if not first:
            np.add(self.d_weights, into, self.d_weights)
            np.add(self.d_inputs, fed, self.d_inputs)

    def chunks(self, segment: Segment, bytes_a_step: int) -> list[range]:
        """Steps of a segment in pieces that fit the cache, the last first."""
        length = max(1, CHUNK_BYTES // bytes_a_step)
        first = max(segment.low, 1)
        ends = range(segment.high, first - 1, -length)
        return [range(end, max(end - length, first - 1), -1) for end in ends]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays that are kept."""
        views = ("d_weights", "d_inputs") if self.size.B == 1 else ()
        arrays = [array for name, array in vars(self).items() if name not in views]
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
