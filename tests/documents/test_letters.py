"""Letters of a document: how they are written, and when a meaning is in force."""

from __future__ import annotations

import pytest

from symbptt.documents.letters import Denotation, in_force, letter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\delta_t", ("delta", "t")),
        (r"\boldsymbol{\delta}^{(t)}", ("delta", "t")),
        (r"\mathbf{g}_{t}", ("g", "t")),
        (r"\tilde{\mathbf{h}}_t", ("h_tilde", "t")),
        (r"\bar h_k", ("h_bar", "k")),
        (r"\delta^h_t", ("delta_h", "t")),
        (r"\delta_{h,t}", ("delta_h", "t")),
        (r"\delta^{<t>}", ("delta", "t")),
        ("dhraw", ("dhraw", "")),
        ("δ_t", ("delta", "t")),
        ("g[t]", ("g", "t")),
        ("A", ("A", "")),
        ("a_T", None),
        ("a_{t+1}", None),
        ("a_0", None),
        (r"o_i^{(t)}", None),
        (r"\frac{a}{b}", None),
        ("a + b", None),
        (r"W^\top", None),
    ],
)
def test_a_letter_has_a_name_and_a_step(text: str, expected: tuple[str, str] | None) -> None:
    assert letter(text) == expected


def test_the_last_meaning_above_is_in_force_else_the_first_below() -> None:
    said = [Denotation(line, "g", "t", str(line)) for line in (10, 20, 30)]
    for order in (said, said[::-1]):
        found = [in_force(order, line)[0].right for line in (1, 10, 15, 20, 40)]
        assert found == ["10", "10", "10", "20", "30"]
