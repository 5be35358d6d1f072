"""GRU with the reset gate after the product, as fast as NumPy written by hand gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import add, copyto, matmul, multiply, subtract, tanh
from numpy.typing import DTypeLike

from benchmarks.handwritten.tape import Array, Chunk, Factor, Segment, Sizes, Tape, room


class Gradient:
    """A function (params, inputs) -> (loss, gradients) with its buffers, for one size.

    The blocks of a step of `flow` are dL/do, the hidden side of the candidate, z, r, the input side
    of the candidate, and what goes to h[t] as it is; of `kept`: hidden side, z, r, n.
    """

    def __init__(self, size: Sizes, dtype: DTypeLike) -> None:
        h, q = size.h, size.q
        self.size = size
        self.tape = tape = Tape(size, dtype, 3, 4, 3, 5, touched=15)
        self.kept = tape.zeros(size.T, 4 * h)
        self.gates = Factor(size, 2 * h, h + 1 + size.d, dtype)
        self.candidate = Factor(size, h, h + 1, dtype)
        self.back = Factor(size, h, q + 3 * h, dtype, flipped=True)
        self.side = room((h, 1 + size.d), dtype)
        self.out = room((q, h + 1), dtype)
        self.d_h, self.room = tape.zeros(h), tape.zeros(h)
        self.half, self.one = np.asarray(0.5, dtype), np.asarray(1, dtype)
        self.d_bias = room(h, dtype)
        joint = tape.joint
        self.steps = [
            (*self.gates.pair(joint[t]), self.gates.out(s[h : 3 * h]),
             *self.candidate.pair(joint[t, : h + 1]), self.candidate.out(s[:h]),
             s[h : 3 * h], s[:h], s[2 * h : 3 * h], s[3 * h :],
             s[h : 2 * h], joint[t, :h], joint[t + 1, :h])
            for t, s in enumerate(self.kept)
        ]  # fmt: skip
        self._backward_views()
        self._gradient_views()

    def _backward_views(self) -> None:
        h, q, tape = self.size.h, self.size.q, self.tape
        self.coefficients = tape.zeros(tape.length, 5 * h)
        by_block = self.coefficients.reshape(-1, 5, *self.d_h.shape)
        self.turns: dict[int, Any] = {}
        for chunk, steps in tape.walks():
            walk = [
                (*self.back.pair(flow[: q + 3 * h]), flow[q + 4 * h :],
                 by_block[t - chunk.bottom], into[q:].reshape(5, *self.d_h.shape))
                for t, flow, into in steps
            ]  # fmt: skip
            self.turns[chunk.low] = self._coefficient_views(chunk), walk

    def _coefficient_views(self, chunk: Chunk) -> tuple[Array, ...]:
        h, count = self.size.h, len(chunk.steps)
        k = self.coefficients[:count]
        steps = slice(chunk.high - count, chunk.high)
        kept = self.kept[steps]
        return (
            self.tape.joint[1:][steps, :h], kept[:, :h], kept[:, h : 2 * h],
            kept[:, 2 * h : 3 * h], kept[:, 3 * h :],
            k[:, :h], k[:, h : 2 * h], k[:, 2 * h : 3 * h], k[:, 3 * h : 4 * h], k[:, 4 * h :],
        )  # fmt: skip

    def _gradient_views(self) -> None:
        h, q, tape = self.size.h, self.size.q, self.tape
        d_w, d_x = tape.d_weights, tape.d_inputs
        self.grads = {"W_qh": d_w[:q, :h], "b_q": d_w[:q, h], "h[0]": tape.batch(self.d_h)}
        for k, gate in enumerate("nzr"):
            rows = slice(q + k * h, q + (k + 1) * h)
            self.grads[f"W_h{gate}"] = d_w[rows, :h]
            self.grads["b_hn" if gate == "n" else f"b_{gate}"] = d_w[rows, h]
        for k, gate in enumerate("zrn"):
            self.grads[f"W_x{gate}"] = d_x[k * h : (k + 1) * h]
        self.grads["b_xn"] = self.d_bias

    def _stack(self, p: Mapping[str, Array]) -> None:
        """Weights of both gates as one, with the half of sigmoid(x) = tanh(x / 2) / 2 + 1 / 2."""
        h, q, w = self.size.h, self.size.q, self.gates.matrix
        for k, gate in enumerate("zr"):
            rows = w[k * h : (k + 1) * h]
            multiply(p[f"W_h{gate}"], self.half, rows[:, :h])
            multiply(p[f"b_{gate}"], self.half, rows[:, h])
            multiply(p[f"W_x{gate}"], self.half, rows[:, h + 1 :])
        copyto(self.candidate.matrix[:, :h], p["W_hn"])
        copyto(self.candidate.matrix[:, h], p["b_hn"])
        copyto(self.side[:, 0], p["b_xn"])
        copyto(self.side[:, 1:], p["W_xn"])
        back = self.back.matrix.T
        copyto(back[:q], p["W_qh"])
        copyto(back[q : q + h], p["W_hn"])
        copyto(back[q + h : q + 2 * h], p["W_hz"])
        copyto(back[q + 2 * h :], p["W_hr"])
        copyto(self.out[:, :h], p["W_qh"])
        copyto(self.out[:, h], p["b_q"])
        for factor in (self.gates, self.candidate, self.back):
            factor.ready()

    def __call__(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Any],
        carry: Mapping[str, Array] | None = None,
    ) -> tuple[float, dict[str, Array]]:
        size, tape = self.size, self.tape
        x, y = inputs["x"], inputs["y"].reshape(-1)
        self._stack(params)
        tape.load(x, (carry or {}).get("h[0]"))
        fed, into = tape.joint[: size.T, size.h :], self.kept[:, 3 * size.h :]
        if size.B == 1:
            matmul(fed, self.side.T, out=into)
        else:
            matmul(self.side, fed, out=into)
        self._forward()
        loss = 0.0
        self.d_bias[...] = 0
        x = x.reshape(-1, size.d)
        for segment, chunks in zip(tape.segments, tape.chunks, strict=True):
            loss += tape.read_out(segment, self.out, y)
            for chunk in chunks:
                copyto(*chunk.d_o)
                views, walk = self.turns[chunk.low]
                self._coefficients(*views)
                self._walk(walk)
                if size.B > 1:
                    copyto(*chunk.turned)
            tape.collect(segment, x)
            self._collect_bias(segment)
        self.back.product(*self.back.pair(tape.last[: tape.hidden]), self.back.out(self.d_h))
        add(self.d_h, tape.last[size.q + 4 * size.h :], self.d_h)
        return loss * float(tape.scale), self.grads

    def _forward(self) -> None:
        gated, considered = self.gates.product, self.candidate.product
        half, room = self.half, self.room
        for a, b, out, k, m, side, gates, hidden, r, n, z, past, h in self.steps:
            gated(a, b, out)
            considered(k, m, side)
            tanh(gates, gates)
            multiply(gates, half, gates)
            add(gates, half, gates)
            multiply(r, hidden, room)
            add(n, room, n)
            tanh(n, n)
            subtract(past, n, room)
            multiply(z, room, room)
            add(n, room, h)

    def _coefficients(
        self, h: Array, hidden: Array, z: Array, r: Array, n: Array,
        k_hidden: Array, k_z: Array, k_r: Array, k_n: Array, k_past: Array,
    ) -> None:  # fmt: skip
        """What multiplies dL/dh[t]."""
        one = self.one
        subtract(one, z, k_past)
        multiply(n, n, k_n)
        subtract(one, k_n, k_n)
        multiply(k_n, k_past, k_n)
        subtract(h, n, k_z)  # z (h[t-1] - n) = h[t] - n
        multiply(k_z, k_past, k_z)
        multiply(k_n, r, k_hidden)
        subtract(one, r, k_r)
        multiply(k_r, hidden, k_r)
        multiply(k_r, k_hidden, k_r)
        copyto(k_past, z)

    def _walk(self, walk: list[tuple[Array, ...]]) -> None:
        product, d_h, out = self.back.product, self.d_h, self.back.out(self.d_h)
        for a, b, past, k, into in walk:
            product(a, b, out)
            add(d_h, past, d_h)
            multiply(k, d_h, into)

    def _collect_bias(self, segment: Segment) -> None:
        h, q = self.size.h, self.size.q
        rows = slice(q + 3 * h, q + 4 * h)
        if self.size.B == 1:
            copyto(self.d_bias, self.tape.all[rows, h])
        else:
            add(self.d_bias, np.add.reduce(segment.turned[rows], axis=1), self.d_bias)

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        own = (self.kept, self.gates, self.candidate, self.side, self.out, self.back, self.d_h,
               self.room, self.d_bias, self.coefficients)  # fmt: skip
        return self.tape.nbytes + sum(a.nbytes for a in own)
