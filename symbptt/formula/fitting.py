"""Whether a stated left side is that of a formula, at which steps, and what it then says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product

from symbptt import algebra as al
from symbptt.algebra.letters import Entry
from symbptt.formula.ranges import holds
from symbptt.formula.statement import (
    Formula,
    Inequalities,
    Over,
    at_steps,
    body,
    indices,
    map_indices,
    own_names,
    parts,
    walk,
)

FARTHEST = 6
"""Up to this T it is tried whether a range is empty, or lies in another."""

Values = Mapping[str, al.Index]


def with_entries(left: al.Expr) -> al.Expr:
    """``d(L, W)[j, i]`` as ``d(L, W[j, i])``, an entry of a Jacobian by its own two."""
    match left:
        case Entry(array=al.Derivative(output=output, wrt=wrt) as array, places=places):
            axes = len(output.shape)
            of, by = places[:axes], places[axes:]
            return replace(
                array,
                output=Entry(output, of) if of else output,
                wrt=Entry(wrt, by) if by else wrt,
            )
    return left


def turned(node: al.Expr) -> al.Expr:
    """The transpose of an expression, term by term and factor by factor."""
    match node:
        case al.Add(terms=terms):
            return al.Add(tuple(map(turned, terms)))
        case al.Neg(operand=operand):
            return al.Neg(turned(operand))
        case al.Product(left=left, right=right):
            return al.Product(turned(right), turned(left))
        case al.TimeSum(term=term):
            return replace(node, term=turned(term))
        case al.Transpose(operand=operand):
            return operand
        case al.Diag() | al.Number():
            return node
    return al.Transpose(node)


def fits(
    pattern: al.Expr, node: al.Expr, values: dict[str, al.Index], of_a_length: bool = False
) -> bool:
    """Whether a left side is a line's, at some steps; these are added to ``values``.

    ``of_a_length``: T may be among them.
    """
    if type(pattern) is not type(node) or len(parts(pattern)) != len(parts(node)):
        return False
    if not all(
        _solved(index, wanted, values, of_a_length)
        for index, wanted in zip(indices(pattern), indices(node), strict=True)
    ):
        return False
    if not parts(pattern):
        return _without_steps(pattern) == _without_steps(node)
    if getattr(pattern, "held", None) != getattr(node, "held", None):
        return False
    pairs = zip(parts(pattern), parts(node), strict=True)
    return all(fits(*pair, values, of_a_length) for pair in pairs)


def _without_steps(node: al.Expr) -> al.Expr:
    return map_indices(node, lambda _: al.Index())


def _solved(
    index: al.Index, wanted: al.Index, values: dict[str, al.Index], of_a_length: bool
) -> bool:
    """Whether an index is the wanted one, by the value of the one name in it."""
    known = {*values} if of_a_length and not wanted.names() else {*values, "T"}
    free = [name for name in index.names() if name not in known]
    if len(free) == 1 and dict(index.terms)[free[0]] == 1:
        values[free[0]] = wanted - index.substitute({**values, free[0]: al.Index()})
    return index.substitute(values) == wanted


def said_at(formula: Formula, values: Values) -> Formula:
    """A line at other steps; what it binds gets other letters where they would be met."""
    chains = tuple(
        replace(chain, sides=tuple(side.substitute(values) for side in chain.sides))
        for chain in formula.chains
    )
    left, right = (_moved(side, values) for side in formula.sides)
    return replace(formula, left=left, right=right, chains=chains)


def _moved(node: al.Expr, values: Values) -> al.Expr:
    met = {name for index in values.values() for name in index.names()}
    return at_steps(_rebound(node, met, met | set(values)), values)


def _rebound(node: al.Expr, met: set[str], known: set[str]) -> al.Expr:
    """With other letters, which are not known, for the bound names that are met."""
    for place, part in enumerate(parts(node)):
        node = al.with_child(node, place, _rebound(part, met, known))
    if not isinstance(node, Over) or node.index not in met:
        return node
    taken = known | {name for inner in walk(node) for name in own_names(inner)}
    letter = next(letter for letter in _LETTERS if letter not in taken)
    inner = at_steps(body(node), {node.index: al.Index.of(letter)})
    if isinstance(node, al.TimeSum):
        return replace(node, term=inner, index=letter)
    return replace(node, factor=inner, index=letter)


_LETTERS = ("k", "i", "j", "m", "n", "r", "s", "q", "u", "v", "l", "p")


ROOM = 2


def is_possible(chains: tuple[Inequalities, ...]) -> bool:
    """Whether the conditions hold together at some steps."""
    return any(holds(chains, at) for at in _steps(chains))


def simplified(chains: tuple[Inequalities, ...]) -> tuple[Inequalities, ...]:
    """Without the conditions that follow from the others, and what they say of numbers alone."""
    chains = tuple(map(_without_numbers, chains))
    for chain in chains:
        others = tuple(one for one in chains if one is not chain)
        if is_within((chain,), others):
            return simplified(others)
    return chains


def _without_numbers(chain: Inequalities) -> Inequalities:
    """``2 <= T-1`` of ``1 <= 2 <= T-1``."""
    sides, operators = chain.sides, chain.operators
    while len(sides) > 2 and not (sides[0].names() or sides[1].names()):
        sides, operators = sides[1:], operators[1:]
    while len(sides) > 2 and not (sides[-1].names() or sides[-2].names()):
        sides, operators = sides[:-1], operators[:-1]
    return Inequalities(sides, operators)


@cache
def is_within(inner: tuple[Inequalities, ...], outer: tuple[Inequalities, ...]) -> bool:
    """Whether conditions hold wherever others do."""
    every = (at for at in _steps((*inner, *outer)) if holds(outer, at))
    return all(holds(inner, at) for at in every)


def _steps(chains: tuple[Inequalities, ...]) -> Iterator[dict[str, int]]:
    sides = [side for chain in chains for side in chain.sides]
    names = sorted({name for side in sides for name in side.names()} - {"T"})
    # What bounds of so many steps can tell apart shows where there is room for all of them.
    farthest = ROOM + len(names) + max((abs(side.offset) for side in sides), default=0)
    for horizon in range(1, min(FARTHEST, farthest) + 1):
        for values in product(range(-1, horizon + 2), repeat=len(names)):
            yield {"T": horizon, **dict(zip(names, values, strict=True))}
