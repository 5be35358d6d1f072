"""Modules of all levels of optimisation at the same calls: their numbers must agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbptt.calculus.estimators import FULL, Estimator
from symbptt.proof.calls import Arrays, Call
from symbptt.proof.loaded import Loaded
from symbptt.proof.numeric import FLOOR, called
from symbptt.proof.rows import Row

TOLERANCE = 1e-12
"""Largest difference that rounding may make, as a part of the largest entry."""


def level_rows(
    modules: Mapping[int, Loaded], calls: Iterable[Call], estimator: Estimator = FULL
) -> tuple[Row, ...]:
    """A row for every level but the lowest, which the others are compared with.

    Parameters
    ----------
    modules : mapping of int to Loaded
        A model's modules by level.
    estimator : Estimator
        Which they were generated for.

    Raises
    ------
    InterfaceError
        If a module raises, or what it returns lacks something.
    """
    lowest, *others = sorted(modules)
    compared = {level: _Compared(f"-O{level} and -O{lowest}") for level in others}
    for call in calls:
        expected = by_name(*called(modules[lowest], call, estimator))
        for level in others:
            found = by_name(*called(modules[level], call, estimator))
            compared[level].compare(found, expected, call.scenario.words)
    return tuple(each.row() for each in compared.values())


def by_name(loss: Any, grads: Arrays, carry: Arrays) -> dict[str, Any]:
    """All numbers of a result; those of a kind are measured by the largest of them."""
    names: dict[str, Any] = {"loss": loss}
    for kind, arrays in (("grads", grads), ("carry", carry)):
        names |= {f"{kind}[{key!r}]": np.asarray(array, float) for key, array in arrays.items()}
    return names


@dataclass
class _Compared:
    """One row in the making."""

    subject: str
    entries: int = 0
    worst: float = 0.0
    detail: str = ""

    def compare(self, found: Arrays, expected: Arrays, where: str) -> None:
        if set(found) != set(expected):
            lacking = ", ".join(sorted(set(found) ^ set(expected)))
            self.detail = self.detail or f"{where}: only one of them has {lacking}"
        largest = max(map(_largest, expected.values()))
        for name in (name for name in expected if name in found):
            self.entry(name, found[name], expected[name], FLOOR * largest, where)

    def entry(self, name: str, found: Any, expected: Any, floor: float, where: str) -> None:
        self.entries += np.size(expected)
        if np.shape(found) != np.shape(expected):
            shapes = f"has shape {np.shape(found)}, and {np.shape(expected)}"
            self.detail = self.detail or f"{where}: {name} {shapes}"
            return
        scale = max(_largest(expected), floor) or 1.0
        difference = _largest(np.asarray(found) - expected) / scale
        self.worst = max(self.worst, difference)
        # Written so that NaN is wrong.
        if not difference <= TOLERANCE and not self.detail:
            self.detail = f"{where}: {name} differs by {difference:.1e} of its largest entry"

    def row(self) -> Row:
        detail = self.detail or ("" if self.entries else "nothing was compared")
        figure = f"{self.entries} entries, largest difference {self.worst:.1e}"
        return Row("levels", self.subject, not detail, figure, detail)


def _largest(array: Any) -> float:
    return float(np.max(np.abs(array), initial=0.0))
