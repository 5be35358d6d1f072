"""The gradients of one sequence as a derivation, or one with other steps in it, gives them.

Each value is worked out when it is read, in floats, so that of a thousand derivations that differ
in one step each the gradients of a short sequence are known in a second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation, Step
from symbptt.errors import EvaluationError
from symbptt.proof.calls import Arrays
from symbptt.proof.domain import Array, Float
from symbptt.proof.evaluate import Steps, evaluate, lengths
from symbptt.proof.ledger import occasions, step_of
from symbptt.proof.place import Remembering, index_lengths, unit

FEW = 12
"""Steps through which one value may be worked out because another one is read."""

READ = (al.Cotangent, al.TimeSum, al.OrderedProduct, al.PartSum, al.Derivative, al.Direct)
"""What is worked out anew for every derivation."""


@dataclass(frozen=True)
class Kept:
    """What a program keeps of each step, read at another one.

    Attributes
    ----------
    at : callable
        From a step, and T, to the step whose values are read.
    of : collection of int
        The numbers of the derivation's steps that read them.
    """

    at: Callable[[int, int], int]
    of: Collection[int]


Place = tuple[str, int | None]
Plan = Mapping[Place, tuple[Step, Steps]]
"""Which step gives a cotangent, and with what indices."""


@dataclass(frozen=True)
class OneSequence:
    """One sequence and what its gradients were.

    Attributes
    ----------
    steps : int
    given : mapping
        Parameters, inputs without time (at None), inputs and initial values by name and step.
    found : mapping of str to array
        The gradients of a program, by the names of parameters and initial values ``h[0]``.
    """

    sizes: Mapping[str, int]
    steps: int
    given: Mapping[Place, Any]
    found: Arrays


class ForwardPass:
    """The quantities of a model in normal form at one point, each worked out when it is read."""

    def __init__(self, model: al.Model, sizes: Mapping[str, int], steps: int) -> None:
        self.model = model
        self.domain = Float()
        self.sizes = sizes
        self.steps = steps
        self.values: dict[Place, Array] = {}
        self.untimed = {i.name for i in model.inputs if not i.timed}
        self.equations = {e.name: e for e in model.equations}
        self.derived = {d.name: d for d in model.derived}
        self.starts = {(i.name, i.step): i for i in model.initials}
        # What no cotangent enters is the same in every variant.
        self.kept: dict[tuple[Any, ...], Array | None] = {}
        self._constant: dict[int, tuple[al.Expr, bool]] = {}

    def give(self, given: Mapping[Place, Any]) -> None:
        integers = index_lengths(self.model, self.sizes)
        for (name, step), value in given.items():
            whole = name in integers
            array = unit(int(value), integers[name], self.domain) if whole else value
            self.values[name, step] = np.asarray(array, dtype=object)

    def is_kept(self, expr: al.Expr) -> bool:
        """Whether nothing of a derivation enters; leaves are quick enough."""
        if id(expr) not in self._constant:
            held = not expr.leaf and not any(isinstance(node, READ) for node in al.walk(expr))
            self._constant[id(expr)] = (expr, held)
        return self._constant[id(expr)][1]

    def value(self, name: str, step: int | None, point: Any) -> Array:
        place = (name, None if name in self.untimed else step)
        if place not in self.values:
            self.values[place] = self._worked_out(*place, point)
        return self.values[place]

    def _worked_out(self, name: str, step: int | None, point: Any) -> Array:
        at = {"t": step or 0, "T": self.steps}
        if step is None and name in self.derived:
            return evaluate(self.derived[name].rhs, point, at)
        start = self.starts.get((name, step or 0))
        if step is not None and step <= 0 and start is not None and start.value is not None:
            value = evaluate(start.value, point, at)
            shape = lengths(start.shape, self.sizes)
            return value if value.shape == shape else np.full(shape, value[()], object)
        if step is not None and 1 <= step <= self.steps and name in self.equations:
            return evaluate(self.equations[name].rhs, point, at)
        raise EvaluationError(f"{name}[{step}] has no value for T = {self.steps}")


class BackwardPass(Remembering):
    """The gradients of one derivation, each worked out when it is read.

    Attributes
    ----------
    left_out : range
        Steps whose cotangents are 0: what a program does not go through.
    kept : Kept, optional
        At which step what is read of another one was kept, and for which cotangents.
    """

    def __init__(
        self,
        values: ForwardPass,
        plan: Plan,
        changed: Mapping[int, Step] | None = None,
        left_out: Collection[int] = (),
        kept: Kept | None = None,
    ) -> None:
        self.kept = kept
        self.moved = False
        self.source = values
        self.domain = values.domain
        self.sizes = values.sizes
        self.plan = plan
        self.changed = changed or {}
        self.left_out = left_out
        self.found: dict[Place, Array] = {}
        self.open: set[Place] = set()

    def gradient(self, name: str) -> Any:
        """Of a parameter, or of an initial value by its key ``h[0]``."""
        if self.source.steps > FEW and not self.found:
            self._in_order()
        head, _, step = name.partition("[")
        value = self.at((head, int(step[:-1]) if step else None))
        return np.asarray(value, dtype=float)

    def _in_order(self) -> None:
        """Of a long sequence all cotangents, from the last step."""
        timed = [place for place in self.plan if place[1] is not None]
        for place in sorted(timed, key=lambda place: -(place[1] or 0)):
            self.at(place)

    def at(self, place: Place) -> Array:
        if place not in self.found:
            if place in self.open or place not in self.plan:
                raise EvaluationError(f"no step gives dL/d{place[0]}[{place[1]}]")
            self.open.add(place)
            step, at = self.plan[place]
            self.found[place] = self._worked_out(self.changed.get(step.number, step), at)
        return self.found[place]

    def _worked_out(self, step: Step, at: Steps) -> Array:
        if self.kept is None:
            return evaluate(step.result, self, at)
        before, parts = self.moved, []
        for term in al.terms_of(step.result):
            # What the loss itself gives is handed to the step, and not kept by it.
            handed = not any(isinstance(node, al.Cotangent) for node in al.walk(term))
            self.moved = step.number in self.kept.of and not handed
            parts.append(evaluate(term, self, at))
        self.moved = before
        return np.asarray(sum(parts), dtype=object)

    # --- a point ----------------------------------------------------------------------------

    def recalled(self, expr: al.Expr, at: Steps, value: Callable[[], Array | None]) -> Array | None:
        if self.moved or not self.source.is_kept(expr):
            return value()
        key = (id(expr), *at.items())
        if key not in self.source.kept:
            self.source.kept[key] = value()
        return self.source.kept[key]

    def parameter(self, param: al.Param) -> Array:
        return self.source.value(param.name, None, self)

    def reference(self, ref: al.Ref, at: Steps) -> Array:
        step = ref.index.at(at)
        if self.moved and self.kept is not None and step is not None and "t" in at:
            # What is read of a later step belongs to the cotangent of that step.
            own = max(step, at["t"])
            step += self.kept.at(own, self.source.steps) - own
        return self.source.value(ref.name, step, self)

    def cotangent(self, node: al.Cotangent, at: Steps) -> Array | None:
        step = None if node.index is None else node.index.at(at)
        if step is not None and step > self.source.steps:
            return None
        if step is not None and step <= 0 and (node.name, step) not in self.plan:
            return None
        if step in self.left_out and step is not None and step > 0:
            return np.full(lengths(node.shape, self.sizes), 0.0, dtype=object)
        return self.at((node.name, step))

    def pulled_back(self, node: al.Pullback, cotangent: Array, at: Steps) -> Array:
        raise EvaluationError("a derivative is no value here")

    def differentiated(self, node: al.Expr, at: Steps) -> Array:
        raise EvaluationError("a derivative is no value here")


class Passes:
    """A derivation at one sequence."""

    def __init__(self, derivation: Derivation, sequence: OneSequence) -> None:
        self.derivation = derivation
        self.sequence = sequence
        self.values = ForwardPass(derivation.normal, sequence.sizes, sequence.steps)
        self.values.give(sequence.given)
        self.plan: Plan = _plan(derivation, sequence.steps)
        self.true = BackwardPass(self.values, self.plan)
        if sequence.steps > FEW:
            # In order: no value is worked out through all the steps before it.
            timed = [name for name, one in self.values.equations.items() if not one.last]
            for step in range(1, sequence.steps + 1):
                for name in timed:
                    self.values.value(name, step, self.true)
        self.derived = self.plan
        self.plan = self._in_general(self.plan)

    def _in_general(self, plan: Plan) -> Plan:
        """The plan of a program: at the last steps it does what it does at every step."""
        found = dict(plan)
        general = {s.target.name: s for s in self.derivation.of_kind("adjoint")
                   if s.target.index == al.NOW}  # fmt: skip
        for (name, number), (own, _) in plan.items():
            step = general.get(name, own)
            if number is not None and number > 0 and own is not step:
                at = {"T": self.sequence.steps, "t": number}
                try:
                    value = evaluate(step.result, self.true, at)
                except EvaluationError:
                    continue
                right = self.true.at((name, number))
                if np.allclose(np.asarray(value, float), np.asarray(right, float)):
                    found[name, number] = (step, at)
        return found

    def reading(
        self,
        changed: Mapping[int, Step] | None = None,
        left_out: Collection[int] = (),
        *,
        last: int = 0,
        kept: Kept | None = None,
    ) -> BackwardPass:
        """The gradients with other steps; not at so many ``last`` ones."""
        after = self.sequence.steps - last
        # There is nothing yet that a program could set anew.
        at_last = {p: each for p, each in self.derived.items() if p[1] and p[1] > after}
        plan = {**self.plan, **at_last}
        if changed and any(
            step.holds != changed[step.number].holds
            for step, _ in plan.values()
            if step.number in changed
        ):
            steps = tuple(changed.get(s.number, s) for s in self.derivation.steps)
            plan = _plan(replace(self.derivation, steps=steps), self.sequence.steps)
        return BackwardPass(self.values, plan, changed, left_out, kept)


def _plan(derivation: Derivation, horizon: int) -> dict[Place, tuple[Step, Steps]]:
    found: dict[Place, tuple[Step, Steps]] = {}
    for step in derivation.steps:
        if isinstance(step.target, al.Cotangent):
            for at in occasions(step, horizon):
                found.setdefault((step.target.name, step_of(step, at)), (step, at))
    return found
