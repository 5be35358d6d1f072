"""Expressions read at one entry, kind by kind; sums over letters worked out.

``(W h)_j`` is sum_i (W)_ji (h)_i, ``(E[tok])_k`` is (E)_tok,k, and what acts entry by entry
is itself, written with entries. (Nhóm trình bày, Mục 9.7.2, equations 4 and 16.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from symbptt import algebra as al
from symbptt.algebra.letters import (
    Behind,
    Delta,
    Entry,
    Letter,
    Letters,
    LetterSum,
    Slope,
    has_letter,
    substituted,
)
from symbptt.calculus import forms
from symbptt.errors import MissingRuleError
from symbptt.functions.losses import LOSSES, loss_formula
from symbptt.functions.vectors import definition

Places = tuple[al.Expr, ...]


def at_entry(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """The entry of an expression at the given places, as an expression of entries.

    Parameters
    ----------
    places : tuple of Expr
        One for each axis; letters, or integers of the model.
    letters : Letters
        Gives the letters of sums.

    Raises
    ------
    MissingRuleError
        If there is no way to read the node kind at an entry.
    """

    def at(inner: al.Expr, *places: al.Expr) -> al.Expr:
        return at_entry(inner, places, letters)

    match expr:
        case al.Number() | al.Constant() | al.Length() | al.Horizon():
            return expr
        case al.Ones():
            return al.ONE
        case al.Param() | al.Ref() | al.Cotangent():
            return entry_of(expr, places)
        case al.Add() | al.Neg() | al.Mul() | al.Div() | al.Pow() | al.Call():
            return al.map_children(expr, lambda child: at(child, *places if child.shape else ()))
        case al.Identity():
            return Delta(*places)
        case al.Transpose(operand=operand):
            return at(operand, places[1], places[0])
        case al.Product():
            return _product(expr, places, letters)
        case al.Lookup(table=table, row=row):
            return at(table, row, *places)
        case al.OneHot(position=position):
            return Delta(places[0], position)
        case al.Pick(vector=al.Vector() as vector, position=position):
            return Entry(vector, (position,))
        case al.Pick(vector=vector, position=position):
            return at(vector, position)
        case al.Concat():
            return _concat(expr, places, letters)
        case al.Slice(vector=vector, blocks=blocks, number=number):
            return at(vector, Behind(places[0], al.add_dims(blocks[:number])))
        case al.Vector(function="sum", args=(array,)):
            return summed(array.shape, letters, lambda inner: at(array, *inner))
        case al.Vector():
            return at(definition(expr), *places)
        case al.Outer(left=left, right=right):
            return forms.mul((at(left, *places[:1]), at(right, *places[1:])))
        case al.Fill(scalar=scalar):
            return at(scalar)
        case al.Cases(position=position):
            # delta on + (1 - delta) off
            here = Delta(places[0], position)
            on, off = (at(e, *places if e.shape else ()) for e in (expr.on, expr.off))
            rest = al.Add((al.ONE, al.Neg(here)))
            return forms.add((forms.mul((here, on)), forms.mul((rest, off))))
        case al.Loss(function=name, wrt=None) if name in LOSSES:
            return at(loss_formula(expr, LOSSES[name].definition))
        case al.Loss():
            return entry_of(expr, places)
        case al.Pullback():
            return _pullback(expr, places, letters)
        case al.Diag(vector=vector):
            return forms.mul((Delta(*places), at(vector, places[0])))
        case al.Kronecker(left=al.Identity(), right=al.Transpose(operand=row)):
            # What is flattened row by row has two places: (I kron h.T)_i,jk is delta_ij (h)_k.
            return forms.mul((Delta(*places[:2]), at(row, *places[2:])))
        case al.Derivative(output=al.Ref() as output, wrt=al.Ref() | al.Param() as wrt):
            axes = len(output.shape)
            return Slope(entry_of(output, places[:axes]), entry_of(wrt, places[axes:]), expr.held)
        case al.OrderedProduct():
            return entry_of(expr, places)
        case al.TimeSum(term=term):
            # It keeps its place; the terms of a sum may use the same letters.
            return over_time(expr, at(term, *places))
    raise MissingRuleError(f"no entry of {type(expr).__name__} in {expr}")


def entry_of(array: al.Expr, places: Places) -> al.Expr:
    """The entry of a name; a scalar has none but itself."""
    return Entry(array, places) if places else array


def summed(dims: Iterable[al.Dim], letters: Letters, term: Callable[[Places], al.Expr]) -> al.Expr:
    """The sum of a term over letters for the dimensions."""
    taken = [letters.take(dim) for dim in dims]
    result = term(tuple(taken))
    for letter in reversed(taken):
        result = letter_sum(letter, result)
    return result


def letter_sum(letter: Letter, term: al.Expr) -> al.Expr:
    """The sum over a letter, the sign of its term in front."""
    match term:
        case al.Neg(operand=positive):
            return al.Neg(LetterSum(letter, positive))
        case al.Mul(factors=(al.Neg(operand=first), *rest)):
            first_factors = first.factors if isinstance(first, al.Mul) else (first,)
            return al.Neg(LetterSum(letter, al.Mul((*first_factors, *rest))))
    return LetterSum(letter, term)


def _product(expr: al.Product, places: Places, letters: Letters) -> al.Expr:
    """(W v)_j = sum_i (W)_ji (v)_i."""

    def term(inner: Places) -> al.Expr:
        left = at_entry(expr.left, (places[0], *inner), letters)
        return forms.mul((left, at_entry(expr.right, (*inner, *places[1:]), letters)))

    return summed(expr.left.shape[1:], letters, term)


def _concat(expr: al.Concat, places: Places, letters: Letters) -> al.Expr:
    """(u; v)_i = sum_k delta_ik (u)_k + sum_k delta_i,d+k (v)_k, d the length of u."""
    terms = []
    for number, part in enumerate(expr.parts):
        before = al.add_dims(p.shape[0] if p.shape else 1 for p in expr.parts[:number])

        def term(inner: Places, part: al.Expr = part, before: al.Dim = before) -> al.Expr:
            here = Delta(places[0], Behind(inner[0], before))
            return forms.mul((here, at_entry(part, inner if part.shape else (), letters)))

        terms.append(summed(part.shape or (1,), letters, term))
    return forms.add(terms)


def _pullback(expr: al.Pullback, places: Places, letters: Letters) -> al.Expr:
    """sum_k dL/d(y)_k d(y)_k/d(x)_i."""
    wrt = entry_of(expr.wrt, places)

    def term(inner: Places) -> al.Expr:
        cotangent = at_entry(expr.cotangent, inner, letters)
        return al.Mul((cotangent, Slope(entry_of(expr.output, inner), wrt)))

    return summed(expr.output.shape, letters, term)


# --- sums over letters worked out where a delta leaves one term of them --------------------


def collapsed(expr: al.Expr) -> al.Expr:
    """The expression with every sum gone over whose letter a delta decides.

    sum_k f(k) delta_kj is f(j). Sums are taken term by term where that lets one collapse;
    a sum over steps too.
    """
    expr = al.map_children(expr, collapsed)
    match expr:
        case LetterSum(letter=letter, term=term):
            return _collapsed(letter, term)
        case al.TimeSum():
            return forms.add(over_time(expr, term) for term in al.terms_of(expr.term))
        case al.Mul(factors=factors):
            return forms.mul(factors)
        case al.Add(terms=terms):
            return forms.add(terms)
    return expr


def over_time(total: al.TimeSum, term: al.Expr) -> al.Expr:
    """The sum over steps of another term, its sign in front."""
    if isinstance(term, al.Neg):
        return al.Neg(replace(total, term=term.operand))
    return replace(total, term=term)


def _collapsed(letter: Letter, term: al.Expr) -> al.Expr:
    if forms.is_zero(term):
        return term
    if isinstance(term, al.Neg):
        return forms.neg(_collapsed(letter, term.operand))
    if isinstance(term, al.Add) and _has_delta(term, letter):
        return forms.add(_collapsed(letter, part) for part in term.terms)
    if isinstance(term, al.Mul):
        split = _split(term)
        if split is not None and _has_delta(split, letter):
            return _collapsed(letter, split)
    factors = term.factors if isinstance(term, al.Mul) else (term,)
    for number, factor in enumerate(factors):
        place = _decided(factor, letter)
        if place is not None:
            rest = forms.mul((*factors[:number], *factors[number + 1 :]))
            return collapsed(substituted(rest, letter, place))
    outside = tuple(f for f in factors if not has_letter(f, letter) and isinstance(f, Delta))
    inside = forms.mul(f for f in factors if f not in outside)
    return forms.mul((*outside, LetterSum(letter, inside)))


def _split(product: al.Mul) -> al.Expr | None:
    """A product with a sum of deltas in it, as a sum of products."""
    for number, factor in enumerate(product.factors):
        if isinstance(factor, al.Add) and any(isinstance(node, Delta) for node in al.walk(factor)):
            before, after = product.factors[:number], product.factors[number + 1 :]
            return forms.add(forms.mul((*before, term, *after)) for term in factor.terms)
    return None


def _has_delta(expr: al.Expr, letter: Letter) -> bool:
    return any(_decided(node, letter) is not None for node in al.walk(expr))


def _decided(factor: al.Expr, letter: Letter) -> al.Expr | None:
    """The one place of the letter at which a delta is not zero."""
    if not isinstance(factor, Delta):
        return None
    for one, other in ((factor.left, factor.right), (factor.right, factor.left)):
        if one == letter and not has_letter(other, letter) and _within(other, letter):
            return other
    return None


def _within(place: al.Expr, letter: Letter) -> bool:
    """Whether the place is one of the letter's own: a letter of a whole may lie outside a part."""
    return not isinstance(place, Letter) or isinstance(place, Behind) or place.dim == letter.dim
