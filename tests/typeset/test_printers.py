"""Both expression printers, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from symbptt import algebra
from symbptt.algebra import Expr, Index, walk
from symbptt.errors import MissingRuleError
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.plain import PlainPrinter, plain
from tests.typeset.rows import ROWS, Row


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_an_expression_prints_as_expected(row: Row) -> None:
    expr, text, latex = row
    assert plain(expr) == text
    assert LatexPrinter().show(expr) == latex


KINDS = [
    kind
    for kind in vars(algebra).values()
    if isinstance(kind, type) and issubclass(kind, Expr) and kind is not Expr
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_node_kind_has_a_row(kind: type[Expr]) -> None:
    assert any(isinstance(node, kind) for expr, _, _ in ROWS for node in walk(expr))


@dataclass(frozen=True)
class Unheard(Expr):
    """A node kind that no printer knows."""


@pytest.mark.parametrize("printer", [LatexPrinter(), PlainPrinter()])
def test_a_kind_without_a_method_is_a_named_error(printer: LatexPrinter | PlainPrinter) -> None:
    with pytest.raises(MissingRuleError, match="no method for Unheard"):
        printer.show(Unheard())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_the_table_prints(name: str) -> None:
    from symbptt.algebra import NOW, Call, Ref

    arguments = tuple(Ref(a, NOW, ("h",)) for a in FUNCTIONS[name].arguments)
    shown = LatexPrinter().show(Call(name, arguments))
    assert all(rf"\mathbf{{{a}}}_t" in shown for a in FUNCTIONS[name].arguments)


def test_indices_print_as_written() -> None:
    from symbptt.typeset.names import index_latex

    assert index_latex(Index.of("t") - 1) == "t-1"
