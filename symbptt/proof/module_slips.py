"""The slip in a module whose gradients are wrong: a row that names it and its step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.errors import EvaluationError, InterfaceError
from symbptt.proof.backward import OneSequence, Place
from symbptt.proof.calls import ModuleCall, Scenario, called
from symbptt.proof.expected import draw_call
from symbptt.proof.loaded import Loaded
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row
from symbptt.proof.slips import ONE, Inquiry
from symbptt.proof.unrolled import unrolled

LENGTHS = (3, 4)
"""Of the sequences whose gradients are compared."""


def slip_rows(module: Loaded, model: Model, derivation: Derivation, seed: int = 0) -> Iterator[Row]:
    """A row for each slip that explains the gradients of a module; none where none does.

    Parameters
    ----------
    model : Model
        With all functions bound.
    """
    try:
        asked = Inquiry(derivation, tuple(sequences(module, model, seed)))
        found = asked.run()
    except (EvaluationError, InterfaceError):
        # The model is defined nowhere, or the module raises: there is nothing to compare.
        return
    if not found and asked.factor != ONE:
        subject = ", ".join(f"dL/d{name}" for name in asked.names)
        yield Row("slip", subject, False, detail=f"right but for one factor: {asked.factor[0]}")
    for slip in found:
        subject = ", ".join(f"dL/d{name}" for name in slip.names)
        yield Row("slip", subject, False, detail=slip.suspect.words)


def sequences(module: Loaded, model: Model, seed: int = 0) -> Iterator[OneSequence]:
    """What a module's gradients are of one sequence, at every choice of sizes."""
    for steps, sizes in zip(LENGTHS, size_sets(model) * 2, strict=False):
        scenario = Scenario(f"T = {steps}, one sequence", steps, (steps,), carry=True)
        call, _ = draw_call(unrolled(model, sizes), scenario, seed)
        call = ModuleCall(scenario, call.params, call.inputs, call.carry, None)
        _, grads, _ = called(module, call)
        own = {name: array for name, array in grads.items() if name in call.params}
        own |= {key: array[0] for key, array in grads.items() if key in (call.carry or {})}
        yield OneSequence(sizes, steps, given(model, call), own)


def given(model: Model, call: ModuleCall, sequence: int = 0) -> dict[Place, np.ndarray]:
    """What one sequence of a call is given, by name and step."""
    found: dict[Place, np.ndarray] = {(name, None): a for name, a in call.params.items()}
    for source in model.inputs:
        array = call.inputs[source.name]
        if source.timed:
            steps = range(1, call.scenario.lengths[sequence] + 1)
            found |= {(source.name, step): array[step - 1, sequence] for step in steps}
        else:
            found[source.name, None] = array[sequence]
    for initial in model.initials:
        if call.carry is not None:
            found[initial.name, initial.step] = call.carry[initial.key][sequence]
    return found


def are_of_gradients(rows: Sequence[Row]) -> bool:
    """Whether a gradient is among what is wrong."""
    return any(row.ok is False and row.check in ("values", "differences") for row in rows)
