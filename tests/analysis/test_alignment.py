"""The powers of a symmetric matrix turn everything to v_1, and `analyze` shows it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from symbptt.analysis.report import POWERS, analyze, matrix_report
from symbptt.analysis.spectra import Dominant, dominant, turns
from symbptt.cli import main
from symbptt.language import library


def symmetric(values: list[float]) -> tuple[Any, Any]:
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(len(values), len(values))))
    matrix = turn @ np.diag(values) @ turn.T
    return (matrix + matrix.T) / 2, turn


@pytest.mark.parametrize("first", [1.3, -1.3, 0.9, -2.0])
def test_the_angle_shrinks_as_the_quotient_of_the_first_two_eigenvalues(first: float) -> None:
    matrix, _ = symmetric([first, 0.8, -0.5, 0.1])
    rows = matrix_report("M", matrix, 50).turns
    assert [row.power for row in rows] == list(POWERS)
    for row in rows:
        assert row.distance < 1e-12
        assert row.sine <= row.bound * (1 + 1e-9)
    assert rows[-1].sine < 1e-1 and rows[-1].sine < rows[0].sine
    expected = math.copysign(1, first)
    assert rows[1].sign == rows[0].sign * expected  # v_1.M^k x is lambda_1^k times v_1.x


def test_against_the_powers_themselves() -> None:
    matrix, turn = symmetric([-1.1, 0.8, 0.3])
    found = dominant(matrix)
    assert found is not None
    (row,) = turns(matrix, found, (7,), seed=0)
    vector = np.linalg.matrix_power(matrix, 7) @ np.random.default_rng(0).normal(size=3)
    cosine = float(turn[:, 0] @ vector) / float(np.linalg.norm(vector))
    assert row.sine == pytest.approx(math.sqrt(1 - cosine**2), rel=1e-9)


def test_another_direction_is_not_taken_for_v_1() -> None:
    matrix, turn = symmetric([1.2, 0.5, 0.1])
    wrong = Dominant(1.2, 0.5 / 1.2, turn[:, 1], turn[:, 1])
    assert turns(matrix, wrong, (20,), seed=0)[0].sine > 0.99


def test_eigenvalues_that_are_not_those_powers_are_seen() -> None:
    """Of a matrix that is not symmetric, by more than rounding."""
    matrix = np.array([[1.2, 0.0], [3.0, 0.5]])
    found = dominant(matrix)
    assert found is not None
    assert turns(matrix, found, (2,), seed=0)[0].distance > 1e-3


@pytest.mark.parametrize(
    "matrix", [np.array([[0.9, 50.0], [0.0, 0.9]]), np.diag([1.0, -1.0]), np.eye(3)]
)
def test_no_rows_without_symmetry_or_a_first_eigenvalue(matrix: Any) -> None:
    assert matrix_report("M", matrix, 50).turns == ()


def test_what_is_said(tmp_path: Path) -> None:
    matrix, _ = symmetric([-1.1, 0.8, 0.3, -0.2])
    path = tmp_path / "numbers.npz"
    np.savez(path, W_hh=matrix, W_hx=np.ones((4, 2)))
    text = CliRunner().invoke(main, ["analyze", "linear", str(path), "-T", "5"]).output
    assert "powers of W_hh, which is symmetric: M^k x turns to the line of v_1" in text
    assert "W_hh^k has the eigenvalues lambda_i^k" in text
    assert "gradients of far steps point along v_1 whatever the loss" in text
    drawn = analyze(library.load("linear"), steps=5, dims={"h": 4, "d": 2})
    assert "which is symmetric" not in str(drawn.matrices)
    assert all(report.turns == () for report in drawn.matrices)
