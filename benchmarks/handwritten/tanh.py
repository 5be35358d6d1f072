"""Elman network, as fast as NumPy written by hand gets: loss and all gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import copyto, multiply, subtract, tanh
from numpy.typing import DTypeLike

from benchmarks.handwritten.tape import Array, Factor, Sizes, Tape, room


class Gradient:
    """A function (params, inputs) -> (loss, gradients) with its buffers, for one size.

    The blocks of a step of `flow` are dL/do and the pre-activation.
    """

    def __init__(self, size: Sizes, dtype: DTypeLike) -> None:
        h, q = size.h, size.q
        self.size = size
        self.tape = tape = Tape(size, dtype, 1, 1, 1, 1, touched=4)
        self.weights = Factor(size, h, h + 1 + size.d, dtype)
        self.back = Factor(size, h, q + h, dtype, flipped=True)
        self.out = room((q, h + 1), dtype)
        self.pre, self.d_h = tape.zeros(h), tape.zeros(h)
        self.one = np.asarray(1, dtype)
        joint = tape.joint
        self.steps = [(*self.weights.pair(joint[t]), joint[t + 1, :h]) for t in range(size.T)]
        self.slope = tape.zeros(tape.length, h)
        self.turns: dict[int, Any] = {}
        for chunk, steps in tape.walks():
            walk = [
                (*self.back.pair(flow), self.slope[t - chunk.bottom], into[q:])
                for t, flow, into in steps
            ]
            states = joint[chunk.bottom : chunk.high + 1, :h]
            self.turns[chunk.low] = states, self.slope[: len(states)], walk
        d_w, d_x = tape.d_weights, tape.d_inputs
        self.grads = {
            "W_qh": d_w[:q, :h], "b_q": d_w[:q, h],
            "W_hh": d_w[q:, :h], "b_h": d_w[q:, h], "W_xh": d_x,
            "h[0]": tape.batch(self.d_h),
        }  # fmt: skip

    def _stack(self, p: Mapping[str, Array]) -> None:
        h, q, w, back = self.size.h, self.size.q, self.weights.matrix, self.back.matrix.T
        copyto(w[:, :h], p["W_hh"])
        copyto(w[:, h], p["b_h"])
        copyto(w[:, h + 1 :], p["W_xh"])
        copyto(back[:q], p["W_qh"])
        copyto(back[q:], p["W_hh"])
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
        tape = self.tape
        x, y = inputs["x"], inputs["y"].reshape(-1)
        self._stack(params)
        tape.load(x, (carry or {}).get("h[0]"))
        product, pre, out = self.weights.product, self.pre, self.weights.out(self.pre)
        for a, b, h in self.steps:
            product(a, b, out)
            tanh(pre, h)
        loss = 0.0
        x = x.reshape(-1, self.size.d)
        for segment, chunks in zip(tape.segments, tape.chunks, strict=True):
            loss += tape.read_out(segment, self.out, y)
            for chunk in chunks:
                copyto(*chunk.d_o)
                states, slope, walk = self.turns[chunk.low]
                multiply(states, states, slope)
                subtract(self.one, slope, slope)
                self._walk(walk)
                if self.size.B > 1:
                    copyto(*chunk.turned)
            tape.collect(segment, x)
        self.back.product(*self.back.pair(tape.last), self.back.out(self.d_h))
        return loss * float(tape.scale), self.grads

    def _walk(self, walk: list[tuple[Array, ...]]) -> None:
        product, d_h, out = self.back.product, self.d_h, self.back.out(self.d_h)
        for a, b, slope, d_a in walk:
            product(a, b, out)
            multiply(slope, d_h, d_a)

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        own = (self.weights, self.out, self.back, self.pre, self.d_h, self.slope)
        return self.tape.nbytes + sum(a.nbytes for a in own)
