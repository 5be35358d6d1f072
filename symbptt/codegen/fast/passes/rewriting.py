"""What the passes share: walking over a program's statements, and their dependences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from symbptt.algebra import Cotangent, Expr, Index, Mul, Neg, Ref
from symbptt.codegen.places import Variable, leaves, variable, variables
from symbptt.codegen.program import Assign, Block, Family, Program

Place = tuple[Variable, Index | None]
"""A variable at a step."""


def on_blocks(program: Program, change: Callable[[Block], Block]) -> Program:
    """The program with every block changed; blocks left empty are left out."""

    def changed(blocks: Iterable[Block]) -> tuple[Block, ...]:
        return tuple(b for b in map(change, blocks) if b.statements or b.hoisted)

    return replace(
        program,
        forward=changed(program.forward),
        loss=changed(program.loss),
        backward=changed(program.backward),
        gradients=changed(program.gradients),
    )


def on_statements(program: Program, change: Callable[[Assign], Assign]) -> Program:
    """The program with every statement changed."""

    def block(old: Block) -> Block:
        return replace(
            old,
            statements=tuple(map(change, old.statements)),
            hoisted=tuple(map(change, old.hoisted)),
        )

    return on_blocks(program, block)


def statements(program: Program) -> tuple[Assign, ...]:
    return tuple(s for block in program.blocks for _, s in block.run())


def place(leaf: Expr) -> Place | None:
    """The variable and the step of a leaf."""
    found = variable(leaf)
    if found is None:
        return None
    return found, leaf.index if isinstance(leaf, Ref | Cotangent) else None


def reads(statement: Assign) -> set[Place]:
    found = {p for leaf in leaves(statement.value) if (p := place(leaf)) is not None}
    return found | (writes(statement) if statement.add else set())


def writes(statement: Assign) -> set[Place]:
    return {p for target in statement.targets if (p := place(target)) is not None}


def names_of(places: Iterable[Place]) -> set[Variable]:
    return {found for found, _ in places}


Touched = tuple[set[Place], set[Place]]
"""What a statement reads and what it writes."""


def touched(statement: Assign) -> Touched:
    return reads(statement), writes(statement)


def in_order(first: Touched, second: Touched) -> bool:
    """Whether two statements must keep their order."""
    (read, written), (later_read, later) = first, second
    return bool(written & (later_read | later) or read & later)


def conflict(first: Assign, second: Assign) -> bool:
    """Whether two statements must keep their order."""
    return in_order(touched(first), touched(second))


def ordered(
    statements: Sequence[Assign], groups: Sequence[Sequence[Assign]]
) -> list[Assign] | None:
    """The statements with each group side by side, else in their order; None if that can't be.

    A group stands where its last member must; conflicts keep their order.
    """
    found = {id(s): touched(s) for s in statements}
    pairs = (pair for group in groups for pair in combinations(group, 2))
    if any(in_order(found[id(a)], found[id(b)]) for a, b in pairs):
        return None
    home = {id(s): number for number, group in enumerate(groups) for s in group}
    units: list[list[Assign]] = []
    known: dict[int, list[Assign]] = {}
    for statement in statements:
        number = home.get(id(statement))
        if number is not None and number in known:
            known[number].append(statement)
            continue
        units.append([statement])
        if number is not None:
            known[number] = units[-1]
    position = {id(s): k for k, s in enumerate(statements)}

    def must_follow(mine: list[Assign], other: list[Assign]) -> bool:
        earlier = ((a, b) for a in other for b in mine if position[id(a)] < position[id(b)])
        return other is not mine and any(in_order(found[id(a)], found[id(b)]) for a, b in earlier)

    waits = [{k for k, other in enumerate(units) if must_follow(mine, other)} for mine in units]
    done: list[int] = []
    left = list(range(len(units)))
    while left:
        ready = next((k for k in left if waits[k] <= set(done)), None)
        if ready is None:
            return None
        done.append(ready)
        left.remove(ready)
    return [statement for k in done for statement in units[k]]


def factors(expr: Expr) -> tuple[bool, tuple[Expr, ...]]:
    """Whether a product is negative, and its factors."""
    negative = False
    while isinstance(expr, Neg):
        negative, expr = not negative, expr.operand
    found = expr.factors if isinstance(expr, Mul) else (expr,)
    return negative, found


def touches(exprs: Iterable[Expr], family: Family) -> bool:
    """Whether some leaves are of a family."""
    members = set(variables(family))
    return any(variable(expr) in members for expr in exprs)
