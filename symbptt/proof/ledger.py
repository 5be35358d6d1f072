"""What a reader knows while evaluating a derivation: values, and cotangents so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.window import swept_quantities
from symbptt.errors import EvaluationError
from symbptt.proof.domain import Array, Domain
from symbptt.proof.evaluate import Steps, lengths
from symbptt.proof.jacobians import Jacobians
from symbptt.proof.unrolled import Trajectory, Variable
from symbptt.typeset.plain import plain


@dataclass(frozen=True)
class Ledger:
    """A point for `evaluate`: forward values of a run, and the cotangents known so far.

    Steps past ``horizon`` have no values; cotangents there are absent. ``parts`` are
    cotangents of the part of L that the loss of a step gives; ``gates`` the values of an
    estimator's gates, by their name and step. ``derivatives`` are the others known so far,
    at given steps; without them the true ones count.
    """

    run: Trajectory
    horizon: int
    cotangents: Mapping[Variable, Array]
    parts: Mapping[tuple[Variable, int], Array] = field(default_factory=dict)
    gates: Mapping[Variable, Array] = field(default_factory=dict)
    derivatives: Mapping[al.Expr, Array] | None = None

    @property
    def domain(self) -> Domain:
        return self.run.domain

    @property
    def sizes(self) -> Mapping[str, int]:
        return self.run.unrolled.sizes

    def parameter(self, param: al.Param) -> Array:
        return self._value(param.name, None)

    def reference(self, ref: al.Ref, at: Steps) -> Array:
        gate = (ref.name, ref.index.at(at))
        if gate in self.gates:
            return self.gates[gate]
        return self._value(ref.name, ref.index.at(at))

    def cotangent(self, cotangent: al.Cotangent, at: Steps) -> Array | None:
        step = None if cotangent.index is None else cotangent.index.at(at)
        if step is not None and step > self.horizon:
            return None
        variable = self.run.unrolled.variable(cotangent.name, step)
        if cotangent.part is not None:
            loss = cotangent.part.at(at)
            if self.run.unrolled.model.equation("loss").last and loss < self.horizon:
                # There is no loss at that step: its part of L is 0.
                zero = self.domain.number(Fraction(0))
                return np.full(lengths(cotangent.shape, self.sizes), zero, dtype=object)
            return self._part(variable, loss)
        if variable not in self.cotangents:
            raise EvaluationError(f"no step gives {show(cotangent.name, step)}")
        return self.cotangents[variable]

    def _part(self, variable: Variable, loss: int) -> Array | None:
        """A cotangent of a part of L; absent where there is no such loss, or it is over."""
        name, step = variable
        if loss > self.horizon or (step is not None and step > loss):
            return None
        if (variable, loss) not in self.parts:
            raise EvaluationError(f"no step gives the part of loss[{loss}] in {show(name, step)}")
        return self.parts[variable, loss]

    def differentiated(self, node: al.Derivative | al.Direct, at: Steps) -> Array | None:
        static = isinstance(node, al.Derivative) and isinstance(node.output, al.Param)
        step = 0 if static else node.index.at(at)
        if step > self.horizon:
            return None
        if self.derivatives is not None and getattr(node, "held", "step") != "equation":
            return self._known(node, at)
        if isinstance(node, al.Direct):
            given = jacobians(self.run).direct(self._variables((node.of,), at), step, self.horizon)
            return given.reshape(lengths(node.shape, self.sizes))
        return self._jacobian(node.output, node.wrt, node.held, at)

    def _known(self, node: al.Expr, at: Steps) -> Array:
        assert self.derivatives is not None
        known = at_steps(node, at)
        if known not in self.derivatives:
            raise EvaluationError(f"no step gives {plain(known)}")
        return self.derivatives[known]

    def _jacobian(self, output: al.Expr, wrt: al.Expr, held: al.Held, at: Steps) -> Array:
        outputs, columns = self._variables((output,), at), self._variables((wrt,), at)
        for name, found in (*outputs, *columns):
            if (name, found) not in self.run.values:
                raise EvaluationError(f"{name}[{found}] has no value for T = {self.horizon}")
        step = output.index.at(at) if isinstance(output, al.Ref | al.Stack) else 0
        return jacobians(self.run).matrix(outputs, columns, held, step)

    def _variables(self, exprs: Iterable[al.Expr], at: Steps) -> list[Variable]:
        """The variables that are meant, the parts of a stack one by one."""
        found: list[Variable] = []
        for expr in exprs:
            for part in expr.parts if isinstance(expr, al.Stack) else (expr,):
                found.append(self._variable(part, at))
        return found

    def pulled_back(self, node: al.Pullback, cotangent: Array, at: Steps) -> Array | None:
        if node.held != "equation":
            jacobian = self.differentiated(al.Derivative(node.output, node.wrt, node.held), at)
            if jacobian is None:
                return None
            pulled = self.domain.product(np.ravel(cotangent), jacobian)
            return pulled.reshape(lengths(node.shape, self.sizes))
        output, wrt = self._variable(node.output, at), self._variable(node.wrt, at)
        zero = self.domain.number(Fraction(0))
        total = np.full(lengths(node.shape, self.sizes), zero, dtype=object)
        for partial, found, slope in self.run.local.get(output, []):
            if found == wrt:
                total[partial.of] = total[partial.of] + slope * cotangent[partial.entry]
        return total

    def _value(self, name: str, step: int | None) -> Array:
        variable = self.run.unrolled.variable(name, step)
        past = step is not None and step > self.horizon
        if past or variable not in self.run.values:
            raise EvaluationError(f"{name}[{step}] has no value for T = {self.horizon}")
        return self.run.values[variable]

    def _variable(self, expr: al.Expr, at: Steps) -> Variable:
        if isinstance(expr, al.Ref):
            return self.run.unrolled.variable(expr.name, expr.index.at(at))
        if isinstance(expr, al.Param):
            return expr.name, None
        raise EvaluationError(f"a derivative by {type(expr).__name__} is not one of a variable")


@lru_cache(maxsize=8)
def jacobians(run: Trajectory) -> Jacobians:
    return Jacobians(run)


def at_steps(expr: al.Expr, at: Steps) -> al.Expr:
    """A derivative at the steps that its index names stand for."""
    return al.substitute_index(expr, {name: al.Index(offset=step) for name, step in at.items()})


def show(name: str, step: int | None) -> str:
    return f"dL/d{name}" if step is None else f"dL/d{name}[{step}]"


# --- where a step holds ----------------------------------------------------------------------


def occasions(step: Step, horizon: int) -> Iterator[Steps]:
    """What t and T are wherever a step speaks, and s, the step of the loss, of a part of L.

    Of a part of L a step speaks as of a sequence that ends with the loss.
    """
    part = step.part
    if part is None:
        yield from _moments(step, step, {"T": horizon}, horizon)
    elif part == al.LAST:
        yield from _moments(step, step, {"T": horizon, "s": horizon}, horizon)
    else:
        target = al.substitute_index(step.target, {"s": al.LAST})
        assert isinstance(target, al.Cotangent)
        holds = step.holds and step.holds.substitute({"s": al.LAST})
        ended = replace(step, target=target, holds=holds)
        for loss in range(1, horizon + 1):
            yield from _moments(step, ended, {"T": horizon, "s": loss}, loss)


def _moments(step: Step, ended: Step, at: Steps, horizon: int) -> Iterator[Steps]:
    for when in ended.occasions(horizon):
        index = step.target.index
        if index is None or when is None or "t" not in index.names():
            yield at
        else:
            yield {**at, "t": when - index.at({**at, "t": 0})}


def step_of(step: Step, at: Steps) -> int | None:
    """The step in time of what a step of a derivation gives."""
    return None if step.target.index is None else step.target.index.at(at)


def in_turn(derivation: Derivation) -> Iterator[tuple[Step, ...]]:
    """The steps in the order in which a reader calculates with them, group by group."""
    walk = derivation.of_kind("seed", "adjoint", "boundary")
    if derivation.estimator.kind == "window":
        own = {"loss", *swept_quantities(derivation).own}
        yield tuple(s for s in walk if s.target.name in own)
        yield tuple(s for s in walk if s.part is not None)
        yield tuple(s for s in derivation.of_kind("initial") if s.part is not None)
        yield derivation.of_kind("window")
    yield walk
    yield derivation.of_kind("start", "jacobian", "sensitivity")
    yield derivation.of_kind("initial")
    yield derivation.of_kind("gradient")
