"""The text, the data and the command; the same input gives the same bytes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import symbptt
from symbptt.analysis.findings import power
from symbptt.analysis.report import analyze
from symbptt.analysis.tables import complex_number, from_log
from symbptt.cli import main
from symbptt.errors import UnboundFunctionError
from symbptt.output import unsigned
from tests.analysis.subjects import bound, linear
from tests.modules import model_of

FEW = ("linear", "lstm", "lag_two", "char_rnn", "matrix_input", "scalar_state", "autonomous")

NUMBER = (int, float)
MAYBE = (int, float, type(None))
SCHEMA: Any = {
    "model": str,
    "sizes": {str: int},
    "source": (str, type(None)),
    "seed": int,
    "drawn": [str],
    "T": int,
    "overflow_at": (int, type(None)),
    "state": [{"name": str, "first": int, "size": int}],
    "matrices": [
        {
            "name": str,
            "shape": [int],
            "norm": MAYBE,
            "spectrum": (
                None,
                {
                    "spectral_radius": MAYBE,
                    "eigenvalues": [[MAYBE]],
                    "powers": str,
                    "above_one": int,
                    "symmetric": bool,
                    "departure_from_normality": MAYBE,
                    "norms_of_powers": [MAYBE],
                    "largest_norm": MAYBE,
                    "largest_at": int,
                    "largest_of_all": bool,
                    "dominant": (
                        None,
                        {
                            "eigenvalue": MAYBE,
                            "second_over_first": MAYBE,
                            "right": [NUMBER],
                            "left": [NUMBER],
                        },
                    ),
                },
            ),
            "turns": [
                {
                    "power": int,
                    "eigenvalues_off_by": MAYBE,
                    "sine": MAYBE,
                    "sine_at_most": MAYBE,
                    "sign": int,
                }
            ],
        }
    ],
    "steps": [
        {
            "t": int,
            "norm": MAYBE,
            "spectral_radius": MAYBE,
            "eigenvalues": (None, [[MAYBE]]),
        }
    ],
    "lags": [
        {
            "lag": int,
            "norm": MAYBE,
            "log10_norm": MAYBE,
            "second_over_first": MAYBE,
            "log10_product_of_norms": MAYBE,
            "log10_bound": MAYBE,
            "log10_norm_by_state": {str: MAYBE},
        }
    ],
    "bound": (
        None,
        {"function": (str, type(None)), "gamma": NUMBER, "sigma_max": MAYBE, "factor": MAYBE},
    ),
    "vanishes_from_lag": (int, type(None)),
    "explodes_from_lag": (int, type(None)),
    "one_direction_from_lag": (int, type(None)),
    "log10_rate": MAYBE,
    "direction": (None, {"lag": int, "vector": [NUMBER]}),
}


def follows(value: Any, schema: Any) -> bool:
    """Whether a value has the form that a schema describes; no key too many or too few."""
    if isinstance(schema, dict) and set(schema) == {str}:
        return isinstance(value, dict) and all(follows(v, schema[str]) for v in value.values())
    if isinstance(schema, dict):
        keys = isinstance(value, dict) and value.keys() == schema.keys()
        return keys and all(follows(value[key], schema[key]) for key in schema)
    if isinstance(schema, list):
        return isinstance(value, list) and all(follows(item, schema[0]) for item in value)
    if isinstance(schema, tuple) and schema[0] is None:
        return value is None or follows(value, schema[1])
    if isinstance(value, bool):
        return schema is bool
    return isinstance(value, schema)


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["analyze", *arguments])
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.parametrize("name", FEW)
def test_the_data_follow_the_schema(name: str) -> None:
    found = analyze(bound(name), steps=4, dims=dict.fromkeys(bound(name).dims, 3)).data()
    assert follows(json.loads(json.dumps(found, allow_nan=False)), SCHEMA)
    assert len(found["lags"]) == len(found["steps"]) == found["T"] == 4
    assert [lag["lag"] for lag in found["lags"]] == [1, 2, 3, 4]


def test_data_of_another_form_are_noticed() -> None:
    found = analyze(bound("linear"), steps=2).data()
    assert follows(found, SCHEMA)
    assert not follows({**found, "T": "2"}, SCHEMA)
    assert not follows({**found, "more": 1}, SCHEMA)
    assert not follows({key: value for key, value in found.items() if key != "lags"}, SCHEMA)
    assert not follows({**found, "overflow_at": True}, SCHEMA)


def test_what_no_float_holds_is_null_beside_its_logarithm() -> None:
    model, params = linear(np.diag([100.0, 0.0]))
    found = analyze(model, {**params, "h[0]": np.zeros(2)}, steps=200).data()
    assert found["lags"][-1]["norm"] is None
    assert found["lags"][-1]["log10_norm"] == pytest.approx(400, rel=1e-12)
    json.dumps(found, allow_nan=False)
    assert (power(-math.inf), power(2.0), power(400.0)) == (0.0, 100.0, None)


@pytest.mark.parametrize(
    ("log", "words"),
    [(0.0, "1"), (-math.inf, "0"), (math.log10(0.0123456), "0.01235"), (400.5, "3.162e+400"),
     (-300.25, "5.623e-301"), (-5.00001, "1.000e-05"), (12.0, "1.000e+12")],
)  # fmt: skip
def test_numbers_from_logarithms(log: float, words: str) -> None:
    assert from_log(log) == words


def test_complex_numbers() -> None:
    assert complex_number(complex(-0.5, 0)) == "-0.5"
    assert complex_number(complex(0.25, -2)) == "0.25 - 2i"
    assert complex_number(complex(0, 1)) == "0 + 1i"


# --- the command -----------------------------------------------------------------------


def test_the_command_and_the_function_say_the_same(tmp_path: Path) -> None:
    arguments = ("elman", "-T", "6", "--dim", "h=4", "--dim", "d=3", "--seed", "5")
    found = analyze(model_of("elman"), steps=6, dims={"h": 4, "d": 3}, seed=5)
    head, _, text = run(*arguments).partition("\n")
    assert text == str(found)
    again = unsigned(head).removeprefix("# made by symbptt: symbptt analyze ").split()
    assert run(*again) == f"{head}\n{text}"
    data = json.loads(run(*arguments, "--json"))
    assert data == {"made_by": "symbptt analyze", **found.data()}
    path = tmp_path / "analysis.txt"
    run(*arguments, "-o", str(path))
    assert path.read_text(encoding="utf-8") == f"{head}\n{text}"
    assert symbptt.analyze is analyze


def test_numbers_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "numbers.npz"
    np.savez(path, W_hh=np.diag([-2.0, 0.5]), W_hx=np.zeros((2, 1)))
    output = run("linear", str(path), "-T", "12")
    assert "W_hh: spectral radius 2 > 1: its powers explode; 1 of 2 eigenvalues" in output
    assert "Gradients explode: ||dh_T/dh_t|| stays above 1000 from lag 10 on" in output
    assert f"numbers: {path}" in output
    np.savez(path, W_hh=np.diag([-2.0, 0.5]))
    assert "lacks W_hx" in run("linear", str(path), status=2)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("elman", "--dim", "h=x"), 2, "--dim h=x: expected a whole number"),
        (("elman", "--dim", "h=0"), 2, "--dim h=0"),
        (("elman", "--dim", "z=3"), 2, "no dimension 'z'"),
        (("elman", "none.npz"), 2, "none.npz"),
        (("elman", "--bind", "chi=tanh"), 2, "chi"),
        (("elman", "-T", "0"), 2, "-T"),
        (("elman", "--sequence", "2", "--sequence", "0"), 2, "--sequence"),
    ],
)
def test_what_the_command_refuses(arguments: tuple[str, ...], status: int, words: str) -> None:
    assert words in run(*arguments, status=status)


def test_a_function_left_abstract_is_named() -> None:
    with pytest.raises(UnboundFunctionError, match="phi"):
        analyze(model_of("bound_by_name"))


def test_another_function_may_be_bound() -> None:
    output = run("elman", "--bind", "phi_h=sigmoid", "-T", "3", "--dim", "h=4")
    assert "diag(sigmoid') W" in output
    assert "* 0.25 =" in output


def test_the_same_input_gives_the_same_bytes() -> None:
    command = [
        sys.executable,
        "-m",
        "symbptt",
        "analyze",
        "lstm",
        "-T",
        "5",
        "--dim",
        "h=6",
        "--json",
    ]
    outputs = [
        subprocess.run(
            command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("0", "1")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 1000


def test_another_seed_gives_other_numbers() -> None:
    one, two = (analyze(model_of("elman"), steps=3, seed=seed).data() for seed in (0, 1))
    assert one["lags"] != two["lags"]
    again = analyze(model_of("elman"), steps=3, seed=0).data()
    assert again == one
