"""Modules of estimators against automatic differentiation of their definitions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbptt.algebra import Model
from symbptt.calculus.estimators import ESTIMATORS, read_estimator
from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from tests import cells, estimated
from tests.agreement import disagreements
from tests.modules import BUILT_IN, RANDOM, executed, in_turn, model_of, module_of, steps_argument
from tests.points import Point, draw
from tests.reference import Result, loss_and_grads

RAGGED = np.array([5, 0, 2, 4])
WITH_LOSS = tuple(n for n in (*BUILT_IN, *cells.NAMES, *RANDOM[::10]) if model_of(n).loss)
# All that an estimator may trip over: lags of 2 and 3, lagged inputs and losses, loss[T].
FEW = (
    "char_rnn", "lstm", "lag_two", "lag_three_alone", "lagged_input", "last_step",
    "last_two_steps", "loss_reads_the_past", "stacked", "learned_start",
)  # fmt: skip


def drawn_gates(T: int, B: int) -> Any:
    """Gates of any value: the estimate is a polynomial in them."""
    return np.random.default_rng(7).uniform(0.2, 1.8, (T, B))


@cache
def estimating(name: str, estimator: str, level: int = 2) -> ModuleType:
    text = generate(
        model_of(name),
        bind=cells.BINDINGS.get(name),
        wrt_inputs=True,
        estimator=estimator,
        level=level,
    )
    return executed(text, name)


def gates_argument(module: ModuleType, point: Point) -> dict[str, Any]:
    takes = "gates" in module.loss_and_grads.__kwdefaults__
    return {"gates": drawn_gates(point.T, point.B)} if takes else {}


def called(module: ModuleType, point: Point, **more: Any) -> Result:
    more = {**steps_argument(module, point), **gates_argument(module, point), **more}
    arguments = (point.params, point.inputs, point.carry, point.lengths)
    loss, grads, carry = module.loss_and_grads(*arguments, carry_grad=point.carry_grad, **more)
    outputs, _ = module.forward(*arguments, **steps_argument(module, point))
    return Result(loss, grads, carry, outputs)


DEFINITIONS: dict[str, Callable[[Model, Point, int], Result]] = {
    "full": lambda model, point, _: loss_and_grads(model, point),
    "window": estimated.windowed,
    "chunk": estimated.chunked,
    "random": lambda model, point, _: estimated.gated(
        model, point, drawn_gates(point.T, point.B)
    ),
}  # fmt: skip


def wrong(module: ModuleType, name: str, point: Point, estimator: str) -> list[str]:
    point = replace(point, bind=cells.BINDINGS.get(name))
    wanted = read_estimator(estimator)
    expected = DEFINITIONS[wanted.kind](model_of(name), point, wanted.tau)
    return disagreements(called(module, point), expected)


def point_of(name: str, T: int = 5, ragged: bool = True) -> Point:
    model = model_of(name)
    if not model.inputs:
        # Only the carry tells how many sequences there are.
        return draw(model, T=T, B=4 if model.initials else 1)
    lengths = np.minimum(RAGGED, T) if ragged else None
    return replace(draw(model, T=T, B=4), lengths=lengths)


def test_every_row_of_the_table_has_a_definition() -> None:
    assert set(DEFINITIONS) == set(ESTIMATORS)


@pytest.mark.parametrize("estimator", ["window:1", "window:2", "chunk:2", "random:1/2"])
@pytest.mark.parametrize("name", FEW)
def test_a_module_computes_what_the_estimator_is(name: str, estimator: str) -> None:
    for level, T, ragged in ((2, 5, True), (0, 4, False), (2, 1, False), (0, 2, True)):
        module = estimating(name, estimator, level)
        assert wrong(module, name, point_of(name, T, ragged), estimator) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_LOSS)
def test_every_model_has_estimators(name: str) -> None:
    number = WITH_LOSS.index(name)
    for estimator, level in in_turn(number, (("window:3", 2), ("chunk:3", 1), ("random:1/2", 2))):
        assert wrong(estimating(name, estimator, level), name, point_of(name), estimator) == []


@pytest.mark.parametrize("name", FEW)
def test_a_long_way_back_is_the_whole_gradient(name: str) -> None:
    """A window of T and the longest lag, one piece, gates of 1; and PI = 1, drawn."""
    point = point_of(name)
    whole = called(module_of(name, wrt_inputs=True), point)
    lag = max((1 - i.step for i in model_of(name).initials), default=0)
    ones = np.ones((point.T, point.B))
    for estimator, more in (
        (f"window:{point.T + lag}", {}),
        ("window:100", {}),
        (f"chunk:{point.T}", {}),
        ("random:1/3", {"gates": ones}),
        ("random:1", {"gates": None, "rng": np.random.default_rng(0)}),
    ):
        found = called(estimating(name, estimator), point, **more)
        assert disagreements(found, whole, 1e-12) == []


def test_estimates_differ_from_the_gradient_and_from_each_other() -> None:
    point = point_of("elman")
    names = ("full", "window:2", "chunk:2", "random:1/2")
    found = [called(estimating("elman", name), point) for name in names]
    for one, other in itertools.combinations(found, 2):
        assert disagreements(one, other)


# --- the expectation -------------------------------------------------------------------

SCALARS = "h: scalar\nx: scalar\ny: scalar\nu: scalar\nv: scalar\n"
TEXTS = {
    "nonlinear": SCALARS + "h[t] = u * h[t-1] + v * x[t] + h[t-1] * h[t-1] / 3\n"
    "loss[t] = squared_error(h[t], y[t])",
    "lag_two": SCALARS + "h[t] = u * h[t-1] + v * h[t-2] * x[t] + x[t-1]\n"
    "loss[t] = squared_error(h[t], y[t]) * h[t-1]",
    "last": SCALARS + "h[t] = u * h[t-1] * x[t] + v * h[t-2]\n"
    "loss[T] = squared_error(h[T], y[T]) + h[T-1]",
    "matrix": "h[t] = W @ h[t-1] + U @ x[t]\nloss[t] = squared_error(h[t], y[t])",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("T", range(1, 7))
def test_the_expectation_over_all_outcomes_is_the_gradient(name: str, T: int) -> None:
    """Exactly, in fractions, for PI = 1/3: outcome by outcome with its probability."""
    model = parse(TEXTS[name], name)
    exact = draw(model, T=T, B=1, seed=T).exact()
    whole = called(executed(generate(model, wrt_inputs=True), name), exact)
    text = generate(model, wrt_inputs=True, estimator="random:1/3")
    module = executed(text, name)
    pi = module.PI
    mean = {key: 0 * value for key, value in whole.grads.items()}
    differ = 0
    for passes in itertools.product((False, True), repeat=T - 1):
        gates = np.array([[Fraction(99)], *([Fraction(p) / pi] for p in passes)], dtype=object)
        found = called(module, exact, gates=gates)
        chance = pi ** sum(passes) * (1 - pi) ** (T - 1 - sum(passes))
        assert found.loss == whole.loss
        differ += any((found.grads[k] != whole.grads[k]).any() for k in mean)
        mean = {key: mean[key] + chance * found.grads[key] for key in mean}
    for key in mean:
        assert (mean[key] == whole.grads[key]).all(), key
    assert differ == 2 ** (T - 1) if T > 1 else differ == 0


# --- the book's own formulas: seed 004, 9.7.7 ended early, and 9.7.8 ----------------------


def exact_scalars() -> tuple[Model, Point, list[Any], list[Any]]:
    """h_t = u h_{t-1} + v x_t in fractions, with h_{t-1} and dl_t/dh_t for every t."""
    model = parse(SCALARS + "h[t] = u*h[t-1] + v*x[t]\nloss[t] = squared_error(h[t], y[t])", "s")
    point = replace(draw(model, T=6, B=1).exact(), carry_grad=None)
    outputs, _ = executed(generate(model), "s").forward(point.params, point.inputs, point.carry)
    assert point.carry is not None
    states = [point.carry["h[0]"][0], *outputs["h"][:, 0]]
    slopes = [h - y for h, y in zip(states[1:], point.inputs["y"][:, 0], strict=True)]
    return model, point, states[:-1], slopes


def test_the_window_is_the_sum_over_steps_ended_early() -> None:
    """dl_t/du = dl_t/dh_t (b_t + sum over i > t - tau of c_t ... c_{i+1} b_i), b_i = h_{i-1}."""
    model, point, before, slopes = exact_scalars()
    u = point.params["u"][()]
    for tau in range(1, 7):
        by_hand = sum(
            slopes[t] * sum(u ** (t - i) * before[i] for i in range(max(0, t - tau + 1), t + 1))
            for t in range(6)
        )
        module = executed(generate(model, estimator=f"window:{tau}"), "s")
        assert called(module, point).grads["u"] == by_hand / 6


def test_random_truncation_is_the_recursion_with_gates() -> None:
    """z_t = b_t + xi_t c_t z_{t-1}, the first one without a gate."""
    model, point, before, slopes = exact_scalars()
    u = point.params["u"][()]
    gates = np.array([[Fraction(n, 3)] for n in (7, 0, 5, 3, 3, 2)], dtype=object)
    z, by_hand = Fraction(0), Fraction(0)
    for t in range(6):
        z = before[t] + (gates[t, 0] if t else 1) * u * z
        by_hand += slopes[t] * z / 6
    module = executed(generate(model, estimator="random:1/3"), "s")
    assert called(module, point, gates=gates).grads["u"] == by_hand


# --- planted errors --------------------------------------------------------------------

PLANTED = {
    "a gate a step late": ("chunk:2", "gates[::TAU] = 0", "gates[1::TAU] = 0"),
    "a piece too long": ("chunk:2", "gates[::TAU]", "gates[:: TAU + 1]"),
    "the first gate not 1": ("random:1/2", "cast[:1] = call.one", "pass"),
    "one sweep too many": ("window:2", "range(min(TAU,", "range(min(TAU + 1,"),
    "one sweep too few": ("window:2", "range(min(TAU,", "range(min(TAU - 1,"),
    "a sweep that is not cleared": ("window:4", "done[...] = 0", "pass"),
    "the wrong step's gate": ("random:1/2", "xi[now]", "xi[: now.stop - now.start]"),
}


@pytest.mark.parametrize("words", PLANTED)
def test_a_planted_error_is_noticed(words: str) -> None:
    estimator, old, new = PLANTED[words]
    text = generate(model_of("elman"), wrt_inputs=True, estimator=estimator, level=0)
    assert old in text
    assert wrong(executed(text.replace(old, new), "elman"), "elman", point_of("elman"), estimator)


# --- what a module takes ---------------------------------------------------------------


def test_gates_are_drawn_once_and_as_stated() -> None:
    point = point_of("lag_two", ragged=False)
    module = estimating("lag_two", "random:3/5")
    given = (np.random.default_rng(3).random((point.T, point.B)) < 0.6) / 0.6
    by_hand = called(module, point, gates=given)
    drawn = called(module, point, gates=None, rng=np.random.default_rng(3))
    assert disagreements(drawn, by_hand, 0.0) == []


def test_constants_say_what_it_is() -> None:
    assert (module := estimating("elman", "random:0.8")).ESTIMATOR == "random:4/5"
    assert Fraction(4, 5) == module.PI
    assert estimating("elman", "chunk:3").TAU == estimating("elman", "window:3").TAU == 3
    assert not hasattr(estimating("elman", "full"), "ESTIMATOR")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"gates": None}, "rng, gates: expected one of the two, found neither"),
        ({"rng": np.random.default_rng(0)}, "rng, gates: expected one of the two, found both"),
        ({"gates": np.ones((5, 3))}, "gates: expected axes (T, B)"),
        ({"gates": np.ones((5, 4), bool)}, "gates: expected real numbers"),
    ],
)
def test_wrong_gates_are_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match="gates") as caught:
        called(estimating("elman", "random:1/2"), point_of("elman"), **more)
    assert words in str(caught.value)


def test_a_draw_is_not_exact() -> None:
    module, point = estimating("linear", "random:1/2"), point_of("linear").exact()
    with pytest.raises(ValueError, match="gates: expected for object arrays"):
        called(module, point, gates=None, rng=np.random.default_rng(0))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_single_precision_and_a_workspace(kind: str) -> None:
    module = estimating("lag_two", ESTIMATORS[kind].example)
    point = point_of("lag_two")
    double = called(module, point)
    single = called(module, point.floats(np.float32))
    assert {a.dtype for a in single.grads.values()} == {np.dtype(np.float32)}
    assert disagreements(single, double, 1e-4) == []
    room = module.Workspace({n: point.dims[n] for n in module.DIMS}, point.T, point.B, np.float64)
    assert disagreements(called(module, point, workspace=room), double, 0.0) == []


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_no_steps_at_all(kind: str) -> None:
    module = estimating("linear", ESTIMATORS[kind].example)
    point = replace(point_of("linear"), lengths=np.zeros(4, int))
    found = called(module, point)
    assert found.loss == 0.0
    assert point.carry_grad is not None
    np.testing.assert_array_equal(found.grads["h[0]"], point.carry_grad["h[0]"])


def test_padding_is_not_looked_at() -> None:
    point = point_of("linear")
    poisoned = {key: value.copy() for key, value in point.inputs.items()}
    gates = drawn_gates(point.T, point.B)
    for b, length in enumerate(RAGGED):
        for array in (*poisoned.values(), gates):
            array[length:, b] = np.nan
    for kind in ESTIMATORS:
        module = estimating("linear", ESTIMATORS[kind].example)
        more = {"gates": gates} if kind == "random" else {}
        found = called(module, replace(point, inputs=poisoned), **more)
        assert disagreements(found, called(module, point), 0.0) == []


AWKWARD = """
xi: (d,)
xi_2: scalar
PI: scalar
h[t] = tanh(TAU @ h[t-1] + gates @ xi[t] + xi_2 * h[t-2] + rng)
s_h[t] = PI * h[t] + h[t-1]
loss[t] = squared_error(s_h[t], crossed[t])
"""


@pytest.mark.parametrize("estimator", ["window:2", "chunk:2", "random:1/2"])
@pytest.mark.parametrize("level", [0, 2])
def test_names_that_modules_of_estimators_use_are_free(estimator: str, level: int) -> None:
    model = parse(AWKWARD, "awkward")
    text = generate(model, wrt_inputs=True, estimator=estimator, level=level)
    point = replace(draw(model, T=5, B=4), lengths=RAGGED)
    wanted = read_estimator(estimator)
    expected = DEFINITIONS[wanted.kind](model, point, wanted.tau)
    assert disagreements(called(executed(text, "awkward"), point), expected) == []
