"""Values that are computed in place: a name that only one other reads is that other's array."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from symbptt import algebra as al
from symbptt.codegen.fast.passes.rewriting import on_statements
from symbptt.codegen.places import Variable, leaves, variable
from symbptt.codegen.program import Assign, Block, Program

Home = tuple[Block, Assign]


def in_place(program: Program) -> Program:
    """Let y = f(x) overwrite x, where nothing else reads x and f works entry by entry.

    Sums over the input, pre-activation and gate are then one array.
    """
    while True:
        pair = overwritten(program)
        if pair is None:
            return program
        program = renamed(program, *pair)


def overwritten(program: Program) -> tuple[Variable, al.Expr] | None:
    """A variable that can be overwritten, and the leaf that takes its array."""
    writers: dict[Variable, list[Home]] = defaultdict(list)
    readers: dict[Variable, list[Home]] = defaultdict(list)
    for block in program.blocks:
        for _, statement in block.run():
            for target in statement.targets:
                if (v := variable(target)) is not None:
                    writers[v].append((block, statement))
            for v in dict.fromkeys(variable(leaf) for leaf in leaves(statement.value)):
                if v is not None:
                    readers[v].append((block, statement))
    kept = {i.name for i in program.model.initials} | {i.name for i in program.model.inputs}
    kept |= {e.name for e in program.model.equations if e.last} | {"loss"}
    # Coefficients stay in the cache, an array of their own for a chunk of steps.
    kept |= {s.target.name for block in program.blocks for s in block.hoisted}
    # An adjoint starts from what the returned carry receives, which no statement writes.
    received: set[Variable] = {("cotangent", i.name) for i in program.model.initials}
    for x, found in list(readers.items()):
        role, name = x
        if name in kept or role == "gradient" or not writers[x]:
            continue
        homes = {id(statement): (block, statement) for block, statement in found}
        own = {id(statement) for _, statement in writers[x]}
        outside = [home for key, home in homes.items() if key not in own]
        if len(outside) != 1:
            continue
        block, statement = outside[0]
        straight = any(s is statement for s in block.statements)
        taken = variable(statement.target) in received and statement.add
        if straight and not taken and can_take(x, block, statement, writers, readers):
            return x, statement.target
    return None


def can_take(
    x: Variable,
    block: Block,
    statement: Assign,
    writers: dict[Variable, list[Home]],
    readers: dict[Variable, list[Home]],
) -> bool:
    """Whether a statement may write its target over the only value that it alone reads."""
    target = statement.target
    y = variable(target)
    timed = isinstance(target, al.Ref | al.Cotangent) and target.index == al.NOW
    if y is None or y == x or statement.beside or not timed:
        return False
    if block.place not in ("loop", "all") or writers[y][0][1] is not statement:
        return False
    if isinstance(target, al.Cotangent) and (statement.add and len(writers[y]) > 1):
        return False
    if block.place == "all" and any(b.place == "loop" for b, _ in writers[x]):
        return False
    occurrences = [leaf for leaf in leaves(statement.value) if variable(leaf) == x]
    if {(leaf.shape, index_of(leaf)) for leaf in occurrences} != {(target.shape, al.NOW)}:
        return False
    # Nothing may read y at this step before it is written; earlier steps' rows are done with.
    for reader, other in readers[y]:
        if reader is block and other is not statement:
            place = position(block, other)
            now = any(variable(f) == y and index_of(f) == al.NOW for f in leaves(other.value))
            if now and place < position(block, statement):
                return False
    own = [leaf for leaf in leaves(statement.value) if variable(leaf) == y]
    return not own and is_entrywise(statement.value, x)


def index_of(leaf: al.Expr) -> object:
    return leaf.index if isinstance(leaf, al.Ref | al.Cotangent) else None


def position(block: Block, statement: Assign) -> int:
    return next((k for k, s in enumerate(block.statements) if s is statement), -1)


def is_entrywise(expr: al.Expr, x: Variable) -> bool:
    """Whether each entry of a value needs only the same entry of x."""
    if not any(variable(leaf) == x for leaf in leaves(expr)):
        return True
    if isinstance(expr, al.Ref | al.Cotangent):
        return True
    if isinstance(expr, al.Add):
        return all(is_entrywise(term, x) for term in expr.terms if not isinstance(term, al.OneHot))
    if isinstance(expr, al.Mul):
        return all(is_entrywise(factor, x) for factor in expr.factors)
    if isinstance(expr, al.Neg):
        return is_entrywise(expr.operand, x)
    if isinstance(expr, al.Div):
        return is_entrywise(expr.numerator, x) and is_entrywise(expr.denominator, x)
    if isinstance(expr, al.Pow):
        return is_entrywise(expr.base, x)
    return isinstance(expr, al.Call) and all(is_entrywise(arg, x) for arg in expr.args)


def renamed(program: Program, x: Variable, leaf: al.Expr) -> Program:
    """The program with y written for x everywhere."""

    def take(node: al.Expr) -> al.Expr:
        if variable(node) != x or not isinstance(node, al.Ref | al.Cotangent) or node.index is None:
            return node
        return at_step(leaf, node.index)

    def change(statement: Assign) -> Assign:
        target = statement.target
        if variable(target) == x and isinstance(target, al.Ref | al.Cotangent) and target.index:
            target = at_step(leaf, target.index)
        overwrites = any(variable(f) == x for f in leaves(statement.value))
        return replace(
            statement,
            target=target,
            value=al.transform(statement.value, take),
            add=statement.add and not overwrites,
        )

    return on_statements(program, change)


def at_step(leaf: al.Expr, index: al.Index) -> al.Ref | al.Cotangent:
    assert isinstance(leaf, al.Ref | al.Cotangent)
    return replace(leaf, index=index)
