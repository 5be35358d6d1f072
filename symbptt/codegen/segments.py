"""Checkpointed modules: the length of a segment, and what of a forward pass keeps its states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from symbptt.algebra import Param
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.codegen.modes import Mode
from symbptt.codegen.program import Assign, Block, Program
from symbptt.codegen.scope import Section
from symbptt.codegen.storage import Variable, leaves, variable
from symbptt.errors import OptionError


def check_segments(checkpoint: int | str, mode: Mode, level: int, estimator: Estimator) -> None:
    """Refuse what is no length of a segment, and options that it does not go together with.

    Raises
    ------
    OptionError
        In either case.
    """
    is_number = isinstance(checkpoint, int) and not isinstance(checkpoint, bool)
    if checkpoint != "auto" and not (is_number and int(checkpoint) > 0):
        raise OptionError(f"checkpoint: expected steps >= 1 or 'auto', found {checkpoint!r}")
    if max(mode.levels) == 0:
        raise OptionError(f"checkpoint and the mode {mode.name} can't be combined")
    if level == 0:
        raise OptionError("checkpoint and level 0 can't be combined: plain code keeps every step")
    if estimator != FULL:
        raise OptionError(f"checkpoint and the estimator {estimator} can't be combined")


def only_states(program: Program) -> tuple[Block, ...]:
    """The forward blocks without the statements that no initial value of later steps needs.

    A name that is needed anywhere keeps every statement that writes it, so that it does not
    matter which of several values of an array that is written over is meant.
    """
    blocks = (*program.forward, *program.loss)
    initials = program.model.initials
    wanted: list[Variable] = [("value", i.name) for i in initials]
    wanted += [("value", i.value.name) for i in initials if isinstance(i.value, Param)]
    needed = needed_for(wanted, blocks)
    return tuple(kept for block in blocks if (kept := without(block, needed)).statements)


def needed_for(wanted: Iterable[Variable], blocks: Iterable[Block]) -> set[Variable]:
    """Some variables, and all that their values are computed from."""
    statements = [s for block in blocks for _, s in block.run()]
    needed = set(wanted)
    pending = True
    while pending:
        before = len(needed)
        for statement in statements:
            if written(statement) & needed:
                needed.update(read(statement))
        pending = len(needed) > before
    return needed


def without(block: Block, needed: set[Variable]) -> Block:
    """A block without the statements that write nothing needed."""
    return replace(
        block,
        statements=tuple(s for s in block.statements if written(s) & needed),
        coefficients=tuple(s for s in block.coefficients if written(s) & needed),
    )


def written(statement: Assign) -> set[Variable]:
    return {v for target in statement.targets if (v := variable(target)) is not None}


def read(statement: Assign) -> Iterator[Variable]:
    """What a statement reads, and what is written beside what it writes."""
    yield from written(statement)
    yield from (v for leaf in leaves(statement.value) if (v := variable(leaf)) is not None)


def apart(section: Section) -> tuple[list[str], list[str]]:
    """The lines in front of a function: those that fill arrays, and those that name a local."""
    local = {name for text, name in section.views.items() if text.startswith("gathered ")}
    naming = [line for line in section.prologue if line.partition(" = ")[0] in local]
    return [line for line in section.prologue if line not in naming], naming
