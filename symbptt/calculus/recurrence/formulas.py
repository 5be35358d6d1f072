"""Closed forms in what formulas can say, so that a checker can read them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symbptt import algebra as al
from symbptt.calculus.recurrence.closed import ClosedForm
from symbptt.calculus.recurrence.system import quantity
from symbptt.calculus.recurrence.words import COEFFICIENT, SOURCE, Indeterminate, form_expr

WHY_NOT = (
    "what is added at a step, or the value itself, has a part that is absent at T, for which "
    "formulas have no sign"
)

OF_A_MATRIX = "in a derivative of a matrix formulas do not tell how large each `I` beside `kron` is"


def why_not(closed: ClosedForm | None) -> str:
    """Why a closed form can't be said as a formula."""
    return OF_A_MATRIX if closed is not None and _is_of_a_matrix(closed) else WHY_NOT


def _is_of_a_matrix(closed: ClosedForm) -> bool:
    blocks = closed.recurrence.stack
    return any(isinstance(b, al.Derivative) and len(b.output.shape) > 1 for b in blocks)


@dataclass(frozen=True)
class ClosedFormula:
    """``left = right for first <= t <= last``."""

    left: al.Expr
    right: al.Expr
    first: al.Index
    last: al.Index


def formula(closed: ClosedForm) -> ClosedFormula | None:
    """The closed form as a formula; None if it can't be said."""
    recurrence = closed.recurrence
    if _is_of_a_matrix(closed):
        return None
    nodes = (n for source in recurrence.source if source is not None for n in al.walk(source))
    if any(isinstance(n, al.Cotangent) and _is_ahead(n.index) for n in nodes):
        return None
    left: al.Expr = recurrence.value
    one_quantity = len({quantity(block).name for block in recurrence.stack}) == 1
    if recurrence.stacked and one_quantity:
        right = _lagged(closed)
    elif recurrence.stacked and any(_is_ahead(quantity(v).index) for v in recurrence.stack):
        return None
    else:
        letters = closed.letters
        left = _blocks(closed, Indeterminate("", al.NOW)) if recurrence.stacked else left
        right = form_expr(closed.form, lambda x: _spelled(closed, x), letters.one, letters.factor)
    return None if right is None else ClosedFormula(left, right, *closed.range())


def _is_ahead(index: al.Index | None) -> bool:
    """Whether it lies past T where t is T."""
    return index is not None and index.offset > 0


def _spelled(closed: ClosedForm, letter: Indeterminate) -> al.Expr:
    stacked = closed.recurrence.stacked
    return _blocks(closed, letter) if stacked else closed.letters.spelled(letter)


def _blocks(closed: ClosedForm, letter: Indeterminate) -> al.Expr:
    """What a letter stands for, block by block; any other than b and C is the value."""
    recurrence, letters = closed.recurrence, closed.letters
    cells: tuple[tuple[al.Expr | None, ...], ...] = tuple((v,) for v in recurrence.stack)
    if letter.name == COEFFICIENT:
        cells = recurrence.matrix
    elif letter.name == SOURCE:
        cells = tuple((block,) for block in recurrence.source)
    at = {"t": al.NOW if letter.index is None else letter.index}
    moved = tuple(
        tuple(None if cell is None else al.substitute_index(cell, at) for cell in row)
        for row in cells
    )
    widths = letters.heights if letter.name == COEFFICIENT else letters.columns or (1,)
    return al.BlockMatrix(moved, letters.heights, widths)


def _lagged(closed: ClosedForm) -> al.Expr | None:
    """One quantity with lags: the first row of the products of C is d(h[t], h[i])."""
    recurrence, begins = closed.recurrence, closed.law.begins
    here = al.Index.of(closed.letters.bound)
    first = recurrence.source[0]
    source = al.substitute_index(first or al.ZERO, {"t": here})
    if isinstance(recurrence.value, al.Cotangent):
        if begins != "source":
            return None
        through = al.Transpose(_step(recurrence.value, here, al.NOW))
        return al.TimeSum(al.Product(through, source), al.NOW, al.LAST, here.names()[0])
    added: list[al.Expr] = []
    for back, (block, _) in enumerate(recurrence.begin if begins == "value" else ()):
        added.append(al.Product(_step(recurrence.value, al.NOW, al.Index(offset=-back)), block))
    if first is not None:
        term = al.Product(_step(recurrence.value, al.NOW, here), source)
        added.append(al.TimeSum(term, index=here.names()[0], last=al.NOW))
    return added[0] if len(added) == 1 else al.Add(tuple(added)) if added else al.ZERO


def _step(value: al.Expr, late: al.Index, early: al.Index) -> al.Expr:
    """The derivative of a quantity by itself at an earlier step."""
    assert isinstance(value, al.Ref | al.Cotangent | al.Derivative)
    of = quantity(value)
    at = al.Ref(of.name, al.NOW, of.shape)
    return al.Derivative(replace(at, index=late), replace(at, index=early), "total")
