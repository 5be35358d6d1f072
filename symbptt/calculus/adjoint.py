"""The reverse walk: every equation visited once, for symbolic t.

Time is a shift. A quantity v read with lag k in the equation of y receives at step t
what y's adjoint says at step t + k; what would lie past T is absent, and that is the
boundary condition. So the walk does not depend on T, and it knows no rule: what an
operand receives is asked of `symbptt.calculus.rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import (
    EVERY,
    EquationName,
    Kind,
    Past,
    Range,
    Reason,
    ReasonPart,
    Step,
    Target,
    TotalLoss,
    listed,
)
from symbptt.calculus.estimators import gated, gates_between, without_first_gates
from symbptt.calculus.normal import normalize
from symbptt.calculus.order import derived_order, in_step_order, live_quantities
from symbptt.calculus.rules import Context, Part, parts
from symbptt.errors import MissingLossError


@dataclass(frozen=True)
class Edge:
    """All that one equation gives to one variable that it reads.

    Attributes
    ----------
    reader : Equation or Derived
    operand : Ref or Param
        As the reader reads it: ``h[t-1]`` in the equation at t, ``h[T]`` in the loss at T.
    chain : tuple of Expr
        The chain rule in a `Pullback`, then its working out; at the reader's own step.
    """

    reader: al.Equation | al.Derived
    operand: al.Expr
    chain: tuple[al.Expr, ...]

    @property
    def lag(self) -> int:
        """How many steps before the reader's own the variable is read."""
        return -self.operand.index.offset if isinstance(self.operand, al.Ref) else 0

    @property
    def step(self) -> al.Index:
        """The reader's own step."""
        return self.reader.index or al.NOW

    @property
    def last(self) -> bool:
        return isinstance(self.reader, al.Equation) and self.reader.last


def normal_form(model: al.Model) -> al.Model:
    """The normal form of a model with a loss.

    Raises
    ------
    MissingLossError
        If it has none.
    """
    return normalize(with_loss(model))


def with_loss(model: al.Model) -> al.Model:
    """The model, if it has a loss to differentiate.

    Raises
    ------
    MissingLossError
        If it has none.
    """
    if model.loss is None:
        raise MissingLossError(
            f"{model.name} has no loss, so there is nothing to differentiate; "
            "add a line such as loss[t] = squared_error(o[t], y[t])"
        )
    return model


def readings(model: al.Model, gate: str | None = None) -> tuple[Edge, ...]:
    """What every equation of a model in normal form gives to what it reads.

    With the name of a gate, what an earlier step receives is multiplied by the gates of
    the steps between.
    """
    found: list[Edge] = []
    for reader in model.definitions:
        found.extend(_readings(model, reader))
    if gate is None:
        return tuple(found)
    # An input without time has one value, which is of no step.
    untimed = {i.name for i in model.inputs if not i.timed}
    return tuple(_through_gates(reading, gate, untimed) for reading in found)


def _through_gates(reading: Edge, gate: str, untimed: set[str]) -> Edge:
    if not reading.lag or (isinstance(reading.operand, al.Ref) and reading.operand.name in untimed):
        return reading
    gates = gates_between(gate, reading.step, reading.lag)
    return replace(reading, chain=tuple(gated(member, gates) for member in reading.chain))


def _readings(model: al.Model, reader: al.Equation | al.Derived) -> Iterator[Edge]:
    index = reader.index
    output: al.Expr = reader.ref
    whole = output if reader.shape == reader.rhs.shape else None
    cotangent = al.Cotangent(reader.name, index, reader.shape)
    chains: dict[al.Expr, list[tuple[al.Expr, ...]]] = {}
    for part in parts(reader.rhs, cotangent, Context(model, index, whole)):
        if reader.name == "loss" and _at_own_step(part.operand, index):
            part = _seeded(part, cotangent, model.total.seed)
        chains.setdefault(part.operand, []).append(part.chain)
    for operand, gathered in chains.items():
        members = forms.in_step(gathered, operand.shape)
        yield Edge(reader, operand, (al.Pullback(output, operand, cotangent), *members))


def _at_own_step(operand: al.Expr, index: al.Index | None) -> bool:
    return not isinstance(operand, al.Ref) or operand.index == index


def _seeded(part: Part, cotangent: al.Cotangent, seed: al.Expr) -> Part:
    """The loss's cotangent is known from the seed, 1/T for a mean, so put in.

    Where the loss reads an earlier step its cotangent stays: it is absent past T.
    """

    return replace(part, chain=tuple(with_seed(m, cotangent, seed) for m in part.chain))


def with_seed(member: al.Expr, cotangent: al.Expr, seed: al.Expr) -> al.Expr:
    """The member of a chain with ``seed`` in the place of the loss's cotangent."""
    if member == cotangent:
        return seed
    member = al.map_children(member, lambda child: with_seed(child, cotangent, seed))
    return forms.mul(member.factors) if isinstance(member, al.Mul) else member


class Walk:
    """Numbers the steps as it meets them.

    The other forms of the gradient walk the same way where the recurrence is not entered.
    """

    def __init__(self, model: al.Model, wrt_inputs: bool, gate: str | None = None) -> None:
        self.model = model
        self.wrt_inputs = wrt_inputs
        self.gate = gate
        self.readings = readings(model, gate)
        self.live = live_quantities(model)
        self.number = 0

    def steps(self) -> Iterator[Step]:
        yield self.seed()
        for equation in reversed(in_step_order(self.model)):
            if equation.name != "loss" and not self.only_names(equation):
                yield from self.adjoint(equation.name, equation.shape, equation.last)
        for source in self.model.inputs:
            wanted = self.wrt_inputs or self.model.lag(source.name)
            if wanted and source.index_dim is None:
                yield from self.adjoint(source.name, source.shape, not source.timed)
        for initial in self.model.initials:
            if initial.name not in self.model.integers:
                yield from self.initials(initial)
        for derived in reversed(derived_order(self.model)):
            if derived.name not in self.model.held:
                yield self.gradient(derived.name, derived.shape)
        for parameter in self.model.learned:
            yield self.gradient(parameter.name, parameter.shape)

    def variables(self) -> tuple[str, ...]:
        """The quantities and real-valued inputs that L may depend on."""
        quantities = [e.name for e in self.model.equations if e.name in self.live - {"loss"}]
        return (*quantities, *(i.name for i in self.model.inputs if i.index_dim is None))

    def only_names(self, equation: al.Equation) -> bool:
        """Whether it is there only to give a value a name: nothing differentiates it."""
        return equation.auxiliary and not self.readers(equation.name)

    def target(self, name: str, index: al.Index, shape: al.Shape) -> Target:
        """What is asked for about a quantity at a step."""
        return al.Cotangent(name, index, shape)

    def make(
        self,
        kind: Kind,
        target: Target,
        chains: Iterable[tuple[al.Expr, ...]],
        reason: Reason,
        holds: Range | None = None,
        needs: int = 1,
    ) -> Step:
        self.number += 1
        kept = forms.distinct(forms.in_step(chains, target.shape))
        return Step(self.number, kind, target, kept, reason, holds, needs)

    def seed(self) -> Step:
        loss = self.model.equation("loss")
        target = al.Cotangent("loss", loss.index, ())
        if loss.last:
            reason: Reason = (TotalLoss(), " is the loss at the last step, ", loss.ref)
            return self.make("seed", target, [(al.ONE,)], reason)
        total = self.model.total
        words = f" is the {total.word} of "
        reason = (TotalLoss(), words, loss.ref, " over the ", al.LAST, " steps")
        return self.make("seed", target, [(total.seed,)], reason, EVERY)

    def readers(self, name: str) -> list[Edge]:
        """The readings of a quantity or input that L depends on, later steps first."""
        found = [
            reading
            for reading in self.readings
            if isinstance(reading.operand, al.Ref)
            and reading.operand.name == name
            and reading.reader.name in self.live
        ]
        return sorted(found, key=lambda reading: -reading.lag)

    def adjoint(self, name: str, shape: al.Shape, last: bool) -> Iterator[Step]:
        """dL/d(name at t), the steps near T first: each says which terms are absent."""
        readers = self.readers(name)
        if last:
            target = self.target(name, al.LAST, shape)
            chains = [reading.chain for reading in readers]
            yield self.make("adjoint", target, chains, _enters(target, readers, al.LAST))
            return
        general = [reading for reading in readers if not reading.last]
        at_end = [reading for reading in readers if reading.last]
        depth = max([r.lag for r in general] + [r.lag + 1 for r in at_end], default=0)
        for before in range(depth):
            present = [r for r in general if r.lag <= before]
            present += [r for r in at_end if r.lag == before]
            yield self.boundary(self.target(name, al.LAST - before, shape), present, before)
        if not self.is_stated(general):
            return
        target = self.target(name, al.NOW, shape)
        chains = [at_step(reading, al.NOW + reading.lag) for reading in general]
        yield self.make(
            "adjoint",
            target,
            chains,
            _enters(target, general, al.NOW),
            Range(al.FIRST, al.LAST - depth),
            needs=depth + 1,
        )

    def is_stated(self, general: list[Edge]) -> bool:
        """Whether there is a step for general t when these read the variable."""
        return True

    def boundary(self, target: Target, present: list[Edge], before: int) -> Step:
        index = al.LAST - before
        chains = [at_step(reading, index + reading.lag) for reading in present]
        reason = (*_enters(target, present, index), "; what would lie ", Past(), " is absent")
        return self.make("boundary", target, chains, reason, needs=before + 1)

    def initials(self, initial: al.Initial) -> Iterator[Step]:
        """dL/d(value at a step <= 0): only what steps >= 1 read of it.

        The general step holds where T is long enough for all of them; shorter sequences
        get one each.
        """
        readers = self.readers(initial.name)
        general = [r for r in readers if not r.last and initial.step + r.lag >= 1]
        at_end = [r for r in readers if r.last]
        enough = [initial.step + r.lag for r in general]
        enough += [initial.step + r.lag + 1 for r in at_end]
        needs = max([1, *enough])
        yield self.initial(initial, general, None, needs)
        for horizon in range(1, needs):
            present = [r for r in general if initial.step + r.lag <= horizon]
            present += [r for r in at_end if initial.step + r.lag == horizon]
            yield self.initial(initial, present, _only(horizon), horizon)

    def initial(
        self, initial: al.Initial, present: list[Edge], holds: Range | None, needs: int
    ) -> Step:
        index = initial.index
        target = self.target(initial.name, index, initial.shape)
        chains = [self.at_start(reading, index + reading.lag, needs) for reading in present]
        return self.make("initial", target, chains, _enters(target, present, index), holds, needs)

    def at_start(self, reading: Edge, index: al.Index, horizon: int) -> tuple[al.Expr, ...]:
        chain = at_step(reading, index)
        if self.gate is None:
            return chain
        return tuple(without_first_gates(member, self.gate, horizon) for member in chain)

    def gradient(self, name: str, shape: al.Shape) -> Step:
        """dL/d(parameter): every equation that reads it, summed over the steps."""
        target = al.Cotangent(name, None, shape)
        operand = al.Param(name, shape)
        chains = []
        readers = []
        for reading in self.readings:
            if reading.operand == operand and reading.reader.name in self.live:
                chains.append(over_time(reading))
                readers.append(reading.reader)
        starts = [i for i in self.model.initials if i.value == operand]
        chains += [(self.start(initial, shape),) for initial in starts]
        return self.make("gradient", target, chains, shared(operand, readers, starts))

    def start(self, initial: al.Initial, shape: al.Shape) -> al.Expr:
        at_start = al.Cotangent(initial.name, initial.index, initial.shape)
        return at_start if at_start.shape == shape else forms.total(at_start)


def _only(horizon: int) -> Range:
    """T is this and nothing else."""
    return Range(al.Index(offset=horizon), al.Index(offset=horizon), of=al.LAST)


def at_step(reading: Edge, index: al.Index) -> tuple[al.Expr, ...]:
    """A reading's chain with the reader at the given step."""
    if reading.last:
        return reading.chain
    return tuple(al.substitute_index(member, {"t": index}) for member in reading.chain)


def over_time(reading: Edge) -> tuple[al.Expr, ...]:
    if isinstance(reading.reader, al.Derived) or reading.last:
        return reading.chain
    return tuple(forms.add(summed(member), member.shape) for member in reading.chain)


def summed(member: al.Expr) -> Iterator[al.Expr]:
    """The sum over time, term by term, with signs in front."""
    for term in al.terms_of(member):
        if isinstance(term, al.Neg):
            yield al.Neg(al.TimeSum(term.operand))
        else:
            yield al.TimeSum(term)


def _enters(target: Target, readers: list[Edge], index: al.Index) -> Reason:
    """ "h_t enters the equations of a and b at step t+1 and that of o at step t"."""
    variable = al.Ref(target.name, index, target.shape)
    if not readers:
        return ("nothing that ", TotalLoss(), " depends on reads ", variable)
    by_step: dict[al.Index, list[Reason]] = {}
    for reader in readers:
        step = al.LAST if reader.last else index + reader.lag
        by_step.setdefault(step, []).append((EquationName(reader.reader.name),))
    where: list[Reason] = [
        (*listed(names, " and " if len(by_step) == 1 else ", "), " at step ", step)
        for step, names in by_step.items()
    ]
    return (variable, " enters ", *listed(where))


def shared(
    operand: al.Param, readers: list[al.Equation | al.Derived], starts: list[al.Initial]
) -> Reason:
    """ "W enters (1) and (3) at every step, so its contributions add up"."""
    pieces: list[ReasonPart] = [operand]
    if not readers and not starts:
        return (TotalLoss(), " does not depend on ", operand)
    if readers:
        pieces += [" enters ", *listed([(EquationName(reader.name),) for reader in readers])]
    if any(isinstance(reader, al.Equation) and not reader.last for reader in readers):
        pieces.append(" at every step, so its contributions add up")
    for initial in starts:
        pieces.append(" and is the initial value " if readers else " is the initial value ")
        pieces.append(initial.ref)
    return tuple(pieces)
