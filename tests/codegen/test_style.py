"""Generated modules are formatted and linted as they come, whatever the model."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import tests.cells as cells
from symbptt.calculus.estimators import ESTIMATORS
from symbptt.codegen.render import generate
from tests.modules import in_turn, model_of

pytestmark = pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is not installed")

NAMES = [*cells.NAMES, *(f"random_{seed}" for seed in range(0, 200, 5))]
CHECKPOINTED = (
    "char_rnn", "lag_three_alone", "last_two_steps", "lagged_input", "learned_start",
    "only_a_read_out", "awkward_names", "minimal_gated_unit",
)  # fmt: skip
COMMANDS = (("format", "--check"), ("check",))

LONG = "a_name_that_is_much_longer_than_any_name_should_ever_be_" * 2
HOSTILE = f"""
# \'\'\' \"\"\" quotes, \\ backslashes, \\input{{x}}, %, {{{{ jinja }}}} and ünïcödé
np: (d,)
params: (d,)
{LONG}1: (d, d)
{LONG}2: (d, d)
h[t] = tanh({LONG}1 @ h[t-1] + {LONG}2 @ x[t] + np * x[t] + params)   # \"\"\" \\
loss[t] = squared_error(h[t], y[t])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("modules")
    for number, name in enumerate(NAMES):
        model = model_of(name)
        for wrt_inputs in in_turn(number, (False, True)):
            text = generate(model, bind=cells.BINDINGS.get(name), wrt_inputs=wrt_inputs)
            (path / f"{name}_{wrt_inputs}.py").write_text(text, encoding="utf-8")
    for name in ("lag_two", "two_losses"):
        for kind, row in ESTIMATORS.items():
            for level in (0, 2):
                text = generate(model_of(name), estimator=row.example, level=level)
                (path / f"{name}_{kind}_{level}.py").write_text(text, encoding="utf-8")
    for name in CHECKPOINTED:
        bind = cells.BINDINGS.get(name)
        for level in (1, 2):
            text = generate(
                model_of(name), bind=bind, wrt_inputs=True, level=level, checkpoint="auto"
            )
            (path / f"{name}_checkpointed_{level}.py").write_text(text, encoding="utf-8")
    (path / "gates.py").write_text(generate(model_of("lstm"), gates="columns"), encoding="utf-8")
    return path


def assert_clean(folder: Path, command: tuple[str, ...]) -> None:
    arguments = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", str(folder)]
    found = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_modules_pass_ruff_with_its_own_settings(folder: Path, command: tuple[str, ...]) -> None:
    assert_clean(folder, command)


def test_hostile_names_and_comments_stay_inside(tmp_path: Path) -> None:
    from symbptt.language.parser import parse

    text = generate(parse(HOSTILE, 'evil"""\\name'))
    (tmp_path / "module.py").write_text(text, encoding="utf-8")
    for command in COMMANDS:
        assert_clean(tmp_path, command)
    space: dict[str, object] = {}
    exec(compile(text, "module", "exec"), space)
    assert space["EQUATIONS"] == HOSTILE
    assert set(space["PARAMS"]) >= {"np", "params"}  # type: ignore[call-overload]


def test_the_order_of_sets_shows_in_no_module() -> None:
    """Names that hash differently in every process leave every byte as it is."""
    program = (
        "from symbptt.codegen.render import generate\n"
        "from tests import cells\n"
        "for name in cells.NAMES[::3]:\n"
        "    model = cells.cell(name)\n"
        "    print(generate(model, bind=cells.BINDINGS.get(name), wrt_inputs=True))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "20")
    }
    assert len(texts) == 1
