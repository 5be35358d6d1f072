"""Spectra and powers of matrices whose spectra and powers are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from symbptt.analysis.spectra import (
    eigenvalues,
    fate,
    leading_singular_values,
    norm,
    powers,
    spectral_radius,
    spectrum,
    unit,
)

NON_NORMAL = np.array([[0.9, 50.0], [0.0, 0.9]])
"""Spectral radius 0.9; its k-th power has 50 k 0.9^(k-1) in the corner."""


def random_matrix(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def symmetric(values: list[float], seed: int = 0) -> tuple[Any, Any]:
    """A symmetric matrix with the given eigenvalues, and its eigenvectors as columns."""
    turn, _ = np.linalg.qr(random_matrix(seed, len(values), len(values)))
    product = turn @ np.diag(values) @ turn.T
    return (product + product.T) / 2, turn


def rotation(angle: float) -> Any:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s], [s, c]])


# --- what the seeds say of eigenvalues -------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.5, "vanishes"), (-0.5, "vanishes"), (2.0, "explodes"), (-2.0, "explodes"),
     (1.0, "keeps its size"), (-1.0, "keeps its size"), (-0.999, "vanishes")],
)  # fmt: skip
def test_the_modulus_counts_and_not_the_sign(value: float, expected: str) -> None:
    found = spectrum(np.array([[value]]), 60)
    assert (found.fate, fate(abs(value))) == (expected, expected)
    last = abs(value) ** len(found.powers.norms)
    assert found.powers.norms[-1] == pytest.approx(last, rel=1e-12)


def test_minus_two_is_smaller_than_one_and_diverges() -> None:
    """ "Eigenvalues smaller than 1 vanish" is wrong taken literally."""
    found = spectrum(np.diag([-2.0, 0.5]), 60)
    assert found.eigenvalues[0] == -2 < 1
    assert found.fate == "explodes"
    assert found.growing == 1
    assert found.powers.norms[-1] == pytest.approx(2.0**60, rel=1e-12)


def test_powers_of_a_non_normal_matrix_grow_first() -> None:
    found = spectrum(NON_NORMAL, 1000)
    assert found.radius == pytest.approx(0.9, rel=1e-12)
    assert found.fate == "vanishes"
    assert round(found.powers.norms[9]) == 194
    direct = [np.linalg.norm(np.linalg.matrix_power(NON_NORMAL, k), 2) for k in range(1, 200)]
    assert found.powers.norms == pytest.approx(direct[: len(found.powers.norms)], rel=1e-10)
    assert found.powers.peak == pytest.approx(max(direct), rel=1e-10)
    assert found.powers.at == int(np.argmax(direct)) + 1
    assert found.transient
    assert found.departure > 0.99


def test_a_normal_matrix_does_not_grow_first() -> None:
    for matrix in (symmetric([0.9, -0.8, 0.1])[0], 0.9 * rotation(1.0)):
        found = spectrum(matrix, 100)
        expected = [found.radius**k for k in range(1, len(found.powers.norms) + 1)]
        assert found.powers.norms == pytest.approx(expected, rel=1e-10)
        assert not found.transient
        assert found.departure < 1e-7


def test_what_is_called_the_largest_of_all_powers_is_it() -> None:
    for seed in range(30):
        matrix = random_matrix(seed, 6, 6)
        matrix *= 0.97 / spectral_radius(matrix)
        found = powers(matrix, 10_000)
        assert found.certain
        power = np.linalg.matrix_power(matrix, found.at)
        assert np.linalg.norm(power, 2) == pytest.approx(found.peak, rel=1e-9)
        later = np.linalg.matrix_power(matrix, len(found.norms))
        for _ in range(300):
            later = later @ matrix
            assert np.linalg.norm(later, 2) <= found.peak


def test_powers_that_are_cut_short_claim_nothing() -> None:
    found = powers(NON_NORMAL, 5)
    assert not found.certain
    assert found.at == 5
    assert not powers(np.array([[7.0]]), 10_000).certain
    assert len(powers(np.array([[7.0]]), 10_000).norms) < 130


# --- a symmetric matrix turns everything to v_1 ------------------------------------------


@pytest.mark.parametrize("first", [1.3, -1.3, 0.7, -0.7])
def test_powers_of_a_symmetric_matrix_align_with_its_first_eigenvector(first: float) -> None:
    matrix, turn = symmetric([first, 0.5, -0.4, 0.1])
    found = spectrum(matrix, 50)
    assert found.symmetric
    dominant = found.dominant
    assert dominant is not None
    assert dominant.value == pytest.approx(first, rel=1e-10)
    assert dominant.ratio == pytest.approx(0.5 / abs(first), rel=1e-10)
    v = unit(turn[:, 0])
    np.testing.assert_allclose(dominant.right, v, atol=1e-9)
    np.testing.assert_allclose(dominant.left, v, atol=1e-9)
    start = random_matrix(5, 4)
    tangent = tangent_to(v, start)
    x = start
    for k in range(1, 41):
        x = matrix @ x
        # At least by the ratio a step; the sign of v_1 alternates where lambda_1 < 0.
        assert tangent_to(v, x) <= tangent * dominant.ratio**k * (1 + 1e-6) + 1e-14
        assert np.sign(v @ x) == np.sign(v @ start) * np.sign(first) ** k
    np.testing.assert_allclose(
        np.sort(np.linalg.eigvalsh(np.linalg.matrix_power(matrix, 3))),
        np.sort(np.array([first, 0.5, -0.4, 0.1]) ** 3),
        atol=1e-12,
    )


def tangent_to(direction: Any, vector: Any) -> float:
    along = abs(float(direction @ vector))
    return float(np.linalg.norm(vector - (direction @ vector) * direction)) / along


def test_without_symmetry_gradients_turn_to_the_left_eigenvector() -> None:
    matrix = random_matrix(3, 5, 5) + 3 * np.outer(np.arange(1.0, 6.0), np.ones(5))
    found = spectrum(matrix, 10)
    dominant = found.dominant
    assert dominant is not None
    assert not found.symmetric
    assert abs(dominant.left @ dominant.right) < 0.99
    x = g = random_matrix(4, 5)
    for _ in range(60):
        x, g = matrix @ x, matrix.T @ g
        x, g = x / np.linalg.norm(x), g / np.linalg.norm(g)
    assert tangent_to(dominant.right, x) < 1e-9
    assert tangent_to(dominant.left, g) < 1e-9


@pytest.mark.parametrize(
    "matrix", [rotation(0.3), np.diag([1.0, -1.0]), np.eye(3), np.zeros((2, 2))]
)
def test_where_two_moduli_are_equal_nothing_dominates(matrix: Any) -> None:
    assert spectrum(matrix, 10).dominant is None


# --- eigenvalues and singular values -----------------------------------------------------


def test_eigenvalues_come_in_one_order() -> None:
    turn = random_matrix(1, 5, 5)
    block = np.zeros((5, 5))
    block[:2, :2], block[2:4, 2:4], block[4, 4] = 2 * rotation(1.0), 0.5 * rotation(2.0), -1.0
    found = eigenvalues(turn @ block @ np.linalg.inv(turn))
    expected = [2 * np.exp(1j), 2 * np.exp(-1j), -1, 0.5 * np.exp(2j), 0.5 * np.exp(-2j)]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("shape", [(3, 3), (3, 7), (7, 3), (1, 4), (4, 1), (40, 40)])
@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200])
def test_leading_singular_values(shape: tuple[int, int], scale: float) -> None:
    matrix = random_matrix(2, *shape)
    expected = np.linalg.svd(matrix, compute_uv=False)[:2]
    found = leading_singular_values(scale * matrix)
    np.testing.assert_allclose(np.array(found[: len(expected)]) / scale, expected, rtol=1e-10)
    assert norm(scale * matrix) == found[0]


def test_norm_of_zero_and_of_nothing() -> None:
    assert leading_singular_values(np.zeros((3, 3))) == (0.0, 0.0)
    assert norm(np.zeros((0, 0))) == 0.0
