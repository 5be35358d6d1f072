"""Progress: a bar on a terminal, plain lines or nothing elsewhere."""

from __future__ import annotations

import io

import pytest

from symbptt import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_bar_on_a_terminal_is_taken_away(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream = Terminal()
    bar = progress.Progress("proving", stream=stream)
    for k in range(5):
        bar.show(k / 4, "a note that is longer than the terminal is wide")
        clock[0] += 1
    bar.done()
    lines = stream.getvalue().split("\r\x1b[2K")
    assert len(lines) == 7
    assert lines[0] == lines[-1] == ""
    assert "100 %" in lines[-2]
    assert all(len(line) < 60 for line in lines)
    assert "\n" not in stream.getvalue()


def test_quick_successions_are_skipped(clock: list[float]) -> None:
    stream = Terminal()
    bar = progress.Progress("proving", stream=stream)
    for _ in range(100):
        bar.show(0.5)
        clock[0] += 0.01
    assert 5 <= stream.getvalue().count("\r") <= 11


def test_plain_lines_now_and_then(clock: list[float]) -> None:
    stream = io.StringIO()
    bar = progress.Progress("training", every=10, stream=stream)
    for k in range(26):
        bar.show(k / 25, f"step {k}")
        clock[0] += 1
    bar.done()
    steps = [line.split()[-1] for line in stream.getvalue().splitlines()]
    assert steps == ["0", "10", "20"]
    assert "\r" not in stream.getvalue()


def test_nothing_where_nothing_is_wanted() -> None:
    stream = io.StringIO()
    bar = progress.Progress("proving", stream=stream)
    bar.show(0.5)
    bar.done()
    assert stream.getvalue() == ""
