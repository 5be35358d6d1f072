"""How many examples Hypothesis draws: few and always the same, or many and others each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

from tests.modules import EXHAUSTIVE


def examples(count: int, many: int = 0) -> Callable[[Any], Any]:
    """Draw so many examples; with SYMBPTT_EXHAUSTIVE=1 as many as ``many``, or 50 times as many.

    What is drawn in the suite depends on nothing but the test.
    """
    return settings(
        max_examples=(many or 50 * count) if EXHAUSTIVE else count,
        derandomize=not EXHAUSTIVE,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
