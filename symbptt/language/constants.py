"""Exact arithmetic on numbers and named constants, bounded in size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from math import prod

from symbptt.algebra import Index
from symbptt.language import surface as sf
from symbptt.language.limits import MAX_EXPONENT
from symbptt.language.source import Findings, Place

_MAX_BITS = 8192
_LARGEST = Fraction(10) ** MAX_EXPONENT


class ArithmeticFinding(Exception):
    """A number that does not exist or is too large, at a place."""

    def __init__(self, place: Place, message: str) -> None:
        self.place = place
        self.message = message
        super().__init__(message)


def fold(node: sf.Node, known: Mapping[str, Fraction]) -> Fraction | None:
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


def _too_large(node: sf.Node) -> ArithmeticFinding:
    return ArithmeticFinding(node.place, "this number is too large, or has too many digits")


def _fold(node: sf.Node, known: Mapping[str, Fraction]) -> Fraction | None:
    match node:
        case sf.Literal(value=value):
            return value
        case sf.Named(name=name):
            return known.get(name)
        case sf.Minus(operand=operand):
            inner = fold(operand, known)
            return None if inner is None else -inner
        case sf.Plus(terms=terms):
            total = Fraction(0)
            for term in terms:
                value_of = fold(term, known)
                if value_of is None:
                    return None
                total += value_of
            return total
        case sf.Times(factors=factors):
            return _product(node, factors, known)
        case sf.Over(numerator=numerator, denominator=denominator):
            above, below = fold(numerator, known), fold(denominator, known)
            if above is None or below is None:
                return None
            if below == 0:
                raise ArithmeticFinding(denominator.place, "this divides by zero")
            return above / below
        case sf.Power(base=base, exponent=exponent):
            return _power(node, fold(base, known), fold(exponent, known))
    return None


def _product(
    node: sf.Node, factors: list[sf.Node], known: Mapping[str, Fraction]
) -> Fraction | None:
    total = Fraction(1)
    for factor in factors:
        value = fold(factor, known)
        if value is None:
            return None
        total *= value
        if _bits(total) > _MAX_BITS:
            raise _too_large(node)
    return total


def _power(node: sf.Node, base: Fraction | None, exponent: Fraction | None) -> Fraction | None:
    if base is None or exponent is None or exponent.denominator != 1:
        return None
    if base == 0 and exponent < 0:
        raise ArithmeticFinding(node.place, "this divides by zero")
    if _bits(base) * abs(exponent) > _MAX_BITS and abs(base) != 1 and base != 0:
        raise _too_large(node)
    return Fraction(base ** (int(exponent) % 2 if abs(base) == 1 else int(exponent)))


def linear(node: sf.Node, known: Mapping[str, Fraction]) -> Index | None:
    """A step or a place: a linear form in names and whole numbers; None if it is none.

    Raises
    ------
    ArithmeticFinding
        If its numbers are not whole, or no numbers at all.
    """
    form = _linear(node, known)
    if form is None:
        return None
    for value in form.values():
        if value.denominator != 1:
            message = f"a step is a whole number, as in `h[t-1]`, and here is {value}"
            raise ArithmeticFinding(node.place, message)
    offset = int(form.pop("", 0))
    return Index(tuple((name, int(value)) for name, value in form.items() if value), offset)


def _linear(node: sf.Node, known: Mapping[str, Fraction]) -> dict[str, Fraction] | None:
    """The coefficient of every name; of "" the number."""
    value = fold(node, known)
    if value is not None:
        return {"": value}
    match node:
        case sf.Named(name=name):
            return {name: Fraction(1)}
        case sf.Len(vector=vector):
            return {f"len({vector.name})": Fraction(1)}
        case sf.Minus(operand=operand):
            return _scaled(_linear(operand, known), Fraction(-1))
        case sf.Plus(terms=terms):
            total: dict[str, Fraction] = {}
            for term in terms:
                form = _linear(term, known)
                if form is None:
                    return None
                for name, coefficient in form.items():
                    total[name] = total.get(name, Fraction(0)) + coefficient
            return total
        case sf.Times(factors=factors):
            numbers = [fold(factor, known) for factor in factors]
            if numbers.count(None) == 1:
                whole = _linear(factors[numbers.index(None)], known)
                return _scaled(whole, *(number for number in numbers if number is not None))
    return None


def _scaled(form: dict[str, Fraction] | None, *by: Fraction) -> dict[str, Fraction] | None:
    return None if form is None else {name: prod(by, start=c) for name, c in form.items()}


def evaluate(assignments: Iterable[sf.Assignment], findings: Findings) -> dict[str, Fraction]:
    """The constants among assignments, whatever their order; sets their ``value``.

    An assignment is a constant if its right-hand side holds nothing but numbers and
    other constants, in exact arithmetic. Cycles are left to the roles.
    """
    by_name = {one.name: one for one in assignments}
    needs = {
        name: [node.name for node in sf.walk(one.rhs) if isinstance(node, sf.Named)]
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
    left_out = {name for cycle in cycles(needs) for name in cycle}
    return list(TopologicalSorter(_without(left_out, needs)).static_order())


def cycles(needs: Mapping[str, list[str]]) -> list[list[str]]:
    """Cycles that share no name, each from its first name in file order back to it."""
    order = list(needs)
    left = {name: [n for n in inner if n in needs] for name, inner in needs.items()}
    found: list[list[str]] = []
    while True:
        try:
            TopologicalSorter(left).prepare()
            return found
        except CycleError as error:
            # graphlib lists each name before the one that needs it.
            cycle = list(reversed(error.args[1]))[:-1]
            first = min(range(len(cycle)), key=lambda i: order.index(cycle[i]))
            cycle = cycle[first:] + cycle[:first]
            found.append([*cycle, cycle[0]])
            left = _without(cycle, left)


def _without(names: Collection[str], needs: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {
        name: [n for n in inner if n not in names]
        for name, inner in needs.items()
        if name not in names
    }
