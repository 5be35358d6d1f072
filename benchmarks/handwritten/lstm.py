"""LSTM, as fast as NumPy written by hand gets: loss and all gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import add, copyto, multiply, subtract, tanh
from numpy.typing import DTypeLike

from benchmarks.handwritten.tape import Array, Chunk, Factor, Sizes, Tape, room

GATES = "oifg"


class Gradient:
    """A function (params, inputs) -> (loss, gradients) with its buffers, for one size.

    The blocks of a step of `flow` are dL/do, then the pre-activations o, i, f, g, then what goes
    to c[t]; of `kept`: o, i, f, g, c[t-1].
    """

    def __init__(self, size: Sizes, dtype: DTypeLike) -> None:
        h, q = size.h, size.q
        self.size = size
        self.tape = tape = Tape(size, dtype, 4, 4, 4, 5, touched=17)
        self.kept = tape.zeros(size.T + 1, 5 * h)
        self.weights = Factor(size, 4 * h, h + 1 + size.d, dtype)
        self.back = Factor(size, h, q + 4 * h, dtype, flipped=True)
        self.out = room((q, h + 1), dtype)
        self.pair, self.d_h, self.d_c = tape.zeros(2 * h), tape.zeros(h), tape.zeros(h)
        self.half = np.asarray(0.5, dtype)
        self._forward_views()
        self._backward_views()
        self._gradient_views()

    def _forward_views(self) -> None:
        h, joint, kept = self.size.h, self.tape.joint, self.kept
        self.first, self.second = self.pair[:h], self.pair[h:]
        self.steps = [
            (*self.weights.pair(joint[t]), self.weights.out(s[: 4 * h]),
             s[: 4 * h], s[: 3 * h], s[h : 3 * h], s[3 * h :],
             kept[t + 1, 4 * h :], s[:h], joint[t + 1, :h])
            for t, s in enumerate(kept[:-1])
        ]  # fmt: skip

    def _backward_views(self) -> None:
        h, q, tape = self.size.h, self.size.q, self.tape
        self.coefficients = tape.zeros(tape.length, 6 * h)
        self.product = tape.zeros(tape.length, 2 * h)
        by_block = self.coefficients.reshape(-1, 6, *self.d_h.shape)
        self.turns: dict[int, Any] = {}
        for chunk, steps in tape.walks():
            walk = []
            for t, flow, into in steps:
                k = by_block[t - chunk.bottom]
                below = into[q:].reshape(5, *self.d_h.shape)
                walk.append((
                    *self.back.pair(flow[: q + 4 * h]), k[:2], below[:2], below[1],
                    flow[q + 4 * h :], k[2:], below[1:],
                ))  # fmt: skip
            self.turns[chunk.low] = self._coefficient_views(chunk), walk
        self.past = tape.last[q + 4 * h :]

    def _coefficient_views(self, chunk: Chunk) -> tuple[Array, ...]:
        h, count = self.size.h, len(chunk.steps)
        k, product = self.coefficients[:count], self.product[:count]
        steps = slice(chunk.high - count, chunk.high)
        kept, states = self.kept[steps], self.tape.joint[1:][steps, :h]
        return (
            states, self.kept[1:][steps, 4 * h :], kept[:, :h], kept[:, h : 3 * h],
            kept[:, 3 * h : 4 * h], kept[:, 3 * h :], kept[:, h : 2 * h],
            kept[:, 2 * h : 3 * h], product, product[:, :h],
            k[:, :h], k[:, h : 2 * h], k[:, 2 * h : 4 * h], k[:, 4 * h : 5 * h], k[:, 5 * h :],
        )  # fmt: skip

    def _gradient_views(self) -> None:
        h, q, tape = self.size.h, self.size.q, self.tape
        d_w, d_x = tape.d_weights, tape.d_inputs
        self.grads = {"W_qh": d_w[:q, :h], "b_q": d_w[:q, h]}
        for k, gate in enumerate(GATES):
            rows = slice(q + k * h, q + (k + 1) * h)
            self.grads[f"W_h{gate}"] = d_w[rows, :h]
            self.grads[f"b_{gate}"] = d_w[rows, h]
            self.grads[f"W_x{gate}"] = d_x[k * h : (k + 1) * h]
        self.grads["h[0]"] = tape.batch(self.d_h)
        self.grads["c[0]"] = tape.batch(self.past)

    def _stack(self, p: Mapping[str, Array]) -> None:
        """Weights of all gates as one, with the half of sigmoid(x) = tanh(x / 2) / 2 + 1 / 2."""
        h, w, back = self.size.h, self.weights.matrix, self.back.matrix.T
        np.concatenate([p[f"W_h{gate}"] for gate in GATES], out=w[:, :h])
        np.concatenate([p[f"b_{gate}"] for gate in GATES], out=w[:, h])
        np.concatenate([p[f"W_x{gate}"] for gate in GATES], out=w[:, h + 1 :])
        copyto(back[: self.size.q], p["W_qh"])
        copyto(back[self.size.q :], w[:, :h])
        multiply(w[: 3 * h], self.half, w[: 3 * h])
        copyto(self.out[:, :h], p["W_qh"])
        copyto(self.out[:, h], p["b_q"])
        self.weights.ready()
        self.back.ready()

    def __call__(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Any],
        carry: Mapping[str, Array] | None = None,
    ) -> tuple[float, dict[str, Array]]:
        size, tape = self.size, self.tape
        x, y = inputs["x"], inputs["y"].reshape(-1)
        start = carry or {}
        self._stack(params)
        tape.load(x, start.get("h[0]"))
        tape.put(self.kept[0, 4 * size.h :], start.get("c[0]"))
        self._forward()
        loss = 0.0
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
        self.back.product(*self.back.pair(tape.last[: tape.hidden]), self.back.out(self.d_h))
        return loss * float(tape.scale), self.grads

    def _forward(self) -> None:
        product, half, pair = self.weights.product, self.half, self.pair
        first, second = self.first, self.second
        for a, b, out, gates, sigmoids, i_f, g_c, c, o, h in self.steps:
            product(a, b, out)
            tanh(gates, gates)
            multiply(sigmoids, half, sigmoids)
            add(sigmoids, half, sigmoids)
            multiply(i_f, g_c, pair)
            add(first, second, c)
            tanh(c, h)
            multiply(o, h, h)

    def _coefficients(
        self, h: Array, c: Array, o: Array, i_f: Array, g: Array, g_c: Array,
        i: Array, f: Array, product: Array, i_g: Array,
        k_o: Array, k_c: Array, k_i_f: Array, k_g: Array, k_past: Array,
    ) -> None:  # fmt: skip
        """What multiplies dL/dh[t] (o, c) and dL/dc[t] (i, f, g, c[t-1])."""
        multiply(h, o, k_o)  # tanh(c) o (1 - o) = h - h o
        subtract(h, k_o, k_o)
        tanh(c, k_c)
        multiply(k_c, h, k_c)  # o (1 - tanh(c)^2) = o - tanh(c) h
        subtract(o, k_c, k_c)
        multiply(i_f, g_c, product)  # g i (1 - i) = i g - i g i, and so f with c[t-1]
        multiply(product, i_f, k_i_f)
        subtract(product, k_i_f, k_i_f)
        multiply(g, i_g, k_g)  # i (1 - g^2) = i - g i g
        subtract(i, k_g, k_g)
        copyto(k_past, f)

    def _walk(self, walk: list[tuple[Array, ...]]) -> None:
        product, d_h, d_c, out = self.back.product, self.d_h, self.d_c, self.back.out(self.d_h)
        for a, b, k_h, from_h, into_c, past_c, k_c, from_c in walk:
            product(a, b, out)
            multiply(k_h, d_h, from_h)
            add(into_c, past_c, d_c)
            multiply(k_c, d_c, from_c)

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        own = (self.kept, self.weights, self.out, self.back, self.pair, self.d_h, self.d_c,
               self.coefficients, self.product)  # fmt: skip
        return self.tape.nbytes + sum(a.nbytes for a in own)
