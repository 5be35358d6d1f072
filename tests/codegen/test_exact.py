"""What floats run, exact numbers run: the same statements of every level, over objects."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from inspect import signature
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from symbptt.proof.domain import Precise
from tests import cells
from tests.modules import BUILT_IN, EXHAUSTIVE, executed, model_of, steps_argument
from tests.points import Point, draw

BOUND = Fraction(1, 10**40)
SETTINGS: tuple[dict[str, Any], ...] = ({"level": 1}, {"level": 2}, {"checkpoint": 2})
LENGTHS = (None, (3, 1), (0, 2), (0, 0))
SOME = (
    "lengths_as_numbers",
    "lstm",
    "gru",
    "char_rnn",
    "soft_functions",
    "gaussian",
    "table_three_ways",
    "max_and_min",
)


DIGITS = Precise(50)


def reals(arrays: Any) -> Any:
    if arrays is None:
        return None
    each = np.frompyfunc(lambda x: DIGITS.number(Fraction(x)), 1, 1)
    return {
        key: np.array(each(a), object) if a.dtype.kind == "f" else a for key, a in arrays.items()
    }


def results(module: ModuleType, point: Point, lengths: Any) -> dict[str, Any]:
    called: Any = module
    loss, grads, carry = called.loss_and_grads(
        point.params, point.inputs, point.carry, lengths,
        carry_grad=point.carry_grad, **steps_argument(module, point),
    )  # fmt: skip
    found = {"loss": np.array(loss, object)}
    found |= {f"grads {k}": v for k, v in grads.items()}
    return found | {f"to {k}": v for k, v in carry.items()} | quantities(module, point, lengths)


def quantities(module: Any, point: Point, lengths: Any) -> dict[str, Any]:
    """What `forward` gives with all targets, and without them."""
    found: dict[str, Any] = {}
    more = {"steps": point.T} if "steps" in signature(module.forward).parameters else {}
    for words, left_out in (("all", ()), ("no targets", vars(module).get("_LOSS_ONLY", ()))):
        inputs = {k: v for k, v in point.inputs.items() if k not in left_out}
        outputs, carry = module.forward(point.params, inputs, point.carry, lengths, **more)
        found |= {f"{words}: {k}": v for k, v in (outputs | carry).items()}
    return found


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("name", ("linear", "linear_bias", *cells.RATIONAL))
def test_fractions_are_exact_at_every_level(name: str, setting: dict[str, Any]) -> None:
    model, bind = model_of(name), cells.BINDINGS.get(name)
    plain = executed(generate(model, bind=bind, level=0, wrt_inputs=True), name)
    fast: Any = executed(generate(model, bind=bind, wrt_inputs=True, **setting), name)
    point = draw(model, T=3, B=2).exact()
    for rows in (2048, 2):
        fast._THRESHOLDS["rows of a segment"] = rows
        for given in LENGTHS:
            lengths = None if given is None else np.array(given)
            expected, found = (results(module, point, lengths) for module in (plain, fast))
            assert found.keys() == expected.keys()
            for key, array in expected.items():
                assert np.array_equal(found[key], array), key
                assert not any(isinstance(entry, float) for entry in found[key].flat), key


BY_HAND = {
    "read by nothing": """
        x: (d,)
        A = W @ W
        h[t] = A @ h[t-1] + U @ x[t] + b
        q[t] = A @ h[t-1] + x[t-1]
        r[t] = q[t] * q[t]
        z[t] = dot(r[t], r[t])
        loss[t] = squared_error(h[t], y[t])
        """,
    "written over": """
        x: (d,)
        a[t] = W @ x[t] + b
        e[t] = a[t] * a[t]
        g[t] = e[t] + 2 * a[t]
        h[t] = g[t] * (U @ h[t-1])
        m[t] = 1 / (h[t] * h[t] + 1)
        loss[t] = squared_error(m[t], y[t])
        """,
    "a loss at T": """
        x: (d,)
        h[t] = W @ h[t-1] + x[t]
        s[t] = V @ h[t]
        loss[T] = squared_error(s[T], y)
        """,
    "a target of two steps": """
        x: (d,)
        h[t] = W @ h[t-1] + x[t]
        s[t] = V @ h[t-1]
        loss[t] = squared_error(s[t], y[t]) + squared_error(h[t], y[t-1])
        """,
}


@pytest.mark.parametrize("setting", (*SETTINGS, {"estimator": "random:1/2"}), ids=str)
@pytest.mark.parametrize("words", BY_HAND)
def test_quantities_are_those_of_plain_code(words: str, setting: dict[str, Any]) -> None:
    """Whatever became of them on the way: no array of their own, or another one's."""
    model = parse(BY_HAND[words], "model")
    plain, fast = (executed(generate(model, **each), "model") for each in ({"level": 0}, setting))
    point = draw(model, T=5, B=3).exact()
    for rows in (2048, 6):
        vars(fast)["_THRESHOLDS"]["rows of a segment"] = rows
        for lengths in (None, np.array([5, 0, 3])):
            expected, found = (quantities(module, point, lengths) for module in (plain, fast))
            assert found.keys() == expected.keys()
            for key, array in expected.items():
                assert np.array_equal(found[key], array), key
                assert not any(isinstance(entry, float) for entry in found[key].flat), key


def test_forward_runs_the_lines_that_gradients_run() -> None:
    source = generate(model_of("linear"))
    call = "        product(h_prev_by, matrix, h_now_by)\n"
    assert source.count(call) == 1
    point = draw(model_of("linear"), T=3, B=2).exact()
    right, wrong = (
        quantities(executed(text, "linear"), point, None)
        for text in (source, source.replace(call, call + "        _add(h_now, h_now, h_now)\n"))
    )
    assert not np.array_equal(wrong["all: h"], right["all: h"])


@pytest.mark.parametrize("name", (*BUILT_IN, *cells.NAMES) if EXHAUSTIVE else SOME)
def test_functions_of_exact_numbers_agree_to_all_digits(name: str) -> None:
    """-O2 beside -O0, where max-shift, tanh for sigmoid and logaddexp step aside."""
    model, bind = model_of(name), cells.BINDINGS.get(name)
    plain, fast = (executed(generate(model, bind=bind, level=k), name) for k in (0, 2))
    point = draw(model, T=3, B=2)
    point = replace(
        point,
        params=reals(point.params),
        inputs=reals(point.inputs),
        carry=reals(point.carry),
        carry_grad=reals(point.carry_grad),
    )
    expected, found = (results(module, point, np.array([3, 1])) for module in (plain, fast))
    for key, array in expected.items():
        for one, other in zip(array.flat, found[key].flat, strict=True):
            assert abs(one - other) < BOUND, key


def test_numbers_that_know_the_exponential_alone_do_for_sigmoid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "x: (d,)\nh[t] = sigmoid(W @ h[t-1] + U @ x[t])\nloss[t] = squared_error(h[t], y[t])"
    model = parse(text)
    plain, fast = (executed(generate(model, level=k), "sigmoid") for k in (0, 2))
    point = draw(model, T=3, B=2)
    point = replace(point, params=reals(point.params), inputs=reals(point.inputs))
    point = replace(point, carry=None, carry_grad=None)
    monkeypatch.delattr(DIGITS.context.mpf, "tanh")
    expected, found = (results(module, point, None) for module in (plain, fast))
    assert abs(expected["loss"][()] - found["loss"][()]) < BOUND
