"""Words of letters that do not commute, with steps as indices, and closed forms of them.

A recurrence ``a[t] = b[t] + c[t] a[t-1]`` is unrolled into sums of words such as
``c[3] c[2] b[1]``. A closed form says the same for every t: its words hold runs,
``c[t] c[t-1] … c[i+1]``, and stand under sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

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
class Letter:
    """A letter at a step; ``index`` is None where it is the same at all steps."""

    name: str
    index: Index | None = None

    def substitute(self, values: Mapping[str, Index]) -> Letter:
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


Factor = Letter | Run
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


# --- as expressions ----------------------------------------------------------------------

Meaning = Callable[[Letter], Expr]
"""What each letter stands for."""


def word_of(concrete: Concrete) -> Word:
    """A word at given steps; equal letters in a row are a power."""
    word: list[Factor] = []
    for (name, step), group in groupby(concrete):
        count = len(list(group))
        if step is not None:
            word += [Letter(name, Index(offset=step))] * count
        else:
            word.append(Letter(name) if count == 1 else Run(name, Index(offset=count)))
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
    if isinstance(factor, Letter):
        return meaning(factor)
    if factor.first is None:
        return MatrixPower(meaning(Letter(factor.name)), factor.length)
    inner = meaning(Letter(factor.name, Index.of(index)))
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
