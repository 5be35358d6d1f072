"""What a module says of its model: every module has these names of its own."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

Axes = tuple[Any, ...]

DIMS: tuple[str, ...] = ()
PARAMS: dict[str, Axes] = {}
INPUTS: dict[str, Axes] = {}
INDEX_INPUTS: dict[str, Any] = {}
CARRY: dict[str, Axes] = {}
TAU = 1
PI = Fraction(1)

_LAG = 0
_UNTIMED: tuple[str, ...] = ()
_LOSS_ONLY: tuple[str, ...] = ()
_OUTPUTS: tuple[str, ...] = ()
_SCALARS: tuple[str, ...] = ()
_WITH_RESPECT_TO: tuple[str, ...] = ()
_FIXED: tuple[str, ...] = ()
_DRAWN: dict[str, str] = {}
_GATES: dict[str, int] = {}
_KEPT: dict[Any, Any] = {}
_LOSS_AT_LAST_STEP = True
"""Whether there is a loss at T."""
_SUMMED = True
"""Whether L is the sum of the losses, and no mean."""
_READ_AT_LAST_STEP = True
"""Whether anything is."""
_AGAIN = True
"""Whether each segment runs forward again before it runs backward."""
_SOME_FIXED = True
"""Whether a parameter is held, and has no gradient."""
_SUMS_OF_LENGTHS = True
"""Whether the length of an axis may be a sum, or a number."""
_STEPS_GIVEN = True
"""Whether the caller tells T."""
_CARRY_TELLS = True
"""Whether a carry alone may tell a length."""
_SCALAR_ROWS = True
"""Whether an input or a state may be a number a row."""
_INCOMPLETE = True
"""Whether the forward pass leaves a quantity in no array of all rows."""
_INDEX_STATES = True
"""Whether a carry may hold integers."""
_THRESHOLDS: dict[str, Any] = {
    # Several segments, where each runs forward again (None: the square root of T); elsewhere.
    "steps of a segment": None,
    "rows of a segment": 2048,
    "bytes of a chunk": 393_216,
    # Scanned up to so many numbers a step, side by side from so many steps on.
    "numbers a step of a scan": 64,
    "steps of a scan side by side": 16,
    # A product of a step is cut from so many rows on, if it multiplies more numbers than one
    # block may and no more than all may; a block of columns has so many bytes a row.
    "rows of a product in blocks": 4,
    "multiplications of a block": 1_000_000,
    "multiplications of all blocks": 14_000_000,
    "bytes of a block of columns": 256,
    # Rows of a matrix are set apart where they have a multiple of so many bytes.
    "bytes of rows set apart": 1024,
    # What is computed plainly is computed for so many entries, added up for so many rows.
    "entries computed at once": 4096,
    "rows added up at once": 256,
    # Softmax takes off the maximum of a row where a logit is so far from 0.
    "logits less their maximum": 16,
    # NumPy copies operands with gaps of calls on fewer numbers.
    "numbers in a buffer of NumPy": 1024,
    # Below, `forward` keeps its buffers for a next call of the same size.
    "bytes kept for the next call": 1_000_000,
}
"""Where a module's code changes with what it is given; a module states those that it reads."""

Workspace: Any = object


def _forward(call: Any) -> Any:
    raise NotImplementedError


def _loss(call: Any, values: Any) -> None:
    raise NotImplementedError


def _completed(call: Any, values: Any) -> None:
    raise NotImplementedError


def _run_forward(w: Any, params: Any, inputs: Any, start: Any, first: bool) -> None:
    raise NotImplementedError


def _run_loss(w: Any, params: Any, inputs: Any, first: bool, targets: bool) -> None:
    raise NotImplementedError


def _run_backward(
    w: Any, params: Any, inputs: Any, start: Any, carry_grad: Any, first: bool
) -> dict[str, Any]:
    raise NotImplementedError


def _quantities(w: Any) -> dict[str, Any]:
    raise NotImplementedError


def _arrays(size: Any, dtype: Any) -> dict[str, Any]:
    raise NotImplementedError


def _forward_views(w: Any) -> None:
    raise NotImplementedError


def _backward_views(w: Any) -> None:
    raise NotImplementedError
