"""Central differences, extrapolated."""

from __future__ import annotations

from collections.abc import Callable

WIDTHS = (2.0**-10, 2.0**-11, 2.0**-12)
"""Half the distances of the two points of a difference; extrapolated to 0."""


def extrapolated(at: Callable[[float], float]) -> tuple[float, float]:
    """The derivative of a function at 0, by Richardson's extrapolation; and a doubt."""
    found = [(at(width) - at(-width)) / (2 * width) for width in WIDTHS]
    wide, middle, narrow = found
    # Halving a width divides the leading error by 4, that of the next order by 16.
    coarse, fine = (4 * middle - wide) / 3, (4 * narrow - middle) / 3
    return (16 * fine - coarse) / 15, 10 * abs(fine - coarse)
