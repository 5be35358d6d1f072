"""The loss of one step alone, as a loss at the last step.

loss[t] alone is the L of the same recurrence cut off after step t, with its loss at the
last step; so whatever is derived for a loss at T serves, and only documents rename.
"""

from __future__ import annotations

from dataclasses import replace

from symbptt.algebra import LAST, Equation, Model, substitute_index
from symbptt.calculus.order import recurrent_quantities
from symbptt.errors import UnknownNameError

ONE_STEP = "loss[t]"


def one_step(model: Model) -> Model:
    """The model whose L is the loss of the last step, T, of a model with a loss at each.

    What only the loss needs is computed at the last step alone.

    Raises
    ------
    UnknownNameError
        If the model's loss is at the last step anyway.
    """
    if model.loss is None or model.loss.last:
        raise UnknownNameError(
            f"{model.name} has no {ONE_STEP}: its loss is that of the last step, which is L"
        )
    recurrent = recurrent_quantities(model)
    equations = tuple(e if e.name in recurrent else _at_the_end(e) for e in model.equations)
    return replace(model, equations=equations)


def _at_the_end(equation: Equation) -> Equation:
    return replace(equation, rhs=substitute_index(equation.rhs, {"t": LAST}), last=True)
