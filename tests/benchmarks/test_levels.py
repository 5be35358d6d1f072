"""The comparison of levels takes any cell, and notices a level that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import symbptt
from benchmarks import levels
from benchmarks.comparison import Comparison
from benchmarks.handwritten.tape import Sizes
from benchmarks.rounds import Times
from benchmarks.speed import MISLEADING
from benchmarks.task import SIZES
from symbptt.algebra import Model

SMALL = Sizes(T=4, B=2, d=3, h=5, q=4)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("small", "long"):
        monkeypatch.setitem(SIZES, name, SMALL)
    for name in MISLEADING:  # else the run would start again in place of the tests
        monkeypatch.delenv(name, raising=False)


def test_lengths_are_told_by_who_reads_them() -> None:
    lstm, stacked, tokens = map(levels.loaded, ("peephole_lstm", "stacked", "char_rnn"))
    assert levels.dims_of(lstm, SMALL) == {"d": 3, "n_y": 4, "n_c": 5}
    assert levels.dims_of(stacked, SMALL) == {"d": 3, "n_y": 4, "n_h_1": 5, "n_h_2": 5}
    assert levels.dims_of(tokens, SMALL) == {"n": 4, "h": 5, "d": 5}
    real = levels.loaded("two_states_within_the_step")
    assert levels.dims_of(real, SMALL)["d"] == 3
    assert set(levels.dims_of(real, SMALL).values()) == {3, 4, 5}


@pytest.mark.parametrize("name", [*levels.NAMES, "char_rnn", "lengths_as_numbers", "last_step"])
def test_any_cell_is_measured(name: str) -> None:
    found = levels.measured(name, "small", "float64", 1)
    assert found.times.names == ("-O0", "-O1", "-O2")
    assert (found.times.seconds > 0).all()


def test_it_runs_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "mine.rnn"
    model.write_text("x: (d,)\nh[t] = tanh(W @ h[t-1] + x[t])\nloss[t] = sum(h[t] * h[t])\n")
    arguments = ["--cells", f"two_states,{model}", "--rounds", "1", "--write", str(tmp_path)]
    assert levels.main([*arguments, "--dtypes", "float32,float64"]) == 0
    printed = capsys.readouterr().out
    assert "two_states small float32: -O2 " in printed
    assert "-O0 takes at least 2 times as long as -O2" in printed
    written = (tmp_path / "levels.md").read_text(encoding="utf-8")
    assert "| cell, size | -O2, ms | -O0 | -O1 |" in written
    assert "| two_states long | " in written
    assert "## float64" in written


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_level_that_is_wrong_ends_the_run(
    dtype: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = symbptt.generate

    def wrong(model: Model, level: int) -> str:
        text = right(model, level=level)
        line = "    return grads\n"
        assert level < 2 or text.count(line) == 1
        return text.replace(line, f"    grads['U_f'] *= 1 + 1e-9\n{line}") if level == 2 else text

    monkeypatch.setattr(symbptt, "generate", wrong)
    arguments = ["--cells", "minimal_gated_unit", "--rounds", "1", "--dtypes", dtype]
    assert levels.main(arguments) == 1
    message = capsys.readouterr().err
    assert f"minimal_gated_unit small {dtype}: gradient of U_f: -O0 and -O2 differ" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cells", "nobody"], "no built-in model is called 'nobody'"),
        (["--cells", "./nobody.rnn"], "nobody.rnn"),
        (["--sizes", "huge"], "unknown: ['huge']"),
        (["--rounds", "0"], "--rounds must be at least 1"),
    ],
)
def test_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        levels.main(arguments)
    assert raised.value.code == 2
    assert message in capsys.readouterr().err


def test_the_verdict_names_where_it_is_less() -> None:
    def found(cell: str, ratio: float) -> Comparison:
        seconds = np.array([[ratio, 1.5, 1.0]])
        return Comparison(cell, "small", "float32", Times(("-O0", "-O1", "-O2"), seconds))

    assert levels.verdict([found("one", 2.0)]).endswith("-O2 everywhere.")
    both = levels.verdict([found("one", 2.5), found("other", 1.9)])
    assert both.endswith("everywhere but at other small float32.")
