"""Whatever is given, a documented error comes or what was asked for; what does not is found."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from symbptt.language.parser import parse
from tests.agreement import disagreements
from tests.codegen.test_gradients import everything, planted
from tests.examples import examples
from tests.fuzz import running
from tests.fuzz.counts import Run, figures
from tests.fuzz.subjects import SUBJECTS, Subject
from tests.grammar import models
from tests.modules import call, module_from
from tests.reference import loss_and_grads

RANDOM = st.randoms(use_true_random=False)


@pytest.mark.parametrize("name", SUBJECTS)
@examples(100, 10_000)
@given(rng=RANDOM)
def test_bad_input_is_refused_by_documented_errors(name: str, rng: random.Random) -> None:
    SUBJECTS[name].take(SUBJECTS[name].draw(rng))


@examples(8, 500)
@given(text=models())
def test_modules_of_drawn_models_have_the_right_gradients(text: str) -> None:
    model = parse(text, "drawn")
    point = everything(model)
    found = call(module_from(text), planted(model, point))
    assert disagreements(found, loss_and_grads(model, point)) == []


def test_what_fails_shrinks_to_a_small_model() -> None:
    """The shortest model with a norm of softmax has few statements."""
    small = find(
        models(),
        lambda text: "softmax(" in text,
        settings=settings(max_examples=100, database=None, derandomize=True),
        random=random.Random(1),
    )
    assert len(small.splitlines()) < 10


def test_an_input_is_told_by_its_number() -> None:
    for name, subject in SUBJECTS.items():
        one, other = (str(subject.draw(running.source(name, 5, 17))) for _ in range(2))
        assert one == other


# --- planted faults ----------------------------------------------------------------------


def broken(given: int) -> str:
    known = {number: "well" for number in range(50) if number != 3}
    return known[given]


def endless(given: int) -> str:
    while given == 3:
        pass
    return "well"


def greedy(given: int) -> str:
    return f"{len(bytearray(2**30 if given == 3 else 1)) and 'well'}"


def deadly(given: int) -> str:
    if given == 3:
        os._exit(1)
    return "well"


PLANTED = {
    "KeyError at ": broken,
    "TooSlowError at ": endless,
    "MemoryError at ": greedy,
    "died": deadly,
}


@pytest.mark.parametrize("where", PLANTED)
def test_a_planted_fault_is_found(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.2)
    monkeypatch.setitem(SUBJECTS, "planted", Subject(lambda rng: rng.randrange(50), PLANTED[where]))
    tally = running.run("planted", 1.5, seed=1)
    found = {known for known in tally.failures if known.startswith(where)}
    assert len(found) == 1
    assert tally.outcomes["failed"] and tally.outcomes["well" if where != "died" else "lost"]
    assert tally.inputs == sum(tally.outcomes.values())
    number, _ = tally.failures[found.pop()]
    assert SUBJECTS["planted"].draw(running.source("planted", 1, number)) == 3


def test_a_clean_run_is_counted() -> None:
    start = time.monotonic()
    tallies: dict[str, Any] = {name: running.run(name, 1, seed=0) for name in SUBJECTS}
    assert time.monotonic() - start < 60
    run = Run.of(tallies, 1, 0)
    assert all(tally.inputs > 0 for tally in tallies.values())
    assert not list(run.failures())


def test_the_counts_of_runs_add_up(tmp_path: Path) -> None:
    failure = {"where": "KeyError at a.py:1", "input": 7, "error": "x"}
    one = {"inputs": 3, "outcomes": {"failed": 1, "read": 2}, "slowest": 0.5, "failures": [failure]}
    other = {"inputs": 5, "outcomes": {"read": 5}, "slowest": 0.25, "failures": []}
    runs = [Run("bb", 9, 1, {"models": one}), Run("aa", 9, 2, {"models": other, "calls": other})]
    for number, run in enumerate(runs):
        (tmp_path / f"{number}.json").write_text(run.text)
    found = figures(map(Run.read, sorted(tmp_path.iterdir())))
    assert found.totals == {"inputs": 13, "of models": 8, "of calls": 5, "failures": 1}
    assert found.rows[0] == ("models", "aa, 2", "5", "5 read", "0.25 s")
    assert found.rows[-2] == ("models", "all", "8", "1 failed, 7 read", "0.50 s")
    assert found.remarks == ["bb, models, input 7: KeyError at a.py:1 (x)"]
