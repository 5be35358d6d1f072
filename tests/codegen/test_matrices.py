"""Matrices a step in generated modules: random models against the reference, every level."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from symbptt.calculus.gradients import derive
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from symbptt.proof.exact import exact_rows
from symbptt.proof.points import size_sets
from tests import cells
from tests.agreement import disagreements
from tests.matrix_grammar import random_matrix_model
from tests.modules import EXHAUSTIVE, call, executed, in_turn
from tests.points import draw
from tests.reference import loss_and_grads

SEEDS = range(200 if EXHAUSTIVE else 6)
RAGGED = np.array([5, 0, 2, 4])


@pytest.mark.parametrize("seed", SEEDS)
def test_random_models_agree_with_the_reference(seed: int) -> None:
    model = parse(random_matrix_model(seed), f"matrices_{seed}")
    point = replace(draw(model, T=5, B=4, seed=seed), lengths=RAGGED)
    expected = loss_and_grads(model, point)
    for level in in_turn(seed, [*LEVELS]):
        module = executed(generate(model, level=level, wrt_inputs=True), model.name)
        assert disagreements(call(module, point), expected, 1e-10) == []


@pytest.mark.parametrize("seed", SEEDS[::3])
def test_derivations_of_random_models_are_exact(seed: int) -> None:
    derivation = derive(parse(random_matrix_model(seed), f"matrices_{seed}"))
    rows = exact_rows(derivation, sets=size_sets(derivation.model)[:1], points=1)
    assert [row for row in rows if not row.ok] == []


SQUARE = """
x: (n,)
k: (n,)
k[t] = K @ x[t]
S[t] = 0.5 * S[t-1] + outer(x[t], k[t])
o[t] = S[t].T @ x[t]
loss[t] = dot(o[t], k[t])
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"_apply\(d_S\.swapaxes\(1, 2\), x\)", "_apply(d_S, x)"),
        (r"_outer\(x, d_o\)", "_outer(d_o, x)"),
    ],
)
def test_a_transposed_factor_is_found(right: str, wrong: str) -> None:
    model = parse(SQUARE, "square")
    text = generate(model, level=0)
    assert re.search(right, text)
    point = draw(model, T=4, B=3)
    expected = loss_and_grads(model, point)
    assert disagreements(call(executed(text, "square"), point), expected) == []
    planted = executed(re.sub(right, wrong, text), "planted")
    assert disagreements(call(planted, point), expected) != []


def test_what_the_recurrence_does_not_touch_is_computed_for_all_steps() -> None:
    text = generate(cells.cell("linear_attention"), level=0)
    forward = text.partition("def _forward(")[2].partition("\ndef ")[0]
    loop = forward.partition("for now")[2].partition("\n    # o[t]")[0]
    assert "S[now] = " in loop
    assert "@" not in re.sub("#.*", "", loop)
    assert "k = x @ K.T" in forward
