"""Calls in segments: each with arrays of its own, or run forward again from the states kept."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbptt.codegen.render import generate
from symbptt.errors import OptionError
from symbptt.output import unsigned
from tests import cells
from tests.agreement import assert_same, disagreements
from tests.codegen.test_levels import peak
from tests.modules import BUILT_IN, executed, in_turn, model_of, module_of, steps_argument
from tests.points import Point, draw, sizes
from tests.reference import Result

T, B = 7, 3
SEGMENTS = (1, 2, 3, "auto")
NAMES = (*BUILT_IN, *cells.NAMES)
FEW = ("lstm", "char_rnn", "lag_three_alone", "last_two_steps", "lagged_input", "learned_start")
# Ends within a segment, at its end, before the first step; what is padded is never read.
LENGTHS = (None, (7, 0, 3), (2, 4, 6), (6, 6, 6))


def text_of(name: str, level: int = 2, checkpoint: Any = "auto") -> str:
    bind = cells.BINDINGS.get(name)
    return generate(model_of(name), bind=bind, wrt_inputs=True, level=level, checkpoint=checkpoint)


@cache
def checkpointed(name: str, level: int = 2) -> ModuleType:
    """A module whose segments are as long as a test wants: the length is one constant."""
    return executed(text_of(name, level), name)


def with_segments(module: Any, steps: Any) -> Any:
    module._THRESHOLDS["steps of a segment"] = None if steps == "auto" else steps
    return module


def with_rows(module: Any, rows: int) -> Any:
    """A module that keeps every segment, with about so many rows in each."""
    module._THRESHOLDS["rows of a segment"] = rows
    return module


def points(name: str) -> list[Point]:
    """Full and ragged, from a carry and from the model's own start."""
    found = []
    for number, lengths in enumerate(LENGTHS):
        point = draw(model_of(name), T=T, B=B, seed=number)
        if lengths is not None:
            point = padded(replace(point, lengths=np.array(lengths)))
        found.append(point if number % 2 else replace(point, carry=None))
    return found


def padded(point: Point) -> Point:
    """The same with NaN, or an index out of range, at every step without a sequence."""
    beyond = np.arange(point.T)[:, None] >= point.lengths
    inputs = {}
    for key, array in point.inputs.items():
        inputs[key] = array.copy()
        if array.shape[:2] == beyond.shape:
            inputs[key][beyond] = -100 if array.dtype.kind == "i" else np.nan
    return replace(point, inputs=inputs)


def result(module: Any, point: Point, workspace: Any = None) -> Result:
    loss, grads, carry = module.loss_and_grads(
        point.params, point.inputs, point.carry, point.lengths,
        carry_grad=point.carry_grad, workspace=workspace, **steps_argument(module, point),
    )  # fmt: skip
    return Result(loss, grads, carry, {})


def found_in(module: Any, reference: Any, name: str) -> list[str]:
    """What disagrees at any point, for any length of a segment."""
    lines = []
    for point in points(name):
        expected = result(reference, point)
        for steps in SEGMENTS:
            found = result(with_segments(module, steps), point)
            assert set(found.grads) == set(expected.grads)
            lines += disagreements(found, expected, 1e-12)
    return lines


# --- numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_segments_change_no_number(name: str) -> None:
    assert found_in(checkpointed(name), module_of(name, True), name) == []


@pytest.mark.parametrize(
    ("name", "level"),
    [(name, level) for number, name in enumerate(NAMES) for level in in_turn(number, (1, 2))],
)
def test_nor_where_each_keeps_its_arrays(name: str, level: int) -> None:
    module = executed(generate(model_of(name), bind=cells.BINDINGS.get(name), wrt_inputs=True,
                               level=level), name)  # fmt: skip
    for number, point in enumerate(points(name)):
        expected = result(module_of(name, True, 0), point)
        for rows in (1, 2 * B, 10_000):
            found = result(with_rows(module, rows), point)
            assert set(found.grads) == set(expected.grads)
            assert disagreements(found, expected, 1e-12) == [], (number, rows)


def test_a_segment_has_as_many_rows_as_it_says() -> None:
    module: Any = with_rows(executed(generate(model_of("lstm")), "lstm"), 100)
    for steps, sequences, expected in ((50, 4, 25), (51, 4, 17), (3, 200, 1), (9, 5, 9)):
        workspace = module.Workspace({"d": 2, "h": 3, "q": 4}, steps, sequences)
        assert workspace.part["T"] == expected
        assert len(workspace.even_plan) == len(workspace.kept) == -(-steps // expected)


@pytest.mark.parametrize("name", FEW)
def test_nor_where_no_pass_was_applied(name: str) -> None:
    assert found_in(checkpointed(name, 1), module_of(name, True, 1), name) == []


@pytest.mark.parametrize(("sequences", "units"), [(16, 128), (6, 256)])
def test_nor_where_products_are_in_blocks(sequences: int, units: int) -> None:
    """Of rows, and of columns: the matrix by blocks is each segment's own."""
    module, dims = with_segments(checkpointed("lstm"), 3), {"d": 3, "h": units, "q": 4}
    ends = np.arange(sequences) % 8
    assert any(module._blocking(sequences, units, 4 * units, np.dtype(np.float64)))
    for lengths in (None, ends):
        point = draw(model_of("lstm"), T=T, B=sequences, dims=dims)
        point = replace(point, lengths=lengths)
        expected = result(module_of("lstm", True), point)
        assert disagreements(result(module, point), expected, 1e-11) == []


PLANTED = {
    "a state too late": ("w.between[number - 1] if", "w.between[number] if"),
    "no state": ("begin = w.between[number - 1] if number else start", "begin = start"),
    "adjoints not handed back": ("        back = w.back\n", "        back = carry_grad\n"),
    "only the last gradients": ("np.add(array, w.parts[name], array)",
                                "np.copyto(array, w.parts[name])"),
    "a factor": ("np.copyto(back[key], array)", "np.multiply(array, 1.001, back[key])"),
    "the weight of a segment": ("    rows.weight = whole.weight\n", ""),
    "ends one step late": ("whole.lengths > end", "whole.lengths >= end"),
    "the inputs of another segment": ("place = slice(start, start + part.count)",
                                      "place = slice(0, part.count)"),
}  # fmt: skip


# Where each segment keeps its arrays, only its own forward pass reads the states before it.
RUN_AGAIN = ("a state too late", "no state")


@pytest.mark.parametrize(
    ("error", "again"),
    [*((error, True) for error in PLANTED), *((e, False) for e in PLANTED if e not in RUN_AGAIN)],
)
def test_planted_errors_are_noticed(error: str, again: bool) -> None:
    """One model reads at T, and one a parameter at every step, besides a usual one."""
    before, after = PLANTED[error]
    noticed = []
    for name in ("lstm", "last_two_steps", "regularised"):
        text = text_of(name, checkpoint="auto" if again else None)
        # What only a model that reads at T has.
        assert text.count(before) == (error != "ends one step late" or name == "last_two_steps")
        module = executed(text.replace(before, after), name)
        module = with_segments(module, 2) if again else with_rows(module, 2 * B)
        point = points(name)[1]
        expected = result(module_of(name, True, 0), point)
        noticed += disagreements(result(module, point), expected, 1e-6)
    assert noticed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("w.kept[len(plan)], sums)", "w.kept[0], sums)"),
        (
            "begin = w.between[number]\n        segment.hand_on(begin)\n    loss",
            "segment.hand_on(w.between[0])\n    loss",
        ),
    ],
    ids=["arrays of another segment", "no state handed on"],
)
def test_errors_in_what_segments_keep_are_noticed(before: str, after: str) -> None:
    text = text_of("lstm", checkpoint=None)
    assert text.count(before) == 1
    module = with_rows(executed(text.replace(before, after), "lstm"), 6)
    point = points("lstm")[0]
    assert disagreements(result(module, point), result(module_of("lstm", True, 0), point), 1e-6)


def test_exact_numbers_are_computed_as_without_segments() -> None:
    point = draw(model_of("rational"), T=3, B=2).exact()
    found = result(with_segments(checkpointed("rational"), 2), point)
    expected = result(module_of("rational", True), point)
    assert found.loss == expected.loss
    assert all(np.array_equal(found.grads[key], expected.grads[key]) for key in found.grads)


@pytest.mark.parametrize("name", FEW)
def test_a_workspace_changes_no_number(name: str) -> None:
    """Calls of changing lengths through one, each from the carry that the last one returned."""
    model, module = model_of(name), with_segments(checkpointed(name), 2)
    workspace = module.Workspace(sizes(model), T, B, dtype=np.float64)
    carry: Any = None
    for seed, lengths in enumerate((None, np.array([7, 0, 1]), None, np.array([0, 0, 2]))):
        drawn = draw(model, T=T, B=B, seed=seed)
        point = replace(drawn, carry=carry or drawn.carry, lengths=lengths)
        expected = result(module, point)
        found = result(module, point, workspace)
        assert found.loss == expected.loss
        assert_same(found.grads, expected.grads)
        assert_same(found.carry, expected.carry)
        carry = found.carry


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("name", FEW)
def test_no_step_and_no_valid_step(name: str, steps: int) -> None:
    drawn = draw(model_of(name), T=steps, B=B)
    for lengths in (None, np.zeros(B, dtype=int)):
        point = replace(drawn, lengths=lengths)
        found = result(with_segments(checkpointed(name), "auto"), point)
        assert disagreements(found, result(module_of(name, True), point), 1e-12) == []


# --- memory ---------------------------------------------------------------------------------


def test_a_long_lstm_in_under_twelve_percent() -> None:
    model = model_of("lstm")
    dims = {"d": 64, "h": 128, "q": 64}
    found = [
        executed(generate(model, checkpoint=checkpoint), "lstm").Workspace(dims, 1000, 16).nbytes
        for checkpoint in ("auto", None)
    ]
    assert found[0] < 0.12 * found[1]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_call_with_a_workspace_allocates_nothing_that_grows(name: str) -> None:
    model = model_of(name)
    module: Any = executed(generate(model, checkpoint=100), name)
    found = []
    for steps, sequences in ((200, 96), (600, 96), (200, 288)):
        point = draw(model, T=steps, B=sequences)
        workspace = module.Workspace(sizes(model), steps, sequences, np.float64)
        found.append(peak(module, point, workspace))
    assert max(found) <= found[0] + 4096, found


# --- options and text -----------------------------------------------------------------------


def test_the_length_is_one_constant() -> None:
    """So that tests may set it; and the header says how to make the module again."""
    automatic = text_of("elman").replace("--checkpoint auto", "--checkpoint 3")
    auto, three = (f'"steps of a segment": {steps},\n' for steps in ("None", "3"))
    assert automatic.count(auto) == 1
    assert unsigned(automatic).replace(auto, three) == unsigned(text_of("elman", 2, 3))
    assert "symbptt generate elman --wrt inputs --checkpoint 3\n" in automatic


@pytest.mark.parametrize("options", [
    {"checkpoint": 0}, {"checkpoint": -1}, {"checkpoint": True}, {"checkpoint": "some"},
    {"checkpoint": 2, "level": 0}, {"checkpoint": 2, "estimator": "chunk:2"},
    {"checkpoint": 2, "mode": "forward"},
], ids=str)  # fmt: skip
def test_what_does_not_go_together_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="checkpoint"):
        generate(model_of("elman"), **options)
