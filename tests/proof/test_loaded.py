"""Whatever a module under examination raises or returns is its own finding, not a crash."""

from __future__ import annotations

import numpy as np
import pytest

from symbptt.codegen.render import generate
from symbptt.errors import InterfaceError
from symbptt.language import library
from symbptt.proof.arguments import argument_rows
from symbptt.proof.calls import SCENARIOS, called, drawn, forwarded
from symbptt.proof.loaded import Loaded, load_module
from symbptt.proof.points import size_sets
from tests.proof.test_reach import plain_of

MODEL = library.load("linear")
TEXT = generate(MODEL, level=0)
CALL = drawn(MODEL, size_sets(MODEL)[0], SCENARIOS[0], np.random.default_rng(0))
HELPERS = ("init_params", "clip_gradients")


def planted(statement: str) -> Loaded:
    """A module in which both functions and the helpers do nothing else."""
    names = ("loss_and_grads", "forward", *HELPERS)
    bodies = (f"def {name}(*args, **more):\n    {statement}\n" for name in names)
    return load_module("\n\n".join((TEXT, *bodies)), "planted", MODEL)


@pytest.mark.parametrize(
    "error",
    (
        "Exception(1)",
        "SystemExit(0)",
        "UserWarning(1)",
        "MemoryError",
        "type('E', (Exception,), {})",
    ),
)
def test_whatever_it_raises(error: str) -> None:
    module = planted(f"raise {error}")
    for run in (called, forwarded):
        with pytest.raises(InterfaceError, match=r"^planted: \w+ raised \w+ at line \d+: "):
            run(module, CALL)
    with pytest.raises(InterfaceError, match="can't be executed"):
        load_module(f"raise {error}", "planted", MODEL)


@pytest.mark.parametrize(
    "value",
    ("None", "(None, None, None)", "(1.0, {'W_hx': None}, {})", "('a', {}, {})",
     "(1.0, {}, {'': 'a'})",
     "(1.0, {'': [[1], [1, 2]]}, {})", "({}, {0: 1j})", "({}, None)", "{0: 'text'}"),
)  # fmt: skip
def test_whatever_it_returns(value: str) -> None:
    module = planted(f"return {value}")
    for run in (called, forwarded):
        with pytest.raises(InterfaceError, match="planted: "):
            run(module, CALL)
    for name in HELPERS:
        wrong = load_module(
            f"{TEXT}\n\ndef {name}(*args, **more):\n    return {value}\n", "", MODEL
        )
        found = [row for row in argument_rows(wrong, plain_of("linear")) if not row.ok]
        assert {row.subject for row in found} == {name}
