"""What a program returned: a loss, and gradients by the names of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbptt.handwritten.forms import ArrayForm, ProgramCase, own
from symbptt.handwritten.names import ProgramNames
from symbptt.handwritten.process import Outcome
from symbptt.proof.calls import Arrays

LOSSES = ("loss", "l", "cost", "j", "total_loss", "mean_loss", "loss_value", "objective")


@dataclass
class ReturnedGradients:
    """The gradients of a call, in the model's shapes.

    Attributes
    ----------
    misshapen : dict
        Those of another shape: the shape, and the one expected.
    """

    outcome: Outcome
    grads: Arrays = field(default_factory=dict)
    loss: float | None = None
    misshapen: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    raw: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class ResultReader:
    """How the results of a function are read.

    Attributes
    ----------
    returns : tuple of str
        The order that the person says, or "".
    returned : tuple of str
        What the function's ``return`` names.
    made : tuple of str
        The parameters of which an object is made: a list of gradients that it keeps has their
        order.
    """

    names: ProgramNames
    returns: tuple[str, ...]
    returned: tuple[str, ...]
    made: tuple[str, ...] = ()

    def answer(
        self, model: Any, case: ProgramCase, form: ArrayForm, outcome: Outcome
    ) -> ReturnedGradients:
        found = ReturnedGradients(outcome)
        if not outcome.ok:
            return found
        read = [*self.named(outcome.result, outcome.arrays)]
        if not any(name in case.grads for name, _ in read):
            read += self.of_object(outcome.kept, outcome.arrays)
        for name, array in self.unstacked(read, case, form, found):
            if name == "loss":
                found.loss = float(np.reshape(array, -1)[0])
            elif name in case.grads and name not in found.raw:
                found.raw[name] = array
                laid = own(model, case, form, name, array)
                if laid is None:
                    found.misshapen[name] = (np.shape(array), _given_shape(case, form, name))
                else:
                    found.grads[name] = laid
        return found

    @property
    def unknown(self) -> tuple[str, ...]:
        """What the person says is returned, and is neither a gradient nor a loss."""
        return tuple(
            word
            for word in self.returns
            if word != "_" and word.lower() not in LOSSES and self.names.of_gradient(word) is None
        )

    def unstacked(
        self,
        read: Sequence[tuple[str, Any]],
        case: ProgramCase,
        form: ArrayForm,
        found: ReturnedGradients,
    ) -> Iterator[tuple[str, Any]]:
        """The same, arrays of several parameters taken apart."""
        stacks = {stack.name: stack for stack in self.names.stacks}
        for name, array in read:
            if name not in stacks:
                yield name, array
                continue
            wanted = np.shape(stacks[name].array(case.call.params, form))
            if np.shape(array) == wanted:
                yield from stacks[name].parts(array, case.call.params, form)
            else:
                for part in (part for row in stacks[name].rows for part in row):
                    found.raw[part] = array
                    found.misshapen[part] = (np.shape(array), wanted)

    def named(self, tree: Any, arrays: Arrays) -> Iterator[tuple[str, Any]]:
        """The loss and the gradients in a result, by the model's names."""
        if "d" in tree:
            yield from self.of_dict(tree["d"], arrays)
            return
        order: Sequence[str] = self.returns or self.returned
        top = list(tree.get("t", [tree]))
        # A list of arrays is one thing that is returned, or a tuple inside of the tuple.
        parts = top if len(top) == len(order) else list(_flat(tree))
        dicts = [part["d"] for part in parts if "d" in part]
        if dicts and not self.returns:
            yield from self.of_loss(parts, arrays)
            yield from self.of_dict(max(dicts, key=self.known), arrays)
        elif len(order) == len(parts):
            for word, part in zip(order, parts, strict=True):
                yield from self.one(word, part, arrays, said=bool(self.returns))
        elif len(parts) > len(order) > 0 and self.returns:
            # With a loss before or after, which need not be said.
            rest = len(parts) - len(order)
            first = rest if all(_is_scalar(part, arrays) for part in parts[:rest]) else 0
            yield from self.of_loss(parts, arrays)
            for word, part in zip(order, parts[first:], strict=False):
                yield from self.one(word, part, arrays, said=True)

    def of_object(self, tree: Any, arrays: Arrays) -> Iterator[tuple[str, Any]]:
        """What an object keeps: its values have bare names, gradients what says that they are."""
        for key, part in tree["d"]:
            if "t" in part:
                order = self.returns or self.made
                if len(order) == len(part["t"]):
                    for word, each in zip(order, part["t"], strict=True):
                        yield from self.one(word, each, arrays, said=True)
            elif "d" not in part:
                yield from self.one(key, part, arrays, said=False)
            elif "grad" in key.lower() or key.lower().startswith("d"):
                yield from self.of_dict(part["d"], arrays)

    def known(self, pairs: Sequence[Any]) -> int:
        """How many of a dict's keys are names of gradients; bare names count half."""
        bare = sum(self.names.role(key) is not None for key, _ in pairs)
        return 2 * sum(self.names.of_gradient(key) is not None for key, _ in pairs) - bare

    def of_loss(self, parts: Sequence[Any], arrays: Arrays) -> Iterator[tuple[str, Any]]:
        first = next((part for part in parts if _is_scalar(part, arrays)), None)
        if first is not None:
            yield "loss", arrays[first["a"]]

    def of_dict(self, pairs: Sequence[Any], arrays: Arrays) -> Iterator[tuple[str, Any]]:
        for key, part in sorted(pairs, key=lambda pair: self.names.role(pair[0]) is not None):
            if "d" in part:
                if not key.lower().startswith(("param", "cache", "weight")):
                    yield from self.of_dict(part["d"], arrays)
            else:
                yield from self.one(key, part, arrays, said=True)

    def one(self, word: str, part: Any, arrays: Arrays, *, said: bool) -> Iterator[tuple[str, Any]]:
        if "a" not in part:
            return
        if word.lower() in LOSSES and _is_scalar(part, arrays):
            yield "loss", arrays[part["a"]]
            return
        name = self.names.of_gradient(word)
        # In a return statement W is the parameter itself, dW its gradient.
        bare = self.names.role(word)
        plain = bare is not None and bare.kind in ("param", "start") and word not in self.names.told
        if name is not None and (said or not plain):
            yield name, arrays[part["a"]]


def _flat(tree: Any) -> Iterator[Any]:
    if "t" in tree:
        for part in tree["t"]:
            yield from _flat(part)
    else:
        yield tree


def _is_scalar(part: Any, arrays: Arrays) -> bool:
    return "a" in part and np.size(arrays[part["a"]]) == 1


def _given_shape(case: ProgramCase, form: ArrayForm, name: str) -> tuple[int, ...]:
    if name in case.call.params:
        shape: tuple[int, ...] = np.shape(form.param(case.call.params[name], False))
        return shape
    return tuple(np.shape(form.untimed(case.grads[name])))
