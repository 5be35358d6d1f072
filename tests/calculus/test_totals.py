"""The total loss: what a model says of it, and all that follows from that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from symbptt.algebra import Model
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.errors import ModelError
from symbptt.formula.verdict import check
from symbptt.language.parser import parse
from symbptt.proof.exact import exact_rows
from symbptt.symbolic import unroll
from symbptt.typeset.plain import plain
from tests.cells import cell
from tests.modules import executed

SUMMED = cell("summed")
MEAN = replace(SUMMED, summed=False)


def text(model: Model) -> str:
    return " ".join(plain(step.result) for step in derive(model).steps)


def test_a_mean_is_what_it_is_without_a_word() -> None:
    model = parse("L = mean\n" + MEAN.text.replace("L = sum\n", ""))
    assert replace(model, text="") == replace(MEAN, text="", name=model.name)


def test_a_sum_has_no_factor_and_a_mean_has_one() -> None:
    assert plain(derive(SUMMED).step("loss", "seed").result) == "1"
    assert "1 / T" not in text(SUMMED)
    assert "1 / T" in text(MEAN)


@pytest.mark.parametrize("estimator", ["full", "window:2", "chunk:2", "random:1/2"])
def test_each_gradient_of_a_sum_is_that_of_the_mean_times_the_losses(estimator: str) -> None:
    """Ragged, so that their number is none of T, B and their product."""
    sizes = dict(zip(SUMMED.dims, (2, 3, 4), strict=True))
    rng = np.random.default_rng(0)
    lengths, T, B = np.array([3, 5, 1]), 5, 3
    found = []
    for model in (SUMMED, MEAN):
        module = executed(generate(model, estimator=estimator), model.name)
        params = module.init_params(sizes, seed=1, dtype=np.float64)
        rng = np.random.default_rng(0)
        inputs = {"x": rng.normal(size=(T, B, 2)), "y": rng.integers(0, 3, (T, B))}
        gates = {"gates": np.full((T, B), 2.0)} if estimator.startswith("random") else {}
        found.append(module.loss_and_grads(params, inputs, lengths=lengths, **gates)[:2])
    (whole, summed), (mean, shares) = found
    assert whole == pytest.approx(9 * mean, rel=1e-12)
    for name, gradient in summed.items():
        np.testing.assert_allclose(gradient, 9 * shares[name], rtol=1e-10, atol=1e-14)


def test_the_exact_proof_rejects_the_derivation_of_the_mean() -> None:
    assert all(row.ok is not False for row in exact_rows(derive(SUMMED), 0))
    wrong = replace(derive(MEAN), model=SUMMED, normal=replace(derive(MEAN).normal, summed=True))
    assert any(row.ok is False for row in exact_rows(wrong, 0))


def test_formulas_mean_the_total_of_the_model_unless_another_is_said() -> None:
    right = "d(L, o[t]) = softmax(o[t]) - onehot(y[t])"
    assert check(SUMMED, right).right
    assert not check(SUMMED, right, total="mean").right
    assert check(SUMMED, right.replace("= ", "= 1/T * (") + ")", total="mean").right
    assert not check(MEAN, right).right
    assert check(MEAN, right, total="sum").right
    assert check(SUMMED, "L = sum(t, 1, T, loss[t])").right
    assert not check(MEAN, "L = sum(t, 1, T, loss[t])").right


def test_the_unrolled_total_is_the_sum() -> None:
    run = unroll(parse("L = sum\nh: (1,)\nh[t] = w * h[t-1]\nloss[t] = dot(h[t], h[t])"), 2)
    assert run["loss", 1] + run["loss", 2] == run.L


def test_a_loss_at_the_end_is_summed_over_the_sequences() -> None:
    model = cell("summed_over_sequences")
    assert "1 / T" not in text(model)
    with pytest.raises(ModelError, match="said twice"):
        parse(model.text + "L = sum\n")
