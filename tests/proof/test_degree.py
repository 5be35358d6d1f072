"""Degrees bound what they should, and the probability of an error follows."""

from __future__ import annotations

import random

import pytest
import sympy

from symbptt.proof.degree import Degree, Degrees, error_bits
from symbptt.proof.field import PRIME


def test_degrees_bound_those_of_random_expressions() -> None:
    rng = random.Random(0)
    x, y = sympy.symbols("x y")
    leaves = [(x, Degree(1)), (y, Degree(1)), (sympy.Integer(3), Degree(0))]
    for _ in range(200):
        expr, bound = rng.choice(leaves)
        for _ in range(4):
            other, degree = rng.choice(leaves)
            kind = rng.randrange(4)
            if kind == 0:
                expr, bound = expr + other, bound + degree
            elif kind == 1:
                expr, bound = expr * other, bound * degree
            elif kind == 2:
                expr, bound = expr / other, bound / degree
            else:
                expr, bound = (expr - 1) ** 2, (bound - 1) ** 2
        above, below = sympy.fraction(sympy.together(expr))
        for part, limit in ((above, bound.above), (below, bound.below)):
            polynomial = sympy.Poly(sympy.expand(part), x, y)
            assert polynomial.is_zero or polynomial.total_degree() <= limit


def test_function_values_are_indeterminates() -> None:
    domain = Degrees()
    a = Degree(5)
    assert domain.abstract("phi", None, (a,)) == Degree(1)
    assert domain.call("tanh", (a,)) == Degree(1, 1)
    assert domain.call("step", (a,)) == Degree(0)


def test_the_probability_of_an_error() -> None:
    assert error_bits(1, 0) == 126
    assert error_bits(2**20, 0) == 106
    # A thousand function values make half a million pairs.
    assert error_bits(1, 1001) == pytest.approx(126 - 18, abs=1)
    assert 2**127 > PRIME > 2**126
