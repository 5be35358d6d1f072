"""What every expression printer shares: one method per node kind, and parentheses.

A printer has a method ``print_<kind>`` for each node kind, in lower case, which returns
a `Piece`: the text and how tightly it binds. Whoever sets a piece into a larger one
says how tightly it must bind there, and parentheses come in only where it does not.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from symbptt.algebra import Expr
from symbptt.errors import MissingRuleError


class Level(IntEnum):
    """How tightly a piece of text binds, from the loosest."""

    SUM = 0
    SIGNED = 1
    BIG_SUM = 2
    PRODUCT = 3
    MATRIX = 4
    FRACTION = 5
    POWER = 6
    ATOM = 7


class Piece(NamedTuple):
    text: str
    level: Level = Level.ATOM


class Printer:
    """Dispatch on the node kind; the subclasses hold the notation."""

    parentheses = ("(", ")")

    def piece(self, expr: Expr) -> Piece:
        """The printed expression with its level.

        Raises
        ------
        MissingRuleError
            If this printer has no method for the node kind.
        """
        kind = type(expr).__name__
        method = getattr(self, f"print_{kind.lower()}", None)
        if method is None:
            raise MissingRuleError(f"{type(self).__name__} has no method for {kind}")
        printed: Piece = method(expr)
        return printed

    def lay(self, expr: Expr) -> Expr:
        """An expression of the algebra in the layout that is printed."""
        return expr

    def show(self, expr: Expr, at_least: Level = Level.SUM) -> str:
        """The printed expression, in parentheses where it binds less than ``at_least``."""
        return self.fit(self.piece(expr), at_least)

    def laid(self, expr: Expr, at_least: Level = Level.SUM) -> str:
        return self.show(self.lay(expr), at_least)

    def fit(self, piece: Piece, at_least: Level) -> str:
        return piece.text if piece.level >= at_least else self.enclosed(piece.text)

    def enclosed(self, text: str) -> str:
        left, right = self.parentheses
        return left + text + right
