"""Proofs of the catalogue that fail where they must."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from symbptt.proof.rows import Row
from tests.catalogue import proofs
from tests.modules import module_of


def test_a_prover_that_accepts_everything_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    proved = proofs.refusals("matrix_recurrence", "a")
    assert "refuses" in proved()
    monkeypatch.setattr(proofs, "prove", lambda law, form: None)
    with pytest.raises(AssertionError, match="proved"):
        proved()


def test_a_failing_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = proofs.exact("linear")
    broken = tuple(Row(r.check, r.subject, False, r.figure) for r in rows)
    monkeypatch.setattr(proofs, "exact", lambda name: broken)
    for proved in (proofs.everything("linear"), proofs.chains("linear", ("o", "adjoint"))):
        with pytest.raises(AssertionError):
            proved()


def test_gates_of_another_mean_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unweighted(gates: Any, b: Any, c: Any) -> Any:
        return b[0] if not gates else b[len(gates)] + 2 * gates[-1] * c[len(gates)] * b[0]

    assert "E ξ = 1" in proofs.expectation()
    monkeypatch.setattr(proofs, "_recursive", unweighted)
    # The same error on both sides would cancel: the true value has gates of 1.
    monkeypatch.setattr(proofs, "product", lambda outcomes, repeat: [])
    with pytest.raises(AssertionError):
        proofs.expectation()


@pytest.mark.parametrize("factor", [0.999, 1.001, np.nan])
def test_a_wrong_clipping_is_noticed(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = module_of("linear")

    def wrong(grads: dict[str, Any], theta: float) -> float:
        norm: float = right.clip_gradients(grads, theta)
        grads["W_hh"] *= factor
        return norm

    module = SimpleNamespace(PARAMS=right.PARAMS, clip_gradients=wrong)
    monkeypatch.setattr(proofs, "module_of", lambda name: module)
    with pytest.raises(AssertionError):
        proofs.clipped()


def test_the_other_proofs_say_how_they_were_made() -> None:
    assert "194" in proofs.modulus()
    assert "λ_i^k" in proofs.aligned()
    assert "E ξ = 0" in proofs.no_gate_at_zero()
    assert "clip_gradients" in proofs.clipped()
