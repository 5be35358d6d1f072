"""Ways to read parts: those whose shapes fit, and what a formula decides in one way everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice, product

from symbptt import algebra as al
from symbptt.errors import FormulaError
from symbptt.formula.building import FormulaBuilder
from symbptt.formula.meaning import is_constant
from symbptt.formula.names import FormulaNames
from symbptt.formula.shapes import (
    SCALAR,
    Extents,
    ShapeError,
    Shaper,
)
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.names import NameReader, Way
from symbptt.formula.spelling.shares import spread
from symbptt.language import surface as sf
from symbptt.language.source import Place

MAX_WAYS = 24
TRIED = 200

Made = Callable[..., sf.Node]


class WayReader(NameReader):
    """Keeps what fits; `open` holds the derivatives that may be total, partial or direct."""

    def __init__(self, text: str, names: FormulaNames, shaper: Shaper) -> None:
        super().__init__(text, names)
        self.builder = FormulaBuilder(text, names)
        self.shaper = shaper
        self.open: dict[sf.Node, tuple[str, str, str]] = {}
        self._ways: dict[wr.Written, list[Way]] = {}

    def agree(self, left: Way, right: Way) -> bool:
        """Whether two sides may be equal: a number is any, a matrix its entries row by row."""
        one, two = (self.builder.expr(way.node) for way in (left, right))
        a, b = self.shaper.shape(one), self.shaper.shape(two)
        if a is None or b is None or a == b:
            return True
        if self.shaper.is_flat(b, a):
            return True
        return any(shape == SCALAR and is_constant(side) for shape, side in ((a, one), (b, two)))

    def shape(self, way: Way) -> Extents | None:
        return self.shaper.shape(self.builder.expr(way.node))

    def settled(self, ways: Iterable[Way]) -> list[Way]:
        """The ways that can be built, those that fit if any does.

        Raises
        ------
        FormulaError
            The first reason, if none can be built.
        """
        fitting: dict[tuple[al.Expr, tuple[tuple[str, str], ...]], Way] = {}
        others: list[Way] = []
        error: FormulaError | None = None
        for way in islice(ways, TRIED):
            try:
                expr = self.builder.expr(way.node)
                self.shaper.shape(expr)
            except ShapeError:
                others.append(replace(way, fits=False))
            except FormulaError as reason:
                error = error or reason
            else:
                if way.fits:
                    fitting.setdefault((expr, way.notes), way)
                else:
                    others.append(way)
        found = list(fitting.values())[:MAX_WAYS] or others[:2]
        if not found:
            raise error or FormulaError("this can't be read")
        return found

    def joined(self, parts: Sequence[list[Way]], make: Made) -> Iterator[Way]:
        """One node of one way of each part, where these decide nothing differently."""
        for chosen in islice(product(*parts), TRIED):
            notes = consistent(note for way in chosen for note in way.notes)
            if notes is not None:
                node = make(*(way.node for way in chosen))
                yield Way(node, notes, all(way.fits for way in chosen))

    def ways(self, node: wr.Written) -> list[Way]:
        if node not in self._ways:
            self._ways[node] = self.settled(self.read(node))
        return self._ways[node]

    def read(self, node: wr.Written) -> Iterable[Way]:
        """All ways to read a part, fitting or not."""
        raise NotImplementedError

    def unless_inverse(self, way: Way) -> Iterator[Way]:
        """An inverse of a matrix is refused; of a number it is a quotient."""
        match way.node:
            case sf.Power(base=base, exponent=sf.Minus(operand=sf.Literal(value=value))) if (
                value == 1
            ):
                if self.shape_of_base(base) != SCALAR:
                    self.wrong(
                        way.node.place, "the inverse of a matrix has no meaning in a formula"
                    )
            case sf.Power(base=base, exponent=sf.Literal(value=value)) as power if (
                power in self.entrywise and value in (2, 3)
            ):
                shape = self.shape_of_base(base)
                if shape is not None and shape[0] == shape[1] != 1:
                    yield replace(way, node=sf.Times(power.place, [base] * int(value)))
                    return
            case sf.Power(base=base, exponent=sf.Named(name="T")):
                shape = self.shape_of_base(base)
                if shape is not None and shape[0] != shape[1]:
                    return
        yield way

    def shape_of_base(self, base: sf.Node) -> Extents | None:
        """What can't be built is told where it is."""
        try:
            return self.shape(Way(base))
        except FormulaError:
            return SCALAR

    def entries(self, place: Place, ways: list[Way], below: list[wr.ScriptText]) -> Iterator[Way]:
        for scripts in spread(tuple(below)):
            places = [self.entry(script) for script in scripts]
            if None in places:
                continue
            found = [one for one in places if one is not None]
            for way in ways:
                yield replace(way, node=sf.At(place, way.node, found))

    def raised_all(self, ways: Iterable[Way], above: list[wr.ScriptText]) -> Iterator[Way]:
        for way in ways:
            for one in self.powers(way, above):
                yield from self.unless_inverse(one)


def consistent(notes: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...] | None:
    """The decisions, each once; None if one question is answered in two ways."""
    found: dict[str, str] = {}
    for question, answer in notes:
        if found.setdefault(question, answer) != answer:
            return None
    return tuple(found.items())


def size_node(place: Place, dim: al.Dim) -> sf.Node:
    """A length as a surface tree."""
    match dim:
        case al.DimSum(parts=parts):
            return sf.Plus(place, [size_node(place, part) for part in parts])
        case al.DimProduct(parts=parts):
            return sf.Times(place, [size_node(place, part) for part in parts])
        case int():
            return sf.Literal(place, Fraction(dim), str(dim))
    return sf.Named(place, dim)
