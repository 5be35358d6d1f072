"""An affine recurrence as it stands in a model: blocks of matrices and of what is added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import chain

from symbptt.algebra import (
    NOW,
    ZERO,
    Cotangent,
    Derivative,
    Dim,
    Expr,
    Index,
    Ref,
    entries,
    substitute_index,
)
from symbptt.calculus import forms
from symbptt.calculus.linear import (
    MORE_THAN_ON_COLUMNS,
    AffineTerm,
    applied,
    as_scalar,
    commute,
    is_timed,
    on_columns,
    unit_on,
)
from symbptt.calculus.recurrence.words import COEFFICIENT, SOURCE, Beginning, Law
from symbptt.errors import NotAffineError

Value = Ref | Cotangent | Derivative
"""What follows a recurrence: a quantity, its adjoint, its derivative by a parameter."""

Block = Expr | None
"""A block of a matrix or a vector; None where it is zero."""


@dataclass(frozen=True)
class AffineRecurrence:
    """``s[t] = b[t] + C[t] s[t-1]``, or ``s[t] = b[t] + C[t+1] s[t+1]``, with blocks.

    Attributes
    ----------
    stack : tuple of Value
        The blocks of s at step t: one quantity, several, or one at several steps. The
        first is what was asked for.
    matrix : tuple of tuple of Block
        The blocks of C at its own step t.
    source : tuple of Block
        The blocks of b at step t.
    law : Law
        The same in letters.
    begin : tuple of (Value, Expr or None)
        The blocks of s at the start, each with its value where that is known.
    """

    stack: tuple[Value, ...]
    matrix: tuple[tuple[Block, ...], ...]
    source: tuple[Block, ...]
    law: Law
    begin: tuple[tuple[Value, Expr | None], ...]

    @property
    def stacked(self) -> bool:
        return len(self.stack) > 1

    @property
    def value(self) -> Value:
        return self.stack[0]

    @property
    def scalar(self) -> Expr | None:
        """The coefficient where it is a number, not a matrix."""
        return None if self.stacked else as_scalar(self.matrix[0][0] or ZERO)

    @property
    def heights(self) -> tuple[Dim, ...]:
        """The lengths of the blocks of the value; of a matrix that C multiplies, its rows."""
        is_matrix = isinstance(self.value, Ref | Cotangent) and len(self.value.shape) > 1
        if is_matrix and self.scalar is None:
            return self.value.shape[:1]
        return tuple(entries(quantity(value).shape) for value in self.stack)

    def expressions(self) -> Iterator[Expr]:
        """All that the equation reads."""
        yield from (block for block in chain(*self.matrix, self.source) if block is not None)


def quantity(value: Value) -> Ref | Cotangent:
    """What is at a step of a recurrence, with its name and its step."""
    inner = value.output if isinstance(value, Derivative) else value
    assert isinstance(inner, Ref | Cotangent)
    return inner


Unknown = tuple[str, int]
"""A name and how many steps away from the step of the equation it is read (>= 0)."""


@dataclass(frozen=True)
class AffineEquation:
    """The affine equation of one name: what multiplies its unknowns, and the rest."""

    unknowns: Mapping[Unknown, Expr]
    rest: Block


def gathered(pieces: Iterable[AffineTerm], kind: type[Value], names: Set[str]) -> AffineEquation:
    """The terms of an affine equation sorted into unknowns, of that kind and name, and the rest."""
    unknowns: dict[Unknown, list[Expr]] = {}
    rest: list[Expr] = []
    for piece in pieces:
        leaf = piece.leaf
        if isinstance(leaf, kind) and quantity(leaf).name in names:
            unknowns.setdefault(unknown(leaf), []).append(piece.matrix)
        else:
            rest.append(applied(piece.matrix, leaf))
    return AffineEquation({key: forms.add(found) for key, found in unknowns.items()}, _block(rest))


def unknown(value: Value) -> Unknown:
    inner = quantity(value)
    assert inner.index is not None
    return inner.name, abs(inner.index.offset)


def _block(terms: list[Expr]) -> Block:
    total = forms.add(terms)
    return None if forms.is_zero(total) else total


def assemble(
    rows: Mapping[str, AffineEquation],
    at: Callable[[str, Index], Value],
    direction: int,
    begins: Beginning,
    start: Index,
    begin: Callable[[str, Index], Expr | None],
) -> AffineRecurrence:
    """The recurrence of the rows' names, stacked where lags above 1 or several names are.

    Parameters
    ----------
    at : callable
        The unknown that a name is at a step.
    begin : callable
        Its value at a step before the first, where that is known.
    """
    places = [(name, back) for name in rows for back in range(depth(name, rows))]
    matrix = tuple(
        tuple(_cell(place, (name, back + 1), rows, at, direction) for name, back in places)
        for place in places
    )
    source = tuple(rows[name].rest if back == 0 else None for name, back in places)
    stack = tuple(at(name, NOW - direction * back) for name, back in places)
    matrix = _of_matrices(stack, matrix, source)
    begun = tuple(
        (at(name, start - direction * back), begin(name, start - direction * back))
        for name, back in places
    )
    law = Law(
        direction=direction,
        begins=begins,
        start=start,
        sources=(SOURCE,) if any(source) else (),
        constant=frozenset(
            letter
            for letter, blocks in ((COEFFICIENT, chain(*matrix)), (SOURCE, source))
            if not any(block is not None and is_timed(block) for block in blocks)
        ),
        commuting=len(stack) == 1 and commute(matrix[0][0] or ZERO),
    )
    return AffineRecurrence(stack, matrix, source, law, begun)


def _of_matrices(
    stack: tuple[Value, ...], matrix: tuple[tuple[Block, ...], ...], source: tuple[Block, ...]
) -> tuple[tuple[Block, ...], ...]:
    """The coefficient of a recurrence; of a matrix that one multiplies from the left, that one.

    Raises
    ------
    NotAffineError
        If the columns of a matrix are not multiplied alike, if it stands among other values,
        or if what is added is not known as a matrix.
    """
    if not any(isinstance(v, Ref | Cotangent) and len(v.shape) > 1 for v in stack):
        return matrix
    added = source[0]
    if added is not None and added.shape != stack[0].shape:
        raise NotAffineError(MORE_THAN_ON_COLUMNS)
    coefficient = matrix[0][0]
    if len(stack) > 1 or coefficient is None:
        raise NotAffineError(MORE_THAN_ON_COLUMNS)
    if as_scalar(coefficient) is not None:
        return matrix
    found = on_columns(coefficient, stack[0].shape)
    if found is None:
        raise NotAffineError(MORE_THAN_ON_COLUMNS)
    return ((found,),)


def depth(name: str, rows: Mapping[str, AffineEquation]) -> int:
    """How many steps back a name is read."""
    return max([1, *(lag for row in rows.values() for n, lag in row.unknowns if n == name)])


def _cell(
    place: Unknown,
    read: Unknown,
    rows: Mapping[str, AffineEquation],
    at: Callable[[str, Index], Value],
    direction: int,
) -> Block:
    """One block of C: of the value at ``place`` in what is read, at C's own step."""
    name, back = place
    if back:
        return unit_on(quantity(at(name, NOW))) if read == place else None
    block = rows[name].unknowns.get(read)
    return block if direction > 0 or block is None else substitute_index(block, {"t": NOW - 1})
