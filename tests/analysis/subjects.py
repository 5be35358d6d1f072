"""Models and arrays for the tests of the analysis."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.analysis.numbers import Numbers, gather
from symbptt.analysis.recurrence import Dynamics, recurrence
from symbptt.binding import bind
from symbptt.language.parser import parse
from tests import cells
from tests.modules import BUILT_IN, model_of
from tests.points import draw, sizes

STILL = ("no_recurrence", "no_recurrence_at_the_end", "only_a_read_out")
"""Cells in which nothing depends on its own past."""

SUBJECTS = tuple(name for name in (*BUILT_IN, *cells.NAMES) if name not in STILL)
FEW = (
    "linear", "elman", "lstm", "gru", "char_rnn", "lag_two", "lag_three_alone", "lagged_input",
    "matrix_input", "output_feedback", "scalar_state", "two_states_within_the_step",
)  # fmt: skip


def bound(name: str) -> Model:
    return bind(model_of(name), cells.BINDINGS.get(name))


def subject(name: str, steps: int = 5) -> tuple[Dynamics, Numbers]:
    """A model's recurrence with random numbers: parameters, inputs and initial values."""
    model = bound(name)
    core = recurrence(model)
    point = draw(model, T=steps, B=1)
    known = {i.name for i in core.inputs} | {i.key for i in core.initials}
    known |= {p.name for p in core.parameters}
    assert point.carry is not None
    given = {**point.params, **point.inputs, **point.carry}
    given = {key: array for key, array in given.items() if key in known}
    found = gather(model, core, given, dims=sizes(model), steps=steps)
    assert set(found.drawn) <= {"parameters"} - {"parameters" for _ in core.parameters}
    return Dynamics(core, found.sizes), found


def of_text(text: str) -> Model:
    return parse(text, "model")


def linear(matrix: Any) -> tuple[Model, dict[str, Any]]:
    """h[t] = W h[t-1], and its parameters: a model without inputs."""
    matrix = np.asarray(matrix, dtype=float)
    return of_text("h[t] = W @ h[t-1]\n"), {"W": matrix}
