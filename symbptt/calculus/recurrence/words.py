"""Words of letters that do not commute, the law of a recurrence in letters, closed forms.

A recurrence ``a[t] = b[t] + c[t] a[t-1]`` is unrolled into sums of words such as
``c[3] c[2] b[1]``. A closed form says the same for every t: its words hold runs,
``c[t] c[t-1] … c[i+1]``, and stand under sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from symbptt.algebra import (
    ZERO,
    Add,
    Expr,
    Index,
    MatrixPower,
    OrderedProduct,
    Product,
    TimeSum,
)
from symbptt.calculus import forms

Concrete = tuple[tuple[str, int | None], ...]
"""A word at given steps: letters with numbers; None where a letter is the same at all steps."""

Sum = Counter[Concrete]
"""A sum of words: each with how often it occurs."""


ZEROTH = Index()
"""The step 0."""


def tidy(index: Index) -> Index:
    """The index with its terms in one order: T, t, the others; what is subtracted last."""

    def place(term: tuple[str, int]) -> tuple[bool, int, str]:
        name, coefficient = term
        return (coefficient < 0, {"T": 0, "t": 1}.get(name, 2), name)

    return Index(tuple(sorted(index.terms, key=place)), index.offset)


def moved(index: Index, values: Mapping[str, Index]) -> Index:
    return tidy(index.substitute(values))


@dataclass(frozen=True)
class Relation:
    """``1 <= t <= T``, ``k = T+t-i``: steps with one sign between them."""

    sides: tuple[Index, ...]
    sign: str = "="


@dataclass(frozen=True)
class Indeterminate:
    """A letter at a step; ``index`` is None where it is the same at all steps."""

    name: str
    index: Index | None = None

    def substitute(self, values: Mapping[str, Index]) -> Indeterminate:
        if self.index is None:
            return self
        return replace(self, index=moved(self.index, values))

    def at(self, values: Mapping[str, int]) -> Concrete:
        return ((self.name, None if self.index is None else self.index.at(values)),)


@dataclass(frozen=True)
class Run:
    """``length`` letters in a row, their steps rising or falling by one.

    Attributes
    ----------
    first : Index or None
        The step of the leftmost letter; None for a power of a letter without step.
    step : int
        -1 for a descending product, 1 for an ascending one, 0 for a power.
    """

    name: str
    length: Index
    first: Index | None = None
    step: int = 0

    @property
    def last(self) -> Index:
        """The step of the rightmost letter."""
        assert self.first is not None
        return tidy(self.first + (self.length - 1 if self.step > 0 else -(self.length - 1)))

    def substitute(self, values: Mapping[str, Index]) -> Run:
        first = None if self.first is None else moved(self.first, values)
        return replace(self, length=moved(self.length, values), first=first)

    def at(self, values: Mapping[str, int]) -> Concrete:
        count = range(self.length.at(values))
        if self.first is None:
            return tuple((self.name, None) for _ in count)
        first = self.first.at(values)
        return tuple((self.name, first + self.step * k) for k in count)


Factor = Indeterminate | Run
Word = tuple[Factor, ...]


@dataclass(frozen=True)
class Term:
    """A word, or its sum over ``bound`` from ``lower`` to ``upper`` (0 if there is none)."""

    word: Word
    bound: str = ""
    lower: Index = ZEROTH
    upper: Index = ZEROTH

    def substitute(self, values: Mapping[str, Index]) -> Term:
        return Term(
            tuple(factor.substitute(values) for factor in self.word),
            self.bound,
            moved(self.lower, values),
            moved(self.upper, values),
        )

    def at(self, values: Mapping[str, int]) -> Sum:
        if not self.bound:
            return Counter([_word_at(self.word, values)])
        steps = range(self.lower.at(values), self.upper.at(values) + 1)
        return Counter(_word_at(self.word, {**values, self.bound: step}) for step in steps)

    def summand(self, index: Index) -> Word:
        """The word with the given index put in for the bound one."""
        return tuple(factor.substitute({self.bound: index}) for factor in self.word)


Form = tuple[Term, ...]
"""A sum of terms: one side of a closed form."""


def _word_at(word: Word, values: Mapping[str, int]) -> Concrete:
    return tuple(letter for factor in word for letter in factor.at(values))


def form_at(form: Form, values: Mapping[str, int]) -> Sum:
    """The sum of words that a closed form is at given steps."""
    total: Sum = Counter()
    for term in form:
        total.update(term.at(values))
    return total


def reversed_sum(term: Term, name: str) -> tuple[Term, Index]:
    """The same sum from its other end, and what was put in for its index.

    With ``i = lower + upper - k`` the sum over k is one over i in the same range.
    """
    index = tidy(term.lower + term.upper - Index.of(name))
    word = term.summand(index)
    return Term(word, name, term.lower, term.upper), index


# --- the law ---------------------------------------------------------------------------

Beginning = Literal["value", "zero", "source"]

VALUE, SOURCE, COEFFICIENT = "a", "b", "c"


@dataclass(frozen=True)
class Law:
    """``a[t] = b[t] + c[t] a[t-1]``, or, from the end, ``a[t] = b[t] + c[t+1] a[t+1]``.

    Attributes
    ----------
    direction : int
        1 where a value follows from the one before, -1 where from the one behind.
    begins : str
        What the value at the step ``start`` is: ``value``, a letter of its own; ``zero``;
        ``source``, that step's b (nothing lies behind it).
    start : Index
        ``0`` for recurrences that run forward, ``T`` or ``T - k`` for those that run back.
    sources : tuple of str
        The letters that are added at every step; several for several terms.
    constant : frozenset of str
        Letters that are the same at all steps.
    commuting : bool
        Whether the coefficients commute: numbers do, matrices do not.
    """

    direction: int = 1
    begins: Beginning = "value"
    start: Index = ZEROTH
    sources: tuple[str, ...] = (SOURCE,)
    constant: frozenset[str] = frozenset()
    commuting: bool = False

    def letter(self, name: str, index: Index) -> Indeterminate:
        return Indeterminate(name, None if name in self.constant else tidy(index))

    def value(self, index: Index) -> Indeterminate:
        return Indeterminate(VALUE, tidy(index))

    def coefficient(self, index: Index) -> Indeterminate:
        """What multiplies the previous value in the law of step ``index``."""
        behind = 1 if self.direction < 0 else 0
        return self.letter(COEFFICIENT, index + behind)

    def step(self, distance: Index) -> Index:
        """The step that lies ``distance`` steps from the start."""
        return tidy(self.start + (distance if self.direction > 0 else -distance))

    def previous(self, index: Index) -> Index:
        return tidy(index - self.direction)

    def added(self, index: Index) -> Form:
        """What is added at a step."""
        return tuple(Term((self.letter(name, index),)) for name in self.sources)

    def beginning(self) -> Form:
        """The value at the start."""
        if self.begins == "value":
            return (Term((self.value(self.start),)),)
        return self.added(self.start) if self.begins == "source" else ()

    def recurrence(self, index: Index) -> Form:
        """The right-hand side at a step: what is added and the coefficient's term."""
        behind = (self.coefficient(index), self.value(self.previous(index)))
        return (*self.added(index), Term(behind))

    def unrolled(self, horizon: int) -> dict[int, Sum]:
        """The value at every step of a run of ``horizon`` steps, by substitution."""
        at = {"T": horizon}
        start = self.start.at(at)
        after_last = horizon + 1 if self.direction > 0 else 0
        values: dict[int, Sum] = {}
        for step in range(start, after_last, self.direction):
            if step == start:
                values[step] = _sum(self.beginning(), at)
                continue
            behind = values[step - self.direction]
            index = Index(offset=step)
            total = _sum(self.added(index), at)
            (factor,) = self.coefficient(index).at(at)
            for word, count in behind.items():
                total[factor, *word] += count
            values[step] = total
        return values


def _sum(form: Form, at: dict[str, int]) -> Sum:
    total: Sum = Counter()
    for term in form:
        total.update(term.at(at))
    return total


# --- as expressions ----------------------------------------------------------------------

Meaning = Callable[[Indeterminate], Expr]
"""What each letter stands for."""


def word_of(concrete: Concrete) -> Word:
    """A word at given steps; equal letters in a row are a power."""
    word: list[Factor] = []
    for (name, step), group in groupby(concrete):
        count = len(list(group))
        if step is not None:
            word += [Indeterminate(name, Index(offset=step))] * count
        else:
            word.append(Indeterminate(name) if count == 1 else Run(name, Index(offset=count)))
    return tuple(word)


def word_expr(word: Word, meaning: Meaning, one: Expr, index: str) -> Expr:
    """A word as a product.

    Parameters
    ----------
    one : Expr
        The product without factors.
    index : str
        What numbers the factors of a run.
    """
    factors = [_factor_expr(factor, meaning, index) for factor in word]
    if not factors:
        return one
    *rest, product = factors
    for factor in reversed(rest):
        product = Product(factor, product) if factor.shape else forms.mul((factor, product))
    return product


def _factor_expr(factor: Factor, meaning: Meaning, index: str) -> Expr:
    if isinstance(factor, Indeterminate):
        return meaning(factor)
    if factor.first is None:
        return MatrixPower(meaning(Indeterminate(factor.name)), factor.length)
    inner = meaning(Indeterminate(factor.name, Index.of(index)))
    return OrderedProduct(inner, factor.first, factor.last, factor.step, index)


def form_expr(form: Form, meaning: Meaning, one: Expr, index: str) -> Expr:
    """A closed form as a sum of products and of sums of products over steps."""
    terms = [_term_expr(term, meaning, one, index) for term in form]
    if len(terms) < 2:
        return terms[0] if terms else ZERO
    return Add(tuple(terms))


def _term_expr(term: Term, meaning: Meaning, one: Expr, index: str) -> Expr:
    word = word_expr(term.word, meaning, one, index)
    return TimeSum(word, term.lower, term.upper, term.bound) if term.bound else word
