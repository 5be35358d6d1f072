"""A formula: two expressions of the algebra, and the conditions under which they are equal.

As it is read an expression has the author's form and the author's freedom: a vector is a
column, so it has a transpose; ``I`` has no size yet. `symbptt.formula.meaning` gives every
part the shape that it has in the algebra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from symbptt import algebra as al
from symbptt.algebra.index import LAST
from symbptt.algebra.letters import Delta, Entry, RowOf
from symbptt.language.source import Place

NOWHERE = Place(1, 0, 1, 0)

TOTAL = al.Param("L", ())
"""``L``, the total loss."""

UNIT = al.Identity("")
"""``I``, whose size follows from where it stands."""


@dataclass(frozen=True)
class Inequalities:
    """``1 <= t < T``: ``operators[k]`` stands between ``sides[k]`` and ``sides[k+1]``."""

    sides: tuple[al.Index, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Fixed:
    """``a[0] = 0``: what an initial value is."""

    name: str
    step: int
    value: al.Expr


@dataclass(frozen=True)
class Formula:
    """``left = right for chains, fixed``.

    Attributes
    ----------
    places : mapping
        Where in the text the parts stand, by the identity of an expression.
    head : Expr or None
        What the chain begins with of which it is a link: it tells the shape that sides of no own
        shape have.
    """

    left: al.Expr
    right: al.Expr
    chains: tuple[Inequalities, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    text: str = field(default="", compare=False)
    places: Mapping[int, tuple[al.Expr, Place]] = field(
        default_factory=dict, compare=False, repr=False
    )
    head: al.Expr | None = field(default=None, compare=False, repr=False)

    @property
    def sides(self) -> tuple[al.Expr, al.Expr]:
        return self.left, self.right

    def place(self, expr: al.Expr) -> Place:
        return self.places.get(id(expr), (expr, NOWHERE))[1]


def number_of(index: al.Index) -> al.Count:
    """An index used as a number."""
    return al.Horizon() if index == LAST else al.Count(index)


def derivative(of: al.Expr, by: al.Expr, held: al.Held = "nothing") -> al.Derivative:
    """``d(of, by)``, ``partial(of, by)`` or ``direct(of, by)``; either may be an entry."""
    return al.Derivative(of, by, held)


# --- walking ---------------------------------------------------------------------------

Over = al.TimeSum | al.OrderedProduct
"""What binds an index."""


def body(node: Over) -> al.Expr:
    return node.term if isinstance(node, al.TimeSum) else node.factor


def parts(node: al.Expr) -> tuple[al.Expr, ...]:
    """The expressions directly below, left to right; those that a derivative names included."""
    match node:
        case al.Derivative(output=of, wrt=by):
            return (of, by)
        case al.Direct(of=of):
            return (of,)
    return al.children(node)


def walk(node: al.Expr) -> Iterator[al.Expr]:
    """The node and all below it, parents first."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(parts(node)))


def repeats(formula: Formula) -> bool:
    """Whether one side stands in the other."""
    left, right = formula.sides
    return left in walk(right) or right in walk(left)


def factors_of(node: al.Expr) -> tuple[al.Expr, ...]:
    """The operands of a chain of ``@``, as it was written from left to right."""
    if isinstance(node, al.Product):
        return (*factors_of(node.left), node.right)
    return (node,)


def product(*factors: al.Expr) -> al.Expr:
    first, *rest = factors
    for factor in rest:
        first = al.Product(first, factor)
    return first


def indices(node: al.Expr) -> tuple[al.Index, ...]:
    """The indices that the node itself holds."""
    match node:
        case al.Ref(index=index) | al.Count(index=index) | al.Stack(index=index):
            return (index,)
        case al.Cotangent(index=index, part=part):
            return tuple(step for step in (index, part) if step is not None)
        case al.MatrixPower(exponent=index):
            return (index,)
        case al.TimeSum() | al.OrderedProduct():
            return (node.first, node.last)
    return ()


def map_indices(node: al.Expr, change: Callable[[al.Index], al.Index]) -> al.Expr:
    """The node with ``change`` applied to the indices that it itself holds."""
    match node:
        case al.Count(index=index):
            return number_of(change(index))
        case al.Ref(index=index):
            return replace(node, index=change(index))
        case al.Cotangent(index=index, part=part):
            return replace(
                node,
                index=None if index is None else change(index),
                part=None if part is None else change(part),
            )
        case al.TimeSum() | al.OrderedProduct():
            return replace(node, first=change(node.first), last=change(node.last))
    return node


def at_steps(node: al.Expr, values: Mapping[str, al.Index]) -> al.Expr:
    """The expression with other indices in the place of names."""
    for place, part in enumerate(parts(node)):
        node = al.with_child(node, place, at_steps(part, values))
    return map_indices(node, lambda index: index.substitute(values))


def is_length(name: str) -> bool:
    """Whether an index name is ``len(h)``, a number that the sizes tell."""
    return name.endswith(")")


def own_names(node: al.Expr) -> frozenset[str]:
    """The index names that the node itself holds."""
    return frozenset(n for index in indices(node) for n in index.names() if not is_length(n))


def free_names(node: al.Expr) -> frozenset[str]:
    """The index names that are not bound inside."""
    found = own_names(node)
    for part in parts(node):
        inner = free_names(part)
        found |= inner - {node.index} if isinstance(node, al.TimeSum | al.OrderedProduct) else inner
    return found


def with_bound(
    node: al.Expr, bound: frozenset[str] = frozenset(), counting: bool = False
) -> Iterator[tuple[al.Expr, frozenset[str], bool]]:
    """All nodes, with the names that are bound there and whether they count entries."""
    yield node, bound, counting
    inner = bound | {node.index} if isinstance(node, al.TimeSum | al.OrderedProduct) else bound
    for part in parts(node):
        inside = (counting or part in places(node)) and not isinstance(part, al.Ref)
        yield from with_bound(part, inner, inside)


def places(node: al.Expr) -> tuple[al.Expr, ...]:
    """The parts that say which entry is meant."""
    match node:
        case Entry(places=found):
            return found
        case RowOf(place=place):
            return (place,)
        case Delta(left=left, right=right):
            return (left, right)
    return ()
