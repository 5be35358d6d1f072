"""The demo: its text, its figures, its optimiser, and a short run of the whole."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import count, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from symbptt import demonstration as demo
from symbptt.cli import main
from symbptt.proof.rows import Report, Row
from tests.modules import module_of


def test_the_text_has_every_paragraph_once() -> None:
    text = demo.documentation()
    assert len(text) > 300_000
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    assert len(set(paragraphs)) == len(paragraphs)
    assert text == demo.documentation()


def test_the_end_is_held_out() -> None:
    text = demo.read("abcd" * 25)
    assert (len(text.training), len(text.held_out)) == (95, 5)
    joined = [*text.training, *text.held_out]
    assert "".join(text.alphabet[i] for i in joined) == "abcd" * 25


def test_entropies_of_texts_that_are_known() -> None:
    alternating = demo.read("ab" * 1000).training
    assert demo.unigram_entropy(alternating) == pytest.approx(math.log(2), abs=1e-6)
    assert demo.bigram_entropy(alternating) == pytest.approx(0, abs=1e-9)
    fair = np.random.default_rng(0).integers(0, 4, 200_000)
    assert demo.bigram_entropy(fair) == pytest.approx(math.log(4), abs=1e-3)
    assert demo.bigram_entropy(fair) < demo.unigram_entropy(fair)


def test_lanes_follow_the_text() -> None:
    numbers = np.arange(demo.LANES * demo.CHUNK * 3 + 1)
    pieces = list(islice(demo.chunks(numbers), 4))
    assert [begins for begins, _ in pieces] == [True, False, False, True]
    for _, inputs in pieces:
        assert (inputs["y"] == inputs["tok"] + 1).all()
    first, second = pieces[0][1], pieces[1][1]
    assert (second["tok"][0] == first["y"][-1]).all()


def test_adam_against_its_definition() -> None:
    rng = np.random.default_rng(0)
    params = {"w": rng.normal(size=5).astype(np.float32)}
    adam, w = demo.Adam(params), params["w"].astype(np.float64)
    m, v = np.zeros(5), np.zeros(5)
    for k in range(1, 6):
        g = rng.normal(size=5)
        m = demo.BETA_1 * m + (1 - demo.BETA_1) * g
        v = demo.BETA_2 * v + (1 - demo.BETA_2) * g * g
        w -= 0.01 * (m / (1 - demo.BETA_1**k)) / np.sqrt(v / (1 - demo.BETA_2**k))
        adam.step(params, {"w": g.astype(np.float32)}, 0.01)
    np.testing.assert_allclose(params["w"], w, rtol=1e-5)


def test_the_rate_warms_up_and_falls() -> None:
    rates = [demo.rate(done / 10, 1000) for done in range(11)]
    assert rates == sorted(rates, reverse=True)
    assert (rates[0], rates[-1]) == (demo.RATE, demo.LAST_RATE)
    assert demo.rate(0, 0) < demo.rate(0, 10) < demo.RATE


class Counting:
    """A module whose carry is the number of characters read, and its logits are that."""

    def forward(self, params: Any, inputs: Any, carry: Any) -> tuple[Any, Any]:
        start = 0 if carry is None else carry
        steps = len(inputs["tok"])
        loss = (start + 1 + np.arange(steps))[:, None].astype(np.float32)
        return {"loss": loss, "o": loss[..., None]}, start + steps


def test_the_held_out_loss_hands_the_carry_on() -> None:
    number = 2 * demo.EVALUATED_AT_ONCE + 10
    module: Any = Counting()
    loss = demo.held_out_loss(module, {}, np.zeros(number + 1, dtype=np.int64))
    assert loss == pytest.approx((number + 1) / 2)


def test_a_wrong_proof_ends_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = Report("char_rnn", (Row("exact", "dL/dW", False, "first wrong entry"),))
    monkeypatch.setattr(demo, "verify", lambda model, progress: wrong)
    monkeypatch.setattr(demo, "train", SimpleNamespace())
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "FAILED  exact  dL/dW" in result.stdout


def test_a_file_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "char_rnn.py").write_text("print('mine')\n")
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert (tmp_path / "char_rnn.py").read_text() == "print('mine')\n"


@pytest.mark.slow
def test_a_short_run_goes_through_everything(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "symbptt", "demo", "--seconds", "1", "--out", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    assert result.returncode == 0, result.stderr
    written = ["char_rnn.py", "char_rnn.tex", "loss.csv", "loss.svg"]
    assert sorted(p.name for p in tmp_path.iterdir()) == written
    assert (tmp_path / "loss.csv").read_text().splitlines()[1] == "panel,series,x,y"
    lines = result.stdout.split("held-out text\n")[1].splitlines()[:3]
    assert all(float(line.split()[-1]) > 0 for line in lines)
    assert len(result.stdout.partition("A sample")[2]) > 200
    assert "training" in result.stderr
    assert "\r" not in result.stderr


@pytest.mark.slow
def test_so_many_steps_beat_the_bigrams(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that counts steps: on whatever machine, the same ones."""
    steps = count()
    monkeypatch.setattr(demo, "time", SimpleNamespace(monotonic=lambda: next(steps)))
    text, module = demo.read(demo.documentation()), module_of(demo.MODEL)
    loss = demo.held_out_loss(module, demo.train(module, text, 240, 0).params, text.held_out)
    assert loss < 1.9 < demo.bigram_entropy(text.held_out) < demo.unigram_entropy(text.held_out)
