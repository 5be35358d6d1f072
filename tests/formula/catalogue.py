"""All formulas of the seed documents and what `check` says of them."""

from __future__ import annotations

from functools import cache

from symbptt.formula.verdict import Verdict, check
from tests.formula.documents import TEXTS, Row, model
from tests.formula.equations import RIGHT
from tests.formula.misprints import MISPRINTS, UNREADABLE

__all__ = ["MISPRINTS", "RIGHT", "TEXTS", "UNREADABLE", "Row", "decided", "model"]


@cache
def decided(row: Row) -> Verdict:
    """The verdict, found once for all tests that want it."""
    return check(model(row.model), row.formula)
