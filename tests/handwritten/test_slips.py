"""Programs of every style: right as they stand, and a slip in each is named."""

from __future__ import annotations

import pytest

from tests.handwritten.slips import EDITS, PROGRAMS, broken, examined
from tests.modules import some

CONVENTIONS = {"letters": ("of the sum of the losses", "clipped to ±5")}


@pytest.mark.parametrize("program", sorted(EDITS))
def test_programs_are_right(program: str) -> None:
    verdict = examined(program, (PROGRAMS / f"{program}.py").read_text(encoding="utf-8"))
    assert verdict.ok, str(verdict)
    assert verdict.convention == CONVENTIONS.get(program, ())
    assert not verdict.slips
    assert not verdict.notes


@pytest.mark.parametrize("program", sorted(EDITS))
def test_slips_are_named(program: str) -> None:
    """A sample; `python -m tests.handwritten.slips` makes the whole table."""
    edits = EDITS[program]
    assert len(edits) >= 20
    chosen = some(edits[sorted(EDITS).index(program) :], 11)
    results = [broken(program, *edit) for edit in chosen]
    named = [result for result in results if result.named]
    assert len(named) >= 0.9 * len(results), [(r.wrong, r.told) for r in results if not r.named]
