r"""Dots: ``C_t C_{t-1} \\cdots C_{i+1}`` is a product, ``l_1 + \\dots + l_T`` a sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from symbptt.algebra import Index
from symbptt.formula.spelling.limits import comparison
from symbptt.language import surface as sf
from symbptt.language.constants import ArithmeticFinding, linear
from symbptt.language.source import Place

_LETTERS = ("j", "i", "k", "m", "r")

Open = dict[sf.Node, tuple[str, str, str]]


def dotted(
    place: Place, factors: list[sf.Node], kinds: Open, over: str = "prod", behind: int = 1
) -> Iterator[sf.Node]:
    """The product or sum whose first one or two parts and whose last are given, if it goes on so.

    Parameters
    ----------
    behind : int
        How many are given behind the dots, one or two.
    kinds : dict
        The derivatives that may be total or of one equation; those of the product join them.
    """
    steps = [steps_of(factor) for factor in factors]
    first = steps[0]
    if None in steps or not first or any(len(one) != len(first) for one in steps if one):
        return
    known = [[index for index in one or [] if index is not None] for one in steps]
    if any(_skeleton(factor) != _skeleton(factors[0]) for factor in factors):
        return
    moves = [{b - a for a, b in zip(known[0], one, strict=True)} for one in known[1:]]
    if any(len(move) != 1 for move in moves):
        return
    pairs = [factors[:-behind], factors[-behind:]]
    steps_by = {_step_by(pair) for pair in pairs if len(pair) == 2}
    if steps_by:
        ways = [by for by in steps_by if by is not None] if len(steps_by) == 1 else []
    else:
        later = comparison(index_node(place, known[0][0]), index_node(place, known[-1][0]))
        falls = [str(index) for index in known[0]] != [str(known[0][0])] * len(known[0])
        ways = [-later] if later else [-1, 1] if falls else [1, -1]
    if over == "sum":
        ways = ways[:1]  # a sum is the same from either end
    names = {
        part.name for factor in factors for part in sf.walk(factor) if isinstance(part, sf.Named)
    }
    letter = next((one for one in _LETTERS if one not in names), "j1")
    origin = known[0][0]
    generic = _moved(factors[0], origin, letter, kinds)
    ends = [index_node(place, origin), index_node(place, known[-1][0])]
    for step in ways:
        if over == "sum" and step < 0:
            ends.reverse()
        by_one = [minus_one(place)] if over == "prod" and step < 0 else []
        yield sf.Apply(place, over, [sf.Named(place, letter), *ends, *by_one, generic], place)


def grown(place: Place, terms: list[sf.Node], kinds: Open) -> sf.Node | None:
    """``A_t + J_t A_{t-1} + J_t J_{t-1} A_{t-2} + …``, to the first step or to the last.

    None if the terms do not go on so.
    """
    rows = [_factors(term) for term in terms]
    if len(rows) < 2 or any(len(row) != number + 1 for number, row in enumerate(rows)):
        return None
    ends, slopes = [row[-1] for row in rows], [row[-2] for row in rows[1:]]
    by = _step_by(ends)
    if by is None or (len(slopes) > 1 and _step_by(slopes) != by):
        return None
    if any(_signature(one) != _signature(two) for row in rows[2:]
           for one, two in zip(row, [*slopes, *row[-1:]], strict=False)):  # fmt: skip
        return None
    begins, first = (steps_of(one) for one in (ends[0], slopes[0]))
    if not begins or not first or begins[0] is None:
        return None
    own, before = Index.of("k1"), begins[0]
    far = first[0] - before + own  # the step of a slope beside an end at its step
    last = index_node(place, far - Index(offset=by))
    through = [sf.Named(place, "j1"), index_node(place, first[0]), last]
    one = [minus_one(place)] if by < 0 else []
    slope = _moved(slopes[0], first[0], "j1", kinds)
    product = sf.Apply(place, "prod", [*through, *one, slope], place)
    end = _moved(ends[0], before, "k1", kinds)
    whole: sf.Node = sf.Chain(place, [product, end])
    if isinstance(terms[1], sf.Times):
        whole = sf.Times(place, [product, end])
    here = index_node(place, before)
    over = [sf.Literal(place, Fraction(1), "1"), here] if by < 0 else [here, sf.Named(place, "T")]
    return sf.Apply(place, "sum", [sf.Named(place, "k1"), *over, whole], place)


def _factors(term: sf.Node) -> list[sf.Node]:
    if isinstance(term, sf.Chain):
        return term.operands
    return term.factors if isinstance(term, sf.Times) else [term]


def _step_by(nodes: list[sf.Node]) -> int | None:
    """By how much each lies behind the one before, if all by one step, else None."""
    moves = set()
    for one, two in pairwise(nodes):
        before, behind = steps_of(one), steps_of(two)
        if not before or not behind or _skeleton(one) != _skeleton(two):
            return None
        moves |= {b - a for a, b in zip(before, behind, strict=True)}
    return next((by for by in (-1, 1) if moves == {Index(offset=by)}), None)


def are_alike(one: sf.Node, two: sf.Node) -> bool:
    """Whether two parts are one at two steps."""
    return _skeleton(one) == _skeleton(two)


def _signature(node: sf.Node) -> tuple[list[str], list[Index] | None]:
    return _skeleton(node), steps_of(node)


def minus_one(place: Place) -> sf.Node:
    return sf.Minus(place, sf.Literal(place, Fraction(1), "1"))


def steps_of(node: sf.Node) -> list[Index] | None:
    """The steps of the quantities in a factor, left to right; None if one is no index."""
    found: list[Index] = []
    for part in sf.walk(node):
        if isinstance(part, sf.At) and isinstance(part.operand, sf.Named):
            try:
                index = linear(part.places[0], {})
            except ArithmeticFinding:
                return None
            if index is None:
                return None
            found.append(index)
    return found


def _skeleton(node: sf.Node) -> list[str]:
    """What a factor is made of, its steps left out."""
    if isinstance(node, sf.At) and isinstance(node.operand, sf.Named):
        return [node.operand.name]
    own = getattr(node, "name", getattr(node, "function", type(node).__name__))
    return [str(own), *(one for part in sf.parts(node) for one in _skeleton(part))]


def _moved(node: sf.Node, origin: Index, letter: str, kinds: Open) -> sf.Node:
    """A factor at a step of its own."""
    if isinstance(node, sf.At) and isinstance(node.operand, sf.Named):
        index = linear(node.places[0], {})
        assert index is not None
        return replace(node, places=[index_node(node.place, index - origin + Index.of(letter))])
    made = sf.map_parts(node, lambda part: _moved(part, origin, letter, kinds))
    if node in kinds:
        kinds[made] = kinds[node]
    return made


def index_node(place: Place, index: Index) -> sf.Node:
    """A step as a surface tree."""
    terms: list[sf.Node] = []
    for name, count in index.terms:
        named: sf.Node = sf.Named(place, name)
        if abs(count) != 1:
            number = sf.Literal(place, Fraction(abs(count)), str(abs(count)))
            named = sf.Times(place, [number, named])
        terms.append(sf.Minus(place, named) if count < 0 else named)
    if index.offset or not terms:
        end = sf.Literal(place, Fraction(abs(index.offset)), str(abs(index.offset)))
        terms.append(sf.Minus(place, end) if index.offset < 0 else end)
    return terms[0] if len(terms) == 1 else sf.Plus(place, terms)
