"""A derivation in another layout, or entry by entry, evaluated against its column form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from symbptt.algebra import Cotangent, Expr, Param
from symbptt.algebra.letters import Entry, Letter, Line, RowOf
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.indices import Indices, by_entries
from symbptt.calculus.selection import without_auxiliaries
from symbptt.errors import EvaluationError
from symbptt.proof.domain import Array
from symbptt.proof.entries import part_value
from symbptt.proof.evaluate import Steps, length, lengths
from symbptt.proof.exact import SizedDerivation, Tally
from symbptt.proof.field import Field
from symbptt.proof.ledger import Ledger, occasions
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row
from symbptt.typeset.plain import plain

LAID, BY_ENTRIES = 3, 2
"""The longest T for which layouts and lines are evaluated, unless a step needs more."""

Lay = Callable[[Expr], Expr]


def _ledgers(derivation: Derivation, seed: int, least: int) -> Iterator[Ledger]:
    """What is true at one random point, for T = 1 up to ``least`` or what some step needs."""
    stage = SizedDerivation(derivation, size_sets(derivation.model)[0])
    scene = stage.scene(Field(seed), seed)
    for horizon in range(1, max(least, *(step.needs for step in derivation.steps)) + 1):
        yield Ledger(scene.normal, horizon, scene.truth(scene.normal, horizon))


def _shown(at: Steps) -> str:
    return ", ".join(f"{name} = {value}" for name, value in at.items())


def layout_rows(derivation: Derivation, lay: Lay, seed: int = 0) -> tuple[Row, ...]:
    """A row for each equation and each step: whether the layout says what columns say.

    Parameters
    ----------
    lay : callable
        Puts an expression into the layout, in which a vector may have two axes.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """
    tallies: dict[str, Tally] = {}
    for ledger in _ledgers(derivation, seed, LAID):
        for subject, column, laid, at in _pairs(derivation, lay, ledger.horizon):
            tally = tallies.setdefault(subject, Tally("layout", subject))
            if not tally.detail:
                shape = lengths(lay(column).shape, ledger.sizes)
                tally.detail = _difference(column, laid, shape, ledger, at, tally)
    return tuple(tally.row() for tally in tallies.values())


def _pairs(
    derivation: Derivation, lay: Lay, horizon: int
) -> Iterator[tuple[str, Expr, Expr, Steps]]:
    """What is shown of a derivation: its subject, in columns, as laid, and when.

    What stands on the left is in columns here; it is laid by the layout, too.
    """
    for equation in derivation.normal.equations:
        for t in equation.steps(horizon):
            yield equation.name, equation.ref, lay(equation.rhs), {"t": t, "T": horizon}
    for derived in derivation.normal.derived:
        left = Param(derived.name, derived.shape)
        yield derived.name, left, lay(derived.rhs), {"T": horizon}
    for step in (*derivation.steps, *without_auxiliaries(derivation)):
        for at in occasions(step, horizon):
            for member in step.members:
                yield f"({step.number})", step.target, lay(member), at


def _difference(
    column: Expr, laid: Expr, shape: tuple[int, ...], ledger: Ledger, at: Steps, tally: Tally
) -> str:
    """What is wrong with an expression as laid, or ""."""
    when = _shown(at)
    try:
        true = part_value(column, ledger, at)
    except EvaluationError:
        # A stack at the first step holds values that no step gives: nothing to compare.
        return ""
    try:
        found = part_value(laid, ledger, at)
    except (EvaluationError, ZeroDivisionError) as error:
        return f"at {when}: {error}"
    if true is None or found is None:
        return f"at {when}: it is absent"
    if found.shape != shape:
        return f"at {when}: the shape is {found.shape}, not {shape}"
    if tally.compare(found, np.reshape(true, shape), at["T"]) is not None:
        return f"at {when}: the value differs"
    return ""


# --- entry by entry -------------------------------------------------------------------------


def line_rows(derivation: Derivation, seed: int = 0) -> tuple[Row, ...]:
    """A row for each line of a derivation by entries: whether its members are equal.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """
    return LineCheck(derivation, seed).rows(by_entries(derivation))


class LineCheck:
    """Evaluates lines at one random point: every member at every place.

    A line's target, each of its members and, for a step, the entry of its matrix form must be
    one number for all places that the letters stand for, at every step in time for which the
    line speaks.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """

    def __init__(self, derivation: Derivation, seed: int = 0) -> None:
        self.ledgers = tuple(_ledgers(derivation, seed, BY_ENTRIES))
        self.ends = {equation.name for equation in derivation.normal.equations if equation.last}
        self.tallies: dict[str, Tally] = {}

    def rows(self, indices: Indices) -> tuple[Row, ...]:
        """A row for each line's target."""
        self.tallies = {}
        for ledger in self.ledgers:
            self.examine(indices, ledger)
        return tuple(tally.row() for tally in self.tallies.values())

    def examine(self, indices: Indices, ledger: Ledger) -> None:
        horizon = ledger.horizon
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
