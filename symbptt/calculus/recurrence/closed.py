"""A recurrence from its equation to a closed form that holds for all t.

>>> closed = fold(model, "d(L, h[t])", horizon=4)
>>> closed.value, closed.expr  # an equation in the model's names
>>> closed.proof.lines, closed.right  # proved for all t, compared at every step
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbptt.algebra import FIRST, LAST, NOW, Expr, Index, Model
from symbptt.calculus.gradients import derive
from symbptt.calculus.recurrence.alphabet import Alphabet
from symbptt.calculus.recurrence.folding import Coefficient, coefficients, folded
from symbptt.calculus.recurrence.induction import Proof, Tail, normal_form, prove
from symbptt.calculus.recurrence.sources import of_adjoints, of_sensitivities, of_values
from symbptt.calculus.recurrence.system import AffineRecurrence
from symbptt.calculus.recurrence.words import Form, Law, Sum, Term, form_at, reversed_sum, tidy
from symbptt.calculus.unrolling import Query
from symbptt.errors import FormulaError, NotProvedError

LONGEST = 40
"""More steps than this are not compared one by one; the proof holds for all."""


@dataclass(frozen=True)
class Comparison:
    """The closed form at one step, against the value unrolled: both as sums of words."""

    step: int
    unrolled: Sum
    folded: Sum

    @property
    def right(self) -> bool:
        return self.unrolled == self.folded


@dataclass(frozen=True)
class ClosedForm:
    """The closed form of a recurrence, with all that was found out on the way to it.

    Attributes
    ----------
    horizon : int
        As asked for, but not above `LONGEST`.
    form : Form
        The closed form in letters, found from the unrolled values.
    other : tuple of (Term, Index), or None
        Where the coefficient is constant: the sum from its other end, and what was put
        in for its index.
    split : Form or None
        For a recurrence that runs forward, the closed form for t >= 1 with the last
        summand in front, ``b[t] + sum(i, 1, t-1, …)``; proved by itself.
    comparisons : tuple of Comparison
        At every step of ``horizon`` steps.
    proof : Proof
        That the form holds for all t.
    """

    model: Model
    letters: Alphabet
    horizon: int
    form: Form
    other: tuple[Term, Index] | None
    split: Form | None
    comparisons: tuple[Comparison, ...]
    proof: Proof

    @property
    def recurrence(self) -> AffineRecurrence:
        return self.letters.recurrence

    @property
    def law(self) -> Law:
        return self.recurrence.law

    @property
    def value(self) -> Expr:
        """What is given in closed form, at step t."""
        return self.letters.symbol(self.law.value(NOW))

    @property
    def expr(self) -> Expr:
        """The closed form in the model's names; where the value is stacked, in letters."""
        return self.letters.expr(self.form, spelled=True)

    def range(self, distance: int = 0) -> tuple[Index, Index]:
        """The first and the last step at least ``distance`` from where the recurrence begins."""
        if self.law.direction > 0:
            return self.law.start + distance, LAST
        return FIRST, self.law.start - distance

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return coefficients({c.step: c.unrolled for c in self.comparisons})

    @property
    def right(self) -> bool | None:
        """Whether all comparisons are; None where the run is too short for any."""
        return all(c.right for c in self.comparisons) if self.comparisons else None


def fold(model: Model, what: str | Query, horizon: int = LONGEST) -> ClosedForm:
    """Recognises a recurrence, unrolls it, folds it, compares and proves.

    Parameters
    ----------
    what : str or Query
        ``h``, ``d(L, h[t])`` or ``d(h[t], W)``.
    horizon : int
        So many steps are compared.

    Raises
    ------
    FormulaError
        If the question is none of these.
    UnknownNameError
        If the model has no such quantity or parameter.
    NotAffineError
        If there is no affine recurrence; the error's ``term`` is the one at fault.
    MissingLossError
        If the adjoint of a model without a loss is asked for.
    NotFoldedError
        If no closed form is found.
    NotProvedError
        If the one found can't be proved.
    """
    query = Query.read(what) if isinstance(what, str) else what
    recurrence = recognise(model, query)
    letters = Alphabet.of(model, recurrence)
    law = recurrence.law
    horizon = min(horizon, LONGEST)
    form = folded(law, letters.bound)
    return ClosedForm(
        model,
        letters,
        horizon,
        form,
        _from_the_other_end(law, form, letters.other),
        _split_off(law, form),
        tuple(compare(law, form, horizon)),
        prove(law, form),
    )


def recognise(model: Model, query: Query) -> AffineRecurrence:
    """The recurrence asked for; errors as for `fold`."""
    if not query.recurs:
        raise FormulaError(
            f"no recurrence is asked for: {query}; expected h, d(L, h[t]), d(h[t], W)"
        )
    if query.of == "L":
        return of_adjoints(derive(model), query.name)
    if query.of:
        return of_sensitivities(model, query.of, query.name)
    return of_values(model, query.name)


def compare(law: Law, form: Form, horizon: int) -> Iterator[Comparison]:
    """The closed form at every step of a run, in the recurrence's direction."""
    for step, unrolled in law.unrolled(horizon).items():
        yield Comparison(step, unrolled, form_at(form, {"T": horizon, "t": step}))


def _from_the_other_end(law: Law, form: Form, name: str) -> tuple[Term, Index] | None:
    """The sum with its index changed, proved to be the same by its normal form."""
    sums = [term for term in form if term.bound]
    if "c" not in law.constant or len(sums) != 1 or "b" in law.constant:
        return None
    changed, index = reversed_sum(sums[0], name)
    scope = Tail(law, 0)
    if normal_form([changed], scope) != normal_form(sums, scope):
        raise NotProvedError("the change of the summation index alters the sum")
    return changed, index


def _split_off(law: Law, form: Form) -> Form | None:
    """The closed form with the last summand of every sum set in front, proved by itself."""
    if law.direction < 0 or not any(term.bound for term in form):
        return None
    last: list[Term] = []
    rest: list[Term] = []
    for term in form:
        if not term.bound:
            rest.append(term)
            continue
        last.append(Term(term.summand(term.upper)))
        rest.append(Term(term.word, term.bound, term.lower, tidy(term.upper - 1)))
    split = (*normal_form(last, Tail(law, 1)), *rest)
    prove(law, split, distance=1)
    return split
