"""What stands beside a derivation is what the plain module computes, step for step."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pytest

from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import FORMS, derive
from symbptt.codegen.one_sequence import Unbatched
from symbptt.codegen.render import generate
from symbptt.codegen.runtime import functions
from symbptt.codegen.statements import statements
from symbptt.functions import elementwise, vectors
from symbptt.language.library import load
from symbptt.typeset.article import numbered
from tests import cells
from tests.cells import BINDINGS
from tests.modules import BUILT_IN, call, model_of, module_of, some
from tests.points import Point, draw


@pytest.mark.parametrize(("name", "form"), [("lstm", "adjoint"), ("gru", "sensitivity")])
def test_the_statements_are_those_of_the_module(name: str, form: str) -> None:
    derivation = derive(load(name), form=form)
    listing = statements(derivation)
    module = [line.strip() for line in generate(derivation, level=0).splitlines()]
    for lines, _ in listing.statements:
        start = module.index(lines[0].strip())
        assert lines[0].strip() in module[start:]
    commented = {int(n) for line in module for n in re.findall(r"^# \((\d+)\) ", line)}
    assert {int(tag) for _, tag in listing.statements if tag.isdigit()} == commented
    equations = {tag for _, tag in listing.statements if tag.startswith("F")}
    assert len(equations) == len(derivation.normal.equations)


CASES = [
    (name, form)
    for name in (*BUILT_IN, *cells.NAMES)
    for form in FORMS
    if model_of(name).abstract or form in ("expanded", "joined")
]
T = 5


def expit(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


GIVEN = {
    **{
        name: each
        for file in (elementwise, vectors, functions)
        for name, each in vars(file).items()
    },
    "reduce": reduce,
}
OPEN = {
    "softsign": (lambda v: v / (1 + abs(v)), lambda v: 1 / (1 + abs(v)) ** 2),
    "tanh": (np.tanh, lambda v: 1 - np.tanh(v) ** 2),
    "sigmoid": (expit, lambda v: expit(v) * (1 - expit(v))),
    "squared_error": (lambda o, y: np.sum((o - y) ** 2) / 2, lambda o, y: o - y),
}
"""What stands for functions left open, and for their derivatives."""


@pytest.mark.parametrize(("name", "form"), some(CASES, 13))
def test_the_statements_of_one_sequence_compute_the_gradients(
    name: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (elementwise, vectors):
        monkeypatch.setattr(file, "np", np, raising=False)
    model = model_of(name)
    point = replace(draw(model, T=T, B=1), carry_grad=None)
    # What starts by an expression does so where nothing else is given.
    if any(initial.value is not None for initial in model.initials):
        point = replace(point, carry=None)
    found = computed(derive(model, form=form), point)
    grads = call(module_of(name), point).grads
    assert found.keys() == grads.keys()
    for key, value in grads.items():
        np.testing.assert_allclose(found[key], value.reshape(found[key].shape), 1e-9, 1e-12)


def computed(derivation: Derivation, point: Point) -> dict[str, Any]:
    """The gradients that the listing of a derivation leaves behind when it is run."""
    model, one = derivation.model, Unbatched(derivation, numbered(derivation.normal))
    assert tuple(one.statements()) == statements(derivation).statements
    lines = [line for lines, _ in one.statements() for line in lines]
    assert max(map(len, lines)) <= 100

    settled = one.identifiers.settled
    names, room = one.written.names, dict(GIVEN, T=T, size=point.dims)
    for name, array in point.params.items():
        room[settled(names.values[name])] = array
    for item in model.inputs:
        steps = range(1, T + 1) if item.timed else [T]
        array = point.inputs[item.name] if item.timed else [point.inputs[item.name]]
        room[settled(names.values[item.name])] = dict(
            zip(steps, (a[0] for a in array), strict=True)
        )
    for initial in derivation.normal.initials:
        values = room.setdefault(settled(names.values[initial.name]), {})
        if initial.value is None:
            values[initial.step] = point.carry[initial.key][0]
    for function in model.abstract:
        bound = BINDINGS.get(model.name, {}).get(function.name, function.default)
        sign = settled(one.written.value(function.name))
        room[sign], room[f"d_{sign}"] = OPEN[bound]
    exec("\n".join(lines), room)
    found = {name: room[settled(names.cotangents[name])] for name in point.params}
    for initial in derivation.normal.initials:
        if initial.name not in {i.name for i in model.inputs if i.index_dim is not None}:
            found[initial.key] = room[settled(names.cotangents[initial.name])][initial.step]
    return {key: np.asarray(value) for key, value in found.items()}
