"""A check has so much time: where it ends, and that to look at the clock costs none."""

from __future__ import annotations

import contextlib
import itertools
import time

import pytest

import symbptt
from symbptt.formula.scenes import Clock, TooLargeError
from symbptt.formula.verdict import Checker, check
from tests.modules import model_of


def test_every_formula_has_its_own_time() -> None:
    checker = Checker(model_of("linear"), horizon=3, seconds=2)
    checker.clock.end = 0
    assert checker.check("d(L, h[T]) = W_qh.T @ d(L, o[T])").right


@pytest.mark.parametrize("share", [1, 0.5, 0.1])
def test_a_clock_asks_the_system_seldom_and_still_in_time(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread has a share of the time on the wall, which goes on with each look at it."""
    wall, asked = itertools.count(), []

    def computed() -> float:
        asked.append(share * next(wall))
        return asked[-1]

    monkeypatch.setattr(time, "perf_counter", lambda: float(next(wall)))
    monkeypatch.setattr(time, "thread_time", computed)
    clock = Clock(1000)
    with pytest.raises(TooLargeError):
        while True:
            clock.check()
    assert clock.end < asked[-1] < clock.end + 10 and len(asked) < 150
    clock.restart()
    with clock.within(5), pytest.raises(TooLargeError):
        while True:
            clock.check()
    assert asked[-1] < clock.end - 900
    clock.check()


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("lstm", "d(x[1], o[T]) = 1 + T for t < T"),  # 128,000 terms might be missing
        ("char_rnn", "direct(h[i-1], x[0]) = sum(i, 1, i, 0**(t-i)) @ vec(1) for t = T"),
        ("elman", "dy[T]/dh[1] = vec(1/T) @ exp(T) for t = T"),
    ],
)
def test_the_time_holds_whatever_is_sought(name: str, formula: str) -> None:
    about = model_of(name)
    start = time.thread_time()
    with contextlib.suppress(symbptt.FormulaError):
        check(about, formula, horizon=2, seconds=0.3)
    assert time.thread_time() - start < 0.9


def test_where_no_time_is_left_a_wrong_formula_has_no_mends() -> None:
    verdict = check(model_of("linear"), "d(L, h[T]) = W_qh @ d(L, o[T])", seconds=1e-9)
    assert verdict.verdict == "wrong" and not verdict.mends
