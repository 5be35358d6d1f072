"""How much a statement does: its matrix products, elementwise and other calls.

Counted over the expression's nodes, as they stand; what has no rows is computed once,
before all rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from symbptt.algebra import (
    ONE,
    Add,
    Call,
    Cases,
    Div,
    Expr,
    Lookup,
    Loss,
    Mul,
    Neg,
    OneHot,
    Outer,
    PartSum,
    Pick,
    Pow,
    Product,
    Pullback,
    TimeSum,
    Vector,
)
from symbptt.algebra.traversal import children
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.program import Assign, Place
from symbptt.errors import MissingRuleError
from symbptt.functions.elementwise import function

Kind = Literal["product", "elementwise", "other"]


@dataclass(frozen=True)
class Work:
    """Calls by kind: those for the rows of a place, and those that are made once."""

    inside: Counter[Kind] = field(default_factory=Counter)
    once: Counter[Kind] = field(default_factory=Counter)

    def __add__(self, other: Work) -> Work:
        return Work(self.inside + other.inside, self.once + other.once)


def _sum(expr: Add) -> int:
    """A term with a minus is subtracted, if there is one to subtract it from."""
    return len(expr.terms) - 1 + all(isinstance(term, Neg) for term in expr.terms)


def _function(expr: Call) -> int:
    return max(1, len(function(expr.function).calls))


COSTS: dict[type[Expr], tuple[Kind, Callable[..., int]]] = {
    Add: ("elementwise", _sum),
    Mul: ("elementwise", lambda expr: len(expr.factors) - 1),
    Div: ("elementwise", lambda _: 1),
    Neg: ("elementwise", lambda _: 1),
    Pow: ("elementwise", lambda _: 1),
    Call: ("elementwise", _function),
    Cases: ("elementwise", lambda _: 1),
    Product: ("product", lambda _: 1),
    Outer: ("product", lambda _: 1),
    Pullback: ("other", lambda _: 1),
    TimeSum: ("other", lambda expr: 0 if isinstance(expr.term, Outer) else 1),
    PartSum: ("other", lambda _: 1),
    Vector: ("other", lambda _: 1),
    Loss: ("other", lambda _: 1),
    Lookup: ("other", lambda _: 1),
    OneHot: ("other", lambda _: 1),
    Pick: ("other", lambda _: 1),
}
"""What a node costs beside its operands."""


def work(statement: Assign, place: Place, *, first: bool = False) -> Work:
    """The calls that a statement makes in a place.

    ``first``: it is the first one to write its target's rows, so that nothing is added.
    """
    rows, value = place != "static", statement.value
    if first or not statement.add:
        return _of(value, rows) + _entrywise(int(value.free))
    terms = value.terms if isinstance(value, Add) else (value,)
    found = _entrywise(len(terms))
    for term in terms:
        found += _of(term.operand if isinstance(term, Neg) else term, rows)
    return found


def _entrywise(count: int) -> Work:
    calls: Counter[Kind] = Counter()
    calls["elementwise"] = count
    return Work(calls)


def _of(expr: Expr, rows: bool) -> Work:
    """The calls for an expression's value: once, if it has no rows where others do."""
    if rows and not expr.free and not isinstance(expr, TimeSum) and not is_rowwise(expr):
        return Work(once=_of(expr, False).inside)
    own: Counter[Kind] = Counter()
    if not expr.free:
        if type(expr) not in COSTS:
            raise MissingRuleError(f"no count of the calls for {type(expr).__name__}")
        kind, cost = COSTS[type(expr)]
        own[kind] += cost(expr)
    return Work(own) + _operands(expr, rows)


def _operands(expr: Expr, rows: bool) -> Work:
    found = Work()
    for operand in _computed(expr):
        found += _of(operand, rows)
    return found


def _computed(expr: Expr) -> Iterator[Expr]:
    """The operands; a sum subtracts its negative terms, a product divides by quotients of 1."""
    for child in children(expr):
        if isinstance(expr, Add) and isinstance(child, Neg):
            yield child.operand
        elif isinstance(expr, Mul) and isinstance(child, Div) and child.numerator == ONE:
            yield child.denominator
        else:
            yield child
