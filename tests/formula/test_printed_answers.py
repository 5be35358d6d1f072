"""What ``check`` itself prints of a wrong formula goes back into check and says the same.

That is the formula in plain terms and in LaTeX, and the derivation's own equation, in text and in
LaTeX with boxes around what differs; in both layouts, for sums of losses, and where the text calls
the parameters otherwise. Mends are typed back in test_mending and test_slips.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from symbptt.formula import verdict as examined
from symbptt.formula.verdict import Checker
from tests.formula.slips import CASES, Case, in_rows, model_named
from tests.modules import EXHAUSTIVE

OPTIONS: dict[str, dict[str, Any]] = {
    "column": {},
    "row": {"layout": "row"},
    "sum": {"total": "sum"},
    "names": {},
}


def asked(case: Case, way: str) -> tuple[str, dict[str, Any]]:
    """What is typed for a slip, and the options."""
    if way == "row":
        return in_rows(case).wrong, OPTIONS[way]
    if way != "names":
        return case.wrong, OPTIONS[way]
    names = [one.name for one in model_named(case.model).parameters]
    return case.wrong, {"names": ", ".join(f"Q_{name}={name}" for name in names)}


def unlike(case: Case, way: str) -> Iterator[str]:
    """What is printed and not read as it is meant."""
    text, options = asked(case, way)
    checker = Checker(model_named(case.model), horizon=3, seconds=4, **options)
    found = checker.check(text)
    printed = [(found.read, found.verdict), (found.latex, found.verdict)]
    if found.derived is not None:
        printed += [(found.derived.text, "right"), (found.derived.latex, "right")]
    for one, wanted in printed:
        again = checker.answer(one)
        if again.verdict != wanted:
            yield f"{wanted} expected: {again}"


SAMPLE = CASES if EXHAUSTIVE else CASES[::17]


@pytest.mark.parametrize(
    ("case", "way"),
    [
        (case, way)
        for number, case in enumerate(SAMPLE)
        for way in (OPTIONS if EXHAUSTIVE else [list(OPTIONS)[number % 4]])
    ],
    ids=lambda one: one if isinstance(one, str) else one.id,
)
def test_it_is_read_back(case: Case, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examined, "mends", lambda *_, **__: ())
    assert not list(unlike(case, way))
