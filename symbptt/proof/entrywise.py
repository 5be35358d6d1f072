"""The equations of a model in scalars, and SymPy's derivatives of each.

Every equation is written out once, for symbolic t, as one SymPy expression an entry;
`sympy.diff` gives its partial derivative with respect to each scalar that it reads. No
rule of the reverse walk takes part.

SymPy differentiates many short expressions much faster than a few that are nested. So what
stands inside a function, a product or a loss and is itself more than elementwise arithmetic
gets a name before; nothing else changes. (The calculus has a normal form of its own; the two
have nothing in common on purpose.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from symbptt import algebra as al
from symbptt.proof.domain import Array, Domain
from symbptt.proof.evaluate import Steps, evaluate, lengths
from symbptt.proof.place import NoDerivatives, index_lengths
from symbptt.proof.symbols import Symbolic, symbol_array
from symbptt.proof.tape import Tape

MARK = "#"
"""Begins the names given here; no name of a model's does."""


def in_pieces(model: al.Model) -> al.Model:
    """The same model with short equations; new quantities are called ``#1``, ``#2``, …"""
    namer = _Namer()
    derived = [replace(d, rhs=namer.outer(d.rhs, None)) for d in model.derived]
    equations = [replace(e, rhs=namer.outer(e.rhs, e)) for e in model.equations]
    return replace(
        model,
        derived=(*namer.derived, *derived),
        equations=(*namer.equations, *equations),
    )


class _Namer:
    def __init__(self) -> None:
        self.derived: list[al.Derived] = []
        self.equations: list[al.Equation] = []
        self.names: dict[tuple[al.Expr, bool], al.Expr] = {}

    def outer(self, expr: al.Expr, owner: al.Equation | None) -> al.Expr:
        """A right-hand side: sums are entered, what stands inside a term is named."""
        if isinstance(expr, al.Add | al.Neg | al.Transpose):
            return al.map_children(expr, lambda child: self.outer(child, owner))
        return al.map_children(expr, lambda child: self.inner(child, owner))

    def inner(self, expr: al.Expr, owner: al.Equation | None) -> al.Expr:
        if isinstance(expr, al.Transpose | al.Mul | al.Neg) or not _is_heavy(expr):
            return al.map_children(expr, lambda child: self.inner(child, owner))
        return self.name(self.outer(expr, owner), owner)

    def name(self, rhs: al.Expr, owner: al.Equation | None) -> al.Expr:
        """A reference to what ``rhs`` is, named if it is new."""
        timed = any(isinstance(node, al.Ref) for node in al.walk(rhs))
        last = timed and owner is not None and owner.last
        if (rhs, last) not in self.names:
            label = f"{MARK}{len(self.names) + 1}"
            if timed:
                self.equations.append(al.Equation(label, rhs, rhs.shape, last=last))
                reference: al.Expr = al.Ref(label, al.LAST if last else al.NOW, rhs.shape)
            else:
                self.derived.append(al.Derived(label, rhs))
                reference = al.Param(label, rhs.shape)
            self.names[rhs, last] = reference
        return self.names[rhs, last]


def _is_heavy(expr: al.Expr) -> bool:
    """Whether it holds what an entry's derivative should not enter twice."""
    return any(
        (node.structured and not node.free) or isinstance(node, al.Call | al.Pow | al.Div)
        for node in al.walk(expr)
    )


Entry = tuple[int, ...]


@dataclass(frozen=True)
class Argument:
    """A vector, matrix or scalar that an equation reads; ``index`` is None without time."""

    name: str
    index: al.Index | None


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

    def __init__(self, model: al.Model, sizes: Mapping[str, int]) -> None:
        self.domain: Domain = Symbolic()
        self.sizes = sizes
        self.arrays: dict[Argument, Array] = {}
        self.positions = index_lengths(model, sizes)

    def parameter(self, param: al.Param) -> Array:
        return self._array(Argument(param.name, None), lengths(param.shape, self.sizes))

    def reference(self, ref: al.Ref, at: Steps) -> Array:
        position = self.positions.get(ref.name)
        shape = lengths(ref.shape, self.sizes) if position is None else (position,)
        return self._array(Argument(ref.name, ref.index), shape)

    def _array(self, source: Argument, shape: tuple[int, ...]) -> Array:
        if source not in self.arrays:
            self.arrays[source] = symbol_array(f"v{len(self.arrays)}", shape)
        return self.arrays[source]


def scalars(
    model: al.Model, rhs: al.Expr, shape: tuple[int, ...], sizes: Mapping[str, int]
) -> Scalars:
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
