"""The proof by induction that a closed form is the value at every step.

The statement at t follows from that at the step before: put it into the recurrence, move
the coefficient inside the sum, merge it into the products, and compare with the statement
at t, whose sum is split where it is longer. All in letters that do not commute.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from symbptt.algebra import Index
from symbptt.calculus.recurrence.law import Law
from symbptt.calculus.recurrence.normal_words import Scope, merged, normal_form, normal_term
from symbptt.calculus.recurrence.words import Form, Letter, Relation, Term, moved, tidy
from symbptt.errors import NotProvedError

RemarkPart = str | Index | Letter | Relation
Remark = tuple[RemarkPart, ...]
"""Words and, between them, steps, letters and relations of steps."""


@dataclass(frozen=True)
class Line:
    """One line of a proof: ``left = form + factor (inner)``.

    Attributes
    ----------
    left : Letter or None
        None where the line continues the one before.
    factor : Letter or None
        What multiplies ``inner`` from the left.
    reason : Remark
    """

    number: int
    left: Letter | None
    form: Form
    reason: Remark
    factor: Letter | None = None
    inner: Form = ()


@dataclass(frozen=True)
class Proof:
    """``lines`` prove ``form`` for all steps at least ``distance`` from the start."""

    law: Law
    form: Form
    distance: int
    lines: tuple[Line, ...]


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
    numbered = [
        Line(k, line.left, line.form, line.reason, line.factor, line.inner)
        for k, line in enumerate(lines, start=1)
    ]
    return Proof(law, form, distance, tuple(numbered))


# --- the base --------------------------------------------------------------------------


def _base(law: Law, form: Form, distance: int) -> list[Line]:
    first = law.step(Index(offset=distance))
    claimed = _expanded(tuple(term.substitute({"t": first}) for term in form), Scope(law, distance))
    known = law.beginning()
    for k in range(1, distance + 1):
        step = law.step(Index(offset=k))
        factor = law.coefficient(step)
        known = (*law.added(step), *(Term((factor, *term.word)) for term in known))
    known = normal_form(known, Scope(law, distance))
    if Counter(known) != Counter(claimed):
        raise NotProvedError(
            f"the statement is wrong at t = {first}: {_difference(known, claimed)}"
        )
    return [Line(0, law.value(first), known, _about_the_beginning(law, form, first))]


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


def _expanded(form: Form, scope: Scope) -> Form:
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


def _step(law: Law, form: Form, distance: int) -> list[Line]:
    t = Index.of("t")
    scope = Scope(law, distance + 1)
    before = law.previous(t)
    factor = law.coefficient(t)
    assumed = tuple(term.substitute({"t": before}) for term in form)
    inside = tuple(Term((factor, *m.word), m.bound, m.lower, m.upper) for m in assumed)
    added = law.added(t)
    splits = _equate(normal_form((*added, *inside), scope), normal_form(form, scope), scope)
    shown = tuple(merged(term, scope) for term in (*added, *inside))
    value = law.value(t)
    lines = [
        Line(0, value, law.recurrence(t), ("the recurrence",)),
        Line(0, None, added, ("the statement at ", before, ", assumed"), factor, assumed),
    ]
    if any(term.bound for term in assumed):
        where: Remark = (factor, " does not depend on the index of the sum, so it moves inside")
        lines.append(Line(0, None, (*added, *inside), where))
    if not form:
        lines.append(Line(0, None, form, (factor, " times 0 is 0: the statement at ", t)))
    elif splits:
        lines.append(Line(0, None, shown, _merging(factor, law)))
        lines.append(Line(0, None, form, (*splits, ": the statement at ", t)))
    else:
        lines.append(Line(0, None, form, (*_merging(factor, law), ": the statement at ", t)))
    return lines


def _merging(factor: Letter, law: Law) -> Remark:
    if factor.index is None:
        return (factor, " times its power is the next power")
    neighbour = Letter(factor.name, tidy(factor.index - law.direction))
    return (factor, " stands directly left of ", neighbour, ", so the products merge")


def _equate(left: Form, right: Form, scope: Scope) -> Remark:
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


def _balanced(term: Term, other: Term, over: Counter[Term], scope: Scope) -> list[RemarkPart]:
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


def _split_off(term: Term, low: bool, scope: Scope) -> tuple[Term, Term]:
    """The first or last summand of a sum, and the sum of the others."""
    end = term.lower if low else term.upper
    if not scope.at_least(tidy(term.upper - term.lower), 0):
        raise NotProvedError(f"the sum may have no summand at {end} to split off")
    lower, upper = (end + 1, term.upper) if low else (term.lower, end - 1)
    rest = Term(term.word, term.bound, tidy(lower), tidy(upper))
    return normal_term(Term(term.summand(end)), scope), rest


def _about(word: Term) -> Remark:
    if len(word.word) == 1 and isinstance(word.word[0], Letter):
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
        if isinstance(factor, Letter):
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
