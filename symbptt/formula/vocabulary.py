"""What a formula about a model may have lost: terms and factors in its own words.

The names and steps that the formula uses, put together in the ways in which recurrences
and their derivatives are put together; no rule of differentiation is known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice, product
from typing import TypeVar

from symbptt import algebra as al
from symbptt.algebra.letters import Entry
from symbptt.calculus.slips import Slip
from symbptt.calculus.variants import places
from symbptt.formula.edits import CALLS, Edit, Scope, exchanged
from symbptt.formula.regrouped import TWO, complement, product_of, sigmoid_slope, tanh_slope
from symbptt.formula.scenes import Clock
from symbptt.formula.shapes import SCALAR, Extents, ShapeError, Shaper
from symbptt.formula.statement import Formula, free_names, parts, walk
from symbptt.formula.statement import product as chained
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.vectors import vector

MAX_TERMS = 1_500


class Vocabulary:
    """The words of a formula and of its model."""

    def __init__(self, formula: Formula, model: al.Model, shaper: Shaper, clock: Clock) -> None:
        self.shaper = shaper
        self.clock = clock
        nodes = [n for side in formula.sides for n in walk(side)]
        self.parameters = [al.Param(p.name, p.shape) for p in model.parameters]
        self.parameters += [al.Param(d.name, d.shape) for d in model.derived]
        self.timed = {e.name: e.shape for e in model.equations}
        self.timed |= {i.name: i.shape for i in model.inputs if i.index_dim is None}
        self.places = _unique(
            n for entry in nodes if isinstance(entry, Entry) for n in entry.places
        )
        self.integers = {i.name: i.index_dim for i in model.inputs if i.index_dim is not None}
        self.calls = _unique(n.function for n in nodes if isinstance(n, al.Call))
        self.steps = _unique([*(n.index for n in nodes if isinstance(n, al.Ref)), al.Index.of("t")])
        self.derivatives = _unique(n for n in nodes if isinstance(n, al.Derivative))
        self._terms: dict[tuple[Extents, tuple[al.Expr, ...], frozenset[str]], list[al.Expr]] = {}

    def shape(self, node: al.Expr) -> Extents | None:
        self.clock.check()
        try:
            return self.shaper.shape(node)
        except ShapeError:
            return None

    def terms(
        self, shape: Extents, near: tuple[al.Expr, ...], names: frozenset[str]
    ) -> list[al.Expr]:
        """Terms of a shape that may stand beside the terms ``near``.

        Parameters
        ----------
        names : frozenset of str
            The index names that have a meaning there.
        """
        key = (shape, near, names)
        if key not in self._terms:
            found = _distinct(chain(self.copies(near, names), self._composed(shape, names)))
            fitting = (n for n in found if self.shape(n) == shape and n not in near)
            self._terms[key] = list(islice(fitting, MAX_TERMS))
        return self._terms[key]

    # --- atoms ----------------------------------------------------------------------------

    def _indices(self, names: frozenset[str]) -> list[al.Index]:
        steps = [s for s in self.steps if set(s.names()) <= names]
        near = [al.Index.of(name, k) for name in ("t",) if name in names for k in (0, -1, 1)]
        return list(dict.fromkeys([*steps, *near]))

    def values(self, names: frozenset[str]) -> list[al.Expr]:
        return [
            al.Ref(name, index, self.timed[name])
            for name in self.timed
            for index in self._indices(names)
        ]

    def _applied(self, names: frozenset[str]) -> Iterator[al.Expr]:
        """Functions that the formula uses, of one value; integers as unit vectors."""
        yield from (vector("softmax", value) for value in self.values(names))
        for function in self.calls:
            if function in FUNCTIONS and len(FUNCTIONS[function].arguments) == 1:
                yield from (al.Call(function, (value,)) for value in self.values(names))
        for name, dim in self.integers.items():
            yield from (al.OneHot(al.Ref(name, index, ()), dim) for index in self._indices(names))

    def _slopes(self, names: frozenset[str]) -> list[al.Expr]:
        """The formula's derivatives, by and of other quantities and at other steps."""
        found: list[al.Expr] = []
        for diff in self.derivatives:
            of_values, by_values = (
                self.values(names) if isinstance(part, al.Ref) else [part] for part in parts(diff)
            )
            for of, by in product(of_values, by_values):
                if of == diff.output or by == diff.wrt:
                    found.append(al.Derivative(of, by, diff.held))
                    if isinstance(of, al.Ref):
                        other: al.Held = "step" if diff.held == "nothing" else "nothing"
                        found.append(al.Derivative(of, by, other))
        return [n for n in _unique(found) if free_names(n) <= names]

    # --- terms ----------------------------------------------------------------------------

    def copies(self, near: tuple[al.Expr, ...], names: frozenset[str]) -> Iterator[al.Expr]:
        """The terms that stand there, with other parameters, quantities and steps."""
        for term in near:
            inner = term.operand if isinstance(term, al.Neg) else term
            slots = [n for n in _unique(walk(inner)) if self._exchangeable(n)]
            if not 1 <= len(slots) <= 3:
                continue
            choices = [
                self.parameters if isinstance(slot, al.Param) else self.values(names)
                for slot in slots
            ]
            for choice in product(*choices):
                yield exchanged(inner, dict(zip(slots, choice, strict=True)))

    def _exchangeable(self, node: al.Expr) -> bool:
        return isinstance(node, al.Param) or (isinstance(node, al.Ref) and node.name in self.timed)

    def _composed(self, shape: Extents, names: frozenset[str]) -> Iterator[al.Expr]:
        values = self.values(names)
        slopes = self._slopes(names)
        yield from self.parameters
        yield from values
        yield from slopes
        applied = list(self._applied(names))
        yield from (sign(node) for node in applied for sign in (_same, al.Neg))
        matrices = [p for p in self.parameters if not _is_vector(self.shape(p))]
        operands = [*values, *slopes]
        for matrix, operand in product(matrices, operands):
            for one in (matrix, al.Transpose(matrix)):
                yield al.Product(one, operand)
                yield al.Product(al.Transpose(operand), one)
        yield from self._through_functions(matrices, slopes)
        yield from self._recursive(names)
        if shape == SCALAR:
            yield from self._entries([*self.parameters, *values], matrices, values)
        matrix_values = [v for v in operands if not _is_vector(self.shape(v))]
        for left, right in product(matrix_values, operands):
            if self.shape(left) != SCALAR:
                yield al.Product(left, right)
                yield al.Product(al.Transpose(left), right)
        yield from self._elementwise(shape, operands)
        if 1 not in shape:
            vectors = [v for v in operands if _is_vector(self.shape(v))]
            yield from (al.Product(u, al.Transpose(v)) for u, v in product(vectors, vectors))

    def _recursive(self, names: frozenset[str]) -> Iterator[al.Expr]:
        """A derivative by way of a value one step before."""
        for diff in self.derivatives:
            if isinstance(diff.output, al.Ref) and set(diff.output.index.names()) <= names:
                for name in self.timed:
                    before = al.Ref(name, diff.output.index + -1, self.timed[name])
                    step = al.Derivative(diff.output, before, "step")
                    yield al.Product(step, al.Derivative(before, diff.wrt))

    def _entries(
        self, vectors: list[al.Expr], matrices: list[al.Param], values: list[al.Expr]
    ) -> Iterator[al.Expr]:
        for place in self.places:
            for value in vectors:
                yield Entry(value, (place,))
            for matrix, value in product(matrices, values):
                yield Entry(al.Product(matrix, value), (place,))

    def _through_functions(
        self, matrices: list[al.Param], slopes: list[al.Expr]
    ) -> Iterator[al.Expr]:
        """Derivatives carried through an elementwise function, 1 - q**2 or q (1 - q)."""
        for slope in slopes:
            by = slope.wrt if isinstance(slope, al.Derivative) else None
            if not isinstance(by, al.Ref):
                continue
            for matrix, factor in product(matrices, _function_slopes(by)):
                scaled = al.Diag(factor)
                yield chained(al.Transpose(slope), scaled, matrix)
                yield al.Product(al.Transpose(slope), al.Mul((factor, matrix)))
                yield al.Product(al.Transpose(matrix), al.Mul((slope, factor)))
                yield chained(al.Transpose(matrix), scaled, slope)

    def _elementwise(self, shape: Extents, operands: list[al.Expr]) -> Iterator[al.Expr]:
        same = [v for v in operands if self.shape(v) == shape]
        if len(same) > 60:
            same = [v for v in same if isinstance(v, al.Ref)]
        yield from (al.Mul(pair) for pair in product(same, same))
        for value in same:
            if isinstance(value, al.Ref):
                yield al.Neg(value)
                yield al.Neg(al.Pow(value, TWO))

    # --- factors --------------------------------------------------------------------------

    def factors(self, names: frozenset[str]) -> Iterator[tuple[bool, al.Expr]]:
        """Factors that may be missing; True for one of a matrix product."""
        for name in self.parameters:
            yield True, name
            yield True, al.Transpose(name)
        for value in self.values(names):
            slope, other = _function_slopes(value)
            yield from ((False, one) for one in (slope, value, complement(value), other))
            yield True, al.Diag(slope)
        for slope_ in self._slopes(names):
            yield True, slope_
            yield True, al.Transpose(slope_)
            yield False, slope_


def _function_slopes(value: al.Expr) -> tuple[al.Expr, al.Expr]:
    """What tanh and the sigmoid are differentiated to, in their value."""
    return tanh_slope(value), product_of(sigmoid_slope(value))


def _same(node: al.Expr) -> al.Expr:
    return node


Item = TypeVar("Item")


def _unique(nodes: Iterable[Item]) -> list[Item]:
    return list(dict.fromkeys(nodes))


def _distinct(nodes: Iterable[Item]) -> Iterator[Item]:
    """Each when it first comes: what is never asked for is never made."""
    seen: set[Item] = set()
    for node in nodes:
        if node not in seen:
            seen.add(node)
            yield node


def _is_vector(shape: Extents | None) -> bool:
    return shape is not None and 1 in shape and shape != SCALAR


def added(node: al.Expr, vocabulary: Vocabulary) -> Iterator[tuple[Edit, al.Expr]]:
    """All ways to write another name, to complete a factor, to add a term or a factor."""
    ways = ((_renamed, Scope(named=True)), (_completed, Scope()), (_extended, Scope()))
    for way, around in ways:
        for part, scope, put in places(node, around):
            yield from ((edit, put(edit.new)) for edit in way(vocabulary, part, scope))


def _renamed(vocabulary: Vocabulary, node: al.Expr, _: Scope) -> Iterator[Edit]:
    """Another name of the model in its place."""
    others: list[al.Expr] = []
    if isinstance(node, al.Param):
        others = [*vocabulary.parameters]
    elif isinstance(node, al.Ref) and node.name in vocabulary.timed:
        others = [al.Ref(name, node.index, shape) for name, shape in vocabulary.timed.items()]
    yield from (Edit(Slip.NAME, node, other) for other in others if other != node)


def _completed(vocabulary: Vocabulary, node: al.Expr, scope: Scope) -> Iterator[Edit]:
    """A factor or an argument completed by a number, a number by a value."""
    if not isinstance(scope.parent, (al.Mul, al.Product, al.Transpose, *CALLS)):
        return
    terms: list[al.Expr] = []
    if isinstance(node, al.Number):
        for value in vocabulary.values(frozenset(scope.names)):
            terms += [al.Neg(al.Pow(value, TWO)), al.Neg(value), value]
    elif isinstance(node, al.Neg | al.Ref | al.Pow):
        terms = [al.ONE]
    yield from (Edit(Slip.MISSING, node, al.Add((node, term)), term) for term in terms)


def _extended(vocabulary: Vocabulary, node: al.Expr, scope: Scope) -> Iterator[Edit]:
    """A term beside it, or a factor."""
    parent, names, shape = scope.parent, frozenset(scope.names), vocabulary.shape(node)
    if shape is not None and not isinstance(parent, al.Add | al.Neg | al.Transpose | al.Pow):
        near = node.terms if isinstance(node, al.Add) else (node,)
        for term in vocabulary.terms(shape, near, names):
            yield Edit(Slip.MISSING, node, al.Add((*near, term)), term)
            if isinstance(parent, (al.Mul, al.Product, *CALLS)) or parent is None:
                yield Edit(Slip.MISSING, node, al.Add((*near, al.Neg(term))), al.Neg(term))
    scaled = isinstance(node, (al.Ref, al.Derivative, al.Param, al.Transpose, al.Pow, *CALLS))
    if scaled and not isinstance(parent, al.TimeSum | al.OrderedProduct):
        for ordinary, factor in vocabulary.factors(names):
            if ordinary:
                yield Edit(Slip.MISSING_FACTOR, node, al.Product(factor, node))
                yield Edit(Slip.MISSING_FACTOR, node, al.Product(node, factor))
            elif shape == vocabulary.shape(factor) or shape == SCALAR:
                yield Edit(Slip.MISSING_FACTOR, node, product_of((node, factor)))
