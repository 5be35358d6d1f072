"""A whole verification, each part of it at fewer points and calls, for tests of many models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest

from symbptt.proof import exact, reach
from symbptt.proof.cases import Case, cases
from symbptt.proof.points import size_sets

EVERY = 5
"""One way in so many to call a module is tried."""


def shorten(patch: pytest.MonkeyPatch, name: str) -> None:
    """Let `verify` look at less of each kind; which calls it makes depends on the name."""
    number = crc32(name.encode())

    def some_cases(*arguments: Any) -> Iterator[Case]:
        met: dict[str, int] = {}
        for case in cases(*arguments):
            met[case.group] = met.get(case.group, -1) + 1
            if (met[case.group] + number) % EVERY == 0:
                yield case

    patch.setattr(exact, "POINTS", 1)
    patch.setattr(exact, "HORIZONS", (1, 2, 4))
    patch.setattr(exact, "size_sets", lambda model: size_sets(model)[:1])
    patch.setattr(reach, "cases", some_cases)
