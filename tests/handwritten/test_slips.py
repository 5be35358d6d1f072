"""Programs of every style: right as they stand, and a slip in each is named."""

from __future__ import annotations

import pytest

from tests.handwritten.slips import EDITS, PROGRAMS, broken, examined
from tests.modules import some

CONVENTIONS = {
    "letters": ("of the sum of the losses", "clipped to ±5"),
    "sentences": ("of the sum of the losses",),
    "block": ("of the sum of the losses",),
    "peephole": ("of the sum of the losses",),
    "single": ("of the sum of the losses",),
    "last": ("clipped to ±1",),
    "nested": ("of the sum of the losses",),
    "ema": ("of the sum of the losses",),
}
NOTES = {"single": "it works in float32"}


@pytest.mark.parametrize("program", some(sorted(EDITS, reverse=True), 6))
def test_programs_are_right(program: str) -> None:
    verdict = examined(program, (PROGRAMS / f"{program}.py").read_text(encoding="utf-8"))
    assert verdict.ok, str(verdict)
    assert verdict.convention == CONVENTIONS.get(program, ())
    assert not verdict.slips
    assert bool(verdict.notes) == (program in NOTES)
    assert NOTES.get(program, "") in " ".join(verdict.notes)


@pytest.mark.parametrize("program", some(sorted(EDITS), 8))
def test_slips_are_named(program: str) -> None:
    """A sample; `python -m tests.handwritten.slips` makes the whole table."""
    edits = EDITS[program]
    chosen = some(edits[sorted(EDITS).index(program) % 5 :], 1 + len(edits) // 3)
    results = [broken(program, *edit) for edit in chosen]
    named = [result for result in results if result.named]
    assert len(named) >= 0.9 * len(results), [(r.wrong, r.told) for r in results if not r.named]


def test_the_table_has_enough_rows() -> None:
    assert len(EDITS) >= 16
    assert sum(len(edits) >= 20 for edits in EDITS.values()) >= 6
