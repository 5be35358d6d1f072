r"""The window: loss[t] differentiated with every value of steps <= t - tau held.

L is the sum of parts L_s, one a loss. What only losses of its own step read receives from
one part alone, and its steps are those of the whole gradient. What the recurrence reads has
a gradient of each part, dL_s/dh_t, which the window does not touch as long as t > s - tau;
so dL/dh_t stands for the sum of dL_s/dh_t over s = t ... t + tau - 1, and all else is
linear in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbptt import algebra as al
from symbptt.algebra import Model
from symbptt.calculus import forms
from symbptt.calculus.adjoint import Edge, Walk, normal_form, with_seed
from symbptt.calculus.derivation import EVERY, Derivation, Past, Range, Reason, ReasonPart, Step
from symbptt.calculus.estimators import Estimator, as_estimator, gate_of


@dataclass(frozen=True)
class Swept:
    """Which variables have gradients of the parts of L.

    Attributes
    ----------
    own : frozenset of str
        What is read at its own step only, by the loss and by such.
    names : frozenset of str
        What is read with a lag, and what such gradients come from, less ``own``.
    """

    own: frozenset[str]
    names: frozenset[str]


def swept(walk: Walk) -> Swept:
    """Sorts a model's quantities and inputs."""
    readers = {name: walk.readers(name) for name in walk.variables()}
    # An input without time has one value, which is of no step.
    untimed = {i.name for i in walk.model.inputs if not i.timed}
    names = {n for n, found in readers.items() if n not in untimed and any(r.lag for r in found)}
    own: set[str] = set()
    while True:
        only = {
            name
            for name, found in readers.items()
            if name not in names and all(r.reader.name in own or is_loss(r) for r in found)
        }
        if only == own:
            break
        own = only
    while True:
        sources = {r.reader.name for name in names for r in readers[name]}
        more = (sources & set(readers)) - own - names
        if not more:
            return Swept(frozenset(own), frozenset(names))
        names |= more


def swept_quantities(derivation: Derivation) -> Swept:
    """The same for the derivation of a window."""
    return swept(Walk(derivation.normal, derivation.wrt_inputs))


def is_loss(reading: Edge) -> bool:
    """Whether the reader is the loss, or computed at the last step for it."""
    return reading.reader.name == "loss" or reading.last


class WindowWalk(Walk):
    """The reverse walk with gradients of the parts of L."""

    def __init__(self, model: al.Model, wrt_inputs: bool, tau: int) -> None:
        super().__init__(model, wrt_inputs)
        self.tau = tau
        self.part = al.LAST if model.equation("loss").last else al.PART
        self.parted = False
        self.swept = swept(self)

    def adjoint(self, name: str, shape: al.Shape, last: bool) -> Iterator[Step]:
        if name not in self.swept.names:
            yield from super().adjoint(name, shape, last)
            return
        self.parted = True
        yield from map(self.of_part, super().adjoint(name, shape, last))
        self.parted = False
        yield self.total(al.Cotangent(name, al.NOW, shape), self.tau, EVERY)

    def is_stated(self, general: list[Edge]) -> bool:
        return bool(general) or not self.parted

    def initials(self, initial: al.Initial) -> Iterator[Step]:
        if initial.name not in self.swept.names:
            yield from super().initials(initial)
            return
        self.parted = True
        yield from map(self.of_part, super().initials(initial))
        self.parted = False
        target = al.Cotangent(initial.name, initial.index, initial.shape)
        yield self.total(target, self.tau, None)

    def readers(self, name: str) -> list[Edge]:
        """In a part of L, what only its loss needs is read at the step of that loss."""
        found = super().readers(name)
        return [self.at_its_loss(r) for r in found] if self.parted else found

    def at_its_loss(self, reading: Edge) -> Edge:
        """A reading by the loss, or by what is only its own, as one at the last step."""
        loss = reading.reader.name == "loss"
        if reading.last or not (loss or reading.reader.name in self.swept.own):
            return reading
        assert isinstance(reading.reader, al.Equation)
        chain = reading.chain
        if loss:
            cotangent = al.Cotangent("loss", al.NOW, ())
            chain = tuple(with_seed(m, cotangent, self.model.total.seed) for m in chain)
        end = {"t": al.LAST}
        return Edge(
            replace(reading.reader, last=True),
            al.substitute_index(reading.operand, end),
            tuple(al.substitute_index(member, end) for member in chain),
        )

    def of_part(self, step: Step) -> Step:
        """A step about a loss at the last step as one about the part of L of step s."""

        def moved(expr: al.Expr) -> al.Expr:
            if isinstance(expr, al.Cotangent) and expr.name in self.swept.names:
                expr = replace(expr, part=al.LAST)
            return expr

        def parted(expr: al.Expr) -> al.Expr:
            return al.substitute_index(al.transform(expr, moved), {"T": self.part})

        target = parted(step.target)
        assert isinstance(target, al.Cotangent)
        return replace(
            step,
            target=target,
            members=tuple(map(parted, step.members)),
            reason=tuple(map(self.told, step.reason)),
            holds=step.holds and step.holds.substitute({"T": self.part}),
        )

    def told(self, part: ReasonPart) -> ReasonPart:
        """A part of a reason with the loss's step where T stood."""
        match part:
            case al.Index():
                return part.substitute({"T": self.part})
            case Past(index=index):
                return Past(index.substitute({"T": self.part}))
            case al.Expr():
                return al.substitute_index(part, {"T": self.part})
        return part

    def total(self, target: al.Cotangent, tau: int, holds: Range | None) -> Step:
        """The sum over the parts of L that are less than tau steps ahead."""
        assert target.index is not None
        upto = target.index + (tau - 1)
        first = target.index if "t" in target.index.names() else al.Index(offset=1)
        variable = al.Ref(target.name, target.index, target.shape)
        steps = f"{tau} step{'' if tau == 1 else 's'}"
        if not upto.terms and upto.offset < 1:
            reason: Reason = ("No loss is less than ", steps, " away from ", variable)
            return self.make("window", target, [(forms.zero(target.shape),)], reason, holds)
        reason = (f"For losses from {steps} on, the window holds ", variable)
        member = al.PartSum(replace(target, part=al.PART), first, upto)
        return self.make("window", target, [(member,)], reason, holds)


def derive_adjoint(
    model: Model, *, wrt_inputs: bool = False, estimator: Estimator | str | None = None
) -> Derivation:
    """The gradient of L backward through time, or an estimator of it.

    It is the reverse walk, or for a window that of the parts of L.
    """
    chosen = as_estimator(estimator)
    normal = normal_form(model)
    gate = gate_of(normal) if chosen.gated else None
    walk = Walk(normal, wrt_inputs, gate.name if gate else None)
    if chosen.kind == "window":
        walk = WindowWalk(normal, wrt_inputs, chosen.tau)
    steps = tuple(walk.steps())
    return Derivation(model, normal, steps, wrt_inputs, estimator=chosen, gate=gate)
