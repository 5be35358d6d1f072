"""`forward` keeps small buffers for its next call, and nobody sees it but the clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from threading import Barrier
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbptt.codegen.render import generate
from tests.modules import executed, in_turn, model_of, steps_argument
from tests.points import Point, draw

NAMES = ("lstm", "lagged_input", "last_two_steps", "no_recurrence", "scalar_state", "stacked")


@cache
def source(name: str, level: int) -> str:
    return generate(model_of(name), level=level)


def made(name: str, level: int = 2) -> ModuleType:
    """A module of its own: it has kept nothing yet."""
    return executed(source(name, level), name)


def outputs(module: Any, point: Point) -> dict[str, Any]:
    arguments = (point.params, point.inputs, point.carry, point.lengths)
    values, carry = module.forward(*arguments, **steps_argument(module, point))
    return {**values, **{f"carry {key}": array for key, array in carry.items()}}


def as_bytes(found: dict[str, Any]) -> dict[str, bytes]:
    return {name: np.asarray(array).tobytes() for name, array in found.items()}


def points(name: str) -> list[Point]:
    """Calls of one size: other numbers, other lengths, and the first one again."""
    model = model_of(name)
    drawn = [draw(model, T=4, B=3, seed=seed) for seed in (1, 2)]
    lengths = [None, np.array([4, 0, 2]), np.array([1, 4, 3])]
    return [replace(point, lengths=each) for point in drawn for each in lengths] + drawn[:1]


@pytest.mark.parametrize(
    ("name", "level"),
    [(name, level) for number, name in enumerate(NAMES) for level in in_turn(number, (2, 1))],
)
def test_a_kept_buffer_shows_in_no_number(name: str, level: int) -> None:
    module, found = made(name, level), []
    for point in points(name):
        found.append((outputs(module, point), point))
        assert len(module._KEPT) == 1
    # Compared at last: what a call returned is not changed by those after it.
    for values, point in found:
        assert as_bytes(values) == as_bytes(outputs(made(name, level), point))


def test_calls_at_once_have_buffers_of_their_own() -> None:
    module, fresh = made("lstm"), made("lstm")
    few = [draw(model_of("lstm"), T=40, B=2, seed=seed) for seed in range(4)]
    expected = [as_bytes(outputs(fresh, point)) for point in few]
    together = Barrier(len(few))

    def often(number: int) -> bool:
        together.wait()
        found = (as_bytes(outputs(module, few[number])) for _ in range(30))
        return all(each == expected[number] for each in found)

    with ThreadPoolExecutor(len(few)) as pool:
        assert all(pool.map(often, range(len(few))))


def test_only_what_is_small_and_of_floats_is_kept() -> None:
    module, point = made("linear"), draw(model_of("linear"), T=3, B=2, seed=1)
    outputs(module, point)
    (kept,) = module._KEPT.values()
    outputs(module, point)
    assert [*module._KEPT.values()] == [kept]
    for limit, count in ((kept.nbytes - 1, 0), (10**9, 1)):
        module._KEPT.clear()
        module._THRESHOLDS["bytes kept for the next call"] = limit
        outputs(module, point)
        assert len(module._KEPT) == count
    module._KEPT.clear()
    whole = {n: np.ones(a.shape, int).astype(object) for n, a in point.params.items()}
    read = {n: np.ones(a.shape, int) for n, a in point.inputs.items()}
    outputs(module, replace(point, params=whole, inputs=read, carry=None))
    assert module._KEPT == {}
