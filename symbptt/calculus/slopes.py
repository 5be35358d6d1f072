"""The partial derivative of an entry of an equation by an entry of what it reads.

In parallel to `symbptt.calculus.rules`: a term that acts entry by entry has the derivative
that those rules give, times a delta; the others are differentiated as sums of entries, each
entry giving deltas, and the sums collapse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Entry, Letters, LetterSum
from symbptt.calculus import forms
from symbptt.calculus.entrywise import Places, at_entry, collapsed, entry_of
from symbptt.calculus.normal import loss_names, names_of_loss
from symbptt.calculus.rules import (
    Context,
    in_groups,
    is_pointwise,
    loss_slopes,
    of_scalars,
    operands,
    partial,
)
from symbptt.functions.losses import LOSSES, loss_formula
from symbptt.functions.vectors import stated, vector_function

Chain = tuple[al.Expr, ...]


@dataclass(frozen=True)
class Where:
    """An entry of an equation, and what it is differentiated by.

    Attributes
    ----------
    places, wrt_places : tuple of Expr
        Of the equation's entry and of the entry of ``wrt``.
    value : Expr or None
        What the forward pass calls the whole right-hand side.
    """

    model: al.Model
    index: al.Index | None
    places: Places
    wrt: al.Expr
    wrt_places: Places
    value: al.Expr | None


def slope(rhs: al.Expr, where: Where, letters: Letters) -> Chain:
    """d(entry of rhs)/d(entry of wrt) as a chain of equal expressions of entries.

    Raises
    ------
    MissingRuleError
        If there is no rule for a term's node kind.
    """
    if isinstance(rhs, al.Add) and not is_pointwise(rhs):
        inside = replace(where, value=None)
        return forms.in_step(slope(term, inside, letters.fork()) for term in in_groups(rhs))
    if isinstance(rhs, al.Neg):
        inside = replace(where, value=None)
        return tuple(map(forms.neg, slope(rhs.operand, inside, letters)))
    if not rhs.shape:
        where = replace(where, places=())
    if is_pointwise(rhs):
        return _pointwise(rhs, where)
    if isinstance(rhs, al.Vector) and vector_function(rhs.function).slope:
        return _vector(rhs, where)
    if isinstance(rhs, al.Loss):
        return _loss(rhs, where, letters)
    entry = at_entry(rhs, where.places, letters)
    raw = differentiated(entry, where.wrt, where.wrt_places)
    return forms.distinct((raw, collapsed(raw)))


# --- terms -----------------------------------------------------------------------------


def _pointwise(term: al.Expr, where: Where) -> Chain:
    """phi(u, …)_j by (u)_i: delta_ji dphi/du at entry j."""
    if where.wrt not in operands(term):
        return (al.ZERO,)
    deltas = _deltas(where.places, where.wrt_places)
    found = []
    for value in (None, where.value):
        coefficient = partial(term, where.wrt, value)
        places = where.places if coefficient.shape else ()
        found.append(forms.mul((*deltas, at_entry(coefficient, places, Letters(where.model)))))
    return forms.distinct(found)


def _deltas(places: Places, others: Places) -> tuple[al.Expr, ...]:
    return tuple(Delta(one, other) for one, other in zip(places, others, strict=False))


def _vector(term: al.Vector, where: Where) -> Chain:
    """The slope of the function's row, in the name of its value."""
    if where.wrt not in term.args:
        return (al.ZERO,)
    return (row_slope(term, where.places, where.wrt_places, where.value or term),)


def row_slope(term: al.Vector, places: Places, others: Places, value: al.Expr) -> al.Expr:
    """d(value at entry j)/d(argument at entry i), as the row of the function states it."""
    row = vector_function(term.function)
    spots = dict(zip("ji", (*places, *others)[-2:], strict=False)) if places else {"i": others[0]}
    names = {"y": value, "x": term.args[0], **spots}

    def fill(node: al.Expr) -> al.Expr:
        match node:
            case al.Pick(vector=vector, position=place):
                return entry_of(vector, (place,))
            case al.Call(function="delta", args=(left, right)):
                return Delta(left, right)
        return node

    return stated(row.slope, names, fill)


def _loss(term: al.Loss, where: Where, letters: Letters) -> Chain:
    """The definition differentiated, and the gradient that the row of the loss states."""
    if where.wrt not in (term.prediction, term.target):
        return (al.ZERO,)
    context = Context(where.model, where.index, None)
    last = forms.add(
        loss_slopes(term, by, context)[-1]
        for by, operand in enumerate((term.prediction, term.target))
        if operand == where.wrt
    )
    if term.function not in LOSSES:
        return (at_entry(last, where.wrt_places, letters),)
    raw = differentiated(at_entry(term, (), letters), where.wrt, where.wrt_places)
    letters_to_names = names_of_loss(where.model, term, where.index)
    named = {loss_formula(term, text): letters_to_names[name] for name, text in loss_names(term)}
    raw = al.transform(raw, lambda node: named.get(node, node))
    return forms.distinct((raw, at_entry(last, where.wrt_places, letters)))


# --- expressions of entries --------------------------------------------------------------


def differentiated(expr: al.Expr, wrt: al.Expr, places: Places) -> al.Expr:
    """The derivative of an expression of entries by the entry of ``wrt`` at ``places``.

    d(v)_k/d(v)_i is delta_ki, d(W)_jk/d(W)_mi is delta_jm delta_ki; sums, products,
    quotients, powers and functions follow the rules of scalars.

    Raises
    ------
    MissingRuleError
        If an exponent is no number, or a node kind has no rule here.
    """

    def d(inner: al.Expr) -> al.Expr:
        return differentiated(inner, wrt, places)

    if expr == wrt:
        return al.ONE
    match expr:
        case Entry(array=al.Vector(args=args) as array, places=own) if wrt in args:
            return row_slope(array, own, places, array)
        case Entry(array=array, places=own):
            return forms.mul(_deltas(own, places)) if array == wrt else al.ZERO
        case LetterSum(letter=letter, term=term):
            inner = d(term)
            return al.ZERO if forms.is_zero(inner) else LetterSum(letter, inner)
        case Delta():
            return al.ZERO
    return of_scalars(expr, d)
