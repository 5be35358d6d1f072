"""Folding and induction in letters that do not commute: what is found, what is refused."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from symbptt.algebra import Index
from symbptt.calculus.recurrence.closed import compare
from symbptt.calculus.recurrence.folding import fold_samples, folded
from symbptt.calculus.recurrence.induction import prove, written
from symbptt.calculus.recurrence.words import (
    Form,
    Indeterminate,
    Law,
    Run,
    Term,
    reversed_sum,
    tidy,
)
from symbptt.errors import NotFoldedError, NotProvedError

t, i, k, T = (Index.of(name) for name in "tikT")
ONE, NONE = Index(offset=1), Index()

FORWARD = Law()
FROM_ZERO = Law(begins="zero")
NUMBERS = Law(begins="zero", commuting=True)
POWERS = Law(constant=frozenset("c"))
BACKWARD = Law(direction=-1, begins="source", start=T)
BACKWARD_POWERS = Law(direction=-1, begins="source", start=T, constant=frozenset("c"))

FOUND = [
    (FORWARD, "(c[t] … c[1]) a[0] + sum(i, 1, t, (c[t] … c[i+1]) b[i])"),
    (FROM_ZERO, "sum(i, 1, t, (c[t] … c[i+1]) b[i])"),
    (POWERS, "c**(t) a[0] + sum(i, 1, t, c**(t-i) b[i])"),
    (Law(constant=frozenset("b")), "(c[t] … c[1]) a[0] + sum(i, 1, t, (c[t] … c[i+1]) b)"),
    (Law(constant=frozenset("bc")), "c**(t) a[0] + sum(i, 1, t, c**(t-i) b)"),
    (Law(sources=()), "(c[t] … c[1]) a[0]"),
    (
        Law(begins="zero", sources=("b", "d")),
        "sum(i, 1, t, (c[t] … c[i+1]) b[i]) + sum(i, 1, t, (c[t] … c[i+1]) d[i])",
    ),
    (
        Law(begins="zero", sources=("b", "d"), constant=frozenset("cd")),
        "sum(i, 1, t, c**(t-i) b[i]) + sum(i, 1, t, c**(t-i) d)",
    ),
    (BACKWARD, "sum(i, t, T, (c[t+1] … c[i]) b[i])"),
    (BACKWARD_POWERS, "sum(i, t, T, c**(i-t) b[i])"),
    (Law(direction=-1, start=T, sources=()), "(c[t+1] … c[T]) a[T]"),
    (
        Law(direction=-1, start=T - 1),
        "(c[t+1] … c[T-1]) a[T-1] + sum(i, t, T-2, (c[t+1] … c[i]) b[i])",
    ),
]


@pytest.mark.parametrize(("law", "expected"), FOUND, ids=[str(n) for n in range(len(FOUND))])
def test_the_closed_form_is_found_checked_and_proved(law: Law, expected: str) -> None:
    form = folded(law)
    assert set(written(form).split(" + sum")) == set(expected.split(" + sum"))
    for horizon in (1, 2, 7):
        assert all(comparison.right for comparison in compare(law, form, horizon))
    lines = prove(law, form).lines
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert all(line.reason for line in lines)


# --- forms as the seeds print them -----------------------------------------------------


def run(first: Index, last: Index, step: int = -1) -> Run:
    length = first - last if step < 0 else last - first
    return Run("c", tidy(length + 1), tidy(first), step)


def summed(lower: Index, upper: Index, *word: Run | Indeterminate) -> Term:
    return Term(word, "i", tidy(lower), tidy(upper))


b_i, b_t, a_0 = Indeterminate("b", i), Indeterminate("b", t), Indeterminate("a", NONE)


def test_equation_9_7_5() -> None:
    """a_t = b_t + sum over i < t, for a_0 = 0 and t >= 1."""
    form = (Term((b_t,)), summed(ONE, t - 1, run(t, i + 1), b_i))
    prove(FROM_ZERO, form, distance=1)
    with pytest.raises(NotProvedError, match="wrong at t = 1"):
        prove(FORWARD, form, distance=1)
    whole = (*form, Term((run(t, ONE), a_0)))
    prove(FORWARD, whole, distance=1)


def test_equation_9_7_15_in_both_forms() -> None:
    """Over i with exponent T - i and o[T+t-i], and over k with exponent k - t."""
    over_i = (Term((Run("c", T - i), Indeterminate("b", tidy(T + t - i))), "i", t, T),)
    over_k = (Term((Run("c", k - t), Indeterminate("b", k)), "k", t, T),)
    prove(BACKWARD_POWERS, over_i)
    prove(BACKWARD_POWERS, over_k)
    changed, index = reversed_sum(over_k[0], "i")
    assert (changed,) == over_i
    assert str(index) == "T+t-i"


def test_the_note_beside_9_7_15_is_refused() -> None:
    """T - i is the exponent of o[T+t-i], not of o[i]."""
    with pytest.raises(NotProvedError):
        prove(BACKWARD_POWERS, (Term((Run("c", T - i), b_i), "i", t, T),))


# --- planted errors --------------------------------------------------------------------

RIGHT = (Term((run(t, ONE), a_0)), summed(ONE, t, run(t, i + 1), b_i))

WRONG: dict[str, Form] = {
    "ascending": (Term((run(ONE, t, 1), a_0)), summed(ONE, t, run(i + 1, t, 1), b_i)),
    "ascending sum alone": (RIGHT[0], summed(ONE, t, run(i + 1, t, 1), b_i)),
    "ascending start alone": (Term((run(ONE, t, 1), a_0)), RIGHT[1]),
    "last summand lost": (RIGHT[0], summed(ONE, t - 1, run(t, i + 1), b_i)),
    "one summand too many": (RIGHT[0], summed(ONE, t + 1, run(t, i + 1), b_i)),
    "from 0": (RIGHT[0], summed(NONE, t, run(t, i + 1), b_i)),
    "from 2": (RIGHT[0], summed(Index(offset=2), t, run(t, i + 1), b_i)),
    "factor too many": (RIGHT[0], summed(ONE, t, run(t, i), b_i)),
    "factor lost below": (RIGHT[0], summed(ONE, t, run(t, i + 2), b_i)),
    "factor lost above": (RIGHT[0], summed(ONE, t, run(t - 1, i + 1), b_i)),
    "shifted source": (RIGHT[0], summed(ONE, t, run(t, i + 1), Indeterminate("b", i - 1))),
    "no start": (RIGHT[1],),
    "start twice": (RIGHT[0], RIGHT[0], RIGHT[1]),
    "start's product short": (Term((run(t - 1, ONE), a_0)), RIGHT[1]),
    "wrong start": (Term((run(t, ONE), Indeterminate("a", ONE))), RIGHT[1]),
    "no sum": (RIGHT[0],),
    "sum twice": (RIGHT[0], RIGHT[1], RIGHT[1]),
    "source left of the product": (RIGHT[0], summed(ONE, t, b_i, run(t, i + 1))),
    "nothing": (),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_closed_form_is_refused(name: str) -> None:
    prove(FORWARD, RIGHT)
    with pytest.raises(NotProvedError):
        prove(FORWARD, WRONG[name])


@pytest.mark.parametrize("name", WRONG)
def test_it_is_wrong_in_letters_too(name: str) -> None:
    """The refusals are no accident: unrolled, the two differ."""
    assert all(comparison.right for comparison in compare(FORWARD, RIGHT, 4))
    assert not all(comparison.right for comparison in compare(FORWARD, WRONG[name], 4))


def test_order_does_not_matter_for_numbers() -> None:
    ascending = (summed(ONE, t, run(i + 1, t, 1), b_i),)
    prove(NUMBERS, ascending)
    with pytest.raises(NotProvedError):
        prove(FROM_ZERO, ascending)


def test_the_adjoint_s_product_ascends() -> None:
    ascending = (summed(t, T, run(t + 1, i, 1), b_i),)
    descending = (summed(t, T, run(i, t + 1), b_i),)
    prove(BACKWARD, ascending)
    with pytest.raises(NotProvedError):
        prove(BACKWARD, descending)


LIMITS = list(product((-1, 0, 1), repeat=4))


@pytest.mark.parametrize("shifts", LIMITS, ids=str)
def test_limits_off_by_one_are_refused(shifts: tuple[int, ...]) -> None:
    """Every limit of sum and product moved: only the right ones are proved."""
    lower, upper, first, last = shifts
    form = (summed(ONE + lower, t + upper, run(t + first, i + 1 + last), b_i),)
    if any(shifts):
        with pytest.raises(NotProvedError):
            prove(FROM_ZERO, form)
    else:
        prove(FROM_ZERO, form)


def test_split_at_both_ends() -> None:
    """First and last summand in front: right for t >= 2, not for t >= 1, where they are one."""
    first = Term((run(t, Index(offset=2)), Indeterminate("b", ONE)))
    form = (Term((b_t,)), first, summed(Index(offset=2), t - 1, run(t, i + 1), b_i))
    prove(FROM_ZERO, form, distance=2)
    with pytest.raises(NotProvedError):
        prove(FROM_ZERO, form, distance=1)


# --- no fold ---------------------------------------------------------------------------


def test_a_lag_of_two_has_no_single_product() -> None:
    """a_t = b_t + c a_{t-1} + d a_{t-2}: the coefficients are sums; the stacked value folds."""
    values = {-1: Counter[tuple[tuple[str, int | None], ...]](), 0: Counter()}
    for step in range(1, 6):
        total = Counter({(("b", step),): 1})
        for name, behind in (("c", values[step - 1]), ("d", values[step - 2])):
            total.update({((name, step), *word): count for word, count in behind.items()})
        values[step] = total
    samples = [({"t": step}, total) for step, total in values.items() if step >= 0]
    with pytest.raises(NotFoldedError):
        fold_samples(samples)


@pytest.mark.parametrize("change", ["swap", "drop", "double", "shift"])
def test_unrolled_values_that_are_wrong_do_not_fold(change: str) -> None:
    samples = [({"t": step}, Counter(total)) for step, total in FORWARD.unrolled(5).items()]
    word = (("c", 5), ("c", 4), ("b", 3))
    total = samples[5][1]
    assert total[word] == 1
    if change == "double":
        total[word] = 2
    else:
        del total[word]
    if change == "swap":
        total[("c", 4), ("c", 5), ("b", 3)] = 1
    elif change == "shift":
        total[("c", 6), ("c", 4), ("b", 3)] = 1
    with pytest.raises(NotFoldedError):
        fold_samples(samples)
    fold_samples([*samples[:5]])
