"""Dimensions, shapes and indices in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, eq=False)
class DimSum:
    """The length of vectors set end to end; ``parts`` are names, literal lengths or products.

    Two are equal if they are one length: d + h is h + d.
    """

    parts: tuple[str | int | DimProduct, ...]

    def _length(self) -> tuple[int, list[str]]:
        literal = sum(part for part in self.parts if isinstance(part, int))
        named = (part for part in self.parts if not isinstance(part, int))
        return literal, sorted(part if isinstance(part, str) else part.ordered for part in named)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DimSum) and self._length() == other._length()

    def __hash__(self) -> int:
        literal, names = self._length()
        return hash((literal, *names))

    def __str__(self) -> str:
        return " + ".join(map(str, self.parts))


@dataclass(frozen=True, eq=False)
class DimProduct:
    """The number of entries of a matrix; ``parts`` are its dimensions.

    Two are equal if they are one number: d h is h d.
    """

    parts: tuple[str | int | DimSum, ...]

    def _factors(self) -> tuple[int, list[str]]:
        literal = prod(part for part in self.parts if isinstance(part, int))
        return literal, sorted(str(part) for part in self.parts if not isinstance(part, int))

    @property
    def ordered(self) -> str:
        """Its factors in an order that does not depend on how they were written."""
        literal, names = self._factors()
        return " * ".join((str(literal), *names))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DimProduct) and self._factors() == other._factors()

    def __hash__(self) -> int:
        literal, names = self._factors()
        return hash((literal, *names))

    def __str__(self) -> str:
        return " * ".join(f"({p})" if isinstance(p, DimSum) else str(p) for p in self.parts)


Dim = str | int | DimSum | DimProduct
Shape = tuple[Dim, ...]


def add_dims(dims: Iterable[Dim]) -> Dim:
    """The length of a concatenation: literal if all parts are, else a `DimSum`."""
    parts: list[str | int | DimProduct] = []
    for dim in dims:
        parts.extend(dim.parts if isinstance(dim, DimSum) else (dim,))
    literals = [part for part in parts if isinstance(part, int)]
    if len(literals) == len(parts):
        return sum(literals)
    return parts[0] if len(parts) == 1 else DimSum(tuple(parts))


def dim_names(shape: Shape) -> Iterator[str]:
    """The names of dimensions that occur in a shape."""
    for dim in shape:
        if isinstance(dim, str):
            yield dim
        elif not isinstance(dim, int):
            yield from dim_names(dim.parts)


def entries(shape: Shape) -> Dim:
    """How many entries a value has, flattened: 1 for a scalar."""
    parts = [part for d in shape for part in (d.parts if isinstance(d, DimProduct) else (d,))]
    named = tuple(part for part in parts if not isinstance(part, int))
    literal = prod(part for part in parts if isinstance(part, int))
    if not named:
        return literal
    if len(named) == 1 and literal == 1:
        return named[0]
    return DimProduct(named if literal == 1 else (literal, *named))


@dataclass(frozen=True)
class Index:
    """An integer linear form in index names, such as ``t - 1`` or ``T + t - i``.

    Attributes
    ----------
    terms : tuple of (name, coefficient)
        In the order written; no name twice, no coefficient zero.
    offset : int
    """

    terms: tuple[tuple[str, int], ...] = ()
    offset: int = 0

    @classmethod
    def of(cls, name: str, offset: int = 0) -> Index:
        return cls(((name, 1),), offset)

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return Index(self.terms, self.offset + other)
        total: dict[str, int] = dict(self.terms)
        for name, coefficient in other.terms:
            total[name] = total.get(name, 0) + coefficient
        terms = tuple((name, c) for name, c in total.items() if c)
        return Index(terms, self.offset + other.offset)

    def __neg__(self) -> Index:
        return Index(tuple((name, -c) for name, c in self.terms), -self.offset)

    def __sub__(self, other: Index | int) -> Index:
        return self + (-other)

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.terms)

    def substitute(self, values: Mapping[str, Index]) -> Index:
        result = Index(offset=self.offset)
        for name, coefficient in self.terms:
            value = values.get(name, Index.of(name))
            scaled = Index(
                tuple((n, c * coefficient) for n, c in value.terms),
                value.offset * coefficient,
            )
            result = result + scaled
        return result

    def at(self, values: Mapping[str, int]) -> int:
        """The step that this index means for the given values of its names."""
        return self.offset + sum(c * values[name] for name, c in self.terms)

    def __str__(self) -> str:
        text = ""
        for name, c in self.terms:
            sign = "-" if c < 0 else "+" if text else ""
            text += f"{sign}{'' if abs(c) == 1 else abs(c)}{name}"
        if self.offset or not text:
            text += f"{self.offset:+d}" if text else str(self.offset)
        return text


FIRST = Index(offset=1)
NOW = Index.of("t")
LAST = Index.of("T")
PART = Index.of("s")
