"""Code that changes with the size of a call, on every side of every change.

How products are cut, how far apart the rows of matrices stand, how many steps a chunk and a
segment have, whether a recurrence is scanned: each is forced upon small calls of every model;
and the sizes at which each changes are called on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from tests import cells
from tests.agreement import disagreements
from tests.codegen.test_gradients import POINTS, planted
from tests.codegen.test_levels import batch_of, result
from tests.modules import BUILT_IN, executed, in_turn, model_of, module_of
from tests.points import draw, sizes

NAMES = (*BUILT_IN, *cells.NAMES)


def cut(rows: int, columns: int | None) -> Callable[..., Any]:
    """Every product by blocks of so many rows, and of all columns or of so many."""

    def blocking(_rows: int, _inner: int, width: int, _dtype: Any) -> tuple[int, int]:
        return rows, columns or width

    return blocking


def whole(rows: int, _inner: int, columns: int, _dtype: Any) -> tuple[int, int]:
    """As a product too large to be cut."""
    return rows, columns


def none(_rows: int, _inner: int, _columns: int, _dtype: Any) -> tuple[int, int]:
    return 0, 0


def apart(_width: int, _dtype: Any) -> int:
    """Rows are always kept apart."""
    return 3


REGIMES: dict[str, dict[str, Any]] = {
    "rows in blocks": {"_blocking": cut(2, None)},
    "columns in blocks": {"_blocking": cut(2, 1)},
    "rows apart": {"_blocking": none, "_gap": apart},
    "whole, rows apart": {"_blocking": whole, "_gap": apart},
    "blocks, rows apart": {"_blocking": cut(2, 1), "_gap": apart},
    "small chunks": {"bytes of a chunk": 1},
    "chunks of two steps": {"_chunk_rows": lambda size, _width, _dtype: 2 * size["B"]},
    "a step a segment": {"rows of a segment": 1},
    "two steps a segment": {"rows of a segment": 9, "_blocking": whole, "_gap": apart},
    "never scanned": {"numbers a step of a scan": 0},
    "always scanned": {"numbers a step of a scan": 10**9, "steps of a scan side by side": 2},
    "the maximum taken off": {"logits less their maximum": 0},
    "nothing kept": {"bytes kept for the next call": 0},
    "few at once": {"entries computed at once": 1, "rows added up at once": 1},
}
"""What is put in place of a module's own choices: its functions, and its thresholds."""


@pytest.mark.parametrize(
    ("name", "level"),
    [(name, level) for number, name in enumerate(NAMES) for level in in_turn(number, (2, 1))],
)
def test_every_regime_computes_the_same_numbers(name: str, level: int) -> None:
    model = model_of(name)
    source = generate(model, bind=cells.BINDINGS.get(name), wrt_inputs=True, level=level)
    module = executed(source, name)
    own, limits = dict(vars(module)), dict(vars(module)["_THRESHOLDS"])
    for words, choices in {"as it is": {}, **REGIMES}.items():
        if not choices or choices.keys() & {*own, *limits}:
            vars(module)["_THRESHOLDS"].update({n: choices.get(n, v) for n, v in limits.items()})
            vars(module)["_KEPT"].clear()
            vars(module).update(own | {n: v for n, v in choices.items() if n in own})
            agrees(name, module, words)


def agrees(name: str, module: ModuleType, words: str) -> None:
    """A module's numbers are those of the plain code; in a workspace, too."""
    model, plain = model_of(name), module_of(name, True, 0)
    for kind in ("dense", "everything"):
        point = planted(model, POINTS[kind](model))
        expected = result(plain, point)
        workspace = vars(module)["Workspace"](
            sizes(model), point.T, batch_of(module, point), np.float64
        )
        for each in (None, workspace, workspace):
            found = result(module, point, each)
            assert disagreements(found, expected, 1e-12) == [], (words, kind)


# --- both sides of every change --------------------------------------------------------------

MATRIX = """
x: (d,)
A = W @ W
h[t] = tanh(A @ h[t-1] + x[t] + b)
loss[t] = squared_error(h[t], y[t])
"""
SCAN = """
x: (d,)
h[t] = f * h[t-1] + U @ x[t]
loss[t] = squared_error(h[t], y[t])
"""
READ_OUT = "loss[t] = squared_error(W @ x[t], y[t])\n"

SIDES: dict[str, tuple[str, int, int, int]] = {
    # Three rows are never cut; up to a million numbers are multiplied where they stand.
    "3 rows": (MATRIX, 2, 3, 600),
    "4 rows": (MATRIX, 2, 4, 600),
    "just below a million": (MATRIX, 2, 61, 128),
    "just above a million": (MATRIX, 2, 62, 128),
    # By blocks of columns, where these fill them; by no blocks where it is too large.
    "no whole block of columns": (MATRIX, 2, 32, 200),
    "whole blocks of columns": (MATRIX, 2, 32, 256),
    "below fourteen million": (MATRIX, 2, 53, 512),
    "above fourteen million": (MATRIX, 2, 64, 512),
    "rows of no power of two": (MATRIX, 2, 64, 513),
    # Rows end on a page of the cache or do not.
    "rows apart": (MATRIX, 2, 2, 256),
    "rows not apart": (MATRIX, 2, 2, 255),
    # A step's numbers are scanned up to 64.
    "64 numbers a step": (SCAN, 5, 4, 16),
    "65 numbers a step": (SCAN, 5, 5, 13),
    "66 numbers a step": (SCAN, 5, 6, 11),
    # One segment, two and three.
    "2048 rows": (READ_OUT, 32, 64, 3),
    "2049 rows": (READ_OUT, 683, 3, 3),
    "4097 rows": (READ_OUT, 241, 17, 3),
    "2048 rows of a recurrence": (SCAN, 32, 64, 2),
    "2049 rows of a recurrence": (SCAN, 683, 3, 2),
    "4097 rows of a recurrence": (MATRIX, 241, 17, 2),
    # A chunk holds 393,216 bytes.
    "one chunk": (SCAN, 40, 8, 64),
    "several chunks": (SCAN, 40, 8, 640),
}
"""Model, T, B and the length of the other dimensions."""


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("side", SIDES)
def test_both_sides_of_a_change_agree(side: str, dtype: Any) -> None:
    text, T, B, n = SIDES[side]
    model = parse(text, "model")
    plain, fast = (executed(generate(model, level=level), "model") for level in (0, 2))
    point = draw(model, T=T, B=B, dims=dict.fromkeys(model.dims, n))
    params = {key: array / np.sqrt(n) for key, array in point.params.items()}
    point = replace(point, params=params).floats(dtype)
    lengths = np.arange(B) % (T + 1)
    for each in (point, replace(point, lengths=lengths)):
        expected, found = result(plain, each), result(fast, each)
        assert disagreements(found, expected, 1e3 * float(np.finfo(dtype).eps)) == []
