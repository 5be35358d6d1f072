"""The lines of a derivation's entries, evaluated: every member at every place.

A line's target, each of its members and, for a step, the entry of its matrix form must be
one number for all places that the letters stand for, at every step in time for which the
line speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from symbptt.algebra import Cotangent, Expr
from symbptt.algebra.letters import Entry, Letter, Line, RowOf
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.indices import Indices, by_entries
from symbptt.errors import EvaluationError
from symbptt.proof.domain import Array
from symbptt.proof.entries import part_value
from symbptt.proof.evaluate import Steps, length
from symbptt.proof.exact import SizedDerivation, Tally
from symbptt.proof.field import Field
from symbptt.proof.ledger import Ledger, occasions
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row
from symbptt.typeset.plain import plain

HORIZON = 2
"""The longest T for which lines are evaluated, unless a step needs more."""


def line_rows(derivation: Derivation, seed: int = 0) -> tuple[Row, ...]:
    """A row for each line of a derivation by entries: whether its members are equal.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """
    return LineCheck(derivation, seed).rows(by_entries(derivation))


class LineCheck:
    """Evaluates lines at one random point.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """

    def __init__(self, derivation: Derivation, seed: int = 0) -> None:
        stage = SizedDerivation(derivation, size_sets(derivation.model)[0])
        self.scene = stage.scene(Field(seed), seed)
        self.longest = max(HORIZON, *(step.needs for step in derivation.steps))
        self.ends = {equation.name for equation in derivation.normal.equations if equation.last}
        self.tallies: dict[str, Tally] = {}

    def rows(self, indices: Indices) -> tuple[Row, ...]:
        """A row for each line's target."""
        self.tallies = {}
        for horizon in range(1, self.longest + 1):
            self.examine(indices, horizon)
        return tuple(tally.row() for tally in self.tallies.values())

    def examine(self, indices: Indices, horizon: int) -> None:
        truth = self.scene.truth(self.scene.normal, horizon)
        ledger = Ledger(self.scene.normal, horizon, truth)
        for equation in indices.equations:
            steps = (horizon,) if equation.name in self.ends else range(1, horizon + 1)
            for line in (equation.entry, *equation.slopes):
                for t in steps:
                    self.compare(line, line.members, ledger, {"t": t, "T": horizon})
        for lines in indices.steps:
            for at in occasions(lines.step, horizon):
                for line in lines.all():
                    whole = _of_whole(lines.step, line)
                    self.compare(line, (*line.members, whole), ledger, at)

    def compare(self, line: Line, members: tuple[Expr, ...], ledger: Ledger, at: Steps) -> None:
        """The target and the members at every place; the first that differs is told."""
        subject = plain(line.target)
        tally = self.tallies.setdefault(subject, Tally("entries", subject))
        for places in _every_place(line.letters, ledger):
            here = {**at, **places}
            true = _value(line.target, ledger, here)
            for number, member in enumerate(members, start=1):
                if tally.detail:
                    return
                where = f"member {number} of {len(members)} at {_shown(here)}"
                try:
                    differs = tally.compare(_value(member, ledger, here), true, at["T"])
                except (EvaluationError, ZeroDivisionError) as error:
                    tally.detail = f"{where}: {error}"
                    return
                if differs is not None:
                    tally.detail = f"{where}: {plain(member)} is not {subject}"


def _value(expr: Expr, ledger: Ledger, at: Steps) -> Array:
    value = part_value(expr, ledger, at)
    if value is None:
        raise EvaluationError(f"{plain(expr)} is absent")
    return value


def _of_whole(step: Step, line: Line) -> Expr:
    """The entry, or the row, of a step's result to which a line's target belongs."""
    match line.target:
        case Entry(array=Cotangent(), places=places):
            return Entry(step.result, places)
        case RowOf(place=place):
            return RowOf(step.result, place)
    return step.result


def _every_place(letters: tuple[Letter, ...], ledger: Ledger) -> Iterator[dict[str, int]]:
    ranges = [range(1, length(letter.dim, ledger.sizes) + 1) for letter in letters]
    for numbers in product(*ranges):
        yield {letter.name: number for letter, number in zip(letters, numbers, strict=True)}


def _shown(at: Steps) -> str:
    return ", ".join(f"{name} = {value}" for name, value in at.items())
