"""Errors planted in derivations and in generated modules, to see them rejected."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from symbptt.algebra import (
    LAST,
    Add,
    Cotangent,
    Expr,
    Mul,
    Neg,
    Number,
    Outer,
    Product,
    Ref,
    TimeSum,
    Transpose,
    map_children,
    walk,
)
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.forms import is_zero, zero

FACTOR = Number(Fraction(1001, 1000))


@dataclass(frozen=True)
class Planted:
    """A derivation with one wrong step."""

    words: str
    step: Step
    derivation: Derivation


def with_step(derivation: Derivation, step: Step, members: tuple[Expr, ...]) -> Derivation:
    changed = replace(step, members=members)
    return replace(
        derivation,
        steps=tuple(changed if s.number == step.number else s for s in derivation.steps),
    )


def planted(derivation: Derivation) -> Iterator[Planted]:
    """Every planted error of every step, each in the result alone."""
    for step in derivation.steps:
        for words, wrong in wrong_results(step.result):
            members = (*step.members[:-1], wrong)
            yield Planted(words, step, with_step(derivation, step, members))
        if step.kind == "boundary" and not is_zero(step.result):
            members = tuple(zero(step.shape) for _ in step.members)
            yield Planted("no boundary", step, with_step(derivation, step, members))
            members = tuple(moved(member, LAST, LAST - 1) for member in step.members)
            if members[-1] != step.result:
                yield Planted("boundary a step early", step, with_step(derivation, step, members))


def wrong_results(result: Expr) -> Iterator[tuple[str, Expr]]:
    if is_zero(result):
        return
    yield "factor", Mul((FACTOR, result))
    for words, edit in EDITS.items():
        for number in range(sum(1 for node in walk(result) if edit(node) is not None)):
            yield words, edited(result, edit, number)


def edited(expr: Expr, edit: Callable[[Expr], Expr | None], number: int) -> Expr:
    """The expression with an edit made at one of the places where it can be."""
    count = -1

    def visit(node: Expr) -> Expr:
        nonlocal count
        other = edit(node)
        if other is not None:
            count += 1
            if count == number:
                return other
        return map_children(node, visit)

    return visit(expr)


def dropped_term(node: Expr) -> Expr | None:
    if isinstance(node, Add) and len(node.terms) > 1 and node.terms[0].shape == node.shape:
        return Add(node.terms[:-1]) if len(node.terms) > 2 else node.terms[0]
    return None


def turned_sign(node: Expr) -> Expr | None:
    return node.operand if isinstance(node, Neg) else None


def transposed(node: Expr) -> Expr | None:
    if isinstance(node, Product) and isinstance(node.left, Transpose):
        return replace(node, left=node.left.operand)
    return None


def swapped(node: Expr) -> Expr | None:
    return Outer(node.right, node.left) if isinstance(node, Outer) else None


def shifted(node: Expr) -> Expr | None:
    """A forward value read one step late in a sum over time."""
    if isinstance(node, TimeSum):
        for ref in walk(node.term):
            if isinstance(ref, Ref) and ref.index.offset < 0:
                late = replace(ref, index=ref.index + 1)
                return replace(node, term=exchanged(node.term, ref, late))
    return None


def shortened(node: Expr) -> Expr | None:
    """A sum over time that misses its last step."""
    return replace(node, last=node.last - 1) if isinstance(node, TimeSum) else None


def exchanged(expr: Expr, old: Expr, new: Expr) -> Expr:
    if expr == old:
        return new
    return map_children(expr, lambda child: exchanged(child, old, new))


def moved(expr: Expr, old: object, new: object) -> Expr:
    """Cotangents of one step turned into those of another."""
    if isinstance(expr, Cotangent) and expr.index == old:
        return replace(expr, index=new)  # type: ignore[arg-type]
    return map_children(expr, lambda child: moved(child, old, new))


EDITS: dict[str, Callable[[Expr], Expr | None]] = {
    "dropped term": dropped_term,
    "turned sign": turned_sign,
    "transposed": transposed,
    "swapped": swapped,
    "shifted": shifted,
    "shortened": shortened,
}


# --- modules -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlantedModule:
    """A module's text with one wrong statement; ``line`` is the statement, as it was."""

    words: str
    line: str
    text: str


def planted_modules(text: str) -> Iterator[PlantedModule]:
    """Every planted error of every statement of the backward pass."""
    for number, line in enumerate(map(ast.unparse, statements(ast.parse(text)))):
        for words, edit in STATEMENT_EDITS.items():
            tree = ast.parse(text)
            statement = statements(tree)[number]
            if edit(statement):
                yield PlantedModule(words, line, ast.unparse(tree))


def statements(tree: ast.Module) -> list[ast.Assign | ast.AugAssign]:
    """The statements of the backward pass that calculate, in order."""
    (function,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_backward"
    )
    found = [node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.AugAssign)]
    found.sort(key=lambda node: node.lineno)
    return [node for node in found if isinstance(node.value, ast.BinOp | ast.Call) and made(node)]


def made(node: ast.Assign | ast.AugAssign) -> bool:
    """Whether a statement calculates a cotangent, and not only makes room or fetches."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    called = ast.unparse(node.value)
    return ast.unparse(target).startswith("d_") and not called.startswith(("np.empty", "_received"))


def scale(node: ast.Assign | ast.AugAssign) -> bool:
    node.value = ast.BinOp(node.value, ast.Mult(), ast.Constant(1.001))
    return True


def drop(node: ast.Assign | ast.AugAssign) -> bool:
    node.value = ast.BinOp(node.value, ast.Mult(), ast.Constant(0))
    return True


def transpose(node: ast.Assign | ast.AugAssign) -> bool:
    """The right factor of a product, turned."""
    if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.MatMult):
        right = node.value.right
        node.value.right = ast.Attribute(right, "T", ast.Load())
        return True
    return False


def shift(node: ast.Assign | ast.AugAssign) -> bool:
    """A value of the step before read at the step itself."""
    for inner in ast.walk(node.value):
        if isinstance(inner, ast.Subscript) and "prev" in ast.unparse(inner.slice):
            inner.value = ast.Name(ast.unparse(inner.value).removesuffix("_all"), ast.Load())
            inner.slice = ast.Name("now", ast.Load())
            return True
        if isinstance(inner, ast.Subscript) and "rows.back" in ast.unparse(inner.slice):
            inner.slice = ast.parse("rows.live", mode="eval").body
            return True
    return False


def end(node: ast.Assign | ast.AugAssign) -> bool:
    """The rows of the last steps left out of what enters before the loop over time."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        name = node.target.id
        inner = f"~np.isin(np.arange(len({name})), np.arange(len({name}))[rows.end])[:, None]"
        node.value = ast.BinOp(node.value, ast.Mult(), ast.parse(inner, mode="eval").body)
        return True
    return False


STATEMENT_EDITS: dict[str, Callable[[ast.Assign | ast.AugAssign], bool]] = {
    "factor": scale,
    "dropped step": drop,
    "transposed": transpose,
    "shifted": shift,
    "wrong end": end,
}
