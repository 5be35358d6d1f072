"""Calls of generated modules in which an argument or two are not what they should be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from symbptt.codegen.render import generate
from tests.modules import executed, model_of
from tests.points import draw, sizes

NAMES = ("linear", "char_rnn", "lag_two", "scalar_state", "learned_start", "last_step")
FUNCTIONS = ("loss_and_grads", "forward", "init_params", "Workspace", "clip_gradients")
HUGE, LARGE = 10**12, 10**4
KINDS = ("f2", "f4", "f8", ">f8", "c16", "i1", "u8", "?", "O", "U3", "M8[s]")


@dataclass(frozen=True)
class Call:
    """A function of a module with its arguments, by name."""

    module: ModuleType
    function: str
    given: dict[str, Any]

    def run(self) -> Any:
        return getattr(self.module, self.function)(**self.given)

    @property
    def asks_for_much(self) -> bool:
        """Whether it is right but for sizes, which are more than there is memory for.

        It may be wrong elsewhere, which is seen only where its numbers are looked at.
        """
        whole = leaves(self.given)
        sizes = [size for place, size in whole if place in "TB" or place.startswith("dims[")]
        if any(isinstance(size, int | np.integer) and size >= LARGE for size in sizes):
            return True
        long = [place for place, leaf in leaves(self.given) if is_long(leaf)]
        try:
            replace(self, given=shortened(self.given)).run()
        except ValueError as error:
            return bool(long) and not str(error).startswith(tuple(long))
        return bool(long)

    def __str__(self) -> str:
        return f"{self.module.__name__}.{self.function}(**{self.given!r:.2000})"


def leaves(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Arguments, and entries of those that are dicts, each by the name that messages give it."""
    for what, value in given.items():
        if isinstance(value, dict):
            yield from ((f"{what}[{key!r}]", entry) for key, entry in value.items())
        else:
            yield what, value


def is_long(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.shape[:1] == (HUGE,)


def shortened(value: Any) -> Any:
    """The same with three entries in place of very many."""
    if isinstance(value, dict):
        return {key: shortened(part) for key, part in value.items()}
    return value[:3] if is_long(value) else value


@cache
def modules() -> tuple[tuple[ModuleType, dict[str, Any]], ...]:
    """Modules of each level, with arguments that are right."""
    found = []
    for name in NAMES:
        model = model_of(name)
        point = draw(model, T=3, B=2)
        given = {
            "params": point.params,
            "inputs": point.inputs,
            "carry": point.carry,
            "lengths": np.array([3, 1]),
            "carry_grad": point.carry_grad,
            "dims": sizes(model),
        }
        for level in (0, 1, 2):
            found.append((executed(generate(model, level=level), f"{name}_{level}"), given))
    return tuple(found)


def right(module: ModuleType, function: str, known: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a function that are right, in dicts and arrays of this call alone."""
    if function == "init_params":
        return {"dims": dict(known["dims"]), "seed": 3}
    if function == "Workspace":
        return {"dims": dict(known["dims"]), "T": 3, "B": 2, "dtype": np.float64}
    if function == "clip_gradients":
        return {"grads": {key: array.copy() for key, array in known["params"].items()}, "theta": 1}
    names = ["params", "inputs", "carry", "lengths"]
    names += ["carry_grad"] if function == "loss_and_grads" else []
    given = {name: known[name] for name in names}
    return {k: dict(v) if isinstance(v, dict) else v for k, v in given.items() if v is not None}


def odd_value(rng: random.Random, value: Any) -> Any:
    """Something else in a value's place."""
    shape = getattr(value, "shape", (2, 3))
    # fmt: off
    makers = (
        lambda: None, lambda: "text", lambda: b"\0", lambda: -1, lambda: HUGE, lambda: 10**400,
        lambda: float("nan"), lambda: float("inf"), lambda: True, lambda: 1j,
        lambda: Fraction(1, 3),
        lambda: {}, lambda: [], lambda: (), lambda: {1, 2}, lambda: object(), lambda: range(HUGE),
        lambda: [[1.0], [1.0, 2.0]], lambda: {"x": value}, lambda: [value], lambda: np.float32(1),
        lambda: np.zeros(shape, rng.choice(KINDS)),
        lambda: np.full(shape, rng.choice((np.nan, np.inf, -np.inf, 1e308, 5e-324))),
        lambda: np.zeros((*shape, rng.choice((0, 1, 2)))), lambda: np.zeros(shape[1:]),
        lambda: np.zeros(tuple(n + rng.choice((-1, 0, 1)) if n else 1 for n in shape)),
        lambda: np.broadcast_to(np.float64(0), (HUGE, *shape[1:])),
        lambda: np.broadcast_to(np.int64(-5), shape), lambda: np.zeros(shape, int) + LARGE,
        lambda: np.array(value, dtype=object), lambda: np.array(value)[..., ::-1],
        lambda: np.asfortranarray(value), lambda: np.ma.zeros(shape), lambda: np.zeros(0),
        lambda: memoryview(b"12345678"), lambda: slice(None), lambda: (n for n in range(2)),
        lambda: type, lambda: np.float64, lambda: "float64", lambda: np.zeros(shape, ">f8"),
    )
    # fmt: on
    try:
        return rng.choice(makers)()
    except (TypeError, ValueError, IndexError, MemoryError):
        return None


def spoiled(rng: random.Random, given: dict[str, Any]) -> None:
    """One change of the arguments, or of an entry of one that is a dict."""
    name = rng.choice(sorted(given))
    inner = given[name]
    if not isinstance(inner, dict) or not inner or rng.random() < 0.2:
        given[name] = odd_value(rng, inner)
        return
    key = rng.choice(sorted(inner, key=str))
    change = rng.random()
    if change < 0.15:
        del inner[key]
    elif change < 0.3:
        inner[rng.choice(("", "x", "W", "h[0]", "h[1]", f"{key} ", 0, None))] = inner[key]
    else:
        inner[key] = odd_value(rng, inner[key])


def draw_call(rng: random.Random) -> Call:
    """A call in which one argument is wrong, or two."""
    module, known = rng.choice(modules())
    function = rng.choice((*FUNCTIONS, "loss_and_grads", "forward"))
    given = right(module, function, known)
    for _ in range(rng.choice((1, 1, 1, 2))):
        spoiled(rng, given)
    return Call(module, function, given)
