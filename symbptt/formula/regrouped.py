"""Edits of what multiplies: slopes, complements, functions, quotients, parentheses, sums of steps.

Rows of `symbptt.formula.edits`, as those are pure functions of the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from symbptt import algebra as al
from symbptt.algebra.index import FIRST, LAST, NOW
from symbptt.algebra.letters import Entry
from symbptt.calculus.slips import Slip
from symbptt.formula.statement import free_names, parts
from symbptt.functions.elementwise import FUNCTIONS

Edits = Iterator[tuple[Slip, al.Expr]]

TWO = al.Number(Fraction(2), "2")


def tanh_slope(value: al.Expr) -> al.Expr:
    """``1 - h**2``"""
    return al.Add((al.ONE, al.Neg(al.Pow(value, TWO))))


def complement(value: al.Expr) -> al.Expr:
    """``1 - z``"""
    return al.Add((al.ONE, al.Neg(value)))


def sigmoid_slope(value: al.Expr) -> tuple[al.Expr, ...]:
    """The factors of ``s * (1 - s)``"""
    return value, complement(value)


def product_of(factors: tuple[al.Expr, ...]) -> al.Expr:
    flat = [f for one in factors for f in (one.factors if isinstance(one, al.Mul) else (one,))]
    return al.ONE if not flat else flat[0] if len(flat) == 1 else al.Mul(tuple(flat))


def complemented(node: al.Expr) -> al.Expr | None:
    """z, of ``1 - z``."""
    match node:
        case al.Add(terms=(al.Number(value=one), al.Neg(operand=part))) if one == 1:
            return part
    return None


def sloped(node: al.Expr) -> al.Expr | None:
    """h, of ``1 - h**2`` or ``1 - h * h``."""
    match complemented(node):
        case al.Pow(base=base, exponent=al.Number(value=two)) if two == 2:
            return base
        case al.Mul(factors=(left, right)) if left == right:
            return left
    return None


# --- slopes, complements, functions --------------------------------------------------------


def factor_edits(node: al.Expr, parent: al.Expr | None) -> Edits:
    """What stands in the place of one factor, or of one that is a whole term."""
    beside = isinstance(parent, al.Mul | al.Diag | al.Div | al.Outer | al.Product | al.Add | None)
    base = sloped(node)
    if isinstance(node, al.Neg) and isinstance(parent, al.Mul | al.Diag):
        yield Slip.MISSING, al.Add((al.ONE, node))
    if base is not None:
        yield Slip.SLOPE, product_of(sigmoid_slope(base))
        yield Slip.NO_SLOPE, base
        yield Slip.NO_SLOPE, al.Call("tanh", (base,))
    if isinstance(node, al.Pow) and isinstance(parent, al.Mul | al.Diag):
        yield Slip.COMPLEMENT, complement(node)
    if not beside or not _is_value(node):
        return
    if not isinstance(parent, al.Add):
        yield Slip.COMPLEMENT, complement(node)
    values = [node]
    if isinstance(node, al.Call) and len(node.args) == 1:
        values.append(node.args[0])
        if node.function not in FUNCTIONS:
            bare = node.wrt is None
            yield Slip.VALUE if bare else Slip.NO_SLOPE, replace(node, wrt=0 if bare else None)
    if not isinstance(parent, al.Product):
        for value in values:
            yield Slip.VALUE, product_of(sigmoid_slope(value))
            yield Slip.VALUE, tanh_slope(value)


def slope_edits(node: al.Mul) -> Edits:
    """The slope of tanh for ``s * (1 - s)`` among the factors, and what was left of it."""
    for k, factor in enumerate(node.factors):
        part = complemented(factor)
        if part is None:
            continue
        rest = (*node.factors[:k], *node.factors[k + 1 :])
        if part in rest:
            j = rest.index(part)
            yield Slip.SLOPE, product_of((*rest[:j], tanh_slope(part), *rest[j + 1 :]))
            yield Slip.SLOPE, product_of((*rest[:j], *rest[j + 1 :]))
        else:
            halved = (*node.factors[:k], part, *node.factors[k:])
            yield Slip.MISSING_FACTOR, product_of(halved)


def function_edits(node: al.Expr, parent: al.Expr | None, functions: tuple[str, ...]) -> Edits:
    """Applied twice, once too often, not at all, or another one."""
    if isinstance(node, al.Call) and len(node.args) == 1 and node.wrt is None:
        (inner,) = node.args
        if isinstance(inner, al.Call) and inner.function == node.function:
            yield Slip.TWICE, inner
        for other in functions:
            if other != node.function:
                yield Slip.FUNCTION, replace(node, function=other)
    elif _is_value(node) and not isinstance(parent, al.Call):
        yield from ((Slip.UNAPPLIED, al.Call(other, (node,))) for other in functions)


def _is_value(node: al.Expr) -> bool:
    """A quantity, an entry of one, or a function of it."""
    return isinstance(node, al.Ref | Entry | al.Call)


# --- quotients, parentheses, sums over the steps ---------------------------------------------


def quotient_edits(node: al.Expr) -> Edits:
    match node:
        case al.Div(numerator=above, denominator=below) if not isinstance(below, al.Count):
            yield Slip.QUOTIENT, product_of((above, below))


def group_edits(node: al.Expr) -> Edits:
    """Parentheses around a sum before a factor, or around a product; and none."""
    match node:
        case al.Add(terms=terms):
            for k, term in enumerate(terms):
                yield from _factor_of_a_sum(terms, k, term)
        case al.Mul(factors=factors):
            for k, factor in enumerate(factors):
                rest = (factors[:k], factors[k + 1 :])
                if isinstance(factor, al.Add) and len(factor.terms) > 1:
                    yield from _factor_of_a_term(factor, rest)
                if isinstance(factor, al.Product):
                    yield from _factor_inside(factor, rest)
        case al.Product(left=left, right=right):
            yield from _factor_outside(left, right)


def _factor_of_a_sum(terms: tuple[al.Expr, ...], k: int, term: al.Expr) -> Edits:
    """``(A + B) * s`` for ``A + B * s``, the terms from or up to this one."""
    sign, inner = (al.Neg, term.operand) if isinstance(term, al.Neg) else (None, term)
    for last, rest, factor in _parted(inner):
        bare = rest if sign is None else al.Neg(rest)
        groups = [(0, k)] if last else [(k, len(terms) - 1)]
        groups += [(0, len(terms) - 1)] if groups != [(0, len(terms) - 1)] else []
        for first, end in groups:
            if first == end:
                continue
            group = al.Add((*terms[first:k], bare, *terms[k + 1 : end + 1]))
            whole = factor(group)
            kept = (*terms[:first], whole, *terms[end + 1 :])
            yield Slip.PARENTHESES, kept[0] if len(kept) == 1 else al.Add(kept)


def _parted(term: al.Expr) -> Iterator[tuple[bool, al.Expr, Callable[[al.Expr], al.Expr]]]:
    """A term without its last or first factors, and what multiplies by these."""

    def times(*factors: al.Expr) -> Callable[[al.Expr], al.Expr]:
        return lambda group: al.Mul((group, *factors))

    def multiplied(*factors: al.Expr) -> Callable[[al.Expr], al.Expr]:
        return lambda group: al.Mul((*factors, group))

    match term:
        case al.Mul(factors=factors):
            for k in range(1, len(factors)):
                yield True, product_of(factors[:k]), times(*factors[k:])
                yield False, product_of(factors[k:]), multiplied(*factors[:k])
        case al.Product(left=left, right=right):
            yield True, left, lambda group: al.Product(group, right)
            yield False, right, lambda group: al.Product(left, group)
        case al.Div(numerator=above, denominator=below):
            yield True, above, lambda group: al.Div(group, below)


def _factor_of_a_term(
    factor: al.Add, rest: tuple[tuple[al.Expr, ...], tuple[al.Expr, ...]]
) -> Edits:
    """``A + B * s`` for ``(A + B) * s``."""
    before, behind = rest
    for place in (len(factor.terms) - 1, 0):
        term = factor.terms[place]
        bare = term.operand if isinstance(term, al.Neg) else term
        whole = product_of((*before, bare, *behind))
        signed = whole if bare is term else al.Neg(whole)
        yield (
            Slip.PARENTHESES,
            al.Add((*factor.terms[:place], signed, *factor.terms[place + 1 :])),
        )


def _factor_inside(
    factor: al.Product, rest: tuple[tuple[al.Expr, ...], tuple[al.Expr, ...]]
) -> Edits:
    """``W.T @ (v * s)`` for ``(W.T @ v) * s``; all that stands beside it, or the next one."""
    before, behind = rest
    splits = {(len(before), len(behind)), (0, min(1, len(behind))), (min(1, len(before)), 0)}
    for near, far in sorted(splits, reverse=True):
        inner, outer = before[len(before) - near :], before[: len(before) - near]
        for side in ("right", "left"):
            old = getattr(factor, side)
            new = replace(factor, **{side: product_of((*inner, old, *behind[:far]))})
            yield Slip.PARENTHESES, product_of((*outer, new, *behind[far:]))


def _factor_outside(left: al.Expr, right: al.Expr) -> Edits:
    """``(W.T @ v) * s`` for ``W.T @ (v * s)``."""
    if isinstance(right, al.Mul):
        for k, factor in enumerate(right.factors):
            rest = product_of((*right.factors[:k], *right.factors[k + 1 :]))
            yield Slip.PARENTHESES, al.Mul((al.Product(left, rest), factor))
    if isinstance(left, al.Mul):
        for k, factor in enumerate(left.factors):
            rest = product_of((*left.factors[:k], *left.factors[k + 1 :]))
            yield Slip.PARENTHESES, al.Mul((factor, al.Product(rest, right)))


def sum_edits(node: al.Expr, parent: al.Expr | None) -> Edits:
    """A sum over the steps that was lost, or is too many."""
    if isinstance(node, al.TimeSum):
        yield Slip.NO_SUM, node.term
    elif parent is None or isinstance(parent, al.Add | al.Neg):
        for name in sorted(free_names(node) - {"T"}):
            yield Slip.SUM, al.TimeSum(node, FIRST, LAST, name)
        every = _at_every_step(node)
        if every != node:
            yield Slip.SUM, al.TimeSum(every, FIRST, LAST, "t")


def _at_every_step(node: al.Expr) -> al.Expr:
    """What is said of step T, or of step 1, said of step t."""
    for place, part in enumerate(parts(node)):
        node = al.with_child(node, place, _at_every_step(part))
    if not isinstance(node, al.Ref):
        return node
    index = node.index.substitute({"T": NOW})
    return replace(node, index=index if index.names() else NOW + (index.offset - 1))
