"""The normal form of words and sums in which two closed forms can be compared.

Letters do not commute. A letter merges into a run only where it continues it: ``c[t]``
to the left of ``c[t-1] … c[i+1]``, not to the left of ``c[i+1] … c[t-1]``. Every merge
needs runs of length >= 0 at all steps in question; that is proved, too, not assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symbptt.algebra import Index
from symbptt.calculus.recurrence.law import COEFFICIENT, Law
from symbptt.calculus.recurrence.words import (
    Factor,
    Form,
    Letter,
    Run,
    Term,
    Word,
    moved,
    tidy,
)
from symbptt.errors import NotProvedError

BOUND = "#"
"""The name that every summation index has in the normal form."""


@dataclass(frozen=True)
class Scope:
    """For which steps something is to hold: all at least ``distance`` from the start."""

    law: Law
    distance: int

    def at_least(self, index: Index, least: int, bounds: Sequence[Term] = ()) -> bool:
        """Whether a linear form is >= ``least`` throughout, sums' indices in their ranges."""
        for term in bounds:
            coefficient = dict(index.terms).get(term.bound, 0)
            index = moved(index, {term.bound: term.lower if coefficient > 0 else term.upper})
        far = moved(index, {"t": self.law.step(Index.of("n"))})
        coefficients = dict(far.terms)
        slope = coefficients.pop("n", 0)
        return not coefficients and slope >= 0 and far.offset + slope * self.distance >= least


def normal_form(form: Iterable[Term], scope: Scope) -> Form:
    """Every term with its runs merged and its sum's index chosen in one way.

    Raises
    ------
    NotProvedError
        If a product's number of factors may be negative.
    """
    return tuple(normal_term(term, scope) for term in form)


def normal_term(term: Term, scope: Scope) -> Term:
    term = merged(term, scope)
    if not term.bound:
        return term
    extent = tidy(term.upper - term.lower)
    if _is(extent, 0):
        return merged(Term(term.summand(term.lower)), scope)
    return _numbered_by_its_letter(term)


def _numbered_by_its_letter(term: Term) -> Term:
    """The sum over the step of its last letter, or over the length of its run.

    ``sum over i of c^(T-i) b[T+t-i]`` becomes the sum over k of ``c^(k-t) b[k]``.
    """
    for index in _places(term.word):
        coefficient = dict(index.terms).get(term.bound, 0)
        if abs(coefficient) == 1:
            break
    else:
        raise NotProvedError(f"no letter under the sum tells the value of {term.bound}")
    rest = index - Index(((term.bound, coefficient),))
    new = Index.of(BOUND)
    old = tidy(new - rest if coefficient > 0 else rest - new)
    ends = [moved(index, {term.bound: end}) for end in (term.lower, term.upper)]
    lower, upper = ends if coefficient > 0 else reversed(ends)
    return Term(term.summand(old), BOUND, lower, upper)


def _places(word: Word) -> Iterable[Index]:
    letters = [f.index for f in reversed(word) if isinstance(f, Letter) and f.index is not None]
    return [*letters, *(f.length for f in word if isinstance(f, Run))]


# --- merging ---------------------------------------------------------------------------


def merged(term: Term, scope: Scope) -> Term:
    """The term with its letters gathered into runs wherever one continues another."""
    bounds = (term,) if term.bound else ()
    word: list[Factor] = []
    for factor in term.word:
        piece = _as_run(factor, scope, bounds)
        while word and (joined := _joined(word[-1], piece, scope.law.commuting)) is not None:
            word.pop()
            piece = joined
        if not (isinstance(piece, Run) and _is(piece.length, 0)):
            word.append(piece)
    shortest = tuple(_shortest(factor) for factor in word)
    return Term(shortest, term.bound, term.lower, term.upper)


def _as_run(factor: Factor, scope: Scope, bounds: Sequence[Term]) -> Factor:
    if isinstance(factor, Letter):
        if factor.name != COEFFICIENT:
            return factor
        step = 0 if factor.index is None else -1
        return Run(factor.name, Index(offset=1), factor.index, step)
    if not scope.at_least(factor.length, 0, bounds):
        raise NotProvedError(
            f"the product of {factor.name} may have a negative number of factors: {factor.length}"
        )
    if factor.step > 0 and (scope.law.commuting or _is(factor.length, 1)):
        return Run(factor.name, factor.length, factor.last, -1)
    return factor


def _joined(left: Factor, right: Factor, commuting: bool) -> Run | None:
    """The two as one run, if the right one continues the left one."""
    if not (isinstance(left, Run) and isinstance(right, Run)) or left.name != right.name:
        return None
    length = tidy(left.length + right.length)
    if left.first is None or right.first is None:
        return Run(left.name, length) if left.first is right.first else None
    for step in (-1, 1):
        if _runs(left, step) and _runs(right, step):
            after = left.first + (left.length if step > 0 else -left.length)
            if tidy(after) == tidy(right.first):
                return Run(left.name, length, left.first, step)
    if commuting and tidy(right.first - right.length) == tidy(left.first):
        return Run(left.name, length, right.first, -1)
    return None


def _runs(run: Run, step: int) -> bool:
    """Whether it rises or falls as asked; one letter does both."""
    return run.step == step or _is(run.length, 1)


def _shortest(factor: Factor) -> Factor:
    if isinstance(factor, Run) and _is(factor.length, 1):
        return Letter(factor.name, factor.first)
    return factor


def _is(index: Index, value: int) -> bool:
    return not index.terms and index.offset == value
