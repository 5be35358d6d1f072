"""Texts made of other texts: tokens and characters taken out, put in, exchanged, repeated."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

TOKEN = re.compile(r"\s+|[^\W\d]\w*|[\d.]+|\*\*|[<>=!]=|.", re.DOTALL)
WORDS = re.split(
    " ",
    "t T L I B h x y W b tok phi loss loss[t] loss[T] h[t] h[t-1] h[t-2] x[t] y[t] W.T h[0] h[-1] "
    "E[tok[t]] scalar index function fixed input tanh sigmoid relu max min concat dot sum mean len "
    "softmax norm logsumexp squared_error softmax_cross_entropy huber d partial direct prod outer "
    "diag onehot delta kron vec for and lambda if import None True d(L,h[t]) dL/dh[t] phi' t-1 "
    "t+1 0 1 2 -1 0.5 1e9 1e999 1/0 9**9**9 99999999999999999999 0x10 1_000 1j ... ( ) [ ] { } , "
    ": = + - * / // % ** @ . .T # ' \" \\ ; ^ == <= < := -> ~ | & ² ∂ Σ · ′ αβ 𠀀 é "
    "\\frac \\partial { } _ ^ \\left( \\right) \\mathbf{ \\hat \\sum_{ \\prod_{ ^{\\top} \\text{ "
    "\\begin{align} \\odot \\quad \\dots ⊙ ᵀ ₜ ∑ \u0302 & \\\\ \\[ \\] $ $$ #1 \\def\\a{ "
    "\\newcommand{ \\end{align} \\begin{cases} \\end{cases} \\verb| ``` % \\bar{ \\nabla_{ "
    "\\delta_t \\top ^T h_t "
    "\t \0 \ufeff \u2028 \u202e",
)


def tokens(text: str) -> list[str]:
    return TOKEN.findall(text)


def without_some(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    first = rng.randrange(len(parts) + 1)
    return parts[:first] + parts[first + rng.choice((1, 1, 1, 2, 5)) :]


def with_a_word(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    first = rng.randrange(len(parts) + 1)
    return [*parts[:first], rng.choice(WORDS), *parts[first:]]


def with_another_word(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    first = rng.randrange(len(parts) + 1)
    return [*parts[:first], rng.choice(WORDS), *parts[first + 1 :]]


def with_one_of_its_own(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    first = rng.randrange(len(parts) + 1)
    return [*parts[:first], *rng.sample(parts, min(1, len(parts))), *parts[first + 1 :]]


def exchanged(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    if len(parts) > 1:
        one, other = rng.sample(range(len(parts)), 2)
        parts[one], parts[other] = parts[other], parts[one]
    return parts


def spliced(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    """The beginning of this text and the end of another."""
    rest = tokens(rng.choice(others))
    return parts[: rng.randrange(len(parts) + 1)] + rest[rng.randrange(len(rest) + 1) :]


def cut(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    return parts[: rng.randrange(len(parts) + 1)]


def repeated(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    """A piece over and over: long chains, many brackets, many statements."""
    first = rng.randrange(len(parts) + 1)
    piece = parts[first : first + rng.choice((1, 1, 2, 4))]
    return parts[:first] + piece * rng.choice((2, 3, 10, 99, 101, 1001)) + parts[first:]


def wrapped(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    """A piece within many calls, brackets or signs."""
    first = rng.randrange(len(parts) + 1)
    last = first + rng.choice((1, 1, 3))
    before, after = rng.choice((("(", ")"), ("tanh(", ")"), ("-", ""), ("", ".T"), ("", "**2")))
    count = rng.choice((1, 2, 50, 99, 101))
    return [*parts[:first], before * count, *parts[first:last], after * count, *parts[last:]]


def other_characters(rng: random.Random, parts: list[str], others: Sequence[str]) -> list[str]:
    """Bytes changed, and read as far as they are UTF-8."""
    raw = bytearray("".join(parts).encode())
    for _ in range(rng.choice((1, 1, 2, 8))):
        if raw:
            raw[rng.randrange(len(raw))] = rng.randrange(256)
    return tokens(raw.decode("utf-8", errors=rng.choice(("replace", "ignore"))))


Change = Callable[[random.Random, list[str], Sequence[str]], list[str]]
CHANGES: tuple[Change, ...] = (
    without_some, with_a_word, with_another_word, with_one_of_its_own, exchanged, spliced, cut,
    other_characters,
)  # fmt: skip
RARE: tuple[Change, ...] = (repeated, wrapped)


def mutated(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """A text after a few changes."""
    parts = tokens(text)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        change = rng.choice(RARE) if rng.random() < 0.04 else rng.choice(CHANGES)
        parts = change(rng, parts, others)
    return "".join(parts)
