"""The partial derivative of an entry of an equation by an entry of what it reads.

In parallel to `symbptt.calculus.rules`: a term that acts entry by entry has the derivative
that those rules give, times a delta; the others are differentiated as sums of entries, each
entry giving deltas, and the sums collapse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from symbptt.algebra import (
    ONE,
    ZERO,
    Add,
    Call,
    Constant,
    Div,
    Expr,
    Index,
    LogSoftmax,
    Loss,
    Model,
    Mul,
    Neg,
    Number,
    Pow,
    Softmax,
)
from symbptt.algebra.letters import Delta, Entry, Letters, LetterSum
from symbptt.calculus import forms
from symbptt.calculus.collapsing import collapsed
from symbptt.calculus.entrywise import TWO, Places, at_entry, entry_of, log_softmax_difference
from symbptt.calculus.normal import probabilities
from symbptt.calculus.rules import in_groups, is_pointwise, operands, partial
from symbptt.errors import MissingRuleError
from symbptt.functions import FUNCTIONS, derivative

Chain = tuple[Expr, ...]


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

    model: Model
    index: Index | None
    places: Places
    wrt: Expr
    wrt_places: Places
    value: Expr | None


def slope(rhs: Expr, where: Where, letters: Letters) -> Chain:
    """d(entry of rhs)/d(entry of wrt) as a chain of equal expressions of entries.

    Raises
    ------
    MissingRuleError
        If there is no rule for a term's node kind.
    """
    if isinstance(rhs, Add) and not is_pointwise(rhs):
        inside = replace(where, value=None)
        return _in_step([slope(term, inside, letters.fork()) for term in in_groups(rhs)])
    if isinstance(rhs, Neg):
        inside = replace(where, value=None)
        return tuple(map(forms.neg, slope(rhs.operand, inside, letters)))
    if not rhs.shape:
        where = replace(where, places=())
    if is_pointwise(rhs):
        return _pointwise(rhs, where)
    if isinstance(rhs, Softmax):
        return _softmax(rhs, where, letters)
    if isinstance(rhs, Loss):
        return _loss(rhs, where, letters)
    if isinstance(rhs, LogSoftmax):
        entry = log_softmax_difference(rhs, where.places, letters)
    else:
        entry = at_entry(rhs, where.places, letters)
    raw = differentiated(entry, where.wrt, where.wrt_places)
    return _distinct(raw, collapsed(raw))


def _distinct(*members: Expr) -> Chain:
    kept = [m for k, m in enumerate(members) if k == 0 or m != members[k - 1]]
    return tuple(kept)


def _in_step(chains: list[Chain]) -> Chain:
    length = max(map(len, chains), default=1)
    return tuple(
        forms.add(chain[min(k, len(chain) - 1)] for chain in chains) for k in range(length)
    )


# --- terms -----------------------------------------------------------------------------


def _pointwise(term: Expr, where: Where) -> Chain:
    """phi(u, …)_j by (u)_i: delta_ji dphi/du at entry j."""
    if where.wrt not in operands(term):
        return (ZERO,)
    deltas = _deltas(where.places, where.wrt_places)
    found = []
    for value in (None, where.value):
        coefficient = partial(term, where.wrt, value)
        places = where.places if coefficient.shape else ()
        found.append(forms.mul((*deltas, at_entry(coefficient, places, Letters(where.model)))))
    return _distinct(*found)


def _deltas(places: Places, others: Places) -> tuple[Expr, ...]:
    return tuple(Delta(one, other) for one, other in zip(places, others, strict=False))


def _softmax(term: Softmax, where: Where, letters: Letters) -> Chain:
    """p = softmax(v): dp_j/dv_i = p_j (delta_ji - p_i), the quotient rule on exp(v_j) / sum."""
    if term.vector != where.wrt:
        return (ZERO,)
    return (_softmax_slope(where.value or term, where.places[0], where.wrt_places[0]),)


def _softmax_slope(value: Expr, place: Expr, other: Expr) -> Expr:
    spread = Add((Delta(place, other), Neg(entry_of(value, (other,)))))
    return Mul((entry_of(value, (place,)), spread))


def _loss(term: Loss, where: Where, letters: Letters) -> Chain:
    if where.wrt not in (term.prediction, term.target):
        return (ZERO,)
    rule = LOSS_SLOPES.get(term.function)
    if rule is not None:
        return rule(term, where)
    definition = at_entry(term, (), letters)
    if definition == term:
        return _abstract_loss(term, where)
    raw = differentiated(definition, where.wrt, where.wrt_places)
    return _distinct(raw, collapsed(raw))


def _abstract_loss(term: Loss, where: Where) -> Chain:
    both = [
        entry_of(replace(term, wrt=number), where.wrt_places)
        for number, operand in enumerate((term.prediction, term.target))
        if operand == where.wrt
    ]
    return (forms.add(both),)


def _softmax_cross_entropy(term: Loss, where: Where) -> Chain:
    """-log p_y: -(1/p_y) p_y (delta_yi - p_i), which is p_i - delta_iy."""
    assert where.index is not None
    p = probabilities(where.model, term, where.index)
    (place,) = where.wrt_places
    at_label = Entry(p, (term.target,))
    raw = forms.mul((Div(ONE, at_label), _softmax_slope(p, term.target, place)))
    return Neg(raw), Add((Entry(p, (place,)), Neg(Delta(place, term.target))))


LOSS_SLOPES: dict[str, Callable[[Loss, Where], Chain]] = {
    "softmax_cross_entropy": _softmax_cross_entropy,
}
"""Losses that are not differentiated by their definition: what cancels is put in."""


# --- expressions of entries --------------------------------------------------------------


def differentiated(expr: Expr, wrt: Expr, places: Places) -> Expr:
    """The derivative of an expression of entries by the entry of ``wrt`` at ``places``.

    d(v)_k/d(v)_i is delta_ki, d(W)_jk/d(W)_mi is delta_jm delta_ki; sums, products,
    quotients, powers and functions follow the rules of scalars.

    Raises
    ------
    MissingRuleError
        If an exponent is no number.
    """

    def d(inner: Expr) -> Expr:
        return differentiated(inner, wrt, places)

    if expr == wrt:
        return ONE
    match expr:
        case Entry(array=array, places=own):
            return forms.mul(_deltas(own, places)) if array == wrt else ZERO
        case LetterSum(letter=letter, term=term):
            inner = d(term)
            return ZERO if forms.is_zero(inner) else LetterSum(letter, inner)
        case Add(terms=terms):
            return forms.add(map(d, terms))
        case Neg(operand=operand):
            return forms.neg(d(operand))
        case Mul(factors=factors):
            return forms.add(
                forms.mul((*factors[:k], d(factor), *factors[k + 1 :]))
                for k, factor in enumerate(factors)
            )
        case Div(numerator=above, denominator=below):
            rest = forms.mul((Div(above, Pow(below, TWO)), d(below)))
            return forms.add((forms.div(d(above), below), forms.neg(rest)))
        case Pow(base=base, exponent=exponent):
            lower = forms.power(base, Number(_value(exponent) - 1))
            return forms.mul((exponent, lower, d(base)))
        case Call(function=name, args=args, wrt=None):
            return forms.add(
                forms.mul((_outer(name, k, args, expr), d(arg))) for k, arg in enumerate(args)
            )
    return ZERO


def _value(exponent: Expr) -> Fraction:
    if isinstance(exponent, Number | Constant):
        return exponent.value
    raise MissingRuleError(f"an exponent is a number, found {exponent}")


def _outer(name: str, wrt: int, args: tuple[Expr, ...], call: Expr) -> Expr:
    return derivative(name, wrt, args, call) if name in FUNCTIONS else Call(name, args, wrt)
