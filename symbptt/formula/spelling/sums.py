r"""Sums and products over steps and entries, with the limits that people write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from symbptt.errors import FormulaError
from symbptt.formula.shapes import SCALAR, Extents
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.choices import WayReader, consistent, size_node
from symbptt.formula.spelling.limits import Limits, comparison, entries, is_step, limits
from symbptt.formula.spelling.names import Way
from symbptt.language import surface as sf
from symbptt.language.source import Place
from symbptt.typeset.plain import index_text

_ONE = Fraction(1)


class SumReader(WayReader):
    """Reads sums and products over an index."""

    def plain_over(self, place: Place, name: str, items: list[wr.Written]) -> Iterator[Way]:
        bound, first, last, *step, body = items
        fixed = [self.number(one) for one in (bound, first, last, *step)]
        if None in fixed:
            self.wrong(place, f"`{name}` is written `{name}(i, a, b, expr)`")
        begins = [node for node in fixed if node is not None]
        return self.joined(
            [self.ways(body)], lambda one: sf.Apply(place, name, [*begins, one], place)
        )

    def over(self, node: wr.Ranged) -> Iterator[Way]:
        bounds = limits(self, node)
        if node.sign == "∏":
            for apart in self.without_tail(node, bounds[-1].name.name):
                yield from self.read(apart)
        ways: Iterable[Way] = self.ways(node.body)
        for bound in reversed(bounds):
            ways = self.settled(
                made
                for way in ways
                for made in (
                    self.sum(node, bound, way)
                    if node.sign == "∑"
                    else self.product(node, bound, way)
                )
            )
        yield from ways

    def without_tail(self, node: wr.Ranged, index: str) -> Iterator[wr.Written]:
        r"""``\prod_j A_j B`` as ``(\prod_j A_j) B``, where B has no j."""
        if not isinstance(node.body, wr.Operated):
            return
        operands, signs = node.body.operands, node.body.signs
        first = len(operands)
        while first > 1 and not self.mentions(operands[first - 1], index):
            first -= 1
        if first == len(operands):
            return
        place = node.place.until(operands[first - 1].place)
        body = operands[0]
        if first > 1:
            body = wr.Operated(body.place.until(place), operands[:first], signs[: first - 1])
        inner = wr.Ranged(place, node.sign, node.below, node.above, body)
        yield wr.Operated(node.place, [inner, *operands[first:]], signs[first - 1 :])

    def mentions(self, node: wr.Written, index: str) -> bool:
        return isinstance(node, wr.Dots) or any(
            isinstance(part, sf.Named) and part.name == index
            for way in self.ways(node)
            for part in sf.walk(way.node)
        )

    def sum(self, node: wr.Ranged, bound: Limits, way: Way) -> Iterator[Way]:
        name, place = bound.name, node.place
        first, last = bound.first, bound.last
        timed = self.names.timed | frozenset(self.names.letters) | {"loss", "L"}
        if last is None and not is_step(way.node, name.name, timed):
            last = self.length(way.node, name)
        first = first or sf.Literal(place, _ONE, "1")
        last = last or sf.Named(place, "T")
        if comparison(first, last) > 0:
            first, last = last, first
        made = sf.Apply(place, "sum", [name, first, self.with_lengths(last), way.node], place)
        yield replace(way, node=made)

    def length(self, body: sf.Node, name: sf.Named) -> sf.Node | None:
        """How many entries an index counts that has no limits."""
        for array, axis in entries(body, name.name):
            try:
                found = self.shaper.shape(self.builder.expr(array))
            except FormulaError:
                continue
            if found is not None:
                dims = [dim for dim in found if dim != 1] if 1 in found else list(found)
                dim = dims[axis] if axis < len(dims) else 1
                return self.with_lengths(size_node(name.place, dim))
        return None

    def with_lengths(self, node: sf.Node) -> sf.Node:
        """A dimension as the length that it is."""
        if isinstance(node, sf.Named) and node.name in self.names.model.dims:
            vector = self.vectors.get(node.name, node.name)
            return sf.Len(node.place, sf.Named(node.place, vector))
        if isinstance(node, sf.Plus):
            return sf.Plus(node.place, [self.with_lengths(term) for term in node.terms])
        if isinstance(node, sf.Times):
            return sf.Times(node.place, [self.with_lengths(one) for one in node.factors])
        return node

    def product(self, node: wr.Ranged, bound: Limits, way: Way) -> Iterator[Way]:
        """A product of matrices in the orders that its limits may mean."""
        place, name = node.place, bound.name
        if bound.first is None or bound.last is None:
            self.wrong(place, "a product says from where to where its index goes")
        first, last = bound.first, bound.last
        later = comparison(first, last)
        falls = not later and is_now(first) and not is_now(last)
        down, up = (last, first, -1), (first, last, 1)
        fall, rise = (first, last, -1), (last, first, 1)
        if bound.order == "listed":
            orders = [fall] if later > 0 else [up] if later < 0 else [fall, up]
        elif bound.order == "down":
            orders = [down, up]
        else:
            orders = (
                [fall, rise]
                if later > 0
                else [up, down]
                if later < 0
                else ([fall, rise, up, down] if falls else [up, down, fall, rise])
            )
        shape = self.shape(way) if way.fits else None
        vector = shape is not None and 1 in shape and shape != SCALAR
        if vector:
            way = replace(way, node=sf.Apply(place, "diag", [way.node], place))
        if vector or shape == SCALAR:
            # The order of such factors is all the same.
            rising = [(end, begin) if step < 0 else (begin, end) for begin, end, step in orders]
            orders = [(*ends, 1) for ends in {tuple(map(id, one)): one for one in rising}.values()]
        for begin, end, step in orders:
            by = [sf.Minus(place, sf.Literal(place, _ONE, "1"))] if step < 0 else []
            made: sf.Node = sf.Apply(place, "prod", [name, begin, end, *by, way.node], place)
            sense = "down" if step < 0 else "up"
            words = (
                f"{name.name} from {self.said(begin)} {sense} to {self.said(end)}, left to right"
            )
            note = ((f"`∏` over {name.name}", words),) if len(orders) > 1 else ()
            notes = consistent((*way.notes, *note))
            if notes is not None:
                made = made if not vector or shape is None else multiplied(place, made, shape)
                yield Way(made, notes, way.fits)

    def said(self, node: sf.Node) -> str:
        return index_text(self.builder.index(node))


def multiplied(place: Place, made: sf.Node, shape: Extents) -> sf.Node:
    """A product of diagonal matrices as the vector of their entries."""
    ones = sf.Apply(place, "ones", [size_node(place, shape[shape[0] == 1])], place)
    return sf.Chain(place, [made, ones] if shape[1] == 1 else [ones, made])


def is_now(node: sf.Node) -> bool:
    """Whether it is a step around t, from where products of Jacobians go back."""
    return any(isinstance(part, sf.Named) and part.name in ("t", "T") for part in sf.walk(node))
