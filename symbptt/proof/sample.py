"""Numbers with some concrete function for every abstract one.

An abstract function is its default where it has one. Exact fractions serve the linear
models, whose only function is a loss; doubles serve to show what went wrong somewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.proof.domain import Domain, Float, Rational
from symbptt.proof.evaluate import loss_gradient, loss_value


class Concrete(Domain):
    """Takes the default for a function left abstract; without one, sin(a) + 2 sin(b) + …"""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.defaults: Mapping[str, str | None] = {a.name: a.default for a in model.abstract}
        self.losses = frozenset(a.name for a in model.abstract if a.loss)

    def abstract(self, name: str, wrt: int | None, args: Sequence[Any]) -> Any:
        if name in self.losses:
            return self._loss(self.defaults[name] or "squared_error", wrt, args)
        function = self.defaults[name]
        if function is not None:
            return self.call(function, args, wrt)
        if wrt is None:
            return sum((k + 1) * self.call("sin", (a,)) for k, a in enumerate(args))
        return (wrt + 1) * self.call("cos", (args[wrt],))

    def _loss(self, name: str, wrt: int | None, args: Sequence[Any]) -> Any:
        half = len(args) // 2
        prediction = np.array(args[:half], dtype=object)
        target = np.array(args[half:], dtype=object)
        if wrt is None:
            return loss_value(name, prediction, target, self)[()]
        gradients = [loss_gradient(name, prediction, target, k, self) for k in (0, 1)]
        return np.concatenate(gradients)[wrt]


class Sample(Concrete, Float):
    """Doubles."""


class ExactSample(Concrete, Rational):
    """Fractions."""
