"""Variants of derivations: one edit each, named, and refused by the exact check unless equal."""

from __future__ import annotations

from collections import Counter

import pytest

from symbptt.calculus.gradients import derive
from symbptt.calculus.variants import SLIPS, STEP_SLIPS, Variant, variants
from symbptt.proof import exact
from symbptt.proof.exact import exact_rows
from symbptt.proof.points import size_sets
from tests.modules import model_of

SEEN = (
    "linear",
    "elman",
    "gru",
    "joint_matrix",
    "powers_and_quotients",
    "learned_scalars",
    "waves",
)

KEPT = {
    ("a range off by one", "seed"),
    ("a range off by one", "adjoint"),
}
"""What may be right as well: said of a step past T, or of T, where the absent terms are known."""


def found(name: str, form: str = "adjoint") -> list[Variant]:
    return list(variants(derive(model_of(name), form=form)))


def test_every_slip_is_planted_somewhere() -> None:
    counts = Counter(variant.kind for name in SEEN for variant in found(name))
    counts += Counter(variant.kind for variant in found("linear", "expanded"))
    assert set(counts) == {*SLIPS, *STEP_SLIPS}


@pytest.mark.parametrize("name", ["linear", "gru"])
def test_a_variant_differs_in_one_step(name: str) -> None:
    own = derive(model_of(name))
    for variant in found(name):
        differing = [
            (old, new)
            for old, new in zip(own.steps, variant.derivation.steps, strict=True)
            if old != new
        ]
        assert differing == [(variant.step, variant.changed)]
        assert variant.changed.members[:-1] == variant.step.members[:-1] or (
            variant.kind in STEP_SLIPS
        )


@pytest.mark.parametrize("name", ["linear", "lag_two"])
def test_variants_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of every kind; the whole is `make mutants`."""
    monkeypatch.setattr(exact, "HORIZONS", (1, 3))
    chosen: dict[str, Variant] = {}
    for variant in found(name):
        if (variant.kind, variant.step.kind) not in KEPT:
            chosen.setdefault(variant.kind, variant)
    for variant in chosen.values():
        sizes = size_sets(variant.derivation.model)[:1]
        rows = exact_rows(variant.derivation, sets=sizes, points=1)
        assert any(row.ok is False for row in rows), (variant.kind, variant.step.number)
