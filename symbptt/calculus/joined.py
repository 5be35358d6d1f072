"""Joined weights: [W U] acting on [x; h], and its gradient in blocks.

Where an equation adds up products with several matrices, these are one matrix that acts on
the vectors set end to end, and its gradient is one sum of outer products. Where the author
joined them, the gradient is shown in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.calculus.derivation import EVERY, Derivation, EquationName, Reason, Step
from symbptt.calculus.window import derive_adjoint

SHOWN = 4
MOST = 8
"""So many sums, and so many matrices, side by side can be read; more are not joined."""


def derive_joined(model: al.Model) -> Derivation:
    """The adjoint form, and behind it the weights joined and their gradients in blocks."""
    found = derive_adjoint(model)
    numbers = count(len(found.steps) + 1)
    steps = (replace(step, number=next(numbers)) for step in _steps(found.normal))
    return replace(found, steps=(*found.steps, *steps), form="joined")


def _steps(model: al.Model) -> Iterator[Step]:
    for equation in model.equations:
        if equation.last:
            continue
        products = _products(model, equation)
        if 1 < len(products) <= MOST:
            yield _value(equation, products)
            yield _gradient(equation, products)
        for product in products:
            parts = _parts(model, product)
            if 1 < len(parts) <= SHOWN:
                yield _blocks(equation, product, parts)


def _terms(rhs: al.Expr) -> tuple[al.Expr, ...]:
    return rhs.terms if isinstance(rhs, al.Add) else (rhs,)


def _products(model: al.Model, equation: al.Equation) -> tuple[al.Product, ...]:
    """The products in a sum with matrices that stand nowhere else."""
    return tuple(
        term
        for term in _terms(equation.rhs)
        if isinstance(term, al.Product)
        and isinstance(term.left, al.Param)
        and _is_vector(term.right)
        and _uses(model, term.left) == 1
    )


def _is_vector(expr: al.Expr) -> bool:
    return isinstance(expr, al.Ref) and len(expr.shape) == 1


def _uses(model: al.Model, matrix: al.Param) -> int:
    sides = [e.rhs for e in model.equations] + [d.rhs for d in model.derived]
    return sum(node == matrix for side in sides for node in al.walk(side))


def _parts(model: al.Model, product: al.Product) -> tuple[al.Expr, ...]:
    """The vectors that the author set end to end to be multiplied."""
    vector = product.right
    assert isinstance(vector, al.Ref)
    equation = next((e for e in model.equations if e.name == vector.name), None)
    if equation is None or vector.index != al.NOW or not isinstance(equation.rhs, al.Concat):
        return ()
    return equation.rhs.parts


def _value(equation: al.Equation, products: tuple[al.Product, ...]) -> Step:
    """a_t = W x_t + U h_{t-1} + b = [W U] [x_t; h_{t-1}] + b."""
    joined = al.Product(_row(tuple(p.left for p in products)), _end_to_end(products))
    rest = [term for term in _terms(equation.rhs) if term not in products]
    whole = forms.add((joined, *rest), equation.shape)
    name = EquationName(equation.name)
    reason: Reason = (name, " adds up products, so its matrices act side by side")
    return Step(0, "joined", equation.ref, (equation.rhs, whole), reason, EVERY)


def _row(blocks: tuple[al.Expr, ...]) -> al.BlockMatrix:
    widths = tuple(block.shape[1] for block in blocks)
    return al.BlockMatrix((blocks,), (blocks[0].shape[0],), widths)


def _end_to_end(products: tuple[al.Product, ...]) -> al.Expr:
    return al.Concat(tuple(p.right for p in products))


def _gradient(equation: al.Equation, products: tuple[al.Product, ...]) -> Step:
    """Side by side the gradients are one sum of outer products."""
    own = al.Cotangent(equation.name, equation.index, equation.shape)
    matrices = [p.left for p in products if isinstance(p.left, al.Param)]
    targets = tuple(al.Cotangent(matrix.name, None, matrix.shape) for matrix in matrices)
    sums = tuple(al.TimeSum(al.Outer(own, p.right)) for p in products)
    whole = al.TimeSum(al.Outer(own, _end_to_end(products)))
    members = (_row(sums), whole) if len(sums) <= SHOWN else (whole,)
    reason: Reason = ("The gradients of the blocks are the blocks of one gradient",)
    return Step(0, "joined", _row(targets), members, reason)


def _blocks(equation: al.Equation, product: al.Product, parts: tuple[al.Expr, ...]) -> Step:
    """The gradient of a matrix that acts on joined vectors, block by block."""
    own = al.Cotangent(equation.name, equation.index, equation.shape)
    matrix = product.left
    assert isinstance(matrix, al.Param)
    whole = al.TimeSum(al.Outer(own, al.Concat(parts)))
    sums = tuple(al.TimeSum(al.Outer(own, part)) for part in parts)
    reason: Reason = (matrix, " acts on vectors set end to end, each with a block of its own")
    target = al.Cotangent(matrix.name, None, matrix.shape)
    return Step(0, "joined", target, (whole, _row(sums)), reason)
