"""What `show` says about a model, in text and as data."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from symbptt import cli
from tests.test_cli import ELMAN


def show(text: str, *options: str) -> Result:
    return CliRunner().invoke(cli.main, ["show", "-", *options], input=text)


def test_show_names_shapes_and_roles() -> None:
    result = show(ELMAN)
    assert result.exit_code == 0
    assert result.stderr == ""
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["U", "(n_h,", "n_h)"] in rows
    assert "state" in result.stdout


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("loss[t] = binary_cross_entropy(dot(v, h[t]) + c, y[t])\nh[t] = W @ x[t]", ""),
        ("g[t] = gamma * g[t-1]", "so gamma is a vector"),
        ("h[t] = tanh(W * x[t] + h[t-1])", "W, x[t]"),
        ("h[t] = tanh(W @ x[t] + b)", ""),
        ("h[t] = tanh(x[t] + h[t-1])", ""),
        ("W: (d,)\nh[t] = tanh(W * x[t] + h[t-1])", ""),
    ],
)
def test_show_notes_vectors_whose_length_nothing_tells(text: str, note: str) -> None:
    """There, and on stderr by every verb."""
    result = show(text)
    assert ("\nnotes\n" in result.stdout) == bool(note)
    assert note in result.stdout.rpartition("notes")[2]
    assert ("symbptt: note: " in result.stderr) == bool(note)
    assert note in result.stderr


def test_show_as_json() -> None:
    data = json.loads(show(ELMAN, "--json").stdout)
    assert data["model"] == "model"
    assert {p["name"]: p["shape"] for p in data["parameters"]}["W"] == ["n_h", "d"]
    assert [e["role"] for e in data["equations"]] == ["state", "quantity", "loss"]
    assert data["initial_values"] == [{"name": "h[0]", "shape": ["n_h"], "formula": None}]
