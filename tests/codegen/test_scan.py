"""Linear diagonal recurrences, scanned: which they are, and that the numbers stay."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbptt.binding import bind
from symbptt.calculus.gradients import derive
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.fast.passes.scan import scan
from symbptt.codegen.lowering import lower
from symbptt.codegen.program import Program
from symbptt.codegen.render import generate
from symbptt.codegen.runtime.model import _THRESHOLDS
from symbptt.language.parser import parse
from tests import cells
from tests.agreement import disagreements
from tests.codegen.test_gradients import planted
from tests.codegen.test_levels import result
from tests.modules import BUILT_IN, EXHAUSTIVE, RANDOM, executed, model_of, module_of
from tests.points import draw, sizes

LOOPS = {
    "constant_quantity": (False, True),
    "last_step_of_an_unread_state": (False, True),
    "min_gru": (False, True),
    "quotient_of_states": (False, False, True, True),
    "undeclared_scalars": (False, True),
    "unread_state": (False, True),
    "vector_times_state": (False, True),
}
"""The cells with loops that are linear and diagonal, and which of these go backward."""

SUBJECTS = ("min_gru", "vector_times_state", "quotient_of_states", "unread_state")

BY_HAND = {
    "rates by steps, signs, several terms": """
        x: (d,)
        a[t] = sigmoid(W @ x[t])
        h[t] = b - a[t] * h[t-1] + 0.5 * s * h[t-1] + U @ x[t] + tanh(x[t-1])
        loss[t] = squared_error(h[t], y[t])
        """,
    "a rate a step for all entries": """
        x: (d,)
        a[t] = sigmoid(dot(w, x[t]))
        h[t] = a[t] * h[t-1] + (1 - a[t]) * (U @ x[t])
        loss[t] = squared_error(h[t], y[t])
        """,
    "one number a step": """
        x: (d,)
        r: scalar
        s[t] = sigmoid(r) * s[t-1] + dot(w, x[t])
        loss[t] = s[t] * s[t] + 0.1 * s[t-1]
        """,
    "a learned start": """
        x: (d,)
        h[t] = r * h[t-1] + U @ x[t]
        h[0] = h_0
        loss[t] = squared_error(V @ h[t], y[t])
        """,
}


def program_of(name: str) -> Program:
    """As it is when the pass gets it."""
    program = lower(derive(bind(model_of(name), cells.BINDINGS.get(name))))
    for change in LEVELS[2][: LEVELS[2].index(scan)]:
        program = change(program)
    return program


@pytest.mark.parametrize("name", [*BUILT_IN, *cells.NAMES, *(RANDOM if EXHAUSTIVE else ())])
def test_what_is_scanned(name: str) -> None:
    before, after = program_of(name), scan(program_of(name))
    found = tuple(block.backward for block in after.blocks if block.scan)
    assert found == LOOPS.get(name, ()) or name in RANDOM
    if not found:
        assert after == before
    others = [b for b in before.blocks if b.place == "loop"]
    kept = [b for b in after.blocks if b.place == "loop" and not b.scan]
    assert all(block in others for block in kept)
    assert len(kept) + len(found) == len(others)


def test_a_scan_has_one_statement_that_adds() -> None:
    for block in scan(program_of("min_gru")).blocks:
        if block.scan:
            (statement,) = block.statements
            assert statement.add
            assert len(block.hoisted) == 1


@pytest.mark.parametrize(
    "equation",
    [
        "h[t] = W @ h[t-1] + U @ x[t]",
        "h[t] = tanh(a * h[t-1]) + U @ x[t]",
        "h[t] = h[t-1] * h[t-1] + U @ x[t]",
        "h[t] = a * h[t-1] + sum(h[t-1]) * (U @ x[t])",
        "h[t] = a * h[t-2] + U @ x[t]",
        "h[t] = h[t-1] + U @ x[t]",
    ],
)
def test_what_is_not_linear_and_diagonal_is_left_alone(equation: str) -> None:
    declared = "a: (n,)\n" if "a *" in equation else ""
    text = f"x: (d,)\n{declared}{equation}\nloss[t] = squared_error(h[t], y[t])\n"
    source = generate(parse(text, "model"))
    forward = source[source.index("def _run_forward(") : source.index("def _run_backward(")]
    assert "_scan(" not in forward


# --- equal numbers ---------------------------------------------------------------------------


@cache
def by_hand(words: str, level: int) -> ModuleType:
    return executed(generate(parse(BY_HAND[words], "model"), level=level), "model")


def modules(name: str, level: int) -> ModuleType:
    return by_hand(name, level) if name in BY_HAND else module_of(name, False, level)


def is_scanned(module: Any, dims: dict[str, int], T: int, B: int) -> bool:
    workspace = module.Workspace(dims, T, B, np.float64)
    (segment, _), *_ = workspace.even_plan
    views = vars(segment.views).values()
    plans = [entry[1] for view in views if isinstance(view, list) for entry in view]
    return any(isinstance(plan, tuple) and len(plan) == 4 for plan in plans)


@pytest.mark.parametrize("T", [1, 2, 15, 16, 17, 64, 100, 257])
@pytest.mark.parametrize("name", [*SUBJECTS, *BY_HAND])
def test_scans_give_the_numbers_of_loops(name: str, T: int) -> None:
    """With a carry and its gradient, alone, and of several lengths; again in a workspace."""
    model = parse(BY_HAND[name], "model") if name in BY_HAND else model_of(name)
    plain, fast = modules(name, 0), modules(name, 2)
    assert is_scanned(fast, sizes(model), T, 3)
    lengths = np.array([T, max(T - 3, 0), T, T // 2])
    alone = replace(draw(model, T=T, B=1, seed=T), carry=None, carry_grad=None)
    ragged = replace(draw(model, T=T, B=4, seed=T), lengths=lengths)
    points = [alone, draw(model, T=T, B=3, seed=T), planted(model, ragged)]
    for point in points:
        expected, found = result(plain, point), result(fast, point)
        assert disagreements(found, expected, 1e-12) == []
        workspace = fast.Workspace(sizes(model), point.T, point.B, np.float64)
        for _ in range(2):
            assert disagreements(result(fast, point, workspace), found, 0.0) == []


def test_many_numbers_a_step_stay_in_a_loop() -> None:
    model, fast = model_of("min_gru"), module_of("min_gru")
    (width,) = (sizes(model)[dim] for dim in ("n_h",))
    few = _THRESHOLDS["numbers a step of a scan"] // width
    many = few + 1
    assert is_scanned(fast, sizes(model), 20, few)
    assert not is_scanned(fast, sizes(model), 20, many)
    for B in (few, many):
        point = draw(model, T=50, B=B, seed=1)
        expected = result(module_of("min_gru", False, 0), point)
        assert disagreements(result(fast, point), expected, 1e-12) == []


def test_long_scans_are_taken_in_chunks() -> None:
    """What a chunk's coefficients touch stays in the cache; a chunk starts where one ended."""
    model, text = model_of("min_gru"), generate(model_of("min_gru"))
    text = re.sub(r"chunk = _chunk_rows\(.*\)", "chunk = 40", text)
    module = executed(text, "min_gru")
    point = draw(model, T=333, B=2, seed=5)
    expected = result(module_of("min_gru", False, 0), point)
    assert disagreements(result(module, point), expected, 1e-12) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ends[k + 1]) for k", "ends[k]) for k"),
        ("x[:, s] if s else ends[:-1]", "x[:, s] if s else ends[1:]"),
        ("range(whole, len(run))", "range(whole, len(run) - 1)"),
        ("range(1, side)", "range(1, side - 1)"),
        ("factor[::-1], source", "factor, source"),
        ("ends[0], source[0]", "ends[0], source[1]"),
        ("    add(out, part, out)", "    add(out, 1.001 * part, out)"),
        ("blocks = len(run)", "blocks = 1 + len(run)"),
    ],
)
def test_an_error_in_a_scan_is_noticed(old: str, new: str) -> None:
    model, text = model_of("min_gru"), generate(model_of("min_gru"))
    head, found, tail = text.partition("def _scan(")
    assert old in found + tail
    module = executed(head + found + tail.replace(old, new, 1), "min_gru")
    point = draw(model, T=100, B=2, seed=3)
    expected = result(module_of("min_gru", False, 0), point)
    try:
        assert disagreements(result(module, point), expected, 1e-12)
    except ValueError:
        assert old.startswith("blocks = ")


# --- the scan itself -------------------------------------------------------------------------


@cache
def scan_functions() -> dict[str, Any]:
    return module_of("min_gru").__dict__


def plan_of(run: Any, factor: Any, values: Any, backward: bool) -> Any:
    rooms: dict[str, Any] = {}
    sizes = {"T": len(run), "B": 1}
    plan = scan_functions()["_scan_plan"]
    return plan(True, run, factor, values[:-1], values[1:], backward, rooms, sizes)


def scanned_values(factor: Any, added: Any, start: Any) -> Any:
    """h[t] = factor[t] * h[t-1] + added[t], by the module's own functions."""
    T = len(added)
    values = np.concatenate([start[None], added])
    run = [(None, slice(0, 1))] * T
    scan_functions()["_scan"](plan_of(run, factor, values, False))
    return values[1:]


def looped_values(factor: Any, added: Any, start: Any) -> Any:
    factor = np.broadcast_to(factor, added.shape)
    found = [start]
    for a, b in zip(factor, added, strict=True):
        found.append(a * found[-1] + b)
    return np.array(found[1:])


@pytest.mark.parametrize("T", [1, 15, 16, 31, 32, 1000, 3001])
@pytest.mark.parametrize("kind", ["gates", "zeros", "alternating", "tiny", "growing", "fixed"])
def test_a_scan_is_exact_where_products_over_or_underflow(kind: str, T: int) -> None:
    rng = np.random.default_rng(T)
    factor = {
        "gates": rng.uniform(0.5, 1, (T, 4)),
        "zeros": rng.uniform(0.5, 1, (T, 4)) * (rng.random((T, 4)) < 0.9),
        "alternating": rng.uniform(-1, 1, (T, 4)),
        "tiny": rng.uniform(0, 1e-200, (T, 4)),
        "growing": rng.uniform(1.0, 1.2, (T, 4)),
        "fixed": rng.uniform(0.5, 1, 4),
    }[kind]
    added, start = rng.standard_normal((T, 4)), rng.standard_normal(4)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = scanned_values(factor, added, start)
        expected = looped_values(factor, added, start)
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("T", [16, 100, 1000])
def test_a_plan_holds_views(T: int) -> None:
    """What is computed later must be seen by the plan: nothing in it is a copy."""
    factor, values = np.ones((T, 3)), np.ones((T + 1, 3))
    for given in (factor, np.ones(3), np.ones(())):
        run = [(None, slice(0, 1))] * T
        _, folds, (factors, product), steps = plan_of(run, given, values, True)
        assert np.shares_memory(factors, given)
        assert all(np.shares_memory(each, given) for each, _, _ in folds)
        for each, _, _, out in steps:
            assert np.shares_memory(each, given) or np.shares_memory(each, product)
            assert np.shares_memory(out, values) or np.shares_memory(out, steps[0][3].base)


def arrays_in(views: Any) -> Iterator[Any]:
    if isinstance(views, np.ndarray):
        yield views
    elif isinstance(views, tuple | list):
        for each in views:
            yield from arrays_in(each)


def memory_of(array: Any) -> int:
    """What tells the memory that an array is a view of."""
    while array.base is not None:
        array = array.base
    return id(array)


@pytest.mark.parametrize("name", [*SUBJECTS, *BY_HAND])
def test_a_workspace_counts_what_its_scans_write_into(name: str) -> None:
    """Alone and of several lengths; only constants, of one number, stand elsewhere."""
    model = parse(BY_HAND[name], "model") if name in BY_HAND else model_of(name)
    fast = modules(name, 2)
    for T in (1, 16, 17, 300):
        workspace = fast.Workspace(sizes(model), T, 3, np.float64)
        point = replace(draw(model, T=T, B=3, seed=1), lengths=np.array([T, T // 2, T]))
        before = workspace.nbytes
        result(fast, point, workspace)
        gathered = sum(array.nbytes for array in workspace.others.values())
        assert workspace.nbytes == before + gathered
        tables = (workspace.buffers, *workspace.kept)
        buffers = [array for table in tables for array in table.values()]
        counted = {memory_of(array) for array in buffers}
        assert workspace.nbytes >= sum(array.nbytes for array in buffers)
        for (segment, _), *_ in (workspace.even_plan, workspace.plan):
            plans = list(vars(segment.views).values())
            written = [a for a in arrays_in(plans) if a.ndim == 3 and a.dtype == np.float64]
            assert written
            # A rate that all entries or steps share may be a view of a constant.
            assert all(memory_of(a) in counted or 0 in a.strides for a in written)


def test_a_call_with_a_scan_allocates_nothing_that_grows() -> None:
    """NumPy itself takes up to 8192 numbers for an operand that it must copy."""
    model, module = model_of("min_gru"), module_of("min_gru")
    peaks = []
    for T in (5000, 15_000):
        point = draw(model, T=T, B=2)
        workspace = module.Workspace(sizes(model), T, 2, np.float64)
        assert is_scanned(module, sizes(model), T, 2)
        for _ in range(2):
            result(module, point, workspace)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result(module, point, workspace)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
        tracemalloc.stop()
    assert peaks[1] <= peaks[0] + 4096, peaks
