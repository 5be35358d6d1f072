"""Recurrences in exact numbers: the value of every operator, source and closed form.

What is true comes from the model run entry by entry with derivatives accumulated forward
(`symbptt.proof.unrolled`), which shares nothing with the recurrences recognised.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbptt.algebra import Derivative, Expr, Model, Ref, walk
from symbptt.calculus.forms import terms_of
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.system import AffineRecurrence
from symbptt.calculus.recurrence.words import Form, form_at
from symbptt.proof.evaluate import length, part_value
from symbptt.proof.field import Field, Residue
from symbptt.proof.ledger import Ledger
from symbptt.proof.points import draw, size_sets
from symbptt.proof.unrolled import SizedModel, Trajectory

Matrix = Any
"""An object array of two axes; vectors are columns."""


@dataclass(frozen=True)
class Truth:
    """A run of a model in normal form, and dL/d(everything) for T = ``horizon``."""

    run: Trajectory
    horizon: int
    cotangents: Mapping[Any, Any]

    def at(self, expr: Expr | None, t: int, rows: int, columns: int) -> Matrix:
        """What an expression is at step t, as a matrix; terms that read past T are absent."""
        steps = {"t": t, "T": self.horizon}
        ledger = Ledger(self.run, self.horizon, self.cotangents)
        total = zeros(rows, columns)
        for term in () if expr is None else terms_of(expr):
            value = None if self.reads_past_the_end(term, t) else part_value(term, ledger, steps)
            if value is not None:
                total = total + as_matrix(value, columns)
        return total

    def reads_past_the_end(self, expr: Expr, t: int) -> bool:
        steps = {"t": t, "T": self.horizon}
        return any(isinstance(n, Ref) and n.index.at(steps) > self.horizon for n in walk(expr))

    def length(self, dim: Any) -> int:
        return length(dim, self.run.unrolled.sizes)


def unit(size: int) -> Matrix:
    values = zeros(size, size)
    for k in range(size):
        values[k, k] = Residue(1)
    return values


def zeros(rows: int, columns: int) -> Matrix:
    return np.full((rows, columns), Residue(0), dtype=object)


def as_matrix(value: Any, columns: int = 1) -> Matrix:
    """A vector as a column, and so is a matrix where one column is wanted."""
    value = np.asarray(value, dtype=object)
    return value if value.ndim == 2 and columns > 1 else value.reshape(-1, 1)


def truths(model: Model, horizons: tuple[int, ...], seed: int = 1) -> list[Truth]:
    """A random point of exact arithmetic, with the derivatives of L for every T."""
    normal = normalize(model)
    domain = Field(seed)
    found = []
    sizes = size_sets(model)[0]
    given = draw(model, sizes, max(horizons), domain, random.Random(seed))
    run = SizedModel(normal, sizes).run(given, max(horizons), domain)
    for horizon in horizons:
        cotangents = {}
        if model.loss is not None:
            _, slopes = run.total_loss(horizon)
            cotangents = {v: run.gradient(slopes, v) for v in run.variables}
        found.append(Truth(run, horizon, cotangents))
    return found


# --- the recurrence and its closed form ------------------------------------------------


class Numbers:
    """A recurrence with numbers put in: blocks joined to whole matrices."""

    def __init__(self, recurrence: AffineRecurrence, truth: Truth) -> None:
        self.recurrence = recurrence
        self.truth = truth
        self.sizes = [truth.length(height) for height in recurrence.heights]
        columns = recurrence.value.shape[1:]
        # The entries of a matrix that a number multiplies count one by one.
        derived = isinstance(recurrence.value, Derivative)
        whole = derived or recurrence.heights == recurrence.value.shape[:1]
        self.columns = truth.length(columns[0]) if columns and whole else 1

    def value(self, t: int) -> Matrix:
        return self.stacked(self.recurrence.stack, t)

    def stacked(self, blocks: Sequence[Expr | None], t: int) -> Matrix:
        rows = zip(blocks, self.sizes, strict=True)
        return np.vstack([self.truth.at(block, t, n, self.columns) for block, n in rows])

    def coefficient(self, t: int) -> Matrix:
        return np.vstack([
            np.hstack([
                self.truth.at(block, t, n, m) for block, m in zip(row, self.sizes, strict=True)
            ])
            for row, n in zip(self.recurrence.matrix, self.sizes, strict=True)
        ])  # fmt: skip

    def source(self, t: int) -> Matrix:
        return self.stacked(self.recurrence.source, t)

    def beginning(self) -> Matrix:
        start = self.recurrence.law.start.at({"T": self.truth.horizon})
        if self.recurrence.law.begins == "zero":
            return zeros(sum(self.sizes), self.columns)
        return self.source(start) if self.recurrence.law.begins == "source" else self.value(start)

    def folded(self, form: Form, t: int) -> Matrix:
        """The closed form at step t."""
        total = zeros(sum(self.sizes), self.columns)
        letters = {"b": self.source, "c": self.coefficient}
        for word, count in form_at(form, {"T": self.truth.horizon, "t": t}).items():
            product: Matrix = unit(sum(self.sizes))
            for name, step in word:
                known = (
                    self.beginning() if name == "a" else letters[name](t if step is None else step)
                )
                product = product @ known
            total = total + product * Residue(count)
        return total


def same(left: Matrix, right: Matrix) -> bool:
    return left.shape == right.shape and bool(np.all(left == right))
