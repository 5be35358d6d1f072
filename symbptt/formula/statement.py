"""A formula: two expressions of the algebra, and the conditions under which they are equal.

As it is read an expression has the author's form and the author's freedom: a vector is a
column, so it has a transpose; ``I`` has no size yet. `symbptt.formula.meaning` gives every
part the shape that it has in the algebra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from symbptt.algebra import (
    Cotangent,
    Count,
    Derivative,
    Direct,
    Expr,
    Held,
    Horizon,
    Identity,
    Index,
    MatrixPower,
    OrderedProduct,
    Param,
    Product,
    Ref,
    TimeSum,
    children,
    map_children,
)
from symbptt.algebra.index import LAST

Span = tuple[int, int]
"""First column and the column after the last, in the formula's text."""

NOWHERE: Span = (0, 0)

TOTAL = Param("L", ())
"""``L``, the total loss."""

UNIT = Identity("")
"""``I``, whose size follows from where it stands."""


@dataclass(frozen=True)
class Chain:
    """``1 <= t < T``: ``operators[k]`` stands between ``sides[k]`` and ``sides[k+1]``."""

    sides: tuple[Index, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Fixed:
    """``a[0] = 0``: what an initial value is."""

    name: str
    step: int
    value: Expr
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Formula:
    """``left = right for chains, fixed``.

    Attributes
    ----------
    spans : mapping
        Where in the text the parts stand, by the identity of an expression.
    """

    left: Expr
    right: Expr
    chains: tuple[Chain, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    text: str = field(default="", compare=False)
    spans: Mapping[int, tuple[Expr, Span]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def sides(self) -> tuple[Expr, Expr]:
        return self.left, self.right

    def span(self, expr: Expr) -> Span:
        return self.spans.get(id(expr), (expr, NOWHERE))[1]


def number_of(index: Index) -> Count:
    """An index used as a number."""
    return Horizon() if index == LAST else Count(index)


def derivative(of: Expr, by: Expr, held: Held = "nothing") -> Derivative:
    """``d(of, by)``, ``partial(of, by)`` or ``direct(of, by)``; either may be an entry."""
    return Derivative(of, by, held)


# --- walking ---------------------------------------------------------------------------

Over = TimeSum | OrderedProduct
"""What binds an index."""


def body(node: Over) -> Expr:
    return node.term if isinstance(node, TimeSum) else node.factor


def parts(node: Expr) -> tuple[Expr, ...]:
    """The expressions directly below, left to right; those that a derivative names included."""
    match node:
        case Derivative(output=of, wrt=by):
            return (of, by)
        case Direct(of=of):
            return (of,)
    return children(node)


def walk(node: Expr) -> Iterator[Expr]:
    """The node and all below it, parents first."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(parts(node)))


def with_part(node: Expr, place: int, part: Expr) -> Expr:
    """The node with another expression at ``place`` (as `parts` counts them)."""
    if isinstance(node, Derivative):
        return replace(node, wrt=part) if place else replace(node, output=part)
    number = count()
    return map_children(node, lambda child: part if next(number) == place else child)


def factors_of(node: Expr) -> tuple[Expr, ...]:
    """The operands of a chain of ``@``, as it was written from left to right."""
    if isinstance(node, Product):
        return (*factors_of(node.left), node.right)
    return (node,)


def product(*factors: Expr) -> Expr:
    first, *rest = factors
    for factor in rest:
        first = Product(first, factor)
    return first


def indices(node: Expr) -> tuple[Index, ...]:
    """The indices that the node itself holds."""
    match node:
        case Ref(index=index) | Count(index=index) | Cotangent(index=Index() as index):
            return (index,)
        case MatrixPower(exponent=index):
            return (index,)
        case TimeSum() | OrderedProduct():
            return (node.first, node.last)
    return ()


def map_indices(node: Expr, change: Callable[[Index], Index]) -> Expr:
    """The node with ``change`` applied to the indices that it itself holds."""
    match node:
        case Count(index=index):
            return number_of(change(index))
        case Ref(index=index):
            return replace(node, index=change(index))
        case TimeSum() | OrderedProduct():
            return replace(node, first=change(node.first), last=change(node.last))
    return node


def is_length(name: str) -> bool:
    """Whether an index name is ``len(h)``, a number that the sizes tell."""
    return name.endswith(")")


def own_names(node: Expr) -> frozenset[str]:
    """The index names that the node itself holds."""
    return frozenset(n for index in indices(node) for n in index.names() if not is_length(n))


def free_names(node: Expr) -> frozenset[str]:
    """The index names that are not bound inside."""
    found = own_names(node)
    for part in parts(node):
        inner = free_names(part)
        found |= inner - {node.index} if isinstance(node, TimeSum | OrderedProduct) else inner
    return found


def with_bound(
    node: Expr, bound: frozenset[str] = frozenset()
) -> Iterator[tuple[Expr, frozenset[str]]]:
    """All nodes, with the names that are bound there."""
    yield node, bound
    inner = bound | {node.index} if isinstance(node, TimeSum | OrderedProduct) else bound
    for part in parts(node):
        yield from with_bound(part, inner)
