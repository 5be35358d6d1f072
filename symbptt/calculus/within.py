"""Derivatives within one step, forward through its equations: immediate partials, Jacobians.

The derivative of a quantity by a parameter, or by a value of an earlier step, with all
other values of earlier steps held; what is computed within the step follows. (The
immediate partial derivative of Pascanu, Mikolov and Bengio, On the difficulty of
training recurrent neural networks, 2013, equation 5; Zhang et al., Dive into Deep
Learning, equation 9.7.4.)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from symbptt import algebra as al
from symbptt.calculus.derivation import EVERY, Step
from symbptt.calculus.linear import Local, local_jacobians, times
from symbptt.calculus.order import derived_order, in_step_order
from symbptt.calculus.readout import ReadOut, computed_from


class Within(ReadOut):
    """Derivatives of every quantity of the recurrence within a step, each once."""

    def __init__(self, model: al.Model) -> None:
        super().__init__(model)
        self.local = local_jacobians(model, self.recurrent)
        self.results: dict[al.Expr, al.Expr] = {}
        self.dependents: dict[al.Expr, frozenset[str]] = {}

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
        return tuple(leaf.ref for leaf in every if leaf.ref in read)

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
        """Derived parameters, each before what it is made of, then the parameters."""
        found = [derived.ref for derived in reversed(derived_order(self.model))]
        return found + [parameter.ref for parameter in self.model.parameters]


def _now(local: Local) -> str | None:
    """The name of what is read at the equation's own step, if it is that."""
    operand = local.operand
    return operand.name if isinstance(operand, al.Ref) and operand.index == al.NOW else None
