"""The comparison with another checkout times both modules, and notices one that differs."""

from __future__ import annotations

from pathlib import Path

import pytest

import symbptt
from benchmarks import before
from benchmarks.handwritten.tape import Sizes
from benchmarks.speed import MISLEADING
from benchmarks.task import SIZES
from symbptt.algebra import Model


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIZES, "edge", Sizes(T=4, B=2, d=3, h=5, q=4))
    for name in MISLEADING:  # else the run would start again in place of the tests
        monkeypatch.delenv(name, raising=False)


ARGUMENTS = ["somewhere", "--cells", "two_states", "--sizes", "edge", "--rounds", "1"]


def test_it_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(before, "made_there", lambda _, model: symbptt.generate(model, level=0))
    monkeypatch.setattr(before, "LEAST", 0)
    assert before.main(ARGUMENTS) == 0
    printed = capsys.readouterr().out
    assert "two_states edge float64: now " in printed
    assert printed.endswith("below 0: none\n")


def test_a_slower_module_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(before, "made_there", lambda _, model: symbptt.generate(model, level=2))
    monkeypatch.setattr(before, "LEAST", 100)
    assert before.main(ARGUMENTS) == 1
    assert "below 100: two_states edge float32, two_states edge float64" in capsys.readouterr().out


def test_a_wrong_module_ends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(checkout: Path, model: Model) -> str:
        text = symbptt.generate(model, level=0)
        return text.replace("def loss_and_grads(", "def _right(", 1) + (
            "\n\ndef loss_and_grads(*args, **kwargs):\n"
            "    loss, grads, carry = _right(*args, **kwargs)\n"
            "    return loss * 1.001, grads, carry\n"
        )

    monkeypatch.setattr(before, "made_there", wrong)
    assert before.main(ARGUMENTS) == 1
    assert "loss: " in capsys.readouterr().err
