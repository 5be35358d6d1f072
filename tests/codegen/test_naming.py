"""Names of a model are anybody's text: no module breaks by them, and no number changes.

Names are drawn from the modules' own text, beside Python's words, long ones and ones in
other scripts, into every role of models that together have them all.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbptt.calculus.estimators import ESTIMATORS
from symbptt.codegen.modes import MODES
from symbptt.codegen.naming import LONGEST, Identifiers, ValueNames
from symbptt.codegen.render import generate
from symbptt.errors import ModelError, OptionError
from symbptt.language.parser import parse
from tests.examples import examples
from tests.modules import executed, some

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
TABLE = """
i: index
E: (k, d)
C: (n, n)
f: loss
z: scalar
a = tanh(z)
lag = 2
h[t] = tanh(E[i[t]] @ P + C[t] @ h[t-1] + a * q[t-lag] + w)
q[t] = softmax(concat(h[t], E[i[t-1]]) @ Q)
h[0] = tanh(g)
o[t] = S @ q[t]
loss[t] = f(o[t], y[t]) + norm(h[t]) / 8 + logsumexp(q[t])
"""
ROLES = {
    GATED: ("x", "d", "phi", "rate", "A", "W", "r", "U", "h", "b", "c", "V", "s", "R", "y", "k"),
    SCALAR: ("v", "u", "rate", "g", "x", "m", "y"),
    LAST: ("x", "d", "h", "W", "U", "b", "e", "o", "V", "y"),
    TABLE: (
        "i", "E", "k", "d", "C", "n", "f", "z", "a", "lag", "h", "P", "q", "w", "Q", "g", "o",
        "S", "y",
    ),
}  # fmt: skip
TITLES = dict(zip(ROLES, ("gated", "scalar", "last", "table"), strict=True))
BOUND = {GATED: {"phi": "tanh"}, TABLE: {"f": "squared_error"}}
WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"checkpoint": 2},
    {"checkpoint": "auto"},
    {"gates": "columns"},
    *({"mode": name} for name in MODES if name != "reverse"),
    *({"estimator": row.example} for kind, row in ESTIMATORS.items() if kind != "full"),
)


def is_possible(setting: Mapping[str, Any]) -> bool:
    try:
        generate(parse(SCALAR), **setting)
    except OptionError:
        return False
    return True


@cache
def settings() -> dict[str, Mapping[str, Any]]:
    """All that a module may be asked for, by a word for it."""
    every = (
        {**way, "level": level, "wrt_inputs": wrt_inputs}
        for way in WAYS
        for level in (0, 1, 2)
        for wrt_inputs in (False, True)
    )
    return {str(setting): setting for setting in every if is_possible(setting)}


LONG = (
    "candidate_hidden_state", "candidate_hidden_state_of_another_layer", "a" * 21, "_" * 25,
    "_a_name_that_begins_with_an_underscore", "a_name_" * 20,
)  # fmt: skip
SCRIPTS = (
    "ünïcödé",
    "скрытое_состояние",
    "σ",
    "隐藏状态",
    "𠀀",
    "𠀁_all",
    "प्रवाह",
    "_ä",
    "ﬁt",
    "ℌ",
)
NAME = re.compile(r"[^\W\d]\w*")


@cache
def source(text: str, setting: str) -> str:
    """The module of a model by its plain names."""
    return generate(parse(text), bind=BOUND.get(text), **settings()[setting])


@cache
def words() -> tuple[str, ...]:
    """Whatever stands in a module of any setting, and what else may mean something."""
    found = {*dir(builtins), *dir(object), *keyword.kwlist, *keyword.softkwlist, *LONG, *SCRIPTS}
    rich = [
        title
        for title, setting in settings().items()
        if setting["wrt_inputs"] or setting.get("mode") == "forward"
    ]
    for number, text in enumerate(ROLES):
        for title in some((*rich[number:], *rich[:number]), 3):
            found |= set(NAME.findall(source(text, title)))
    return tuple(sorted(word for word in found if is_name(word)))


def is_name(word: str) -> bool:
    """Whether a model may call something so, and a function, too."""
    try:
        parse(f"{word}: function\nh[t] = {word}(W @ h[t-1]) + x[t]")
        parse(f"h: ({word},)\nh[t] = tanh(W @ h[t-1]) + x[t]")
    except ModelError:
        return False
    return True


LETTERS = st.characters(categories=("L", "Nl", "Nd", "Mn", "Pc"))
ANY_SCRIPT = st.text(LETTERS, min_size=1, max_size=30).filter(str.isidentifier).filter(is_name)


@st.composite
def namings(draw: st.DrawFn, text: str) -> dict[str, str]:
    """Names for some of a model's roles; all differ."""
    taken = set(NAME.findall(text))
    names = {}
    for role in ROLES[text]:
        if not draw(st.integers(0, 9)):
            continue
        name = draw(st.sampled_from(words()) if draw(st.integers(0, 9)) else ANY_SCRIPT)
        if name not in taken:
            names[role] = name
            taken.add(name)
    return names


def renamed(text: str, names: Mapping[str, str]) -> str:
    return NAME.sub(lambda match: names.get(match[0], match[0]), text)


def numbers(text: str, names: Mapping[str, str], setting: Mapping[str, Any]) -> dict[str, Any]:
    """What a module computes under those names, by the plain ones."""
    bind = {names.get(role, role): to for role, to in BOUND.get(text, {}).items()}
    if names:
        module: Any = executed(generate(parse(renamed(text, names)), bind=bind, **setting), "named")
    else:
        module = executed(source(text, str(setting)), "plain")
    rng = np.random.default_rng(5)
    plain = {name: plain for plain, name in names.items()}
    drawn = {name: rng.uniform(-1, 1, 60) for name in sorted(ROLES[text])}
    sizes = {dim: 2 + number % 3 for number, dim in enumerate(module.DIMS)} | {"T": 5, "B": 2}

    def array(name: str, axes: tuple[str | int, ...]) -> Any:
        parts = ([axis] if isinstance(axis, int) else axis.split(" + ") for axis in axes)
        shape = tuple(sum(sizes.get(part, part) for part in added) for added in parts)
        base = name.partition("[")[0]
        if base in module.INDEX_INPUTS:
            return np.resize(np.arange(sizes[module.INDEX_INPUTS[base]]), shape)
        return np.resize(drawn[plain.get(base, base)], shape)

    params = {n: array(n, axes) for n, axes in module.PARAMS.items()}
    inputs = {n: array(n, axes) for n, axes in module.INPUTS.items()}
    carry = {n: array(n, axes) for n, axes in module.CARRY.items()}
    real = {n: array for n, array in carry.items() if array.dtype.kind == "f"}
    more = {"gates": np.resize([0.0, 2.0, 2.0], (5, 2))} if hasattr(module, "PI") else {}
    workspace = module.Workspace({d: sizes[d] for d in module.DIMS}, 5, 2, np.float64)
    found: dict[str, Any] = {}
    for number, lengths in enumerate((None, np.array([2, 5]))):
        outputs, _ = module.forward(params, inputs, carry, lengths)
        loss, grads, end = module.loss_and_grads(
            params, inputs, carry, lengths, carry_grad=real, **more
        )
        grads, end = dict(grads), dict(end)
        own, more_grads, _ = module.loss_and_grads(params, inputs, workspace=workspace, **more)
        for title, results in (
            ("outputs", outputs), ("grads", grads), ("carry", end), ("own", more_grads),
        ):  # fmt: skip
            for key, result in results.items():
                base, bracket, step = key.partition("[")
                found[f"{number} {title} {plain.get(base, base)}{bracket}{step}"] = result.copy()
        found[f"{number} losses"] = np.array([loss, own])
    return found


def compare(text: str, names: Mapping[str, str], setting: Mapping[str, Any]) -> None:
    expected = plainly(text, str(setting))
    found = numbers(text, names, setting)
    assert found.keys() == expected.keys(), names
    for key, array in expected.items():
        np.testing.assert_allclose(found[key], array, rtol=1e-12, atol=1e-14, err_msg=f"{names}")


@cache
def plainly(text: str, setting: str) -> dict[str, Any]:
    return numbers(text, {}, settings()[setting])


@pytest.mark.parametrize("text", ROLES, ids=TITLES.get)
@examples(6, 800)
@given(data=st.data())
def test_numbers_do_not_depend_on_names(text: str, data: st.DataObject) -> None:
    setting = data.draw(st.sampled_from([*settings().values()]), "setting")
    compare(text, data.draw(namings(text), "names"), setting)


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


# The plain code and the fast code.
ONCE = [{"level": level, "wrt_inputs": True} for level in (0, 2)]


@pytest.mark.parametrize("setting", ONCE, ids=str)
@pytest.mark.parametrize("text", ROLES, ids=TITLES.get)
def test_names_that_once_broke_modules(text: str, setting: dict[str, Any]) -> None:
    roles = ROLES[text]
    for start in range(0, len(FOUND), 5):
        group = (FOUND[start:] + FOUND[:start])[: len(roles)]
        compare(text, dict(zip(roles, group, strict=False)), setting)


def test_the_words_are_those_of_modules() -> None:
    assert {"total", "first", "call", "c_1_2", "rows", "np", "gathered", "ones"} <= {*words()}
    assert len(words()) > 700


def identifiers_of(names: ValueNames) -> list[str]:
    tables = (names.values, names.cotangents, names.histories, names.cotangent_histories)
    return [names.identifiers.settled(text) for table in tables for text in table.values()]


def test_names_of_one_module_are_valid_and_distinct() -> None:
    text = "np: (d,)\nh[t] = tanh(W @ h[t-1] + np * x[t] + lambda_ + d_h + h_all + _h)\n"
    found = identifiers_of(ValueNames(parse(text + "loss[t] = squared_error(h[t], y[t])")))
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
    assert identifiers_of(ValueNames(parse(GATED))) == identifiers_of(ValueNames(parse(GATED)))
