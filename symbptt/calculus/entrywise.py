"""Expressions read at one entry: one row a node kind; sums over letters worked out.

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
        If the node kind has no row in `ENTRIES`.
    """
    rule = ENTRIES.get(type(expr))
    if rule is None:
        raise MissingRuleError(f"no entry of {type(expr).__name__} in {expr}")
    return rule(expr, places, letters)


def entry_of(array: al.Expr, places: Places) -> al.Expr:
    """The entry of a name; a scalar has none but itself."""
    return Entry(array, places) if places else array


def summed(dims: Iterable[al.Dim], letters: Letters, term: Callable[[Places], al.Expr]) -> al.Expr:
    """The sum of a term over letters for the dimensions."""
    taken = [letters.take(dim) for dim in dims]
    result = term(tuple(taken))
    for letter in reversed(taken):
        result = LetterSum(letter, result)
    return result


# --- one rule a kind -------------------------------------------------------------------


def _name(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    return entry_of(expr, places)


def _number(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    return expr


def _by_entries(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """What acts entry by entry; scalars in it are what they are."""
    return al.map_children(
        expr, lambda child: at_entry(child, places if child.shape else (), letters)
    )


def _identity(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    return Delta(*places)


def _transpose(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    assert isinstance(expr, al.Transpose)
    return at_entry(expr.operand, (places[1], places[0]), letters)


def _product(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """(W v)_j = sum_i (W)_ji (v)_i."""
    assert isinstance(expr, al.Product)

    def term(inner: Places) -> al.Expr:
        left = at_entry(expr.left, (places[0], *inner), letters)
        return forms.mul((left, at_entry(expr.right, (*inner, *places[1:]), letters)))

    return summed(expr.left.shape[1:], letters, term)


def _lookup(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    assert isinstance(expr, al.Lookup)
    return at_entry(expr.table, (expr.row, *places), letters)


def _one_hot(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    assert isinstance(expr, al.OneHot)
    return Delta(places[0], expr.position)


def _pick(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    assert isinstance(expr, al.Pick)
    if isinstance(expr.vector, al.Vector):
        return Entry(expr.vector, (expr.position,))
    return at_entry(expr.vector, (expr.position,), letters)


def _concat(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """(u; v)_i = sum_k delta_ik (u)_k + sum_k delta_i,d+k (v)_k, d the length of u."""
    assert isinstance(expr, al.Concat)
    terms = []
    for number, part in enumerate(expr.parts):
        before = al.add_dims(p.shape[0] if p.shape else 1 for p in expr.parts[:number])

        def term(inner: Places, part: al.Expr = part, before: al.Dim = before) -> al.Expr:
            here = Delta(places[0], Behind(inner[0], before))
            return forms.mul((here, at_entry(part, inner if part.shape else (), letters)))

        terms.append(summed(part.shape or (1,), letters, term))
    return forms.add(terms)


def _slice(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    assert isinstance(expr, al.Slice)
    return at_entry(
        expr.vector, (Behind(places[0], al.add_dims(expr.blocks[: expr.number])),), letters
    )


def _vector(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """A function of vectors by its definition; the sum is one over all places."""
    assert isinstance(expr, al.Vector)
    if expr.function != "sum":
        return at_entry(definition(expr), places, letters)
    (array,) = expr.args
    return summed(array.shape, letters, lambda inner: at_entry(array, inner, letters))


def _outer(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    assert isinstance(expr, al.Outer)
    left = at_entry(expr.left, places[:1], letters)
    return forms.mul((left, at_entry(expr.right, places[1:], letters)))


def _fill(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    assert isinstance(expr, al.Fill)
    return at_entry(expr.scalar, (), letters)


def _cases(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """delta on + (1 - delta) off."""
    assert isinstance(expr, al.Cases)
    here = Delta(places[0], expr.position)
    on, off = (at_entry(e, places if e.shape else (), letters) for e in (expr.on, expr.off))
    return forms.add((forms.mul((here, on)), forms.mul((al.Add((al.ONE, al.Neg(here))), off))))


def _loss(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """A loss by its definition; an abstract one, or a gradient, as it is."""
    assert isinstance(expr, al.Loss)
    row = LOSSES.get(expr.function)
    if row is None or expr.wrt is not None:
        return entry_of(expr, places)
    return at_entry(loss_formula(expr, row.definition), (), letters)


def _pullback(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """sum_k dL/d(y)_k d(y)_k/d(x)_i."""
    assert isinstance(expr, al.Pullback)
    wrt = entry_of(expr.wrt, places)

    def term(inner: Places) -> al.Expr:
        cotangent = at_entry(expr.cotangent, inner, letters)
        return al.Mul((cotangent, Slope(entry_of(expr.output, inner), wrt)))

    return summed(expr.output.shape, letters, term)


def _each_by_itself(expr: al.Expr, places: Places, letters: Letters) -> al.Expr:
    """Sums over time keep their place; terms may use the same letters."""
    assert isinstance(expr, al.TimeSum)
    return replace(expr, term=at_entry(expr.term, places, letters))


Rule = Callable[[al.Expr, Places, Letters], al.Expr]

ENTRIES: dict[type[al.Expr], Rule] = {
    **dict.fromkeys((al.Number, al.Constant, al.Length, al.Horizon), _number),
    **dict.fromkeys((al.Param, al.Ref, al.Cotangent), _name),
    **dict.fromkeys((al.Add, al.Neg, al.Mul, al.Div, al.Pow, al.Call), _by_entries),
    al.Identity: _identity,
    al.Transpose: _transpose,
    al.Product: _product,
    al.Lookup: _lookup,
    al.OneHot: _one_hot,
    al.Pick: _pick,
    al.Concat: _concat,
    al.Slice: _slice,
    al.Vector: _vector,
    al.Outer: _outer,
    al.Fill: _fill,
    al.Cases: _cases,
    al.Loss: _loss,
    al.Pullback: _pullback,
    al.TimeSum: _each_by_itself,
}
"""How each kind is read at an entry."""


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
            terms = expr.term.terms if isinstance(expr.term, al.Add) else (expr.term,)
            return forms.add(_over_time(expr, term) for term in terms)
        case al.Mul(factors=factors):
            return forms.mul(factors)
        case al.Add(terms=terms):
            return forms.add(terms)
    return expr


def _over_time(total: al.TimeSum, term: al.Expr) -> al.Expr:
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
