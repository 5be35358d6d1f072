"""Where two expressions differ, and how the parts that do are marked in print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache

from symbptt import algebra as al
from symbptt.formula.canonical import form, label
from symbptt.formula.statement import Over, at_steps, body, factors_of, parts
from symbptt.formula.text import text_of

HALF = 0.5
"""How much two parts have in common that are compared part by part."""


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
    if isinstance(own, Over) and isinstance(other, Over) and label(own) == label(other):
        return [body(own)], [at_steps(body(other), {other.index: al.Index.of(own.index)})]
    if _is_alike(own, other):
        return list(parts(own)), list(parts(other))
    return [own], [other]


def _is_alike(own: al.Expr, other: al.Expr) -> bool:
    """Whether both are the same function of parts, of as many."""
    if type(own) is not type(other) or len(parts(own)) != len(parts(other)):
        return False
    return not isinstance(own, al.Derivative | al.Pow) and label(own) == label(other)


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
