"""One step of a recurrence on its stacked state, with the exact Jacobian.

The Jacobian comes from the generated backward pass: a call of one step, with the unit
vectors as gradients of the carry that it returns, gives a row each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symbptt.algebra import Model, Parameter
from symbptt.analysis.recurrence import StateBlock, recurrence
from symbptt.codegen.render import generate
from symbptt.proof.evaluate import lengths
from symbptt.proof.loaded import load_module

UNREAD = Parameter("unread", ())
"""Stands in a recurrence without parameters: the dtype of a call is that of its parameters."""

Array = Any
Arrays = Mapping[str, Array]


class Dynamics:
    """A model's step, ready to be run.

    Attributes
    ----------
    model : Model
        The recurrence alone.
    blocks : tuple of StateBlock
        The parts of the stacked state, in the order of the model's states, the newest
        value of each first.
    size : int
        The length of the stacked state.

    Parameters
    ----------
    model : Model
        With all functions bound.
    sizes : mapping of str to int
        Of the dimensions that occur in the recurrence.
    """

    def __init__(self, model: Model, sizes: Mapping[str, int]) -> None:
        self.model = recurrence(model)
        self.extra: Arrays = {}
        if not self.model.parameters:
            self.model = replace(self.model, parameters=(UNREAD,))
            self.extra = {UNREAD.name: np.zeros(())}
        self.module = load_module(generate(self.model), f"the module of {model.name}", self.model)
        self.blocks = tuple(self._blocks(sizes))
        self.size = sum(block.size for block in self.blocks)

    def _blocks(self, sizes: Mapping[str, int]) -> Iterator[StateBlock]:
        first = 0
        states = {e.name for e in self.model.equations}
        for initial in self.model.initials:
            if initial.name in states:
                size = int(np.prod(lengths(initial.shape, sizes)))
                yield StateBlock(initial.name, initial.step, initial.shape, first, size)
                first += size

    @property
    def steps(self) -> dict[str, int]:
        """``steps=1`` for a module whose inputs do not tell it."""
        return {"steps": 1} if self.module.needs_steps else {}

    def stacked(self, carry: Arrays) -> Array:
        """The state as one vector."""
        return np.concatenate([carry[block.key].ravel() for block in self.blocks])

    def start(self, params: Arrays, inputs: Arrays) -> Arrays:
        """The initial values that the model fixes, 0 where it fixes none."""
        # A sequence of no valid step gives its start back.
        none = np.zeros(1, int)
        _, carry = self.module.call("forward", self.whole(params), inputs, None, none, **self.steps)
        return dict(carry)

    def advance(self, params: Arrays, inputs: Arrays, carry: Arrays) -> Arrays:
        """The carry after one step; ``inputs`` (1, 1, …), ``carry`` (1, …)."""
        _, after = self.module.call("forward", self.whole(params), inputs, carry, **self.steps)
        return dict(after)

    def whole(self, params: Arrays) -> Arrays:
        return {**params, **self.extra}

    def jacobian(self, params: Arrays, inputs: Arrays, carry: Arrays) -> Array:
        """How the stacked state after a step depends on the one before.

        Parameters
        ----------
        inputs, carry : mappings of arrays
            For one step of one sequence: (1, 1, …) and (1, …).

        Returns
        -------
        array (size, size)
            Row i: the derivatives of entry i of the state after.
        """
        count = self.size
        wide = {name: np.repeat(array, count, axis=1) for name, array in inputs.items()}
        start = {key: np.repeat(array, count, axis=0) for key, array in carry.items()}
        units = np.eye(count)
        received = {
            key: np.zeros(array.shape) for key, array in start.items() if array.dtype.kind == "f"
        }
        for block in self.blocks:
            received[block.key] = units[:, block.place].reshape(start[block.key].shape)
        _, grads, _ = self.module.call(
            "loss_and_grads", self.whole(params), wide, start, carry_grad=received, **self.steps
        )
        return np.hstack([grads[block.key].reshape(count, block.size) for block in self.blocks])
