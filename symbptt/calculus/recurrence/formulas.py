"""Closed forms in what formulas can say, so that a checker can read them.

What formulas lack is written as the derivative that it is: ``partial(h[t], W)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.closed import ClosedForm
from symbptt.calculus.recurrence.system import AffineRecurrence, quantity
from symbptt.calculus.recurrence.words import COEFFICIENT, SOURCE, Indeterminate, form_expr

WHY_NOT_BLOCKS = (
    "the value is a stack of several quantities under a matrix of blocks, and formulas have no "
    "matrices of blocks"
)
WHY_NOT = (
    "what is added at a step has a term that is absent at T, a sign that formulas do not have (the "
    "vector of ones, a block of a vector) or several derivatives at once"
)

UNSAID = (al.BlockRow, al.BlockMatrix, al.Ones, al.Slice)
"""Kinds that formulas have no sign for."""


@dataclass(frozen=True)
class ClosedFormula:
    """``left = right for first <= t <= last``."""

    left: al.Expr
    right: al.Expr
    first: al.Index
    last: al.Index


def formula(closed: ClosedForm) -> ClosedFormula | None:
    """The closed form as a formula, as explicit as it can be said; None if it can't."""
    said = (right for right in _candidates(closed) if is_sayable(right, closed.model))
    right = next(said, None)
    return None if right is None else ClosedFormula(closed.recurrence.value, right, *closed.range())


def why_not(closed: ClosedForm) -> str:
    """Why there is no formula."""
    blocks = closed.recurrence.stacked and not is_one_quantity(closed.recurrence)
    return WHY_NOT_BLOCKS if blocks else WHY_NOT


def is_sayable(expr: al.Expr, model: al.Model) -> bool:
    """Whether formulas about a model have a sign for every node of an expression."""
    names = normalize(model).names

    def said(node: al.Expr) -> bool:
        match node:
            case al.Ref(name=name) | al.Param(name=name) | al.Cotangent(name=name):
                return name in names
            case al.Derivative(output=output, wrt=wrt):
                return isinstance(output, al.Ref) and said(output) and said(wrt)
            case al.Fill(scalar=scalar):
                return isinstance(scalar, al.Number)
        return not isinstance(node, UNSAID)

    return all(map(said, al.walk(expr)))


def is_one_quantity(recurrence: AffineRecurrence) -> bool:
    """Whether the stacked value is one quantity with its predecessors."""
    return len({quantity(block).name for block in recurrence.stack}) == 1


def _candidates(closed: ClosedForm) -> Iterator[al.Expr]:
    """Ways to write the closed form, the most explicit first; not all can be said."""
    recurrence = closed.recurrence
    if any(_is_ahead(c) for source in recurrence.source for c in _cotangents(source)):
        return
    for derived in product(("", COEFFICIENT), ("", SOURCE)):
        said = _Said(closed, recurrence, derived)
        if recurrence.stacked and COEFFICIENT in derived and is_one_quantity(recurrence):
            yield from said.lagged()
        elif not recurrence.stacked and said.possible:
            letters = closed.letters
            yield form_expr(closed.form, said.letter, letters.one, letters.factor)


def _cotangents(source: al.Expr | None) -> set[al.Cotangent]:
    """All derivatives of L in what is added."""
    return set() if source is None else {n for n in al.walk(source) if isinstance(n, al.Cotangent)}


def _is_ahead(cotangent: al.Cotangent) -> bool:
    """Whether it lies past T where t is T."""
    return cotangent.index is not None and cotangent.index.offset > 0


class _Said:
    """The letters in ``derived`` as derivatives, the others spelled out."""

    def __init__(
        self, closed: ClosedForm, recurrence: AffineRecurrence, derived: tuple[str, ...]
    ) -> None:
        self.letters = replace(closed.letters, recurrence=recurrence)
        self.law = closed.law
        self.recurrence = recurrence
        self.derived = derived
        self.value = recurrence.value
        self.quantity = quantity(recurrence.value)
        # Held at earlier steps are the values that are read from there.
        self.read = self.quantity.name in closed.model.states

    @property
    def possible(self) -> bool:
        """Whether these letters are derivatives, and not the same at all steps."""
        if any(self.derived) and isinstance(self.value, al.Ref):
            return False
        if COEFFICIENT in self.derived and COEFFICIENT in self.law.constant:
            return False
        return SOURCE not in self.derived or self.derivative(al.NOW) is not None

    def at(self, index: al.Index) -> al.Ref:
        return al.Ref(self.quantity.name, index, self.quantity.shape)

    def letter(self, letter: Indeterminate) -> al.Expr:
        index = letter.index if letter.index is not None else al.NOW
        if letter.name == SOURCE:
            return self.source(index)
        if letter.name not in self.derived:
            return self.letters.spelled(letter)
        return self.step(index, index - 1)

    def step(self, late: al.Index, early: al.Index) -> al.Expr:
        """The derivative of the quantity by itself at an earlier step; an adjoint's transposed."""
        jacobian = al.Derivative(self.at(late), self.at(early), "total")
        return al.Transpose(jacobian) if isinstance(self.value, al.Cotangent) else jacobian

    def source(self, index: al.Index) -> al.Expr:
        """What is added at a step."""
        found = self.derivative(index) if SOURCE in self.derived else None
        if found is not None:
            return found
        return al.substitute_index(self.recurrence.source[0] or al.ZERO, {"t": index})

    def derivative(self, index: al.Index) -> al.Expr | None:
        """The same as one derivative; None where it is a sum of several."""
        added = forms.terms_of(self.recurrence.source[0] or al.ZERO)
        if isinstance(self.value, al.Derivative):
            through = (n for term in added for n in al.walk(term) if isinstance(n, al.Derivative))
            if any(isinstance(node.output, al.Ref) for node in through) or not self.read:
                return None
            return al.Derivative(self.at(index), self.value.wrt, "step")
        found = {frozenset(_cotangents(term)) for term in added}
        if len(found) != 1 or len(cotangents := found.pop()) != 1:
            return None
        (cotangent,) = (al.substitute_index(one, {"t": index}) for one in cotangents)
        assert isinstance(cotangent, al.Cotangent) and cotangent.index is not None
        read = al.Ref(cotangent.name, cotangent.index, cotangent.shape)
        return al.Product(al.Transpose(al.Derivative(read, self.at(index), "step")), cotangent)

    def lagged(self) -> Iterator[al.Expr]:
        """One quantity with lags: the first row of the products of C is d(h[t], h[i])."""
        bound = self.letters.bound
        here = al.Index.of(bound)
        source = self.source(here)
        if isinstance(self.value, al.Cotangent):
            if self.law.begins == "source":
                yield al.TimeSum(
                    al.Product(self.step(here, al.NOW), source), al.NOW, al.LAST, bound
                )
            return
        added: list[al.Expr] = []
        if self.law.begins == "value":
            for back, (block, _) in enumerate(self.recurrence.begin):
                added.append(al.Product(self.step(al.NOW, al.Index(offset=-back)), block))
        if self.recurrence.source[0] is not None:
            added.append(
                al.TimeSum(al.Product(self.step(al.NOW, here), source), index=bound, last=al.NOW)
            )
        yield added[0] if len(added) == 1 else al.Add(tuple(added)) if added else al.ZERO
