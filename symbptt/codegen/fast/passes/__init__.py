"""What is done to an array program before it is printed: named functions, one after another."""

from __future__ import annotations

from collections.abc import Callable

from symbptt.codegen.fast.passes.activations import factoring, shared_tanh
from symbptt.codegen.fast.passes.fusion import fusion, named_products
from symbptt.codegen.fast.passes.hoisting import hoisting
from symbptt.codegen.fast.passes.in_place import in_place
from symbptt.codegen.fast.passes.inlining import dead_code, inlining, single_assignment
from symbptt.codegen.fast.passes.layout import layout
from symbptt.codegen.fast.passes.reuse import reuse
from symbptt.codegen.fast.passes.scan import scan
from symbptt.codegen.fast.passes.splitting import splitting
from symbptt.codegen.program import Program
from symbptt.errors import OptionError

Pass = Callable[[Program], Program]

LEVELS: dict[int, tuple[Pass, ...]] = {
    0: (),
    1: (dead_code, single_assignment),
    2: (
        dead_code,
        single_assignment,
        inlining,
        dead_code,
        hoisting,
        factoring,
        shared_tanh,
        in_place,
        named_products,
        fusion,
        scan,
        splitting,
        layout,
        reuse,
    ),
}
"""The passes of each level of optimisation, in the order in which they are applied."""


GATES = ("blocks", "columns")
"""How the gates of a step stand in memory: end to end, or side by side in the same rows."""

LAYOUT: tuple[Pass, ...] = (splitting, layout, reuse)


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
    return tuple(change for change in LEVELS[level] if change not in LAYOUT)


def optimised(program: Program, level: int) -> Program:
    """The program after all passes of a level."""
    for change in LEVELS[level]:
        program = change(program)
    return program
