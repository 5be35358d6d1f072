"""Binding replaces what a model leaves abstract."""

import pytest

from symbptt.algebra import Call, Loss, walk
from symbptt.binding import bind
from symbptt.errors import UnboundFunctionError, UnknownNameError
from symbptt.language.library import load
from symbptt.language.parser import parse


def test_binding_replaces_functions_and_losses() -> None:
    model = bind(load("elman"), {"phi_h": "relu"})
    called = {
        n.function for e in model.equations for n in walk(e.rhs) if isinstance(n, Call | Loss)
    }
    assert called == {"relu", "sigmoid", "squared_error"}
    assert not model.abstract


def test_binding_an_index_loss_changes_the_target() -> None:
    model = bind(load("linear"), {"l": "softmax_cross_entropy"})
    assert model.input("y").index_dim is not None


@pytest.mark.parametrize(
    ("bindings", "error"),
    [
        ({"phi": "tanh"}, UnknownNameError),
        ({"phi_h": "tahn"}, UnknownNameError),
        ({"phi_h": "squared_error"}, UnknownNameError),
        ({"phi_h": "max"}, UnknownNameError),
        ({"l": "tanh"}, UnknownNameError),
    ],
)
def test_a_wrong_binding_is_refused(bindings: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        bind(load("elman"), bindings)


def test_a_function_without_default_must_be_bound() -> None:
    model = parse("x: (d,)\nphi: function\nh[t] = phi(W @ x[t])")
    with pytest.raises(UnboundFunctionError, match="--bind phi=tanh"):
        bind(model)
    assert bind(model, {"phi": "tanh"}).abstract == ()
