"""All formulas of the seed documents and what `check` says of them."""

from __future__ import annotations

import time
from functools import cache

from symbptt.formula.answer import Verdict
from symbptt.formula.verdict import check
from tests.formula.documents import TEXTS, Row, model
from tests.formula.equations import RIGHT
from tests.formula.misprints import MISPRINTS, UNREADABLE

__all__ = ["MISPRINTS", "RIGHT", "TEXTS", "UNREADABLE", "Row", "decided", "model", "timed"]


@cache
def timed(row: Row) -> tuple[Verdict, float]:
    """The verdict, found once for all tests that want it, and the CPU time that it took."""
    start = time.process_time()
    verdict = check(model(row.model), row.formula)
    return verdict, time.process_time() - start


def decided(row: Row) -> Verdict:
    return timed(row)[0]
