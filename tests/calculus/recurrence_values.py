"""Recurrences in exact numbers: the value of every operator, source and closed form.

What is true comes from the model run entry by entry with derivatives accumulated forward
(`symbptt.proof.unrolled`), which shares nothing with the recurrences recognised.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbptt.algebra import (
    Block,
    Column,
    Cotangent,
    Diag,
    Expr,
    Identity,
    Kron,
    Model,
    Ones,
    Ref,
    Transpose,
    walk,
)
from symbptt.calculus.normal import normalize
from symbptt.calculus.recurrence.operators import (
    Monomial,
    Operator,
    Partial,
    Piece,
    Total,
)
from symbptt.calculus.recurrence.sources import WHOLE
from symbptt.calculus.recurrence.system import Recurrence
from symbptt.calculus.recurrence.words import Form, form_at
from symbptt.proof.evaluate import evaluate, length
from symbptt.proof.field import Field, Residue
from symbptt.proof.ledger import Ledger
from symbptt.proof.points import draw, size_sets
from symbptt.proof.unrolled import Trajectory, Unrolled

Matrix = Any
"""An object array of two axes; vectors are columns."""


@dataclass(frozen=True)
class Truth:
    """A run of a model in normal form, and dL/d(everything) for T = ``horizon``."""

    run: Trajectory
    horizon: int
    cotangents: Mapping[Any, Any]

    def at(self, expr: Expr, t: int) -> Matrix:
        """What an expression is at step t, as a matrix."""
        steps = {"t": t, "T": self.horizon}
        match expr:
            case Transpose(operand=operand):
                return self.at(operand, t).T
            case Diag(vector=vector):
                return np.diag(self.at(vector, t)[:, 0])
            case Column(vector=vector):
                return self.at(vector, t)
            case Ones(dim=dim):
                return np.full((self.length(dim), 1), Residue(1))
            case Block(blocks=blocks, number=number):
                sizes = [self.length(block) for block in blocks]
                return np.hstack([unit(n) if k == number else zeros(sizes[number], n)
                                  for k, n in enumerate(sizes)])  # fmt: skip
            case Partial(output=output, wrt=wrt):
                return self.total(output, wrt, None)
            case Total(output=output, wrt=wrt):
                return self.total(output, wrt, output.index.at(steps))
            case Cotangent() if self.is_absent(expr, t):
                return zeros(*self.shape(expr))
        ledger = Ledger(self.run, self.horizon, self.cotangents)
        return as_matrix(evaluate(expr, ledger, steps))

    def is_absent(self, expr: Expr, t: int) -> bool:
        """Whether it is a derivative past T; whatever multiplies it is not there either."""
        if not isinstance(expr, Cotangent) or expr.index is None:
            return False
        return expr.index.at({"t": t, "T": self.horizon}) > self.horizon

    def reads_past_the_end(self, expr: Expr, t: int) -> bool:
        steps = {"t": t, "T": self.horizon}
        return any(isinstance(n, Ref) and n.index.at(steps) > self.horizon for n in walk(expr))

    def length(self, dim: Any) -> int:
        return length(dim, self.run.unrolled.sizes)

    def shape(self, expr: Expr) -> tuple[int, int]:
        sizes = [self.length(dim) for dim in expr.shape]
        return (sizes[0] if sizes else 1, 1)

    def total(self, output: Any, wrt: Any, step: int | None) -> Matrix:
        """The derivative of a quantity by a parameter, flattened row by row."""
        entries = range(len(self.run.slopes[output.name, step]))
        rows = [
            self.run.gradient(self.run.slope((output.name, step), k), (wrt.name, None)).reshape(-1)
            for k in entries
        ]
        return np.array(rows, dtype=object)

    # --- operators ---------------------------------------------------------------------

    def monomial(self, monomial: Monomial, t: int, behind: Matrix) -> Matrix:
        """The monomial times a matrix; one that reads a step past T acts on nothing."""
        if any(self.reads_past_the_end(factor, t) for factor in monomial.factors):
            return zeros(1, 1)
        for factor in reversed(monomial.factors):
            if not factor.shape:
                behind = behind * self.at(factor, t)[0, 0]
            elif isinstance(factor, Kron):
                behind = self.kron(factor, t, behind.shape[0]) @ behind
            elif not isinstance(factor, Identity):
                behind = self.at(factor, t) @ behind
        return -behind if monomial.negative else behind

    def kron(self, factor: Kron, t: int, columns: int) -> Matrix:
        row = self.at(factor.vector, t).T
        other = unit(columns // row.shape[1])
        return np.kron(row, other) if factor.first else np.kron(other, row)

    def operator(self, operator: Operator, t: int, rows: int, columns: int) -> Matrix:
        total = zeros(rows, columns)
        for monomial in operator:
            total = total + self.monomial(monomial, t, unit(columns))
        return total

    def piece(self, piece: Piece, t: int, columns: int) -> Matrix:
        if self.is_absent(piece.leaf, t):
            return zeros(1, columns)
        leaf = unit(columns) if piece.leaf == WHOLE else self.at(piece.leaf, t)
        return self.monomial(piece.monomial, t, leaf)


def unit(size: int) -> Matrix:
    values = zeros(size, size)
    for k in range(size):
        values[k, k] = Residue(1)
    return values


def zeros(rows: int, columns: int) -> Matrix:
    return np.full((rows, columns), Residue(0), dtype=object)


def as_matrix(value: Any) -> Matrix:
    value = np.asarray(value, dtype=object)
    return value if value.ndim == 2 else value.reshape(-1, 1)


def truths(model: Model, horizons: tuple[int, ...], seed: int = 1) -> list[Truth]:
    """A random point of exact arithmetic, with the derivatives of L for every T."""
    normal = normalize(model)
    domain = Field(seed)
    found = []
    sizes = size_sets(model)[0]
    given = draw(model, sizes, max(horizons), domain, random.Random(seed))
    run = Unrolled(normal, sizes).run(given, max(horizons), domain)
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

    def __init__(self, recurrence: Recurrence, truth: Truth) -> None:
        self.recurrence = recurrence
        self.truth = truth
        self.sizes = [truth.shape(self.outer(block))[0] for block in recurrence.stack]
        value = recurrence.value
        self.columns = 1
        if isinstance(value, Total):
            self.columns = int(np.prod([truth.length(d) for d in value.wrt.shape], dtype=int))

    def outer(self, block: Expr) -> Expr:
        return block.output if isinstance(block, Total) else block

    def value(self, t: int) -> Matrix:
        return np.vstack([self.block(block, t) for block in self.recurrence.stack])

    def block(self, block: Expr, t: int) -> Matrix:
        return self.truth.at(block, t)

    def coefficient(self, t: int) -> Matrix:
        return np.vstack([
            np.hstack([
                self.truth.operator(op, t, n, m)
                for op, m in zip(row, self.sizes, strict=True)
            ])
            for row, n in zip(self.recurrence.matrix, self.sizes, strict=True)
        ])  # fmt: skip

    def source(self, t: int) -> Matrix:
        blocks = []
        for pieces, size in zip(self.recurrence.source, self.sizes, strict=True):
            total = zeros(size, self.columns)
            for piece in pieces:
                total = total + self.truth.piece(piece, t, self.columns)
            blocks.append(total)
        return np.vstack(blocks)

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
