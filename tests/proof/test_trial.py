"""No module leaves untried: what is wrong in one is found by running it once, small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import symbptt
from symbptt.cli import main
from symbptt.codegen.render import derivation_of, generate
from symbptt.errors import TrialError
from symbptt.language.parser import parse
from symbptt.proof import trial
from tests import cells
from tests.codegen.test_levels import planted_lines
from tests.modules import BUILT_IN, RANDOM, model_of

VARIANTS: tuple[dict[str, Any], ...] = (
    {}, {"level": 0}, {"level": 1}, {"mode": "forward"}, {"wrt_inputs": True, "checkpoint": 2},
    {"estimator": "window:2"}, {"estimator": "chunk:2", "level": 0}, {"estimator": "random:1/2"},
    {"gates": "columns"},
)  # fmt: skip


@pytest.mark.parametrize("name", (*BUILT_IN, *cells.NAMES, *RANDOM[::20]))
def test_what_is_right_is_handed_out(name: str) -> None:
    """Every model at -O2, and now and then in every other way."""
    notes: list[str] = []
    for options in VARIANTS if name in ("lag_two", "autonomous") else VARIANTS[:1]:
        given = {"bind": cells.BINDINGS.get(name), **options}
        text = trial.generate(model_of(name), note=notes.append, **given)
        assert text == generate(model_of(name), **given)
    assert notes == []


PLANTED = {
    "a factor": (2, "gru", "_divide(v.d_o, w.weight, v.d_o)",
                 "_divide(v.d_o, 1.001 * w.weight, v.d_o)"),
    "a factor at -O0": (0, "gru", "d_z = ", "d_z = 1.001 * "),
    "a name": (2, "char_rnn", "_add = np.add\n", ""),
    "segments": (2, "elman", "np.add(array, w.parts[name], array)", "pass"),
    "a workspace": (2, "elman", "rows, plan = self.even, self.even_plan",
                    "rows, plan = self.even, self.even_plan[:0]"),
    "padded steps": (0, "elman", "_run(order[sequence] + step * B)", "_run(sequence + step * B)"),
    "the syntax": (2, "elman", "import numpy as np", "import numpy as np)"),
    "another model's table": (2, "elman", 'DIMS = ("d", "q", "h")', 'DIMS = ("d", "h", "q")'),
    "recursion": (0, "elman", "def _forward(call):\n", "def _forward(call):\n    _forward(call)\n"),
}  # fmt: skip
"""Level, model, and what stands in place of what."""


@pytest.mark.parametrize("planted", PLANTED)
def test_an_error_is_found(planted: str) -> None:
    level, name, before, after = PLANTED[planted]
    derivation = derivation_of(model_of(name))
    text, plain = generate(derivation, level=level), generate(derivation, level=0)
    assert before in text
    broken = text.replace(before, after)
    with pytest.raises(TrialError, match="tried, and failed"):
        trial.try_out(broken, broken if level == 0 else plain, derivation)


@pytest.mark.parametrize("name", ("lstm", "lag_two"))
def test_a_statement_that_is_dropped_is_found(name: str) -> None:
    derivation = derivation_of(model_of(name))
    text, plain = generate(derivation), generate(derivation, level=0)
    lines = text.splitlines()
    numbers = planted_lines(text)
    assert len(numbers) > 10
    for number in numbers[::3]:
        indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        broken = [*lines[:number], f"{indent}pass", *lines[number + 1 :]]
        with pytest.raises(TrialError):
            trial.try_out("\n".join(broken), plain, derivation)


def broken_generate(*args: Any, **options: Any) -> str:
    return generate(*args, **options).replace("1 - h[", "1 + h[").replace("_matmul", "_matmull")


def test_the_command_hands_out_nothing_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 70 and no file; unless it is not to be tried."""
    monkeypatch.setattr(trial.render, "generate", broken_generate)
    path = tmp_path / "module.py"
    found = CliRunner().invoke(main, ["generate", "char_rnn", "-o", str(path)])
    assert found.exit_code == 70
    assert "TrialError: the module that was made was tried, and failed" in found.output
    assert "--no-try" in found.output
    assert not path.exists()
    with pytest.raises(TrialError):
        symbptt.generate(model_of("char_rnn"))
    assert (
        CliRunner().invoke(main, ["generate", "char_rnn", "--no-try", "-o", str(path)]).exit_code
        == 0
    )
    assert path.read_text(encoding="utf-8") == symbptt.generate(model_of("char_rnn"), tried=False)


UNDEFINED = """
x: scalar
h[t] = log(-exp(x[t]) - h[t-1] ** 2)
loss[t] = h[t] ** 2
"""
CHAOTIC = """
h[t] = sin(10000 * (h[t-1] + x[t]))
loss[t] = squared_error(h[t], y[t])
"""
LARGE = """
x: (100000,)
h[t] = tanh(W @ h[t-1] + x[t])
loss[t] = squared_error(h[t], y[t])
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (UNDEFINED, "none of"),
        (LARGE, "are large"),
        (CHAOTIC, "amplifies"),
    ],
)
def test_what_can_not_be_tried_is_handed_out_with_a_word(text: str, words: str) -> None:
    notes: list[str] = []
    assert trial.generate(parse(text, "model"), note=notes.append)
    assert len(notes) == 1
    assert words in notes[0]


KINKED = (
    "relu(W @ h[t-1] + x[t])",
    "log(x[t]) + h[t-1]",
    "h[t-1] / x[t]",
    "sin(30 * (h[t-1] + x[t]))",
    "30 * h[t-1] ** 3 + x[t]",
    "x[t] / abs(x[t]) * h[t-1]",
)


@pytest.mark.parametrize("text", KINKED)
def test_models_with_kinks_and_poles_are_tried(text: str) -> None:
    """Also those that amplify, where their arguments are small enough."""
    notes: list[str] = []
    model = parse(f"x: (h,)\nh[t] = {text}\nloss[t] = squared_error(h[t], y[t])\n", "model")
    assert trial.generate(model, note=notes.append)
    assert notes == []
