"""The value of a formula's parts at a random point, for given T and indices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.algebra import Index
from symbptt.errors import EvaluationError
from symbptt.formula.meaning import Extent, Shaper, Sized
from symbptt.formula.printing import node_text
from symbptt.formula.scenes import Jacobian, Scene, TooLargeError
from symbptt.formula.tree import (
    Add,
    At,
    Call,
    Delta,
    Diff,
    Div,
    Dot,
    Entry,
    Flip,
    Len,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    OneHot,
    Over,
    Power,
    Row,
    Total,
    Whole,
    free_names,
)
from symbptt.functions.vectors import VECTORS
from symbptt.proof.domain import Array, each
from symbptt.proof.evaluate import length, loss_value, vector_value
from symbptt.proof.unrolled import Variable

Steps = Mapping[str, int]

MAX_POWER = 64


class OutOfRangeError(EvaluationError):
    """An index has no value: ``node`` is the reference, ``words`` say why."""

    def __init__(self, node: Node, words: str) -> None:
        self.node = node
        self.words = words
        super().__init__(words)


class Clock:
    """Says when the time is over: CPU time, so that what else runs changes no verdict."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.process_time() + seconds
        self._calls = 0

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """A shorter time for a part of the work."""
        end = self.end
        self.end = min(end, time.process_time() + seconds)
        try:
            yield
        finally:
            self.end = end

    def check(self) -> None:
        """
        Raises
        ------
        TooLargeError
            If it is over.
        """
        self._calls += 1
        if self._calls % 32 == 0 and time.process_time() > self.end:
            raise TooLargeError(f"it is not decided after {self.seconds:g} s of CPU time")


class Evaluator:
    """Values at one point; parts that formulas share are calculated once.

    Parameters
    ----------
    shaper : Shaper
        For the size of an empty sum or product.
    """

    def __init__(self, scene: Scene, shaper: Shaper, clock: Clock) -> None:
        self.scene = scene
        self.shaper = shaper
        self.clock = clock
        self.lengths = {
            f"len({name})": self._size(rows) * self._size(columns)
            for name, (rows, columns) in shaper.symbols.shapes.items()
        }
        self._known: dict[tuple[int, ...], Array] = {}
        self._free: dict[int, tuple[Node, tuple[str, ...]]] = {}

    def value(self, node: Node, at: Steps) -> Array:
        """A matrix of the domain's numbers.

        Raises
        ------
        OutOfRangeError
            If an index has no value.
        ZeroDivisionError, EvaluationError
            If it is not defined.
        TooLargeError
            If the time is over.
        """
        if id(node) not in self._free:
            self._free[id(node)] = (node, tuple(sorted(free_names(node) - {"T"})))
        names = self._free[id(node)][1]
        key = (id(node), at["T"], *(at[name] for name in names))
        if key not in self._known:
            self.clock.check()
            self._known[key] = self._value(node, at)
        return self._known[key]

    def _value(self, node: Node, at: Steps) -> Array:
        match node:
            case Num(value=value):
                return self._number(value)
            case Whole(index=index):
                return self._number(Fraction(self._at(index, at)))
            case Sized(extent=extent):
                return self.scene.identity(self._size(extent))
            case Total():
                return self._mean_loss(at["T"])
            case Name(name=name):
                return _matrix(self.scene.value((name, None)))
            case At() | OneHot():
                reference = node if isinstance(node, At) else node.position
                return _matrix(self.scene.value(self.variable(reference, at)))
            case Row(table=table, row=row):
                position = self.scene.value(self.variable(row, at))
                return _matrix(np.dot(position, self.scene.value((table.name, None))))
            case Entry():
                return self._entry(node, at)
            case Add(terms=terms):
                return self._folded(np.add, terms, at)
            case Mul(factors=factors):
                return self._folded(np.multiply, factors, at)
            case Dot(factors=factors):
                return self._folded(np.dot, factors, at)
            case Div(above=above, below=below):
                return self._quotient(self.value(above, at), self.value(below, at))
            case Neg(operand=operand):
                return -self.value(operand, at)
            case Flip(operand=operand):
                return self.value(operand, at).T
            case Power():
                return self._power(node, at)
            case Diff():
                return self._derivative(node, at)
            case Over():
                return self._over(node, at)
            case Delta(left=left, right=right):
                equal = self._place(left, at) == self._place(right, at)
                return self._number(Fraction(int(equal)))
            case Len(name=name):
                return self._number(Fraction(self.lengths[f"len({name})"]))
            case Call():
                return self._call(node, at)
        raise TypeError(f"no value for {type(node).__name__}")

    def _at(self, index: Index, at: Steps) -> int:
        """The number that an index is."""
        return index.at({**self.lengths, **at})

    def _number(self, value: Fraction) -> Array:
        return self.scene.array([[self.scene.number(value)]])

    def _size(self, extent: Extent) -> int:
        return int(np.prod([length(dim, self.scene.sizes) for dim in extent], dtype=int))

    def _folded(self, function: Any, nodes: tuple[Node, ...], at: Steps) -> Array:
        found = self.value(nodes[0], at)
        for node in nodes[1:]:
            found = function(found, self.value(node, at))
        return found

    # --- references ---------------------------------------------------------------------

    def variable(self, node: At, at: Steps) -> Variable:
        """The value that a reference means.

        Raises
        ------
        OutOfRangeError
            If there is none.
        """
        step, horizon, name = self._at(node.index, at), at["T"], node.name
        scene = self.scene
        if name in scene.unrolled.untimed or name in scene.last:
            if step != horizon:
                raise OutOfRangeError(node, f"{name} has a value at step T alone")
            return (name, None if name in scene.unrolled.untimed else step)
        if step > horizon:
            raise OutOfRangeError(node, f"{node_text(node)} lies past T")
        if step < scene.starts[name]:
            first = scene.starts[name]
            raise OutOfRangeError(node, f"{node_text(node)} lies before {name}[{first}], the first")
        return (name, step)

    def _place(self, node: Node, at: Steps) -> int:
        """An entry's number, from 1."""
        if isinstance(node, Whole):
            return self._at(node.index, at)
        assert isinstance(node, At)
        position = self.scene.run.values[self.variable(node, at)]
        return 1 + next(k for k, one in enumerate(position) if one != 0)

    def _entry(self, node: Entry, at: Steps) -> Array:
        operand = self.value(node.operand, at)
        row, column = self._places(node, operand.shape, at)
        return operand[row : row + 1, column : column + 1]

    def _places(self, node: Entry, shape: tuple[int, ...], at: Steps) -> tuple[int, int]:
        """Row and column of an entry, from 0."""
        places = [self._place(place, at) for place in node.places]
        if len(places) == 1:
            places = [places[0], 1] if shape[1] == 1 else [1, places[0]]
        for place, size in zip(places, shape, strict=True):
            if not 1 <= place <= size:
                words = f"{node_text(node)} has entries 1 to the length"
                raise OutOfRangeError(node, words)
        row, column = places
        return row - 1, column - 1

    # --- derivatives --------------------------------------------------------------------

    def _derivative(self, node: Diff, at: Steps) -> Array:
        by, column = self._operand(node.by, at)
        if isinstance(node.of, Total):
            jacobian, row = self._loss_slope(by, at["T"]), None
        else:
            of, row = self._operand(node.of, at)
            find = self.scene.immediate if node.partial else self.scene.total
            jacobian = find(of, by)
        if row is not None:
            jacobian = jacobian[row : row + 1]
        if column is not None:
            return jacobian[:, column : column + 1]
        scalar = jacobian.shape[0] == 1 and self.shaper.known(node.of) == ((), ())
        shape = self.scene.run.values[by].shape
        return _matrix(jacobian.reshape(shape)) if scalar else jacobian

    def _operand(self, node: Node, at: Steps) -> tuple[Variable, int | None]:
        """A variable and, for an entry of it, the entry's number."""
        if isinstance(node, Entry):
            variable, _ = self._operand(node.operand, at)
            shape = _matrix(self.scene.run.values[variable]).shape
            row, column = self._places(node, shape, at)
            return variable, row * shape[1] + column
        if isinstance(node, Name):
            return (node.name, None), None
        assert isinstance(node, At)
        return self.variable(node, at), None

    def _loss_steps(self, horizon: int) -> list[int]:
        return [horizon] if "loss" in self.scene.last else list(range(1, horizon + 1))

    def _mean_loss(self, horizon: int) -> Array:
        steps = self._loss_steps(horizon)
        losses = sum(_matrix(self.scene.value(("loss", step))) for step in steps)
        return losses * self.scene.number(Fraction(1, len(steps)))

    def _loss_slope(self, by: Variable, horizon: int) -> Jacobian:
        steps = self._loss_steps(horizon)
        slopes = sum(self.scene.total(("loss", step), by) for step in steps)
        return slopes * self.scene.number(Fraction(1, len(steps)))

    # --- sums, products, powers ---------------------------------------------------------

    def _over(self, node: Over, at: Steps) -> Array:
        first, last = self._at(node.first, at), self._at(node.last, at)
        steps = range(first, last + node.step, node.step)
        found: Array | None = None
        for step in steps:
            self.clock.check()
            value = self.value(node.body, {**at, node.name: step})
            if found is None:
                found = value
            else:
                found = np.dot(found, value) if node.product else found + value
        if found is not None:
            return found
        rows, columns = self.shaper.known(node.body)
        if node.product:
            return self.scene.identity(self._size(rows))
        return self.scene.zeros(self._size(rows), self._size(columns))

    def _power(self, node: Power, at: Steps) -> Array:
        base = self.value(node.base, at)
        exponent = self._exponent(node.exponent, at)
        if abs(exponent) > MAX_POWER:
            raise TooLargeError(f"the exponent {exponent} is too large to be checked")
        if base.shape[0] == base.shape[1] > 1:
            return self._matrix_power(base, int(exponent))
        if exponent < 0 and any(entry == 0 for entry in np.ravel(base)):
            raise ZeroDivisionError("a negative power of 0")
        return self.scene.array(each(lambda x: self.scene.domain.power(x, exponent), base))

    def _exponent(self, node: Node, at: Steps) -> Fraction:
        match node:
            case Num(value=value):
                return value
            case Neg(operand=operand):
                return -self._exponent(operand, at)
            case Whole(index=index):
                return Fraction(self._at(index, at))
        raise TypeError(f"no exponent {type(node).__name__}")

    def _matrix_power(self, base: Array, exponent: int) -> Array:
        if exponent < 0:
            base, exponent = self._inverse(base), -exponent
        found = self.scene.identity(len(base))
        for _ in range(exponent):
            found = np.dot(found, base)
        return found

    def _inverse(self, matrix: Array) -> Array:
        """By elimination, in whatever numbers there are."""
        size = len(matrix)
        rows = np.concatenate([matrix, self.scene.identity(size)], axis=1)
        for k in range(size):
            pivot = next((r for r in range(k, size) if rows[r, k] != 0), None)
            if pivot is None:
                raise ZeroDivisionError("a singular matrix has no negative power")
            rows[[k, pivot]] = rows[[pivot, k]]
            rows[k] = rows[k] / rows[k, k]
            for r in range(size):
                if r != k:
                    rows[r] = rows[r] - rows[k] * rows[r, k]
        return rows[:, size:]

    def _quotient(self, above: Array, below: Array) -> Array:
        if any(entry == 0 for entry in np.ravel(below)):
            raise ZeroDivisionError("division by 0")
        return np.divide(above, below)

    # --- functions ----------------------------------------------------------------------

    def _call(self, node: Call, at: Steps) -> Array:
        if node.function in self.shaper.symbols.losses:
            return self._loss(node, at)
        args = [self.value(arg, at) for arg in node.args]
        special: dict[str, Callable[..., Array]] = {
            "outer": lambda u, v: np.dot(u.reshape(-1, 1), v.reshape(1, -1)),
            "diag": lambda v: self.scene.identity(v.size) * v.reshape(1, -1),
            "concat": lambda *parts: np.concatenate([p.reshape(-1, 1) for p in parts]),
        }
        if node.function in special:
            return self.scene.array(special[node.function](*args))
        name, domain = node.function, self.scene.domain
        if name in VECTORS:
            return self._vector(name, args)
        return self.scene.array(each(lambda *xs: domain.call(name, xs), *args))

    def _vector(self, name: str, args: list[Array]) -> Array:
        found = vector_value(name, [np.ravel(arg) for arg in args], self.scene.domain)
        return self.scene.array(np.reshape(found, args[0].shape if np.shape(found) else (1, 1)))

    def _loss(self, node: Call, at: Steps) -> Array:
        prediction = np.ravel(self.value(node.args[0], at)).astype(object)
        target = node.args[1]
        integer = isinstance(target, At) and target.name in self.shaper.symbols.integers
        if integer and isinstance(target, At):
            other = self.scene.run.values[self.variable(target, at)]
        else:
            other = np.ravel(self.value(target, at)).astype(object)
        found = loss_value(node.function, prediction, other, self.scene.domain)
        return self.scene.array([[found]])


def _matrix(value: Array) -> Array:
    """A scalar as 1 × 1, a vector as a column."""
    return np.reshape(value, (*np.shape(value), 1, 1)[: max(2, np.ndim(value))])
