"""The recurrence of a model, without what only reads it.

What a state passes on to later steps does not depend on read-outs, losses or targets;
here they are cut off, and the states that are left, with all their lags, are set end to
end in one stacked state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbptt import algebra as al
from symbptt.algebra import Model, Parameter
from symbptt.calculus.order import circle, names_in, reached, reads_of
from symbptt.codegen.render import generate
from symbptt.errors import AnalysisError
from symbptt.proof.evaluate import lengths
from symbptt.proof.loaded import load_module


@dataclass(frozen=True)
class StateBlock:
    """One value of one state within the stacked state."""

    name: str
    step: int
    shape: al.Shape
    first: int
    size: int

    @property
    def key(self) -> str:
        """Its name in CARRY: ``h[0]``, ``h[-1]``."""
        return f"{self.name}[{self.step}]"

    @property
    def label(self) -> str:
        """Its name at step t: ``h[t]``, ``h[t-1]``."""
        return f"{self.name}[{al.NOW + self.step}]"

    @property
    def place(self) -> slice:
        return slice(self.first, self.first + self.size)


def recurrence(model: al.Model) -> al.Model:
    """The model cut down to what its states need, with a loss that is 0.

    A state is kept if its own past reaches it, or if one that is kept reads its past.

    Raises
    ------
    AnalysisError
        If nothing in the model depends on its own past.
    """
    loops = looping(model)
    if not loops:
        raise AnalysisError(
            f"{model.name}: nothing depends on its own past, so there is no recurrence to analyze"
        )
    reads = reads_of(model)
    kept = set(reached(loops, reads))
    equations = tuple(e for e in model.equations if e.name in kept)
    lags = _lags(equations)
    initials = tuple(i for i in model.initials if 1 - i.step <= lags.get(i.name, 0))
    started = [i.value for i in initials if i.value is not None]
    kept |= reached([name for value in started for name in names_in(value)], reads)
    loss = al.Equation("loss", al.ZERO, ())
    return replace(
        model,
        parameters=tuple(p for p in model.parameters if p.name in kept),
        derived=tuple(d for d in model.derived if d.name in kept),
        inputs=tuple(
            replace(i, target=False, loss_only=False) for i in model.inputs if i.name in kept
        ),
        equations=(*equations, loss),
        initials=initials,
        dims=_dims(model, kept),
    )


def looping(model: al.Model) -> frozenset[str]:
    """The quantities that reach themselves through time."""
    return frozenset(name for name, loop in same_loop(model).items() if name in loop)


def same_loop(model: al.Model) -> dict[str, frozenset[str]]:
    """For every quantity, those that it reaches and that reach it."""
    reads = {e.name: names_in(e.rhs) for e in model.equations if e.name != "loss"}
    return {name: circle(name, reads) for name in reads}


def _lags(equations: Iterable[al.Equation]) -> dict[str, int]:
    """The longest lag with which each name is read."""
    lags: dict[str, int] = {}
    for equation in equations:
        for node in al.walk(equation.rhs):
            if isinstance(node, al.Ref) and node.index.names() == ("t",):
                lags[node.name] = max(lags.get(node.name, 0), -node.index.offset)
    return lags


def _dims(model: al.Model, kept: set[str]) -> tuple[str, ...]:
    """The dimensions that occur in what is kept, in the model's order."""
    items: tuple[al.Input | al.Parameter | al.Equation, ...]
    items = (*model.inputs, *model.parameters, *model.equations)
    shapes = [item.shape for item in items if item.name in kept]
    shapes += [(i.index_dim,) for i in model.inputs if i.name in kept and i.index_dim]
    nodes = (n for item in model.definitions if item.name in kept for n in al.walk(item.rhs))
    shapes += [(node.dim,) for node in nodes if isinstance(node, al.Length)]
    found = {name for shape in shapes for name in al.dim_names(shape)}
    return tuple(dim for dim in model.dims if dim in found)


UNREAD = Parameter("unread", ())
"""Stands in a recurrence without parameters: the dtype of a call is that of its parameters."""

Array = Any
Arrays = Mapping[str, Array]


class Dynamics:
    """A model's step on its stacked state, ready to be run, with the exact Jacobian.

    The Jacobian comes from the generated backward pass: a call of one step, with the unit
    vectors as gradients of the carry that it returns, gives a row each.

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
