"""Where a step of a derivation holds."""

from __future__ import annotations

import pytest

from symbptt.algebra import LAST, NOW, ONE, Cotangent, Index
from symbptt.calculus.derivation import Kind, Step
from symbptt.errors import EvaluationError
from symbptt.proof.ledger import occasions


def step(kind: Kind, index: Index | None, where: str = "", needs: int = 1) -> Step:
    return Step(1, kind, Cotangent("h", index, ()), (ONE,), (), where, needs)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (step("adjoint", NOW, "1 <= t <= T"), (4, 3, 2, 1)),
        (step("adjoint", NOW, "1 <= t <= T-1", 2), (3, 2, 1)),
        (step("adjoint", NOW, "2 <= t <= T - 2"), (2,)),
        (step("adjoint", NOW), (4, 3, 2, 1)),
        (step("adjoint", LAST), (4,)),
        (step("boundary", LAST - 1, needs=2), (3,)),
        (step("boundary", LAST - 4, needs=5), ()),
        (step("initial", Index(offset=-1)), (-1,)),
        (step("initial", Index(offset=0), "T = 4", 4), (0,)),
        (step("initial", Index(offset=0), "T = 3", 3), ()),
        (step("initial", Index(offset=0), needs=5), ()),
        (step("gradient", None), (None,)),
    ],
)
def test_occasions(subject: Step, expected: tuple[int | None, ...]) -> None:
    assert occasions(subject, 4) == expected


def test_a_range_that_does_not_read_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="a range of steps"):
        occasions(step("adjoint", NOW, "t in N"), 4)
