"""What is true of node kinds, and that a kind without a row is named, never counted as 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from symbptt.algebra import NOW, Expr, Model, Param, Ref, Shape, children, nodes
from symbptt.algebra.letters import Entry, Letters
from symbptt.calculus.entrywise import at_entry
from symbptt.calculus.rules import Context, partial, parts
from symbptt.calculus.slopes import differentiated
from symbptt.errors import MissingRuleError
from symbptt.typeset.rows import in_rows

MODEL = Model("planted", "", (), (), (), (), (), ())
VECTOR = Ref("v", NOW, ("n",))


@dataclass(frozen=True)
class Planted(Expr):
    """A kind that no table knows."""

    operand: Expr

    @property
    def shape(self) -> Shape:
        return self.operand.shape


READERS: dict[str, Callable[[Expr], object]] = {
    "partial": lambda expr: partial(expr, VECTOR),
    "parts": lambda expr: parts(expr, Param("c", ("n",)), Context(MODEL, NOW, None)),
    "differentiated": lambda expr: differentiated(expr, VECTOR, (Param("i", ()),)),
    "at_entry": lambda expr: at_entry(expr, (Param("i", ()),), Letters(MODEL)),
    "in_rows": in_rows,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_kind_without_rows_is_named(reader: Callable[[Expr], object]) -> None:
    with pytest.raises(MissingRuleError, match="Planted"):
        reader(Planted(VECTOR))


KINDS = [kind for kind in vars(nodes).values() if isinstance(kind, type) and issubclass(kind, Expr)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_is_one_thing(kind: type[Expr]) -> None:
    assert kind.leaf + kind.pointwise + kind.structured <= 1


def test_children_are_the_fields_that_hold_expressions() -> None:
    entry = Entry(VECTOR, (Param("i", ()),))
    assert children(entry) == (VECTOR, Param("i", ()))
    assert children(VECTOR) == ()
    assert children(nodes.Concat((VECTOR, VECTOR))) == (VECTOR, VECTOR)
