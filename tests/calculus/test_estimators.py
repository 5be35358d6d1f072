"""How estimators are asked for."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbptt.calculus.adjoint import Walk
from symbptt.calculus.estimators import ESTIMATORS, FULL, Estimator, as_estimator, read_estimator
from symbptt.calculus.gradients import derive
from symbptt.calculus.normal import normalize
from symbptt.calculus.window import swept
from symbptt.codegen.estimating import TEXTS
from symbptt.errors import EstimatorError
from symbptt.language import library
from symbptt.language.parser import parse


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_row_reads_its_example_and_shows_it_back(kind: str) -> None:
    found = read_estimator(ESTIMATORS[kind].example)
    assert found.kind == kind
    assert read_estimator(str(found)) == found
    assert derive(library.load("linear"), estimator=found).estimator == found


def test_every_row_has_its_words_in_a_module() -> None:
    assert set(TEXTS) == set(ESTIMATORS)


def test_arguments_are_exact() -> None:
    assert read_estimator("random:0.8") == Estimator("random", pi=Fraction(4, 5))
    assert str(read_estimator("random:.1")) == "random:1/10"
    assert read_estimator("random:1").pi == 1
    assert read_estimator("chunk:12").tau == 12
    assert read_estimator("window:1").tau == 1
    assert as_estimator(None) == as_estimator("full") == FULL


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chunks:3", "no estimator is called 'chunks'; estimators: full, window:TAU, chunk:TAU"),
        ("", "no estimator is called ''"),
        ("window", "window:TAU: TAU is a number of steps, an integer >= 1 as in window:8; found"),
        ("window:0", "found '0'"),
        ("chunk:-1", "found '-1'"),
        ("chunk:2.5", "found '2.5'"),
        ("chunk:two", "found 'two'"),
        ("random", "found nothing"),
        ("random:0", "with xi = 0 always the expectation of xi is 0, not 1; expected 0 < PI <= 1"),
        ("random:0.000", "PI = 0 is no probability to pass with"),
        ("random:1.01", "expected 0 < PI <= 1, found 1.01"),
        ("random:-0.5", "found '-0.5'"),
        ("random:1/0", "found '1/0'"),
        ("random:nan", "found 'nan'"),
        ("full:3", "full takes no argument"),
    ],
)
def test_what_is_no_estimator_says_what_is(text: str, words: str) -> None:
    with pytest.raises(EstimatorError) as caught:
        read_estimator(text)
    assert words in str(caught.value)


def test_pieces_begin_after_every_tau_steps() -> None:
    chunk = Estimator("chunk", tau=3)
    assert [chunk.gate(t) for t in range(-1, 9)] == [1, 1, 1, 1, 1, 0, 1, 1, 0, 1]
    assert [Estimator("chunk", tau=1).gate(t) for t in range(1, 4)] == [1, 0, 0]


def test_what_the_recurrence_reads_is_swept_though_the_loss_reads_it_too() -> None:
    text = "x: (n,)\na[t] = W @ h[t-1] + x[t]\nh[t] = tanh(a[t])\nloss[t] = dot(a[t], x[t])"
    found = swept(Walk(normalize(parse(text)), False))
    assert (found.own, found.names) == (frozenset(), frozenset({"a", "h"}))
