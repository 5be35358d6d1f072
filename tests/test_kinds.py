"""What is true of node kinds, and that a kind without a row is named, never counted as 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest

from symbptt import algebra
from symbptt import algebra as al
from symbptt.algebra import NOW, Expr, Model, Param, Ref, Shape, children, nodes
from symbptt.algebra.index import FIRST, LAST
from symbptt.algebra.letters import Entry, Letters
from symbptt.calculus.entrywise import at_entry
from symbptt.calculus.rules import RULES, Context, partial, parts
from symbptt.calculus.slopes import differentiated
from symbptt.codegen.fast.work import COSTS, work
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import NumpyPrinter, Uses
from symbptt.codegen.program import Assign
from symbptt.codegen.tangents import TangentPrinter
from symbptt.errors import FormulaError, MissingRuleError
from symbptt.figures.vertices import NAMED, SIGNS, sign
from symbptt.formula.edits import edited
from symbptt.formula.meaning import Meaning
from symbptt.formula.shapes import SCALAR as ONE_BY_ONE
from symbptt.formula.text import text_of
from symbptt.functions.vectors import vector
from symbptt.language.parser import parse
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


GIVEN = parse("k: index\nh[t] = tanh(A @ h[t-1] + B @ x[t] + E[k[t]])\nloss[t] = dot(h[t], h[t])")
(N,) = GIVEN.equation("h").shape
STATE, POSITION, A = GIVEN.equation("h").ref, Ref("k", NOW, ()), Param("A", (N, N))
CELLS = al.BlockMatrix(((A,),), (N,), (N,))
JACOBIAN = al.Derivative(STATE, Ref("h", NOW - 1, (N,)), "nothing")
EXAMPLES = [
    al.ONE, al.Constant("c", Fraction(1, 2)), al.Length(N, "h"), al.Count(NOW), al.Horizon(), A,
    STATE, al.Cotangent("h", NOW, (N,)), al.Identity(N), al.Add((STATE, STATE)), al.Neg(STATE),
    al.Mul((STATE, STATE)), al.Div(STATE, STATE), al.Pow(STATE, al.ONE), al.Call("tanh", (STATE,)),
    al.Transpose(A), al.Product(A, STATE), al.Lookup(Param("E", ("n_k", N)), POSITION),
    al.OneHot(POSITION, "n_k"), al.Pick(STATE, POSITION), al.Concat((STATE, STATE)),
    al.Slice(al.Concat((STATE, STATE)), (N, N), 1), vector("softmax", STATE),
    al.Loss("squared_error", STATE, STATE), al.Fill(al.ONE, (N,)), al.Outer(STATE, STATE),
    al.Pullback(STATE, STATE, STATE), al.Cases(POSITION, al.ONE, al.ONE, "n_k"),
    al.TimeSum(STATE), al.PartSum(STATE, FIRST, LAST), al.Stack("s", NOW, (STATE,)), JACOBIAN,
    al.Direct(STATE), al.OrderedProduct(JACOBIAN, NOW, FIRST), al.MatrixPower(A, NOW), CELLS,
    al.Diag(STATE), al.Column(STATE), al.Vec(A), al.Ones(N), al.BlockRow((N, N), 0),
    al.Kronecker(A, A),
]  # fmt: skip
"""One of each kind, as a formula may hold it."""


def is_read(reader: Callable[[Expr], object]) -> Callable[[type[Expr]], bool]:
    """Whether it has a way for a kind; what is wrong with this one is another question."""

    def known(kind: type[Expr]) -> bool:
        try:
            reader(next(example for example in EXAMPLES if type(example) is kind))
        except MissingRuleError:
            return False
        except FormulaError:
            return True
        return True

    return known


READERS: dict[str, Callable[[Expr], object]] = {
    "partial": lambda expr: partial(expr, VECTOR),
    "parts": lambda expr: parts(expr, Param("c", ("n",)), Context(MODEL, NOW, None)),
    "differentiated": lambda expr: differentiated(expr, VECTOR, (Param("i", ()),)),
    "at_entry": lambda expr: at_entry(expr, (Param("i", ()),) * len(expr.shape), Letters(GIVEN)),
    "in_rows": in_rows,
    "plain": plain,
    "latex": LatexPrinter().show,
    "numpy": lambda expr: NumpyPrinter(ValueNames(MODEL), "all", Uses()).text(expr),
    "evaluate": lambda expr: part_value(expr, Given(Rational(), {}), {}),
    "cost": lambda expr: work(Assign(VECTOR, expr, ()), "all"),
    "sign": sign,
    "formula.shapes": Meaning(GIVEN).shape,
    "formula.meaning": lambda expr: Meaning(GIVEN).meant(expr, ONE_BY_ONE),
    "formula.text": text_of,
    "formula.edits": lambda expr: [edit.words for edit, _ in edited(al.Neg(expr))],
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
MADE = {"OneHot", "Slice", "Fill", "Cases", "Pullback", "TimeSum", "PartSum"}
JACOBIANS = {
    "Stack", "Derivative", "Direct", "OrderedProduct", "BlockMatrix", "Column", "Ones",
    "BlockRow", "Kronecker", "MatrixPower", "Vec",
}  # fmt: skip

# What formulas do not say, or say as something else: `A**2` is a power, a row an entry.
UNREAD = {
    "BlockRow", "Cases", "Column", "Direct", "MatrixPower", "PartSum", "Pick", "Pullback",
}  # fmt: skip

TABLES: dict[str, tuple[Callable[[type[Expr]], bool], set[str]]] = {
    "rules.RULES": (
        lambda kind: kind.leaf or kind.pointwise or kind in RULES,
        MADE | JACOBIANS,
    ),
    "entrywise.at_entry": (
        is_read(READERS["at_entry"]),
        ({"Count", "PartSum"} | JACOBIANS) - {"Derivative", "Ones", "OrderedProduct"},
    ),
    "rows.TURNS": (lambda kind: kind.leaf or kind.pointwise or kind in TURNS, set()),
    "PlainPrinter": (has_method(PlainPrinter), set()),
    "LatexPrinter": (has_method(LatexPrinter), set()),
    "RowPrinter": (has_method(RowPrinter), set()),
    "numpy_printer.Printer": (
        has_method(NumpyPrinter),
        ({"Count", "Pullback", "Cases", "PartSum"} | JACOBIANS) - {"Vec"},
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
        },
    ),
    "evaluate.METHODS": (lambda kind: kind in METHODS, set()),
    "work.COSTS": (
        lambda kind: kind.free or kind in COSTS,
        JACOBIANS - {"Ones", "Vec"},
    ),
    "graph.SIGNS": (
        lambda kind: kind.leaf or kind in SIGNS or kind in NAMED,
        MADE | JACOBIANS,
    ),
    "formula.shapes": (is_read(READERS["formula.shapes"]), UNREAD),
    "formula.meaning": (is_read(READERS["formula.meaning"]), UNREAD),
    "formula.text": (is_read(text_of), set()),
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


def test_there_is_an_example_of_each_kind() -> None:
    assert {type(example) for example in EXAMPLES} == {*KINDS}


@pytest.mark.parametrize(
    "example",
    [e for e in EXAMPLES if type(e).__name__ not in UNREAD],
    ids=lambda e: type(e).__name__,
)
def test_an_edit_of_any_kind_is_a_formula_again(example: Expr) -> None:
    for edit, whole in edited(al.Neg(example)):
        assert edit.words
        assert text_of(whole)


def test_children_are_the_fields_that_hold_expressions() -> None:
    entry = Entry(VECTOR, (Param("i", ()),))
    assert children(entry) == (VECTOR, Param("i", ()))
    assert children(VECTOR) == ()
    assert children(nodes.Concat((VECTOR, VECTOR))) == (VECTOR, VECTOR)
