"""What an adjoint is the sum of, seen from the readers that give it."""

from __future__ import annotations

from dataclasses import dataclass

from symbptt.algebra import Expr
from symbptt.calculus.derivation import Step
from symbptt.typeset.plain import plain


@dataclass(frozen=True)
class Contribution:
    """One term of an adjoint, at the reader's own step: what goes ``lag`` steps back.

    ``reader`` is the quantity whose cotangent the term has; "loss" if it has none.
    """

    reader: str
    lag: int
    term: Expr
    last: bool


def formula_of(step: Step) -> str:
    """A step as a statement cites it."""
    return f"{plain(step.target)} = {plain(step.result)}"
