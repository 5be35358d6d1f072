"""One text for all that is the same said in several ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbptt import algebra as al
from symbptt.formula.statement import (
    Formula,
    Over,
    at_steps,
    body,
    map_indices,
    parts,
    product,
    walk,
)
from symbptt.formula.text import formula_text, text_of

MAX_POWER = 4
"""Up to this exponent a power is its factors."""


def canonical(formula: Formula) -> str:
    """A text that is the same for formulas whose sides are, under one condition."""
    condition = formula_text(replace(formula, left=al.ZERO, right=al.ZERO))
    return " = ".join([*map(form, formula.sides), condition])


def form(node: al.Expr) -> str:
    """A text that is the same for expressions that differ in the order of terms and factors.

    ``diag(v) @ u`` is ``v * u`` in it, ``u * u`` is ``u**2``, and all bound letters are alike.
    """
    node = map_indices(node, lambda index: replace(index, terms=tuple(sorted(index.terms))))
    match node:
        case al.Number(value=value) | al.Constant(value=value):
            return str(value)
        case al.Neg(operand=operand):
            return f"-({form(operand)})"
        case al.Add():
            return " + ".join(sorted(f"({form(term)})" for term in _terms(node)))
        case al.Mul() | al.Div() | al.Pow():
            return " * ".join(sorted(f"({one})" for one in _factors(node) if one != "1"))
        case al.Outer(left=left, right=right):
            return form(al.Product(left, al.Transpose(right)))
        case al.Transpose(operand=al.Transpose(operand=operand)):
            return form(operand)
        case al.Product():
            first, *rest = _chain(node)
            if isinstance(first, al.Diag):
                return form(al.Mul((first.vector, product(*rest))))
            return " @ ".join(f"({form(one)})" for one in (first, *rest))
        case al.TimeSum() | al.OrderedProduct():
            inner = at_steps(body(node), {node.index: al.Index.of(f"#{_depth(node)}")})
            return f"{label(node)}({form(inner)})"
    return f"{label(node)}({', '.join(map(form, parts(node)))})" if parts(node) else text_of(node)


def _chain(node: al.Expr) -> Iterator[al.Expr]:
    """The operands of ``@``, however they are grouped."""
    if isinstance(node, al.Product):
        yield from _chain(node.left)
        yield from _chain(node.right)
    else:
        yield node


def _terms(node: al.Expr) -> Iterator[al.Expr]:
    for term in al.terms_of(node):
        yield from _terms(term) if isinstance(term, al.Add) else (term,)


def _factors(node: al.Expr) -> Iterator[str]:
    match node:
        case al.Mul(factors=factors):
            for factor in factors:
                yield from _factors(factor)
        case al.Div(numerator=above, denominator=below):
            yield from _factors(above)
            yield from (f"1/({one})" for one in _factors(below))
        case al.Pow(base=base, exponent=al.Number(value=value)) if value in range(1, MAX_POWER):
            yield from list(_factors(base)) * int(value)
        case al.Pow():
            yield f"({form(node.base)})**({form(node.exponent)})"
        case _:
            yield form(node)


def _depth(node: Over) -> int:
    """How many sums and products stand inside: no inner letter is met."""
    return sum(isinstance(inner, Over) for inner in walk(node))


def label(node: al.Expr) -> str:
    """What a node is, apart from its parts."""
    if isinstance(node, Over):
        step = node.step if isinstance(node, al.OrderedProduct) else ""
        return f"{type(node).__name__} {node.first} {node.last} {step}"
    for place, _ in enumerate(parts(node)):
        node = al.with_child(node, place, al.ZERO)
    return text_of(node)
