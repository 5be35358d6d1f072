"""Verification of each level, and that an error in one of them is noticed."""

from __future__ import annotations

from functools import cache

import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.binding import bind
from symbptt.calculus.estimators import ESTIMATORS, read_estimator
from symbptt.calculus.gradients import derive
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.render import generate
from symbptt.errors import InterfaceError
from symbptt.proof.agreement import TOLERANCE
from symbptt.proof.calls import ModuleCall
from symbptt.proof.levels import level_rows
from symbptt.proof.loaded import Loaded, load_module
from symbptt.proof.numeric import random_calls
from symbptt.proof.report import verify
from symbptt.proof.rows import Row
from tests.cells import BINDINGS
from tests.cells import NAMES as CELLS
from tests.modules import BUILT_IN, EXHAUSTIVE, in_turn, model_of

pytestmark = pytest.mark.usefixtures("shortened")

NAME = "elman"
SAMPLE = CELLS if EXHAUSTIVE else CELLS[::9]

BACKWARD = "    grads = _run_backward(segment, params, inputs, start, back, True)\n"

PLANTED = {
    0: ("np.tanh(", "1.001 * np.tanh("),
    1: ("else np.tanh\n", "else lambda x, out: np.multiply(np.tanh(x), 1.001, out)\n"),
    2: ("else np.tanh\n", "else lambda x, out: np.multiply(np.tanh(x), 1.001, out)\n"),
}
"""What a level's text has, and what stands there in one with an error."""


@cache
def text_of(level: int) -> str:
    return generate(bind(model_of(NAME)), level=level)


@cache
def calls_of(name: str) -> tuple[ModuleCall, ...]:
    model = bind(model_of(name), BINDINGS.get(name))
    return tuple(call for call, _ in random_calls(model))


def compared(texts: dict[int, str]) -> tuple[Row, ...]:
    return level_rows({level: loaded(text) for level, text in texts.items()}, calls_of(NAME))


def loaded(text: str) -> Loaded:
    return load_module(text, NAME, bind(model_of(NAME)))


@pytest.mark.parametrize("name", [*BUILT_IN, *SAMPLE])
def test_levels_agree_at_random_calls(name: str) -> None:
    model = bind(model_of(name), BINDINGS.get(name))
    modules = {
        level: load_module(generate(model, level=level), name, model) for level in reversed(LEVELS)
    }
    rows = level_rows(modules, calls_of(name))
    assert [row.subject for row in rows] == ["-O1 and -O0", "-O2 and -O0"]
    for row in rows:
        assert row.ok, row
        assert int(row.figure.split()[0]) > 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for number, name in enumerate((*BUILT_IN, *SAMPLE))
        for kind in in_turn(number, [*ESTIMATORS])
    ],
)
def test_levels_agree_for_every_estimator(kind: str, name: str) -> None:
    model = bind(model_of(name), BINDINGS.get(name))
    which = read_estimator(ESTIMATORS[kind].example)
    derivation = derive(model, estimator=which)
    modules = {
        level: load_module(generate(derivation, level=level), name, model) for level in LEVELS
    }
    calls = [call for call, _ in random_calls(model, estimator=which)]
    assert all(row.ok for row in level_rows(modules, calls, which))


@pytest.mark.parametrize("level", LEVELS)
def test_an_error_in_one_level_is_noticed(level: int) -> None:
    old, new = PLANTED[level]
    texts = {each: text_of(each) for each in LEVELS}
    assert old in texts[level]
    texts[level] = texts[level].replace(old, new, 1)
    failed = {row.subject: row.detail for row in compared(texts) if not row.ok}
    wrong = [1, 2] if level == 0 else [level]
    assert set(failed) == {f"-O{each} and -O0" for each in wrong}
    assert all("T = 5 with a carry: loss is " in detail for detail in failed.values())


@pytest.mark.parametrize("change", ["* 1.001", "* np.nan", "+ 1e-6", "[:1]"])
def test_one_wrong_gradient_is_named(change: str) -> None:
    wrong = text_of(2).replace(
        BACKWARD, f'{BACKWARD}    grads["W_hh"] = grads["W_hh"] {change}\n', 1
    )
    (row,) = compared({0: text_of(0), 2: wrong})
    assert row.ok is False
    assert "grads['W_hh']" in row.detail


def test_rounding_is_no_error() -> None:
    near = text_of(2).replace(
        BACKWARD, f'{BACKWARD}    grads["W_hh"] *= {1 + TOLERANCE["levels"] / 10}\n', 1
    )
    (row,) = compared({0: text_of(0), 2: near})
    assert row.ok


def test_a_result_that_one_level_lacks_is_named() -> None:
    wrong = text_of(2).replace(BACKWARD, f'{BACKWARD}    del grads["W_hh"]\n', 1)
    (row,) = compared({0: text_of(0), 2: wrong})
    assert row.ok is False
    assert "only one of them has grads['W_hh']" in row.detail


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_asked_for_is_the_one_that_is_tested(level: int) -> None:
    """An error in its text fails against values, not only against the other levels."""
    wrong = text_of(level).replace(*PLANTED[level])
    report = verify(model_of(NAME), level=level, source=wrong)
    assert {row.check for row in report.failures} >= {"values", "levels"}


def test_the_module_of_a_level_is_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken -O1 fails against values only where -O1 is asked for."""
    from symbptt.proof import report as reports

    def broken(source: object, *, level: int = 2) -> str:
        return text_of(level).replace(*PLANTED[1]) if level == 1 else text_of(level)

    monkeypatch.setattr(reports, "generate", broken)
    given = derive(model_of(NAME))  # and so the other forms are not proved three times
    failed = {
        level: {row.check for row in verify(given.model, derivation=given, level=level).failures}
        for level in LEVELS
    }
    assert failed[0] == failed[2] == {"levels"}
    assert failed[1] >= {"values", "levels"}


def test_a_module_that_raises_is_an_interface_error() -> None:
    wrong = text_of(2).replace("def _run_backward(w, ", "def _run_backward(w, missing, ")
    with pytest.raises(InterfaceError, match="raised TypeError"):
        compared({0: text_of(0), 2: wrong})


@pytest.mark.parametrize("level", ["0", "1"])
def test_the_command_says_which_level(level: str) -> None:
    result = CliRunner().invoke(cli.main, ["verify", "linear", "-O", level])
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].endswith(f"symbptt verify linear -O {level}")
    assert "levels       -O1 and -O0, -O2 and -O0 " in result.stdout
