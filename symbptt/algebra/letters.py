"""The algebra of entries: numbers with letters for their places, deltas, sums over letters.

A letter stands for a place from 1 to the length of its dimension. A place is a letter, a
letter behind a block, or an integer `Ref` (a token); all nodes but `RowOf` are scalars.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from symbptt.algebra.index import Dim, Shape
from symbptt.algebra.model import Model
from symbptt.algebra.nodes import Expr, Held, Scalar
from symbptt.algebra.traversal import transform, walk

_POOL = ("j", "i", "k", "m", "n", "r", "s", "u", "v", "iota", "kappa", "mu", "nu", "rho")


@dataclass(frozen=True)
class Letter(Scalar):
    """A place in a dimension."""

    name: str
    dim: Dim


@dataclass(frozen=True)
class Behind(Scalar):
    """The place ``letter`` behind a block of length ``dim``: d + k."""

    letter: Expr
    dim: Dim


@dataclass(frozen=True)
class Entry(Scalar):
    """(v)_i or (W)_{ji}."""

    array: Expr
    places: tuple[Expr, ...]


@dataclass(frozen=True)
class Delta(Scalar):
    """Kronecker's delta: 1 where both places are one, else 0."""

    left: Expr
    right: Expr


@dataclass(frozen=True)
class Slope(Expr):
    """A derivative with the axes of ``output`` before those of ``wrt``.

    Of an entry by an entry it is a number. ``output`` may also be a vector and ``wrt`` a
    matrix, or the `RowOf` one: a tensor, or a slice of it.
    """

    output: Expr
    wrt: Expr
    held: Held = "equation"

    @property
    def shape(self) -> Shape:
        return (*self.output.shape, *self.wrt.shape)


@dataclass(frozen=True)
class LetterSum(Expr, shape="term.shape"):
    """The sum of a term over all places that a letter stands for."""

    letter: Letter
    term: Expr


@dataclass(frozen=True)
class RowOf(Expr):
    """A row of a matrix, as a vector."""

    matrix: Expr
    place: Expr

    @property
    def shape(self) -> Shape:
        return (self.matrix.shape[1],)


@dataclass(frozen=True)
class Line:
    """``target`` equals each member, at every place that the letters stand for.

    Attributes
    ----------
    letters : tuple of Letter
        The free letters.
    """

    target: Expr
    members: tuple[Expr, ...]
    letters: tuple[Letter, ...]


def letter_names(model: Model) -> Iterator[str]:
    """Letters with which no name or dimension of the model begins, without end."""
    taken = model.letters | {dim.partition("_")[0] for dim in model.dims}
    free = [letter for letter in _POOL if letter not in taken]
    yield from free
    base = free[0] if free else "lambda"
    yield from (f"{base}_{number}" for number in count(1))


class Letters:
    """Hands out letters in the order of the pool; ``used`` ones are passed over."""

    def __init__(self, model: Model, used: tuple[str, ...] = ()) -> None:
        self.model = model
        self.used = list(used)

    def nth(self, number: int, dim: Dim) -> Letter:
        """The letter of a fixed place in the pool."""
        names = letter_names(self.model)
        name = [next(names) for _ in range(number + 1)][number]
        self.used.append(name)
        return Letter(name, dim)

    def take(self, dim: Dim) -> Letter:
        """The next letter that is not used."""
        name = next(name for name in letter_names(self.model) if name not in self.used)
        self.used.append(name)
        return Letter(name, dim)

    def fork(self) -> Letters:
        return Letters(self.model, tuple(self.used))


def substituted(expr: Expr, letter: Letter, place: Expr) -> Expr:
    """The expression with a place put in for a letter that no sum in it runs over."""
    return transform(expr, lambda node: place if node == letter else node)


def has_letter(expr: Expr, letter: Letter) -> bool:
    return any(node == letter for node in walk(expr))
