"""The total loss: how L is made of the losses of steps and of sequences."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from symbptt.algebra.derivatives import TimeSum
from symbptt.algebra.nodes import ONE, Div, Expr, Horizon, Mul, Ref

MEAN_FACTOR = Div(ONE, Horizon())


@dataclass(frozen=True)
class Total:
    """L as it is made of a loss.

    Attributes
    ----------
    loss : Ref
        ``loss[t]``, or ``loss[T]`` of which a sequence has one.
    last : bool
        Whether it is the loss of the last step alone.
    summed : bool
        Whether L is the sum over all steps and sequences; else it is the mean.
    """

    loss: Ref
    last: bool
    summed: bool

    @property
    def word(self) -> str:
        return "sum" if self.summed else "mean"

    @property
    def seed(self) -> Expr:
        """dL/d(a loss) of one sequence."""
        return ONE if self.last else self.factor

    @property
    def factor(self) -> Expr:
        """dL/d(a loss) of a batch: T there is the number of its losses."""
        return ONE if self.summed else MEAN_FACTOR

    @property
    def formula(self) -> Expr:
        """L of one sequence."""
        if self.last:
            return self.loss
        summed = TimeSum(self.loss)
        return summed if self.summed else Mul((MEAN_FACTOR, summed))

    def weight(self, losses: int) -> Fraction:
        """What each of so many losses counts in L."""
        return Fraction(1) if self.summed else Fraction(1, losses)
