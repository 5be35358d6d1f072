"""Slips planted into right formulas, one operator each, and what the answer makes of them.

python -m tests.formula.planting [MODEL …]      measure all sites of all formulas
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeGuard

from symbptt.algebra import (
    Add,
    Count,
    Derivative,
    Div,
    Expr,
    Mul,
    Number,
    Outer,
    Pow,
    Product,
    Transpose,
)
from symbptt.algebra.letters import Entry
from symbptt.calculus.variants import SLIPS, Around, Change, edited
from symbptt.errors import FormulaError
from symbptt.formula.answer import Verdict
from symbptt.formula.canonical import canonical
from symbptt.formula.edits import Scope
from symbptt.formula.reading import read
from symbptt.formula.statement import Formula, factors_of, number_of, product
from symbptt.formula.text import formula_text
from symbptt.formula.verdict import NothingToCheckError, check
from tests.formula.catalogue import RIGHT, Row, model


def lost_factor(node: Expr, _: Around) -> Iterator[Expr]:
    if is_per_step(node) and not isinstance(node.numerator, Number):
        yield node.numerator
    if isinstance(node, Mul):
        head, *rest = node.factors
        if is_per_step(head):
            yield rest[0] if len(rest) == 1 else Mul(tuple(rest))


def is_per_step(node: Expr) -> TypeGuard[Div]:
    return isinstance(node, Div) and isinstance(node.denominator, Count)


def other_count(node: Expr, _: Around) -> Iterator[Expr]:
    if isinstance(node, Pow) and isinstance(node.exponent, Count):
        yield replace(node, exponent=number_of(node.exponent.index + 1))
        yield replace(node, exponent=number_of(-node.exponent.index))


def ordinary_product(node: Expr, _: Around) -> Iterator[Expr]:
    if isinstance(node, Mul) and not isinstance(node.factors[0], Div):
        yield product(*node.factors)


def elementwise_product(node: Expr, _: Around) -> Iterator[Expr]:
    if isinstance(node, Product):
        yield Mul(factors_of(node))


def rows_and_columns(node: Expr, _: Around) -> Iterator[Expr]:
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


OPERATORS: dict[str, tuple[Change, ...]] = {
    "missing transpose": (SLIPS["a missing transpose"].change,),
    "shifted index": (SLIPS["a shifted index"].change, SLIPS["a sum with another limit"].change),
    "reversed product": (SLIPS["a reversed product"].change,),
    "lost factor 1/T": (lost_factor,),
    "wrong exponent": (SLIPS["a wrong exponent"].change, other_count),
    "missing term": (SLIPS["a missing term"].change,),
    "ordinary for elementwise": (ordinary_product,),
    "elementwise for ordinary": (elementwise_product,),
    "rows and columns": (rows_and_columns,),
}


def planted(node: Expr, operator: str) -> Iterator[Expr]:
    """All ways to plant one slip in a part."""
    for change in OPERATORS[operator]:
        yield from (whole for _, _, whole in edited(node, change, Scope()))


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
    for side in planted(formula.right, operator):
        wrong = replace(formula, right=side)
        if canonical(wrong) in seen:
            continue
        seen.add(canonical(wrong))
        yield outcome(row, operator, formula, formula_text(wrong))
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
