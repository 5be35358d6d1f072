"""What truncated estimates lack: the terms, and the proof that they are all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbptt.algebra import Expr, PartSum, TimeSum
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.calculus.moments import Dropped, dropped
from symbptt.proof import lacking
from symbptt.proof.lacking import statement_rows
from symbptt.typeset.plain import plain
from tests.modules import model_of
from tests.proof.planting import wrongs

CELLS = ("elman", "lag_two", "last_two_steps", "loss_reads_the_past", "derived_of_derived")


def lines(name: str, estimator: str) -> list[str]:
    found = dropped(derive(model_of(name), estimator=estimator))
    return [f"{plain(one.of)}: {plain(one.terms)}" for one in found]


def test_the_window_drops_what_lies_before_it() -> None:
    assert lines("linear", "window:3") == [
        "dL/dh[0]: sum(s, 3, T, dL[s]/dh[0])",
        "dL/dW_hx: sum(s, 4, T, sum(t, 1, s-3, outer(dL[s]/dh[t], x[t])))",
        "dL/dW_hh: sum(s, 4, T, sum(t, 1, s-3, outer(dL[s]/dh[t], h[t-1])))",
        "dL/dW_qh: 0",
    ]


def test_pieces_drop_what_lies_in_earlier_ones() -> None:
    assert lines("linear", "chunk:3")[:2] == [
        "dL/dh[0]: sum(s, 4, T, dL[s]/dh[0])",
        "dL/dW_hx: sum(s, 4, T, sum(t, 1, c_s, outer(dL[s]/dh[t], x[t])))",
    ]


@pytest.mark.parametrize("estimator", ["full", "random:1/2"])
def test_what_is_not_truncated_drops_nothing(estimator: str) -> None:
    assert dropped(derive(model_of("linear"), estimator=estimator)) == ()


@pytest.mark.parametrize("estimator", ["window:2", "chunk:2"])
@pytest.mark.parametrize("name", CELLS)
def test_estimate_and_dropped_terms_are_the_gradient(name: str, estimator: str) -> None:
    rows = statement_rows(derive(model_of(name), estimator=estimator))
    assert rows
    assert [row for row in rows if not row.ok] == []


def longer(node: Expr) -> Expr | None:
    return replace(node, last=node.last + 1) if isinstance(node, TimeSum) else None


def later(node: Expr) -> Expr | None:
    return replace(node, first=node.first + 1) if isinstance(node, PartSum) else None


def shorter(node: Expr) -> Expr | None:
    return replace(node, last=node.last - 1) if isinstance(node, TimeSum) else None


@pytest.mark.parametrize("edit", [longer, later, shorter])
@pytest.mark.parametrize("estimator", ["window:2", "chunk:2"])
def test_a_wrong_range_is_rejected(
    estimator: str, edit: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(edit)

    def wrong(derivation: Derivation) -> tuple[Dropped, ...]:
        return tuple(
            replace(o, terms=next(wrongs(o.terms, edit), o.terms)) for o in dropped(derivation)
        )

    monkeypatch.setattr(lacking, "dropped", wrong)
    rows = statement_rows(derive(model_of("linear"), estimator=estimator))
    assert "dL/dW_hh" in {row.subject for row in rows if not row.ok}
