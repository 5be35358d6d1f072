"""Functions of rows, for floats without overflow and for exact numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from inspect import signature
from typing import Any

import numpy as np
import pytest

from symbptt.proof.domain import Precise
from tests.codegen.runtime import NUMPY, carried

F = carried(*NUMPY.runtime(2).definitions)
WIDE = np.array([-1e4, -30.0, -1.0, 0.0, 0.5, 40.0, 1e4])
EXPECTED: dict[str, Callable[[Any], Any]] = {
    "_sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "_softplus": lambda x: np.log1p(np.exp(x)),
    "_log_sigmoid": lambda x: -np.log1p(np.exp(-x)),
    "_silu": lambda x: x / (1 + np.exp(-x)),
    "_softsign": lambda x: x / (1 + np.abs(x)),
    "_step": lambda x: np.where(x > 0, 1.0, 0.0),
    "_sign": np.sign,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_elementwise_functions(name: str) -> None:
    function = getattr(F, name)
    near = np.linspace(-5, 5, 21)
    np.testing.assert_allclose(function(near), EXPECTED[name](near), rtol=1e-12, atol=1e-15)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(function(WIDE)).all()
        assert np.isfinite(function(WIDE.astype(np.float32))).all()


def test_functions_of_vectors_and_losses() -> None:
    rng = np.random.default_rng(1)
    v, y = rng.normal(size=(4, 3)), np.array([0, 2, 1, 1])
    p = np.exp(v) / np.exp(v).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(F._softmax(v), p)
    np.testing.assert_allclose(F._log_softmax(v), np.log(p))
    np.testing.assert_allclose(F._softmax_cross_entropy(v, y)[:, 0], -np.log(p[np.arange(4), y]))
    np.testing.assert_allclose(F._dot(v, p)[:, 0], np.einsum("ij,ij->i", v, p))
    np.testing.assert_allclose(F._squared_error(v, p)[:, 0], ((v - p) ** 2).sum(axis=1) / 2)
    np.testing.assert_array_equal(F._one_hot(y, 3, v.dtype).argmax(axis=1), y)
    np.testing.assert_array_equal(F._concat(v, np.ones(2))[:, 3:], np.ones((4, 2)))
    huge = np.array([[1e4, -1e4, 0.0]])
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(F._softmax(huge), [[1, 0, 0]])


def test_softmax_and_its_loss_in_buffers() -> None:
    for scale in (1, 1e4):
        v = np.random.default_rng(2).normal(size=(5, 3)) * scale
        y, p, loss, column = np.arange(5) % 3, np.empty((5, 3)), np.empty((5, 1)), np.empty((5, 1))
        ones = np.ones((3, 1))
        F._softmax_and_loss(v.copy(), np.arange(5) * 3 + y, column, ones, p, loss)
        np.testing.assert_allclose(p, F._softmax(v), atol=1e-15)
        np.testing.assert_allclose(loss, F._softmax_cross_entropy(v, y), rtol=1e-9, atol=1e-9)
        F._softmax_into(v.copy(), column, ones, p)
        np.testing.assert_allclose(p, F._softmax(v), atol=1e-15)


def test_ties_count_half_and_fractions_stay_fractions() -> None:
    u, v = np.array([Fraction(1), Fraction(2)]), np.array([Fraction(1), Fraction(1)])
    assert list(F._beyond(u, v)) == [Fraction(1, 2), 1]
    assert list(F._beyond(u.astype(float), v.astype(float))) == [0.5, 1]
    assert F._mean(np.array([[Fraction(1), Fraction(2)]]))[0, 0] == Fraction(3, 2)
    assert F._squared_error(u[None], v[None])[0, 0] == Fraction(1, 2)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_what_is_laid_out_anew_may_have_no_rows(rows: int) -> None:
    wide = np.arange(4.0 * rows).reshape(rows, 4)
    left, right = F._side_by_side(wide, 2)
    np.testing.assert_array_equal(left, wide[:, :2])
    np.testing.assert_array_equal(right, wide[:, 2:])
    eye = np.eye(3)
    for name, order in (("_kron", 1), ("_kron_first", -1)):
        found = getattr(F, name)(wide, 3)
        assert found.shape == (rows, 3, 12)
        for each, row in zip(found, wide, strict=True):
            np.testing.assert_array_equal(each, np.kron(*(eye, row[None])[::order]))


def test_a_vector_that_has_no_rows_stands_in_every_one() -> None:
    for rows in (1, 5):
        found = F._concat(np.ones((rows, 2)), np.arange(3.0))
        np.testing.assert_array_equal(found, [[1, 1, 0, 1, 2]] * rows)


@pytest.mark.parametrize("dtype", ["float32", "float64", object])
def test_matrices_of_ones_are_of_the_dtype(dtype: Any) -> None:
    assert F._selection(3, 1, 2, dtype).dtype == dtype
    assert F._diagonal(np.ones((2, 3), dtype)).dtype == dtype
    assert F._step(np.array([-1, 0, 2], dtype)).dtype == dtype
    if dtype is object:
        assert type(F._diagonal(np.array([[Fraction(1, 3)]]))[0, 0, 0]) is Fraction


@pytest.mark.parametrize("name", ["_sigmoid", "_erf", "_normal_cdf", "_normal_pdf"])
def test_exact_numbers_give_what_floats_give(name: str) -> None:
    function = getattr(F, name)
    count = len(signature(function).parameters)
    exact = [np.array([Precise(50).number(Fraction(k, 8))], object) for k in (3, 1, 5)[:count]]
    floats = [array.astype(float) for array in exact]
    np.testing.assert_allclose(function(*exact).astype(float), function(*floats), 1e-14)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_matrices_of_rows(rows: int) -> None:
    wide = np.arange(12.0 * rows).reshape(rows, 3, 4)
    np.testing.assert_array_equal(F._entries(wide), wide.reshape(rows, 12))
    left, right = np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(2, 2)
    for one, other in ((wide, right), (left, wide)):
        found = F._kronecker(one, other)
        for number, each in enumerate(found):
            sides = (m[number] if m is wide else m for m in (one, other))
            np.testing.assert_array_equal(each, np.kron(*sides))
    np.testing.assert_array_equal(F._kronecker(left, right), np.kron(left, right))
