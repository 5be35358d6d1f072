"""Adjoints of gates where the gates stand: a backward loop writes over what it has read.

A step's gates are read for the last time in the chunk, or at the step, that computes their
adjoints. A family of adjoints that is as large as one of gates can have its array, if all
that a step reads of the gates is read before it writes the first of the adjoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from symbptt.algebra import NOW, Cotangent
from symbptt.codegen.fast.passes.rewriting import conflict, on_blocks, touches
from symbptt.codegen.places import Places, leaves, variables
from symbptt.codegen.program import Assign, Block, Family, Program


def reuse(program: Program) -> Program:
    """Give every family of adjoints that that can have one the array of a family of gates."""
    for gates in program.families:
        if gates in program.by_blocks:
            program = next(shared(program, gates), program)
    return program


def shared(program: Program, gates: Family) -> Iterator[Program]:
    """The program with these gates' array given away, for each family that may have it."""
    kinds = Places(program).kinds
    guests = {guest for guest, _ in program.reuse}
    for adjoints in program.families:
        alike = [a.shape for a in adjoints] == [g.shape for g in gates]
        timed = all(isinstance(a, Cotangent) and a.index == NOW for a in adjoints)
        if not (alike and timed) or adjoints in guests:
            continue
        if {kinds[v] for v in variables((*adjoints, *gates))} != {"rows"}:
            continue
        loop = only_writer(program, adjoints)
        if loop is None or not is_last_reader(program, loop, gates):
            continue
        statements = read_first(loop.statements, gates, adjoints)
        if statements is not None:
            changed = replace(loop, statements=tuple(statements))
            new = on_blocks(program, partial(put, loop, changed))
            yield replace(new, reuse=(*new.reuse, (adjoints, gates)))


def put(old: Block, new: Block, block: Block) -> Block:
    return new if block is old else block


def only_writer(program: Program, adjoints: Family) -> Block | None:
    """The loop that alone writes them, anew at each step; None where there is none.

    What is added to begins with zeros, which would be written over the gates.
    """
    found = []
    for block in program.blocks:
        for place, statement in block.run():
            if touches(statement.targets, adjoints):
                own = set(statement.targets) <= set(adjoints) and not statement.add
                if place != "loop" or not own:
                    return None
                found.append(block)
    first = found[0] if found else None
    same = all(block is first for block in found)
    return first if first is not None and same and not first.scan else None


def is_last_reader(program: Program, loop: Block, gates: Family) -> bool:
    """Whether nothing takes the gates after a loop, nor writes them in it."""
    place = next(k for k, block in enumerate(program.blocks) if block is loop)
    after = [s for block in program.blocks[place + 1 :] for _, s in block.run()]
    inside = [s for _, s in loop.run()]
    taken = any(touches((*s.targets, *leaves(s.value)), gates) for s in after)
    return not taken and not any(touches(s.targets, gates) for s in inside)


def read_first(
    statements: Sequence[Assign], gates: Family, adjoints: Family
) -> list[Assign] | None:
    """The statements with those that read the gates before those that write the adjoints."""
    begin = next(k for k, s in enumerate(statements) if touches(s.targets, adjoints))
    early, late = list(statements[:begin]), []
    for statement in statements[begin:]:
        if not touches(leaves(statement.value), gates):
            late.append(statement)
        elif touches(statement.targets, adjoints) or any(conflict(s, statement) for s in late):
            return None
        else:
            early.append(statement)
    return [*early, *late]
