"""Elman network, as fast as NumPy written by hand gets: loss and all gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import copyto, dot, multiply, subtract, tanh
from numpy.typing import DTypeLike

from benchmarks.handwritten.tape import Array, Sizes, Tape, room


class Gradient:
    """A function (params, inputs) -> (loss, gradients) with its buffers, for one size.

    The blocks of a step of `flow` are dL/do and the pre-activation.
    """

    def __init__(self, size: Sizes, dtype: DTypeLike) -> None:
        h, q = size.h, size.q
        self.size = size
        self.tape = tape = Tape(size, dtype, 1, 1, 1, 1)
        self.weights = room((h, h + 1 + size.d), dtype)
        self.out = room((q, h + 1), dtype)
        self.single = size.B == 1
        self.back = room((q + h, h) if self.single else (h, q + h), dtype)
        self.pre, self.d_h = tape.zeros(h), tape.zeros(h)
        self.one = np.asarray(1, dtype)
        joint = tape.joint
        self.steps = [(joint[t], joint[t + 1, :h]) for t in range(size.T)]
        self._backward_views()
        d_w, d_x = tape.d_weights, tape.d_inputs
        self.grads = {
            "W_qh": d_w[:q, :h], "b_q": d_w[:q, h],
            "W_hh": d_w[q:, :h], "b_h": d_w[q:, h], "W_xh": d_x,
            "h[0]": tape.batch(self.d_h),
        }  # fmt: skip

    def _backward_views(self) -> None:
        h, q, tape = self.size.h, self.size.q, self.tape
        bytes_a_step = (4 * h + q) * self.size.B * tape.dtype.itemsize
        pieces = {s.low: tape.chunks(s, bytes_a_step) for s in tape.segments}
        longest = max(len(steps) for chunks in pieces.values() for steps in chunks)
        self.slope = tape.zeros(longest, h)
        self.pieces = {
            s.low: [
                (tape.joint[steps[-1] : steps[0] + 1, :h], self.slope[: len(steps)],
                 [(tape.flow[t - s.low + 1], self.slope[t - steps[-1]], tape.flow[t - s.low, q:])
                  for t in steps])
                for steps in pieces[s.low]
            ]
            for s in tape.segments
        }  # fmt: skip

    def _stack(self, p: Mapping[str, Array]) -> None:
        h, q = self.size.h, self.size.q
        copyto(self.weights[:, :h], p["W_hh"])
        copyto(self.weights[:, h], p["b_h"])
        copyto(self.weights[:, h + 1 :], p["W_xh"])
        back = self.back if self.single else self.back.T
        copyto(back[:q], p["W_qh"])
        copyto(back[q:], p["W_hh"])
        copyto(self.out[:, :h], p["W_qh"])
        copyto(self.out[:, h], p["b_q"])

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
        weights, pre = self.weights, self.pre
        for joint, h in self.steps:
            dot(weights, joint, pre)
            tanh(pre, h)
        loss = 0.0
        x = x.reshape(-1, self.size.d)
        for segment in tape.backward():
            loss += tape.read_out(segment, self.out, y)
            for states, slope, walk in self.pieces[segment.low]:
                multiply(states, states, slope)
                subtract(self.one, slope, slope)
                self._walk(walk)
            tape.collect(segment, x)
        self._back(tape.flow[1])
        return loss * float(tape.scale), self.grads

    def _walk(self, walk: list[tuple[Array, Array, Array]]) -> None:
        back, d_h, single = self.back, self.d_h, self.single
        for flow, slope, d_a in walk:
            if single:
                dot(flow, back, d_h)
            else:
                dot(back, flow, d_h)
            multiply(slope, d_h, d_a)

    def _back(self, flow: Array) -> None:
        """dL/dh[t] from what flows into its step."""
        if self.single:
            dot(flow, self.back, self.d_h)
        else:
            dot(self.back, flow, self.d_h)

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        own = (self.weights, self.out, self.back, self.pre, self.d_h, self.slope)
        return self.tape.nbytes + sum(a.nbytes for a in own)
