"""The proof by induction that a closed form is the value at every step.

The statement at t follows from that at the step before: put it into the recurrence, move
the coefficient inside the sum, merge it into the products, and compare with the statement
at t, whose sum is split where it is longer. All in letters that do not commute: a letter
merges into a run only where it continues it, ``c[t]`` to the left of ``c[t-1] … c[i+1]``,
not to the left of ``c[i+1] … c[t-1]``. Every merge needs runs of length >= 0 at all steps
in question; that is proved, too, not assumed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from symbptt.algebra import Index
from symbptt.calculus.recurrence.words import (
    COEFFICIENT,
    Factor,
    Form,
    Indeterminate,
    Law,
    Relation,
    Run,
    Term,
    Word,
    moved,
    tidy,
)
from symbptt.errors import NotProvedError

RemarkPart = str | Index | Indeterminate | Relation
Remark = tuple[RemarkPart, ...]
"""Words and, between them, steps, letters and relations of steps."""


@dataclass(frozen=True)
class ProofLine:
    """One line of a proof: ``left = form + factor (inner)``.

    Attributes
    ----------
    left : Indeterminate or None
        None where the line continues the one before.
    factor : Indeterminate or None
        What multiplies ``inner`` from the left.
    reason : Remark
    """

    number: int
    left: Indeterminate | None
    form: Form
    reason: Remark
    factor: Indeterminate | None = None
    inner: Form = ()


@dataclass(frozen=True)
class Proof:
    """``lines`` prove ``form`` for all steps at least ``distance`` from the start."""

    law: Law
    form: Form
    distance: int
    lines: tuple[ProofLine, ...]


def prove(law: Law, form: Form, distance: int = 0) -> Proof:
    """The proof that ``form`` is the value at every step from ``distance`` on.

    Parameters
    ----------
    distance : int
        How far from the start the statement begins to hold: 0 where it holds for the
        value at the start itself.

    Raises
    ------
    NotProvedError
        If it can't be proved; the message says where the two sides differ.
    """
    lines = [*_base(law, form, distance), *_step(law, form, distance)]
    numbered = tuple(replace(line, number=k) for k, line in enumerate(lines, start=1))
    return Proof(law, form, distance, numbered)


# --- the base --------------------------------------------------------------------------


def _base(law: Law, form: Form, distance: int) -> list[ProofLine]:
    first = law.step(Index(offset=distance))
    claimed = _expanded(tuple(term.substitute({"t": first}) for term in form), Tail(law, distance))
    known = law.beginning()
    for k in range(1, distance + 1):
        step = law.step(Index(offset=k))
        factor = law.coefficient(step)
        known = (*law.added(step), *(Term((factor, *term.word)) for term in known))
    known = normal_form(known, Tail(law, distance))
    if Counter(known) != Counter(claimed):
        raise NotProvedError(
            f"the statement is wrong at t = {first}: {_difference(known, claimed)}"
        )
    return [ProofLine(0, law.value(first), known, _about_the_beginning(law, form, first))]


def _about_the_beginning(law: Law, form: Form, first: Index) -> Remark:
    at = Relation((Index.of("t"), first))
    remark: list[RemarkPart] = ["the beginning: at ", at, " "]
    said: list[str] = []
    if any(not term.bound and len(term.word) > 1 for term in form):
        said.append("the product is empty")
    for term in form:
        if term.bound:
            count = tidy(moved(term.upper - term.lower + 1, {"t": first})).offset
            words = {0: "the sum has no summand", 1: "the sum has one summand"}
            said.append(words.get(count, "the sum is written out"))
    remark.append(" and ".join(dict.fromkeys(said)) or "the two are the same")
    if law.begins == "source":
        remark.append("; what lies behind it is absent")
    return tuple(remark)


def _expanded(form: Form, scope: Tail) -> Form:
    """The form with sums of a fixed number of summands written out."""
    terms: list[Term] = []
    for term in form:
        extent = tidy(term.upper - term.lower + 1)
        if not term.bound:
            terms.append(term)
        elif extent.terms:
            raise NotProvedError(f"the number of summands is not fixed: {extent}")
        else:
            terms += [Term(term.summand(term.lower + k)) for k in range(extent.offset)]
    return normal_form(terms, scope)


# --- the step --------------------------------------------------------------------------


def _step(law: Law, form: Form, distance: int) -> list[ProofLine]:
    t = Index.of("t")
    scope = Tail(law, distance + 1)
    before = law.previous(t)
    factor = law.coefficient(t)
    assumed = tuple(term.substitute({"t": before}) for term in form)
    inside = tuple(Term((factor, *m.word), m.bound, m.lower, m.upper) for m in assumed)
    added = law.added(t)
    splits = _equate(normal_form((*added, *inside), scope), normal_form(form, scope), scope)
    shown = tuple(merged(term, scope) for term in (*added, *inside))
    value = law.value(t)
    said: Remark = ("the statement at ", before, ", assumed")
    lines = [ProofLine(0, value, law.recurrence(t), ("the recurrence",))]
    if not form:
        lines.append(ProofLine(0, None, form, (*said, ", and ", factor, " times 0 is 0")))
        return lines
    lines.append(ProofLine(0, None, added, said, factor, assumed))
    if any(term.bound for term in assumed):
        where: Remark = (factor, " does not depend on the index of the sum, so it moves inside")
        lines.append(ProofLine(0, None, (*added, *inside), where))
    if splits:
        lines.append(ProofLine(0, None, shown, _merging(factor, law)))
        lines.append(ProofLine(0, None, form, (*splits, ": the statement at ", t)))
    else:
        lines.append(ProofLine(0, None, form, (*_merging(factor, law), ": the statement at ", t)))
    return lines


def _merging(factor: Indeterminate, law: Law) -> Remark:
    if factor.index is None:
        return (factor, " times its power is the next power")
    neighbour = Indeterminate(factor.name, tidy(factor.index - law.direction))
    return (factor, " stands directly left of ", neighbour, ", so the products merge")


def _equate(left: Form, right: Form, scope: Tail) -> Remark:
    """Why the two are equal: the sums that differ in length are split.

    Raises
    ------
    NotProvedError
        If something is left over.
    """
    over: Counter[Term] = Counter(left)
    over.subtract(Counter(right))
    splits: list[RemarkPart] = []
    for term in [t for t in over if t.bound and over[t] > 0]:
        for other in [o for o in over if o.bound and over[o] < 0]:
            if term.word == other.word and over[term] > 0:
                splits += _balanced(term, other, over, scope)
                break
    rest = {term: count for term, count in over.items() if count}
    if rest:
        more = tuple(term for term, count in rest.items() if count > 0)
        less = tuple(term for term, count in rest.items() if count < 0)
        raise NotProvedError(
            f"the statement at t does not follow from that before: {_difference(more, less)}"
        )
    return tuple(splits)


def _balanced(term: Term, other: Term, over: Counter[Term], scope: Tail) -> list[RemarkPart]:
    """Splits summands off two sums of one summand until they cancel; over gets the summands."""
    over[term] -= 1
    over[other] += 1
    remark: list[RemarkPart] = []
    sides = {1: term, -1: other}
    for low in (True, False):
        ends = [sides[side].lower if low else sides[side].upper for side in (1, -1)]
        extra = tidy(ends[1] - ends[0] if low else ends[0] - ends[1])
        if extra.terms:
            raise NotProvedError(f"the sums differ by a number of summands that grows: {extra}")
        side = 1 if extra.offset > 0 else -1
        for _ in range(abs(extra.offset)):
            word, sides[side] = _split_off(sides[side], low, scope)
            over[word] += side
            remark += ["; " if remark else "", *_about(word)]
    return remark


def _split_off(term: Term, low: bool, scope: Tail) -> tuple[Term, Term]:
    """The first or last summand of a sum, and the sum of the others."""
    end = term.lower if low else term.upper
    if not scope.at_least(tidy(term.upper - term.lower), 0):
        raise NotProvedError(f"the sum may have no summand at {end} to split off")
    lower, upper = (end + 1, term.upper) if low else (term.lower, end - 1)
    rest = Term(term.word, term.bound, tidy(lower), tidy(upper))
    return normal_term(Term(term.summand(end)), scope), rest


def _about(word: Term) -> Remark:
    if len(word.word) == 1 and isinstance(word.word[0], Indeterminate):
        return (word.word[0], " is one more summand, the one whose product is empty")
    return ("a summand is split off the sum",)


def _difference(left: Form, right: Form) -> str:
    return f"{written(left)} on one side, {written(right)} on the other"


def written(form: Form) -> str:
    """A form as bare text, for messages."""
    return " + ".join(map(_term_text, form)) or "0"


def _term_text(term: Term) -> str:
    pieces = []
    for factor in term.word:
        if isinstance(factor, Indeterminate):
            step = "" if factor.index is None else f"[{factor.index}]"
            pieces.append(factor.name + step)
        elif factor.first is None:
            pieces.append(f"{factor.name}**({factor.length})")
        else:
            pieces.append(f"({factor.name}[{factor.first}] … {factor.name}[{factor.last}])")
    text = " ".join(pieces) or "1"
    if term.bound:
        text = f"sum({term.bound}, {term.lower}, {term.upper}, {text})"
    return text


# --- the normal form ---------------------------------------------------------------------

BOUND = "#"
"""The name that every summation index has in the normal form."""


@dataclass(frozen=True)
class Tail:
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


def normal_form(form: Iterable[Term], scope: Tail) -> Form:
    """Every term with its runs merged and its sum's index chosen in one way.

    Raises
    ------
    NotProvedError
        If a product's number of factors may be negative.
    """
    return tuple(normal_term(term, scope) for term in form)


def normal_term(term: Term, scope: Tail) -> Term:
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
    letters = [
        f.index for f in reversed(word) if isinstance(f, Indeterminate) and f.index is not None
    ]
    return [*letters, *(f.length for f in word if isinstance(f, Run))]


# --- merging ---------------------------------------------------------------------------


def merged(term: Term, scope: Tail) -> Term:
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


def _as_run(factor: Factor, scope: Tail, bounds: Sequence[Term]) -> Factor:
    if isinstance(factor, Indeterminate):
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
        return Indeterminate(factor.name, factor.first)
    return factor


def _is(index: Index, value: int) -> bool:
    return not index.terms and index.offset == value
