"""What it means that two results agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

# An array whose entries cancel to nothing is compared with the largest array instead.
FLOOR = 1e-4


class Numbers(Protocol):
    """The result of a call: `tests.reference.Result`, or the module's."""

    @property
    def loss(self) -> Any: ...
    @property
    def grads(self) -> Mapping[str, Any]: ...
    @property
    def carry(self) -> Mapping[str, Any]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


def disagreements(found: Numbers, expected: Numbers, tolerance: float = 1e-10) -> list[str]:
    """A line for everything in ``found`` that is missing or off.

    The difference of two arrays is their largest difference over the largest entry
    expected. Keys that only ``expected`` has among its gradients are not asked for.
    """
    lines = array_disagreements("loss", {"": found.loss}, {"": expected.loss}, tolerance)
    lines += array_disagreements("carry", found.carry, expected.carry, tolerance)
    lines += array_disagreements("outputs", found.outputs, expected.outputs, tolerance)
    wanted = {key: expected.grads.get(key, 0.0) for key in found.grads}
    return lines + array_disagreements("grads", found.grads, wanted, tolerance)


def array_disagreements(
    kind: str, found: Mapping[str, Any], expected: Mapping[str, Any], tolerance: float
) -> list[str]:
    lines = []
    if set(found) != set(expected):
        lines.append(f"{kind}: keys {sorted(found)}, expected {sorted(expected)}")
    shared = [key for key in expected if key in found]
    arrays = {key: (_floats(found[key]), _floats(expected[key])) for key in shared}
    largest = max((_largest(wanted) for _, wanted in arrays.values()), default=0.0)
    for key, (given, wanted) in arrays.items():
        if given.shape != wanted.shape:
            lines.append(f"{kind} {key}: shape {given.shape}, expected {wanted.shape}")
            continue
        scale = max(_largest(wanted), FLOOR * largest)
        error = _largest(given - wanted)
        # Written so that NaN disagrees.
        if not error <= tolerance * scale:
            entry = tuple(map(int, np.unravel_index(np.argmax(abs(given - wanted)), given.shape)))
            lines.append(
                f"{kind} {key}{list(entry)}: {given[entry]!r}, expected {wanted[entry]!r} "
                f"(relative {error / scale if scale else np.inf:.1e})"
            )
    return lines


def _floats(value: Any) -> Any:
    return np.asarray(value, dtype=float)


def _largest(array: Any) -> float:
    return float(np.max(np.abs(array), initial=0.0))


def assert_same(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Arrays, in dicts of dicts, have the same numbers to the last bit."""
    assert set(found) == set(expected)
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_same(found[name], value)
        else:
            assert found[name].dtype == value.dtype
            np.testing.assert_array_equal(found[name], value)
