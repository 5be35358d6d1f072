"""The gradient backward through time: the reverse walk, or that of a window."""

from __future__ import annotations

from symbptt.algebra import Model
from symbptt.calculus.adjoint import Walk, normal_form
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import Estimator, as_estimator
from symbptt.calculus.gating import gate_of
from symbptt.calculus.window import WindowWalk


def derive_adjoint(
    model: Model, *, wrt_inputs: bool = False, estimator: Estimator | str | None = None
) -> Derivation:
    """The gradient of L backward through time, or an estimator of it."""
    chosen = as_estimator(estimator)
    normal = normal_form(model)
    gate = gate_of(normal) if chosen.gated else None
    walk = Walk(normal, wrt_inputs, gate.name if gate else None)
    if chosen.kind == "window":
        walk = WindowWalk(normal, wrt_inputs, chosen.tau)
    steps = tuple(walk.steps())
    return Derivation(model, normal, steps, wrt_inputs, estimator=chosen, gate=gate)
