"""LSTM, as fast as NumPy written by hand gets: loss and all gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import add, copyto, dot, multiply, subtract, tanh
from numpy.typing import DTypeLike

from benchmarks.handwritten.tape import Array, Sizes, Tape, room

GATES = "oifg"


class Gradient:
    """A function (params, inputs) -> (loss, gradients) with its buffers, for one size.

    The blocks of a step of `flow` are dL/do, then the pre-activations o, i, f, g, then what goes
    to c[t]; of `kept`: tanh(c), o, i, f, g, c[t-1].
    """

    def __init__(self, size: Sizes, dtype: DTypeLike) -> None:
        T, h, q = size.T, size.h, size.q
        self.size = size
        self.tape = tape = Tape(size, dtype, 4, 4, 4, 5)
        self.kept = tape.zeros(T + 1, 6 * h)
        self.weights = room((4 * h, h + 1 + size.d), dtype)
        self.out = room((q, h + 1), dtype)
        self.single = size.B == 1
        back = (q + 4 * h, h)
        self.back = room(back if self.single else back[::-1], dtype)
        self.pair, self.d_h, self.d_c = tape.zeros(2 * h), tape.zeros(h), tape.zeros(h)
        self.half, self.one = np.asarray(0.5, dtype), np.asarray(1, dtype)
        self._forward_views()
        self._backward_views()
        self._gradient_views()

    def _forward_views(self) -> None:
        h, joint, kept = self.size.h, self.tape.joint, self.kept
        self.first, self.second = self.pair[:h], self.pair[h:]
        self.steps = [
            (joint[t], s[h : 5 * h], s[h : 4 * h], s[2 * h : 4 * h], s[4 * h :],
             kept[t + 1, 5 * h :], s[:h], s[h : 2 * h], joint[t + 1, :h])
            for t, s in enumerate(kept[:-1])
        ]  # fmt: skip

    def _backward_views(self) -> None:
        h, q, tape = self.size.h, self.size.q, self.tape
        bytes_a_step = (12 * h + q + 5 * h) * self.size.B * tape.dtype.itemsize
        pieces = {s.low: tape.chunks(s, bytes_a_step) for s in tape.segments}
        longest = max(len(steps) for chunks in pieces.values() for steps in chunks)
        self.coefficients = tape.zeros(longest, 6 * h)
        by_block = self.coefficients.reshape(longest, 6, *self.d_h.shape)
        blocks = tape.flow[:, q:].reshape(-1, 5, *self.d_h.shape)
        self.pieces: dict[int, list[Any]] = {}
        for s in tape.segments:
            self.pieces[s.low] = []
            for steps in pieces[s.low]:
                bottom = steps[-1]
                walk = [
                    (tape.flow[t - s.low + 1, : q + 4 * h],
                     by_block[t - bottom, :2], blocks[t - s.low, :2],
                     blocks[t - s.low, 1], blocks[t - s.low + 1, 4],
                     by_block[t - bottom, 2:], blocks[t - s.low, 1:])
                    for t in steps
                ]  # fmt: skip
                kept = self.kept[bottom - 1 : steps[0]]
                self.pieces[s.low].append((self._coefficient_views(kept), walk))
        self.last = (tape.flow[1, : q + 4 * h], blocks[1, 4])

    def _coefficient_views(self, kept: Array) -> tuple[Array, ...]:
        h, k = self.size.h, self.coefficients[: len(kept)]
        return (
            kept[:, :h], kept[:, h : 2 * h], kept[:, 2 * h : 4 * h], kept[:, 4 * h : 5 * h],
            kept[:, 4 * h :], kept[:, 2 * h : 3 * h], kept[:, 3 * h : 4 * h],
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
        self.grads["c[0]"] = tape.batch(self.last[1])

    def _stack(self, p: Mapping[str, Array]) -> None:
        """Weights of all gates as one, with the half of sigmoid(x) = tanh(x / 2) / 2 + 1 / 2."""
        h, w = self.size.h, self.weights
        np.concatenate([p[f"W_h{gate}"] for gate in GATES], out=w[:, :h])
        np.concatenate([p[f"b_{gate}"] for gate in GATES], out=w[:, h])
        np.concatenate([p[f"W_x{gate}"] for gate in GATES], out=w[:, h + 1 :])
        back = self.back if self.single else self.back.T
        copyto(back[: self.size.q], p["W_qh"])
        copyto(back[self.size.q :], w[:, :h])
        multiply(w[: 3 * h], self.half, w[: 3 * h])
        copyto(self.out[:, :h], p["W_qh"])
        copyto(self.out[:, h], p["b_q"])

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
        tape.put(self.kept[0, 5 * size.h :], start.get("c[0]"))
        self._forward()
        loss = 0.0
        x = x.reshape(-1, size.d)
        for segment in tape.backward():
            loss += tape.read_out(segment, self.out, y)
            for views, walk in self.pieces[segment.low]:
                self._coefficients(*views)
                self._walk(walk)
            tape.collect(segment, x)
        self._back(self.last[0], self.d_h)
        return loss * float(tape.scale), self.grads

    def _forward(self) -> None:
        weights, half, pair = self.weights, self.half, self.pair
        first, second = self.first, self.second
        for joint, gates, sigmoids, i_f, g_c, c, tanh_c, o, h in self.steps:
            dot(weights, joint, gates)
            tanh(gates, gates)
            multiply(sigmoids, half, sigmoids)
            add(sigmoids, half, sigmoids)
            multiply(i_f, g_c, pair)
            add(first, second, c)
            tanh(c, tanh_c)
            multiply(o, tanh_c, h)

    def _coefficients(
        self, tanh_c: Array, o: Array, i_f: Array, g: Array, g_c: Array, i: Array, f: Array,
        k_o: Array, k_c: Array, k_i_f: Array, k_g: Array, k_past: Array,
    ) -> None:  # fmt: skip
        """What multiplies dL/dh[t] (o, c) and dL/dc[t] (i, f, g, c[t-1])."""
        multiply(o, o, k_o)
        subtract(o, k_o, k_o)
        multiply(k_o, tanh_c, k_o)
        multiply(tanh_c, tanh_c, k_c)
        subtract(self.one, k_c, k_c)
        multiply(k_c, o, k_c)
        multiply(i_f, i_f, k_i_f)
        subtract(i_f, k_i_f, k_i_f)
        multiply(k_i_f, g_c, k_i_f)
        multiply(g, g, k_g)
        subtract(self.one, k_g, k_g)
        multiply(k_g, i, k_g)
        copyto(k_past, f)

    def _walk(self, walk: list[tuple[Array, ...]]) -> None:
        back, d_h, d_c, single = self.back, self.d_h, self.d_c, self.single
        for flow, k_h, from_h, into_c, past_c, k_c, from_c in walk:
            if single:
                dot(flow, back, d_h)
            else:
                dot(back, flow, d_h)
            multiply(k_h, d_h, from_h)
            add(into_c, past_c, d_c)
            multiply(k_c, d_c, from_c)

    def _back(self, flow: Array, d_h: Array) -> None:
        """dL/dh[t] from what flows into its step."""
        if self.single:
            dot(flow, self.back, d_h)
        else:
            dot(self.back, flow, d_h)

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        own = (self.kept, self.weights, self.out, self.back, self.pair, self.d_h, self.d_c)
        return self.tape.nbytes + self.coefficients.nbytes + sum(a.nbytes for a in own)
