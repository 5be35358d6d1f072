"""The backward pass of a window: sweeps, each over all steps at once.

Sweep n holds, at the row of step t, the gradient of the part of L that the loss of step
t + n gives. What a reader gives ``lag`` steps back is of sweep n + lag, so that every sweep
is computed from those before, for all rows at once; the sum of the first tau of them is
the estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from symbptt.algebra import LAST, NOW, PART, Cotangent, Expr, Index, substitute_index, walk
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.order import in_step_order
from symbptt.codegen.contributions import Contribution, formula_of
from symbptt.codegen.program import Assign, Block, Place
from symbptt.typeset.plain import plain

Given = Callable[[Step, Expr], Contribution]


class Sweeps:
    """The blocks of the quantities that have gradients of the parts of L.

    Parameters
    ----------
    given : callable
        What a term of a step gives, at its reader's own step.
    weighted : callable
        A term without a cotangent, as it counts in a batch.
    """

    def __init__(
        self, derivation: Derivation, given: Given, weighted: Callable[[Expr], Expr]
    ) -> None:
        self.derivation = derivation
        self.given = given
        self.weighted = weighted
        steps = derivation.of_kind("adjoint", "boundary")
        self.parts = [step for step in steps if step.part is not None]
        order = [e.name for e in in_step_order(derivation.normal)]
        order = [i.name for i in derivation.normal.inputs] + order
        swept = {step.target.name for step in self.parts}
        self.names = [name for name in reversed(order) if name in swept]

    def blocks(self) -> Iterator[Block]:
        """What the losses give at their own step, then the sweeps."""
        loss = self.derivation.normal.equation("loss")
        place: Place = "last" if loss.last else "all"
        begun = tuple(s for name in self.names for s in self.at_the_loss(name))
        yield Block(place, begun, backward=True)
        inside = tuple(s for name in self.names for s in self.between(name, handed=False))
        handed = tuple(s for name in self.names for s in self.between(name, handed=True))
        totals = tuple(self.total(name) for name in self.names)
        yield Block("sweep", (*inside, *handed, *totals), backward=True)

    def of(self, name: str, kind: str) -> Iterator[Step]:
        return (s for s in self.parts if s.target.name == name and s.kind == kind)

    def at_the_loss(self, name: str) -> Iterator[Assign]:
        """From what only a loss of its own step needs; sweep n is n steps before it."""
        for step in self.of(name, "boundary"):
            terms = [self.weighted(t) for t in forms.terms_of(step.result) if not _is_of_part(t)]
            if terms:
                # For a loss at every step, the step of the part is the reader's own.
                value = substitute_index(forms.add(terms, step.shape), {"s": NOW})
                target = substitute_index(step.target, {"s": NOW})
                yield self.assign(step, target, value)

    def between(self, name: str, handed: bool) -> Iterator[Assign]:
        """From a sweep to itself, or ``handed`` on to a later one."""
        for step in self.of(name, "adjoint"):
            given = [self.given(step, term) for term in forms.terms_of(step.result)]
            for lag in sorted({c.lag for c in given if bool(c.lag) is handed}):
                value = forms.add((c.term for c in given if c.lag == lag), step.shape)
                yield self.assign(step, self.cotangent(step, NOW - lag), value)

    def cotangent(self, step: Step, index: Index) -> Cotangent:
        return Cotangent(step.target.name, index, step.shape, step.part)

    def assign(self, step: Step, target: Expr, value: Expr) -> Assign:
        assert isinstance(target, Cotangent)
        part = f"{plain(target)} += {plain(value)}"
        same = target == step.target and value == step.result
        return Assign(target, value, True, step.number, formula_of(step), "" if same else part)

    def total(self, name: str) -> Assign:
        """The sum of the sweeps."""
        step = self.derivation.step(name, "window")
        value = Cotangent(name, NOW, step.shape, self.part)
        assert isinstance(step.target, Cotangent)
        return Assign(step.target, value, True, step.number, formula_of(step))

    @property
    def part(self) -> Index:
        return LAST if self.derivation.normal.equation("loss").last else PART


def _is_of_part(term: Expr) -> bool:
    return any(isinstance(node, Cotangent) and node.part is not None for node in walk(term))
