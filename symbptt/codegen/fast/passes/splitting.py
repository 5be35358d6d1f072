"""Families that only the product before a loop made, split again.

A product for all steps at once is one whether its results stand in one array or in two. A
loop that takes them one by one walks gaps in an array of all, and none in one of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from symbptt.algebra import Concat, Expr, Product, Ref, map_children, walk
from symbptt.codegen.fast.passes.rewriting import on_blocks, statements, touches
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.places import leaves
from symbptt.codegen.program import Assign, Block, Family, Program


def splitting(program: Program) -> Program:
    """Split families into those of their members that something else takes at once."""
    families: list[Family] = []
    pieces: dict[Expr, Family] = {}
    for family in program.families:
        found = parts_of(program, family) if is_before_loops(program, family) else [family]
        families += [piece for piece in found if len(piece) > 1]
        if len(found) > 1:
            pieces |= {member: piece for piece in found for member in piece}

    def block(old: Block) -> Block:
        if old.place != "all":
            return old
        return replace(old, statements=tuple(s for o in old.statements for s in cut(o, pieces)))

    return replace(on_blocks(program, block), families=tuple(families))


def is_before_loops(program: Program, family: Family) -> bool:
    """Whether straight code makes it as one, and nothing else of it."""
    if not all(isinstance(member, Ref) for member in family):
        return False
    straight = [s for block in program.blocks if block.place == "all" for s in block.statements]
    made = [s for s in straight if set(s.targets) & set(family)]
    return all(s.targets == family for s in made) and len(made) == 1


def parts_of(program: Program, family: Family) -> list[Family]:
    """Runs of members that are taken together by more than the statement before the loop."""
    joints: set[int] = set()
    for statement in statements(program):
        if statement.targets != family or touches(leaves(statement.value), family):
            for group in together(statement):
                places = sorted({k for k, member in enumerate(family) if member in group})
                joints.update(range(places[0], places[-1]) if places else ())
    found: list[Family] = []
    start = 0
    for k in range(len(family)):
        if k not in joints:
            found.append(family[start : k + 1])
            start = k + 1
    return found


def together(statement: Assign) -> Iterator[Sequence[Expr]]:
    """What a statement takes as one array."""
    yield statement.targets
    yield from (node.parts for node in concats(statement.value))


def concats(expr: Expr) -> Iterator[Concat]:
    return (node for node in walk(expr) if isinstance(node, Concat))


def cut(statement: Assign, pieces: dict[Expr, Family]) -> Iterator[Assign]:
    """A joined statement as one for each piece of the family."""
    if statement.target not in pieces or not statement.beside:
        yield statement
        return
    targets = statement.targets
    told = [(statement.step, statement.formula), *statement.cited]
    each = told if len(told) == len(targets) else [told[0], *[(0, "")] * (len(targets) - 1)]
    start = 0
    while start < len(targets):
        piece = pieces[targets[start]]
        end = start + len(piece)
        (step, formula), *others = each[start:end]
        yield replace(
            statement,
            target=targets[start],
            beside=targets[start + 1 : end],
            value=some(statement.value, start, end),
            step=step,
            formula=formula,
            cited=tuple(other for other in others if other[1]),
        )
        start = end


def some(value: Expr, start: int, end: int) -> Expr:
    """Some of the values that were joined: what is set end to end, taken apart again."""
    if isinstance(value, Concat):
        parts = value.parts[start:end]
        return Concat(parts) if len(parts) > 1 else parts[0]
    if isinstance(value, Product):
        return replace(value, left=some(value.left, start, end))
    if not value.shape or not is_rowwise(value):
        return value
    return map_children(value, partial(some, start=start, end=end))
