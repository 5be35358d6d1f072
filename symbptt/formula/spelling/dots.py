r"""Products with dots: ``C_t C_{t-1} \\cdots C_{i+1}`` as a product over an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

from symbptt.algebra import Index
from symbptt.formula.spelling.limits import comparison
from symbptt.language import surface as sf
from symbptt.language.constants import ArithmeticFinding, linear
from symbptt.language.source import Place

_LETTERS = ("j", "i", "k", "m", "r")

Open = dict[sf.Node, tuple[str, str, str]]


def dotted(place: Place, factors: list[sf.Node], kinds: Open) -> Iterator[sf.Node]:
    """The product whose first one or two factors and whose last are given, if it goes on so.

    Parameters
    ----------
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
    if len(factors) == 3:
        by = min(moves[0], key=str)
        ways = [by.offset] if not by.terms and abs(by.offset) == 1 else []
    else:
        later = comparison(index_node(place, known[0][0]), index_node(place, known[-1][0]))
        falls = [str(index) for index in known[0]] != [str(known[0][0])] * len(known[0])
        ways = [-later] if later else [-1, 1] if falls else [1, -1]
    names = {
        part.name for factor in factors for part in sf.walk(factor) if isinstance(part, sf.Named)
    }
    letter = next((one for one in _LETTERS if one not in names), "j1")
    origin = known[0][0]
    generic = _moved(factors[0], origin, letter, kinds)
    ends = [index_node(place, origin), index_node(place, known[-1][0])]
    for step in ways:
        by_one = [sf.Minus(place, sf.Literal(place, Fraction(1), "1"))] if step < 0 else []
        yield sf.Apply(place, "prod", [sf.Named(place, letter), *ends, *by_one, generic], place)


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
    changes: dict[str, Any] = {}
    for one in fields(node):
        value = getattr(node, one.name)
        if isinstance(value, sf.Node):
            changes[one.name] = _moved(value, origin, letter, kinds)
        elif isinstance(value, list):
            changes[one.name] = [_moved(part, origin, letter, kinds) for part in value]
    made = replace(node, **changes) if changes else node
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
