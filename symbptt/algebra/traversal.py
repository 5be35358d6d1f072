"""Walking and rewriting expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from operator import is_
from typing import Any, TypeVar, get_args, get_type_hints

from symbptt.algebra.derivatives import (
    Derivative,
    Direct,
    MatrixPower,
    OrderedProduct,
    Stack,
    TimeSum,
)
from symbptt.algebra.index import NOW, Index
from symbptt.algebra.nodes import Add, Cotangent, Expr, Ref, Transpose

_FIELDS: dict[type[Expr], tuple[str, ...]] = {}


def _child_fields(kind: type[Expr]) -> tuple[str, ...]:
    if kind not in _FIELDS:
        hints = {} if kind.opaque else get_type_hints(kind)
        _FIELDS[kind] = tuple(name for name in hints if _holds_expressions(hints[name]))
    return _FIELDS[kind]


def _holds_expressions(hint: object) -> bool:
    if isinstance(hint, type) and issubclass(hint, Expr):
        return True
    return any(map(_holds_expressions, get_args(hint)))


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions, in the order of the node's fields.

    A derivative has none: it names its variables and does not read their values.
    """
    found: list[Expr] = []
    for name in _child_fields(type(expr)):
        value = getattr(expr, name)
        if isinstance(value, Expr):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(_leaves(value))
    return tuple(found)


def _leaves(values: tuple[Any, ...]) -> Iterator[Expr]:
    for value in values:
        if isinstance(value, tuple):
            yield from _leaves(value)
        elif isinstance(value, Expr):
            yield value


def _changed(values: tuple[Any, ...], change: Callable[[Expr], Expr]) -> tuple[Any, ...]:
    """The same values with every expression changed, also in tuples of tuples."""
    new = tuple(
        _changed(value, change)
        if isinstance(value, tuple)
        else change(value)
        if isinstance(value, Expr)
        else value
        for value in values
    )
    return values if all(map(is_, new, values)) else new


Node = TypeVar("Node", bound=Expr)


def map_children(expr: Node, change: Callable[[Expr], Expr]) -> Node:
    """The same node with every direct subexpression replaced by ``change`` of it."""
    changed: dict[str, Any] = {}
    for name in _child_fields(type(expr)):
        value = getattr(expr, name)
        new: Any = value
        if isinstance(value, Expr):
            new = change(value)
        elif isinstance(value, tuple):
            new = _changed(value, change)
        if new is not value:
            changed[name] = new
    return replace(expr, **changed) if changed else expr


def with_child(expr: Node, place: int, new: Expr) -> Node:
    """The same node with another direct subexpression at a place, as `children` counts them.

    Of a derivative what it names: its output, its variable.
    """
    if isinstance(expr, Derivative):
        return replace(expr, wrt=new) if place else replace(expr, output=new)
    places = count()
    return map_children(expr, lambda child: new if next(places) == place else child)


def replaced(expr: Expr, places: Mapping[Expr, Expr]) -> Expr:
    """The expression with other parts in the place of some."""
    if expr in places:
        return places[expr]
    return map_children(expr, lambda child: replaced(child, places))


def transform(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """``change`` applied to every node, from the leaves up."""
    return change(map_children(expr, lambda child: transform(child, change)))


def walk(expr: Expr) -> Iterator[Expr]:
    """The node and all below it, parents first, left to right."""
    pending = [expr]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(children(node)))


def mentioned(expr: Expr) -> Iterator[Expr]:
    """All nodes, with what derivatives are derivatives of."""
    for node in walk(expr):
        yield node
        if isinstance(node, Derivative):
            yield from (node.output, node.wrt)


def terms_of(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; what is none is one term."""
    return expr.terms if isinstance(expr, Add) else (expr,)


def transposed(expr: Expr) -> Expr:
    """The transpose, without two signs of it in each other."""
    return expr.operand if isinstance(expr, Transpose) else Transpose(expr)


def substitute_index(expr: Expr, values: Mapping[str, Index]) -> Expr:
    """The expression at other steps: ``{"t": t + 1}`` moves all of it one step on."""

    def move(node: Expr) -> Expr:
        if isinstance(node, Cotangent) and node.part is not None:
            node = replace(node, part=node.part.substitute(values))
        match node:
            case Ref(index=Index() as index) | Cotangent(index=Index() as index):
                return replace(node, index=index.substitute(values))
            case Stack(index=index, parts=parts):
                moved = tuple(replace(p, index=p.index.substitute(values)) for p in parts)
                return replace(node, index=index.substitute(values), parts=moved)
            case Derivative(output=output, wrt=wrt):
                return replace(node, output=move(output), wrt=move(wrt))
            case Direct(of=of):
                return replace(node, of=move(of))
            case MatrixPower(exponent=exponent):
                return replace(node, exponent=exponent.substitute(values))
            case TimeSum(first=first, last=last) | OrderedProduct(first=first, last=last):
                first, last = first.substitute(values), last.substitute(values)
                return replace(node, first=first, last=last)
        return node

    return transform(expr, move)


def shifted(expr: Expr, steps: int) -> Expr:
    """The expression with t replaced by t + steps."""
    return substitute_index(expr, {"t": NOW + steps}) if steps else expr
