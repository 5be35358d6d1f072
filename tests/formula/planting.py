"""Slips planted into right formulas, one operator each, and what the answer makes of them.

python -m tests.formula.planting [MODEL …]      measure all sites of all formulas
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeGuard

from symbptt.algebra import (
    Add,
    Count,
    Derivative,
    Div,
    Expr,
    Mul,
    Number,
    OrderedProduct,
    Outer,
    Pow,
    Product,
    Ref,
    TimeSum,
    Transpose,
    with_child,
)
from symbptt.algebra.letters import Entry
from symbptt.errors import FormulaError
from symbptt.formula.answer import Verdict
from symbptt.formula.canonical import canonical
from symbptt.formula.reading import read
from symbptt.formula.statement import Formula, factors_of, number_of, parts, product
from symbptt.formula.text import formula_text
from symbptt.formula.verdict import NothingToCheckError, check
from tests.formula.catalogue import RIGHT, Row, model

Plant = Callable[[Expr], Iterator[Expr]]


def missing_transpose(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Transpose):
        yield node.operand


def shifted_index(node: Expr) -> Iterator[Expr]:
    match node:
        case Ref(index=index):
            yield from (replace(node, index=index + k) for k in (1, -1))
        case TimeSum(first=first, last=last) | OrderedProduct(first=first, last=last):
            yield from (replace(node, first=first + k) for k in (1, -1))
            yield from (replace(node, last=last + k) for k in (1, -1))


def reversed_product(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Product):
        factors = list(factors_of(node))
        for k in range(len(factors) - 1):
            turned = [*factors[:k], factors[k + 1], factors[k], *factors[k + 2 :]]
            yield product(*turned)
    if isinstance(node, OrderedProduct):
        yield replace(node, first=node.last, last=node.first, step=-node.step)


def lost_factor(node: Expr) -> Iterator[Expr]:
    if is_per_step(node) and not isinstance(node.numerator, Number):
        yield node.numerator
    if isinstance(node, Mul):
        head, *rest = node.factors
        if is_per_step(head):
            yield rest[0] if len(rest) == 1 else Mul(tuple(rest))


def is_per_step(node: Expr) -> TypeGuard[Div]:
    return isinstance(node, Div) and isinstance(node.denominator, Count)


def wrong_exponent(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Pow):
        yield node.base
        if isinstance(node.exponent, Number):
            value = node.exponent.value + Fraction(1)
            yield replace(node, exponent=Number(value, str(value)))
        if isinstance(node.exponent, Count):
            yield replace(node, exponent=number_of(node.exponent.index + 1))
            yield replace(node, exponent=number_of(-node.exponent.index))


def missing_term(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Add):
        for k in range(len(node.terms)):
            rest = (*node.terms[:k], *node.terms[k + 1 :])
            yield rest[0] if len(rest) == 1 else Add(rest)


def ordinary_product(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Mul) and not isinstance(node.factors[0], Div):
        yield product(*node.factors)


def elementwise_product(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Product):
        yield Mul(factors_of(node))


def rows_and_columns(node: Expr) -> Iterator[Expr]:
    match node:
        case Entry(places=(row, column)):
            yield replace(node, places=(column, row))
        case Outer(left=left, right=right):
            yield Outer(right, left)
        case Mul(factors=factors):
            for k, factor in enumerate(factors):
                if isinstance(factor, Add | Transpose):
                    other = factor.operand if isinstance(factor, Transpose) else Transpose(factor)
                    yield replace(node, factors=(*factors[:k], other, *factors[k + 1 :]))
        case Derivative(wrt=Entry(places=(row, column)) as by):
            yield replace(node, wrt=replace(by, places=(column, row)))


OPERATORS: dict[str, Plant] = {
    "missing transpose": missing_transpose,
    "shifted index": shifted_index,
    "reversed product": reversed_product,
    "lost factor 1/T": lost_factor,
    "wrong exponent": wrong_exponent,
    "missing term": missing_term,
    "ordinary for elementwise": ordinary_product,
    "elementwise for ordinary": elementwise_product,
    "rows and columns": rows_and_columns,
}


def planted(node: Expr, plant: Plant) -> Iterator[Expr]:
    """All ways to plant one slip in a part."""
    yield from plant(node)
    for place, child in enumerate(parts(node)):
        for new in planted(child, plant):
            yield with_child(node, place, new)


@dataclass(frozen=True)
class Outcome:
    """What was said of one planted slip.

    ``word`` is ``equal`` (the edited formula is right as well), ``named`` (refused, and
    the edit is named back), ``refused`` (without it) or ``unreadable`` (no index is in
    range, or no edit mends the shapes: exit status 2).
    """

    row: Row
    operator: str
    formula: str
    word: str
    verdict: Verdict | None


def outcomes(row: Row, operator: str, sites: int | None = None) -> Iterator[Outcome]:
    """The outcomes at the first ``sites`` places of a formula, all by default."""
    formula = read(row.formula, model(row.model))
    seen = {canonical(formula)}
    for side in planted(formula.right, OPERATORS[operator]):
        edited = replace(formula, right=side)
        if canonical(edited) in seen:
            continue
        seen.add(canonical(edited))
        yield outcome(row, operator, formula, formula_text(edited))
        if sites is not None and len(seen) > sites:
            return


def outcome(row: Row, operator: str, original: Formula, text: str) -> Outcome:
    try:
        verdict = check(model(row.model), text)
    except NothingToCheckError as error:
        named = any(canonical(mend.formula) == canonical(original) for mend in error.mends)
        return Outcome(row, operator, text, "named" if named else "out of range", None)
    except FormulaError:
        return Outcome(row, operator, text, "unreadable", None)
    if verdict.right:
        return Outcome(row, operator, text, "equal", verdict)
    if verdict.verdict == "undecided":
        return Outcome(row, operator, text, "undecided", verdict)
    named = any(canonical(mend.formula) == canonical(original) for mend in verdict.mends)
    return Outcome(row, operator, text, "named" if named else "refused", verdict)


def share(found: list[Outcome]) -> float:
    """In how many of the refusals the answer names the edit back."""
    refused = [o for o in found if o.word not in ("equal", "undecided")]
    return sum(o.word == "named" for o in refused) / max(1, len(refused))


def main() -> int:
    wanted = sys.argv[1:]
    found: list[Outcome] = []
    start = time.process_time()
    for row in RIGHT:
        if wanted and row.model not in wanted:
            continue
        for operator in OPERATORS:
            for one in outcomes(row, operator):
                found.append(one)
                if one.word not in ("named", "equal"):
                    print(f"{one.word}: [{operator}] {row.model}: {one.formula}", flush=True)
                    for mend in one.verdict.mends if one.verdict else ():
                        print(f"    {mend.text}")
    for operator in OPERATORS:
        some = [o for o in found if o.operator == operator]
        words = Counter(o.word for o in some)
        print(f"{operator:26s} {100 * share(some):5.1f} %  {dict(words)}")
    print(f"all: {100 * share(found):.1f} % of {len(found)}, {time.process_time() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
