"""Every equation and step of every layout is the column form, exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from symbptt.algebra import Expr, Mul, Outer, Product, TimeSum, Transpose, Vector, map_children
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import FORMS, derive
from symbptt.errors import MissingRuleError
from symbptt.functions.vectors import vector
from symbptt.language.library import differentiable, load
from symbptt.proof.lines import layout_rows
from symbptt.typeset.latex import PRINTERS
from symbptt.typeset.rows import TURNS, in_rows
from tests.cells import NAMES, cell
from tests.modules import in_turn

SOME = ("leaky", "joint_matrix_three_parts", "reductions", "tied_table", "last_two_steps")


@cache
def derivation_of(name: str) -> Derivation:
    return derive(cell(name) if name in NAMES else load(name))


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        *((name, layout) for name in (*differentiable(), *SOME) for layout in PRINTERS),
        *(
            pytest.param(name, layout, marks=pytest.mark.slow)
            for number, name in enumerate(sorted({*NAMES} - {*SOME}))
            for layout in in_turn(number, [*PRINTERS])
        ),
    ],
)
def test_a_layout_says_what_columns_say(name: str, layout: str) -> None:
    found = layout_rows(derivation_of(name), PRINTERS[layout]().lay)
    assert [row for row in found if not row.ok] == []
    assert len(found) > 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["char_rnn", "gru", "lag_two", "learned_start", "reductions"])
def test_rows_say_it_in_every_form(name: str, form: str) -> None:
    derivation = derive(cell(name) if name in NAMES else load(name), form=form)
    assert [row for row in layout_rows(derivation, in_rows) if not row.ok] == []


# --- planted errors --------------------------------------------------------------------------


def not_reversed(expr: Expr) -> Expr:
    """W h as h W."""
    assert isinstance(expr, Product)
    if len(expr.right.shape) == 1:
        return Product(in_rows(expr.right), in_rows(expr.left))
    return map_children(expr, in_rows)


def not_turned(expr: Expr) -> Expr:
    """u v.T as it is, with rows."""
    assert isinstance(expr, Outer)
    return Product(Transpose(in_rows(expr.right)), in_rows(expr.left))


def without_diagonal(expr: Expr) -> Expr:
    """The first factor of a gradient lost."""
    assert isinstance(expr, Mul)
    return in_rows(expr.factors[-1])


def left_as_columns(expr: Expr) -> Expr:
    return expr


def sum_without_its_first_step(expr: Expr) -> Expr:
    assert isinstance(expr, TimeSum)
    return TimeSum(in_rows(expr.term), expr.first + 1, expr.last)


def of_itself(expr: Expr) -> Expr:
    assert isinstance(expr, Vector)
    if expr.function != "dot":
        return map_children(expr, in_rows)
    return vector("dot", in_rows(expr.args[0]), in_rows(expr.args[0]))


PLANTED: dict[str, tuple[type[Expr], Callable[[Expr], Expr], str]] = {
    "not reversed": (Product, not_reversed, "linear"),
    "outer product not turned": (Outer, not_turned, "linear"),
    "no diagonal": (Mul, without_diagonal, "lstm"),
    "left as columns": (Product, left_as_columns, "linear"),
    "a step short": (TimeSum, sum_without_its_first_step, "linear_bias"),
    "one factor for another": (Vector, of_itself, "learned_scalars"),
}


@pytest.mark.parametrize("words", PLANTED)
def test_a_planted_error_is_rejected(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, wrong, name = PLANTED[words]
    assert any(not row.ok for row in layout_rows(derivation_of(name), in_rows)) is False
    monkeypatch.setitem(TURNS, kind, wrong)
    failed = [row for row in layout_rows(derivation_of(name), in_rows) if not row.ok]
    assert failed
    assert all(row.detail.startswith("at ") for row in failed)


@pytest.mark.parametrize("kind", [Product, Outer, TimeSum])
def test_a_kind_without_a_row_is_named(kind: type[Expr], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TURNS, kind)
    with pytest.raises(MissingRuleError, match=f"no row layout for {kind.__name__}"):
        layout_rows(derivation_of("linear"), in_rows)
