"""What a module says and takes when it computes an estimate of the gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import Estimator
from symbptt.codegen.literals import assigned, dict_literal, literal
from symbptt.codegen.program import Program


@dataclass(frozen=True)
class EstimatorText:
    """Ready lines for the template, one set an estimator.

    Attributes
    ----------
    constants : tuple of str
        Of the module.
    what : str
        What `loss_and_grads` computes beside the loss; METHOD is the name of the mode.
    words, arguments : tuple of str
        Of its docstring: what the estimate is; its further arguments.
    keywords : tuple of str
        The further arguments.
    prepare : tuple of str
        Statements when the arguments are checked.
    """

    constants: tuple[str, ...] = ()
    what: str = "its gradients by METHOD"
    words: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()


_CARRIED = "What `carry_grad` brings counts as the gradient of a loss at the last valid step."


def _full(estimator: Estimator) -> EstimatorText:
    return EstimatorText()


def _window(estimator: Estimator) -> EstimatorText:
    return EstimatorText(
        constants=_named(estimator, f"TAU = {estimator.tau}"),
        what="a truncated estimate of its gradients",
        words=(
            "When the loss of step t is differentiated, every value of the steps up to t - TAU",
            "is held: a window of TAU steps slides along the sequence. An initial value `h[0]`",
            "counts as a value of step 0. What `carry_grad` brings counts as the gradient of a",
            "loss at the step whose value it belongs to.",
        ),
    )


def _chunk(estimator: Estimator) -> EstimatorText:
    return EstimatorText(
        constants=_named(estimator, f"TAU = {estimator.tau}"),
        what="a truncated estimate of its gradients",
        words=(
            "The steps are taken in pieces of TAU, counted from the first step of the call. The",
            "state crosses from one piece to the next, the gradient does not; the gradients of",
            "the initial values come from the first piece.",
            _CARRIED,
        ),
        prepare=("call.inputs.update(_regular_gates(call))",),
    )


def _random(estimator: Estimator) -> EstimatorText:
    return EstimatorText(
        constants=_named(estimator, f"PI = {_exact(estimator.pi)}"),
        what="an unbiased random estimate of its gradients",
        words=(
            "Into each step but the first the gradient passes with probability PI, and weighs",
            "1 / PI there; else it is cut off. The expectation is the gradient itself.",
            _CARRIED,
        ),
        keywords=("rng=None", "gates=None"),
        arguments=(
            "rng : numpy Generator, optional",
            "    Draws the gates, `(rng.random((T, B)) < PI) / PI`, once.",
            "gates : array, optional",
            "    (T, B), in place of the draw; its first row is ignored. One of the two is given.",
        ),
        prepare=("call.inputs.update(_random_gates(call, rng, gates))",),
    )


def _named(estimator: Estimator, constant: str) -> tuple[str, ...]:
    return assigned("ESTIMATOR", literal(str(estimator))), constant


def _exact(value: Fraction) -> str:
    return f"Fraction({value.numerator}, {value.denominator})"


TEXTS: dict[str, Callable[[Estimator], EstimatorText]] = {
    "full": _full,
    "window": _window,
    "chunk": _chunk,
    "random": _random,
}
"""A row for each of `symbptt.calculus.estimators.ESTIMATORS`."""


def estimator_text(derivation: Derivation, program: Program) -> EstimatorText:
    text = TEXTS[derivation.estimator.kind](derivation.estimator)
    if derivation.gate is None:
        return text
    gates = dict_literal((name, str(lag)) for name, lag in program.gates)
    return replace(text, constants=(*text.constants, f"_GATES = {gates}"))
