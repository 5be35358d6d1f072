"""Gradients in every form, of L or of one step's loss, all of them or some.

loss[t] alone is the L of the same recurrence cut off after step t, with its loss at the
last step; so whatever is derived for a loss at T serves, and only documents rename.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from symbptt.algebra import LAST, Equation, Model, Ref, substitute_index
from symbptt.calculus.adjoint import with_loss
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.estimators import FULL, Estimator, as_estimator
from symbptt.calculus.expanded import derive_expanded
from symbptt.calculus.order import recurrent_quantities
from symbptt.calculus.selection import derive_joined, selected
from symbptt.calculus.sensitivity import derive_sensitivity
from symbptt.calculus.window import derive_adjoint
from symbptt.errors import OptionError, UnknownNameError, known_as


@dataclass(frozen=True)
class Form:
    """A way to write a gradient.

    Attributes
    ----------
    derive : callable
        From a model with a loss to its derivation.
    words : str
        What it is, for a list of forms.
    """

    derive: Callable[[Model], Derivation]
    words: str


FORMS: dict[str, Form] = {
    "adjoint": Form(derive_adjoint, "backward, step by step: backpropagation through time"),
    "expanded": Form(derive_expanded, "a sum over steps of ordered products of Jacobians"),
    "joined": Form(derive_joined, "backward, with matrices side by side and their blocks"),
    "sensitivity": Form(derive_sensitivity, "forward, step by step: real-time recurrent learning"),
}

ONE_STEP = "loss[t]"
OF = ("L", ONE_STEP)


def derive(
    model: Model,
    *,
    form: str = "adjoint",
    of: str = "L",
    only: Iterable[str] = (),
    wrt_inputs: bool = False,
    estimator: Estimator | str | None = None,
) -> Derivation:
    """The gradient of a model's loss, derived step by step.

    Parameters
    ----------
    form : str
        A key of `FORMS`.
    of : str
        What is differentiated: ``L``, or ``loss[t]``, the loss of one step alone.
    only : iterable of str
        Parameters, derived parameters or initial values (``h[0]``): the steps that their
        gradients need, and no others.
    wrt_inputs : bool
        Also derive dL/d(input) for every real-valued input, in the adjoint form.
    estimator : Estimator or str, optional
        What to derive in place of the gradient, as ``window:8``, in the adjoint form.

    Raises
    ------
    MissingLossError
        If the model has no loss.
    UnknownNameError
        If there is no such form, loss or gradient.
    OptionError
        If gradients by inputs are asked for in a form that has none.
    EstimatorError
        If the text names no estimator.
    """
    known_as("form", form, FORMS)
    known_as("loss", of.replace(" ", ""), OF)
    chosen = model if of.strip() == "L" else one_step(with_loss(model))
    if wrt_inputs and form != "adjoint":
        raise OptionError(f"the form {form} gives no gradients by inputs; the form adjoint does")
    plain = as_estimator(estimator) == FULL
    if not plain and (form != "adjoint" or of.strip() != "L"):
        raise OptionError(
            f"--estimator {as_estimator(estimator)} can't be combined with --form {form} --of "
            f"{of}: estimators are those of the adjoint form of the gradient of L"
        )
    own = partial(derive_adjoint, wrt_inputs=wrt_inputs, estimator=estimator)
    found = (own if form == "adjoint" else FORMS[form].derive)(chosen)
    if chosen is not model:
        found = replace(found, of=ONE_STEP, steps=tuple(map(_of_one_step, found.steps)))
    names = tuple(only)
    return selected(found, names) if names else found


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


def _of_one_step(step: Step) -> Step:
    if step.kind != "seed":
        return step
    return replace(step, reason=(Ref("loss", LAST, ()), " is what is differentiated"))
