"""Exact arithmetic on numbers and named constants, bounded in size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

from symbptt.language.limits import MAX_EXPONENT
from symbptt.language.source import Findings, Place
from symbptt.language.surface import (
    Assignment,
    Literal,
    Minus,
    Named,
    Node,
    Over,
    Plus,
    Power,
    Times,
    walk,
)

_MAX_BITS = 8192
_LARGEST = Fraction(10) ** MAX_EXPONENT


class ArithmeticFinding(Exception):
    """A number that does not exist or is too large, at a place."""

    def __init__(self, place: Place, message: str) -> None:
        self.place = place
        self.message = message
        super().__init__(message)


def fold(node: Node, known: Mapping[str, Fraction]) -> Fraction | None:
    """The exact value of an expression of numbers and constants; None if it is not one.

    Raises
    ------
    ArithmeticFinding
        If it divides by zero or its value is too large.
    """
    value = _fold(node, known)
    if value is not None and _bits(value) > _MAX_BITS:
        raise _too_large(node)
    return value


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _too_large(node: Node) -> ArithmeticFinding:
    return ArithmeticFinding(node.place, "this number is too large, or has too many digits")


def _fold(node: Node, known: Mapping[str, Fraction]) -> Fraction | None:
    match node:
        case Literal(value=value):
            return value
        case Named(name=name):
            return known.get(name)
        case Minus(operand=operand):
            inner = fold(operand, known)
            return None if inner is None else -inner
        case Plus(terms=terms):
            total = Fraction(0)
            for term in terms:
                value_of = fold(term, known)
                if value_of is None:
                    return None
                total += value_of
            return total
        case Times(factors=factors):
            return _product(node, factors, known)
        case Over(numerator=numerator, denominator=denominator):
            above, below = fold(numerator, known), fold(denominator, known)
            if above is None or below is None:
                return None
            if below == 0:
                raise ArithmeticFinding(denominator.place, "this divides by zero")
            return above / below
        case Power(base=base, exponent=exponent):
            return _power(node, fold(base, known), fold(exponent, known))
    return None


def _product(node: Node, factors: list[Node], known: Mapping[str, Fraction]) -> Fraction | None:
    total = Fraction(1)
    for factor in factors:
        value = fold(factor, known)
        if value is None:
            return None
        total *= value
        if _bits(total) > _MAX_BITS:
            raise _too_large(node)
    return total


def _power(node: Node, base: Fraction | None, exponent: Fraction | None) -> Fraction | None:
    if base is None or exponent is None or exponent.denominator != 1:
        return None
    if base == 0 and exponent < 0:
        raise ArithmeticFinding(node.place, "this divides by zero")
    if _bits(base) * abs(exponent) > _MAX_BITS and abs(base) != 1 and base != 0:
        raise _too_large(node)
    return Fraction(base ** (int(exponent) % 2 if abs(base) == 1 else int(exponent)))


def evaluate(assignments: Iterable[Assignment], findings: Findings) -> dict[str, Fraction]:
    """The constants among assignments, whatever their order; sets their ``value``.

    An assignment is a constant if its right-hand side holds nothing but numbers and
    other constants, in exact arithmetic. Cycles are left to the roles.
    """
    by_name = {one.name: one for one in assignments}
    needs = {
        name: [node.name for node in walk(one.rhs) if isinstance(node, Named)]
        for name, one in by_name.items()
    }
    inner = {name: [n for n in names if n in by_name] for name, names in needs.items()}
    known: dict[str, Fraction] = {}
    for name in _ordered(inner):
        one = by_name[name]
        try:
            one.value = fold(one.rhs, known)
        except ArithmeticFinding as found:
            findings.add(found.place, found.message)
            one.value = Fraction(1)
        if one.value is not None and abs(one.value) > _LARGEST:
            findings.add(one.rhs.place, f"this number is beyond 1e{MAX_EXPONENT}")
            one.value = Fraction(1)
        if one.value is not None:
            known[name] = one.value
    return known


def _ordered(needs: Mapping[str, list[str]]) -> list[str]:
    """Names after what they need; those on a cycle are left out."""
    left = dict(needs)
    while True:
        try:
            return list(TopologicalSorter(left).static_order())
        except CycleError as error:
            cycle = set(error.args[1])
            left = {
                name: [n for n in names if n not in cycle]
                for name, names in left.items()
                if name not in cycle
            }
