"""A model with names for the parts of its equations, so that every scalar equation is short.

SymPy differentiates many short expressions much faster than a few that are nested. What
stands inside a function, a product or a loss and is itself more than elementwise
arithmetic gets a name; nothing else changes. (The calculus has a normal form of its own;
the two have nothing in common on purpose.)
"""

from __future__ import annotations

from dataclasses import replace

from symbptt import algebra as al

MARK = "#"
"""Begins the names given here; no name of a model's does."""


def in_pieces(model: al.Model) -> al.Model:
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
        self.derived: list[al.Derived] = []
        self.equations: list[al.Equation] = []
        self.names: dict[tuple[al.Expr, bool], al.Expr] = {}

    def outer(self, expr: al.Expr, owner: al.Equation | None) -> al.Expr:
        """A right-hand side: sums are entered, what stands inside a term is named."""
        if isinstance(expr, al.Add | al.Neg | al.Transpose):
            return al.map_children(expr, lambda child: self.outer(child, owner))
        return al.map_children(expr, lambda child: self.inner(child, owner))

    def inner(self, expr: al.Expr, owner: al.Equation | None) -> al.Expr:
        if isinstance(expr, al.Transpose | al.Mul | al.Neg) or not _is_heavy(expr):
            return al.map_children(expr, lambda child: self.inner(child, owner))
        return self.name(self.outer(expr, owner), owner)

    def name(self, rhs: al.Expr, owner: al.Equation | None) -> al.Expr:
        """A reference to what ``rhs`` is, named if it is new."""
        timed = any(isinstance(node, al.Ref) for node in al.walk(rhs))
        last = timed and owner is not None and owner.last
        if (rhs, last) not in self.names:
            label = f"{MARK}{len(self.names) + 1}"
            if timed:
                self.equations.append(al.Equation(label, rhs, rhs.shape, last=last))
                reference: al.Expr = al.Ref(label, al.LAST if last else al.NOW, rhs.shape)
            else:
                self.derived.append(al.Derived(label, rhs))
                reference = al.Param(label, rhs.shape)
            self.names[rhs, last] = reference
        return self.names[rhs, last]


def _is_heavy(expr: al.Expr) -> bool:
    """Whether it holds what an entry's derivative should not enter twice."""
    return any(
        (node.structured and not node.free) or isinstance(node, al.Call | al.Pow | al.Div)
        for node in al.walk(expr)
    )
