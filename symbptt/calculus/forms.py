"""Constructors that leave out what a textbook leaves out: factors 1, terms 0, double signs.

They never reorder or distribute what the author wrote; only numbers and T, which a
textbook sets in front, move to the front of a product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby

from symbptt.algebra import (
    ONE,
    ZERO,
    Add,
    Constant,
    Div,
    Expr,
    Fill,
    Horizon,
    Length,
    Mul,
    Neg,
    Number,
    Pow,
    Shape,
    walk,
)
from symbptt.errors import MissingRuleError
from symbptt.functions.vectors import vector


def is_zero(expr: Expr) -> bool:
    return (isinstance(expr, Number) and expr.value == 0) or (
        isinstance(expr, Fill) and is_zero(expr.scalar)
    )


def is_number(expr: Expr) -> bool:
    """Whether an expression holds nothing but numbers, constants, lengths and T."""
    plain = Number | Constant | Horizon | Length | Neg | Mul | Div | Pow | Add
    return all(isinstance(node, plain) for node in walk(expr))


def add(terms: Iterable[Expr], shape: Shape = ()) -> Expr:
    """The sum without its zeros; an empty sum is the zero of ``shape``."""
    kept: list[Expr] = []
    for term in terms:
        kept.extend(term.terms if isinstance(term, Add) else (term,))
    kept = [term for term in kept if not is_zero(term)]
    if not kept:
        return zero(shape)
    if len(kept) == 1:
        return kept[0]
    first = next((k for k, term in enumerate(kept) if not isinstance(term, Neg)), 0)
    return Add((kept[first], *kept[:first], *kept[first + 1 :]))


def zero(shape: Shape) -> Expr:
    return Fill(ZERO, shape) if shape else ZERO


def neg(expr: Expr) -> Expr:
    if is_zero(expr):
        return expr
    return expr.operand if isinstance(expr, Neg) else Neg(expr)


def mul(factors: Iterable[Expr]) -> Expr:
    """The product with its sign in front, then its numbers, then the rest in order."""
    negative = False
    rest: list[Expr] = []
    numbers: list[Expr] = []
    value = Fraction(1)
    spelled: Number | None = None
    pending = list(factors)
    while pending:
        factor = pending.pop(0)
        if isinstance(factor, Neg):
            negative = not negative
            pending.insert(0, factor.operand)
        elif isinstance(factor, Mul):
            pending[:0] = factor.factors
        elif isinstance(factor, Number):
            if factor.value != 1:
                spelled = factor if value == 1 else None
                value *= factor.value
        elif is_number(factor):
            numbers.append(factor)
        else:
            rest.append(factor)
    if value == 0:
        return ZERO
    if value < 0:
        negative, value, spelled = not negative, -value, None
    if value != 1:
        numbers.insert(0, spelled if spelled is not None else Number(value))
    parts = tuple(numbers + rest)
    product = ONE if not parts else parts[0] if len(parts) == 1 else Mul(parts)
    return Neg(product) if negative else product


def div(numerator: Expr, denominator: Expr) -> Expr:
    if is_zero(numerator) or denominator == ONE:
        return numerator
    if isinstance(numerator, Neg):
        return neg(div(numerator.operand, denominator))
    return Div(numerator, denominator)


def power(base: Expr, exponent: Expr) -> Expr:
    return base if exponent == ONE else ONE if is_zero(exponent) else Pow(base, exponent)


def scaled(coefficient: Expr, cotangent: Expr, shape: Shape) -> Expr:
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
    if isinstance(coefficient, Neg):
        return neg(vector("dot", coefficient.operand, cotangent))
    return vector("dot", coefficient, cotangent)


def total(expr: Expr) -> Expr:
    """The sum of all entries; of a scalar, the scalar."""
    if not expr.shape:
        return expr
    if isinstance(expr, Neg):
        return neg(total(expr.operand))
    return vector("sum", expr)


def fill(scalar: Expr, shape: Shape) -> Expr:
    if is_zero(scalar):
        return zero(shape)
    if isinstance(scalar, Neg):
        return neg(fill(scalar.operand, shape))
    return Fill(scalar, shape)


def terms_of(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; none of a zero."""
    if is_zero(expr):
        return ()
    return expr.terms if isinstance(expr, Add) else (expr,)


def unsigned_terms(expr: Expr) -> Iterator[Expr]:
    """The terms of a sum of sums, signs taken off."""
    if isinstance(expr, Add):
        for term in expr.terms:
            yield from unsigned_terms(term)
    elif isinstance(expr, Neg):
        yield from unsigned_terms(expr.operand)
    else:
        yield expr


def exact(number: Expr) -> Fraction:
    """The number that a number, a constant or the negative of one is.

    Raises
    ------
    MissingRuleError
        If it is something else.
    """
    match number:
        case Number(value=value) | Constant(value=value):
            return value
        case Neg(operand=operand):
            return -exact(operand)
    raise MissingRuleError(f"expected a number, found {type(number).__name__}")


def tidy(node: Expr) -> Expr:
    """An arithmetic node without what a textbook leaves out; another node as it is."""
    match node:
        case Add(terms=terms):
            return add(terms)
        case Neg(operand=operand):
            return neg(operand)
        case Mul(factors=factors):
            return mul(factors)
        case Div(numerator=numerator, denominator=denominator):
            return div(numerator, denominator)
    return node


# --- chains of equals ------------------------------------------------------------------------


def in_step(chains: Iterable[tuple[Expr, ...]], shape: Shape = ()) -> tuple[Expr, ...]:
    """The chain of a sum of chains: as long as the longest, the others standing still."""
    chains = tuple(chains)
    length = max((len(chain) for chain in chains), default=1)
    return tuple(
        add((chain[min(k, len(chain) - 1)] for chain in chains), shape) for k in range(length)
    )


def distinct(members: Iterable[Expr]) -> tuple[Expr, ...]:
    """The members of a chain without those that repeat the one before."""
    return tuple(member for member, _ in groupby(members))
