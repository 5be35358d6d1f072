"""The benchmark's contenders compute the same, and it runs and notices one that does not."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks.comparison import Comparison, Disagreement, assert_same, compared
from benchmarks.contenders import CONTENDERS
from benchmarks.handwritten import loops, tape
from benchmarks.handwritten.tape import Sizes
from benchmarks.rounds import Times, timed
from benchmarks.tables import figure, page
from benchmarks.task import CELLS, Call, Gradient, Task, generated

ROOT = Path(__file__).resolve().parents[2]
SHAPES = [
    Sizes(T=10, B=1, d=4, h=5, q=3),
    Sizes(T=1, B=1, d=3, h=4, q=2),
    Sizes(T=1, B=3, d=3, h=4, q=2),
    Sizes(T=23, B=4, d=5, h=6, q=3),
]


def drawn(cell: str, size: Sizes) -> Task:
    return Task(cell, size, np.float64)


def largest_difference(one: Gradient, other: Gradient) -> float:
    assert set(one[1]) == set(other[1])
    differences = [
        # At T = 1 from a start at 0 some gradients are 0.
        float(np.abs(one[1][name] - other[1][name]).max() / (np.abs(one[1][name]).max() or 1))
        for name in one[1]
    ]
    return max(abs(one[0] - other[0]), *differences)


@pytest.mark.parametrize("chunk", [1, 4000, None], ids=str)
@pytest.mark.parametrize("size", SHAPES, ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_written_by_hand_and_generated_agree(
    cell: str, size: Sizes, chunk: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chunk is not None:
        monkeypatch.setattr(tape, "COLUMNS", 5 * size.B)
        monkeypatch.setattr(tape, "CHUNK_BYTES", chunk)
        monkeypatch.setattr(tape, "LARGE", 0)  # products in blocks of rows
        monkeypatch.setattr(tape, "ROWS", 2)
    task = drawn(cell, size)
    expected = generated(cell, 2).loss_and_grads(task.params, task.inputs)[:2]
    fast = import_module(f"benchmarks.handwritten.{cell}").Gradient(size, np.float64)
    assert largest_difference(expected, loops.GRADIENTS[cell](task.params, task.inputs)) < 1e-12
    for _ in range(2):  # the second call finds the buffers as the first left them
        assert largest_difference(expected, fast(task.params, task.inputs)) < 1e-12


@pytest.mark.parametrize("size", SHAPES, ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_by_hand_starts_where_it_is_told(cell: str, size: Sizes) -> None:
    task, rng = drawn(cell, size), np.random.default_rng(2)
    module = generated(cell, 2)
    carry = {key: rng.normal(size=(size.B, size.h)) for key in module.CARRY}
    expected = module.loss_and_grads(task.params, task.inputs, carry)[:2]
    fast = import_module(f"benchmarks.handwritten.{cell}").Gradient(size, np.float64)
    assert largest_difference(expected, fast(task.params, task.inputs, carry)) < 1e-12


def test_the_harness_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", "--cells", "tanh", "--sizes", "edge",
         "--dtypes", "float64", "--contenders", "generated,fast,loops,products",
         "--rounds", "1", "--no-memory"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "tanh edge float64: generated " in done.stdout
    assert "fast " in done.stdout and "products " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cells", "nobody"], "unknown: ['nobody']"),
        (["--rounds", "0"], "--rounds must be at least 1"),
        (["--contenders", "fast", "--against", "loops"], "is not among --contenders"),
    ],
)
def test_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.speed import main

    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert message in capsys.readouterr().err


def test_a_contender_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(task: Task) -> Call:
        right = CONTENDERS["loops"].make(task)

        def read(found: Gradient) -> Gradient:
            return found[0], {**found[1], "W_hh": found[1]["W_hh"] * 1.001}

        return Call(right.run, read)

    monkeypatch.setitem(CONTENDERS, "fast", CONTENDERS["fast"].__class__("wrong", wrong))
    with pytest.raises(Disagreement, match="gradient of W_hh"):
        compared("tanh", "edge", "float64", ["loops", "fast"], 1)


@pytest.mark.parametrize("loss", [1.001, float("nan")])
def test_a_wrong_loss_is_noticed(loss: float) -> None:
    with pytest.raises(Disagreement, match="loss"):
        assert_same({"one": (1.0, {}), "other": (loss, {})}, (), 1e-6)


def test_turns_are_interleaved_and_the_order_reversed() -> None:
    seen: list[str] = []
    timed({name: partial(seen.append, name) for name in "abc"}, 2)
    changes = [a for a, b in zip(seen, [*seen[1:], ""], strict=True) if a != b]
    assert "".join(changes).endswith("abcba")


def test_page_and_figure() -> None:
    seconds = np.array([[0.001, 0.002], [0.002, 0.006], [0.001, 0.001]])
    found = Comparison("tanh", "edge", "float32", Times(("generated", "fast"), seconds))
    text = page([found], {}, ["2 cores"], "generated")
    assert "| tanh edge | 1 | 2.00 [1.50, 2.50] |" in text
    assert figure([found], "generated") == figure([found], "generated")
    assert "tanh edge" in figure([found], "generated")
