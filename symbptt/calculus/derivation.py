"""A derivation is data: numbered steps, each a chain of equal expressions with a reason.

Documents render the steps and code is lowered from them; neither has a second source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeVar

from symbptt import algebra as al
from symbptt.calculus.estimators import FULL, Estimator

Kind = Literal[
    "seed",
    "adjoint",
    "boundary",
    "jacobian",
    "start",
    "sensitivity",
    "initial",
    "window",
    "gradient",
    "joined",
]
Target = al.Cotangent | al.Direct | al.Derivative | al.Ref | al.BlockMatrix


@dataclass(frozen=True)
class Range:
    """The steps t from ``first`` to ``last``, or with T in the place of t the lengths T."""

    first: al.Index
    last: al.Index
    of: al.Index = al.NOW

    def covers(self, at: Mapping[str, int]) -> bool:
        """Whether the step or length is one of them, for these values of the names."""
        return self.first.at(at) <= self.of.at(at) <= self.last.at(at)

    def substitute(self, values: Mapping[str, al.Index]) -> Range:
        first, last, of = (i.substitute(values) for i in (self.first, self.last, self.of))
        return Range(first, last, of)


EVERY = Range(al.FIRST, al.LAST)
"""1 <= t <= T."""


@dataclass(frozen=True)
class EquationName:
    """A reference to the equation of the normal form that defines ``name``."""

    name: str


@dataclass(frozen=True)
class Past:
    """The words "past T": behind the last step that counts."""

    index: al.Index = al.LAST


@dataclass(frozen=True)
class TotalLoss:
    """The sign of what is differentiated, L or the loss of one step."""


ReasonPart = str | al.Expr | al.Index | Past | TotalLoss | EquationName
Reason = tuple[ReasonPart, ...]
"""Words and, between them, mathematics (an `Index` stands for a step, ``t+1``) and
references to equations."""


class Sentence(tuple[ReasonPart, ...]):
    """The reason of a step, which `symbptt.notebook` lets say itself."""

    __slots__ = ()


Part = TypeVar("Part")


def listed(parts: Sequence[tuple[Part, ...]], last: str = " and ") -> tuple[Part | str, ...]:
    """The parts of a sentence with commas, and ``last`` before the last."""
    pieces: list[Part | str] = []
    for number, part in enumerate(parts):
        if number:
            pieces.append(last if number == len(parts) - 1 else ", ")
        pieces += part
    return tuple(pieces)


class Values(Protocol):
    """Where the members of a step have values, as in `symbptt.symbolic.Unrolled`."""

    def members(self, step: Step, t: int | None = None) -> tuple[Any, ...]: ...


@dataclass(frozen=True)
class Step:
    """One line of reasoning: ``target`` equals each member of ``members``.

    Attributes
    ----------
    number : int
        From 1, in the order of the derivation.
    kind : str
        ``seed``: the derivative of L with respect to loss[t] (or loss[T]), the factor 1/T.
        ``adjoint``: dL/d(quantity at t), for general t. Terms with a cotangent at a step
        past T are absent there; ``boundary`` steps say so.
        ``boundary``: the same at steps T, T-1, … where terms are absent, or where
        ``loss[T]`` enters.
        ``initial``: dL/d(value at a step <= 0). Terms read at steps <= 0 are absent. For
        sequences shorter than the longest lag there are steps of their own, which say
        T = 1 and so on in ``holds``.
        ``window``: dL/d(quantity or initial value), of a window, from the gradients of the
        parts of L. Steps of other kinds about such a gradient speak of the part of a
        loss at step s, which stands in them where T does elsewhere.
        ``gradient``: dL/d(parameter) or dL/d(derived parameter).
        ``jacobian``: the derivative of a quantity within one step. ``start`` and
        ``sensitivity``: its derivative through all steps, at steps <= 0 and >= 1.
        ``joined``: values and gradients of matrices that stand side by side.
    target : Cotangent, Direct, Derivative, Ref or BlockMatrix
    members : tuple of Expr
        A chain of equals. The first is the chain rule in `Pullback`s, the last is what
        code is lowered from. All have the target's shape; ranges of steps as in
        ``holds``.
    reason : Reason
        Why, e.g. "h_t enters (4) at step t+1 and (2) at step t".
    holds : Range or None
        The steps t at which it holds, 1 <= t <= T - 1, or the only T; None where its
        target says at which step it is.
    needs : int
        The step is only stated for T >= needs (a boundary at T - 1 needs T >= 2).
    """

    number: int
    kind: Kind
    target: Target
    members: tuple[al.Expr, ...]
    reason: Reason
    holds: Range | None = None
    needs: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", Sentence(self.reason))

    @property
    def shape(self) -> al.Shape:
        return self.target.shape

    @property
    def part(self) -> al.Index | None:
        """The step of the loss whose part of L the target is a gradient of; None of all L."""
        return self.target.part if isinstance(self.target, al.Cotangent) else None

    def stated_for(self, horizon: int) -> bool:
        """Whether the step speaks about sequences of this many steps."""
        if self.holds is not None and self.holds.of == al.LAST:
            return self.holds.covers({"T": horizon})
        return horizon >= self.needs

    def occasions(self, horizon: int) -> tuple[int | None, ...]:
        """The steps at which it speaks about its target, latest first.

        A gradient is stated once, for None.
        """
        index = self.target.index
        if index is None:
            return (None,)
        if not self.stated_for(horizon):
            return ()
        if "t" not in index.names():
            return (index.at({"T": horizon}),)
        moments = ({"t": t, "T": horizon} for t in range(horizon, 0, -1))
        return tuple(index.at(m) for m in moments if not self.holds or self.holds.covers(m))

    @property
    def result(self) -> al.Expr:
        return self.members[-1]

    def sympy(self, unrolled: Values, t: int | None = None) -> tuple[Any, ...]:
        """Every member of the chain as SymPy has it in a model unrolled by `symbptt.unroll`.

        Parameters
        ----------
        t : int, optional
            The t of the target, where that has one.
        """
        return unrolled.members(self, t)


@dataclass(frozen=True)
class Derivation:
    """The backpropagation through time of a model.

    Attributes
    ----------
    model : Model
        As the author wrote it.
    normal : Model
        The same in normal form: products act on names, and what stands inside a
        nonlinear function or a product has a name of its own (``auxiliary`` equations,
        derived parameters and initial values).
    steps : tuple of Step
        The seed, then every quantity in reverse order with its boundary, then the
        initial values, then the gradients.
    wrt_inputs : bool
        Whether gradients with respect to the inputs are asked for. Without it only
        inputs that are read with a lag have an adjoint, for their initial values.
    form : str
        A key of `symbptt.calculus.gradients.FORMS`.
    of : str
        ``L``, or ``loss[t]`` for the loss of one step alone. The steps then speak of the
        last step's loss; documents call the last step t.
    only : tuple of str
        The gradients asked for; empty for all of them.
    estimator : Estimator
        What is derived in place of the gradient of L; "dL/d" then stands for it.
    gate : Input or None
        Of a gated estimator: the gates, a scalar a step, 1 at the first step and before.
    """

    model: al.Model
    normal: al.Model
    steps: tuple[Step, ...]
    wrt_inputs: bool = False
    form: str = "adjoint"
    of: str = "L"
    only: tuple[str, ...] = ()
    estimator: Estimator = FULL
    gate: al.Input | None = None

    @property
    def symbols(self) -> al.Model:
        """The normal form with everything that has a symbol in the steps."""
        if self.gate is None:
            return self.normal
        return replace(self.normal, inputs=(*self.normal.inputs, self.gate))

    def step(self, name: str, kind: Kind) -> Step:
        """The first step of that kind for the variable ``name``."""
        return next(s for s in self.steps if s.target.name == name and s.kind == kind)

    def of_kind(self, *kinds: Kind) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.kind in kinds)
