"""Monomials of entries in canonical form: what makes two of them comparable for all sizes.

Deltas under a sum decide its letter, letters of sums are renamed in a fixed order, what commutes
is sorted. No number stands for a size anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import count, pairwise, permutations
from typing import Any

from symbptt import algebra as al
from symbptt.errors import NotProvedError

Extent = tuple[int, tuple[str, ...]]
"""A length: a number, and the names of dimensions that are added to it."""

Place = tuple[int, str, Extent, Extent]
"""A kind (`FREE`, `BOUND`, `INTEGER`), a name, what stands before it, and its range."""

Atom = tuple[Any, ...]
Factors = tuple[tuple[Atom, Fraction], ...]
Monomial = tuple[tuple[Place, ...], Factors]
"""The letters that it is summed over, and its factors with their exponents."""

Poly = dict[Monomial, Fraction]
Frozen = tuple[tuple[Monomial, Fraction], ...]

FREE, BOUND, INTEGER = range(3)
NONE: Extent = (0, ())
ONE = Fraction(1)
MOST_LETTERS = 6
"""More letters of sums than these, in one monomial, are not put in order."""

_FRESH = count()


# --- lengths and places --------------------------------------------------------------------------


def extent(dim: al.Dim) -> Extent:
    """A dimension as a sum of names and a number."""
    match dim:
        case int():
            return dim, ()
        case al.DimSum(parts=parts):
            return reduce(joined, map(extent, parts), NONE)
        case al.DimProduct(parts=parts):
            return 0, (" * ".join(sorted(map(str, parts))),)
    return 0, (str(dim),)


def joined(one: Extent, other: Extent) -> Extent:
    return one[0] + other[0], tuple(sorted((*one[1], *other[1])))


def _covers(longer: Extent, shorter: Extent) -> bool:
    """Whether one length is surely no less than another."""
    left = list(longer[1])
    for name in shorter[1]:
        if name not in left:
            return False
        left.remove(name)
    return longer[0] >= shorter[0]


def letter(name: str, dim: al.Dim, kind: int = FREE) -> Place:
    return kind, name, NONE, extent(dim)


def behind(place: Place, before: al.Dim | Extent) -> Place:
    """The place that many places further on."""
    kind, name, offset, size = place
    return kind, name, joined(offset, before if isinstance(before, tuple) else extent(before)), size


# --- monomials -----------------------------------------------------------------------------------


def frozen(poly: Poly) -> Frozen:
    return tuple(sorted(poly.items()))


def add(polys: Iterable[Poly]) -> Poly:
    total: Poly = {}
    for poly in polys:
        for monomial, coefficient in poly.items():
            total[monomial] = total.get(monomial, Fraction(0)) + coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def gather(factors: dict[Atom, Fraction], more: Iterable[tuple[Atom, Fraction]]) -> None:
    for found, exponent in more:
        factors[found] = factors.get(found, Fraction(0)) + exponent


def fresh(size: Extent) -> Place:
    """A letter of a sum that stands nowhere else."""
    return BOUND, f"~{next(_FRESH)}", NONE, size


def opened(monomial: Monomial) -> Monomial:
    """The same with letters of its own."""
    letters, factors = monomial
    if not letters:
        return monomial
    mapping = {one[:2]: fresh(one[3]) for one in letters}
    return tuple(mapping.values()), tuple((moved(found, mapping), e) for found, e in factors)


Moves = Mapping[tuple[int, str], Place]
"""What is put in for letters, by kind and name."""


def moved(found: Atom, mapping: Moves) -> Atom:
    """An atom with places put in for letters."""
    match found[0]:
        case "entry":
            return (*found[:4], tuple(_at(place, mapping) for place in found[4]))
        case "delta":
            return ("delta", *sorted(_at(place, mapping) for place in found[1:]))
        case "call" | "loss":
            return (
                *found[:3],
                tuple(_moved(each, mapping) for each in found[3]),
                *(tuple(_at(place, mapping) for place in places) for places in found[4:]),
            )
        case "base":
            return ("base", _moved(found[1], mapping))
    return found


def _at(place: Place, mapping: Moves) -> Place:
    new = mapping.get(place[:2])
    return place if new is None else behind(new, place[2])


def _moved(poly: Frozen, mapping: Moves) -> Frozen:
    if not any(place[:2] in mapping for place in places_of(poly)):
        return poly
    found = []
    for monomial, coefficient in poly:
        letters, factors = opened(monomial)
        gathered: dict[Atom, Fraction] = {}
        gather(gathered, ((moved(each, mapping), exponent) for each, exponent in factors))
        found.append(closed(letters, gathered, coefficient))
    return frozen(add(found))


def places(found: Atom) -> Iterator[Place]:
    """The places in an atom, free ones and those of its inner sums."""
    match found[0]:
        case "entry":
            yield from found[4]
        case "delta":
            yield from found[1:]
        case "call" | "loss":
            for each in found[3]:
                yield from places_of(each)
            for more in found[4:]:
                yield from more
        case "base":
            yield from places_of(found[1])


@lru_cache(maxsize=4096)
def places_of(poly: Frozen) -> tuple[Place, ...]:
    return tuple(
        dict.fromkeys(
            place for (_, factors), _ in poly for found, _ in factors for place in places(found)
        )
    )


# --- the canonical form --------------------------------------------------------------------------


def closed(
    letters: Iterable[Place], factors: Mapping[Atom, Fraction], coefficient: Fraction
) -> Poly:
    """One monomial in canonical form: deltas decided, letters renamed, factors sorted."""
    found = _decided(list(letters), {f: e for f, e in factors.items() if e})
    if found is None:
        return {}
    bound, kept = found
    used = {place[:2] for each in kept for place in places(each)}
    for one in [one for one in bound if one[:2] not in used]:
        bound.remove(one)
        gather(kept, [(("length", one[3]), ONE)])
    coefficient *= _numbers(kept)
    if not bound:
        return {((), tuple(sorted(kept.items()))): coefficient} if coefficient else {}
    return {_named(bound, kept): coefficient} if coefficient else {}


def _numbers(factors: dict[Atom, Fraction]) -> Fraction:
    """Takes what is a number out of the factors."""
    value = ONE
    for found in [f for f in factors if f[0] in ("prime", "length")]:
        if found[0] == "prime":
            whole = factors[found].__floor__()
            value *= Fraction(found[1]) ** whole
            factors[found] -= whole
            if not factors[found]:
                del factors[found]
        elif not found[1][1]:
            value *= Fraction(found[1][0]) ** int(factors.pop(found))
    return value


def _decided(
    letters: list[Place], factors: dict[Atom, Fraction]
) -> tuple[list[Place], dict[Atom, Fraction]] | None:
    """Deltas worked out where they decide a letter; None where one is 0."""
    deltas = [found for found in factors if found[0] == "delta"]
    while deltas:
        found = deltas.pop()
        if found not in factors:
            continue
        one, other = found[1:]
        if one == other:
            del factors[found]
            continue
        if _apart(one, other):
            return None
        step = _solved(letters, one, other)
        if step is None:
            factors[found] = ONE
            continue
        gone, place = step
        letters = [each for each in letters if each[:2] != gone[:2]]
        mapping = {gone[:2]: place}
        again: dict[Atom, Fraction] = {}
        for each, exponent in factors.items():
            if each != found:
                gather(again, [(moved(each, mapping), exponent)])
            elif gone[0] != BOUND:
                again[found] = ONE
        unchanged = again.keys() == factors.keys()
        factors = {each: e for each, e in again.items() if e}
        if not unchanged:
            deltas = [each for each in factors if each[0] == "delta" and each != found]
    return letters, factors


def _apart(one: Place, other: Place) -> bool:
    """Whether two places never meet: they stand in blocks that do not overlap."""
    if one[:2] == other[:2]:
        return one[2] != other[2]
    if INTEGER in (one[0], other[0]):
        return False
    ends = joined(one[2], one[3]), joined(other[2], other[3])
    return _covers(one[2], ends[1]) or _covers(other[2], ends[0])


def _solved(letters: list[Place], one: Place, other: Place) -> tuple[Place, Place] | None:
    """The letter that a delta decides, and its place; a letter of a sum if there is one."""
    for gone, place in ((one, other), (other, one)):
        within = place[0] == INTEGER or _covers(gone[3], joined(place[2], place[3]))
        if gone[2] == NONE and within and any(each[:2] == gone[:2] for each in letters):
            return gone, place
    for gone, place in ((other, one), (one, other)):
        if gone[0] == FREE and gone[2] == NONE and place[0] != BOUND:
            return gone, place
    return None


def _named(letters: list[Place], factors: Mapping[Atom, Fraction]) -> Monomial:
    """The monomial with letters of sums named in the order that sorts first."""
    if len(letters) > MOST_LETTERS:
        raise NotProvedError(f"a term is summed over {len(letters)} letters")
    height = 1 + max(map(_height, factors), default=0)
    best: Monomial | None = None
    for order in permutations(sorted(letters, key=lambda one: one[3])):
        if any(a[3] > b[3] for a, b in pairwise(order)):
            continue
        names = tuple((BOUND, f"{height}.{k}", NONE, one[3]) for k, one in enumerate(order))
        mapping = {one[:2]: name for one, name in zip(order, names, strict=True)}
        sorted_ = tuple(sorted((moved(found, mapping), e) for found, e in factors.items()))
        if best is None or (names, sorted_) < best:
            best = names, sorted_
    assert best is not None
    return best


def _height(found: Atom) -> int:
    """How deep sums stand in each other below it."""
    match found[0]:
        case "call" | "loss":
            return max((_height_of(each) for each in found[3]), default=0)
        case "base":
            return _height_of(found[1])
    return 0


@lru_cache(maxsize=4096)
def _height_of(poly: Frozen) -> int:
    return 1 + max((_height(found) for (_, factors), _ in poly for found, _ in factors), default=0)
