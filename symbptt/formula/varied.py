"""The derivation under one edit at a time: whose line is what an author wrote.

Where one is, up to the order of terms and factors, the slip is known without a search, and by the
name under which it was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbptt.algebra import MEAN_FACTOR, Add, Expr, Mul, terms_of
from symbptt.calculus.slips import Slip
from symbptt.formula.canonical import form
from symbptt.formula.differing import differing
from symbptt.formula.edits import exchanged
from symbptt.formula.examination import Examiner
from symbptt.formula.stated import equations
from symbptt.formula.statement import Formula
from symbptt.formula.structure import path_of
from symbptt.formula.term_edits import least
from symbptt.formula.text import text_of


@dataclass(frozen=True)
class VariedSlip:
    """The slip of a variant of the derivation, with what is right and what stands in its place."""

    kind: str
    right: tuple[Expr, ...]
    wrong: tuple[Expr, ...]
    remark: str
    slips = 1

    @property
    def words(self) -> str:
        parts = (self.right, self.wrong)
        whats = (", ".join(f"`{text_of(one)}`" for one in part) for part in parts)
        remark = f" ({self.remark})" if self.remark else ""
        return f"{self.kind}: {' for '.join(filter(None, whats))}{remark}"


def varied(formula: Formula, examiner: Examiner) -> Iterator[tuple[VariedSlip, Formula]]:
    """The slips that make the derivation's line the author's, and his formula without them."""
    shaper = examiner.shaper
    known = equations(examiner.model, shaper.layout, examiner.stages[0].estimator)
    written = form(formula.right)
    for variant, right, wrong in known.varied(formula.left, formula.chains):
        examiner.clock.check()
        if form(wrong) == written:
            _, old, new = least(wrong, right)
            right = _in_his_order(formula.right, old, new, right)
            lost = form(variant.old) == form(Mul((MEAN_FACTOR, variant.new)))
            missing = Slip.MISSING if variant.kind == "a lost path" else variant.kind
            kind = Slip.LOST if lost else missing
            yield _slip(kind, formula, right, (new, old)), replace(formula, right=right)


def _in_his_order(written: Expr, old: Expr, new: Expr, right: Expr) -> Expr:
    """What is right with the author's terms and factors where they stand, if it can be said so."""
    more = Add((*terms_of(written), *differing(right, written)))
    ways = (exchanged(written, {old: new}, whole=False), more)
    return next((way for way in ways if form(way) == form(right)), right)


def _slip(kind: str, formula: Formula, right: Expr, parts: tuple[Expr, Expr]) -> VariedSlip:
    """Told by what alone differs; by the parts that were exchanged where that is more than one."""
    missing, surplus = differing(right, formula.right), differing(formula.right, right)
    single = len(missing) == len(surplus) and len({*missing}) == len({*surplus}) == 1
    if kind in (Slip.MISSING, Slip.MISSING_FACTOR, Slip.LOST) and missing != (right,):
        surplus = ()
    elif missing and surplus:
        missing, surplus = (missing[:1], surplus[:1]) if single else (parts[:1], parts[1:])
    first = missing[:1] if kind == Slip.MISSING else ()
    return VariedSlip(
        kind, missing, surplus, "".join(path_of(term, formula.left) for term in first)
    )
