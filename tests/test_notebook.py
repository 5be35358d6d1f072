"""Objects show themselves where their text is used from symbptt: printed, and in a notebook."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import symbptt
from symbptt.errors import FormulaError, OptionError
from symbptt.handwritten.verdict import CodeVerdict
from symbptt.proof.rows import Row
from symbptt.typeset.latex import derivation_latex, model_latex, step_latex
from symbptt.typeset.markdown_math import displayed
from tests import cells

MODEL = "x: (d,)\nh[t] = tanh(W @ x[t] + U @ h[t-1])\nloss[t] = squared_error(V @ h[t], y[t])\n"


def test_objects_show_themselves_in_latex() -> None:
    model = symbptt.load("elman")
    derivation = symbptt.derive(model)
    assert model._repr_latex_() == model_latex(model)
    assert derivation._repr_latex_() == derivation_latex(derivation)
    assert derivation.steps[0]._repr_latex_() == step_latex(derivation.steps[0])


def test_a_first_name_is_enough() -> None:
    code = "from symbptt import parse; parse('x: (d,)\\nh[t] = tanh(W @ x[t])')._repr_latex_()"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


KINDS = (
    "model", "derivation", "step", "reason", "verdict", "wrong code", "report", "analysis",
    "unrolled", "proofreading",
)  # fmt: skip


@cache
def shown() -> dict[str, Any]:
    model = symbptt.load("elman")
    derivation = symbptt.derive(model)
    return {
        "model": model,
        "derivation": derivation,
        "step": derivation.steps[4],
        "reason": derivation.steps[4].reason,
        "verdict": symbptt.check(model, "d(L, h[t]) = 0"),
        "wrong code": CodeVerdict("elman", "mine.py", "backward", "wrong", ()),
        "unrolled": symbptt.unroll(model, T=2),
        "proofreading": symbptt.proofread(model, "$$h_t = x_t$$"),
        "report": symbptt.Report("elman", (Row("exact", "dL/dW", True),)),
        "analysis": symbptt.analyze(model, dims={"h": 3, "d": 2, "q": 2}, steps=4),
    }


def printer_of(kind: type) -> Any:
    """What IPython's prompt uses: the first class that has a word in it, its own form or a repr."""
    for each in kind.__mro__:
        if "_repr_pretty_" in vars(each):
            return vars(each)["_repr_pretty_"]
        if each is not object and "__repr__" in vars(each):
            return None
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_prints_itself_as_a_dump(kind: str) -> None:
    said: list[str] = []
    one = shown()[kind]
    printer_of(type(one))(one, SimpleNamespace(text=said.append), False)
    assert said == [str(one)]
    assert not any(
        word in str(one) for word in ("(name=", "Ref(", "Index(", "EquationName", " at 0x")
    )


def test_a_report_of_nothing_prints_itself() -> None:
    assert str(symbptt.Report("elman", ())).startswith("elman: 0 checks")


def test_a_dump_is_noticed() -> None:
    assert printer_of(Row) is None


def test_an_error_shows_the_line_of_its_reader() -> None:
    """Without a hundred lines of symbptt's own."""
    with pytest.raises(FormulaError) as found:
        symbptt.check(symbptt.load("elman"), "h[t] = nobody[t]")
    message, place = found.value._render_traceback_()
    assert message == f"FormulaError: {found.value}"
    assert "test_notebook.py" in place and "nobody" in place


def test_a_model_prints_as_it_was_written() -> None:
    assert symbptt.parse(str(symbptt.parse(MODEL))) == symbptt.parse(MODEL.rstrip("\n"))


@pytest.mark.parametrize("form", ["adjoint", "expanded", "joined", "sensitivity"])
@pytest.mark.parametrize("name", ["lstm", "lag_two"])
def test_a_step_says_its_equation_and_why(name: str, form: str) -> None:
    model = symbptt.load(name) if name in symbptt.list() else cells.cell(name)
    for step in symbptt.derive(model, form=form).steps:
        text = " ".join(str(step).split())
        assert f"({step.number})" in text and "=" in text
        assert " ".join(str(step.reason).split()) in text


def test_a_step_says_when_it_holds() -> None:
    last, inner = symbptt.derive(symbptt.load("elman")).steps[3:5]
    assert str(last).startswith("h[T] enters the equation of a_o at step T; what would lie past T")
    assert str(inner).startswith("For 1 ≤ t ≤ T - 1, h[t] enters the equation of a_h")


def test_a_wrong_verdict_shows_counterexample_derivation_and_mend() -> None:
    formula = "d(L, h[t]) = W_hh @ d(L, a_h[t+1]) + W_hy.T @ d(L, a_o[t])"
    verdict = symbptt.check(symbptt.load("elman"), formula)
    text = verdict._repr_markdown_()
    assert text.startswith("**wrong**: $") and "- at T = 2, t = 1, entry (1)" in text
    assert displayed(verdict.derived.latex) in text and r"\boxed" in text
    assert r"`W_hh.T` for `W_hh`" in text and displayed(verdict.mends[0].latex) in text
    assert verdict.mends[0].latex in verdict._repr_latex_()


def test_words_are_no_emphasis_in_a_notebook() -> None:
    verdict = symbptt.check(symbptt.load("elman"), "d(L, h[t]) = 0")
    assert r"the equation of a\_h at step t+1" in verdict._repr_markdown_()
    assert "a missing term: `W_hh.T @" in verdict._repr_markdown_()


def test_a_report_is_a_table_whose_words_are_no_html() -> None:
    report = symbptt.Report(
        "<b>", (symbptt.proof.rows.Row("exact", "dL/dW", False, detail="a < b"),)
    )
    html = report._repr_html_()
    assert "<b>" not in html and "a &lt; b" in html and html.count("<tr>") == 2


def test_a_module_is_live() -> None:
    lstm = symbptt.module(symbptt.load("lstm"), level=0)
    sizes = dict.fromkeys(lstm.DIMS, 3)
    inputs = {"x": np.ones((2, 1, 3)), "y": np.zeros((2, 1), dtype=int)}
    loss, grads, _ = lstm.loss_and_grads(lstm.init_params(sizes), inputs)
    assert np.isfinite(loss) and grads.keys() >= lstm.PARAMS.keys()
    assert inspect.getsource(lstm.forward).startswith("def forward(")
    assert symbptt.module(symbptt.load("lstm"), level=0).__file__ != lstm.__file__


class Shell:
    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {}
        self.magics: dict[tuple[str, str], Callable[[str, str], Any]] = {}

    def register_magic_function(self, func: Any, magic_kind: str, magic_name: str) -> None:
        self.magics[magic_kind, magic_name] = func


def test_a_cell_is_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell()
    symbptt.load_ipython_extension(shell)
    magic = shell.magics["cell", "symbptt"]
    assert magic("", MODEL) is shell.user_ns["model"]
    assert magic("mine", MODEL) is shell.user_ns["mine"] and shell.user_ns["mine"].name == "mine"
    assert magic("bad", "h[t] = tanh(W @@ x[t])") is None and "bad" not in shell.user_ns
    assert "an operand is missing" in capsys.readouterr().out
    with pytest.raises(OptionError, match="expected a name for the model"):
        magic("3x", MODEL)
