"""What is done to an array program before it is printed: named functions, one after another."""

from __future__ import annotations

from collections.abc import Callable

from symbptt.codegen.passes.activations import fewer_calls, one_tanh
from symbptt.codegen.passes.coefficients import coefficients
from symbptt.codegen.passes.composition import compose, store_once, without_unread
from symbptt.codegen.passes.joining import join, name_products
from symbptt.codegen.passes.parting import parted
from symbptt.codegen.passes.renaming import in_place
from symbptt.codegen.passes.rooms import over_gates
from symbptt.codegen.passes.scan import scanned
from symbptt.codegen.passes.turning import by_blocks
from symbptt.codegen.program import Program
from symbptt.errors import OptionError

Pass = Callable[[Program], Program]

LEVELS: dict[int, tuple[Pass, ...]] = {
    0: (),
    1: (without_unread, store_once),
    2: (
        without_unread,
        store_once,
        compose,
        without_unread,
        coefficients,
        fewer_calls,
        one_tanh,
        in_place,
        name_products,
        join,
        scanned,
        parted,
        by_blocks,
        over_gates,
    ),
}
"""The passes of each level of optimisation, in the order in which they are applied."""


GATES = ("blocks", "columns")
"""How the gates of a step stand in memory: end to end, or side by side in the same rows."""

LAYING_OUT: tuple[Pass, ...] = (parted, by_blocks, over_gates)


def passes_of(level: int, gates: str) -> tuple[Pass, ...]:
    """The passes of a level with the layout asked for.

    Raises
    ------
    OptionError
        If there is no such layout, or the level lays nothing out.
    """
    if gates not in GATES:
        raise OptionError(f"gates: expected one of {', '.join(GATES)}, found {gates!r}")
    if gates == "blocks":
        return LEVELS[level]
    if level < 2:
        raise OptionError(f"gates and level {level} can't be combined: only level 2 joins gates")
    return tuple(change for change in LEVELS[level] if change not in LAYING_OUT)


def optimised(program: Program, level: int) -> Program:
    """The program after all passes of a level."""
    for change in LEVELS[level]:
        program = change(program)
    return program
