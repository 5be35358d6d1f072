"""What `check` answers on the command line to formulas that say little, or name what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symbptt import cli

GATED = "f[t] = sigmoid(p * c[t-1])\nc[t] = f[t] * c[t-1] + w * x[t]\nloss[t] = dot(c[t], v[t])\n"
SLOPE = "f[t] * (1 - f[t]) * p"


def check(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["check", *words])


@pytest.mark.parametrize("horizon", ["1", "2", "3"])
def test_a_wrong_formula_has_a_verdict_at_every_horizon(horizon: str) -> None:
    found = check("elman", "-T", horizon, "d(L, h[T]) = 0")
    assert found.exit_code == 1 and found.stdout.startswith("wrong")


def test_an_unknown_name_proposes_the_nearest() -> None:
    found = check("linear", "d(L,Whh) = 0")
    assert found.exit_code == 2 and "no name `Whh`; did you mean `W_hh`?" in found.stderr


@pytest.mark.parametrize(
    ("formula", "trivial"),
    [("1 = 1", True), ("d(L, W_hh) = d(L, W_hh)", True),
     ("d(L, h[T]) = W_qh.T @ d(L, o[T])", False)],
)  # fmt: skip
def test_a_trivial_formula_is_right_and_marked(formula: str, trivial: bool) -> None:
    assert check("linear", formula).exit_code == 0
    found = check("linear", "--strict", formula)
    assert found.exit_code == int(trivial) and ("trivial" in found.stdout) == trivial


@pytest.mark.parametrize(
    ("formula", "status"),
    [
        ("direct(c[t], c[t-1]) = diag(f[t]) for 2 <= t <= T", 0),
        ("partial(c[t], c[t-1]) = diag(f[t]) for 2 <= t <= T", 1),
        (f"partial(c[t], c[t-1]) = diag(f[t] + c[t-1] * {SLOPE}) for 2 <= t <= T", 0),
    ],
)
def test_one_equation_is_told_from_all_of_a_step(formula: str, status: int, tmp_path: Path) -> None:
    path = tmp_path / "gated.rnn"
    path.write_text(GATED, encoding="utf-8")
    found = check(str(path), formula)
    assert found.exit_code == status, found.output
