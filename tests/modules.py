"""Generated modules as test subjects."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.codegen.render import generate
from symbptt.language import library
from symbptt.language.parser import parse
from tests import cells
from tests.grammar import random_model
from tests.points import Point
from tests.reference import Result

BUILT_IN = library.runnable()
RANDOM = tuple(f"random_{seed}" for seed in range(200))

# Slow tests take a sample of what they could look at; SYMBPTT_EXHAUSTIVE=1 takes it all.
EXHAUSTIVE = bool(os.environ.get("SYMBPTT_EXHAUSTIVE"))


def some(subjects: Sequence[Any], every: int) -> Sequence[Any]:
    """One subject in so many; all if asked."""
    return subjects if EXHAUSTIVE else subjects[::every]


def in_turn(number: int, kinds: Sequence[Any]) -> Sequence[Any]:
    """The kind whose turn it is at the subject of that number; all if asked."""
    return kinds if EXHAUSTIVE else (kinds[number % len(kinds)],)


@cache
def model_of(name: str) -> Model:
    """A built-in model, a cell of `tests/cells` or a random model, by name."""
    if name in BUILT_IN:
        return library.load(name)
    if name in cells.NAMES:
        return cells.cell(name)
    return parse(random_model(int(name.removeprefix("random_"))), name)


@cache
def module_of(name: str, wrt_inputs: bool = False, level: int = 2) -> ModuleType:
    """The generated module of the model with that name."""
    bind = cells.BINDINGS.get(name)
    return executed(generate(model_of(name), bind=bind, wrt_inputs=wrt_inputs, level=level), name)


def module_from(text: str, *, wrt_inputs: bool = False) -> ModuleType:
    """The generated module of a model's text."""
    return executed(generate(parse(text, "model"), wrt_inputs=wrt_inputs), "model")


def executed(source: str, name: str) -> ModuleType:
    module = ModuleType(f"generated_{name}")
    exec(compile(source, f"<generated {name}>", "exec"), module.__dict__)
    return module


def steps_argument(module: Any, point: Point) -> dict[str, int]:
    """``steps`` where the inputs do not tell T."""
    timed = any(axes[:1] == ("T",) for axes in module.INPUTS.values())
    return {} if timed else {"steps": point.T}


def call(module: Any, point: Point) -> Result:
    """`loss_and_grads` and `forward` at a point; both must return the same carry.

    Above -O0 they round differently: the one computes in buffers, the other returns all.
    """
    arguments = (point.params, point.inputs, point.carry, point.lengths)
    steps = steps_argument(module, point)
    loss, grads, carry = module.loss_and_grads(*arguments, carry_grad=point.carry_grad, **steps)
    outputs, same_carry = module.forward(*arguments, **steps)
    assert set(carry) == set(same_carry)
    for key in carry:
        if carry[key].dtype.kind != "f":
            np.testing.assert_array_equal(carry[key], same_carry[key])
        else:
            # A recurrence may amplify what was rounded some hundred thousand times.
            rounding = 1e6 * float(np.finfo(same_carry[key].dtype).eps)
            largest = float(np.abs(same_carry[key]).max(initial=0.0))
            np.testing.assert_allclose(carry[key], same_carry[key], 0, rounding * largest)
    return Result(loss, grads, carry, outputs)


def is_caught(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal, as Linux tells."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (mask,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(mask, 16) >> (number - 1) & 1)
