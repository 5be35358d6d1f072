"""The generated modules against the reference's automatic differentiation."""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symbptt.algebra import Model
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from tests import cells
from tests.agreement import disagreements
from tests.modules import BUILT_IN, RANDOM, call, executed, in_turn, model_of, module_of, some
from tests.points import Point, draw
from tests.reference import Result, loss_and_grads

T, B = 5, 4
# A sequence of full length, one without a step, two that end early.
RAGGED = np.array([T, 0, 2, 4])
NAMES = (*BUILT_IN, *cells.NAMES)


def dense(model: Model) -> Point:
    # Where neither inputs nor a carry tell how many sequences there are, it is one.
    return replace(draw(model, T=T, B=B if model.inputs else 1), carry=None, carry_grad=None)


def carried(model: Model) -> Point:
    return replace(draw(model, T=T, B=B, seed=1), carry_grad=None)


def handed_back(model: Model) -> Point:
    return replace(draw(model, T=T, B=B, seed=2), carry=None, lengths=RAGGED)


def everything(model: Model) -> Point:
    return replace(draw(model, T=T, B=B, seed=3), lengths=RAGGED)


def two_steps(model: Model) -> Point:
    """Fewer steps than some lags."""
    return replace(draw(model, T=2, B=3, seed=4), lengths=np.array([1, 2, 0]))


POINTS = {f.__name__: f for f in (dense, carried, handed_back, everything, two_steps)}


def planted(model: Model, point: Point) -> Point:
    """The same with NaN and impossible indices in the padded steps."""
    if point.lengths is None:
        return point
    inputs: dict[str, Any] = {}
    for declared in model.inputs:
        inputs[declared.name] = point.inputs[declared.name].copy()
        poison = np.nan if declared.index_dim is None else -100
        for b, length in enumerate(point.lengths):
            if declared.timed:
                inputs[declared.name][length:, b] = poison
            elif length == 0:
                inputs[declared.name][b] = poison
    return replace(point, inputs=inputs)


def expected_keys(model: Model, wrt_inputs: bool) -> set[str]:
    """The gradients that a module must give; an integer has none."""
    integers = {i.name for i in model.inputs if i.index_dim is not None}
    keys = {p.name for p in model.learned}
    keys |= {i.key for i in model.initials if i.name not in integers}
    if wrt_inputs:
        keys |= {i.name for i in model.inputs} - integers
    return keys


def check(name: str, point: Point, *, wrt_inputs: bool) -> None:
    model = model_of(name)
    point = replace(point, bind=cells.BINDINGS.get(name))
    found = call(module_of(name, wrt_inputs), planted(model, point))
    assert disagreements(found, loss_and_grads(model, point)) == []
    assert set(found.grads) == expected_keys(model, wrt_inputs)


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str, kind: str) -> None:
    check(name, POINTS[kind](model_of(name)), wrt_inputs=False)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_with_respect_to_inputs(name: str) -> None:
    check(name, everything(model_of(name)), wrt_inputs=True)


@pytest.mark.parametrize("name", some(RANDOM, 2))
def test_gradients_of_random_models(name: str) -> None:
    """One kind of call each, in turn; every other one with respect to its inputs too."""
    for kind in in_turn(
        RANDOM.index(name) // 2, ("everything", "dense", "everything", "two_steps")
    ):
        check(name, POINTS[kind](model_of(name)), wrt_inputs=RANDOM.index(name) % 4 == 0)


UNREAD = """
x: (h,)
u: {}
g[t] = {}
h[t] = tanh(W @ h[t-1] + x[t])
loss[t] = squared_error(h[t], y[t])
"""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("read", (("(d,)", "u[t-2]"), ("index", "E[u[t-1]]")))
def test_a_carry_keeps_an_input_that_the_loss_does_not_depend_on(
    read: tuple[str, str], kind: str, level: int
) -> None:
    model = parse(UNREAD.format(*read), "unread")
    point = POINTS[kind](model)
    module = executed(generate(model, wrt_inputs=True, level=level), "unread")
    assert disagreements(call(module, planted(model, point)), loss_and_grads(model, point)) == []


@pytest.mark.parametrize("kind", ("loss", "grads", "carry", "outputs"))
def test_an_error_of_a_billionth_is_found(kind: str) -> None:
    """The comparison can fail: on every kind of result, by little or by NaN."""
    model = model_of("lstm")
    expected = loss_and_grads(model, everything(model))
    assert disagreements(expected, expected) == []
    for spoil in (lambda value: value * (1 + 1e-9), lambda value: value * np.nan):
        assert disagreements(spoiled(expected, kind, spoil), expected)


def spoiled(result: Result, kind: str, spoil: Any) -> Result:
    if kind == "loss":
        return replace(result, loss=spoil(result.loss))
    values = dict(getattr(result, kind))
    key = sorted(values)[-1]
    values[key] = spoil(values[key])
    return replace(result, **{kind: values})


class OffByAThousandth(ast.NodeTransformer):
    """Multiplies one statement of the backward pass by 1.001."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return self.generic_visit(node) if node.name == "_backward" else node  # type: ignore

    def changed(self, node: Any) -> Any:
        text = ast.unparse(node.value)
        if isinstance(node.value, ast.BinOp) or text.startswith(("np.sum", "-")):
            self.seen += 1
            if self.seen == self.number:
                node.value = ast.parse(f"({text}) * 1.001", mode="eval").body
        return node

    visit_Assign = changed
    visit_AugAssign = changed


@pytest.mark.parametrize("name", ("char_rnn", "peephole_lstm", "stacked_with_a_way_back"))
def test_a_planted_factor_is_found_in_every_statement(name: str) -> None:
    """Each statement of the backward pass counts, and the comparison sees it."""
    model = model_of(name)
    point = everything(model)
    expected = loss_and_grads(model, point)
    source = generate(model, wrt_inputs=True, level=0)
    for number in itertools.count(1):
        changer = OffByAThousandth(number)
        changed = ast.unparse(changer.visit(ast.parse(source)))
        if number > changer.seen:
            break
        assert disagreements(call(executed(changed, name), point), expected), number
    assert number > 10
