"""Calls of a module's functions at random arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbptt.algebra import Input, Model
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import InterfaceError
from symbptt.proof.loaded import Loaded
from symbptt.proof.place import index_lengths, length, lengths

Arrays = dict[str, Any]

Result = tuple[Any, Arrays, Arrays]

Draw = Callable[..., Any]


@dataclass(frozen=True)
class Scenario:
    """A kind of call: the lengths of its sequences, and whether it is handed a carry."""

    words: str
    steps: int
    lengths: tuple[int, ...]
    carry: bool
    told: bool = False
    """Whether lengths are handed in though they are all T."""

    @property
    def ragged(self) -> bool:
        return self.told or set(self.lengths) != {self.steps}


SCENARIOS = (
    Scenario("T = 5 with a carry", 5, (5, 5), True),
    Scenario("lengths 6, 2, 0, 4", 6, (6, 2, 0, 4), True),
    Scenario("T = 1", 1, (1, 1, 1), True),
    Scenario("the model's own start", 4, (4, 4), False),
)


@dataclass(frozen=True)
class ModuleCall:
    """The arguments of a call of `loss_and_grads`."""

    scenario: Scenario
    params: Arrays
    inputs: Arrays
    carry: Arrays | None
    carry_grad: Arrays | None
    gates: Any = None

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Those that `forward` takes as well."""
        ragged = np.array(self.scenario.lengths) if self.scenario.ragged else None
        return self.params, self.inputs, self.carry, ragged

    @property
    def sequences(self) -> int:
        """B, which is 1 where no argument tells it."""
        told = self.inputs or self.carry or self.carry_grad or self.scenario.ragged
        return len(self.scenario.lengths) if told else 1


def drawn(
    model: Model,
    sizes: Mapping[str, int],
    scenario: Scenario,
    rng: np.random.Generator,
    positive: bool = False,
    estimator: Estimator = FULL,
) -> ModuleCall:
    """Random arguments; past the end of a sequence they are nonsense."""
    B = len(scenario.lengths)

    def real(*shape: int) -> Any:
        sign = 1.0 if positive else rng.choice((-1.0, 1.0), shape)
        return np.array(rng.uniform(0.1, 0.9, shape) * sign)

    inputs = {i.name: _input(i, sizes, scenario, rng, real) for i in model.inputs}
    params = {p.name: real(*lengths(p.shape, sizes)) for p in model.parameters}
    integers = index_lengths(model, sizes)
    carry, carry_grad = {}, {}
    for initial in model.initials:
        if initial.name in integers:
            carry[initial.key] = rng.integers(integers[initial.name], size=B)
        else:
            shape = (B, *lengths(initial.shape, sizes))
            carry[initial.key], carry_grad[initial.key] = real(*shape), real(*shape)
    gates = _gates(scenario, estimator, rng) if estimator.gated else None
    if not scenario.carry:
        return ModuleCall(scenario, params, inputs, None, None, gates)
    return ModuleCall(scenario, params, inputs, carry, carry_grad, gates)


def _gates(scenario: Scenario, estimator: Estimator, rng: np.random.Generator) -> Any:
    """Gates (T, B): those of pieces, or any numbers, since an estimate is linear in each."""
    steps, B = scenario.steps, len(scenario.lengths)
    if estimator.kind == "chunk":
        column = [float(estimator.gate(step)) for step in range(1, steps + 1)]
        return np.repeat(np.array(column)[:, None], B, axis=1)
    return rng.uniform(0.2, 1.8, (steps, B))


def _input(
    source: Input,
    sizes: Mapping[str, int],
    scenario: Scenario,
    rng: np.random.Generator,
    real: Draw,
) -> Any:
    """An input's array; what lies past a sequence's end is nonsense on purpose."""
    B = len(scenario.lengths)
    lead = (scenario.steps, B) if source.timed else (B,)
    if source.index_dim is None:
        array = real(*lead, *lengths(source.shape, sizes))
    else:
        array = rng.integers(length(source.index_dim, sizes), size=lead)
        # The first sequence repeats its first label, and the others repeat the first's.
        array[..., 1:] = np.where(rng.random(B - 1) < 0.5, array[..., :1], array[..., 1:])
        array[1:2] = array[:1] if source.timed else array[1:2]
    if source.timed:
        for b, valid in enumerate(scenario.lengths):
            array[valid:, b] = math.nan if source.index_dim is None else -100
    return array


def changed(call: ModuleCall, change: Callable[[str, Any], Any], kinds: str = "f") -> ModuleCall:
    """The call with all its arrays of real numbers changed; ``change`` is told which argument."""
    given: dict[str, Any] = {}
    for kind in ("params", "inputs", "carry", "carry_grad"):
        arrays = getattr(call, kind)
        given[kind] = arrays and {
            name: np.asanyarray(change(kind, array)) if array.dtype.kind in kinds else array
            for name, array in arrays.items()
        }
    return replace(call, **given)


def scaled(call: ModuleCall, by: float) -> ModuleCall:
    """The call with all its real arguments multiplied; not what the carry receives."""
    return changed(call, lambda kind, array: array if kind == "carry_grad" else array * by)


def called(
    module: Loaded, call: ModuleCall, estimator: Estimator = FULL, workspace: Any = None
) -> Result:
    """Loss, gradients and carry of a call of `loss_and_grads`.

    Raises
    ------
    InterfaceError
        If the module raises, or returns something else.
    """
    more = dict(keywords(module, call), carry_grad=call.carry_grad, workspace=workspace)
    if estimator.kind == "random":
        more["gates"] = call.gates
    found = module.call("loss_and_grads", *call.arguments, **more)
    loss, grads, carry = _parts(module, "loss_and_grads", found, call, 3)
    return loss, grads, carry


def forwarded(module: Loaded, call: ModuleCall) -> tuple[Arrays, Arrays]:
    """Outputs and carry of a call of `forward`.

    Raises
    ------
    InterfaceError
        If the module raises, or returns something else.
    """
    found = module.call("forward", *call.arguments, **keywords(module, call))
    outputs, carry = _parts(module, "forward", found, call, 2)
    return outputs, carry


def _parts(module: Loaded, function: str, found: Any, call: ModuleCall, count: int) -> Any:
    """What a function returned, as it must be: perhaps a number, then two dicts of arrays."""
    fits = isinstance(found, tuple) and len(found) == count
    given = (*call.params.values(), *call.inputs.values(), *(call.carry or {}).values())
    exact = any(array.dtype == object for array in given)
    if not fits or not all(are_numbers(part, exact) for part in found[-2:]):
        raise InterfaceError(f"{module.name}: {function} returns {count} values, dicts of arrays")
    if count > 2 and not are_numbers({"loss": found[0]}, exact):
        raise InterfaceError(f"{module.name}: {function} returns a loss that is no number")
    return found


def are_numbers(given: Any, exact: bool = False) -> bool:
    """Whether it is a dict of arrays of real numbers; exact ones are objects of any type."""
    if not isinstance(given, Mapping):
        return False
    try:
        kinds = {np.asarray(array).dtype.kind for array in given.values()}
    except ValueError:
        return False
    return kinds <= set("fiuO" if exact else "fiu")


def entries(result: Result) -> dict[str, Any]:
    """All numbers of a result, by what they are called."""
    loss, grads, carry = result
    named = {f"grads[{key!r}]": array for key, array in grads.items()}
    return {"loss": loss} | named | {f"carry[{key!r}]": array for key, array in carry.items()}


def objective(call: ModuleCall, loss: Any, carry: Arrays) -> float:
    """L, and what ``carry_grad`` makes of the carry."""
    weights = call.carry_grad or {}
    return float(loss) + sum(float(np.sum(weights[key] * carry[key])) for key in weights)


def keywords(module: Loaded, call: ModuleCall) -> dict[str, Any]:
    """What a module needs where no input tells T."""
    return {"steps": call.scenario.steps} if module.needs_steps else {}
