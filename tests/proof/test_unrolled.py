"""Forward accumulation against closed forms, differences, and models written otherwise."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symbptt import proof
from symbptt.algebra import Model
from symbptt.binding import bind
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.proof.domain import Float, Rational
from symbptt.proof.entrywise import MARK, in_pieces
from symbptt.proof.field import Field
from symbptt.proof.points import draw, size_sets
from symbptt.proof.unrolled import SizedModel
from tests.cells import BINDINGS, NAMES, cell

SCALAR = """
x: scalar
w: scalar
h[t] = w * h[t-1] + x[t]
loss[t] = h[t]
"""


def objects(*values: Any) -> Any:
    return np.array(values, dtype=object)


def test_a_scalar_recurrence_has_its_closed_form() -> None:
    """h_t = w^t h_0 + sum_i w^(t-i) x_i, so dh_t/dw = t w^(t-1) h_0 + …"""
    w, start, xs = Fraction(2, 3), Fraction(5), [Fraction(1), Fraction(-4), Fraction(7)]
    given = {("w", None): objects(w).reshape(()), ("h", 0): objects(start).reshape(())}
    given |= {("x", t): objects(x).reshape(()) for t, x in enumerate(xs, 1)}
    run = SizedModel(parse(SCALAR, "scalar"), {}).run(given, 3, Rational())
    values, slopes = [], []
    for t in (1, 2, 3):
        values.append(w**t * start + sum(w ** (t - i) * xs[i - 1] for i in range(1, t + 1)))
        slopes.append(
            t * w ** (t - 1) * start
            + sum((t - i) * w ** (t - i - 1) * xs[i - 1] for i in range(1, t))
        )
    for horizon in (1, 2, 3):
        loss, derivative = run.total_loss(horizon)
        assert loss == sum(values[:horizon]) / horizon
        assert run.gradient(derivative, ("w", None))[()] == sum(slopes[:horizon]) / horizon
        before = [w**t for t in range(1, horizon + 1)]
        assert run.gradient(derivative, ("h", 0))[()] == sum(before) / horizon
        # The perturbation of h_1 lives on in all later steps, that of h_3 in none before.
        assert run.gradient(derivative, ("h", 1))[()] == sum([1, *before][:horizon]) / horizon
        assert run.gradient(derivative, ("h", 3))[()] == (Fraction(1, 3) if horizon == 3 else 0)


def total_loss(model: Model, sizes: dict[str, int], given: Any, horizon: int) -> float:
    run = SizedModel(model, sizes).run(given, horizon, Float(), differentiated=False)
    steps = [horizon] if model.equation("loss").last else range(1, horizon + 1)
    return float(sum(run.values["loss", t][()] for t in steps)) / len(steps)


@pytest.mark.parametrize("name", library.names())
def test_gradients_are_those_of_differences(name: str) -> None:
    model = library.load(name)
    if model.loss is None or any(a.default is None for a in model.abstract):
        pytest.skip("the model has no loss, or a function without a default")
    model = bind(model)
    sizes = size_sets(model)[0]
    unrolled = SizedModel(model, sizes)
    given = draw(model, sizes, 3, Float(), random.Random(1))
    run = unrolled.run(given, 3, Float())
    _, slopes = run.total_loss(3)
    width = 1e-4
    for variable, value in given.items():
        if variable not in run.variables:
            continue
        entry = (0,) * value.ndim
        here = value[entry]
        losses = []
        for side in (here + width, here - width):
            value[entry] = side
            moved = unrolled.run(given, 3, Float(), differentiated=False)
            losses.append(sum(moved.values["loss", t][()] for t in (1, 2, 3)) / 3)
        value[entry] = here
        slope = (losses[0] - losses[1]) / (2 * width)
        assert run.gradient(slopes, variable)[entry] == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_a_perturbation_is_a_term_added_to_the_equation() -> None:
    """dL/dh[t] is dL/dz[t] where z is added to the equation of h."""
    plain = parse("x: (d,)\nh[t] = tanh(W @ h[t-1] + U @ x[t])\nloss[t] = dot(h[t], h[t-1])\n", "m")
    added = parse(plain.text.replace("U @ x[t])", "U @ x[t]) + z[t]"), "m")
    sizes = dict.fromkeys((*added.dims, *plain.dims), 3)
    given = draw(added, sizes, 4, Float(), random.Random(2))
    for t in range(1, 5):
        given["z", t] = given["z", t] * 0
    run = SizedModel(added, sizes).run(given, 4, Float())
    alone = SizedModel(plain, sizes).run(
        {k: v for k, v in given.items() if k[0] != "z"}, 4, Float()
    )
    for horizon in (1, 4):
        _, slopes = run.total_loss(horizon)
        _, others = alone.total_loss(horizon)
        for t in range(1, horizon + 1):
            found = alone.gradient(others, ("h", t)).astype(float)
            np.testing.assert_allclose(found, run.gradient(slopes, ("z", t)).astype(float))


@pytest.mark.parametrize("name", NAMES[::3])
def test_pieces_have_the_same_values_and_derivatives(name: str) -> None:
    model = cell(name)
    sizes = size_sets(model)[0]
    parts = in_pieces(model)
    assert [e for e in parts.equations if not e.name.startswith(MARK)] != []
    field = Field(3)
    given = draw(model, sizes, 2, field, random.Random(4))
    runs = [SizedModel(model, sizes, whole=whole).run(given, 2, field) for whole in (True, False)]
    assert runs[0].variables.keys() == runs[1].variables.keys()
    for variable in runs[0].variables:
        assert (runs[0].values[variable] == runs[1].values[variable]).all()
    slopes = [run.total_loss(2)[1] for run in runs]
    for variable in runs[0].variables:
        found = [run.gradient(s, variable) for run, s in zip(runs, slopes, strict=True)]
        assert (found[0] == found[1]).all()


def test_all_sizes_differ_and_avoid_the_models_own() -> None:
    model = parse("x: (3,)\nh[t] = tanh(W @ h[t-1] + U @ x[t])\no[t] = V @ h[t]\n", "m")
    first, second = size_sets(model)
    assert sorted(first.values()) == sorted(second.values()) == [2, 4]
    assert first != second


def test_tokens_and_labels_repeat() -> None:
    model = library.load("char_rnn")
    given = draw(model, size_sets(model)[0], 5, Float(), random.Random(0))
    for name in ("tok", "y"):
        assert (given[name, 1] == given[name, 2]).all()
        assert given[name, 1].sum() == 1


def test_what_is_not_given_is_named() -> None:
    model = parse(SCALAR, "scalar")
    with pytest.raises(Exception, match=r"no value is given for h\[0\]"):
        SizedModel(model, {}).run({("w", None): objects(1).reshape(())}, 1, Float())


def test_bindings_name_cells() -> None:
    assert set(BINDINGS) <= set(NAMES)


@pytest.mark.parametrize("room", ["rules", "adjoint", "forms", "normal"])
def test_the_proofs_share_no_rule_with_the_reverse_walk(room: str) -> None:
    for path in Path(proof.__path__[0]).glob("*.py"):
        if path.name != "report.py":
            assert f"calculus.{room}" not in path.read_text(encoding="utf-8"), path
