r"""Products by signs or by nothing, between whatever shapes their operands have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

from symbptt.formula.shapes import (
    SCALAR,
    is_matrix_of_values,
    is_turned,
)
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.choices import WayReader, consistent
from symbptt.formula.spelling.dots import dotted
from symbptt.formula.spelling.names import Way
from symbptt.language import surface as sf
from symbptt.language.source import Place

COLUMN = ("`∂s/∂v` of a scalar s", "in the shape of what it is by")
ROW = (COLUMN[0], "as a row")
"""How the derivative of a scalar is laid out; as a row it is a Jacobian like any other."""

CHAINED = "behind another"

MAX_TERMS = 80
MAX_FACTORS = 50


class ProductReader(WayReader):
    """Reads products, from left to right."""

    def operated(self, node: wr.Operated) -> Iterable[Way]:
        """From left to right, what is read so far times what comes next."""
        operands, signs = self.apart(node)
        if len(operands) > MAX_FACTORS:
            self.wrong(node.place, f"a formula has at most {MAX_FACTORS} factors in a row")
        self.pair_differentials(operands, signs)
        parts = [
            (one.place, [] if isinstance(one, wr.Dots) else self.ways(one)) for one in operands
        ]
        while any(not ways for _, ways in parts):
            self.fill_dots(parts, signs)
        whole = parts[0][1]
        for sign, (until, right) in zip(signs, parts[1:], strict=True):
            place = node.place.until(until)
            whole = self.settled(
                made
                for left in whole
                for other in right
                for made in self.times(place, sign, left, other)
            )
        return whole

    def apart(self, node: wr.Operated) -> tuple[list[wr.Written], list[str]]:
        """The factors and the signs between them; ``T (a + b)`` is no call but two factors."""
        operands: list[wr.Written] = []
        signs: list[str] = []
        for sign, operand in zip(["", *node.signs], node.operands, strict=True):
            signs.append(sign)
            match operand:
                case wr.Bracketed(operand=before, group=group) if not self.is_applied(operand):
                    operands += [before, group]
                    signs.append("")
                case wr.Scripted(core=wr.Bracketed(operand=before, group=group) as core) if (
                    not self.is_applied(core)
                ):
                    until = group.place.until(operand.place)
                    operands += [before, wr.Scripted(until, group, operand.below, operand.above)]
                    signs.append("")
                case _:
                    operands.append(operand)
        return operands, signs[1:]

    def is_applied(self, node: wr.Bracketed) -> bool:
        """Whether brackets behind a name are its arguments, its step or its entries."""
        raise NotImplementedError

    def pair_differentials(self, operands: list[wr.Written], signs: list[str]) -> None:
        r"""``∂L/∂h`` is one operand, and ``\frac{\partial}{\partial h} L`` too."""
        position = 0
        while position + 1 < len(operands):
            first, second = operands[position : position + 2]
            sign = signs[position]
            place = first.place.until(second.place)
            if sign == "/" and is_differential(first) and is_differential(second):
                operands[position : position + 2] = [wr.Fraction(place, first, second)]
                del signs[position]
            elif sign == "" and isinstance(first, wr.Fraction) and is_operator(first):
                kind = first.above.kind if isinstance(first.above, wr.Differential) else "∂"
                above = wr.Differential(place, kind, second)
                operands[position : position + 2] = [wr.Fraction(place, above, first.below)]
                del signs[position]
            else:
                position += 1

    def times(self, place: Place, sign: str, left: Way, right: Way) -> Iterator[Way]:
        """The products of two parts that a sign, or none, can mean between their shapes."""
        notes = consistent((*left.notes, *right.notes))
        if notes is None:
            return
        fits = left.fits and right.fits
        for node, more in self.products(place, sign, left, right):
            yield Way(node, (*notes, *more), fits)

    def products(
        self, place: Place, sign: str, left: Way, right: Way
    ) -> Iterator[tuple[sf.Node, tuple[tuple[str, str], ...]]]:
        one, two = left.node, right.node
        if sign in ("⊙", "*"):
            yield self.elementwise(place, one, two), ()
            return
        if sign == "/":
            yield sf.Over(place, one, two), ()
            return
        if sign == "@" or not (left.fits and right.fits):
            yield chained(place, one, two), ()
            return
        self.tell_apart(one, two)
        a, b = self.shape(left), self.shape(right)
        is_summed = self.shaper.layout == "column" and (b is None or (b[1] == 1 and b != SCALAR))
        summed = ones_times(place, one, two) if is_summed else None
        if summed is not None:
            yield summed, ()
            return
        if sign == "⊗":
            vectors = a is not None and b is not None and 1 in a and 1 in b
            yield sf.Apply(place, "outer" if vectors else "kron", [one, two], place), ()
            return
        if a == SCALAR or b == SCALAR:
            yield self.elementwise(place, one, two), ()
        elif a is None or b is None or (1 not in a and 1 not in b):
            yield chained(place, one, two), ()
            if a == b and a is not None and a[0] != a[1]:
                yield self.elementwise(place, one, two), ()
        elif 1 in a and 1 in b and a.index(1) == b.index(1):
            found: list[sf.Node] = [sf.Apply(place, "outer", [one, two], place)]
            if a == b:
                alike = [
                    self.elementwise(place, one, two),
                    sf.Apply(place, "dot", [one, two], place),
                ]
                found = [*found, *alike] if COLUMN in right.notes else [*alike, *found]
            yield from ((node, ()) for node in found)
        elif is_turned(a, b) and not is_matrix_of_values(self.builder.expr(two)):
            note = (("a gradient before a Jacobian", "a row times it"),)
            yield chained(place, sf.Flip(two.place, two), one), note
        else:
            yield chained(place, one, two), ()

    def tell_apart(self, one: sf.Node, two: sf.Node) -> None:
        """``∂l/∂o`` behind ``∂l/∂l`` is the slope of its equation, elsewhere the gradient."""
        before, behind = self.open.get(one), self.open.get(two)
        if before is not None and behind is not None and before[:2] == (behind[0], behind[0]):
            self.open[two] = (*behind[:2], CHAINED)

    def fill_dots(self, parts: list[tuple[Place, list[Way]]], signs: list[str]) -> None:
        """``F_t F_{t-1} … F_k``: the factors around dots are one product."""
        at = next(k for k, (_, ways) in enumerate(parts) if not ways)
        if at == 0 or at + 1 == len(parts) or not parts[at + 1][1]:
            self.wrong(parts[at][0], "dots stand between the first factors and the last")
        place = parts[at - 1][0].until(parts[at + 1][0])
        for begin, last in product((at - 2, at - 1), (at + 2, at + 1)):
            if begin < 0 or last >= len(parts) or not parts[last][1]:
                continue
            factors = [ways for _, ways in (*parts[begin:at], *parts[at + 1 : last + 1])]
            found = [
                Way(node, notes, all(way.fits for way in chosen))
                for chosen in product(*factors)
                if (notes := consistent(note for way in chosen for note in way.notes)) is not None
                for node in dotted(place, [way.node for way in chosen], self.open, behind=last - at)
            ]
            if found:
                parts[begin : last + 1] = [(place, self.settled(found))]
                del signs[begin:last]
                return
        self.wrong(place, "the factors around the dots do not go on in one way")

    def any_product(self, place: Place, items: list[wr.Written]) -> Iterable[Way]:
        """``prod(A, B)``: the product in whichever order, and with what transposes, it fits."""
        whole = self.ways(items[0])
        for item in items[1:]:
            whole = self.settled(
                way
                for left, right in product(whole, self.ways(item))
                for one, two in ((left, right), (right, left))
                for first, second in product((one, flipped(one)), (two, flipped(two)))
                for way in self.times(place, "", first, second)
                if way.fits
            )
        return whole

    def elementwise(self, place: Place, one: sf.Node, two: sf.Node) -> sf.Node:
        own = isinstance(one, sf.Times) and one.place.column == place.column
        factors = one.factors if own and isinstance(one, sf.Times) else [one]
        return sf.Times(place, [*factors, two])


def ones_times(place: Place, one: sf.Node, two: sf.Node) -> sf.Node | None:
    r"""``\mathbf{1}^\top v`` is the sum of entries, ``\mathbf{1} \mathbf{1}^\top`` ones again."""
    match one, two:
        case sf.Named(name="ones"), sf.Flip(operand=sf.Named(name="ones")):
            return one
        case _ if is_row_of_ones(one):
            return sf.Apply(place, "sum", [two], place)
        case sf.Times(factors=factors), _:
            others = [each for each in factors if not is_row_of_ones(each)]
            if len(others) == len(factors) - 1:
                return sf.Times(place, [*others, sf.Apply(place, "sum", [two], place)])
    return None


def is_row_of_ones(node: sf.Node) -> bool:
    return (
        isinstance(node, sf.Flip)
        and isinstance(node.operand, sf.Named)
        and (node.operand.name == "ones")
    )


def chained(place: Place, one: sf.Node, two: sf.Node) -> sf.Chain:
    operands = (
        one.operands if isinstance(one, sf.Chain) and one.place.column == place.column else [one]
    )
    return sf.Chain(place, [*operands, two])


def flipped(way: Way) -> Way:
    return replace(way, node=sf.Flip(way.node.place, way.node))


def is_differential(node: wr.Written) -> bool:
    return isinstance(node, wr.Differential)


def is_operator(node: wr.Fraction) -> bool:
    """``∂/∂h`` before what it differentiates."""
    above, below = node.above, node.below
    return (isinstance(above, wr.Differential) and above.operand is None
            and isinstance(below, wr.Differential) and below.operand is not None)  # fmt: skip
