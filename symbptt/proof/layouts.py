"""A derivation in another layout, evaluated against its column form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from symbptt.algebra import Expr, Param
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.elimination import without_auxiliaries
from symbptt.errors import EvaluationError
from symbptt.proof.evaluate import Steps, lengths, part_value
from symbptt.proof.exact import SizedDerivation, Tally
from symbptt.proof.field import Field
from symbptt.proof.ledger import Ledger, occasions
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row

HORIZON = 3
"""The longest T that is evaluated, unless a step needs more."""

Lay = Callable[[Expr], Expr]


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
    stage = SizedDerivation(derivation, size_sets(derivation.model)[0])
    scene = stage.scene(Field(seed), seed)
    longest = max(HORIZON, *(step.needs for step in derivation.steps))
    tallies: dict[str, Tally] = {}
    for horizon in range(1, longest + 1):
        truth = scene.truth(scene.normal, horizon)
        ledger = Ledger(scene.normal, horizon, truth)
        for subject, column, laid, at in _pairs(derivation, lay, horizon):
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
    when = ", ".join(f"{name} = {value}" for name, value in at.items())
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
