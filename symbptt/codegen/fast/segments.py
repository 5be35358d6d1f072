"""A call in segments of steps: what of a forward pass can wait, and what each segment keeps.

Forward, all segments run one after another; then, from the last to the first, each one runs
backward in arrays that all share, so that these stay in the cache. Checkpointed modules share
the arrays of the forward pass, too, and run each segment forward a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from symbptt.algebra import Param
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.codegen.modes import Mode
from symbptt.codegen.places import Places, Variable, leaves, variable
from symbptt.codegen.program import Assign, Block, Program
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


def in_two_parts(program: Program) -> tuple[Program, Program]:
    """The forward pass in two parts: what loops and states take, and what can wait.

    The second part, which has the backward pass, too, runs right before that, in arrays that
    all segments share. A name that is needed anywhere keeps every statement that writes it in the
    first part, so that it does not matter which of several values of an array that is written
    over is meant; so does a statement whose operands are written over later.
    """
    blocks = (*program.forward, *program.loss)
    initials = program.model.initials
    wanted: list[Variable] = [("value", i.name) for i in initials]
    wanted += [("value", i.value.name) for i in initials if isinstance(i.value, Param)]
    for block in blocks:
        if block.place in ("loop", "static"):
            wanted += [v for _, statement in block.run() for v in written(statement)]
    needed = needed_for(wanted, blocks)
    while missing := overtaken(blocks, needed):
        needed = needed_for([*needed, *missing], blocks)

    def part(waiting: bool) -> Program:
        forward, loss = (
            tuple(kept for b in found if (kept := only(b, needed, waiting=waiting)).statements)
            for found in (program.forward, program.loss)
        )
        return replace(program, forward=forward, loss=loss)

    return replace(part(False), backward=(), gradients=()), part(True)


def overtaken(blocks: Iterable[Block], needed: set[Variable]) -> set[Variable]:
    """What waiting statements write whose operands a later, needed one writes over."""
    found: set[Variable] = set()
    waiting: list[Assign] = []
    for block in blocks:
        for _, statement in block.run():
            if written(statement) & needed:
                for earlier in waiting:
                    if written(statement) & set(read(earlier)):
                        found |= written(earlier)
            else:
                waiting.append(statement)
    return found


def kept_apart(program: Program, places: Places) -> set[Variable]:
    """What every segment has an array of its own for: made in the first part, read later."""
    first, later = in_two_parts(program)
    made = {v for block in first.blocks for _, s in block.run() for v in written(s)}
    made |= {("value", name) for name in (*places.inputs, *places.pasts)}
    used = {v for block in later.blocks for _, s in block.run() for v in read(s)}
    used |= {("value", name) for name in places.pasts}
    return {v for v in made & used if places.kinds.get(v, "static") != "static"}


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


def only(block: Block, needed: set[Variable], *, waiting: bool) -> Block:
    """A block with the statements that write something needed; or with those that do not."""

    def chosen(statements: Iterable[Assign]) -> tuple[Assign, ...]:
        return tuple(s for s in statements if bool(written(s) & needed) is not waiting)

    return replace(block, statements=chosen(block.statements), hoisted=chosen(block.hoisted))


def written(statement: Assign) -> set[Variable]:
    return {v for target in statement.targets if (v := variable(target)) is not None}


def read(statement: Assign) -> Iterator[Variable]:
    """What a statement reads, and what is written beside what it writes."""
    yield from written(statement)
    yield from (v for leaf in leaves(statement.value) if (v := variable(leaf)) is not None)
