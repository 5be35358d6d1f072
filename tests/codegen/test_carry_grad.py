"""Any quantity may be handed on: what a carry receives is added to what its readers give."""

from __future__ import annotations

import pytest

from symbptt.algebra import Model
from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from tests import cells
from tests.agreement import disagreements
from tests.codegen.test_gradients import everything, planted
from tests.codegen.test_levels import result
from tests.modules import BUILT_IN, executed, model_of

UNREAD = """
read_by_nobody[t] = 2 * {}[t-1]
"""


def without_carry(model: Model) -> list[str]:
    """The quantities that the model reads within their step alone."""
    carried = {initial.name for initial in model.initials}
    return [
        e.name
        for e in model.equations
        if not e.last and not e.auxiliary and e.name not in {*carried, "loss"}
    ]


def check(model: Model, level: int, bind: dict[str, str] | None = None) -> None:
    """The level's numbers are those of the plain code, with everything given."""
    plain, fast = (
        executed(generate(model, bind=bind, level=each), model.name) for each in (0, level)
    )
    point = planted(model, everything(model))
    assert disagreements(result(fast, point), result(plain, point), 1e-12) == []


@pytest.mark.parametrize("name", (*BUILT_IN, *cells.NAMES))
def test_each_quantity_may_have_a_carry(name: str) -> None:
    """One more equation, read by nobody, gives each in turn a carry and a ``carry_grad``."""
    model = model_of(name)
    for quantity in without_carry(model):
        text = model.text + UNREAD.format(quantity)
        check(parse(text, name), 2, cells.BINDINGS.get(name))


FED_BACK = """
h[t] = tanh(W @ o[t-1] + U @ x[t] + b)
o[t] = W @ tanh(V @ x[t] + b)
loss[t] = {loss}(o[t], y[t])
"""


@pytest.mark.parametrize("level", (1, 2))
@pytest.mark.parametrize("loss", ("softmax_cross_entropy", "squared_error", "binary_cross_entropy"))
def test_a_read_out_is_fed_back(loss: str, level: int) -> None:
    check(parse(FED_BACK.format(loss=loss), "model"), level)
