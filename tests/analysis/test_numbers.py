"""What is read from a file, what is drawn, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symbptt.analysis.numbers import read_arrays
from symbptt.analysis.report import analyze
from symbptt.errors import AnalysisError
from tests.analysis.subjects import bound, of_text
from tests.modules import model_of, module_of

DIMS = {"d": 3, "h": 4, "q": 2}


def elman(**changes: Any) -> dict[str, Any]:
    """Parameters and inputs of elman; a change of None takes a key away."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "W_xh": rng.standard_normal((4, 3)),
        "W_hh": rng.standard_normal((4, 4)),
        "b_h": rng.standard_normal(4),
        "W_hy": rng.standard_normal((2, 4)),
        "b_y": rng.standard_normal(2),
        "x": rng.standard_normal((6, 3)),
        "h[0]": rng.standard_normal(4),
    }
    arrays |= changes
    return {key: array for key, array in arrays.items() if array is not None}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"W_hh": None}, ["lacks W_hh", "W_xh, W_hh, b_h"]),
        ({"W_hh": np.zeros((4, 5))}, ["W_hh", "(h, h)", "h = 4", "(4, 5)"]),
        ({"W_hh": np.zeros(4)}, ["W_hh", "(h, h)", "(4,)"]),
        ({"b_h": np.zeros((4, 1))}, ["b_h", "(h,)", "(4, 1)"]),
        ({"W_hy": np.zeros((2, 5))}, ["W_hy", "(q, h)", "h = 4", "(2, 5)"]),
        ({"x": np.zeros((6, 2))}, ["x", "d = 3", "W_xh", "(2,)"]),
        ({"x": np.zeros(6)}, ["x", "(T, B, d)", "(6,)"]),
        ({"x": np.zeros((0, 3))}, ["no steps"]),
        ({"h[0]": np.zeros(3)}, ["h[0]", "h = 4", "(3,)"]),
        ({"w_hh": np.zeros((4, 4))}, ["nothing called w_hh", "W_hh"]),
        ({"h[1]": np.zeros(4)}, ["nothing called h[1]", "h[0]"]),
        ({"W_hh": np.full((4, 4), np.nan)}, ["W_hh", "not finite"]),
        ({"W_hh": np.zeros((4, 4), complex)}, ["W_hh", "real numbers", "complex128"]),
        ({"W_hh": np.array([["a"] * 4] * 4)}, ["W_hh", "real numbers"]),
    ],
)
def test_what_does_not_fit_is_named(
    changes: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "numbers.npz"
    np.savez(path, **elman(**changes))
    with pytest.raises(AnalysisError) as caught:
        analyze(model_of("elman"), path, dims={} if "W_hy" in changes else {"q": 2})
    for word in (str(path), *words):
        assert word in str(caught.value)


def test_the_same_without_a_change_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "numbers.npz"
    np.savez(path, **elman())
    found = analyze(model_of("elman"), path)
    assert found.numbers.drawn == ()
    assert found.numbers.sizes == {"d": 3, "h": 4}
    assert found.trajectory.steps == 6
    np.testing.assert_array_equal(found.numbers.params["W_hh"], elman()["W_hh"])
    np.testing.assert_array_equal(found.numbers.inputs["x"][:, 0], elman()["x"])
    np.testing.assert_array_equal(found.numbers.carry["h[0]"][0], elman()["h[0]"])


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_archive(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "numbers.npz"
    path.write_bytes(content)
    with pytest.raises(AnalysisError, match=r"numbers\.npz can't be read as an \.npz file"):
        read_arrays(path)


def test_files_of_another_kind(tmp_path: Path) -> None:
    single, objects = tmp_path / "one.npy", tmp_path / "objects.npz"
    np.save(single, np.zeros(3))
    with pytest.raises(AnalysisError, match=r"one\.npy: expected an \.npz file"):
        read_arrays(single)
    np.savez(objects, W=np.array([1, "a"], dtype=object))
    with pytest.raises(AnalysisError, match="can't be read"):
        read_arrays(objects)
    with pytest.raises(AnalysisError, match="No such file"):
        read_arrays(tmp_path / "none.npz")


def test_parameters_are_drawn_as_the_module_draws_them() -> None:
    found = analyze(model_of("elman"), dims=DIMS, steps=3, seed=7)
    expected = module_of("elman").init_params(DIMS, seed=7, dtype=np.float64)
    for name, array in found.numbers.params.items():
        np.testing.assert_array_equal(array, expected[name])
    assert found.numbers.drawn == ("parameters", "x")


def test_inputs_alone_may_be_given() -> None:
    found = analyze(model_of("elman"), {"x": np.ones((5, 2, 3))}, dims={"h": 4})
    assert found.numbers.drawn == ("parameters",)
    assert found.trajectory.steps == 5
    assert (
        analyze(model_of("elman"), {"x": np.ones((5, 3))}, steps=2, dims={"h": 4}).trajectory.steps
        == 2
    )
    with pytest.raises(AnalysisError, match="have 5 steps, not 6"):
        analyze(model_of("elman"), {"x": np.ones((5, 3))}, steps=6)


def test_a_sequence_of_a_batch_is_the_one_asked_for() -> None:
    rng = np.random.default_rng(1)
    batch = elman(x=rng.standard_normal((6, 3, 3)), **{"h[0]": rng.standard_normal((3, 4))})
    for number in (1, 2, 3):
        alone = elman(x=batch["x"][:, number - 1], **{"h[0]": batch["h[0]"][number - 1]})
        found = analyze(model_of("elman"), batch, sequence=number)
        expected = analyze(model_of("elman"), alone)
        assert found.trajectory.lags == expected.trajectory.lags
    with pytest.raises(AnalysisError, match="x: has 3 sequences, not 4"):
        analyze(model_of("elman"), batch, sequence=4)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [(np.array([0.5, 1]), "expected integers"), (np.array([0, 9]), "0 <= index < 9, found 0 to 9")],
)
def test_tokens_out_of_range(tokens: Any, words: str) -> None:
    rng = np.random.default_rng(0)
    shapes = {"E": (9, 3), "U": (4, 3), "W": (4, 4), "b": (4,)}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    analyze(model_of("char_rnn"), {**arrays, "tok": np.array([0, 8, 8])})
    with pytest.raises(AnalysisError, match=words):
        analyze(model_of("char_rnn"), {**arrays, "tok": tokens})


def test_inputs_of_different_lengths() -> None:
    model = of_text("x: (d,)\nz: (e,)\nh[t] = tanh(W @ h[t-1] + U @ x[t] + V @ z[t])\n")
    with pytest.raises(AnalysisError, match="differ in their steps: x 3, z 4"):
        analyze(model, {"x": np.zeros((3, 2)), "z": np.zeros((4, 2))})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dims": {"n": 3}}, "no dimension 'n'; its dimensions: d, o|no dimension 'n'"),
        ({"dims": {"h": 0}}, "h is at least 1"),
        ({"steps": 0}, "steps is at least 1"),
        ({"sequence": 0}, "sequence is at least 1"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], words: str) -> None:
    with pytest.raises(AnalysisError, match=words):
        analyze(model_of("elman"), **options)


def test_joined_dimensions_are_sums() -> None:
    model = bound("joint_matrix")
    good = {"W": np.zeros((4, 7)), "b": np.zeros(4), "x": np.zeros((5, 3))}
    assert analyze(model, good).numbers.sizes["d"] == 3
    with pytest.raises(AnalysisError, match="W: expected axes"):
        analyze(model, good | {"W": np.zeros((4, 8))})


def test_nothing_recurs() -> None:
    with pytest.raises(AnalysisError, match="nothing depends on its own past"):
        analyze(model_of("only_a_read_out"))
