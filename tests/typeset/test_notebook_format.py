"""A derivation as a notebook: what a reader runs in it runs, and agrees."""

import json
from typing import Any

import pytest

from symbptt.calculus.gradients import derive
from symbptt.errors import OptionError
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.typeset.document import render
from symbptt.typeset.fragment import Fragment
from tests import cells
from tests.modules import EXHAUSTIVE

NAMES = (*library.differentiable(), *cells.NAMES) if EXHAUSTIVE else ("char_rnn", "last_two_steps")


def notebook(name: str) -> dict[str, Any]:
    model = library.load(name) if name in library.names() else cells.cell(name)
    found: dict[str, Any] = json.loads(render(derive(model), "ipynb"))
    return found


def run(found: dict[str, Any]) -> dict[str, Any]:
    """What its code has defined, but for the last cell, which verifies."""
    names: dict[str, Any] = {}
    *code, last = ("".join(c["source"]) for c in found["cells"] if c["cell_type"] == "code")
    assert last == "symbptt.verify(model)"
    for text in code:
        exec(text, names)
    return names


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_its_numbers_agree(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = notebook(name)
    if "can stand for" in str(made["cells"][-1]["source"]):
        return
    found = run(made)
    assert found["by_derivation"] == pytest.approx(found["by_difference"], rel=1e-4, abs=1e-7)
    assert "equations" in capsys.readouterr().out


def test_a_notebook_is_of_the_format() -> None:
    found = notebook("elman")
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in found["cells"]}) == len(found["cells"])
    assert {cell["cell_type"] for cell in found["cells"]} == {"markdown", "code"}
    assert "made by symbptt (digest" in found["metadata"]["made"][0].lower()


@pytest.mark.parametrize("comment", ["it's '''quoted'''", r"back\slash", '"""', "ünïcode"])
def test_any_text_of_a_model_is_code(comment: str) -> None:
    text = f"# {comment}\nh[t] = tanh(W @ h[t-1])\nloss[t] = squared_error(h[t], y[t])\n"
    model = parse(text, "it")
    found = json.loads(render(derive(model), "ipynb"))
    names: dict[str, Any] = {}
    exec(next("".join(c["source"]) for c in found["cells"] if c["cell_type"] == "code"), names)
    assert names["model"].equations == model.equations
    assert names["model"].text.strip() == text.strip()


def test_a_function_without_a_default_is_bound() -> None:
    text = "h: (2,)\nphi: function\nh[t] = phi(W @ h[t-1])\nloss[t] = squared_error(h[t], y[t])\n"
    found = run(json.loads(render(derive(parse(text, "it")), "ipynb")))
    assert found["by_derivation"] == pytest.approx(found["by_difference"], rel=1e-4, abs=1e-7)


def test_what_no_function_can_stand_for_is_said() -> None:
    text = "h: (2,)\nphi: function\nh[t] = phi(h[t-1], h[t-1], h[t-1])\n"
    text += "loss[t] = squared_error(h[t], y[t])\n"
    last = json.loads(render(derive(parse(text, "it")), "ipynb"))["cells"][-1]
    assert "No function that symbptt knows can stand for `phi`." in "".join(last["source"])


def test_a_notebook_is_no_fragment() -> None:
    with pytest.raises(OptionError, match="--fragment and --to ipynb can't be combined"):
        render(derive(library.load("linear")), "ipynb", Fragment())
