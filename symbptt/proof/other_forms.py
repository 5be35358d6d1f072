"""The other forms of the gradient, proved like the adjoint form, and the other mode.

``expanded``, ``sensitivity``: what a reader calculates with the steps of that form, and
every member of every step at the true derivatives. ``forward``: the gradients of the
module that is lowered from the sensitivity form against those of the reverse module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import FORMS
from symbptt.codegen.modes import MODES
from symbptt.codegen.render import generate
from symbptt.proof.calls import SCENARIOS, Call, draw_call
from symbptt.proof.exact import exact_rows
from symbptt.proof.loaded import Loaded, load_module
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row, silent
from symbptt.proof.unrolled import unrolled

OTHERS = tuple(form for form in FORMS if form != "adjoint")

ROUNDING = 1e-10
"""How far two modules may be apart, as a part of the largest entry of a gradient."""

FLOOR = 1e-3


def form_rows(derivation: Derivation, seed: int = 0) -> tuple[Row, ...]:
    """The rows of one form: one a gradient, one for all chains, and the chains that fail.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """
    form = derivation.form
    rows = exact_rows(derivation, seed, sets=size_sets(derivation.model)[:1], points=1)
    results = {f"dL/d{p.name}" for p in derivation.model.parameters}
    results |= {f"dL/d{i.key}" for i in derivation.model.initials}
    found = [
        Row(form, row.subject, row.ok, row.figure, row.detail)
        for row in rows
        if row.check == "exact" and (row.subject in results or not row.ok)
    ]
    chains = [row for row in rows if row.check == "chain"]
    members = sum(len(step.members) for step in derivation.steps)
    wrong = [Row(form, row.subject, False, row.figure, row.detail) for row in chains if not row.ok]
    if not wrong:
        figure = f"{members} members of {len(chains)} steps"
        wrong = [Row(form, "every member", bool(chains), figure)]
    return (*found, *wrong)


def other_form_rows(
    model: Model, seed: int = 0, progress: Callable[[str], None] = silent
) -> tuple[Row, ...]:
    """The rows of all forms but the adjoint one."""
    rows: list[Row] = []
    for form in OTHERS:
        progress(f"the form {form}")
        rows += form_rows(FORMS[form].derive(model), seed)
    return tuple(rows)


# --- modes -----------------------------------------------------------------------------------


def mode_rows(
    model: Model,
    seed: int = 0,
    progress: Callable[[str], None] = silent,
    source: str | None = None,
) -> tuple[Row, ...]:
    """The forward module against the reverse one: a row a gradient.

    Parameters
    ----------
    model : Model
        With all functions bound.
    source : str, optional
        The text of a module, to be compared in place of the forward one.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    InterfaceError
        If a module raises.
    """
    progress("the forward mode")
    texts = {mode: generate(model, mode=mode, level=0) for mode in MODES}
    texts["forward"] = source or texts["forward"]
    modules = {
        mode: load_module(text, f"<{model.name}, {mode}>", model) for mode, text in texts.items()
    }
    stages = [unrolled(model, sizes) for sizes in size_sets(model)]
    worst: dict[str, tuple[int, float, str]] = {}
    for number, scenario in enumerate(SCENARIOS):
        call, _ = draw_call(stages[number % len(stages)], scenario, seed + number)
        forward, reverse = (_gradients(modules[mode], call) for mode in ("forward", "reverse"))
        largest = max((np.abs(g).max(initial=0.0) for g in reverse.values()), default=0.0)
        for name, expected in reverse.items():
            error = _error(forward.get(name), expected, FLOOR * largest)
            entries, before, where = worst.get(name, (0, 0.0, ""))
            where = where or ("" if error <= ROUNDING else scenario.words)
            worst[name] = entries + expected.size, max(before, error), where
    return tuple(_row(name, *found) for name, found in worst.items())


def _gradients(module: Loaded, call: Call) -> dict[str, Any]:
    steps = {"steps": call.scenario.steps} if module.needs_steps else {}
    found = module.call("loss_and_grads", *call.arguments, carry_grad=call.carry_grad, **steps)
    return {name: np.asarray(array, dtype=float) for name, array in found[1].items()}


def _error(found: Any, expected: Any, floor: float) -> float:
    if found is None or found.shape != expected.shape:
        return float("inf")
    scale = max(float(np.abs(expected).max(initial=0.0)), floor) or 1.0
    difference = float(np.abs(found - expected).max(initial=0.0)) / scale
    return difference if difference == difference else float("inf")


def _row(name: str, entries: int, error: float, where: str) -> Row:
    figure = f"{entries} entries, largest difference to the reverse module {error:.1e}"
    detail = f"{where}: the two modules differ by {error:.1e}" if where else ""
    return Row("forward", f"dL/d{name}", not detail, figure, detail)
