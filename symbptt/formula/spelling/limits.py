r"""The limits of sums and products: ``i=t``, ``1 \le k < t``, ``j = t, \dots, 2``, ``i`` alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.layout import RELATIONS, cut, outside
from symbptt.formula.spelling.marks import Mark
from symbptt.formula.spelling.names import NameReader
from symbptt.formula.spelling.shares import is_letter
from symbptt.language import surface as sf
from symbptt.language.constants import ArithmeticFinding, linear
from symbptt.language.source import Place

_OPPOSITE = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Limits:
    """From where to where an index goes.

    Attributes
    ----------
    first, last : Node or None
        None where nothing is written.
    order : str
        ``listed`` where dots list the values, ``down`` where ``t \\ge i > k`` does, else ``up``.
    """

    name: sf.Named
    first: sf.Node | None
    last: sf.Node | None
    order: str = "up"


def limits(reader: NameReader, node: wr.Ranged) -> list[Limits]:
    """The limits of each index that a sum or product is over.

    Raises
    ------
    FormulaError
        With a caret, if they can't be read.
    """
    runs = cut(node.below, frozenset([","]))
    above = reader.index(wr.ScriptText(node.above, node.place)) if node.above else None
    if node.above and above is None:
        reader.wrong(spread(node.above, node.place), "up to where an index goes is an index")
    if not node.below:
        reader.wrong(node.place, "a sum or product names its index below it")
    signs = [mark for mark in outside(runs[0]) if mark.text in RELATIONS]
    if [mark.text for mark in signs] == ["="] and len(runs) > 1:
        return [_listed(reader, node.place, runs)]
    if len(runs) == 1 and not signs and len(apart := _letters(runs[0])) > 1:
        runs = apart
    if len(runs) > 1 and not signs:
        return [Limits(_bound(reader, run, node.place), None, None) for run in runs]
    if len(runs) > 1:
        reader.wrong(spread(node.below, node.place), "the limits of an index are one condition")
    sides = cut(runs[0], RELATIONS)
    if not signs:
        return [Limits(_bound(reader, sides[0], node.place), None, above)]
    if [mark.text for mark in signs] == ["="]:
        name, before = _shifted(reader, sides[0], node.place)
        first = _moved(_number(reader, sides[1], node.place), before)
        return [Limits(name, first, None if above is None else _moved(above, before))]
    return [_between(reader, node.place, sides, [mark.text for mark in signs])]


def _letters(run: list[Mark]) -> list[list[Mark]]:
    """``ij`` below a sum is two indices."""
    if any(mark.kind != "name" for mark in run):
        return [run]
    return [
        [Mark("name", letter, mark.start, mark.end)]
        for mark in run
        for letter in ([mark.text] if is_letter(mark.text) else mark.text)
    ]


def spread(marks: list[Mark], otherwise: Place) -> Place:
    return marks[0].place.until(marks[-1].place) if marks else otherwise


def _listed(reader: NameReader, place: Place, runs: list[list[Mark]]) -> Limits:
    """``j = t, \\dots, 2``"""
    name, first = cut(runs[0], RELATIONS)
    dots = [run for run in runs if [mark.text for mark in run] == ["…"]]
    if not dots or runs[-1] is dots[-1]:
        reader.wrong(place, "the values of an index are listed as in `j = t, …, 2`")
    last = _number(reader, runs[-1], place)
    return Limits(_bound(reader, name, place), _number(reader, first, place), last, "listed")


def _between(reader: NameReader, place: Place, sides: list[list[Mark]], signs: list[str]) -> Limits:
    """``a <= i < b``, ``t >= i > k``, ``i < t``."""
    if len(sides) == 2:
        swapped = len(sides[0]) != 1 or sides[0][0].text in ("t", "T") or sides[0][0].kind != "name"
        if swapped and len(sides[1]) == 1:
            sides, signs = [sides[1], sides[0]], [_OPPOSITE.get(signs[0], signs[0])]
        name = _bound(reader, sides[0], place)
        end = _number(reader, sides[1], place)
        if signs[0] in ("<", "<="):
            return Limits(name, None, _inside(end, signs[0]))
        if signs[0] in (">", ">="):
            return Limits(name, _inside(end, signs[0]), None)
        reader.wrong(place, "the limits of an index are written `i=t` or `1 <= i < t`")
    if len(sides) != 3 or len({sign[0] for sign in signs}) != 1 or signs[0][0] not in "<>":
        reader.wrong(place, "the limits of an index are written `i=t` or `1 <= i < t`")
    name = _bound(reader, sides[1], place)
    one, two = (_number(reader, side, place) for side in (sides[0], sides[2]))
    if signs[0][0] == "<":
        return Limits(name, _inside(one, _OPPOSITE[signs[0]]), _inside(two, signs[1]))
    return Limits(name, _inside(two, signs[1]), _inside(one, _OPPOSITE[signs[0]]), "down")


def _inside(end: sf.Node, sign: str) -> sf.Node:
    """The last whole number on its side of an end."""
    one: sf.Node = sf.Literal(end.place, Fraction(1), "1")
    if sign == "<":
        return sf.Plus(end.place, [end, sf.Minus(end.place, one)])
    return sf.Plus(end.place, [end, one]) if sign == ">" else end


def _number(reader: NameReader, run: list[Mark], place: Place) -> sf.Node:
    found = reader.index(wr.ScriptText(run, place)) if run else None
    if found is None:
        reader.wrong(spread(run, place), "the limits of an index are indices")
    return found


def _shifted(reader: NameReader, run: list[Mark], place: Place) -> tuple[sf.Named, int]:
    """The index of ``j-1``, and how far it lies before it."""
    match reader.index(wr.ScriptText(run, place)) if len(run) == 3 else None:
        case sf.Plus(terms=[sf.Named() as name, sf.Literal(value=value)]):
            return name, int(value)
        case sf.Plus(terms=[sf.Named() as name, sf.Minus(operand=sf.Literal(value=value))]):
            return name, -int(value)
    return _bound(reader, run, place), 0


def _moved(end: sf.Node, by: int) -> sf.Node:
    if not by:
        return end
    number: sf.Node = sf.Literal(end.place, Fraction(abs(by)), str(abs(by)))
    return sf.Plus(end.place, [end, number if by < 0 else sf.Minus(end.place, number)])


def _bound(reader: NameReader, run: list[Mark], place: Place) -> sf.Named:
    found = reader.index(wr.ScriptText(run, place)) if run else None
    if not isinstance(found, sf.Named) or not (is_letter(found.name) or found.name[:-1].isalpha()):
        reader.wrong(spread(run, place), "a sum or product is over an index, a letter of its own")
    return found


# --- what an index that has no limits goes over --------------------------------------------


def is_step(body: sf.Node, name: str, timed: frozenset[str]) -> bool:
    """Whether an index is the step of a quantity in what is summed."""
    for node in sf.walk(body):
        match node:
            case sf.At(operand=sf.Named(name=quantity), places=[place]) if quantity in timed:
                if any(isinstance(part, sf.Named) and part.name == name for part in sf.walk(place)):
                    return True
    return False


def entries(body: sf.Node, name: str) -> Iterator[tuple[sf.Node, int]]:
    """Where an index counts entries: of what, and along which axis."""
    for node in sf.walk(body):
        if isinstance(node, sf.At):
            for axis, place in enumerate(node.places):
                if isinstance(place, sf.Named) and place.name == name:
                    yield node.operand, axis


def comparison(first: sf.Node, last: sf.Node) -> int:
    """1 if the first is known to be later, -1 if it is known to be no later, 0 if neither."""
    try:
        one, two = linear(first, {}), linear(last, {})
    except ArithmeticFinding:
        return 0
    if one is None or two is None:
        return 0
    if one.terms == two.terms:
        return 1 if one.offset > two.offset else -1
    if not one.terms or two.names() == ("T",):
        return -1
    if one.names() == ("T",) or (not two.terms and {"t", "T"} & set(one.names())):
        return 1  # a number is before t, and may be behind a letter
    return 0
