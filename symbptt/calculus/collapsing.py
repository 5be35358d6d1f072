"""Sums over letters worked out where a delta leaves one term of them."""

from __future__ import annotations

from dataclasses import replace

from symbptt.algebra import Add, Expr, Mul, Neg, TimeSum, map_children, walk
from symbptt.algebra.letters import Behind, Delta, Letter, LetterSum, has_letter, substituted
from symbptt.calculus import forms


def collapsed(expr: Expr) -> Expr:
    """The expression with every sum gone over whose letter a delta decides.

    sum_k f(k) delta_kj is f(j). Sums are taken term by term where that lets one collapse;
    a sum over steps too.
    """
    expr = map_children(expr, collapsed)
    match expr:
        case LetterSum(letter=letter, term=term):
            return _collapsed(letter, term)
        case TimeSum():
            terms = expr.term.terms if isinstance(expr.term, Add) else (expr.term,)
            return forms.add(_over_time(expr, term) for term in terms)
        case Mul(factors=factors):
            return forms.mul(factors)
        case Add(terms=terms):
            return forms.add(terms)
    return expr


def _over_time(total: TimeSum, term: Expr) -> Expr:
    if isinstance(term, Neg):
        return Neg(replace(total, term=term.operand))
    return replace(total, term=term)


def _collapsed(letter: Letter, term: Expr) -> Expr:
    if forms.is_zero(term):
        return term
    if isinstance(term, Neg):
        return forms.neg(_collapsed(letter, term.operand))
    if isinstance(term, Add) and _has_delta(term, letter):
        return forms.add(_collapsed(letter, part) for part in term.terms)
    if isinstance(term, Mul):
        split = _split(term)
        if split is not None and _has_delta(split, letter):
            return _collapsed(letter, split)
    factors = term.factors if isinstance(term, Mul) else (term,)
    for number, factor in enumerate(factors):
        place = _decided(factor, letter)
        if place is not None:
            rest = forms.mul((*factors[:number], *factors[number + 1 :]))
            return collapsed(substituted(rest, letter, place))
    outside = tuple(f for f in factors if not has_letter(f, letter) and isinstance(f, Delta))
    inside = forms.mul(f for f in factors if f not in outside)
    return forms.mul((*outside, LetterSum(letter, inside)))


def _split(product: Mul) -> Expr | None:
    """A product with a sum of deltas in it, as a sum of products."""
    for number, factor in enumerate(product.factors):
        if isinstance(factor, Add) and any(isinstance(node, Delta) for node in walk(factor)):
            before, after = product.factors[:number], product.factors[number + 1 :]
            return forms.add(forms.mul((*before, term, *after)) for term in factor.terms)
    return None


def _has_delta(expr: Expr, letter: Letter) -> bool:
    return any(_decided(node, letter) is not None for node in walk(expr))


def _decided(factor: Expr, letter: Letter) -> Expr | None:
    """The one place of the letter at which a delta is not zero."""
    if not isinstance(factor, Delta):
        return None
    for one, other in ((factor.left, factor.right), (factor.right, factor.left)):
        if one == letter and not has_letter(other, letter) and _within(other, letter):
            return other
    return None


def _within(place: Expr, letter: Letter) -> bool:
    """Whether the place is one of the letter's own: a letter of a whole may lie outside a part."""
    return not isinstance(place, Letter) or isinstance(place, Behind) or place.dim == letter.dim
