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
_DRAWN: dict[str, str] = {}
_LOSS_AT_LAST_STEP = False
_GATES: dict[str, int] = {}
_CHUNK_BYTES = 0
_SEGMENT_ROWS = 0
_AGAIN = False
_SEGMENT: int | None = None


def _forward(call: Any) -> Any:
    raise NotImplementedError


def _loss(call: Any, values: Any) -> None:
    raise NotImplementedError


def _run_forward(w: Any, params: Any, inputs: Any, start: Any, first: bool) -> None:
    raise NotImplementedError


def _run_backward(
    w: Any, params: Any, inputs: Any, start: Any, carry_grad: Any, first: bool
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    raise NotImplementedError


def _buffers(size: Any, dtype: Any) -> dict[str, Any]:
    raise NotImplementedError


def _sums(size: Any, dtype: Any) -> dict[str, Any]:
    raise NotImplementedError


def _kept(size: Any, dtype: Any) -> dict[str, Any]:
    raise NotImplementedError


def _views(
    buffers: Any, kept: Any, sums: Any, rows: Any, size: Any, dtype: Any, one: Any
) -> Any:
    raise NotImplementedError
