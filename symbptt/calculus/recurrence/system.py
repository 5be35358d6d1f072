"""A recurrence as it stands in a model: what depends on what, and the stacked value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from symbptt.algebra import NOW, Expr, Index, Model, Ref, Shape, substitute_index, transform
from symbptt.calculus.recurrence.law import Beginning, Law
from symbptt.calculus.recurrence.operators import (
    IDENTITY,
    Monomial,
    Operator,
    Piece,
    commute,
    is_timed,
    moved_in_time,
)


@dataclass(frozen=True)
class Recurrence:
    """``s[t] = b[t] + C[t] s[t-1]``, or ``s[t] = b[t] + C[t+1] s[t+1]``, with blocks.

    Attributes
    ----------
    stack : tuple of Expr
        The blocks of s at step t: one quantity, several, or one at several steps. The
        first is what was asked for.
    matrix : tuple of tuple of Operator
        The blocks of C at its own step t; an empty operator is a block of zeros.
    source : tuple of tuple of Piece
        The blocks of b at step t; an empty one is zero.
    law : Law
        The same in letters.
    begin : tuple of (Expr, Expr or None)
        The blocks of s at the start, each with its value where that is known.
    """

    stack: tuple[Expr, ...]
    matrix: tuple[tuple[Operator, ...], ...]
    source: tuple[tuple[Piece, ...], ...]
    law: Law
    begin: tuple[tuple[Expr, Expr | None], ...]

    @property
    def stacked(self) -> bool:
        return len(self.stack) > 1

    @property
    def value(self) -> Expr:
        return self.stack[0]


Unknown = tuple[str, int]
"""A name and how many steps away from the step of the equation it is read (>= 0)."""


@dataclass(frozen=True)
class Row:
    """The affine equation of one name: its unknowns with their operators, and the rest."""

    unknowns: Mapping[Unknown, Operator]
    rest: tuple[Piece, ...]


def assemble(
    names: tuple[str, ...],
    rows: Mapping[str, Row],
    at: Callable[[str, Index], Expr],
    direction: int,
    begins: Beginning,
    start: Index,
    begin: Callable[[str, Index], Expr | None],
    shape: Shape,
) -> Recurrence:
    """The recurrence of the names' values, stacked where lags above 1 or several names are.

    Parameters
    ----------
    at : callable
        The unknown that a name is at a step.
    begin : callable
        Its value at a step before the first, where that is known.
    shape : Shape
        Of what was asked for.
    """
    depth = {name: 1 for name in names}
    for row in rows.values():
        for name, lag in row.unknowns:
            depth[name] = max(depth[name], lag)
    places = [(name, back) for name in names for back in range(depth[name])]
    matrix = tuple(
        tuple(_block(place, (name, back + 1), rows, direction) for name, back in places)
        for place in places
    )
    source = tuple(rows[name].rest if back == 0 else () for name, back in places)
    stack = tuple(at(name, NOW - direction * back) for name, back in places)
    begun = tuple(
        (at(name, start - direction * back), begin(name, start - direction * back))
        for name, back in places
    )
    law = Law(
        direction=direction,
        begins=begins,
        start=start,
        sources=("b",) if any(source) else (),
        constant=_constant(matrix, source),
        commuting=len(stack) == 1 and commute(matrix[0]),
    )
    return Recurrence(stack, matrix, source, law, begun)


def _block(place: Unknown, read: Unknown, rows: Mapping[str, Row], direction: int) -> Operator:
    """One block of C: of the value at ``place`` in what is read, at C's own step."""
    name, back = place
    if back:
        return IDENTITY if read == place else ()
    operator = rows[name].unknowns.get(read, ())
    return operator if direction > 0 else moved_in_time(operator, NOW - 1)


def _constant(
    matrix: Iterable[Iterable[Operator]], source: Iterable[Iterable[Piece]]
) -> frozenset[str]:
    factors = [f for row in matrix for op in row for m in op for f in m.factors]
    leaves = [p for block in source for p in block]
    timed = any(is_timed(p.leaf) or any(map(is_timed, p.monomial.factors)) for p in leaves)
    fixed = {"c"} if not any(map(is_timed, factors)) else set()
    return frozenset(fixed if timed else fixed | {"b"})


def gathered(pieces: Iterable[Piece], which: Callable[[Expr], Unknown | None]) -> Row:
    """The terms of an affine equation sorted into unknowns and the rest."""
    unknowns: dict[Unknown, Operator] = {}
    rest: list[Piece] = []
    for piece in pieces:
        unknown = which(piece.leaf)
        if unknown is None:
            rest.append(piece)
        else:
            unknowns[unknown] = (*unknowns.get(unknown, ()), piece.monomial)
    return Row(unknowns, tuple(rest))


def pieces_at(pieces: Iterable[Piece], index: Index) -> tuple[Piece, ...]:
    """The terms with t replaced by another step."""
    moved = []
    for piece in pieces:
        (monomial,) = moved_in_time((piece.monomial,), index)
        moved.append(Piece(monomial, substitute_index(piece.leaf, {"t": index})))
    return tuple(moved)


def shifted_pieces(pieces: Iterable[Piece], steps: int) -> tuple[Piece, ...]:
    """The terms with t replaced by t + steps."""
    return pieces_at(pieces, NOW + steps)


def spelled_out(recurrence: Recurrence, normal: Model) -> Recurrence:
    """The recurrence with the names that only the normal form has replaced by what they are."""
    hidden = {e.name: e.rhs for e in normal.equations if e.auxiliary}

    def plain(node: Expr) -> Expr:
        if isinstance(node, Ref) and node.name in hidden and "T" not in node.index.names():
            return transform(substitute_index(hidden[node.name], {"t": node.index}), plain)
        return node

    def monomial(old: Monomial) -> Monomial:
        return replace(old, factors=tuple(transform(factor, plain) for factor in old.factors))

    return replace(
        recurrence,
        matrix=tuple(tuple(tuple(map(monomial, op)) for op in row) for row in recurrence.matrix),
        source=tuple(
            tuple(Piece(monomial(p.monomial), transform(p.leaf, plain)) for p in block)
            for block in recurrence.source
        ),
    )


# --- what depends on what --------------------------------------------------------------

Reads = Mapping[str, Iterable[str]]


def reached(name: str, reads: Reads) -> frozenset[str]:
    """All that a name depends on; itself only if it does so in a circle."""
    pending, found = list(reads.get(name, ())), set()
    while pending:
        read = pending.pop()
        if read not in found:
            found.add(read)
            pending.extend(reads.get(read, ()))
    return frozenset(found)


def circle(name: str, reads: Reads) -> frozenset[str]:
    """The names that the given one depends on and that depend on it in turn."""
    return frozenset(other for other in reached(name, reads) if name in reached(other, reads))
