"""What the sections of an article are called and say, form by form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from symbptt.algebra import Cotangent, Derivative, Param
from symbptt.calculus.derivation import Kind, Step

PARTS: dict[str, str] = {
    "model": "the equations, the symbols, the conventions",
    "backward": "how the gradient passes through the steps in time",
    "gradients": "what parameters and initial values receive",
    "summary": "the results once more",
}
"""What an article consists of."""


@dataclass(frozen=True)
class Chapter:
    """A section about some of the steps.

    Attributes
    ----------
    title : str
    introduction : str
        Formulas between dollar signs; NOW and LAST stand for the names of a step and of
        the last one, RECEIVES for how a gradient is handed back in the layout.
    kinds : tuple of str
        The kinds of steps in it.
    holds : callable
        Which of these steps.
    grouped : str
        By what they are put together: ``quantity``, what is differentiated ``by``, or "".
    boxed : str
        The sentence before their results in the summary.
    part : str
        A key of `PARTS`.
    """

    title: str
    introduction: str
    kinds: tuple[Kind, ...]
    holds: Callable[[Step], bool] = field(default=lambda step: True)
    grouped: str = ""
    boxed: str = ""
    part: str = "backward"


@dataclass(frozen=True)
class Telling:
    """How a form is told: the line under the title, and the sections."""

    subtitle: str
    chapters: tuple[Chapter, ...]


def _is_gradient(step: Step) -> bool:
    return isinstance(step.target, Cotangent)


def _is_walked(step: Step) -> bool:
    """Whether a step is about a quantity; of a window the sums over the losses, too."""
    return not is_start(step)


def _is_of_the_start(step: Step) -> bool:
    """Whether a step gives the gradient with respect to an initial value."""
    return (step.kind == "initial" and _is_gradient(step)) or is_start(step)


def is_start(step: Step) -> bool:
    """Whether a step adds up what the losses of a window give to an initial value."""
    index = step.target.index
    return step.kind == "window" and index is not None and not index.terms


def _is_given_out(step: Step) -> bool:
    """Whether a step tells what the read-out gives."""
    return step.kind != "initial" or not isinstance(step.target, Cotangent)


def _by_earlier(step: Step) -> bool:
    """Whether it is a derivative within a step by the values before it."""
    assert isinstance(step.target, Derivative)
    return not isinstance(step.target.wrt, Param)


def _by_parameter(step: Step) -> bool:
    return step.kind != "jacobian" or not _by_earlier(step)


INITIALS = Chapter(
    "The initial values",
    "",
    ("initial", "window"),
    _is_of_the_start,
    boxed="The gradients with respect to the initial values:",
    part="gradients",
)
GRADIENTS = Chapter(
    "The parameters",
    "",
    ("gradient",),
    boxed="The gradients with respect to the parameters:",
    part="gradients",
)

BACKWARD = Chapter(
    "The backward pass",
    "The equations are visited from the last one to the first. The gradient with "
    "respect to a quantity is the sum of what it receives from every equation that "
    "reads it: RECEIVES. Time is a shift: what an equation "
    "reads with a lag of $LAG$ steps receives at step $NOW$ what this equation gives at step "
    "$NOW + LAG$, and past step $LAST$ there is nothing to receive.GATES",
    ("seed", "adjoint", "boundary", "window"),
    _is_walked,
    grouped="quantity",
    boxed="The backward pass, from the last step to the first:",
)

READ_OUT = Chapter(
    "What is read out",
    "No state depends on what is computed for the loss alone. These equations are visited "
    "from the last one to the first: the gradient with respect to a quantity is the sum of what "
    "it receives from every equation that reads it, RECEIVES. The recurrence is not entered: "
    "a value $\\mathbf{v}$ of the recurrence gets the direct derivative $DIRECT$.",
    ("seed", "adjoint", "boundary", "initial"),
    _is_given_out,
    grouped="quantity",
    boxed="What is read out, and the direct derivatives:",
)

ONE_STEP = Chapter(
    "One step",
    "Within a step every quantity of the recurrence depends on values of earlier steps, by the "
    "chain rule through what is computed on the way. All other earlier values are held.",
    ("jacobian",),
    _by_earlier,
    grouped="by",
    boxed="The Jacobians of one step:",
)

IMMEDIATE = Chapter(
    "Immediate partial derivatives",
    "Within a step the parameters enter with all values of earlier steps held.",
    ("jacobian",),
    _by_parameter,
    grouped="by",
    boxed="The immediate partial derivatives:",
)

SENSITIVITIES = Chapter(
    "The sensitivities",
    "For every parameter and every initial value the derivatives through all steps are carried "
    "along, from the first step to the last: what it changes within the step, with all earlier "
    "values held, and what the Jacobians of the step hand on.",
    ("jacobian", "start", "sensitivity"),
    _by_parameter,
    grouped="by",
    boxed="The sensitivities, from the first step to the last:",
)

JOINED = Chapter(
    "Joined weights",
    "Matrices that stand in one sum are one matrix, set side by side, which acts on vectors set "
    "end to end.",
    ("joined",),
    boxed="The matrices joined:",
    part="gradients",
)

TELLINGS: dict[str, Telling] = {
    "adjoint": Telling("Backpropagation through time", (BACKWARD, INITIALS, GRADIENTS)),
    "expanded": Telling(
        "The gradient as a sum over steps", (READ_OUT, ONE_STEP, IMMEDIATE, INITIALS, GRADIENTS)
    ),
    "joined": Telling("Backpropagation through time", (BACKWARD, INITIALS, GRADIENTS, JOINED)),
    "sensitivity": Telling(
        "Real-time recurrent learning", (READ_OUT, ONE_STEP, SENSITIVITIES, INITIALS, GRADIENTS)
    ),
}
"""A row a form of `symbptt.calculus.gradients.FORMS`."""
