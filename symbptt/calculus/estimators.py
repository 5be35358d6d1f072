r"""Estimators of the gradient: weights w(t, i) on what a use at step i gives loss[t].

Full backpropagation through time has all weights 1. The regular and the random truncation
(Zhang et al., Dive into Deep Learning, 9.7.1.2 and 9.7.1.3) are one sequence of gates xi_t
on the recurrence: what an equation reads k steps back receives xi_{t-k+1} ... xi_t times
what it would, so that the weight of a use at step i is xi_{i+1} ... xi_t on every way. The
window is no such product, and is derived loss by loss.

A gate is one number a step and sequence, and 1 at the first step and before. The forward
pass knows nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.errors import EstimatorError


@dataclass(frozen=True)
class Estimator:
    """Which gradient is computed.

    Attributes
    ----------
    kind : str
        A key of `ESTIMATORS`.
    tau : int
        Of ``window`` and ``chunk``: steps; else 0.
    pi : Fraction
        Of ``random``: the probability that the gradient passes into a step; else 1.
    """

    kind: str = "full"
    tau: int = 0
    pi: Fraction = Fraction(1)

    @property
    def gated(self) -> bool:
        """Whether gates stand on the recurrence."""
        return self.kind in ("chunk", "random")

    def gate(self, step: int) -> int:
        """The gate of a step of ``chunk``: 0 where a piece begins, the first one excepted."""
        return int(step <= 1 or (step - 1) % self.tau != 0)

    def __str__(self) -> str:
        return self.kind + ESTIMATORS[self.kind].shown(self)


@dataclass(frozen=True)
class Kind:
    """A row of the table of estimators.

    Attributes
    ----------
    argument : str
        What follows the colon, or "".
    read : callable
        The estimator of an argument's text.
    shown : callable
        The text behind the name: ``:8``.
    example : str
        As it is asked for on the command line.
    words : str
    """

    argument: str
    read: Callable[[str], Estimator]
    shown: Callable[[Estimator], str]
    example: str
    words: str


def _full(text: str) -> Estimator:
    if text:
        raise EstimatorError(f"full:{text}: full takes no argument")
    return Estimator()


def _steps(kind: str) -> Callable[[str], Estimator]:
    def read(text: str) -> Estimator:
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
            found = repr(text) if text else "nothing"
            raise EstimatorError(
                f"{kind}:TAU: TAU is a number of steps, an integer >= 1 as in {kind}:8; "
                f"found {found}"
            )
        return Estimator(kind, tau=int(text))

    return read


def _probability(text: str) -> Estimator:
    """PI, a decimal or a fraction, read as the rational number that it is."""
    if not re.fullmatch(r"[0-9]{0,20}\.?[0-9]{1,20}|[0-9]{1,20}/0*[1-9][0-9]{0,19}", text):
        found = repr(text) if text else "nothing"
        raise EstimatorError(
            "random:PI: PI is a probability, a decimal or a fraction as in random:0.8 or "
            f"random:4/5; found {found}"
        )
    pi = Fraction(text)
    if pi == 0:
        raise EstimatorError(
            "random:PI: PI = 0 is no probability to pass with: xi = 1/PI would not exist, and "
            "with xi = 0 always the expectation of xi is 0, not 1; expected 0 < PI <= 1"
        )
    if pi > 1:
        raise EstimatorError(f"random:PI: expected 0 < PI <= 1, found {text}")
    return Estimator("random", pi=pi)


ESTIMATORS: dict[str, Kind] = {
    "full": Kind("", _full, lambda e: "", "full", "the gradient of L"),
    "window": Kind(
        "TAU", _steps("window"), lambda e: f":{e.tau}", "window:8",
        "with every value of steps <= t - TAU held when loss[t] is differentiated",
    ),
    "chunk": Kind(
        "TAU", _steps("chunk"), lambda e: f":{e.tau}", "chunk:8",
        "pieces of TAU steps; the state crosses from one to the next, the gradient does not",
    ),
    "random": Kind(
        "PI", _probability, lambda e: f":{e.pi}", "random:0.8",
        "into a step the gradient passes with probability PI, and weighs 1/PI there",
    ),
}  # fmt: skip
"""One row an estimator."""

FULL = Estimator()


def read_estimator(text: str) -> Estimator:
    """The estimator that ``NAME`` or ``NAME:ARGUMENT`` asks for.

    Raises
    ------
    EstimatorError
        If there is none of that name, or the argument is not what it takes.
    """
    name, _, argument = text.partition(":")
    if name not in ESTIMATORS:
        known = ", ".join(
            f"{k}:{row.argument}" if row.argument else k for k, row in ESTIMATORS.items()
        )
        raise EstimatorError(f"no estimator is called {name!r}; estimators: {known}")
    return ESTIMATORS[name].read(argument)


def as_estimator(wanted: Estimator | str | None) -> Estimator:
    """An estimator as it is, from its text, or the full one."""
    if wanted is None:
        return FULL
    return read_estimator(wanted) if isinstance(wanted, str) else wanted


# --- gates on the recurrence --------------------------------------------------------


LETTERS = ("xi", "zeta", "chi", "eta", "omega", "gate")
"""Names for a gate, in the order of preference."""


def gate_of(model: al.Model) -> al.Input:
    """The gates as a scalar input, by a letter that no name of the model begins with."""
    return al.Input(next(model.free_letters(LETTERS)), (), comment="gate on the recurrence")


def gates_between(gate: str, reader: al.Index, lag: int) -> tuple[al.Expr, ...]:
    """The gates of the steps through which the reader at its step reads ``lag`` back."""
    return tuple(al.Ref(gate, reader - back, ()) for back in range(lag - 1, -1, -1))


def gated(expr: al.Expr, gates: tuple[al.Expr, ...]) -> al.Expr:
    """The expression times gates, term by term."""
    match expr:
        case al.Add(terms=terms):
            return forms.add((gated(term, gates) for term in terms), expr.shape)
        case al.Neg(operand=operand):
            return forms.neg(gated(operand, gates))
        case al.Outer(left=left, right=right):
            # A value a step multiplies vectors; a matrix a step takes it on one side.
            return al.Outer(gated(left, gates), right)
    return expr if forms.is_zero(expr) else forms.mul((*gates, expr))


def without_first_gates(expr: al.Expr, gate: str, horizon: int) -> al.Expr:
    """The expression without the gates of steps <= 1, which are 1."""
    if isinstance(expr, al.Mul):
        kept = [f for f in expr.factors if not _is_first(f, gate, horizon)]
        if len(kept) < len(expr.factors):
            inside = [without_first_gates(factor, gate, horizon) for factor in kept]
            return al.Mul(tuple(inside)) if len(inside) > 1 else (inside or [al.ONE])[0]
    return al.map_children(expr, lambda child: without_first_gates(child, gate, horizon))


def _is_first(expr: al.Expr, gate: str, horizon: int) -> bool:
    if not isinstance(expr, al.Ref) or expr.name != gate or "t" in expr.index.names():
        return False
    return expr.index.at({"T": horizon}) <= 1
