"""Constructors that leave out what a textbook leaves out: factors 1, terms 0, double signs.

They never reorder or distribute what the author wrote; only numbers and T, which a
textbook sets in front, move to the front of a product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby

from symbptt import algebra as al
from symbptt.errors import MissingRuleError
from symbptt.functions.vectors import vector


def is_zero(expr: al.Expr) -> bool:
    return (isinstance(expr, al.Number) and expr.value == 0) or (
        isinstance(expr, al.Fill) and is_zero(expr.scalar)
    )


def is_number(expr: al.Expr) -> bool:
    """Whether an expression holds nothing but numbers, constants, lengths and T."""
    plain = (al.Number, al.Constant, al.Horizon, al.Length, al.Neg, al.Mul, al.Div, al.Pow, al.Add)
    return all(isinstance(node, plain) for node in al.walk(expr))


def add(terms: Iterable[al.Expr], shape: al.Shape = ()) -> al.Expr:
    """The sum without its zeros; an empty sum is the zero of ``shape``."""
    kept: list[al.Expr] = []
    for term in terms:
        kept.extend(al.terms_of(term))
    kept = [term for term in kept if not is_zero(term)]
    if not kept:
        return zero(shape)
    if len(kept) == 1:
        return kept[0]
    first = next((k for k, term in enumerate(kept) if not isinstance(term, al.Neg)), 0)
    return al.Add((kept[first], *kept[:first], *kept[first + 1 :]))


def zero(shape: al.Shape) -> al.Expr:
    return al.Fill(al.ZERO, shape) if shape else al.ZERO


def neg(expr: al.Expr) -> al.Expr:
    if is_zero(expr):
        return expr
    return expr.operand if isinstance(expr, al.Neg) else al.Neg(expr)


def mul(factors: Iterable[al.Expr]) -> al.Expr:
    """The product with its sign in front, then its numbers, then the rest in order."""
    negative = False
    rest: list[al.Expr] = []
    numbers: list[al.Expr] = []
    value = Fraction(1)
    spelled: al.Number | None = None
    pending = list(factors)
    while pending:
        factor = pending.pop(0)
        if isinstance(factor, al.Neg):
            negative = not negative
            pending.insert(0, factor.operand)
        elif isinstance(factor, al.Mul):
            pending[:0] = factor.factors
        elif isinstance(factor, al.Number):
            if factor.value != 1:
                spelled = factor if value == 1 else None
                value *= factor.value
        elif is_number(factor):
            numbers.append(factor)
        else:
            rest.append(factor)
    if value == 0:
        return al.ZERO
    if value < 0:
        negative, value, spelled = not negative, -value, None
    if value != 1:
        numbers.insert(0, spelled if spelled is not None else al.Number(value))
    parts = tuple(numbers + rest)
    product = al.ONE if not parts else parts[0] if len(parts) == 1 else al.Mul(parts)
    return al.Neg(product) if negative else product


def div(numerator: al.Expr, denominator: al.Expr) -> al.Expr:
    if is_zero(numerator) or denominator == al.ONE:
        return numerator
    if isinstance(numerator, al.Neg):
        return neg(div(numerator.operand, denominator))
    return al.Div(numerator, denominator)


def power(base: al.Expr, exponent: al.Expr) -> al.Expr:
    return base if exponent == al.ONE else al.ONE if is_zero(exponent) else al.Pow(base, exponent)


def scaled(coefficient: al.Expr, cotangent: al.Expr, shape: al.Shape) -> al.Expr:
    """``coefficient`` times ``cotangent``, entry by entry, in ``shape``.

    Where the operand is a scalar that was broadcast, the entries are summed.
    """
    if is_zero(coefficient) or is_zero(cotangent):
        return zero(shape)
    if shape:
        product = mul((coefficient, cotangent))
        return product if product.shape == shape else fill(product, shape)
    if not cotangent.shape:
        return total(mul((coefficient, cotangent)))
    if not coefficient.shape:
        return mul((coefficient, total(cotangent)))
    if isinstance(coefficient, al.Neg):
        return neg(vector("dot", coefficient.operand, cotangent))
    return vector("dot", coefficient, cotangent)


def total(expr: al.Expr) -> al.Expr:
    """The sum of all entries; of a scalar, the scalar."""
    if not expr.shape:
        return expr
    if isinstance(expr, al.Neg):
        return neg(total(expr.operand))
    return vector("sum", expr)


def fill(scalar: al.Expr, shape: al.Shape) -> al.Expr:
    if is_zero(scalar):
        return zero(shape)
    if isinstance(scalar, al.Neg):
        return neg(fill(scalar.operand, shape))
    return al.Fill(scalar, shape)


def terms_of(expr: al.Expr) -> tuple[al.Expr, ...]:
    """The terms of a sum; none of a zero."""
    return () if is_zero(expr) else al.terms_of(expr)


def unsigned_terms(expr: al.Expr) -> Iterator[al.Expr]:
    """The terms of a sum of sums, signs taken off."""
    if isinstance(expr, al.Add):
        for term in expr.terms:
            yield from unsigned_terms(term)
    elif isinstance(expr, al.Neg):
        yield from unsigned_terms(expr.operand)
    else:
        yield expr


def exact(number: al.Expr) -> Fraction:
    """The number that a number, a constant or the negative of one is.

    Raises
    ------
    MissingRuleError
        If it is something else.
    """
    match number:
        case al.Number(value=value) | al.Constant(value=value):
            return value
        case al.Neg(operand=operand):
            return -exact(operand)
    raise MissingRuleError(f"expected a number, found {type(number).__name__}")


def tidy(node: al.Expr) -> al.Expr:
    """An arithmetic node without what a textbook leaves out; another node as it is."""
    match node:
        case al.Add(terms=terms):
            return add(terms)
        case al.Neg(operand=operand):
            return neg(operand)
        case al.Mul(factors=factors):
            return mul(factors)
        case al.Div(numerator=numerator, denominator=denominator):
            return div(numerator, denominator)
    return node


# --- chains of equals ------------------------------------------------------------------------


def in_step(chains: Iterable[tuple[al.Expr, ...]], shape: al.Shape = ()) -> tuple[al.Expr, ...]:
    """The chain of a sum of chains: as long as the longest, the others standing still."""
    chains = tuple(chains)
    length = max((len(chain) for chain in chains), default=1)
    return tuple(
        add((chain[min(k, len(chain) - 1)] for chain in chains), shape) for k in range(length)
    )


def distinct(members: Iterable[al.Expr]) -> tuple[al.Expr, ...]:
    """The members of a chain without those that repeat the one before."""
    return tuple(member for member, _ in groupby(members))
