"""What a formula about a model may have lost: terms and factors in its own words.

The names and steps that the formula uses, put together in the ways in which recurrences
and their derivatives are put together; no rule of differentiation is known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TypeVar

from symbptt.algebra import Index, Model
from symbptt.formula.edits import NAME, TOP, Edit, Scope, is_operand
from symbptt.formula.meaning import ONE, SCALAR, Extents, ShapeError, Shaper
from symbptt.formula.tree import (
    Add,
    At,
    Call,
    Diff,
    Dot,
    Entry,
    Flip,
    Formula,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    OneHot,
    Over,
    Power,
    children,
    free_names,
    walk,
    with_child,
)
from symbptt.functions.elementwise import FUNCTIONS

MISSING = "a missing term"
MISSING_FACTOR = "a missing factor"

MAX_TERMS = 1_500


class Vocabulary:
    """The words of a formula and of its model."""

    def __init__(self, formula: Formula, model: Model, shaper: Shaper) -> None:
        self.shaper = shaper
        nodes = [n for side in (formula.left, formula.right) for n in walk(side)]
        self.parameters = [Name(p.name) for p in model.parameters]
        self.parameters += [Name(d.name) for d in model.derived]
        real = [i.name for i in model.inputs if i.index_dim is None]
        self.timed = [*(e.name for e in model.equations), *real]
        self.places = _unique(
            n for entry in nodes if isinstance(entry, Entry) for n in entry.places
        )
        self.integers = [i.name for i in model.inputs if i.index_dim is not None]
        self.calls = _unique(n.function for n in nodes if isinstance(n, Call))
        self.steps = _unique([*(n.index for n in nodes if isinstance(n, At)), Index.of("t")])
        self.derivatives = _unique(n for n in nodes if isinstance(n, Diff))
        self._terms: dict[tuple[Extents, tuple[Node, ...], frozenset[str]], list[Node]] = {}

    def shape(self, node: Node) -> Extents | None:
        try:
            return self.shaper.shape(node)
        except ShapeError:
            return None

    def terms(self, shape: Extents, near: tuple[Node, ...], names: frozenset[str]) -> list[Node]:
        """Terms of a shape that may stand beside the terms ``near``.

        Parameters
        ----------
        names : frozenset of str
            The index names that have a meaning there.
        """
        key = (shape, near, names)
        if key not in self._terms:
            found = [*self._copies(near, names), *self._composed(shape, names)]
            fitting = [n for n in _unique(found) if self.shape(n) == shape and n not in near]
            self._terms[key] = fitting[:MAX_TERMS]
        return self._terms[key]

    # --- atoms ----------------------------------------------------------------------------

    def _indices(self, names: frozenset[str]) -> list[Index]:
        steps = [s for s in self.steps if set(s.names()) <= names]
        near = [Index.of(name, k) for name in ("t",) if name in names for k in (0, -1, 1)]
        return list(dict.fromkeys([*steps, *near]))

    def values(self, names: frozenset[str]) -> list[Node]:
        return [At(name, index) for name in self.timed for index in self._indices(names)]

    def _applied(self, names: frozenset[str]) -> Iterator[Node]:
        """Functions that the formula uses, of one value; integers as unit vectors."""
        wanted = ["softmax", *(name for name in self.calls if name in FUNCTIONS)]
        for function in _unique(wanted):
            if function == "softmax" or len(FUNCTIONS[function].arguments) == 1:
                yield from (Call(function, (value,)) for value in self.values(names))
        for name in self.integers:
            yield from (OneHot(At(name, index)) for index in self._indices(names))

    def _slopes(self, names: frozenset[str]) -> list[Node]:
        """The formula's derivatives, by and of other quantities and at other steps."""
        indices = self._indices(names)
        found: list[Node] = []
        for diff in self.derivatives:
            bys: list[Node] = [diff.by]
            if isinstance(diff.by, At):
                bys = [At(name, index) for name in self.timed for index in indices]
            ofs: list[Node] = [diff.of]
            if isinstance(diff.of, At):
                ofs = [At(name, index) for name in self.timed for index in indices]
            for of, by in product(ofs, bys):
                if of == diff.of or by == diff.by:
                    found.append(replace(diff, of=of, by=by))
                    if isinstance(of, At):
                        found.append(replace(diff, of=of, by=by, partial=not diff.partial))
        used = frozenset(names)
        return [n for n in _unique(found) if _names(n) <= used]

    # --- terms ----------------------------------------------------------------------------

    def _copies(self, near: tuple[Node, ...], names: frozenset[str]) -> Iterator[Node]:
        """The terms that stand there, with other parameters, quantities and steps."""
        for term in near:
            inner = term.operand if isinstance(term, Neg) else term
            slots = [n for n in _unique(walk(inner)) if self._exchangeable(n)]
            if not 1 <= len(slots) <= 3:
                continue
            choices = [
                self.parameters if isinstance(slot, Name) else self.values(names) for slot in slots
            ]
            for choice in product(*choices):
                yield _exchanged(inner, dict(zip(slots, choice, strict=True)))

    def _exchangeable(self, node: Node) -> bool:
        return isinstance(node, Name) or (isinstance(node, At) and node.name in self.timed)

    def _composed(self, shape: Extents, names: frozenset[str]) -> Iterator[Node]:
        values = self.values(names)
        slopes = self._slopes(names)
        yield from self.parameters
        yield from values
        yield from slopes
        applied = list(self._applied(names))
        yield from (sign(node) for node in applied for sign in (_same, Neg))
        matrices = [p for p in self.parameters if not _is_vector(self.shape(p))]
        operands = [*values, *slopes]
        for matrix, operand in product(matrices, operands):
            for one in (matrix, Flip(matrix)):
                yield Dot((one, operand))
                yield Dot((Flip(operand), one))
        yield from self._through_functions(matrices, slopes)
        yield from self._recursive(names)
        if shape == SCALAR:
            yield from self._entries([*self.parameters, *values], matrices, values)
        matrix_values = [v for v in operands if not _is_vector(self.shape(v))]
        for left, right in product(matrix_values, operands):
            if self.shape(left) != SCALAR:
                yield Dot((left, right))
                yield Dot((Flip(left), right))
        yield from self._elementwise(shape, operands)
        if shape[0] != ONE and shape[1] != ONE:
            vectors = [v for v in operands if _is_vector(self.shape(v))]
            yield from (Dot((u, Flip(v))) for u, v in product(vectors, vectors))

    def _recursive(self, names: frozenset[str]) -> Iterator[Node]:
        """A derivative by way of a value one step before."""
        for diff in self.derivatives:
            if isinstance(diff.of, At) and set(diff.of.index.names()) <= names:
                for name in self.timed:
                    before = At(name, diff.of.index + -1)
                    step = Diff(diff.of, before, partial=True)
                    yield Dot((step, replace(diff, of=before, partial=False)))

    def _entries(
        self, vectors: list[Node], matrices: list[Name], values: list[Node]
    ) -> Iterator[Node]:
        for place in self.places:
            for vector in vectors:
                yield Entry(vector, (place,))
            for matrix, value in product(matrices, values):
                yield Entry(Dot((matrix, value)), (place,))

    def _through_functions(self, matrices: list[Name], slopes: list[Node]) -> Iterator[Node]:
        """Derivatives carried through an elementwise function, 1 - q**2 or q (1 - q)."""
        for slope in slopes:
            by = slope.by if isinstance(slope, Diff) else None
            if not isinstance(by, At):
                continue
            for matrix, factor in product(matrices, _function_slopes(by)):
                scaled = Call("diag", (factor,))
                yield Dot((Flip(slope), scaled, matrix))
                yield Dot((Flip(slope), Mul((factor, matrix))))
                yield Dot((Flip(matrix), Mul((slope, factor))))
                yield Dot((Flip(matrix), scaled, slope))

    def _elementwise(self, shape: Extents, operands: list[Node]) -> Iterator[Node]:
        same = [v for v in operands if self.shape(v) == shape]
        if len(same) > 60:
            same = [v for v in same if isinstance(v, At)]
        yield from (Mul(pair) for pair in product(same, same))
        for value in same:
            if isinstance(value, At):
                yield Neg(value)
                yield Neg(Power(value, _TWO))

    # --- factors --------------------------------------------------------------------------

    def factors(self, names: frozenset[str]) -> Iterator[tuple[bool, Node]]:
        """Factors that may be missing; True for one of a matrix product."""
        for name in self.parameters:
            yield True, name
            yield True, Flip(name)
        for value in self.values(names):
            slope, *_ = _function_slopes(value)
            yield False, slope
            yield False, value
            yield True, Call("diag", (slope,))
        for slope_ in self._slopes(names):
            yield True, slope_
            yield True, Flip(slope_)
            yield False, slope_


_UNITY = Num(Fraction(1), "1")
_TWO = Num(Fraction(2), "2")


def _function_slopes(value: Node) -> tuple[Node, Node]:
    """What tanh and the sigmoid are differentiated to, in their value."""
    return Add((_UNITY, Neg(Power(value, _TWO)))), Mul((value, Add((_UNITY, Neg(value)))))


def _same(node: Node) -> Node:
    return node


Item = TypeVar("Item")


def _unique(nodes: Iterable[Item]) -> list[Item]:
    return list(dict.fromkeys(nodes))


def _is_vector(shape: Extents | None) -> bool:
    return shape is not None and ONE in shape and shape != SCALAR


def _names(node: Node) -> frozenset[str]:
    return free_names(node)


def _exchanged(node: Node, places: dict[Node, Node]) -> Node:
    if node in places:
        return places[node]
    for place, child in enumerate(children(node)):
        new = _exchanged(child, places)
        if new is not child:
            node = with_child(node, place, new)
    return node


def renamed(node: Node, vocabulary: Vocabulary) -> Iterator[tuple[Edit, Node]]:
    """All ways to write another name of the model in one place."""
    others: list[Node] = []
    if isinstance(node, Name):
        others = [name for name in vocabulary.parameters if name != node]
    elif isinstance(node, At) and node.name in vocabulary.timed:
        others = [replace(node, name=name) for name in vocabulary.timed if name != node.name]
    for other in others:
        yield Edit(NAME, node, other), other
    for place, child in enumerate(children(node)):
        for edit, new in renamed(child, vocabulary):
            yield edit, with_child(node, place, new)


def completed(
    node: Node, vocabulary: Vocabulary, scope: Scope = TOP
) -> Iterator[tuple[Edit, Node]]:
    """All ways to complete a factor or an argument by a number, or a number by a value."""
    parent = scope.parents[-1] if scope.parents else None
    if isinstance(parent, Call | Mul | Dot | Flip):
        for term in _completions(node, vocabulary, frozenset(scope.names)):
            edit = Edit(MISSING, node, Add((node, term)), term)
            yield edit, edit.new
    for place, child in enumerate(children(node)):
        if is_operand(node, place):
            for edit, new in completed(child, vocabulary, scope.inside(node, child)):
                yield edit, with_child(node, place, new)


def _completions(node: Node, vocabulary: Vocabulary, names: frozenset[str]) -> Iterator[Node]:
    if isinstance(node, Num):
        for value in vocabulary.values(names):
            yield from (Neg(Power(value, _TWO)), Neg(value), value)
    elif isinstance(node, Neg | At | Power):
        yield _UNITY


def additions(
    node: Node, vocabulary: Vocabulary, scope: Scope = TOP
) -> Iterator[tuple[Edit, Node]]:
    """All ways to add a term or a factor somewhere in a part, the outermost first."""
    for edit in _additions_at(node, vocabulary, scope):
        yield edit, edit.new
    for place, child in enumerate(children(node)):
        if is_operand(node, place):
            for edit, new in additions(child, vocabulary, scope.inside(node, child)):
                yield edit, with_child(node, place, new)


def _additions_at(node: Node, vocabulary: Vocabulary, scope: Scope) -> Iterator[Edit]:
    parent = scope.parents[-1] if scope.parents else None
    names = frozenset(scope.names)
    shape = vocabulary.shape(node)
    if shape is not None and not isinstance(parent, Add | Neg | Flip | Power):
        near = node.terms if isinstance(node, Add) else (node,)
        for term in vocabulary.terms(shape, near, names):
            yield Edit(MISSING, node, Add((*near, term)), term)
            if isinstance(parent, Call | Mul | Dot) or parent is None:
                yield Edit(MISSING, node, Add((*near, Neg(term))), Neg(term))
    if isinstance(node, At | Diff | Name | Flip | Power | Call) and not isinstance(parent, Over):
        for ordinary, factor in vocabulary.factors(names):
            if ordinary:
                yield Edit(MISSING_FACTOR, node, Dot((factor, node)))
                yield Edit(MISSING_FACTOR, node, Dot((node, factor)))
            elif shape == vocabulary.shape(factor) or shape == SCALAR:
                yield Edit(MISSING_FACTOR, node, Mul((node, factor)))
