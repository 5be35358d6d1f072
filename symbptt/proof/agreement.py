"""Floats against those expected: a row in the making, for every check that rounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbptt.proof.rows import Row

TOLERANCE = {
    "values": 1e-9,
    "differences": 1e-6,
    "expectation": 1e-9,
    "levels": 1e-12,
    "forward": 1e-10,
    "trial": 1e-9,
    "reach": 1e-12,
    "plain": 1e-10,
}
"""Largest error that a right result may have, as a part of the largest entry."""

COARSE = 1e-4
"""What differences may be off at most, where their own two best estimates disagree."""

FLOOR = 1e-3
"""An array whose entries all but cancel is measured by the largest of all times this."""

SOURCES = {
    "differences": "differences give",
    "levels": "the lowest level has",
    "forward": "the reverse module has",
    "trial": "-O0 has",
    "reach": "-O0 has",
    "plain": "the equations give",
}
"""Where the expected numbers come from; from the model itself they are exact."""


@dataclass
class Agreement:
    """How far numbers are from those expected, and the first that is off."""

    check: str
    subject: str
    entries: int = 0
    worst: float = 0.0
    detail: str = ""
    range: str = ""

    def compare(
        self,
        found: Any,
        expected: Any,
        scale: float,
        what: str,
        where: str,
        doubt: Any = 0.0,
    ) -> None:
        """Records the error and, the first time, the first entry that is off.

        ``doubt`` is how far the expected entries may themselves be off.
        """
        found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
        self.entries += expected.size
        if found.shape != expected.shape:
            shapes = f"has shape {found.shape}, not {expected.shape}"
            self.detail = self.detail or f"{where}: {what} {shapes}"
            return
        errors = np.abs(found - expected) / (scale or 1.0)
        self.worst = max(self.worst, float(np.max(errors, initial=0.0)))
        # Written so that NaN is wrong.
        allowed = np.maximum(TOLERANCE[self.check], np.minimum(doubt / (scale or 1.0), COARSE))
        wrong = np.argwhere(~(errors <= allowed))
        if len(wrong) and not self.detail:
            entry = tuple(map(int, wrong[0]))
            place = f"[{', '.join(map(str, entry))}]" if entry else ""
            true = f"{SOURCES.get(self.check, 'exact')} {expected[entry]:.12g}"
            self.detail = f"{where}: {what}{place} is {found[entry]:.12g}, {true}"

    def compare_all(
        self, found: Mapping[str, Any], expected: Mapping[str, Any], where: str
    ) -> None:
        """Arrays by their names, none of which may be lacking."""
        if set(found) != set(expected):
            lacking = ", ".join(sorted(set(found) ^ set(expected)))
            self.detail = self.detail or f"{where}: only one of them has {lacking}"
        floor = FLOOR * max(map(largest, expected.values()))
        for name in (name for name in expected if name in found):
            scale = max(largest(expected[name]), floor)
            self.compare(found[name], expected[name], scale, name, where)

    def row(self) -> Row:
        detail = self.detail or ("" if self.entries else "nothing was compared")
        return Row(
            self.check, self.subject, not detail, self.range, detail, self.entries, self.worst
        )


def largest(array: Any) -> float:
    return float(np.max(np.abs(array), initial=0.0))
