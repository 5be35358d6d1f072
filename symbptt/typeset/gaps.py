"""Steps that a document leaves out, for a reader to fill in, or shows as the solution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from symbptt.calculus.derivation import Step
from symbptt.typeset.blocks import Display
from symbptt.typeset.breaking import broken
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.latex import LINE, step_equality
from symbptt.typeset.tex import width

# An em in the units of LINE; what a frame and its margins take.
_EM, _FRAME = 18, 90
# The height of an empty frame in em, and more of it for each member of the step's chain.
_HIGH, _EACH = 2, 2


@dataclass(frozen=True)
class Gaps:
    """Attributes
    ----------
    numbers : mapping of int to int
        The numbers of the gaps, by those of the steps.
    filled : bool
        Whether the solution stands there.
    """

    numbers: Mapping[int, int] = field(default_factory=dict)
    filled: bool = False

    def __bool__(self) -> bool:
        return bool(self.numbers)

    def __contains__(self, step: Step) -> bool:
        return step.number in self.numbers

    def words(self, step: Step) -> str:
        return f"Gap {self.numbers[step.number]}"

    def display(self, printer: LatexPrinter, step: Step) -> Display:
        """The step as it is, with its result framed, or with a frame to write in."""
        line = step_equality(printer, step, ".")
        if step in self:
            *members, result = line.members
            room = LINE - width(line.left) - width(line.ending) - _FRAME
            framed = (*members, _framed(result, room)) if self.filled else (self.empty(step, room),)
            line = replace(line, members=framed)
        return Display((line,))

    def empty(self, step: Step, room: float) -> str:
        """A frame to write in."""
        words = rf"\scriptstyle\text{{{self.words(step)}}}"
        inside = (
            rf"{words} \\[{_HIGH + _EACH * len(step.members)}em] \hspace{{{room // _EM:.0f}em}}"
        )
        return rf"\boxed{{\begin{{array}}{{l}} {inside} \end{{array}}}}"


def _framed(result: str, room: float) -> str:
    """In a frame, on as many lines as it needs."""
    first, *rest = broken(result, room, room - 2 * _EM)
    if rest:
        lines = r" \\ &\qquad ".join((first, *rest))
        first = rf"\begin{{aligned}} &{lines} \end{{aligned}}"
    return rf"\boxed{{{first}}}"


NONE = Gaps()
"""A document that shows all its steps."""
