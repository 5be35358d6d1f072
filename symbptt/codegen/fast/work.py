"""How much a statement does: its matrix products, elementwise and other calls.

Counted over the expression's nodes, as they stand; what has no rows is computed once,
before all rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from symbptt import algebra as al
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


def _sum(expr: al.Add) -> int:
    """A term with a minus is subtracted, if there is one to subtract it from."""
    return len(expr.terms) - 1 + all(isinstance(term, al.Neg) for term in expr.terms)


def _function(expr: al.Call) -> int:
    return max(1, len(function(expr.function).calls))


COSTS: dict[type[al.Expr], tuple[Kind, Callable[..., int]]] = {
    al.Add: ("elementwise", _sum),
    al.Mul: ("elementwise", lambda expr: len(expr.factors) - 1),
    al.Div: ("elementwise", lambda _: 1),
    al.Neg: ("elementwise", lambda _: 1),
    al.Pow: ("elementwise", lambda _: 1),
    al.Call: ("elementwise", _function),
    al.Cases: ("elementwise", lambda _: 1),
    al.Product: ("product", lambda _: 1),
    al.Outer: ("product", lambda _: 1),
    al.Diag: ("elementwise", lambda _: 0),
    al.Ones: ("other", lambda _: 0),
    al.Vec: ("other", lambda _: 0),
    al.Pullback: ("other", lambda _: 1),
    al.TimeSum: ("other", lambda expr: 0 if isinstance(expr.term, al.Outer) else 1),
    al.PartSum: ("other", lambda _: 1),
    al.Vector: ("other", lambda _: 1),
    al.Loss: ("other", lambda _: 1),
    al.Lookup: ("other", lambda _: 1),
    al.OneHot: ("other", lambda _: 1),
    al.Pick: ("other", lambda _: 1),
}
"""What a node costs beside its operands."""


def work(statement: Assign, place: Place, *, first: bool = False) -> Work:
    """The calls that a statement makes in a place.

    ``first``: it is the first one to write its target's rows, so that nothing is added.
    """
    rows, value = place != "static", statement.value
    if first or not statement.add:
        return _of(value, rows) + _entrywise(int(value.free))
    terms = value.terms if isinstance(value, al.Add) else (value,)
    found = _entrywise(len(terms))
    for term in terms:
        found += _of(term.operand if isinstance(term, al.Neg) else term, rows)
    return found


def _entrywise(count: int) -> Work:
    calls: Counter[Kind] = Counter()
    calls["elementwise"] = count
    return Work(calls)


def _of(expr: al.Expr, rows: bool) -> Work:
    """The calls for an expression's value: once, if it has no rows where others do."""
    if rows and not expr.free and not isinstance(expr, al.TimeSum) and not is_rowwise(expr):
        return Work(once=_of(expr, False).inside)
    own: Counter[Kind] = Counter()
    if not expr.free:
        if type(expr) not in COSTS:
            raise MissingRuleError(f"no count of the calls for {type(expr).__name__}")
        kind, cost = COSTS[type(expr)]
        own[kind] += cost(expr)
    return Work(own) + _operands(expr, rows)


def _operands(expr: al.Expr, rows: bool) -> Work:
    found = Work()
    for operand in _computed(expr):
        found += _of(operand, rows)
    return found


def _computed(expr: al.Expr) -> Iterator[al.Expr]:
    """The operands; a sum subtracts its negative terms, a product divides by quotients of 1."""
    for child in children(expr):
        if isinstance(expr, al.Add) and isinstance(child, al.Neg):
            yield child.operand
        elif isinstance(expr, al.Mul) and isinstance(child, al.Div) and child.numerator == al.ONE:
            yield child.denominator
        else:
            yield child
