"""Kinds of recurrences are told by their equations, under whatever names."""

from __future__ import annotations

import pytest

from symbptt.gallery.features import FAMILIES, FEATURES, family, features
from symbptt.language import library
from symbptt.language.parser import parse
from tests.cells import NAMES, cell

HEAD = "x: (d,)\nh: (n,)\n"
LOSS = "loss[t] = squared_error(h[t], y[t])\n"
PLAIN = f"{HEAD}h[t] = tanh(W @ x[t] + U @ h[t-1])\n{LOSS}"

HAVING = {
    "gates": f"{HEAD}z[t] = sigmoid(W @ x[t])\nh[t] = z[t] * h[t-1] + tanh(U @ x[t])\n{LOSS}",
    "linear in its state": f"{HEAD}h[t] = U @ h[t-1] + tanh(W @ x[t])\n{LOSS}",
    "several states": f"{HEAD}c[t] = W @ x[t] + U @ h[t-1] + c[t-1]\nh[t] = tanh(c[t])\n{LOSS}",
    "several layers": f"{HEAD}g[t] = W @ x[t] + g[t-1]\nh[t] = tanh(U @ g[t] + h[t-1])\n{LOSS}",
    "embedding": f"k: index\nE: (m, d)\nh: (n,)\nh[t] = tanh(W @ E[k[t]] + U @ h[t-1])\n{LOSS}",
    "softmax": f"{HEAD}h[t] = softmax(W @ x[t] + U @ h[t-1])\n{LOSS}",
    "joined vectors": f"{HEAD}h[t] = tanh(W @ concat(x[t], h[t-1]))\n{LOSS}",
    "parameters shared": f"{HEAD}g[t] = tanh(U @ h[t-1])\nh[t] = tanh(W @ x[t] + U @ g[t])\n{LOSS}",
    "functions left open": f"{HEAD}phi: function\nh[t] = phi(W @ x[t] + U @ h[t-1])\n{LOSS}",
    "scalars only": "x: scalar\nw: scalar\nh: scalar\nh[t] = tanh(w * h[t-1] + x[t])\n",
    "no loss": f"{HEAD}h[t] = tanh(W @ x[t] + U @ h[t-1])\n",
    "reads 3 steps back": f"{HEAD}h[t] = tanh(W @ x[t] + U @ h[t-3])\n{LOSS}",
}  # fmt: skip


@pytest.mark.parametrize("feature", HAVING)
def test_what_has_it_has_it_and_the_plain_one_has_not(feature: str) -> None:
    assert feature in features(parse(HAVING[feature], "a"))
    assert feature not in features(parse(PLAIN, "a"))


def test_a_plain_recurrence_has_no_feature() -> None:
    assert features(parse(PLAIN, "a")) == ()


def test_every_feature_is_met() -> None:
    models = [*map(library.load, library.names()), *map(cell, NAMES)]
    found = {feature for model in models for feature in features(model)}
    assert set(FEATURES) <= found
    assert {family(model) for model in models} == set(FAMILIES)


def test_names_say_nothing() -> None:
    renamed = PLAIN.replace("h", "lstm_gate").replace("tanlstm_gate", "tanh")
    assert features(parse(renamed, "gru")) == ()


def test_a_comment_tells_the_family() -> None:
    assert family(parse(f"# A title\n{PLAIN}# Family:  Echo states \n", "a")) == "Echo states"
