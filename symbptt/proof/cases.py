"""Every way in which the code of a module may tell one call from another.

Thresholds are read off the module, which states them; the rest is what its interface allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.proof.points import size_sets

Sizes = Mapping[str, int]
STANDARD = {"rows": 2048, "multiplications": 1_000_000}
"""The thresholds of a module that states none."""

FEW, MANY, FAR = 128, 2048, 2 * 10**7
"""Up to where a threshold is tried as a length, as rows, and at all."""

WIDE, NARROW = 128, 16
"""The dimensions of a call whose products multiply many numbers, and those where a module states
no thresholds: it may be one of the forward mode, which keeps the cube of a dimension a sequence."""

FLOATS = ("float64", "float32")

GROUPS = ("steps", "sequences", "sizes", "rows", "starts", "numbers", "layouts")
"""The rows of cases, in their order."""

LONG, LONGER = 60, 600
"""Steps through which errors of a carry, of segments and of checkpoints show."""


@dataclass(frozen=True)
class Case:
    """One way to call a module.

    Attributes
    ----------
    group : str
        The row to which it belongs.
    size, pull : float
        What the arguments and what ``carry_grad`` are multiplied with.
    spread : bool
        Whether arguments are of many orders of magnitude.
    told : bool
        Whether lengths are handed in though they are all T.
    laid : str
        How arrays stand in memory, of `LAYOUTS`.
    """

    group: str
    steps: int = 6
    valid: tuple[int, ...] = (6, 6, 6)
    sizes: Sizes = field(default_factory=dict)
    dtype: str = "float64"
    carry: bool = True
    carry_grad: bool = True
    size: float = 1.0
    pull: float = 1.0
    spread: bool = False
    laid: str = "plain"
    told: bool = False

    @property
    def words(self) -> str:
        ragged = set(self.valid) != {self.steps}
        words = [f"T = {self.steps}", f"B = {len(self.valid)}"]
        words += [f"{name} = {size}" for name, size in self.sizes.items()]
        words += [f"lengths {', '.join(map(str, self.valid[:4]))}"] if ragged else []
        words += ["lengths handed in"] if self.told else []
        words += [self.dtype] if self.dtype != "float64" else []
        words += [] if self.carry else ["no carry"]
        words += [] if self.carry_grad else ["no carry_grad"]
        words += [f"arguments times {self.size:g}"] if self.size != 1 else []
        words += [f"carry_grad times {self.pull:g}"] if self.pull != 1 else []
        words += ["badly scaled"] if self.spread else []
        words += [f"{self.laid} arrays"] if self.laid != "plain" else []
        return ", ".join(words)


def _every(step: int, array: Any) -> Any:
    """Every ``step``-th entry along each axis, as a view."""
    return array[(..., *(slice(None, None, step) for _ in array.shape))]


def _strided(array: Any) -> Any:
    """Every other entry of a longer array, along each axis."""
    view = _every(2, np.full([2 * n for n in array.shape], 7, array.dtype))
    view[...] = array
    return view


def _offset(array: Any) -> Any:
    """An array that does not begin where a number may stand."""
    raw = np.zeros(array.nbytes + 1, np.uint8)
    view = np.frombuffer(raw[1:].data, array.dtype, array.size).reshape(array.shape)
    view[...] = array
    return view


def _read_only(array: Any) -> Any:
    array = array.copy()
    array.flags.writeable = False
    return array


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "plain": np.array,
    "strided": _strided,
    "reversed": lambda array: _every(-1, _every(-1, array).copy()),
    "Fortran-ordered": lambda array: np.array(array, order="F"),
    "read-only": _read_only,
    "offset": _offset,
}


def cases(model: Model, thresholds: Mapping[str, Any] = STANDARD) -> Iterator[Case]:
    """Every way in which a module is called whose code changes at the thresholds.

    What a threshold counts is not asked: it is passed by the steps, by the sequences, by
    every dimension, by the rows, and by the numbers that one product multiplies.
    """
    small = size_sets(model)[0]
    wide = NARROW if thresholds is STANDARD else WIDE
    limits = {int(limit) for limit in thresholds.values() if limit and limit < FAR}
    few = sorted(limit for limit in limits if limit <= FEW)
    for steps in sorted({1, 2, 3, 7, 8, 13, 41, LONG, *few, *(n + 1 for n in few)}):
        yield Case("steps", steps, (steps, steps), small)
    yield Case("steps", LONG, (LONG,), small)
    yield Case("steps", LONG, (LONG, 41, 0, 7, 13), small)
    for count in sorted({1, 8, 9, 10, 33, *few, *(n + 1 for n in few)}):
        yield Case("sequences", 4, (4,) * count, small)
        yield Case("sequences", 4, tuple((3 * b + 4) % 5 for b in range(count)), small)
    yield Case("sequences", 4, (0, 0), small)
    yield Case("sequences", 0, (0, 0), small)
    for size in sorted({1, 8, 9, 17, 34, 40, *few, *(n + 1 for n in few)}) if small else ():
        # Of one length, and of lengths that all differ.
        yield Case("sizes", 3, (3,) * 4, dict.fromkeys(small, size))
        yield Case("sizes", 3, (3, 1), {name: size + k for k, name in enumerate(small)})
    for limit in sorted(limits) if small else ():
        if limit > 16 * wide**2:
            count = limit // wide**2 + 1
            dtype = "float64" if count * wide < 100 * WIDE else "float32"
            yield Case("sizes", 2, (2,) * count, dict.fromkeys(small, wide), dtype)
    rows = max((limit for limit in limits if limit <= MANY), default=0)
    for limit in sorted(limits):
        if FEW < limit <= rows:
            T = limit // 16
            yield Case("rows", T + 1, (T + 1, *(T // 2 for _ in range(15))), small)
    for dtype, T in product(FLOATS, (rows // 16, rows // 16 + 1)):
        yield Case("rows", T, (T,) * 16, small, dtype)
    yield Case("rows", rows + 1, (rows + 1,), small)
    for dtype, valid in product(FLOATS, ((6, 6, 6), (6,), (4,), (6, 0, 3))):
        for carry, back in product((False, True), repeat=2):
            yield Case("starts", 6, valid, small, dtype, carry, back)
        yield Case("starts", 6, valid, small, dtype, told=True)
    for dtype in FLOATS:
        numbers = partial(Case, "numbers", 6, (6, 6), small, dtype)
        yield from (numbers(size=size) for size in (1e-3, 1e-1, 10.0, 100.0))
        yield from (numbers(size=size, pull=1e3) for size in (1.0, 10.0))
        yield numbers(spread=True)
        yield Case("numbers", LONG, (LONG, LONG), small, dtype, pull=1e3)
    for dtype, laid, valid in product(FLOATS, LAYOUTS, ((6, 6, 6), (6, 2, 5))):
        yield Case("layouts", 6, valid, small, dtype, laid=laid)
