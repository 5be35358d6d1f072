"""A model with names for the parts of its equations, so that every scalar equation is short.

SymPy differentiates many short expressions much faster than a few that are nested. What
stands inside a function, a product or a loss and is itself more than elementwise
arithmetic gets a name; nothing else changes. (The calculus has a normal form of its own;
the two have nothing in common on purpose.)
"""

from __future__ import annotations

from dataclasses import replace

from symbptt.algebra import (
    LAST,
    NOW,
    Add,
    Call,
    Derived,
    Div,
    Equation,
    Expr,
    Model,
    Mul,
    Neg,
    Param,
    Pow,
    Ref,
    Transpose,
    map_children,
    walk,
)

MARK = "#"
"""Begins the names given here; no name of a model's does."""


def in_pieces(model: Model) -> Model:
    """The same model with short equations; new quantities are called ``#1``, ``#2``, …"""
    namer = _Namer()
    derived = [replace(d, rhs=namer.outer(d.rhs, None)) for d in model.derived]
    equations = [replace(e, rhs=namer.outer(e.rhs, e)) for e in model.equations]
    return replace(
        model,
        derived=(*namer.derived, *derived),
        equations=(*namer.equations, *equations),
    )


class _Namer:
    def __init__(self) -> None:
        self.derived: list[Derived] = []
        self.equations: list[Equation] = []
        self.names: dict[tuple[Expr, bool], Expr] = {}

    def outer(self, expr: Expr, owner: Equation | None) -> Expr:
        """A right-hand side: sums are entered, what stands inside a term is named."""
        if isinstance(expr, Add | Neg | Transpose):
            return map_children(expr, lambda child: self.outer(child, owner))
        return map_children(expr, lambda child: self.inner(child, owner))

    def inner(self, expr: Expr, owner: Equation | None) -> Expr:
        if isinstance(expr, Transpose | Mul | Neg) or not _is_heavy(expr):
            return map_children(expr, lambda child: self.inner(child, owner))
        return self.name(self.outer(expr, owner), owner)

    def name(self, rhs: Expr, owner: Equation | None) -> Expr:
        """A reference to what ``rhs`` is, named if it is new."""
        timed = any(isinstance(node, Ref) for node in walk(rhs))
        last = timed and owner is not None and owner.last
        if (rhs, last) not in self.names:
            label = f"{MARK}{len(self.names) + 1}"
            if timed:
                self.equations.append(Equation(label, rhs, rhs.shape, last=last))
                reference: Expr = Ref(label, LAST if last else NOW, rhs.shape)
            else:
                self.derived.append(Derived(label, rhs))
                reference = Param(label, rhs.shape)
            self.names[rhs, last] = reference
        return self.names[rhs, last]


def _is_heavy(expr: Expr) -> bool:
    """Whether it holds what an entry's derivative should not enter twice."""
    return any(
        (node.structured and not node.free) or isinstance(node, Call | Pow | Div)
        for node in walk(expr)
    )
