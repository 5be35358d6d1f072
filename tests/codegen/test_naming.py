"""Names of a model are anybody's text: no module breaks by them, and no number changes.

Names are drawn from the modules' own text, beside Python's words, long ones and ones in
other scripts, and stand in every role of a model that has them all.
"""

from __future__ import annotations

import builtins
import keyword
import random
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from symbptt.calculus.estimators import ESTIMATORS
from symbptt.codegen.modes import MODES
from symbptt.codegen.naming import LONGEST, Identifiers, ValueNames
from symbptt.codegen.render import generate
from symbptt.errors import ModelError
from symbptt.language.parser import parse
from tests.modules import EXHAUSTIVE, executed

GATED = """
x: (d,)
phi: function
rate = 1/2
A = W - W.T
r[t] = sigmoid(U @ x[t] + A @ h[t-1] + b)
c[t] = rate * c[t-1] + phi(V @ x[t] + r[t] * (W @ h[t-1]))
h[t] = (1 - r[t]) * h[t-2] + k * c[t]
h[0] = s
loss[t] = softmax_cross_entropy(R @ h[t], y[t])
"""
SCALAR = """
v: scalar
u: scalar
x: scalar
m: scalar
rate = 1/3
g[t] = sigmoid(rate * v[t-1] + x[t])
v[t] = u * v[t-1] + g[t] * x[t] / 2
loss[t] = squared_error(m * v[t] + g[t-1], y[t])
"""
LAST = """
x: (d,)
h[t] = tanh(W @ h[t-1] + U @ x[t] + b)
e[t] = exp(h[t] / len(h))
o[t] = V @ e[t]
loss[T] = squared_error(o[T], y[T])
"""
ROLES = {
    GATED: ("x", "d", "phi", "rate", "A", "W", "r", "U", "h", "b", "c", "V", "s", "R", "y", "k"),
    SCALAR: ("v", "u", "rate", "g", "x", "m", "y"),
    LAST: ("x", "d", "h", "W", "U", "b", "e", "o", "V", "y"),
}
SETTINGS: tuple[dict[str, Any], ...] = (
    *({"level": level} for level in (0, 1, 2)),
    {"wrt_inputs": True},
    {"level": 1, "checkpoint": 2},
    {"checkpoint": 2},
    {"gates": "columns"},
    *({"mode": name, "level": 0} for name in MODES if name != "reverse"),
    *({"estimator": row.example} for kind, row in ESTIMATORS.items() if kind != "full"),
    *({"estimator": row.example, "level": 0} for kind, row in ESTIMATORS.items() if kind != "full"),
)
LONG = (
    "candidate_hidden_state", "candidate_hidden_state_of_another_layer", "a" * 21, "_" * 25,
    "_a_name_that_begins_with_an_underscore", "a_name_" * 20,
)  # fmt: skip
SCRIPTS = ("ünïcödé", "скрытое_состояние", "σ", "隐藏状态", "𠀀", "𠀁_all", "प्रवाह", "_ä")


@cache
def words() -> tuple[str, ...]:
    """Whatever stands in a module of any setting, and what else may mean something."""
    found = {*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *LONG, *SCRIPTS}
    for text in ROLES:
        for setting in SETTINGS:
            found |= set(re.findall(r"[^\W\d]\w*", generate(parse(text), **settled(text, setting))))
    return tuple(sorted(word for word in found if is_name(word)))


def is_name(word: str) -> bool:
    """Whether a model may call something so, and a function, too."""
    try:
        parse(f"{word}: function\nh[t] = {word}(W @ h[t-1]) + x[t]")
        parse(f"h: ({word},)\nh[t] = tanh(W @ h[t-1]) + x[t]")
    except ModelError:
        return False
    return True


def settled(text: str, setting: Mapping[str, Any], phi: str = "phi") -> dict[str, Any]:
    return {**setting, "bind": {phi: "tanh"} if text is GATED else {}}


def renamed(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"[^\W\d]\w*", lambda match: names.get(match[0], match[0]), text)


@cache
def draws() -> list[tuple[str, dict[str, str]]]:
    """Models with other names in all roles; together they have every word in every role."""
    found: list[tuple[str, dict[str, str]]] = []
    rng = random.Random(9)
    for text, roles in ROLES.items():
        free = [word for word in words() if word not in re.findall(r"[^\W\d]\w*", text)]
        rng.shuffle(free)
        free += free[: -len(free) % len(roles)]
        for start in range(0, len(free), len(roles)):
            group = free[start : start + len(roles)]
            for turn in range(len(roles)):
                found.append((text, dict(zip(roles, group[turn:] + group[:turn], strict=True))))
    rng.shuffle(found)
    return found


def numbers(text: str, names: Mapping[str, str], setting: Mapping[str, Any]) -> dict[str, Any]:
    """What a module computes under those names, by the plain ones."""
    model = parse(renamed(text, names))
    phi = names.get("phi", "phi")
    module: Any = executed(generate(model, **settled(text, setting, phi)), "renamed")
    rng = np.random.default_rng(5)
    plain = {name: plain for plain, name in names.items()}
    drawn = {name: rng.uniform(-1, 1, 60) for name in sorted(ROLES[text])}

    def array(name: str, axes: tuple[str | int, ...], size: Mapping[str, int]) -> Any:
        shape = tuple(size[str(axis)] for axis in axes)
        base = name.partition("[")[0]
        if base in module.INDEX_INPUTS:
            return np.resize(np.arange(size[str(module.INDEX_INPUTS[base])]), shape)
        return np.resize(drawn[plain.get(base, base)], shape)

    size = {"T": 5, "B": 2} | dict.fromkeys(module.DIMS, 3)
    params = {n: array(n, axes, size) for n, axes in module.PARAMS.items()}
    inputs = {n: array(n, axes, size) for n, axes in module.INPUTS.items()}
    carry = {n: array(n, axes, size) for n, axes in module.CARRY.items()}
    more = {"gates": np.resize([0.0, 2.0, 2.0], (5, 2))} if hasattr(module, "PI") else {}
    found: dict[str, Any] = {}
    for number, lengths in enumerate((None, np.array([2, 5]))):
        outputs, _ = module.forward(params, inputs, carry, lengths)
        loss, grads, end = module.loss_and_grads(
            params, inputs, carry, lengths, carry_grad=carry, **more
        )
        own, more_grads, _ = module.loss_and_grads(params, inputs, **more)
        for title, results in (
            ("outputs", outputs), ("grads", grads), ("carry", end), ("own", more_grads),
        ):  # fmt: skip
            for key, result in results.items():
                base, bracket, step = key.partition("[")
                found[f"{number} {title} {plain.get(base, base)}{bracket}{step}"] = result
        found[f"{number} losses"] = np.array([loss, own])
    return found


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_numbers_do_not_depend_on_names(setting: dict[str, Any]) -> None:
    for text, names in draws() if EXHAUSTIVE else draws()[:4]:
        compare(text, names, setting)


# Names that broke a module or changed its numbers.
FOUND = (
    "total",
    "first",
    "kept",
    "sums",
    "call",
    "prev1",
    "c_1_2",
    "c_1_3",
    "chunk",
    "steps",
    "product",
    "columns",
    "matrix",
    "ones",
    "buffers",
    "candidate_hidden_state",
    "_checked_lengths",
    "_WITH_RESPECT_TO",
    "UnicodeEncodeError",
)


@pytest.mark.parametrize("setting", SETTINGS[:1] + SETTINGS[2:3] + SETTINGS[5:6], ids=str)
@pytest.mark.parametrize("text", ROLES, ids=("gated", "scalar", "last"))
def test_names_that_once_broke_modules(text: str, setting: dict[str, Any]) -> None:
    roles = ROLES[text]
    for start in range(0, len(FOUND), 3):
        group = (FOUND[start:] + FOUND[:start])[: len(roles)]
        compare(text, dict(zip(roles, group, strict=False)), setting)


def compare(text: str, names: Mapping[str, str], setting: Mapping[str, Any]) -> None:
    expected = plainly(text, str(setting))
    found = numbers(text, names, setting)
    assert found.keys() == expected.keys(), names
    for key, array in expected.items():
        np.testing.assert_allclose(found[key], array, rtol=1e-12, atol=1e-14, err_msg=f"{names}")


@cache
def plainly(text: str, setting: str) -> dict[str, Any]:
    return numbers(text, {}, next(s for s in SETTINGS if str(s) == setting))


def test_the_words_are_those_of_modules() -> None:
    assert {"total", "first", "call", "c_1_2", "rows", "np", "gathered", "ones"} <= {*words()}
    assert len(words()) > 700


def given(names: ValueNames) -> list[str]:
    tables = (names.values, names.cotangents, names.histories, names.cotangent_histories)
    return [names.identifiers.settled(text) for table in tables for text in table.values()]


def test_names_of_one_module_are_valid_and_distinct() -> None:
    text = "np: (d,)\nh[t] = tanh(W @ h[t-1] + np * x[t] + lambda_ + d_h + h_all + _h)\n"
    found = given(ValueNames(parse(text + "loss[t] = squared_error(h[t], y[t])")))
    assert len(set(found)) == len(found)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in found)
    assert not {*found} & {*dir(builtins)}


def test_a_word_of_the_same_functions_steps_aside_and_one_of_others_does_not() -> None:
    identifiers = Identifiers()
    here, there = identifiers.fresh("plain", "total"), identifiers.fresh("buffered", "total")
    module = (
        f'def f(call):\n    total = {here} + 1  # rest\n\n\ndef g():\n    return {there}, "x"\n'
    )
    assert identifiers.clashes(module) == {"total"}
    again = Identifiers("", {"total"})
    assert again.settled(again.fresh("plain", "total")) == "total_"
    assert identifiers.clashes(module.replace("total", "sum_of_all")) == set()


def test_long_names_are_cut_and_stay_distinct() -> None:
    long = "a" * 60
    text = f"x: (d,)\nh[t] = {long}1 * h[t-1] + {long}2 * x[t]\nloss[t] = dot(h[t], h[t])"
    names = ValueNames(parse(text))
    first, second = names.values[f"{long}1"], names.values[f"{long}2"]
    assert first != second
    assert max(len(first), len(second)) <= LONGEST + 1


def test_letters_of_the_model_are_not_taken_for_marks() -> None:
    identifiers = Identifiers("𠀀 is a name")
    mark = identifiers.fresh("plain", "h")
    assert identifiers.settled(f"{mark} = '𠀀'") == "h = '𠀀'"


def test_names_do_not_depend_on_anything_but_the_model() -> None:
    assert given(ValueNames(parse(GATED))) == given(ValueNames(parse(GATED)))
