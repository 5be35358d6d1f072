r"""From what a person wrote to surface trees: every way to read it whose shapes fit.

The parts are read first; what fits in no way is left out before it meets others, so that a formula
with many products of two readings each has few. What is decided once (whether ``^T`` turns or
raises, in which order a product runs) is decided in the same way everywhere in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice, product

from symbptt.formula.shapes import SCALAR
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.calls import CallReader, block_row
from symbptt.formula.spelling.choices import TRIED, consistent
from symbptt.formula.spelling.derivatives import core_of, name_in
from symbptt.formula.spelling.dots import are_alike, dotted, grown
from symbptt.formula.spelling.names import Way
from symbptt.formula.spelling.products import MAX_TERMS
from symbptt.formula.spelling.tables import TableReader
from symbptt.language import surface as sf
from symbptt.language.source import Place

_ONE = Fraction(1)
_ROOTS = {"1": "sum", "2": "norm", "F": "norm", "": "norm"}


class MeaningReader(CallReader, TableReader):
    """Reads expressions."""

    def read(self, node: wr.Written) -> Iterable[Way]:
        place = node.place
        match node:
            case wr.Numeral(text=text, bold=bold):
                if bold and text == "1":
                    return [Way(sf.Named(place, "ones")), Way(sf.Literal(place, _ONE, "1"))]
                return [Way(sf.Literal(place, Fraction(text), text))]
            case wr.Scripted(core=wr.Word()) | wr.Word():
                return self.value(node)
            case wr.Scripted():
                return self.scripted(node)
            case wr.Summed(terms=terms):
                return self.added(place, terms)
            case wr.Operated():
                return self.operated(node)
            case wr.Fraction(above=above, below=below):
                return self.quotient(place, above, below)
            case wr.Raised(base=base, exponent=None):
                return self.joined([self.ways(base)], lambda one: sf.Flip(place, one))
            case wr.Raised(base=base, exponent=exponent) if exponent is not None:
                power = self.number(exponent)
                if power is None:
                    self.wrong(exponent.place, "an exponent is a number or an index")
                return self.joined([self.ways(base)], lambda one: sf.Power(place, one, power))
            case wr.Radical(operand=operand):
                return self.joined(
                    [self.ways(operand)], lambda one: sf.Apply(place, "sqrt", [one], place)
                )
            case wr.Enclosed():
                return self.group(node)
            case wr.Matrix():
                return self.matrix(node)
            case wr.Alternatives():
                return self.cases(node)
            case wr.Bracketed():
                return self.behind(node)
            case wr.Applied(function=function, argument=argument):
                group = wr.Enclosed(argument.place, "(", [argument])
                return self.behind(wr.Bracketed(place, function, group))
            case wr.Differential():
                return self.alone(node)
            case wr.Gradient(by=[script], of=of):
                by = self.parsed(script)
                if by is not None:
                    return self.derivative(place, "∂", of, by)
            case wr.Ranged():
                return self.over(node)
        self.wrong(place, f"`{self.shown(place)}` has no meaning in a formula")

    def added(self, place: Place, terms: list[wr.Signed]) -> Iterable[Way]:
        """A sum, term by term: each has the shape of those before."""
        if len(terms) > MAX_TERMS:
            self.wrong(place, f"a formula has at most {MAX_TERMS} terms in a row")
        (first, _, ways), *others = self.summands(place, terms)
        whole: Iterable[Way] = self.joined([ways], lambda one: signed(first, one))
        for sign, at, ways in others:
            until = place.until(at)

            def plus(one: sf.Node, two: sf.Node, sign: str = sign, until: Place = until) -> sf.Node:
                return sf.Plus(until, [*terms_of(one, place), signed(sign, two)])

            whole = self.joined([self.settled(whole), ways], plus)
        return whole

    def summands(self, place: Place, terms: list[wr.Signed]) -> list[tuple[str, Place, list[Way]]]:
        """Sign, place and ways of each term; those around dots are one term, a sum."""
        every = [one for term in terms for one in without_dots(term)]
        ways = [[] if isinstance(one.operand, wr.Dots) else self.ways(one.operand) for one in every]
        dots = [number for number, one in enumerate(ways) if not one]
        parts = [(one.sign, one.place, made) for one, made in zip(every, ways, strict=True)]
        if not dots:
            return parts
        first, last = dots[0], dots[-1]
        begins = range(first) if last + 1 == len(parts) else range(max(first - 2, 0), first)
        if any(sign == "-" for sign, _, _ in parts[first : last + 2]):
            begins = range(0)
        for begin in begins:
            known = [one for one in ways[begin : last + 2] if one]
            if found := self.settled_sum(place, known, first - begin):
                return [*parts[:begin], (*parts[begin][:2], found), *parts[last + 2 :]]
            if len(known) > 1 and are_alike(known[0][0].node, known[1][0].node):
                break  # l_1 + l_3 + … are not the terms from l_3 on
        self.wrong(every[first].place, "the terms around the dots do not go on in one way")

    def settled_sum(self, place: Place, known: list[list[Way]], before: int) -> list[Way]:
        """The sum whose terms before dots are given, and those between and behind them if any."""
        made: list[Way] = []
        for chosen in islice(product(*known), TRIED):
            notes = consistent(note for way in chosen for note in way.notes)
            nodes = [way.node for way in chosen]
            if notes is None:
                continue
            if len(nodes) == before:
                sums = [grown(place, nodes, self.open)]
            else:
                *between, end = nodes[before:]
                on = all(any(dotted(place, [*nodes[:before], one], {}, "sum")) for one in between)
                sums = list(dotted(place, [*nodes[:before], end], self.open, "sum")) if on else []
            made += [
                Way(one, notes, all(way.fits for way in chosen)) for one in sums if one is not None
            ]
        return self.settled(made) if made else []

    def value(self, node: wr.Written) -> Iterator[Way]:
        """A name; an integer input is its one-hot vector where a value is wanted."""
        for way in self.meanings(node):
            if self.is_integer(way.node):
                note = (f"`{self.shown(node.place)}`", "its one-hot vector")
                one_hot = sf.Apply(node.place, "onehot", [way.node], node.place)
                yield Way(one_hot, (*way.notes, note))
            else:
                yield from self.unless_inverse(way)

    def scripted(self, node: wr.Scripted) -> Iterable[Way]:
        """A group, a call or a fraction with scripts: entries, a transpose, a power."""
        core, place = node.core, node.place
        if isinstance(core, wr.Numeral):
            return self.numeral(node, core)
        if node.primes:
            self.wrong(place, "a prime stands behind the name of a function")
        if isinstance(core, wr.Bracketed) and not self.is_applied(core):
            # W (a + b)^T: the script belongs to the parentheses alone.
            behind = wr.Scripted(core.group.place.until(place), core.group, node.below, node.above)
            return self.operated(wr.Operated(place, [core.operand, behind], [""]))
        if isinstance(core, wr.Enclosed) and core.bracket == "‖":
            return self.norm(core, node.below, node.above)
        operator = self.operator_of(core)
        if operator is not None and node.below:
            return self.raised_all(self.operator(place, *operator, node.below), node.above)
        inner = self.ways(core)
        if node.below:
            inner = self.settled(self.entries(place, inner, node.below))
        return self.raised_all(inner, node.above)

    def numeral(self, node: wr.Scripted, core: wr.Numeral) -> Iterable[Way]:
        r"""``2^n``, ``\mathbf{1}^\top``, ``\mathbf{1}_{y_t}``, ``\mathbb{1}_{i = j}``."""
        place = node.place
        if not node.below:
            return self.raised_all(self.read(core), node.above)
        [script, *others] = node.below
        if script.marks[0].text == "{{" and script.marks[-1].text == "}}":
            script = replace(script, marks=script.marks[1:-1])
        sign = next((k for k, mark in enumerate(script.marks) if mark.text == "="), None)
        if sign is not None:
            ends = [
                wr.ScriptText(script.marks[:sign], place),
                wr.ScriptText(script.marks[sign + 1 :], place),
            ]
            places = [self.entry(end) for end in ends]
            return [Way(sf.Apply(place, "delta", [p for p in places if p], place))]
        found = [] if others else list(self.unit(place, script))
        if not found:
            self.wrong(place, f"`{self.shown(place)}` has no meaning in a formula")
        return self.raised_all(found, node.above)

    def group(self, node: wr.Enclosed) -> Iterable[Way]:
        place, items = node.place, node.items
        if node.separators == "=" and len(items) == 2:
            places = [self.position(item) for item in items]
            if None not in places:
                return [Way(sf.Apply(place, "delta", [p for p in places if p], place))]
        if node.bracket == "‖":
            return self.norm(node, [], [])
        if node.bracket == "⟨" and len(items) == 2:
            return chain.from_iterable(self.call(place, name, items) for name in ("dot", "outer"))
        if node.bracket == "|" and len(items) == 1:
            return self.absolute(node)
        number = block_row(node)
        if number is not None:
            assert isinstance(items[0], wr.Operated)
            return self.block_rows(place, number, len(items[0].operands))
        operator = self.operator_of(node)
        if len(items) == 1 and operator is None:
            return self.ways(items[0])
        if node.bracket == "[" and len(items) > 1 and set(node.separators) <= {",", ";"}:
            return self.end_to_end(place, items)
        self.wrong(place, f"`{self.shown(place)}` is no expression")

    def absolute(self, node: wr.Enclosed) -> Iterator[Way]:
        """Bars: of every entry; around a vector its norm, too."""
        yield from self.call(node.place, "abs", node.items)
        if any(
            way.fits and self.shape(way) not in (None, SCALAR) for way in self.ways(node.items[0])
        ):
            yield from self.norm(node, [], [])

    def norm(
        self, node: wr.Enclosed, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterable[Way]:
        kind = below[0].word if below else ""
        if len(node.items) != 1 or len(below) > 1 or kind not in _ROOTS:
            self.wrong(node.place, f"`{self.shown(node.place)}` has no meaning in a formula")
        if isinstance(node.items[0], wr.Gradient) and not node.items[0].by and kind in ("", "2"):
            return self.length_of_gradient(node.items[0], above)
        if kind == "1":
            inner = self.settled(self.call(node.place, "abs", node.items))
            found = self.joined([inner], lambda one: sf.Apply(node.place, "sum", [one], node.place))
        else:
            inner = self.ways(node.items[0])
            found = self.joined([inner], lambda one: self.norm_of(node.place, one))
        return self.raised_all(self.settled(found), above)

    def norm_of(self, place: Place, node: sf.Node) -> sf.Node:
        """Of a vector, or of all entries of a matrix."""
        shape = self.shape(Way(node))
        flat = node if shape is None or 1 in shape else sf.Apply(place, "vec", [node], place)
        return sf.Apply(place, "norm", [flat], place)

    def length_of_gradient(self, node: wr.Gradient, above: list[wr.ScriptText]) -> Iterator[Way]:
        r"""``\lVert \nabla L \rVert^2``: all gradients with respect to parameters, end to end."""
        place, of = node.place, self.ways(node.of)
        if not all(core_of(way.node) is way.node and name_in(way.node) == "L" for way in of):
            self.wrong(place, f"`{self.shown(place)}` is the gradient of L alone")
        two = sf.Literal(place, Fraction(2), "2")
        named = [sf.Named(place, one.name) for one in self.names.model.parameters]
        gradients = [sf.Apply(place, "d", [sf.Named(place, "L"), one], place) for one in named]
        squares: list[sf.Node] = [
            sf.Power(place, self.norm_of(place, one), two) for one in gradients
        ]
        total = sf.Plus(place, squares)
        if [script.word for script in above] == ["2"]:
            yield Way(total)
        else:
            yield from self.raised_all([Way(sf.Apply(place, "sqrt", [total], place))], above)


def without_dots(term: wr.Signed) -> list[wr.Signed]:
    r"""A term, and the dots that stand behind it without a sign: ``l_t \dots + l_T``."""
    match term.operand:
        case wr.Operated(operands=[*before, wr.Dots() as dots], signs=[*signs, ""]):
            operand = wr.Operated(term.operand.place, before, signs) if signs else before[0]
            return [replace(term, operand=operand), wr.Signed(dots.place, "+", dots)]
    return [term]


def signed(sign: str, term: sf.Node) -> sf.Node:
    return sf.Minus(term.place, term) if sign == "-" else term


def terms_of(node: sf.Node, place: Place) -> list[sf.Node]:
    """The terms of a sum that begins at a place; a sum in parentheses is one term."""
    own = isinstance(node, sf.Plus) and node.place.column == place.column
    return node.terms if own and isinstance(node, sf.Plus) else [node]
