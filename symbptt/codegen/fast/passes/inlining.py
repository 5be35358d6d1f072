"""Adjoints of one term go into their readers: an adjoint less in the loop."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.codegen.fast.passes.rewriting import factors, on_blocks, statements
from symbptt.codegen.places import Variable, leaves, variable
from symbptt.codegen.program import Assign, Block, Program


def inlining(program: Program) -> Program:
    """Put an adjoint that is a coefficient times another into what reads it entry by entry.

    What the chain rule writes as one factor a step is then one product of factors known
    from the forward pass, times the adjoint that really comes from the loop.
    """
    written = Counter(variable(t) for t in program.targets)
    pasts = {i.name for i in program.model.initials}

    def block(old: Block) -> Block:
        if old.place != "loop" or not old.backward:
            return old
        known: dict[Variable, al.Expr] = {}
        changed: list[Assign] = []
        for statement in old.statements:
            value = inlined(statement.value, known)
            statement = replace(statement, value=value)
            changed.append(statement)
            found = variable(statement.target)
            once = written[found] == 1 and statement.target.name not in pasts
            if found is not None and once and is_scaled_adjoint(statement):
                known[found] = value
        return replace(old, statements=tuple(changed))

    return on_blocks(program, block)


def inlined(expr: al.Expr, known: dict[Variable, al.Expr]) -> al.Expr:
    """The expression with known adjoints put in, wherever entries are not mixed."""
    if isinstance(expr, al.Cotangent) and expr.index == al.NOW:
        found = variable(expr)
        return known.get(found, expr) if found is not None else expr
    if isinstance(expr, al.Add | al.Neg):
        return al.map_children(expr, lambda child: inlined(child, known))
    if isinstance(expr, al.Mul):
        inside = [inlined(factor, known) for factor in expr.factors]
        return forms.mul(inside) if tuple(inside) != expr.factors else expr
    if isinstance(expr, al.Div):
        return replace(expr, numerator=inlined(expr.numerator, known))
    return expr


def is_scaled_adjoint(statement: Assign) -> bool:
    """Whether a statement makes an adjoint that is a coefficient times one other."""
    if statement.target.shape != statement.value.shape:
        return False
    _, found = factors(statement.value)
    adjoints = [f for f in found if isinstance(f, al.Cotangent) and f.index == al.NOW]
    if len(adjoints) != 1 or adjoints[0].shape != statement.target.shape:
        return False
    others = [f for f in found if f is not adjoints[0]]
    return not any(isinstance(leaf, al.Cotangent) for f in others for leaf in leaves(f))


def single_assignment(program: Program) -> Program:
    """An adjoint that one statement alone makes, for all its rows, is stored, not added to."""
    written = Counter(variable(t) for t in program.targets)
    pasts = {i.name for i in program.model.initials}

    def block(old: Block) -> Block:
        if old.place not in ("all", "loop"):
            return old
        return replace(old, statements=tuple(map(stored, old.statements)))

    def stored(statement: Assign) -> Assign:
        alone = written[variable(statement.target)] == 1 and statement.target.name not in pasts
        return replace(statement, add=False) if statement.add and alone else statement

    return on_blocks(program, block)


def dead_code(program: Program) -> Program:
    """Leave out what nothing reads and no result needs."""
    results = {("value", "loss")}
    results |= {("gradient", p.name) for p in program.model.learned}
    # Initial values are put in by the calls themselves.
    results |= {
        ("value", i.value.name) for i in program.model.initials if isinstance(i.value, al.Param)
    }
    kept = {i.name for i in program.model.initials} | {i.name for i in program.model.inputs}
    while True:
        read = {variable(leaf) for s in statements(program) for leaf in leaves(s.value)}

        def needed(statement: Assign, read: set[Variable | None] = read) -> bool:
            return any(
                t.name in kept or variable(t) in results or variable(t) in read
                for t in statement.targets
            )

        def block(old: Block) -> Block:
            return replace(
                old,
                statements=tuple(filter(needed, old.statements)),
                hoisted=tuple(filter(needed, old.hoisted)),
            )

        smaller = on_blocks(program, block)
        if smaller == program:
            return program
        program = smaller
