"""The equations of a model in scalars, and SymPy's derivatives of each.

Every equation is written out once, for symbolic t, as one SymPy expression an entry;
`sympy.diff` gives its partial derivative with respect to each scalar that it reads. No
rule of the reverse walk takes part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symbptt.algebra import Expr, Index, Model, Param, Ref
from symbptt.proof.domain import Array, Domain
from symbptt.proof.evaluate import Steps, evaluate, lengths
from symbptt.proof.place import NoDerivatives, index_lengths
from symbptt.proof.symbols import Symbolic, symbol_array
from symbptt.proof.tape import Tape

Entry = tuple[int, ...]


@dataclass(frozen=True)
class Argument:
    """A vector, matrix or scalar that an equation reads; ``index`` is None without time."""

    name: str
    index: Index | None


@dataclass(frozen=True)
class Partial:
    """The derivative of one entry of an equation with respect to one scalar it reads.

    ``place`` is where the equation's tape puts it.
    """

    entry: Entry
    source: Argument
    of: Entry
    place: int


@dataclass(frozen=True)
class Scalars:
    """An equation (or derived parameter, or initial value) written out in scalars.

    Attributes
    ----------
    shape : tuple of int
    sources : tuple of Source
        What it reads; the tape's inputs are their entries, one after the other.
    tape : Tape
        First the entries of the value, then the partial derivatives.
    partials : tuple of Partial
        Those that are not identically 0.
    """

    shape: tuple[int, ...]
    sources: tuple[Argument, ...]
    tape: Tape
    partials: tuple[Partial, ...]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def run(self, values: Mapping[Argument, Array], domain: Domain) -> tuple[Array, list[Any]]:
        """The value and, in the order of ``partials``, the derivatives at a point."""
        inputs = [entry for source in self.sources for entry in np.ravel(values[source])]
        outputs = self.tape.run(inputs, domain)
        value = np.empty(self.size, dtype=object)
        value[:] = outputs[: self.size]
        return value.reshape(self.shape), [outputs[p.place] for p in self.partials]


class _Symbols(NoDerivatives):
    """The point whose numbers are symbols; it writes down what is read."""

    def __init__(self, model: Model, sizes: Mapping[str, int]) -> None:
        self.domain: Domain = Symbolic()
        self.sizes = sizes
        self.arrays: dict[Argument, Array] = {}
        self.positions = index_lengths(model, sizes)

    def parameter(self, param: Param) -> Array:
        return self._array(Argument(param.name, None), lengths(param.shape, self.sizes))

    def reference(self, ref: Ref, at: Steps) -> Array:
        position = self.positions.get(ref.name)
        shape = lengths(ref.shape, self.sizes) if position is None else (position,)
        return self._array(Argument(ref.name, ref.index), shape)

    def _array(self, source: Argument, shape: tuple[int, ...]) -> Array:
        if source not in self.arrays:
            self.arrays[source] = symbol_array(f"v{len(self.arrays)}", shape)
        return self.arrays[source]


def scalars(model: Model, rhs: Expr, shape: tuple[int, ...], sizes: Mapping[str, int]) -> Scalars:
    """A right-hand side written out in scalars, with all its partial derivatives.

    Parameters
    ----------
    shape : tuple of int
        Of the left-hand side; a scalar right-hand side fills it.
    """
    point = _Symbols(model, sizes)
    value = np.broadcast_to(evaluate(rhs, point, {}), shape)
    sources = tuple(point.arrays)
    owners = {
        symbol: (source, of)
        for source, array in point.arrays.items()
        for of, symbol in np.ndenumerate(array)
    }
    outputs = [value[entry] for entry in np.ndindex(*shape)]
    partials = []
    for entry in np.ndindex(*shape):
        whole: sympy.Expr = value[entry]
        for symbol in (s for s in owners if s in whole.free_symbols):
            slope = sympy.diff(whole, symbol)
            if slope != 0 and owners[symbol][0].name not in point.positions:
                partials.append(Partial(entry, *owners[symbol], len(outputs)))
                outputs.append(slope)
    return Scalars(shape, sources, Tape(tuple(owners), outputs), tuple(partials))
