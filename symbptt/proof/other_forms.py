"""The other forms of the gradient, proved like the adjoint form, and the other mode.

``expanded``, ``sensitivity``: what a reader calculates with the steps of that form, and
every member of every step at the true derivatives. ``forward``: the gradients of the
module that is lowered from the sensitivity form against those of the reverse module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import FORMS
from symbptt.codegen.modes import MODES
from symbptt.codegen.render import generate
from symbptt.proof.agreement import FLOOR, Agreement, largest
from symbptt.proof.calls import called
from symbptt.proof.exact import exact_rows
from symbptt.proof.loaded import load_module
from symbptt.proof.numeric import random_calls
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row, silent

OTHERS = tuple(form for form in FORMS if form != "adjoint")

FOR_SOME_T = Row(
    "induction",
    ", ".join(OTHERS),
    None,
    "not proved for all T",
    "these forms are exact for the T of their rows, and proved for no others",
)


def form_rows(derivation: Derivation, seed: int = 0) -> tuple[Row, ...]:
    """The rows of one form: one a gradient, one for all chains, and the chains that fail.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """
    form = derivation.form
    rows = exact_rows(derivation, seed, sets=size_sets(derivation.model)[:1], points=1)
    results = {f"dL/d{p.name}" for p in derivation.model.learned}
    results |= {f"dL/d{i.key}" for i in derivation.model.initials}
    found = [
        replace(row, check=form)
        for row in rows
        if row.check == "exact" and (row.subject in results or not row.ok)
    ]
    chains = [row for row in rows if row.check == "chain"]
    members = sum(len(step.members) for step in derivation.steps)
    wrong = [replace(row, check=form) for row in chains if not row.ok]
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
    tallies: dict[str, Agreement] = {}
    for call, _ in random_calls(model, seed):
        (_, forward, _), (_, reverse, _) = (
            called(modules[mode], call) for mode in ("forward", "reverse")
        )
        floor = FLOOR * max(map(largest, reverse.values()), default=0.0)
        for name, expected in reverse.items():
            tally = tallies.setdefault(name, Agreement("forward", f"dL/d{name}"))
            scale, what = max(largest(expected), floor), f"grads[{name!r}]"
            tally.compare(forward.get(name, ()), expected, scale, what, call.scenario.words)
    return tuple(tally.row() for tally in tallies.values())
