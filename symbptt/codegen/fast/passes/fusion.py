"""Statements of one form become one statement over values that stand end to end.

Products with several matrices become one with the matrices stacked; gates become one
array; gradients of several matrices one product. Which values stand end to end, and in
which order, is one question for the whole program: it asks for an order of columns in
which every group of statements is an unbroken run (a consecutive-ones problem), and where
there is none the least useful groups are given up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeGuard

from symbptt import algebra as al
from symbptt.codegen.fast.passes.columns import Columns, Group
from symbptt.codegen.fast.passes.rewriting import on_blocks, ordered
from symbptt.codegen.naming import fresh
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.places import Variable, variable, variables
from symbptt.codegen.program import Assign, Block, Program, Target

NUMBERS = al.Number | al.Constant | al.Horizon | al.Length


@dataclass(frozen=True)
class FusionForm:
    """What statements that can be joined have in common, and where they differ.

    ``key`` has a place for every leaf that differs; ``parts`` are these leaves: expressions
    with rows, or without (a matrix, a bias), in a fixed order.
    """

    key: Any
    parts: tuple[al.Expr, ...]


def fusion(program: Program) -> Program:
    """Join what is worth it, in blocks and in sums of products."""
    fixed = fixed_names(program)
    groups = [*statement_groups(program, fixed), *sum_groups(program, fixed)]
    columns = Columns(groups)
    chosen = columns.chosen()
    return Fusion(program, chosen, columns).program()


def named_products(program: Program) -> Program:
    """Give products with one vector names where they stand in statements of several forms.

    They can then be one product with the matrices stacked, whatever is done with its parts.
    """
    taken = program.names

    def block(old: Block) -> Block:
        if old.place != "loop":
            return old
        found: dict[al.Expr, dict[Any, list[al.Expr]]] = {}
        for statement in old.statements:
            keys = [f.key for f in forms_of(statement)]
            for node in al.walk(statement.value):
                if is_stackable(node):
                    found.setdefault(node.right, {}).setdefault(tuple(keys), []).append(node)
        several = {v for v, kinds in found.items() if len(kinds) > 1}
        statements: list[Assign] = []
        for statement in old.statements:
            named: dict[al.Expr, al.Expr] = {}
            for node in al.walk(statement.value):
                if is_stackable(node) and node.right in several:
                    name = fresh(f"w_{statement.target.name}", taken)
                    named[node] = al.Ref(name, al.NOW, node.shape)
                    statements.append(Assign(al.Ref(name, al.NOW, node.shape), node))
            put = partial(named_in, named)
            statements.append(replace(statement, value=put(statement.value)))
        return replace(old, statements=tuple(statements))

    return on_blocks(program, block)


def is_stackable(node: al.Expr) -> TypeGuard[al.Product]:
    standing = isinstance(node, al.Product) and isinstance(node.right, al.Ref)
    return isinstance(node, al.Product) and standing and not is_rowwise(node.left)


def named_in(named: dict[al.Expr, al.Expr], expr: al.Expr) -> al.Expr:
    return named.get(expr) or al.map_children(expr, partial(named_in, named))


def fixed_names(program: Program) -> set[Variable]:
    """What can't move: states, inputs, results and what has no rows of its own."""
    model = program.model
    fixed: set[Variable] = set()
    for name in {i.name for i in model.initials} | {i.name for i in model.inputs} | {"loss"}:
        fixed |= {("value", name), ("cotangent", name)}
    for equation in model.equations:
        if equation.last:
            fixed |= {("value", equation.name), ("cotangent", equation.name)}
    return fixed


# --- forms -------------------------------------------------------------------------------


def forms_of(statement: Assign) -> Iterator[FusionForm]:
    """The forms in which a statement can be joined with others, none for most."""
    target = statement.target
    if statement.beside or isinstance(target, al.Param) or len(target.shape) not in (1, 2):
        return
    if target.index is None and not isinstance(statement.value, al.TimeSum):
        return
    head = (type(target).__name__, target.index, statement.add)
    parts: list[al.Expr] = [target]
    key = shape_key(statement.value, parts)
    if key is not None:
        yield FusionForm((*head, key), tuple(parts))
    yield from scaled_forms(statement, head)


def scaled_forms(statement: Assign, head: Any) -> Iterator[FusionForm]:
    """Several values, each multiplied entry by entry by one and the same adjoint."""
    value, target = statement.value, statement.target
    if not isinstance(value, al.Mul) or len(value.factors) != 2 or statement.add:
        return
    first, second = value.factors
    if is_leaf(first) and isinstance(second, al.Cotangent) and second.shape == target.shape:
        yield FusionForm((*head, "scaled", second, type(first), target.shape), (target, first))


def shape_key(expr: al.Expr, parts: list[al.Expr]) -> Any:
    """A nested tuple that is equal for expressions of one form; None where there is none."""
    if isinstance(expr, NUMBERS):
        return expr
    if isinstance(expr, al.Ref | al.Cotangent) and is_rowwise(expr):
        if not expr.shape:
            return expr  # one factor for all entries of all members
        if len(expr.shape) != 1:
            return None
        parts.append(expr)
        return type(expr).__name__, expr.index
    if isinstance(expr, al.Product) and not is_rowwise(expr.left) and is_rowwise(expr.right):
        if len(expr.right.shape) != 1 or not isinstance(expr.right, al.Ref | al.Cotangent):
            return None
        parts.append(expr.left)
        return "product", expr.right, expr.left.shape[1]
    if isinstance(expr, al.TimeSum):
        return sum_key(expr, parts)
    if not is_rowwise(expr) and not isinstance(expr, al.TimeSum):
        if not expr.shape:
            return expr if not list(time_sums(expr)) else None
        if len(expr.shape) != 1 or list(time_sums(expr)):
            return None
        parts.append(expr)
        return "once"
    if isinstance(expr, al.Add | al.Mul):
        inner = expr.terms if isinstance(expr, al.Add) else expr.factors
        keys = [shape_key(child, parts) for child in inner]
        return None if None in keys else (type(expr).__name__, *keys)
    if isinstance(expr, al.Neg):
        key = shape_key(expr.operand, parts)
        return None if key is None else ("neg", key)
    if isinstance(expr, al.Div):
        pair = [shape_key(c, parts) for c in (expr.numerator, expr.denominator)]
        return None if None in pair else ("div", *pair)
    if isinstance(expr, al.Pow):
        key = shape_key(expr.base, parts)
        return None if key is None else ("pow", key, expr.exponent)
    if isinstance(expr, al.Call) and expr.wrt is None:
        keys = [shape_key(arg, parts) for arg in expr.args]
        return None if None in keys else ("call", expr.function, *keys)
    return None


def sum_key(expr: al.TimeSum, parts: list[al.Expr]) -> Any:
    """Sums of outer products with one right side, and sums of rows."""
    term = expr.term
    ends = (expr.first, expr.last)
    if isinstance(term, al.Outer) and isinstance(term.left, al.Cotangent) and is_leaf(term.right):
        parts.append(term.left)
        return "outer", ends, term.left.index, term.right
    if isinstance(term, al.Cotangent) and len(term.shape) == 1 and term.index is not None:
        if not term.index.names():
            return None
        parts.append(term)
        return "rows", ends, term.index
    return None


def is_leaf(expr: al.Expr) -> bool:
    return isinstance(expr, al.Ref | al.Cotangent) and len(expr.shape) == 1


def time_sums(expr: al.Expr) -> Iterator[al.Expr]:
    return (node for node in al.walk(expr) if isinstance(node, al.TimeSum))


def moving(parts: Iterable[al.Expr]) -> tuple[Variable, ...]:
    """The variables of a form's places; matrices and biases, stacked anew, don't move."""
    return variables(part for part in parts if not isinstance(part, al.Param))


# --- groups ------------------------------------------------------------------------------


def statement_groups(program: Program, fixed: set[Variable]) -> Iterator[Group]:
    for number, block in enumerate(program.blocks):
        for statements in (block.hoisted, block.statements):
            alike: dict[Any, list[tuple[Assign, FusionForm]]] = defaultdict(list)
            for statement in statements:
                for found in forms_of(statement):
                    if not (set(moving(found.parts)) & fixed):
                        alike[found.key].append((statement, found))
            for pairs in alike.values():
                rows = {id(statement): moving(found.parts) for statement, found in pairs}
                for level in independent([statement for statement, _ in pairs], statements):
                    yield from group(level, [rows[id(m)] for m in level], number, block)


def group(
    members: list[Assign], rows: list[tuple[Variable, ...]], number: int, block: Block
) -> Iterator[Group]:
    widths = {len(row) for row in rows}
    apart = sum(len(set(row)) for row in rows) == len({v for row in rows for v in row})
    if len(members) > 1 and len(widths) == 1 and apart:
        value = worth(members[0], block)
        yield Group(value * len(members), members, rows, number, follows=value == 1.0)


def worth(member: Assign, block: Block) -> float:
    """How much a group is worth: products before the rest, loops before straight code."""
    products = any(isinstance(n, al.Product | al.Outer) for n in al.walk(member.value))
    return (10.0 if products else 1.0) * (10.0 if block.place == "loop" else 1.0)


def independent(members: list[Assign], statements: Sequence[Assign]) -> Iterator[list[Assign]]:
    """The members in sets in which none needs another."""
    left = list(members)
    while left:
        level: list[Assign] = []
        for member in left:
            if ordered(statements, [[*level, member]]) is not None:
                level.append(member)
        yield level
        left = [m for m in left if not any(m is chosen for chosen in level)]


def sum_groups(program: Program, fixed: set[Variable]) -> Iterator[Group]:
    """Terms W.T d of one sum: their d stand end to end, and the sum is one product."""
    for number, block in enumerate(program.blocks):
        for statement in block.statements:
            terms = product_terms(statement.value)
            if len(terms) < 2:
                continue
            rows = [moving((term.right,)) for term in terms]
            flat = [v for row in rows for v in row]
            if len(set(flat)) == len(terms) and not set(flat) & fixed:
                yield Group(worth(statement, block) * len(terms), [statement], rows, number)


def product_terms(value: al.Expr) -> list[al.Product]:
    """The terms of a sum that are products of one index with different adjoints."""
    terms = value.terms if isinstance(value, al.Add) else ()
    found = [
        t
        for t in terms
        if isinstance(t, al.Product) and is_leaf(t.right) and not is_rowwise(t.left)
    ]
    first = found[0].right if found else None
    return [t for t in found if same_step(t.right, first)]


def same_step(left: al.Expr, right: al.Expr | None) -> bool:
    return type(left) is type(right) and getattr(left, "index", 0) == getattr(right, "index", 1)


# --- rewriting -----------------------------------------------------------------------------


class Fusion:
    """Writes the joined program."""

    def __init__(self, old: Program, groups: Sequence[Group], columns: Columns) -> None:
        self.old = old
        self.columns = columns
        self.groups = groups

    def program(self) -> Program:
        numbers = {id(block): k for k, block in enumerate(self.old.blocks)}

        def block(old: Block) -> Block:
            mine = [g for g in self.groups if g.block == numbers[id(old)]]
            return replace(
                old,
                hoisted=tuple(self.fused(old.hoisted, mine)),
                statements=tuple(self.fused(old.statements, mine)),
            )

        program = on_blocks(self.old, block)
        return replace(program, families=tuple(self.families(program)))

    def fused(self, statements: Sequence[Assign], groups: Sequence[Group]) -> list[Assign]:
        present = {id(s) for s in statements}
        mine = [g for g in groups if all(id(m) in present for m in g.members)]
        several: list[Group] = []
        for g in mine:
            if len(g.members) > 1:
                trial = [other.members for other in [*several, g]]
                if ordered(statements, trial) is not None:
                    several.append(g)
        lined = ordered(statements, [g.members for g in several])
        assert lined is not None
        by_member = {id(m): g for g in several for m in g.members}
        sums = {id(g.members[0]): g for g in mine if len(g.members) == 1}
        result: list[Assign] = []
        done: set[int] = set()
        for statement in lined:
            found = by_member.get(id(statement))
            if found is None:
                result.append(self.summed(statement, sums.get(id(statement))))
            elif id(found) not in done:
                done.add(id(found))
                result.append(self.one(found))
        return result

    def one(self, found: Group) -> Assign:
        """The one statement that a group becomes."""
        order = self.columns.sorted([row[0] for row in found.rows])
        by_first = {row[0]: m for row, m in zip(found.rows, found.members, strict=True)}
        members = [by_first[v] for v in order]
        first, *others = members
        value = together([m.value for m in members])
        targets: tuple[Target, ...] = tuple(m.target for m in others)
        others_cited = tuple((m.step, m.formula) for m in others if m.formula)
        cited = tuple(dict.fromkeys((*first.cited, *others_cited)))
        return replace(first, value=value, beside=targets, cited=cited)

    def summed(self, statement: Assign, found: Group | None) -> Assign:
        """A sum of products with its terms as one product."""
        if found is None:
            return statement
        terms = product_terms(statement.value)
        by_right = {variable(t.right): t for t in terms}
        order = self.columns.sorted([row[0] for row in found.rows])
        chosen = [by_right[v] for v in order]
        right = al.Concat(tuple(t.right for t in chosen))
        left = al.Transpose(al.Concat(tuple(turned(t.left) for t in chosen)))
        assert isinstance(statement.value, al.Add)
        rest = [t for t in statement.value.terms if not any(t is c for c in terms)]
        product = al.Product(left, right)
        value = al.Add((product, *rest)) if rest else product
        return replace(statement, value=value)

    def families(self, program: Program) -> Iterator[tuple[al.Expr, ...]]:
        targets: dict[Variable, al.Expr] = {}
        for target in program.targets:
            v = variable(target)
            if v is not None:
                targets.setdefault(v, target)
        for members in self.columns.found:
            order = self.columns.sorted(members)
            if len(order) > 1:
                yield tuple(targets[v] for v in order if v in targets)


def turned(matrix: al.Expr) -> al.Expr:
    return matrix.operand if isinstance(matrix, al.Transpose) else al.Transpose(matrix)


def together(values: Sequence[al.Expr]) -> al.Expr:
    """Values of one form as one value, what differs set end to end."""
    first = values[0]
    if not first.shape and all(v == first for v in values):
        return first
    if isinstance(first, al.Product):
        left = al.Concat(tuple(v.left for v in values if isinstance(v, al.Product)))
        return al.Product(left, first.right)
    if isinstance(first, al.TimeSum):
        inner = [v.term for v in values if isinstance(v, al.TimeSum)]
        if isinstance(first.term, al.Outer):
            lefts = tuple(t.left for t in inner if isinstance(t, al.Outer))
            return replace(first, term=al.Outer(al.Concat(lefts), first.term.right))
        return replace(first, term=al.Concat(tuple(inner)))
    if isinstance(first, al.Ref | al.Cotangent) or not is_rowwise(first):
        return al.Concat(tuple(values))
    merged = iter([together(parts) for parts in zip(*map(al.children, values), strict=True)])
    return al.map_children(first, lambda _: next(merged))
