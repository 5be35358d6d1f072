"""What estimates of the gradient need: gates at the steps, room for the sweeps of a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.codegen.runtime.checks import _array, _check, _exact, _wrong
from symbptt.codegen.runtime.model import _GATES, _LAG, PI, TAU


def _gates(call: Any, gates: Any) -> Any:
    """The products of gates (T, B) that a lag crosses, as rows; 1 up to the first step."""
    cast = gates * call.one if call.dtype == object else gates.astype(call.dtype)
    cast[:1] = call.one
    crossed, laid = np.ones_like(cast) * call.one, {}
    for lag in range(1, _LAG + 1):
        crossed[lag - 1 :] *= cast[: max(len(cast) - lag + 1, 0)]
        for name, crossing in _GATES.items():
            if crossing == lag:
                laid[name] = call.rows.packed(crossed.copy())[:, None]
    return laid


def _random_gates(call: Any, rng: Any, gates: Any) -> Any:
    """Gates as given, or drawn: 1 / PI with probability PI, else 0."""
    if (rng is None) == (gates is None):
        found = "neither" if rng is None else "both"
        raise _wrong("rng, gates", "one of the two", found)
    if gates is not None:
        axes = ("T", "B")
        gates = _array("gates", gates, axes)
        _check(("gates", gates, axes, ""), call.dtype, call.size)
        if call.dtype == object:
            gates = _exact("gates", gates, call.one)
    elif call.dtype == object:
        raise _wrong("gates", "for object arrays, where a draw is not exact", "none")
    elif not isinstance(rng, np.random.Generator):
        raise _wrong("rng", "a numpy Generator", type(rng))
    else:
        pi = float(PI)
        gates = (rng.random((call.rows.T, call.rows.B)) < pi) / pi
    return _gates(call, gates)


def _regular_gates(call: Any) -> Any:
    """Gates of pieces of TAU steps: 0 where a piece but the first begins, else 1."""
    T, B = call.rows.T, call.rows.B
    gates = np.ones((T, B), int)
    gates[::TAU] = 0
    return _gates(call, gates)


def _ahead(first: Any, further: int) -> Any:
    """The adjoints of this sweep, `first`, and room for those of the next ones."""
    return [first, *(np.zeros_like(first) for _ in range(further))]


def _turned(ahead: Any) -> Any:
    """The next sweep in front, the room of the one that is done at the end."""
    done, *rest = ahead
    done[...] = 0
    return [*rest, done]
