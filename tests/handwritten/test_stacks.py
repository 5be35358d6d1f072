"""Arrays of several parameters: put together, taken apart, guessed."""

from __future__ import annotations

import numpy as np
import pytest

from symbptt.handwritten.forms import ArrayForm
from symbptt.handwritten.stacks import StackedArray, guesses
from tests.modules import model_of

PARAMS = {
    "W_x": np.arange(6.0).reshape(3, 2),
    "U_x": 10 + np.arange(6.0).reshape(3, 2),
    "W_h": 20 + np.arange(9.0).reshape(3, 3),
    "U_h": 30 + np.arange(9.0).reshape(3, 3),
    "b": 40 + np.arange(3.0),
    "c": 50 + np.arange(3.0),
    "s": np.array(60.0),
}
SHAPES = {
    "[W_x; U_x]": (6, 2),
    "[W_h W_x; U_h U_x]": (6, 5),
    "[W_h W_x]": (3, 5),
    "[b; c]": (6,),
    "[W_x W_h b s]": (19,),
    "[b]": (3,),
}


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("blocks", SHAPES)
def test_what_is_put_together_is_taken_apart(blocks: str, transposed: bool) -> None:
    rows = tuple(tuple(row.split()) for row in blocks[1:-1].split(";"))
    stack, form = StackedArray("W", rows), ArrayForm(transposed=transposed)
    array = stack.array(PARAMS, form)
    assert array.shape == (SHAPES[blocks][::-1] if transposed else SHAPES[blocks])
    parts = dict(stack.parts(array, PARAMS, form))
    assert list(parts) == [name for row in rows for name in row]
    for name, part in parts.items():
        assert np.array_equal(part, form.param(PARAMS[name], False))
    assert str(stack) == f"W = {blocks}"


def test_guesses_are_in_every_order() -> None:
    lstm = model_of("lstm")
    (one, other) = guesses(lstm, ["Wx", "Wh", "b", "n"])
    assert len(one) == len(other) == 24
    assert [str(stack) for stack in one[0]] == [
        "Wx = [W_xi; W_xf; W_xo; W_xg]",
        "Wh = [W_hi; W_hf; W_ho; W_hg]",
        "b = [b_i; b_f; b_o; b_g]",
    ]
    columns = {str(found[0][0]) for found in guesses(lstm, ["W", "b"])}
    assert "W = [W_hi W_xi; W_hf W_xf; W_ho W_xo; W_hg W_xg]" in columns
    assert guesses(lstm, ["sigmoid", "V"]) == ()
    assert guesses(model_of("char_rnn"), ["W", "b"]) == ()


def test_gates_are_known_by_their_letters() -> None:
    found = guesses(model_of("lstm"), ["Wi", "Wf", "Wo", "Wc", "bc", "by"])
    assert [len(orders) for orders in found] == [1, 1]
    told = [{str(stack) for stack in orders[0]} for orders in found]
    assert {"Wc = [W_hg W_xg]", "Wf = [W_hf W_xf]", "bc = [b_g]"} in [
        each & {"Wc = [W_hg W_xg]", "Wf = [W_hf W_xf]", "bc = [b_g]"} for each in told
    ]
