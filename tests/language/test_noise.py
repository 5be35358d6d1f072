"""Whatever the text, `parse` gives a model or a `ModelError` with carets that fit."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from symbptt.errors import ModelError
from symbptt.language.library import load, names
from symbptt.language.parser import parse
from tests.noise import MARKS, mutated

WORDS = re.split(
    " ",
    "h x y W b tok E phi l k A I T t L loss loss[t] loss[T] h[t] h[t-1] x[t] y[t] W.T h[0] "
    "h[t-k] E[tok[t]] scalar index function tanh sigmoid concat dot sum mean max softmax len "
    "squared_error softmax_cross_entropy 0 1 2 0.5 1e9 1e999 lambda if import for None d "
    "( ) [ ] , : = + - * / ** @ . .T # ' \" \\ ; ^ == += := { } αβ ² \t \0 \ufeff \u2028",
)
TEXTS = sorted(load(name).text for name in names()) + sorted(
    file.read_text(encoding="utf-8") for file in (Path(__file__).parents[1] / "cells").glob("*.rnn")
)


def survives(text: str) -> bool:
    """Whether a text is a model; if not, its findings must point into it."""
    try:
        parse(text)
    except ModelError as error:
        assert error.diagnostics
        lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for found in error.diagnostics:
            assert found.message
            assert 0 <= found.line <= len(lines)
            assert 0 <= found.column <= len(found.source)
            assert all(0 < line <= len(lines) for _, line, _ in found.notes)
        assert str(error)
        return False
    return True


@pytest.mark.parametrize("seed", range(8))
def test_random_words(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(40):
        lines = [
            draw.choice(("h[t] = ", "h: ", "A = ", "loss[t] = ", "loss[T] = ", "h[0] = ", ""))
            + draw.choice((" ", "")).join(draw.choices(WORDS, k=draw.randrange(1, 14)))
            for _ in range(draw.randrange(1, 6))
        ]
        survives("\n".join(lines))


@pytest.mark.parametrize("seed", range(6))
def test_random_characters(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(100):
        survives("".join(draw.choices(MARKS, k=draw.randrange(1, 60))))
        survives("".join(chr(draw.randrange(0x3000)) for _ in range(draw.randrange(1, 40))))


@pytest.mark.parametrize("seed", range(10))
def test_mutated_models(seed: int) -> None:
    draw = random.Random(seed)
    read = sum(survives(mutated(draw.choice(TEXTS), draw)) for _ in range(40))
    assert read < 40, "no mutation was noticed"


@pytest.mark.parametrize("text", TEXTS[::4])
def test_truncated_models(text: str) -> None:
    """Cut off anywhere; with lines left out; with lines exchanged."""
    assert survives(text)
    draw = random.Random(len(text))
    for _ in range(10):
        survives(text[: draw.randrange(len(text))])
        lines = text.split("\n")
        del lines[draw.randrange(len(lines))]
        survives("\n".join(lines))
        draw.shuffle(lines)
        survives("\n".join(lines))


@pytest.mark.parametrize("text", TEXTS)
def test_order_of_statements_is_free(text: str) -> None:
    """Shuffled lines are the same model, up to the order of its parts."""
    model = parse(text)
    lines = text.split("\n")
    if any(line.count("(") != line.count(")") for line in lines):
        lines = [text]  # a statement over several lines
    random.Random(0).shuffle(lines)
    shuffled = parse("\n".join(lines))
    assert {e.name: len(e.shape) for e in shuffled.equations} == {
        e.name: len(e.shape) for e in model.equations
    }
    assert {p.name for p in shuffled.parameters} == {p.name for p in model.parameters}
    assert {i.name for i in shuffled.inputs} == {i.name for i in model.inputs}
    assert {i.key for i in shuffled.initials} == {i.key for i in model.initials}
    assert len(shuffled.dims) == len(model.dims)
