"""The tree of a formula: frozen nodes, each with its place in the text.

A place takes no part in comparisons, so two formulas are equal if they say the same.
Index names are numbers from outside the model: `Index` holds their linear forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

from symbptt.algebra import Index

Span = tuple[int, int]
"""First column and the column after the last, in the formula's text."""

NOWHERE: Span = (0, 0)


@dataclass(frozen=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False, kw_only=True)


@dataclass(frozen=True)
class Num(Node):
    value: Fraction
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Whole(Node):
    """An index used as a number: ``T`` in ``1/T``, ``T - i`` in an exponent."""

    index: Index


@dataclass(frozen=True)
class Unit(Node):
    """``I``, the identity; its size follows from where it stands."""


@dataclass(frozen=True)
class Total(Node):
    """``L``, the total loss."""


@dataclass(frozen=True)
class Name(Node):
    """A parameter, derived parameter or named constant."""

    name: str


@dataclass(frozen=True)
class At(Node):
    """A quantity, an input or the loss at a step: ``h[T+t-i]``."""

    name: str
    index: Index


@dataclass(frozen=True)
class Row(Node):
    """``E[tok[t]]``: a row of a matrix, as a column."""

    table: Name
    row: At


@dataclass(frozen=True)
class Entry(Node):
    """``h[t][i]``, ``W[j, i]``, counted from 1; an integer input stands for its own place."""

    operand: Node
    places: tuple[Node, ...]


@dataclass(frozen=True)
class Add(Node):
    """A sum in the author's order; a difference has a `Neg` among the terms."""

    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Neg(Node):
    operand: Node


@dataclass(frozen=True)
class Mul(Node):
    """Elementwise, broadcasting as 2-D arrays do."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Div(Node):
    above: Node
    below: Node


@dataclass(frozen=True)
class Dot(Node):
    """The matrix product ``@`` of two or more factors."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Power(Node):
    """The matrix power of a square matrix, elementwise for anything else."""

    base: Node
    exponent: Node


@dataclass(frozen=True)
class Flip(Node):
    """``.T``"""

    operand: Node


@dataclass(frozen=True)
class Diff(Node):
    """``d(of, by)``, or ``partial(of, by)`` with all values of earlier steps held."""

    of: Node
    by: Node
    partial: bool = False


@dataclass(frozen=True)
class Over(Node):
    """``sum(name, first, last, body)`` or ``prod(…)``.

    ``step`` is -1 for a descending product, else 1.
    """

    name: str
    first: Index
    last: Index
    body: Node
    product: bool = False
    step: int = 1


@dataclass(frozen=True)
class Call(Node):
    """A function of the model language, ``outer``, ``diag``, or one left abstract."""

    function: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class OneHot(Node):
    position: At


@dataclass(frozen=True)
class Delta(Node):
    """``delta(i, j)``: 1 where both are the same number or place, else 0."""

    left: Node
    right: Node


@dataclass(frozen=True)
class Len(Node):
    """``len(h)``."""

    name: str


# --- formulas --------------------------------------------------------------------------


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
    value: Node
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Formula:
    """``left = right for chains, fixed``."""

    left: Node
    right: Node
    chains: tuple[Chain, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    text: str = field(default="", compare=False)


# --- walking ---------------------------------------------------------------------------


_FIELDS: dict[type[Node], tuple[str, ...]] = {}


def _names(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(f.name for f in fields(kind) if f.name not in ("span", "text"))
    return _FIELDS[kind]


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, left to right."""
    found: list[Node] = []
    for name in _names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            found.extend(value)
    return tuple(found)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, parents first."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(children(node)))


def indices(node: Node) -> Iterator[Index]:
    """The indices that the node itself holds."""
    for name in _names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Index):
            yield value


def is_length(name: str) -> bool:
    """Whether an index name is ``len(h)``, a number that the sizes tell."""
    return name.endswith(")")


def free_names(node: Node) -> frozenset[str]:
    """The index names that are not bound inside."""
    found: set[str] = set()
    for index in indices(node):
        found.update(name for name in index.names() if not is_length(name))
    for child in children(node):
        inner = free_names(child)
        found |= inner - {node.name} if isinstance(node, Over) else inner
    return frozenset(found)


def limit_names(node: Over) -> frozenset[str]:
    """The index names in the limits of a sum or product."""
    return frozenset(
        name for index in indices(node) for name in index.names() if not is_length(name)
    )


def with_child(node: Node, place: int, child: Node) -> Node:
    """The node with another child at ``place`` (as `children` counts them)."""
    count = 0
    for name in _names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            if count == place:
                return _changed(node, name, child)
            count += 1
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            if count <= place < count + len(value):
                items = list(value)
                items[place - count] = child
                return _changed(node, name, tuple(items))
            count += len(value)
    raise IndexError(place)


def _changed(node: Node, name: str, value: Any) -> Node:
    changes: dict[str, Any] = {name: value}
    return replace(node, **changes)


def map_indices(node: Node, change: Callable[[Index], Index]) -> Node:
    """The node with ``change`` applied to the indices that it itself holds."""
    changes: dict[str, Any] = {}
    for name in _names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Index):
            changes[name] = change(value)
    return replace(node, **changes)
