"""What a symbol without words is for: how the equations that read it use it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from symbptt import algebra as al
from symbptt.typeset.blocks import Math, Prose
from symbptt.typeset.formula import LatexPrinter

READ: Prose = ("read",)
"""What is said of a symbol that is used in several ways, or in none that has words."""

_WEIGHTS = "weights"


def use(name: str, rhs: al.Expr, printer: LatexPrinter) -> Prose:
    """How the right side of an equation uses a name, in words before ``in`` and its number."""
    return shared({_words(node, above, printer) for node, above in _places(name, rhs)})


def shared(ways: Collection[Prose]) -> Prose:
    """The words for several ways of use: those that they share."""
    if len(ways) == 1:
        return next(iter(ways))
    return (_WEIGHTS,) if all(str(way[0]).startswith(_WEIGHTS) for way in ways) else READ


def _places(
    name: str, node: al.Expr, above: al.Expr | None = None
) -> Iterator[tuple[al.Expr, al.Expr | None]]:
    """Where the name stands, each with the expression that it is a part of."""
    if isinstance(node, al.Ref | al.Param) and node.name == name:
        yield node, above
    for child in al.children(node):
        weights = isinstance(node, al.Transpose) and isinstance(above, al.Product)
        yield from _places(name, child, above if weights else node)


def _words(node: al.Expr, above: al.Expr | None, printer: LatexPrinter) -> Prose:
    match above:
        case al.Product(left=left, right=right) if node in (left, *al.children(left)):
            alone = isinstance(right, al.Ref)
            return (f"{_WEIGHTS} of ", Math(printer.laid(right))) if alone else (_WEIGHTS,)
        case al.Add() if isinstance(node, al.Param):
            return ("added",)
        case al.Lookup(table=table) if node == table:
            return ("rows looked up",)
        case al.Call(function=function, args=(_,), wrt=None):
            sign = printer.names.function(function)
            # A sign with a place for what it is applied to can't stand alone.
            return READ if "{0}" in sign else ("argument of ", Math(sign))
    return READ
