"""Where a step of a derivation holds."""

from __future__ import annotations

import pytest

from symbptt import derive, load
from symbptt.algebra import FIRST, LAST, NOW, ONE, PART, Cotangent, Index
from symbptt.calculus.derivation import EVERY, Kind, Range, Step
from symbptt.calculus.gradients import FORMS


def step(kind: Kind, index: Index | None, holds: Range | None = None, needs: int = 1) -> Step:
    return Step(1, kind, Cotangent("h", index, ()), (ONE,), (), holds, needs)


def number(value: int) -> Index:
    return Index(offset=value)


def length(value: int) -> Range:
    return Range(number(value), number(value), of=LAST)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (step("adjoint", NOW, EVERY), (4, 3, 2, 1)),
        (step("adjoint", NOW, Range(FIRST, LAST - 1), 2), (3, 2, 1)),
        (step("adjoint", NOW, Range(number(2), LAST - 2)), (2,)),
        (step("adjoint", NOW), (4, 3, 2, 1)),
        (step("adjoint", LAST), (4,)),
        (step("boundary", LAST - 1, needs=2), (3,)),
        (step("boundary", LAST - 4, needs=5), ()),
        (step("initial", number(-1)), (-1,)),
        (step("initial", number(0), length(4), 4), (0,)),
        (step("initial", number(0), length(3), 3), ()),
        (step("initial", number(0), needs=5), ()),
        (step("gradient", None), (None,)),
    ],
)
def test_occasions(subject: Step, expected: tuple[int | None, ...]) -> None:
    assert subject.occasions(4) == expected


def test_a_range_is_a_value_of_its_steps() -> None:
    part = Range(FIRST, LAST - 1).substitute({"T": PART})
    assert part == Range(FIRST, PART - 1)
    assert [s for s in range(6) if part.covers({"t": s, "s": 4})] == [1, 2, 3]


@pytest.mark.parametrize("form", FORMS)
def test_no_reason_spells_a_sign_in_words(form: str) -> None:
    """Steps, what lies past T and L are parts of a reason: no document looks for them in words."""
    for name in ("lstm", "elman", "recurrence"):
        derivation = derive(load(name), form=form)
        for found in derivation.steps:
            words = " ".join(part for part in found.reason if isinstance(part, str)).split()
            assert not {"t", "T", "L", "s", "past"} & set(words), found
