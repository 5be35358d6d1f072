"""The located surface tree: what the author wrote, before roles and shapes are known.

Nodes compare by identity, since two equal pieces of text may have different shapes, and
know their place, since every finding points at one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

from symbptt.algebra import Index
from symbptt.language.source import Place


@dataclass(eq=False)
class Node:
    place: Place


@dataclass(eq=False)
class Literal(Node):
    """A number, or an expression of numbers and constants where one number is wanted."""

    value: Fraction
    text: str


@dataclass(eq=False)
class Named(Node):
    """A name without time index: a parameter, derived parameter, constant or ``I``."""

    name: str


@dataclass(eq=False)
class Timed(Node):
    """A name at a step."""

    name: str
    index: Index


@dataclass(eq=False)
class Len(Node):
    """``len(h)``; the vector is no part of the tree, since `h` and `h[t]` mean the same here."""

    vector: Named | Timed


@dataclass(eq=False)
class TableRow(Node):
    """``E[tok[t]]``."""

    table: Named
    row: Timed


@dataclass(eq=False)
class At(Node):
    """Brackets whose meaning the names decide: ``h[t]``, ``W[j, i]``, ``h[t][i]``, ``v[:d]``."""

    operand: Node
    places: list[Node]


@dataclass(eq=False)
class Stretch(Node):
    """``a:b`` in brackets; an end that is not written is None."""

    first: Node | None
    last: Node | None


@dataclass(eq=False)
class Plus(Node):
    """A sum; a term that is subtracted is a `Minus`."""

    terms: list[Node]


@dataclass(eq=False)
class Minus(Node):
    operand: Node


@dataclass(eq=False)
class Times(Node):
    factors: list[Node]


@dataclass(eq=False)
class Over(Node):
    numerator: Node
    denominator: Node


@dataclass(eq=False)
class Power(Node):
    base: Node
    exponent: Node


@dataclass(eq=False)
class Flip(Node):
    """A transpose, ``W.T``."""

    operand: Node


@dataclass(eq=False)
class Chain(Node):
    """Operands of ``@`` written in a row: ``A @ B @ v``.

    ``loose`` tells that the first operand is a product or quotient without parentheses:
    ``f * W @ h``, which Python reads as ``(f * W) @ h``.
    """

    operands: list[Node]
    loose: bool = False


@dataclass(eq=False)
class Apply(Node):
    """A call; ``head`` is the place of the function's name."""

    function: str
    args: list[Node]
    head: Place


@dataclass(eq=False)
class Hole(Node):
    """What could not be read; a finding says why, and nothing else is said about it."""


def parts(node: Node) -> list[Node]:
    """The nodes directly below, left to right."""
    match node:
        case TableRow(table=table, row=row):
            return [table, row]
        case At(operand=operand, places=places):
            return [operand, *places]
        case Stretch(first=first, last=last):
            return [end for end in (first, last) if end is not None]
        case Plus(terms=nodes) | Times(factors=nodes) | Chain(operands=nodes) | Apply(args=nodes):
            return nodes
        case Minus(operand=operand) | Flip(operand=operand):
            return [operand]
        case Over(numerator=one, denominator=other) | Power(base=one, exponent=other):
            return [one, other]
    return []


def map_parts(node: Node, change: Callable[[Node], Node]) -> Node:
    """A copy over changed parts; a node without parts itself."""
    changes: dict[str, Any] = {}
    for one in fields(node):
        value = getattr(node, one.name)
        if isinstance(value, Node):
            changes[one.name] = change(value)
        elif isinstance(value, list):
            changes[one.name] = [change(part) for part in value]
    return replace(node, **changes) if changes else node


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, parents first, left to right."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(parts(node)))


def nodes(item: Item) -> Iterator[Node]:
    """All nodes of a statement's right-hand side; a declaration has none."""
    return iter(()) if isinstance(item, Declaration) else walk(item.rhs)


def upwards(node: Node) -> list[Node]:
    """The node and all below it, parents last, left to right."""
    waiting, order = [node], []
    while waiting:
        order.append(waiting.pop())
        waiting.extend(parts(order[-1]))
    return order[::-1]


# --- statements ------------------------------------------------------------------------


@dataclass(eq=False)
class Declaration:
    """``W: (h, d)``, ``zeta: scalar``, ``tok: index``, ``phi: function = tanh``, ``R: fixed``.

    Attributes
    ----------
    kind : str
        ``shape``, ``scalar``, ``index``, ``function``, ``loss`` or ``fixed``.
    dims : list of (name or length, place)
        For a shape.
    default : Named or None
        For a function or loss.
    fixed : bool
        Whether it is a parameter that is held: with a shape, or as a kind of its own.
    """

    name: str
    place: Place
    kind: str
    dims: list[tuple[str | int, Place]]
    default: Named | None
    comment: str
    fixed: bool = False


@dataclass(eq=False)
class Definition:
    """``name[t] = rhs``, ``loss[T] = rhs`` (``last``)."""

    name: str
    place: Place
    rhs: Node
    comment: str
    last: bool = False


@dataclass(eq=False)
class Start:
    """``h[0] = rhs``: the value at a step <= 0."""

    name: str
    place: Place
    step: int
    rhs: Node


@dataclass(eq=False)
class Assignment:
    """``A = rhs``: a derived parameter, or a constant where ``value`` is known."""

    name: str
    place: Place
    rhs: Node
    comment: str
    value: Fraction | None = None


@dataclass(eq=False)
class TotalRule:
    """``L = sum`` or ``L = mean``: how the losses are totalled."""

    name: str
    place: Place
    word: str


Stated = Definition | Start | Assignment
"""A statement with a right-hand side."""

Item = Declaration | Stated
