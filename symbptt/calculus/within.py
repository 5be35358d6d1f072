"""The chain rule without a walk back through the recurrence: what is read out, single steps.

What is read out of the recurrence (the logits, the loss) is visited in reverse, as in the
adjoint form; it gives to every value of the recurrence that it reads a direct derivative.

Within a step the equations are followed forward: the derivative of a quantity by a parameter,
or by a value of an earlier step, with all other values of earlier steps held; what is computed
within the step follows. (The immediate partial derivative of Pascanu, Mikolov and Bengio, On
the difficulty of training recurrent neural networks, 2013, equation 5; Zhang et al., Dive into
Deep Learning, equation 9.7.4.)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from symbptt import algebra as al
from symbptt.calculus.adjoint import Edge, Walk, over_time, shared
from symbptt.calculus.derivation import EVERY, EquationName, Reason, Step, Target, TotalLoss, listed
from symbptt.calculus.linear import Local, local_jacobians, times
from symbptt.calculus.order import derived_order, in_step_order, recurrent_quantities


class Within(Walk):
    """Walks what no state depends on; of the recurrence it has the derivatives in one step."""

    def __init__(self, model: al.Model) -> None:
        super().__init__(model, wrt_inputs=False)
        self.recurrent = recurrent_quantities(model)
        self.carried = tuple(i for i in model.initials if i.name not in model.integers)
        self.local = local_jacobians(model, self.recurrent)
        self.results: dict[al.Expr, al.Expr] = {}
        self.dependents: dict[al.Expr, frozenset[str]] = {}

    def target(self, name: str, index: al.Index, shape: al.Shape) -> Target:
        given = {initial.name for initial in self.carried}
        if name in self.recurrent or name in given:
            return al.Direct(al.Ref(name, index, shape))
        return al.Cotangent(name, index, shape)

    def readers(self, name: str) -> list[Edge]:
        return [r for r in super().readers(name) if r.reader.name not in self.recurrent]

    def read_out(self) -> Iterator[Step]:
        """The seed, what the loss gives to what is read out, and that to the recurrence."""
        yield self.seed()
        for equation in reversed(in_step_order(self.model)):
            if equation.name == "loss" or self.only_names(equation):
                continue
            if equation.name not in self.recurrent:
                yield from self.adjoint(equation.name, equation.shape, equation.last)
            elif self.readers(equation.name):
                yield from self.direct(equation.name, equation.shape)
        for source in self.model.inputs:
            given = any(initial.name == source.name for initial in self.carried)
            if given and self.readers(source.name):
                yield from self.adjoint(source.name, source.shape, not source.timed)
        for initial in self.carried:
            if any(initial.step + r.lag >= 1 for r in self.readers(initial.name)):
                yield from self.initials(initial)

    def direct(self, name: str, shape: al.Shape) -> Iterator[Step]:
        steps = list(self.adjoint(name, shape, last=False))
        # Read at T alone, it has a direct derivative there and nowhere else.
        if self.ends_alone():
            steps = [step for step in steps if step.kind == "boundary"]
            self.number -= 1
        yield from steps

    def ends_alone(self) -> bool:
        """Whether the recurrence is read out at the last step T and at no other."""
        found = (r for name in self.read_directly() for r in self.readers(name))
        return all(r.last and r.lag == 0 for r in found)

    def read_directly(self) -> tuple[str, ...]:
        """The quantities of the recurrence that something outside it reads, in order."""
        order = (e.name for e in in_step_order(self.model))
        return tuple(n for n in order if n in self.recurrent and self.readers(n))

    # --- gradients -------------------------------------------------------------------------

    def outside(self, operand: al.Param) -> tuple[list[tuple[al.Expr, ...]], Reason]:
        """What a parameter receives without the recurrence, and where it stands there."""
        chains, readers = [], []
        for reading in self.readings:
            name = reading.reader.name
            if reading.operand == operand and name in self.live and name not in self.recurrent:
                chains.append(over_time(reading))
                readers.append(reading.reader)
        starts = [i for i in self.model.initials if i.value == operand]
        chains += [(self.start(initial, operand.shape),) for initial in starts]
        return chains, shared(operand, readers, starts) if chains else ()

    def gradients(self, operand: al.Param, through: al.Expr | None, why: Reason) -> Step:
        """dL/d(parameter): through the recurrence, and what else it receives."""
        chains, reason = self.outside(operand)
        if through is not None:
            chains.insert(0, (through,))
            reason = (*why, *(("; ", *reason) if reason else ()))
        reason = reason or (TotalLoss(), " does not depend on ", operand)
        return self.make(
            "gradient", al.Cotangent(operand.name, None, operand.shape), chains, reason
        )

    def initial_gradient(self, initial: al.Initial, through: al.Expr | None, why: Reason) -> Step:
        """dL/d(value at a step <= 0)."""
        value = initial.ref
        target = al.Cotangent(initial.name, value.index, initial.shape)
        parts = [] if through is None else [through]
        reason = why
        if any(initial.step + r.lag >= 1 for r in self.readers(initial.name)):
            parts.append(al.Direct(value))
            reason = (*why, "; it is read out itself, too") if through is not None else (
                value, " does not enter the recurrence, but is read out itself",
            )  # fmt: skip
        if not parts:
            reason = ("nothing that ", TotalLoss(), " depends on reads ", value)
        return self.make("initial", target, [(part,) for part in parts], reason)

    # --- derivatives within a step -------------------------------------------------------

    @cached_property
    def order(self) -> tuple[al.Equation, ...]:
        """The equations of the recurrence, each after what it reads within a step."""
        return tuple(e for e in in_step_order(self.model) if e.name in self.recurrent)

    @cached_property
    def past(self) -> tuple[al.Ref, ...]:
        """The values of earlier steps that the recurrence reads, as at step t."""
        read = {
            local.operand
            for locals_ in self.local.values()
            for local in locals_
            if isinstance(local.operand, al.Ref) and local.operand.index != al.NOW
        }
        return tuple(
            ref
            for initial in self.carried
            if (ref := al.Ref(initial.name, al.NOW + initial.step - 1, initial.shape)) in read
        )

    @cached_property
    def leaves(self) -> tuple[al.Param, ...]:
        """The parameters and derived parameters that the recurrence reads."""
        read = {local.operand for locals_ in self.local.values() for local in locals_}
        every: list[al.Derived | al.Parameter] = [*self.model.derived, *self.model.parameters]
        held = self.model.held
        return tuple(leaf.ref for leaf in every if leaf.ref in read and leaf.name not in held)

    @cached_property
    def wanted(self) -> tuple[al.Equation, ...]:
        """The states, and what else is read out of the recurrence."""
        names = {*self.model.states, *self.read_directly()}
        return tuple(e for e in self.order if e.name in names)

    # --- one quantity by one thing ---------------------------------------------------------

    def depends(self, name: str, wrt: al.Expr) -> bool:
        """Whether a quantity depends on a parameter or an earlier value within its step."""
        if wrt not in self.dependents:
            found: set[str] = set()
            for equation in self.order:
                if any(
                    local.operand == wrt or _now(local) in found
                    for local in self.local[equation.name]
                ):
                    found.add(equation.name)
            self.dependents[wrt] = frozenset(found)
        return name in self.dependents[wrt]

    def follows(self, local: Local, wrt: al.Expr) -> bool:
        """Whether what an equation reads at its own step depends on ``wrt``."""
        name = _now(local)
        return name is not None and self.depends(name, wrt)

    def derivatives(self, wrt: al.Expr) -> Iterator[Step]:
        """One step for every quantity of the recurrence that depends on ``wrt``."""
        for equation in self.order:
            if self.depends(equation.name, wrt):
                yield self.derivative(equation, wrt)

    def derivative(self, equation: al.Equation, wrt: al.Expr) -> Step:
        target = al.Derivative(equation.ref, wrt, "step")
        chains: list[tuple[al.Expr, ...]] = []
        operands: list[al.Expr] = []
        for local in self.local[equation.name]:
            if local.operand == wrt:
                chains.append(local.chain)
            elif self.follows(local, wrt):
                chains.append(self.followed(local, al.Derivative(local.operand, wrt, "step")))
            else:
                continue
            operands.append(local.operand)
        step = self.make("jacobian", target, chains, computed_from(equation.ref, operands), EVERY)
        self.results[target] = step.result
        return step

    def followed(self, local: Local, inner: al.Derivative) -> tuple[al.Expr, ...]:
        """The chain rule through a quantity of the same step; a short result is put in."""
        members = [times(member, inner) for member in local.chain]
        known = self.results[inner]
        if self.model.equation(inner.name).auxiliary and not isinstance(known, al.Add):
            members.append(times(local.chain[-1], known))
        return tuple(members)

    def put_in(self, expr: al.Expr) -> al.Expr:
        """The expression with the derivatives within the step that have short results."""
        known = self.results.get(expr)
        if known is not None and not isinstance(known, al.Add):
            return known
        return al.map_children(expr, self.put_in)

    def static(self) -> list[al.Param]:
        """Derived parameters, each before what it is made of, then the parameters; none held."""
        found = [derived.ref for derived in reversed(derived_order(self.model))]
        found += [parameter.ref for parameter in self.model.parameters]
        return [ref for ref in found if ref.name not in self.model.held]


def _now(local: Local) -> str | None:
    """The name of what is read at the equation's own step, if it is that."""
    operand = local.operand
    return operand.name if isinstance(operand, al.Ref) and operand.index == al.NOW else None


def computed_from(output: al.Ref, operands: list[al.Expr]) -> Reason:
    """ "h_t is computed from a_t in (F2)"."""
    read = listed([(operand,) for operand in operands])
    return (output, " is computed from ", *read, " in ", EquationName(output.name))
