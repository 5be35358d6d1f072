"""Expressions read at one entry: one row a node kind; sums over letters worked out.

``(W h)_j`` is sum_i (W)_ji (h)_i, ``(E[tok])_k`` is (E)_tok,k, and what acts entry by entry
is itself, written with entries. (Nhóm trình bày, Mục 9.7.2, equations 4 and 16.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

from symbptt.algebra import (
    ONE,
    Add,
    Call,
    Cases,
    Concat,
    Constant,
    Cotangent,
    Dim,
    Div,
    Expr,
    Fill,
    Horizon,
    Identity,
    Length,
    Lookup,
    Loss,
    Mul,
    Neg,
    Number,
    OneHot,
    Outer,
    Param,
    Pick,
    Pow,
    Product,
    Pullback,
    Ref,
    Slice,
    TimeSum,
    Transpose,
    Vector,
    add_dims,
    map_children,
    walk,
)
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

TWO = Number(Fraction(2))

Places = tuple[Expr, ...]


def at_entry(expr: Expr, places: Places, letters: Letters) -> Expr:
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


def entry_of(array: Expr, places: Places) -> Expr:
    """The entry of a name; a scalar has none but itself."""
    return Entry(array, places) if places else array


def summed(dims: Iterable[Dim], letters: Letters, term: Callable[[Places], Expr]) -> Expr:
    """The sum of a term over letters for the dimensions."""
    taken = [letters.take(dim) for dim in dims]
    result = term(tuple(taken))
    for letter in reversed(taken):
        result = LetterSum(letter, result)
    return result


# --- one rule a kind -------------------------------------------------------------------


def _name(expr: Expr, places: Places, letters: Letters) -> Expr:
    return entry_of(expr, places)


def _number(expr: Expr, places: Places, letters: Letters) -> Expr:
    return expr


def _by_entries(expr: Expr, places: Places, letters: Letters) -> Expr:
    """What acts entry by entry; scalars in it are what they are."""
    return map_children(expr, lambda child: at_entry(child, places if child.shape else (), letters))


def _identity(expr: Expr, places: Places, letters: Letters) -> Expr:
    return Delta(*places)


def _transpose(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Transpose)
    return at_entry(expr.operand, (places[1], places[0]), letters)


def _product(expr: Expr, places: Places, letters: Letters) -> Expr:
    """(W v)_j = sum_i (W)_ji (v)_i."""
    assert isinstance(expr, Product)

    def term(inner: Places) -> Expr:
        left = at_entry(expr.left, (places[0], *inner), letters)
        return forms.mul((left, at_entry(expr.right, (*inner, *places[1:]), letters)))

    return summed(expr.left.shape[1:], letters, term)


def _lookup(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Lookup)
    return at_entry(expr.table, (expr.row, *places), letters)


def _one_hot(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, OneHot)
    return Delta(places[0], expr.position)


def _pick(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Pick)
    if isinstance(expr.vector, Vector):
        return Entry(expr.vector, (expr.position,))
    return at_entry(expr.vector, (expr.position,), letters)


def _concat(expr: Expr, places: Places, letters: Letters) -> Expr:
    """(u; v)_i = sum_k delta_ik (u)_k + sum_k delta_i,d+k (v)_k, d the length of u."""
    assert isinstance(expr, Concat)
    terms = []
    for number, part in enumerate(expr.parts):
        before = add_dims(p.shape[0] if p.shape else 1 for p in expr.parts[:number])

        def term(inner: Places, part: Expr = part, before: Dim = before) -> Expr:
            here = Delta(places[0], Behind(inner[0], before))
            return forms.mul((here, at_entry(part, inner if part.shape else (), letters)))

        terms.append(summed(part.shape or (1,), letters, term))
    return forms.add(terms)


def _slice(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Slice)
    return at_entry(
        expr.vector, (Behind(places[0], add_dims(expr.blocks[: expr.number])),), letters
    )


def _vector(expr: Expr, places: Places, letters: Letters) -> Expr:
    """A function of vectors by its definition; the sum is one over all places."""
    assert isinstance(expr, Vector)
    if expr.function != "sum":
        return at_entry(definition(expr), places, letters)
    (array,) = expr.args
    return summed(array.shape, letters, lambda inner: at_entry(array, inner, letters))


def _outer(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Outer)
    left = at_entry(expr.left, places[:1], letters)
    return forms.mul((left, at_entry(expr.right, places[1:], letters)))


def _fill(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Fill)
    return at_entry(expr.scalar, (), letters)


def _cases(expr: Expr, places: Places, letters: Letters) -> Expr:
    """delta on + (1 - delta) off."""
    assert isinstance(expr, Cases)
    here = Delta(places[0], expr.position)
    on, off = (at_entry(e, places if e.shape else (), letters) for e in (expr.on, expr.off))
    return forms.add((forms.mul((here, on)), forms.mul((Add((ONE, Neg(here))), off))))


def _loss(expr: Expr, places: Places, letters: Letters) -> Expr:
    """A loss by its definition; an abstract one, or a gradient, as it is."""
    assert isinstance(expr, Loss)
    row = LOSSES.get(expr.function)
    if row is None or expr.wrt is not None:
        return entry_of(expr, places)
    return at_entry(loss_formula(expr, row.definition), (), letters)


def _pullback(expr: Expr, places: Places, letters: Letters) -> Expr:
    """sum_k dL/d(y)_k d(y)_k/d(x)_i."""
    assert isinstance(expr, Pullback)
    wrt = entry_of(expr.wrt, places)

    def term(inner: Places) -> Expr:
        cotangent = at_entry(expr.cotangent, inner, letters)
        return Mul((cotangent, Slope(entry_of(expr.output, inner), wrt)))

    return summed(expr.output.shape, letters, term)


def _each_by_itself(expr: Expr, places: Places, letters: Letters) -> Expr:
    """Sums over time keep their place; terms may use the same letters."""
    assert isinstance(expr, TimeSum)
    return replace(expr, term=at_entry(expr.term, places, letters))


Rule = Callable[[Expr, Places, Letters], Expr]

ENTRIES: dict[type[Expr], Rule] = {
    **dict.fromkeys((Number, Constant, Length, Horizon), _number),
    **dict.fromkeys((Param, Ref, Cotangent), _name),
    **dict.fromkeys((Add, Neg, Mul, Div, Pow, Call), _by_entries),
    Identity: _identity,
    Transpose: _transpose,
    Product: _product,
    Lookup: _lookup,
    OneHot: _one_hot,
    Pick: _pick,
    Concat: _concat,
    Slice: _slice,
    Vector: _vector,
    Outer: _outer,
    Fill: _fill,
    Cases: _cases,
    Loss: _loss,
    Pullback: _pullback,
    TimeSum: _each_by_itself,
}
"""How each kind is read at an entry."""


# --- sums over letters worked out where a delta leaves one term of them --------------------


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
