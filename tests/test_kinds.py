"""What is true of node kinds, and that a kind without a row is named, never counted as 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from symbptt import algebra
from symbptt.algebra import NOW, Expr, Model, Param, Ref, Shape, children, nodes
from symbptt.algebra.letters import Entry, Letters
from symbptt.calculus.entrywise import ENTRIES, at_entry
from symbptt.calculus.rules import RULES, Context, partial, parts
from symbptt.calculus.slopes import differentiated
from symbptt.codegen.fast.work import COSTS, work
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import NumpyPrinter, Uses
from symbptt.codegen.program import Assign
from symbptt.codegen.tangents import TangentPrinter
from symbptt.errors import MissingRuleError
from symbptt.figures.graph import NAMED, SIGNS, sign
from symbptt.proof.domain import Rational
from symbptt.proof.evaluate import METHODS, part_value
from symbptt.proof.place import Given
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.plain import PlainPrinter, plain
from symbptt.typeset.row_formula import RowPrinter
from symbptt.typeset.rows import TURNS, in_rows

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
    "plain": plain,
    "latex": LatexPrinter().show,
    "numpy": lambda expr: NumpyPrinter(ValueNames(MODEL), "all", Uses()).text(expr),
    "evaluate": lambda expr: part_value(expr, Given(Rational(), {}), {}),
    "cost": lambda expr: work(Assign(VECTOR, expr, ()), "all"),
    "sign": sign,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_kind_without_rows_is_named(reader: Callable[[Expr], object]) -> None:
    with pytest.raises(MissingRuleError, match="Planted"):
        reader(Planted(VECTOR))


KINDS = [
    kind
    for kind in vars(algebra).values()
    if isinstance(kind, type) and issubclass(kind, Expr) and kind is not Expr
]


def has_method(printer: type) -> Callable[[type[Expr]], bool]:
    return lambda kind: hasattr(printer, f"print_{kind.__name__.lower()}")


# What only derivations make of a model's nodes, and what stands for derivatives and closed forms.
MADE = {"OneHot", "Slice", "Fill", "Outer", "Cases", "Pullback", "TimeSum", "PartSum"}
JACOBIANS = {
    "Stack", "Derivative", "Direct", "OrderedProduct", "BlockMatrix", "Diag", "Column", "Ones",
    "BlockRow", "Kronecker", "MatrixPower", "Vec",
}  # fmt: skip

TABLES: dict[str, tuple[Callable[[type[Expr]], bool], set[str]]] = {
    "rules.RULES": (
        lambda kind: kind.leaf or kind.pointwise or kind in RULES,
        MADE | JACOBIANS,
    ),
    "entrywise.ENTRIES": (lambda kind: kind in ENTRIES, {"Count", "PartSum"} | JACOBIANS),
    "rows.TURNS": (lambda kind: kind.leaf or kind.pointwise or kind in TURNS, set()),
    "PlainPrinter": (has_method(PlainPrinter), set()),
    "LatexPrinter": (has_method(LatexPrinter), set()),
    "RowPrinter": (has_method(RowPrinter), set()),
    "numpy_printer.Printer": (
        has_method(NumpyPrinter),
        {"Count", "Pullback", "Cases", "PartSum"} | JACOBIANS,
    ),
    "tangents.TangentPrinter": (
        has_method(TangentPrinter),
        {
            "Pullback",
            "Cases",
            "PartSum",
            "Stack",
            "Direct",
            "OrderedProduct",
            "BlockMatrix",
            "Count",
            "MatrixPower",
            "Vec",
        },
    ),
    "evaluate.METHODS": (lambda kind: kind in METHODS, set()),
    "work.COSTS": (lambda kind: kind.free or kind in COSTS, JACOBIANS),
    "graph.SIGNS": (
        lambda kind: kind.leaf or kind in SIGNS or kind in NAMED,
        MADE | JACOBIANS,
    ),
}
"""What has a row in each table, and what does not occur there."""


@pytest.mark.parametrize("table", TABLES)
def test_every_kind_is_in_every_table_or_does_not_occur_there(table: str) -> None:
    has, absent = TABLES[table]
    missing = {kind.__name__ for kind in KINDS if not has(kind)}
    assert missing - absent == set(), f"no row in {table}"
    assert absent - missing == set(), f"a row in {table} for what does not occur"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_is_one_thing(kind: type[Expr]) -> None:
    assert kind.leaf + kind.pointwise + kind.structured <= 1


def test_children_are_the_fields_that_hold_expressions() -> None:
    entry = Entry(VECTOR, (Param("i", ()),))
    assert children(entry) == (VECTOR, Param("i", ()))
    assert children(VECTOR) == ()
    assert children(nodes.Concat((VECTOR, VECTOR))) == (VECTOR, VECTOR)
