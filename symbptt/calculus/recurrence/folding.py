"""The closed form of a recurrence, found from its unrolled values.

Nothing here knows the form that is to come out. The unrolled sums of words are data: how
long a word is, with which step its letters begin and whether they rise or fall, and over
which steps the last letters range, are read off and each is fitted by an integer linear
form in t, T and the summation index. What does not fit at every single word is no fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from symbptt.algebra import Index
from symbptt.calculus.recurrence.words import (
    Concrete,
    Form,
    Indeterminate,
    Law,
    Run,
    Sum,
    Term,
    Word,
    form_at,
    tidy,
)
from symbptt.errors import NotFoldedError

ENOUGH = 5
"""So many steps determine the coefficients of every linear form in t, T and i."""

Steps = Mapping[str, int]


@dataclass(frozen=True)
class Coefficient:
    """What multiplies a letter in the value at a step: ``words`` without that letter."""

    at: int
    letter: tuple[str, int | None]
    words: tuple[Concrete, ...]


def coefficients(unrolled: Mapping[int, Sum]) -> tuple[Coefficient, ...]:
    """The unrolled values collected by their last letters, step by step."""
    rows: list[Coefficient] = []
    for step, total in unrolled.items():
        found: dict[tuple[str, int | None], list[Concrete]] = {}
        for word, count in total.items():
            found.setdefault(word[-1], []).extend([word[:-1]] * count)
        rows += [Coefficient(step, letter, tuple(words)) for letter, words in found.items()]
    return tuple(rows)


def folded(law: Law, bound: str = "i") -> Form:
    """The closed form that all unrolled values up to `ENOUGH` steps have.

    Parameters
    ----------
    bound : str
        The name of the summation index.

    Raises
    ------
    NotFoldedError
        If the unrolled values follow no such form.
    """
    # A recurrence that begins before T has that many steps fewer to show.
    longest = ENOUGH - min(0, law.start.offset)
    horizons = [ENOUGH] if law.direction > 0 else list(range(1, longest + 1))
    samples: list[tuple[Steps, Sum]] = []
    for horizon in horizons:
        for step, total in law.unrolled(horizon).items():
            steps = {"t": step} if law.direction > 0 else {"T": horizon, "t": step}
            samples.append((steps, total))
    return fold_samples(samples, bound)


def fold_samples(samples: Sequence[tuple[Steps, Sum]], bound: str = "i") -> Form:
    """The closed form of sums of words that are known at some steps.

    Raises
    ------
    NotFoldedError
        If they follow none.
    """
    form: list[Term] = []
    for name in dict.fromkeys(word[-1][0] for _, total in samples for word in sorted_words(total)):
        family = [(at, [w for w in sorted_words(s) if w[-1][0] == name]) for at, s in samples]
        form.append(_fixed(family) or _summed(name, family, bound))
    for at, total in samples:
        if form_at(tuple(form), at) != total:
            raise NotFoldedError(f"the form found is not the value at {dict(at)}")
    return tuple(form)


def sorted_words(total: Sum) -> list[Concrete]:
    """The words of a sum, the shortest first."""
    return sorted(total.elements(), key=lambda word: (len(word), [str(part) for part in word]))


Family = Sequence[tuple[Steps, list[Concrete]]]


def _fixed(family: Family) -> Term | None:
    """The term of a letter that occurs once in every value, always with the same step.

    Its step may be a linear form in T, but does not change with t.
    """
    if any(len(words) != 1 for _, words in family) or _is_constant(family):
        return None
    points = [at for at, _ in family]
    lasts = [words[0][-1] for _, words in family]
    index = _fit(points, [_step(last) for last in lasts])
    if index is None or "t" in index.names():
        return None
    word = _prefix(points, [words[0][:-1] for _, words in family])
    return Term((*word, Indeterminate(lasts[0][0], index)))


def _is_constant(family: Family) -> bool:
    return any(word[-1][1] is None for _, words in family for word in words)


def _summed(name: str, family: Family, bound: str) -> Term:
    """The sum over a letter's steps; a letter without step is numbered by its coefficient."""
    constant = _is_constant(family)
    points: list[Steps] = []
    prefixes: list[Concrete] = []
    ranges: list[tuple[Steps, int, int]] = []
    for at, words in family:
        numbered = _numbered(at, words, constant)
        steps = sorted(numbered)
        if not steps:
            continue
        if len(steps) != len(words) or steps != list(range(steps[0], steps[-1] + 1)):
            raise NotFoldedError(
                f"at {_where(at)} the coefficient of some {name} is not one product"
            )
        ranges.append((at, steps[0], steps[-1]))
        for step, prefix in numbered.items():
            points.append({**at, bound: step})
            prefixes.append(prefix)
    lower = _fit([at for at, _, _ in ranges], [first for _, first, _ in ranges])
    upper = _fit([at for at, _, _ in ranges], [last for _, _, last in ranges])
    if lower is None or upper is None:
        raise NotFoldedError(f"the steps of {name} have no linear limits")
    letter = Indeterminate(name, None if constant else Index.of(bound))
    return Term((*_prefix(points, prefixes), letter), bound, lower, upper)


def _numbered(at: Steps, words: list[Concrete], constant: bool) -> dict[int, Concrete]:
    """The coefficients by the step of their letter.

    A letter that is the same at all steps tells no step. Its coefficient does: one with k
    factors belongs to what was added k steps ago.
    """
    if not constant:
        return {_step(word[-1]): word[:-1] for word in words}
    towards = 1 if "T" in at else -1
    return {at["t"] + towards * (len(word) - 1): word[:-1] for word in words}


def _prefix(points: Sequence[Steps], prefixes: Sequence[Concrete]) -> Word:
    """The run of letters that all coefficients are."""
    names = {letter for prefix in prefixes for letter, _ in prefix}
    if not names:
        return ()
    if len(names) > 1:
        raise NotFoldedError(f"coefficients mix the letters {', '.join(sorted(names))}")
    (name,) = names
    length = _fit(points, [len(prefix) for prefix in prefixes])
    if length is None:
        raise NotFoldedError("the coefficients' numbers of factors are not linear in the steps")
    powers = {step is None for prefix in prefixes for _, step in prefix}
    if powers == {True}:
        return (Run(name, length),)
    present = [(at, prefix) for at, prefix in zip(points, prefixes, strict=True) if prefix]
    first = _fit([at for at, _ in present], [_step(prefix[0]) for _, prefix in present])
    directions = {
        _step(right) - _step(left) for _, prefix in present for left, right in pairwise(prefix)
    }
    if first is None or len(directions) != 1 or not directions <= {1, -1}:
        raise NotFoldedError("the factors of the coefficients follow no order")
    return (Run(name, length, first, directions.pop()),)


def _step(letter: tuple[str, int | None]) -> int:
    if letter[1] is None:
        raise NotFoldedError(f"{letter[0]} has a step in some words and none in others")
    return letter[1]


def _where(at: Steps) -> str:
    return ", ".join(f"{name} = {value}" for name, value in at.items())


# --- integer linear forms --------------------------------------------------------------


def _fit(points: Sequence[Steps], values: Sequence[int]) -> Index | None:
    """The linear form of the points' names that takes the values; None if none does.

    Its coefficients are 0, 1 or -1, as few as possible other than 0: steps are counted one
    by one, so no other ones come up.
    """
    names = sorted({name for at in points for name in at})
    signs = sorted(product((0, 1, -1), repeat=len(names)), key=lambda c: sum(map(abs, c)))
    for coefficients in signs:
        form = Index(tuple((n, c) for n, c in zip(names, coefficients, strict=True) if c))
        offsets = {v - form.at(at) for at, v in zip(points, values, strict=True)} or {0}
        if len(offsets) == 1:
            return tidy(form + offsets.pop())
    return None
