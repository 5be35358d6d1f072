"""Polynomials in entries, with letters for places and sums over them: equality for all sizes.

An entry of an array, ``(W)_ji`` with letters j and i, is an indeterminate; so are a function's
value at a polynomial, a power of a polynomial that is not written out, and the length of a
dimension. A monomial may be summed over letters, ``sum_j (W)_ji (v)_j``. Two polynomials are
equal for all sizes and all values if they have one canonical form; nothing is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any

from symbptt import algebra as al
from symbptt.errors import NotProvedError
from symbptt.proof.induction.canonical import (
    NONE,
    ONE,
    Atom,
    Frozen,
    Monomial,
    Moves,
    Place,
    Poly,
    add,
    closed,
    extent,
    frozen,
    gather,
    moved,
    opened,
    places,
    places_of,
)

SMALL, MOST_FACTORS, MOST_TERMS = 100, 64, 50_000
"""The primes that are taken out of roots are smaller; no more factors or terms are multiplied."""

# --- making them ---------------------------------------------------------------------------------


def number(value: Fraction | int) -> Poly:
    return {((), ()): Fraction(value)} if value else {}


def atom(found: Atom, exponent: Fraction = ONE) -> Poly:
    return {((), ((found, exponent),)): ONE}


def entry(role: str, name: str, index: al.Index | None, places: Sequence[Place] = ()) -> Poly:
    """An entry of a quantity (role ``value``) or of a gradient (role ``cotangent``)."""
    return atom(("entry", role, name, step_key(index), tuple(places)))


def step_key(index: al.Index | None) -> tuple[Any, ...]:
    if index is None:
        return ("-",), 0
    return tuple(sorted(index.terms)), index.offset


def delta(one: Place, other: Place) -> Poly:
    return closed((), {("delta", *sorted((one, other))): ONE}, ONE)


def the_atom(poly: Poly) -> Atom:
    """The one atom that a polynomial is."""
    ((_, ((found, _),)),) = poly
    return found


def length(dim: al.Dim) -> Poly:
    return closed((), {("length", extent(dim)): ONE}, ONE)


# --- arithmetic ----------------------------------------------------------------------------------


def scale(poly: Poly, factor: Fraction | int) -> Poly:
    return {m: c * factor for m, c in poly.items()} if factor else {}


def subtract(one: Poly, other: Poly) -> Poly:
    return add((one, scale(other, -1)))


def multiply(polys: Iterable[Poly]) -> Poly:
    return reduce(_product, polys, number(1))


def _product(one: Poly, other: Poly) -> Poly:
    if len(one) * len(other) > MOST_TERMS:
        raise NotProvedError(f"products of {len(one)} by {len(other)} terms are not looked at")
    return add(_times(*pair) for pair in product(one.items(), other.items()))


def _times(one: tuple[Monomial, Fraction], other: tuple[Monomial, Fraction]) -> Poly:
    letters: list[Place] = []
    factors: dict[Atom, Fraction] = {}
    for monomial in (one[0], other[0]):
        own, found = opened(monomial)
        letters += own
        gather(factors, found)
    return closed(letters, factors, one[1] * other[1])


def power(base: Poly, exponent: Fraction) -> Poly:
    """A power; a sum to a power that is no small natural number stays as it is.

    Raises
    ------
    NotProvedError
        For a power of 0 that is no number.
    """
    if exponent == 1 or not exponent:
        return base if exponent else number(1)
    if not base:
        if exponent > 0:
            return base
        raise NotProvedError("a negative power of 0 stands in it")
    if len(base) == 1:
        (((letters, factors), coefficient),) = base.items()
        if not letters and exponent.denominator == 1:
            if exponent < 0 and any(found[0] == "delta" for found, _ in factors):
                raise NotProvedError("a quotient by 0 stands in it")
            raised = {found: e * exponent for found, e in factors}
            return closed((), raised, coefficient ** int(exponent))
        if not letters and not factors[1:] and coefficient > 0 and all(e == 1 for _, e in factors):
            # Not the root of a square, which is no power.
            root = {found: exponent for found, _ in factors}
            gather(root, _roots(coefficient, exponent).items())
            return closed((), root, ONE)
    if exponent.denominator == 1 and 0 < exponent <= MOST_FACTORS:
        return multiply([base] * int(exponent))
    whole, leading = normed(base, exponent)
    raised = {("base", frozen(whole)): exponent}
    if exponent.denominator == 1:
        return closed((), raised, leading ** int(exponent))
    return closed((), raised | _roots(leading, exponent), ONE)


def normed(base: Poly, exponent: Fraction) -> tuple[Poly, Fraction]:
    """A sum with its first coefficient 1 (or -1, where a root must not change its sign)."""
    leading = base[min(base)]
    if exponent.denominator != 1:
        leading = abs(leading)
    return scale(base, 1 / leading), leading


def _roots(value: Fraction, exponent: Fraction) -> dict[Atom, Fraction]:
    """A root of a positive number by its small primes, and what is left of it."""
    found: dict[Atom, Fraction] = {}
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime in range(2, SMALL):
            while part % prime == 0:
                gather(found, [(("prime", prime), sign * exponent)])
                part //= prime
        if part > 1:
            gather(found, [(("prime", part), sign * exponent)])
    return found


# --- sums over letters ---------------------------------------------------------------------------


def total(poly: Poly, letters: Iterable[Place]) -> Poly:
    """The sum over all places of letters that are free in it (their kind is `BOUND`)."""
    letters = tuple(letters)
    found = []
    for monomial, coefficient in poly.items():
        own, factors = opened(monomial)
        gathered: dict[Atom, Fraction] = {}
        gather(gathered, factors)
        found.append(closed((*letters, *own), gathered, coefficient))
    return add(found)


def rebuilt(poly: Poly, change: Callable[[Atom], Poly]) -> Poly:
    """The polynomial with a polynomial put in for each atom."""
    found = []
    for monomial, coefficient in poly.items():
        letters, factors = opened(monomial)
        parts = [power(change(each), exponent) for each, exponent in factors]
        found.append(total(scale(multiply(parts), coefficient), letters))
    return add(found)


def renamed(poly: Poly, mapping: Moves) -> Poly:
    """The polynomial with places put in for free letters."""
    return rebuilt(poly, lambda found: atom(moved(found, mapping)))


ARGUMENT = "argument"
"""Names of letters that stand for all places of an argument begin with it."""


def argument_places(poly: Frozen) -> tuple[Place, ...]:
    found = (one for one in places_of(poly) if one[1].startswith(ARGUMENT))
    return tuple((kind, name, NONE, size) for kind, name, _, size in found)


# --- derivatives and equality --------------------------------------------------------------------


Slopes = Callable[[Atom], Iterable[tuple[Poly, Poly, tuple[Place, ...]]]]
"""Of a function's value: its partial derivatives, each with the argument that it is by and the
letters of that argument's entries, over which the products are summed."""


def slope(poly: Poly, wrt: Atom, slopes: Slopes) -> Poly:
    """The derivative by an entry: the rules of sums, products, powers and of the chain."""
    found = []
    for monomial, coefficient in poly.items():
        letters, factors = opened(monomial)
        for k, (each, exponent) in enumerate(factors):
            inner = _slope_of(each, wrt, slopes)
            if inner:
                rest = {f: e for n, (f, e) in enumerate(factors) if n != k}
                rest[each] = exponent - 1
                outer = closed((), rest, coefficient * exponent)
                found.append(total(multiply((outer, inner)), letters))
    return add(found)


def _slope_of(found: Atom, wrt: Atom, slopes: Slopes) -> Poly:
    match found[0]:
        case "entry":
            if found[:4] != wrt[:4]:
                return {}
            return multiply(delta(*pair) for pair in zip(found[4], wrt[4], strict=True))
        case "base":
            return slope(dict(found[1]), wrt, slopes)
        case "call" | "loss":
            return add(
                total(multiply((outer, slope(inner, wrt, slopes))), letters)
                for outer, inner, letters in slopes(found)
            )
    return {}


def written_out(poly: Poly) -> Poly:
    """The polynomial with the natural powers of sums multiplied out."""
    while any(_is_short(*factor) for _, factors in poly for factor in factors):
        parts = []
        for monomial, coefficient in poly.items():
            letters, factors = opened(monomial)
            rest: dict[Atom, Fraction] = {}
            raised = [number(1)]
            for found, exponent in factors:
                if _is_short(found, exponent):
                    whole = exponent.__floor__()
                    raised += [dict(found[1])] * whole
                    exponent -= whole
                rest[found] = exponent
            inner = multiply((*raised, closed((), rest, coefficient)))
            parts.append(total(inner, letters))
        poly = add(parts)
    return poly


def _is_short(found: Atom, exponent: Fraction) -> bool:
    return bool(found[0] == "base") and 1 <= exponent <= MOST_FACTORS


def is_zero(poly: Poly) -> bool:
    """Whether it is 0 for all sizes and all values: written out, over common denominators."""
    for _ in range(8):
        poly = written_out(poly)
        least: dict[Atom, Fraction] = {}
        for letters, factors in poly:
            own = {one[:2] for one in letters}
            for found, exponent in factors:
                below = found[0] == "base" and exponent < 0
                if below and not any(place[:2] in own for place in places(found)):
                    least[found] = min(exponent, least.get(found, exponent))
        if not poly or not least:
            return not poly
        poly = multiply((poly, closed((), {f: -e for f, e in least.items()}, ONE)))
    return False
