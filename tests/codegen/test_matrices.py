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


TEXTS = {
    "every kind of product, entry by entry and in reductions": """
S: (n, m)
R: (m, p)
Y: (n, p)
f: scalar
x: (d,)
c[t] = sigmoid(U @ x[t] + u)
e[t] = sigmoid(D @ x[t])
g[t] = mean(x[t]**2)
k[t] = K @ x[t]
v[t] = V @ x[t]
w[t] = P @ x[t]
S[t] = g[t] * (diag(c[t]) @ S[t-1] @ diag(e[t])) + outer(v[t], k[t]) + 0.1 * tanh(A @ S[t-1])
R[t] = f * R[t-1] + outer(k[t], w[t]) / (1 + g[t])
Z[t] = S[t] @ R[t] + tanh(S[t] @ R[t-1]) * Y[t]
X[t] = R[t].T @ S[t].T
o[t] = S[t] @ k[t] + (v[t] @ S[t]) @ M + X[t].T @ w[t]
loss[t] = (squared_error(Z[t], Y[t]) + 0.1 * dot(S[t], S[t]) + mean(R[t]) + sum(X[t])
           + 0.5 * dot(o[t], o[t]))
""",
    "at the last step, and two steps back": """
S: (n, m)
Y: (n, m)
tok: index
x: (d,)
k[t] = K @ x[t]
S[t] = 0.5 * S[t-1] + outer(E[tok[t]], k[t]) - 0.1 * S[t-2]
loss[T] = squared_error(S[T] + 0.1 * tanh(S[T-1] @ M), Y[T]) + dot(S[T] @ w, v)
""",
    "of one row or column": """
S: (n, 1)
R: (1, m)
u: (1,)
x: (n,)
S[t] = 0.5 * S[t-1] + outer(x[t], u[t])
R[t] = tanh(S[t].T @ W) + 0.5 * R[t-1] - outer(u[t], S[t-1] @ u[t]) @ W
o[t] = S[t] @ u[t] + S[t] @ R[t] @ p
loss[t] = squared_error(o[t], y[t]) + mean(R[t] / (2 + S[t].T @ S[t] @ Q))
W: (n, m)
""",
}


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_matrices_agree_with_the_reference(number: int) -> None:
    model = parse([*TEXTS.values()][number], f"matrices_{number}")
    point = replace(draw(model, T=5, B=4, seed=number), lengths=RAGGED)
    expected = loss_and_grads(model, point)
    for level in LEVELS:
        module = executed(generate(model, level=level), model.name)
        assert disagreements(call(module, point), expected, 1e-10) == []


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
