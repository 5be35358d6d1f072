"""A side of a formula as a sum of products: its terms, and the factors of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbptt import algebra as al
from symbptt.formula.statement import Over, body, parts, walk

Path = tuple[int, ...]


@dataclass(frozen=True)
class Summand:
    """A term of a side.

    Attributes
    ----------
    own : Expr
        The part of the side that is this term's alone, its sign included.
    path : tuple of int
        Where it stands in the side; () if it is the whole side.
    around : callable
        From a part in the place of ``own`` to the side that has this term alone.
    """

    own: al.Expr
    path: Path
    around: Callable[[al.Expr], al.Expr]

    @property
    def whole(self) -> al.Expr:
        """The side with this term alone."""
        return self.around(self.own)


def summands(side: al.Expr) -> list[Summand]:
    """The terms of a side, sums of derivatives in products and in sums over steps taken apart."""
    if isinstance(side, al.Add):
        return [
            Summand(one.own, (place, *one.path), one.around)
            for place, term in enumerate(side.terms)
            for one in summands(term)
        ]
    for place, part in enumerate(parts(side)):
        if _opens(side, place) and any(isinstance(n, al.Add) for n in walk(part)):
            inside = summands(part)
            if len(inside) > 1 and any(isinstance(n, al.Derivative) for n in walk(part)):
                return [
                    Summand(one.own, (place, *one.path), _within(side, place, one.around))
                    for one in inside
                ]
    return [whole(side)]


def whole(side: al.Expr) -> Summand:
    """A side that is one term."""
    return Summand(side, (), _itself)


def _itself(node: al.Expr) -> al.Expr:
    return node


def _within(
    side: al.Expr, place: int, around: Callable[[al.Expr], al.Expr]
) -> Callable[[al.Expr], al.Expr]:
    return lambda own: al.with_child(side, place, around(own))


def _opens(node: al.Expr, place: int) -> bool:
    """Whether a node is linear in the part at this place."""
    if isinstance(node, al.Div):
        return place == 0
    kinds = (al.Neg, al.Mul, al.Product, al.Transpose, al.TimeSum, al.Outer, al.Diag)
    return isinstance(node, kinds)


# --- edits of a side ---------------------------------------------------------------------------


ABSENT = al.Param("", ())
"""Stands where a term is left out."""


def put(node: al.Expr, path: Path, new: al.Expr) -> al.Expr:
    """The side with another part at a path."""
    if not path:
        return new
    place, *rest = path
    return al.with_child(node, place, put(parts(node)[place], tuple(rest), new))


def without_absent(node: al.Expr) -> al.Expr:
    """The side without the terms that are left out; `ABSENT` if no term is left."""
    if isinstance(node, al.Add):
        terms = tuple(term for term in map(without_absent, node.terms) if term != ABSENT)
        return ABSENT if not terms else terms[0] if len(terms) == 1 else al.Add(terms)
    for place, part in enumerate(parts(node)):
        inner = without_absent(part) if _opens(node, place) else part
        if inner == ABSENT:
            return ABSENT
        node = node if inner is part else al.with_child(node, place, inner)
    return node


# --- factors -------------------------------------------------------------------------------


def factors(node: al.Expr, path: Path = ()) -> Iterator[tuple[Path, al.Expr]]:
    """What a term multiplies, wherever it stands, transposes and signs left out."""
    if isinstance(node, Over):
        yield from factors(body(node), (*path, 0))
        return
    inner = (al.Mul, al.Product, al.Neg, al.Transpose, al.Div, al.Outer, al.Diag)
    if isinstance(node, inner):
        for place, part in enumerate(parts(node)):
            yield from factors(part, (*path, place))
        return
    yield path, node


def products(node: al.Expr, path: Path = ()) -> Iterator[tuple[Path, al.Expr]]:
    """Every part of a term that another factor can stand beside."""
    yield path, node
    inner = (al.Mul, al.Product, al.Neg, al.Transpose, al.Div, al.Outer, al.Diag, al.TimeSum)
    if isinstance(node, inner):
        for place, part in enumerate(parts(node)):
            yield from products(part, (*path, place))
