"""Errors planted in derivations and in generated modules, to see them rejected."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from symbptt.algebra import Expr, Mul
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.variants import NEAR_ONE, Around, Variant, edited, variants

KINDS = (
    "a wrong sign", "a missing term", "a missing transpose", "a reversed product",
    "a sum with another limit", "a factor near 1", "a lost step",
)  # fmt: skip
"""The slips that are wrong wherever they fit."""


def planted(derivation: Derivation) -> Iterator[Variant]:
    """One of each kind in every step."""
    chosen = {}
    for variant in variants(derivation, KINDS):
        chosen.setdefault((variant.step.number, variant.kind), variant)
    return iter(chosen.values())


def scaled(expr: Expr) -> Expr:
    return Mul((NEAR_ONE, expr))


def with_step(derivation: Derivation, step: Step, members: tuple[Expr, ...]) -> Derivation:
    changed = replace(step, members=members)
    return replace(
        derivation,
        steps=tuple(changed if s.number == step.number else s for s in derivation.steps),
    )


def wrongs(expr: Expr, edit: Callable[[Expr], Expr | None]) -> Iterator[Expr]:
    """The expression with an edit made in one place, each in turn."""

    def made(node: Expr, around: Around) -> Iterator[Expr]:
        other = edit(node)
        if other is not None:
            yield other

    return (whole for _, _, whole in edited(expr, made))


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
        inner = f"(np.arange(len({name})) < len({name}) - rows.B)[:, None]"
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
