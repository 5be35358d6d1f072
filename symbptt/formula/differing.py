"""Where two expressions differ, and how the parts that do are marked in print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache

from symbptt import algebra as al
from symbptt.formula.statement import (
    Over,
    at_steps,
    body,
    factors_of,
    parts,
    walk,
    with_part,
)
from symbptt.formula.text import text_of

HALF = 0.5
"""How much two parts have in common that are compared part by part."""

MAX_POWER = 4
"""Up to this exponent a power is its factors."""


def differing(own: al.Expr, other: al.Expr) -> tuple[al.Expr, ...]:
    """The parts of an expression that another one has not, the smallest that say so."""
    return tuple(_differing(own, other))


def _differing(own: al.Expr, other: al.Expr) -> Iterator[al.Expr]:
    if form(own) == form(other):
        return
    mine, others = _pieces(own, other)
    left, rest = _unmatched(mine, others), _unmatched(others, mine)
    if not left or left == [own]:
        yield own
        return
    pairs = _paired(left, rest)
    for number, one in enumerate(left):
        if number in pairs:
            yield from _differing(one, rest[pairs[number]])
        else:
            yield one


def _paired(left: list[al.Expr], rest: list[al.Expr]) -> dict[int, int]:
    """Which parts are compared: in order where there are as many, else the likest."""
    if len(left) == len(rest):
        return {number: number for number in range(len(left))}
    pairs: dict[int, int] = {}
    for number, other in enumerate(rest):
        free = [k for k in range(len(left)) if k not in pairs]
        likest = max(free, key=lambda k: likeness(left[k], other), default=None)
        if likest is not None and likeness(left[likest], other) > HALF:
            pairs[likest] = number
    return pairs


def _pieces(own: al.Expr, other: al.Expr) -> tuple[list[al.Expr], list[al.Expr]]:
    """What is to be compared: terms with terms, factors with factors, else part by part."""
    pair = (own, other)
    for kind, pieces in _KINDS:
        if any(isinstance(one, kind) for one in pair):
            return pieces(own), pieces(other)
    if isinstance(own, Over) and isinstance(other, Over) and _label(own) == _label(other):
        return [body(own)], [at_steps(body(other), {other.index: al.Index.of(own.index)})]
    if _is_alike(own, other):
        return list(parts(own)), list(parts(other))
    return [own], [other]


def _is_alike(own: al.Expr, other: al.Expr) -> bool:
    """Whether both are the same function of parts, of as many."""
    if type(own) is not type(other) or len(parts(own)) != len(parts(other)):
        return False
    return not isinstance(own, al.Derivative | al.Pow) and _label(own) == _label(other)


def _terms(node: al.Expr) -> list[al.Expr]:
    return list(node.terms) if isinstance(node, al.Add) else [node]


def _elementwise(node: al.Expr) -> list[al.Expr]:
    return list(node.factors) if isinstance(node, al.Mul) else [node]


_KINDS: tuple[tuple[type[al.Expr], Callable[[al.Expr], list[al.Expr]]], ...] = (
    (al.Add, _terms),
    (al.Mul, _elementwise),
    (al.Product, lambda node: list(factors_of(node))),
)


def _unmatched(mine: list[al.Expr], others: list[al.Expr]) -> list[al.Expr]:
    """What is left of some when the others are taken away, one for one."""
    left = [form(one) for one in others]
    found = []
    for one in mine:
        if form(one) in left:
            left.remove(form(one))
        else:
            found.append(one)
    return found


def likeness(one: al.Expr, other: al.Expr) -> float:
    """How much two expressions have in common, 1 where they are made of the same parts."""
    first, second = _made_of(one), _made_of(other)
    return 2 * (first & second).total() / (first.total() + second.total())


@lru_cache(maxsize=512)
def _made_of(node: al.Expr) -> Counter[str]:
    found: Counter[str] = Counter()
    pending = [node]
    while pending:
        node = pending.pop()
        leaf = isinstance(node, al.Derivative) or not parts(node)
        found[text_of(node) if leaf else type(node).__name__] += 1
        if isinstance(node, al.Call):
            found[node.function] += 1
        pending += () if leaf else parts(node)
    return found


# --- the same said in several ways -------------------------------------------------------


def form(node: al.Expr) -> str:
    """A text that is the same for expressions that differ in the order of terms and factors.

    ``diag(v) @ u`` is ``v * u`` in it, ``u * u`` is ``u**2``, and all bound letters are alike.
    """
    match node:
        case al.Number(value=value) | al.Constant(value=value):
            return str(value)
        case al.Neg(operand=operand):
            return f"-({form(operand)})"
        case al.Add(terms=terms):
            return " + ".join(sorted(f"({form(term)})" for term in terms))
        case al.Mul() | al.Div() | al.Pow():
            return " * ".join(sorted(f"({one})" for one in _factors(node) if one != "1"))
        case al.Outer(left=left, right=right):
            return form(al.Product(left, al.Transpose(right)))
        case al.Transpose(operand=al.Transpose(operand=operand)):
            return form(operand)
        case al.Product():
            first, *rest = factors_of(node)
            if isinstance(first, al.Diag):
                return form(al.Mul((first.vector, _chain(rest))))
            return " @ ".join(f"({form(one)})" for one in (first, *rest))
        case al.TimeSum() | al.OrderedProduct():
            inner = at_steps(body(node), {node.index: al.Index.of(f"#{_depth(node)}")})
            return f"{_label(node)}({form(inner)})"
    return f"{_label(node)}({', '.join(map(form, parts(node)))})" if parts(node) else text_of(node)


def _chain(factors: list[al.Expr]) -> al.Expr:
    first, *rest = factors
    for factor in rest:
        first = al.Product(first, factor)
    return first


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


def _label(node: al.Expr) -> str:
    """What a node is, apart from its parts."""
    if isinstance(node, Over):
        step = node.step if isinstance(node, al.OrderedProduct) else ""
        return f"{type(node).__name__} {node.first} {node.last} {step}"
    for place, _ in enumerate(parts(node)):
        node = with_part(node, place, al.ZERO)
    return text_of(node)
