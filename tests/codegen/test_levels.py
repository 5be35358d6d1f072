"""Levels of optimisation give one result, pass by pass, and allocate nothing that grows."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symbptt.binding import bind
from symbptt.calculus.gradients import derive
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.lowering import lower
from symbptt.codegen.program import Program
from symbptt.codegen.render import generate, render
from tests import cells
from tests.agreement import disagreements
from tests.codegen.test_gradients import POINTS, planted
from tests.modules import (
    BUILT_IN,
    RANDOM,
    executed,
    in_turn,
    model_of,
    module_of,
    some,
    steps_argument,
)
from tests.points import Point, draw, sizes
from tests.reference import Result

NAMES = (*BUILT_IN, *cells.NAMES)
SAMPLE = some(RANDOM, 10)
FEW = ("lstm", "gru", "char_rnn", "peephole_lstm", "two_states", "lag_two", "last_two_steps")


def result(module: Any, point: Point, workspace: Any = None) -> Result:
    arguments = (point.params, point.inputs, point.carry, point.lengths)
    loss, grads, carry = module.loss_and_grads(
        *arguments,
        carry_grad=point.carry_grad,
        workspace=workspace,
        **steps_argument(module, point),
    )
    return Result(loss, grads, carry, {})


@pytest.mark.parametrize(
    ("name", "level"),
    [
        (name, level)
        for number, name in enumerate((*NAMES, *SAMPLE))
        for level in in_turn(number, (1, 2))
    ],
)
def test_levels_agree(name: str, level: int) -> None:
    """With lengths, carries and their gradients; with a workspace, twice, and without."""
    model = model_of(name)
    plain, fast = module_of(name, True, 0), module_of(name, True, level)
    for kind in POINTS:
        point = planted(model, POINTS[kind](model))
        expected = result(plain, point)
        found = result(fast, point)
        assert disagreements(found, expected, 1e-12) == [], kind
        workspace = fast.Workspace(sizes(model), point.T, batch_of(fast, point), np.float64)
        for _ in range(2):
            again = result(fast, point, workspace)
            assert disagreements(again, found, 0.0) == [], kind


def batch_of(module: Any, point: Point) -> int:
    """How many sequences a point has; lengths or a carry tell it where no input does."""
    if point.lengths is not None:
        return len(point.lengths)
    arrays = [(point.inputs[name], axes) for name, axes in module.INPUTS.items()]
    arrays += [(array, module.CARRY[name]) for name, array in (point.carry or {}).items()]
    return next((int(array.shape[axes.index("B")]) for array, axes in arrays), 1)


@pytest.mark.parametrize(
    ("name", "level"),
    [(name, level) for number, name in enumerate(NAMES) for level in in_turn(number, (2, 1))],
)
def test_levels_agree_in_single_precision(name: str, level: int) -> None:
    point = single(draw(model_of(name), T=5, B=4, seed=2))
    expected, found = (result(module_of(name, False, each), point) for each in (0, level))
    for key, array in expected.grads.items():
        assert found.grads[key].dtype == np.float32
        largest = np.abs(array).max(initial=1e-3)
        assert np.abs(found.grads[key] - array).max(initial=0) <= 1e-5 * largest, key


def single(point: Point) -> Point:
    def cast(arrays: Any) -> Any:
        return arrays and {
            k: a.astype(np.float32) if a.dtype.kind == "f" else a for k, a in arrays.items()
        }

    return replace(
        point,
        params=cast(point.params),
        inputs=cast(point.inputs),
        carry=cast(point.carry),
        carry_grad=cast(point.carry_grad),
    )


# --- pass by pass -----------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(LEVELS[2]) + 1))
@pytest.mark.parametrize("name", FEW)
def test_every_pass_keeps_the_numbers(name: str, number: int) -> None:
    """The program after the first passes, run, gives what it gave before them."""
    model = model_of(name)
    derivation = derive(bind(model))
    text = render(lower(derivation), derivation, "", 1, LEVELS[2][:number])
    module = executed(text, name)
    point = planted(model, POINTS["everything"](model))
    assert disagreements(result(module, point), result(module_of(name, False, 0), point)) == []


def test_a_wrong_pass_is_noticed() -> None:
    """Dropping the last statement of the backward loop changes a gradient."""
    model = model_of("lstm")
    derivation = derive(model)

    def broken(program: Program) -> Program:
        backward = tuple(
            replace(b, statements=b.statements[:-1]) if b.place == "loop" else b
            for b in program.backward
        )
        return replace(program, backward=backward)

    text = render(lower(derivation), derivation, "", 1, (*LEVELS[2], broken))
    point = POINTS["dense"](model)
    expected = result(module_of("lstm", False, 0), point)
    assert disagreements(result(executed(text, "lstm"), point), expected)


# --- allocation ---------------------------------------------------------------------------


def peak(module: Any, point: Point, workspace: Any) -> int:
    """The bytes that a third call through one workspace allocates at its peak."""
    for _ in range(2):
        result(module, point, workspace)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result(module, point, workspace)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("name", BUILT_IN)
def test_a_call_with_a_workspace_allocates_nothing_that_grows(name: str, level: int) -> None:
    model, module = model_of(name), module_of(name, False, level)
    found = []
    for T, B in ((200, 48), (600, 48), (200, 144)):
        point = draw(model, T=T, B=B)
        workspace = module.Workspace(sizes(model), T, B, np.float64)
        found.append(peak(module, point, workspace))
    assert max(found) <= found[0] + 4096, found


def test_a_chunk_has_no_more_rows_than_a_call() -> None:
    model, module = model_of("lstm"), module_of("lstm")
    single, limit = np.dtype(np.float32), module._THRESHOLDS["bytes of a chunk"]
    assert module._chunk_rows({"T": 10, "B": 1}, 16, single) == 10
    assert module._chunk_rows({"T": 10**6, "B": 2}, 16, single) == limit // 64
    assert module._chunk_rows({"T": 2, "B": limit}, 16, single) == limit
    workspace = module.Workspace(sizes(model), 40, 1, np.float64)
    assert max(map(len, workspace.buffers.values())) == 41


# --- planted errors -----------------------------------------------------------------------

STATEMENT = re.compile(r" +(_\w+|product\d*|np\.\w+\.\w+)\(.*\)")


def planted_lines(source: str) -> list[int]:
    """The lines of the two functions that compute, each a call that writes into an array.

    Not those that write what stands there already: zeros in an array that was just made,
    and in the backward pass the labels' places, which the forward pass computed.
    """
    lines = source.splitlines()
    begin, end = lines.index(RUN_FORWARD), lines.index("def _arrays(size, dtype):")
    calls = [k for k in range(begin, end) if STATEMENT.fullmatch(lines[k])]
    return [k for k in calls if not lines[k].endswith(", 0)") and "row_starts" not in lines[k]]


RUN_FORWARD = "def _run_forward(w, params, inputs, start, first):"


@pytest.mark.parametrize("name", ("lstm", "gru", "two_states"))
def test_every_call_of_the_fastest_level_counts(name: str) -> None:
    """With any of them left out, loss or gradients differ from those of the plain level."""
    model = model_of(name)
    source = generate(model)
    point = replace(draw(model, T=4, B=3, seed=1), lengths=np.array([4, 2, 3]))
    expected = result(module_of(name, False, 0), point)
    lines = source.splitlines()
    tried = planted_lines(source)
    for number in tried:
        indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        changed = [*lines[:number], f"{indent}pass", *lines[number + 1 :]]
        with np.errstate(all="ignore"):
            found = result(executed("\n".join(changed), name), point)
        assert disagreements(found, expected), lines[number]
    assert len(tried) > 20


# --- products in blocks -------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("whole", [True, False], ids=["rows", "rows and columns"])
@pytest.mark.parametrize("name", ("lstm", "gru", "stacked", "two_states", "lag_two", "aliases"))
def test_products_in_blocks_are_the_same_products(name: str, whole: bool, rows: int) -> None:
    """Blocks as for large sizes, forced upon small ones; several matrices of one shape too."""
    model, module = model_of(name), executed(generate(model_of(name)), name)
    vars(module)["_blocking"] = lambda _rows, _inner, columns, _dtype: (
        rows,
        columns if whole else 1,
    )
    for kind in ("dense", "everything"):
        point = planted(model, POINTS[kind](model))
        expected = result(module_of(name, False, 0), point)
        workspace = module.Workspace(sizes(model), point.T, batch_of(module, point), np.float64)
        for _ in range(2):
            assert disagreements(result(module, point, workspace), expected, 1e-12) == []


@pytest.mark.parametrize(
    ("product", "single", "double"),
    [
        ((1, 4096, 4096), (0, 0), (0, 0)),
        ((16, 128, 128), (0, 0), (0, 0)),
        ((32, 256, 1024), (32, 64), (32, 32)),
        ((32, 1024, 256), (8, 64), (16, 32)),
        ((16, 512, 128), (16, 64), (16, 32)),
        ((32, 200, 804), (4, 804), (4, 804)),
        ((32, 804, 201), (4, 201), (4, 201)),
        ((31, 2000, 100), (31, 100), (31, 100)),
        ((64, 512, 2048), (64, 2048), (64, 2048)),
    ],
    ids=str,
)
def test_blocks_are_such_that_the_library_copies_nothing(
    product: tuple[int, int, int], single: tuple[int, int], double: tuple[int, int]
) -> None:
    blocking = vars(module_of("lstm"))["_blocking"]
    assert blocking(*product, np.dtype(np.float32)) == single
    assert blocking(*product, np.dtype(np.float64)) == double


@pytest.mark.parametrize(("B", "width"), [(31, 32), (32, 32), (256, 512 + 8)])
@pytest.mark.parametrize("name", ("lstm", "gru"))
def test_products_of_sizes_that_are_cut(name: str, B: int, width: int) -> None:
    """Of all sequences, of some, and of matrices whose rows are kept apart."""
    model, module = model_of(name), module_of(name)
    dims = {"d": 3, "h": 128, "q": 2}
    point = draw(model, T=3, B=B, dims=dims)
    params = {key: 0.2 * array for key, array in point.params.items()}
    lengths = np.arange(B) % 3 + 1
    for each in (point, replace(point, lengths=lengths, carry=None, carry_grad=None)):
        each = replace(each, params=params)
        expected = result(module_of(name, False, 0), each)
        workspace = module.Workspace(dims, 3, B, np.float64)
        matrices = [array for array in workspace.buffers.values() if array.ndim >= 2]
        # Cut by columns, or with rows that stand apart.
        widths = {a.shape[2] for a in matrices if a.ndim == 3}
        widths |= {a.strides[0] // a.itemsize for a in matrices if not a.flags.c_contiguous}
        assert width in widths or name == "gru"
        assert widths
        for _ in range(2):
            assert disagreements(result(module, each, workspace), expected, 1e-12) == []
