"""Gradients that were returned beside those that are right: factors, clipping, entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbptt.handwritten.forms import ProgramCase
from symbptt.proof.calls import Arrays
from symbptt.proof.slips import FACTORS, Factor

ROUNDING = {"float64": 1e-8, "single": 1e-5, "float32": 2e-3}
"""``single``: what was handed in as float64 was worked out in float32."""
LONG = 1e-5
"""What many steps make of rounding, as a part of the largest entry."""
SMALL = 1e-9
"""What counts as 0 beside the largest of all gradients."""


@dataclass(frozen=True)
class Convention:
    """What all gradients are multiplied with, and how they are clipped.

    Attributes
    ----------
    factor : Factor
        By T, for one sequence.
    batch : int
        1 where the sequences are summed over, 0 where L is their mean.
    value, norm : float
        To what entries, or the norm of all gradients, are clipped; 0 for neither.
    """

    factor: Factor = FACTORS[0]
    batch: int = 0
    value: float = 0.0
    norm: float = 0.0

    def of(self, case: ProgramCase) -> float:
        return self.factor[1](case.steps) * (case.batch if self.batch else 1)

    @property
    def words(self) -> tuple[str, ...]:
        """What is told of it: nothing where there is nothing to tell."""
        word = self.factor[0]
        if self.batch:
            word = f"{word} over all steps and sequences" if word else "summed over the sequences"
        found = [word] if word else []
        if self.value:
            found.append(f"clipped to ±{self.value:.6g}")
        if self.norm:
            found.append(f"clipped to a norm of {self.norm:.6g}")
        return tuple(found)


def conventions(batch: bool) -> Iterator[Convention]:
    for factor in FACTORS:
        yield Convention(factor)
        if batch:
            yield Convention(factor, 1)


def right(case: ProgramCase, grads: Arrays, convention: Convention) -> tuple[str, ...]:
    """The names of the gradients that are right."""
    expected = wanted(case, grads, convention)
    return tuple(name for name, array in grads.items() if close(case, array, expected, name))


def wanted(case: ProgramCase, names: Mapping[str, Any], convention: Convention) -> Arrays:
    """The right gradients by a convention."""
    return laid(case, {name: case.grads[name] for name in names}, convention)


def laid(case: ProgramCase, grads: Arrays, convention: Convention) -> Arrays:
    """Gradients of the mean of the losses as a convention has them."""
    by = convention.of(case)
    found = {name: array * by for name, array in grads.items()}
    if convention.norm:
        norm = norm_of(found)
        if norm > convention.norm:
            found = {name: array * (convention.norm / norm) for name, array in found.items()}
    if convention.value:
        found = {n: np.clip(a, -convention.value, convention.value) for n, a in found.items()}
    return found


def close(case: ProgramCase, array: Any, expected: Arrays, name: str) -> bool:
    return bool(np.all(error(case, array, expected, name) <= 1.0))


def error(case: ProgramCase, array: Any, expected: Arrays, name: str) -> Any:
    """By how much entries are off, in units of what rounding may make."""
    enlarged = case.scale != 1.0
    dtype = "float32" if enlarged and case.dtype != "float64" else case.dtype
    tolerance = ROUNDING[dtype] if case.steps < 20 else max(ROUNDING[dtype], LONG)
    largest = max((float(np.max(np.abs(a), initial=0.0)) for a in expected.values()), default=0.0)
    own = float(np.max(np.abs(expected[name]), initial=0.0))
    scale = max(own, (1.0 if enlarged else SMALL) * largest, 1e-300)
    off = np.abs(np.asarray(array, float) - expected[name]) / (tolerance * scale)
    return np.where(np.isfinite(off), off, np.inf)


def norm_of(arrays: Arrays) -> float:
    with np.errstate(over="ignore"):
        return float(np.sqrt(sum(float(np.sum(np.square(a))) for a in arrays.values())))


def clipping(cases: Sequence[ProgramCase], found: Sequence[Arrays], base: Convention) -> Convention:
    """The convention with the clipping that explains the most, if any does."""
    best, most = base, explained(cases, found, base)
    ways = [Convention(base.factor, base.batch, value=value) for value in _bounds(found)]
    if norm := _largest_reached_twice([norm_of(grads) for grads in found]):
        ways.append(Convention(base.factor, base.batch, norm=norm))
    for convention in ways:
        count = explained(cases, found, convention)
        if count > most:
            best, most = convention, count
    return best


def explained(cases: Sequence[ProgramCase], found: Sequence[Arrays], convention: Convention) -> int:
    """How many gradients of all calls are right by a convention."""
    return sum(len(right(c, g, convention)) for c, g in zip(cases, found, strict=True))


def _bounds(found: Sequence[Arrays]) -> list[float]:
    """The largest entries: a bound is one that more than one of them reaches."""
    entries = [
        abs(float(entry))
        for grads in found
        for array in grads.values()
        for entry in np.ravel(np.asarray(array, float))
    ]
    reached = Counter(float(f"{entry:.12g}") for entry in entries if entry and np.isfinite(entry))
    return sorted((value for value, count in reached.items() if count > 1), reverse=True)[:12]


def _largest_reached_twice(norms: Sequence[float]) -> float:
    """The largest of all, if another is as large; else 0."""
    first, second, *_ = (*sorted(norms, reverse=True), 0.0, 0.0)
    return first if second > first * (1 - 1e-6) else 0.0


def first_wrong(case: ProgramCase, grads: Arrays, convention: Convention, name: str) -> str:
    """The first wrong entry of a gradient, with both values, in words."""
    expected = wanted(case, grads, convention)
    off = error(case, grads[name], expected, name) > 1.0
    if not np.any(off):
        return ""
    entry = tuple(int(k) for k in np.argwhere(off)[0])
    place = f"[{', '.join(str(k + 1) for k in entry)}]" if entry else ""
    found, right_one = np.asarray(grads[name], float)[entry], expected[name][entry]
    return f"dL/d{name}{place} is {found:.8g}, right is {right_one:.8g}"
