"""What is done to an array program before it is printed: named functions, one after another."""

from __future__ import annotations

from collections.abc import Callable

from symbptt.codegen.program import Program

Pass = Callable[[Program], Program]

LEVELS: dict[int, tuple[Pass, ...]] = {0: (), 1: (), 2: ()}
"""The passes of each level of optimisation, in the order in which they are applied."""


def optimised(program: Program, level: int) -> Program:
    """The program after all passes of a level."""
    for change in LEVELS[level]:
        program = change(program)
    return program
