"""What is right and still may not be what was meant: kinks, and gradients that vanish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.proof.agreement import FLOOR, largest
from symbptt.proof.calls import Arrays, ModuleCall, Result
from symbptt.proof.rows import Row

JUMPS = frozenset(
    name for name, row in FUNCTIONS.items() if not row.public and {*row.derivatives} == {"0"}
)
"""The functions that are constant but for jumps."""

NOTHING, MUCH = 1e-12, 1e-6
"""Parts of the largest gradient and of L: what counts as 0, and what as a change."""


def kink_rows(derivation: Derivation) -> Iterator[Row]:
    """Where the gradient jumps, L has kinks, and there no derivative."""
    found = {
        node.function
        for step in derivation.steps
        for node in al.walk(step.result)
        if isinstance(node, al.Call) and node.function in JUMPS
    }
    if found:
        words = (
            f"the gradient reads {', '.join(sorted(found))}: where one of them jumps, L has a kink "
            "and no derivative, and the value that stands there is a convention"
        )
        yield Row("remark", "kinks", None, "all right elsewhere", words)


def vanishing_rows(
    run: Callable[[ModuleCall], Result], calls: Iterable[ModuleCall]
) -> Iterator[Row]:
    """Variables on which L depends, and whose gradient is 0 at every call: by steps alone."""
    calls = [replace(call, carry_grad=None) for call in calls]
    results = [run(call) for call in calls]
    for kind in ("params", "carry"):
        for name in dict.fromkeys(n for call in calls for n in getattr(call, kind) or ()):
            if kind == "params" and name not in results[0][1]:
                continue  # it is held
            if all(_is_nothing(grads, name) for _, grads, _ in results) and any(
                _changes(run, call, kind, name, float(loss))
                for call, (loss, _, _) in zip(calls, results, strict=True)
            ):
                words = (
                    f"L depends on {name}, and its derivative by {name} is 0 at all {len(calls)} "
                    "points: it does so through steps alone, and descent will not move it"
                )
                yield Row("remark", f"dL/d{name}", None, "all right", words)


def _is_nothing(grads: Arrays, name: str) -> bool:
    scale = max(FLOOR, *map(largest, grads.values()))
    return largest(grads.get(name, 0.0)) <= NOTHING * scale


def _changes(
    run: Callable[[ModuleCall], Result], call: ModuleCall, kind: str, name: str, loss: float
) -> bool:
    """Whether L differs for the opposite of a variable."""
    arrays = getattr(call, kind) or {}
    if name not in arrays or np.asarray(arrays[name]).dtype.kind != "f":
        return False
    turned: dict[str, Any] = {kind: {**arrays, name: -arrays[name]}}
    return abs(float(run(replace(call, **turned))[0]) - loss) > MUCH * max(abs(loss), FLOOR)
