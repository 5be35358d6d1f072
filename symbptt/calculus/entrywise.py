"""Expressions read at one entry: one row a node kind.

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
    Dot,
    Expr,
    Fill,
    Horizon,
    Identity,
    Length,
    LogSoftmax,
    Lookup,
    Loss,
    Mean,
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
    Shape,
    Slice,
    Softmax,
    Sum,
    TimeSum,
    Transpose,
    add_dims,
    map_children,
)
from symbptt.algebra.letters import Behind, Delta, Entry, Letter, Letters, LetterSum, Slope
from symbptt.calculus import forms
from symbptt.errors import MissingRuleError

HALF = Number(Fraction(1, 2))
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


def _softmax(expr: Expr, places: Places, letters: Letters) -> Expr:
    """softmax(v)_i = exp((v)_i) / sum_k exp((v)_k)."""
    assert isinstance(expr, Softmax)
    above = Call("exp", (at_entry(expr.vector, places, letters),))
    return Div(above, _exponentials(expr.vector, letters))


def _log_softmax(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, LogSoftmax)
    return Call("log", (_softmax(Softmax(expr.vector), places, letters),))


def log_softmax_difference(expr: LogSoftmax, places: Places, letters: Letters) -> Expr:
    """The logarithm of the quotient as a difference: (v)_i - log sum_k exp((v)_k)."""
    here = at_entry(expr.vector, places, letters)
    return Add((here, Neg(Call("log", (_exponentials(expr.vector, letters),)))))


def _exponentials(vector: Expr, letters: Letters) -> Expr:
    return summed(
        vector.shape, letters, lambda inner: Call("exp", (at_entry(vector, inner, letters),))
    )


def _sum(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Sum)
    shape = expr.operand.shape
    return summed(shape, letters, lambda inner: at_entry(expr.operand, inner, letters))


def _mean(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Mean)
    share = Div(ONE, number_of_entries(expr.operand.shape))
    return forms.mul((share, _sum(Sum(expr.operand), places, letters)))


def number_of_entries(shape: Shape) -> Expr:
    return forms.mul(Number(Fraction(d)) if isinstance(d, int) else Length(d) for d in shape)


def _dot(expr: Expr, places: Places, letters: Letters) -> Expr:
    assert isinstance(expr, Dot)

    def term(inner: Places) -> Expr:
        left = at_entry(expr.left, inner, letters)
        if expr.left == expr.right:
            return Pow(left, TWO)
        return forms.mul((left, at_entry(expr.right, inner, letters)))

    return summed(expr.left.shape, letters, term)


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
    definition = LOSSES.get(expr.function)
    if definition is None or expr.wrt is not None:
        return entry_of(expr, places)
    return definition(expr, letters)


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
    Softmax: _softmax,
    LogSoftmax: _log_softmax,
    Sum: _sum,
    Mean: _mean,
    Dot: _dot,
    Outer: _outer,
    Fill: _fill,
    Cases: _cases,
    Loss: _loss,
    Pullback: _pullback,
    TimeSum: _each_by_itself,
}
"""How each kind is read at an entry."""


# --- the losses of the table ---------------------------------------------------------------


def _pair(expr: Loss, inner: Places, letters: Letters) -> tuple[Expr, Expr]:
    places = inner if expr.prediction.shape else ()
    return at_entry(expr.prediction, places, letters), at_entry(expr.target, places, letters)


def _squared_error(expr: Loss, letters: Letters) -> Expr:
    """(1/2) sum_k ((o)_k - (y)_k)^2."""

    def term(inner: Places) -> Expr:
        o, y = _pair(expr, inner, letters)
        return Pow(Add((o, Neg(y))), TWO)

    return forms.mul((HALF, summed(expr.prediction.shape, letters, term)))


def _softmax_cross_entropy(expr: Loss, letters: Letters) -> Expr:
    """-log softmax(o)_y."""
    return Neg(Call("log", (Entry(Softmax(expr.prediction), (expr.target,)),)))


def _binary_cross_entropy(expr: Loss, letters: Letters) -> Expr:
    """sum_k (softplus((o)_k) - (y)_k (o)_k).

    It is -y log s - (1 - y) log(1 - s) with s = sigmoid(o), since -log s = softplus(-o),
    -log(1 - s) = softplus(o) and softplus(o) - softplus(-o) = o.
    """

    def term(inner: Places) -> Expr:
        o, y = _pair(expr, inner, letters)
        return Add((Call("softplus", (o,)), Neg(Mul((y, o)))))

    return summed(expr.prediction.shape, letters, term)


LOSSES: dict[str, Callable[[Loss, Letters], Expr]] = {
    "squared_error": _squared_error,
    "softmax_cross_entropy": _softmax_cross_entropy,
    "binary_cross_entropy": _binary_cross_entropy,
}
"""The losses of the table by their entries."""

__all__ = ["ENTRIES", "LOSSES", "Letter", "at_entry", "entry_of", "number_of_entries", "summed"]
