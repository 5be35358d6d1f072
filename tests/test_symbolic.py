"""The door to SymPy: what a model unrolled there says is what SymPy's own derivatives say."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sympy
from click.testing import CliRunner

import symbptt
from symbptt import cli
from symbptt.algebra import Model, Neg
from symbptt.binding import bind
from symbptt.calculus.derivation import Step
from symbptt.errors import MissingLossError, OptionError, UnknownNameError
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.vectors import VECTORS
from symbptt.language.library import differentiable, load, names, runnable
from symbptt.output import unsigned
from symbptt.symbolic import Unrolled
from symbptt.sympy_script import script
from symbptt.unrolled import answer
from tests.cells import BINDINGS, cell
from tests.modules import some

CELLS = (
    "abs_and_relu", "aliases", "attention_inside", "awkward_names", "exp_log_sqrt", "fixed_start",
    "joint_matrix", "lag_two", "lagged_token", "last_step", "lagged_input_read_out",
)  # fmt: skip
MODELS = (*(name for name in differentiable() if name in runnable()), *CELLS)


def model_of(name: str) -> Model:
    model = cell(name) if name in CELLS else load(name)
    return bind(model, BINDINGS.get(name))


def unrolled(name: str) -> Unrolled:
    """Two steps, all lengths 1 but those of labels, whose softmax would be 1."""
    model = model_of(name)
    labels = {str(one.index_dim): 2 for one in model.inputs if one.index_dim in model.dims}
    return symbptt.unroll(model, T=2, sizes=dict.fromkeys(model.dims, 1) | labels)


@cache
def number(expr: Any) -> Any:
    """An expression to 40 digits where each symbol is a number of its own."""
    if isinstance(expr, sympy.Symbol):
        letters = sum(k * ord(letter) for k, letter in enumerate(expr.name, 1))
        return sympy.Float(letters % 97 + 3, 50) / 110
    value = expr.func(*map(number, expr.args)) if expr.args else expr
    return value.evalf(40) if value.is_number else value


def assert_same(left: Any, right: Any) -> None:
    one, other = sympy.flatten(sympy.Matrix([left])), sympy.flatten(sympy.Matrix([right]))
    assert len(one) == len(other)
    for found, true in zip(one, other, strict=True):
        assert abs(number(found - true)) < 1e-30


def slope(unrolled: Unrolled, of: Any) -> sympy.Matrix:
    """SymPy's derivatives of L by every entry."""
    return sympy.Matrix([unrolled.L.diff(entry) for entry in sympy.flatten(sympy.Matrix([of]))])


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_sympy(name: str) -> None:
    found = unrolled(name)
    for parameter in found.model.parameters:
        assert_same(found.gradient(parameter.name), slope(found, found[parameter.name]))
    for initial in found.model.initials:
        if initial.value is None and initial.name in found.model.states:
            start = found[initial.name, initial.step]
            if initial.name not in found.run.unrolled.integers:
                assert_same(found.gradient(initial.key), slope(found, start))


def test_a_gradient_is_a_matrix_and_equal_entry_by_entry() -> None:
    found = symbptt.unroll(load("linear"), T=3, sizes={"h": 2, "d": 1, "q": 1})
    weights, gradient = found["W_hh"], found.gradient("W_hh")
    assert isinstance(gradient, sympy.Matrix) and gradient.shape == (2, 2)
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        difference = gradient[row, column] - sympy.diff(found.L, weights[row, column])
        assert sympy.expand(difference) == 0
    assert found["h", 1].shape == (2, 1)
    assert sympy.expand(
        found["h", 2] - weights * found["h", 1] - found["W_hx"] * found["x", 2]
    ) == (sympy.zeros(2, 1))


def test_an_adjoint_is_the_derivative_by_a_value_put_in() -> None:
    """What L makes of h[2] alone: the model of one step, started there."""
    model = bind(load("linear"))
    whole = symbptt.unroll(model, T=2, sizes={"h": 2, "d": 1, "q": 2})
    o, y = whole["o", 2], whole["y", 2]
    assert_same(whole.adjoint("o", 2), (o - y) / 2)
    assert_same(whole.adjoint("h", 2), whole["W_qh"].T * (o - y) / 2)
    assert_same(
        whole.adjoint("h", 1),
        whole["W_qh"].T * whole.adjoint("o", 1) + whole["W_hh"].T * whole.adjoint("h", 2),
    )


@pytest.mark.parametrize("name", ["elman", "lstm", "joint_matrix", "lag_two", "last_step"])
def test_members_of_a_step_are_equal_in_sympy(name: str) -> None:
    found = unrolled(name)
    for step in found.derivation.steps:
        index = step.target.index
        general = index is not None and "t" in index.names()
        if not step.stated_for(found.T):
            continue
        first, *others = step.sympy(found, 1 if general else None)
        for other in others:
            assert_same(other, first)


@pytest.mark.parametrize(
    ("text", "at", "right"),
    [
        ("d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])", {"t": 1}, True),
        ("d(L, h[t]) = W_hh @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])", {"t": 1}, False),
        ("dL/dW_hh = sum(t, 1, T, outer(dL/dh[t], h[t-1]))", {}, True),
        ("d(h[t][i], h[t-1][j]) = W_hh[i, j]", {"t": 2, "i": 1, "j": 2}, True),
        ("L = sum(t, 1, T, loss[t]) / T", {}, True),
        ("L = sum(t, 1, T, loss[t])", {}, False),
    ],
)
def test_a_formulas_sides_are_sympys(text: str, at: dict[str, int], right: bool) -> None:
    model = symbptt.bind(load("linear"), {"l": "squared_error"})
    found = symbptt.unroll(model, T=2, sizes={"h": 2, "d": 1, "q": 1})
    left, other = found.formula(text, **at)
    assert (sympy.simplify(left - other) == 0 * left) == right


def test_a_formula_is_said_for_one_step() -> None:
    found = symbptt.unroll(load("elman"), T=2, sizes={"h": 1, "d": 1, "q": 1})
    left, right = found.formula("dL/da_h[t] = phi_h'(a_h[t]) * dL/dh[t]", t=1)
    assert left.has(sympy.Symbol("W_hh_1_1", real=True)) and sympy.simplify(left - right) == 0
    with pytest.raises(OptionError, match="say which, t=1"):
        found.formula("h[t] = phi_h(a_h[t])")


def test_a_planted_error_in_a_step_is_seen() -> None:
    found = unrolled("elman")
    right = found.derivation.step("h", "adjoint")
    wrong: Step = replace(right, members=(*right.members, Neg(right.result)))
    first, *_, last = wrong.sympy(found, 1)
    with pytest.raises(AssertionError):
        assert_same(last, first)


@pytest.mark.parametrize("name", ["elman", "recurrence"])
def test_functions_left_abstract_stay_so(name: str) -> None:
    model = load(name)
    found = symbptt.unroll(model, T=2, sizes=dict.fromkeys(model.dims, 1))
    for parameter in model.parameters:
        (gradient,) = sympy.flatten(sympy.Matrix([found.gradient(parameter.name)]))
        (true,) = slope(found, found[parameter.name])
        assert sympy.expand((gradient - true).doit()) == 0
    called = {str(f.func) for f in found.L.atoms(sympy.core.function.AppliedUndef)}
    assert called == {one.name for one in model.abstract}


def test_the_closed_form_is_the_commands() -> None:
    model = load("linear")
    found = symbptt.unroll(model, T=3).closed_form
    assert list(found) == ["h", "d(L, h[t])"]
    command = answer(model, "d(L, h[t])", 3).text()
    assert found["d(L, h[t])"].text() in command
    assert "proof by induction" in str(found) and found["h"].formula


def test_what_is_not_there_is_named() -> None:
    found = symbptt.unroll(load("linear"), T=2)
    with pytest.raises(UnknownNameError, match=r"no value of h\[3\]; there are: h\[0\], h\[1\]"):
        found["h", 3]
    with pytest.raises(UnknownNameError, match="no gradient of W"):
        found.gradient("W")
    with pytest.raises(UnknownNameError, match="no dimension k; it has: d, q, h"):
        symbptt.unroll(load("linear"), sizes={"k": 1})
    with pytest.raises(OptionError, match="T is at least 1"):
        symbptt.unroll(load("linear"), T=0)
    with pytest.raises(OptionError, match="say which, t=1"):
        found.derivation.step("o", "adjoint").sympy(found)
    with pytest.raises(MissingLossError):
        symbptt.unroll(load("matrix_recurrence")).gradient("W_hh")


# --- the script --------------------------------------------------------------------------


def executed(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "script.py"
    path.write_text(text, encoding="utf-8")
    return subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True)


@pytest.mark.parametrize("name", [*names(), *CELLS])
def test_a_script_runs_and_finds_itself_right(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One in six in a process of its own, with nothing but SymPy."""
    model = cell(name) if name in CELLS else load(name)
    text = script(model, 2, {})
    if name in some((*names(), *CELLS), 6):
        run = executed(text, tmp_path)
        assert run.returncode == 0, run.stderr
        said = run.stdout
    else:
        exec(compile(text, name, "exec"), {"__name__": "__main__"})
        said = capsys.readouterr().out
    assert said.startswith("right: ") == (model.loss is not None)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("adjoints[dL_h_1_1] = ", "adjoints[dL_h_1_1] = Rational(1001, 1000)*"),
        ("adjoints[dL_W_hh_1_2] = ", "adjoints[dL_W_hh_1_2] = dL_h_1_1 + "),
        ("values[h_2_1] = ", "values[h_2_1] = 2*"),
    ],
)
def test_a_planted_error_in_a_script_is_found(right: str, wrong: str, tmp_path: Path) -> None:
    text = script(load("linear"), 2, {})
    assert text.count(right) == 1
    planted = text.replace(right, wrong)
    if right.startswith("values"):  # a line that is another function of what it reads
        planted = text.replace("values[h_2_1] = ", "values[h_2_1] = W_hh_1_1*")
    run = executed(planted, tmp_path)
    assert run.returncode == 1 and "is wrong" in run.stderr


def test_the_command_writes_the_script() -> None:
    words = ["unroll", "linear", "-T", "2", "--to", "sympy", "--dim", "h=1"]
    run = CliRunner().invoke(cli.main, words)
    head, _, text = run.stdout.partition("\n")
    assert unsigned(head) == f"# made by symbptt: symbptt {' '.join(words)}"
    assert text == script(load("linear"), 2, {"h": 1})
    for wrong in (["unroll", "linear", "h", "--to", "sympy"], ["unroll", "linear", "--dim", "h=1"]):
        run = CliRunner().invoke(cli.main, wrong)
        assert run.exit_code == 2 and "can't be combined" in run.stderr


ROWS = {
    name: f"{name}({', '.join(('v[t]', 'h[t-1]')[: len(row.arguments)])})"
    for name, row in (*FUNCTIONS.items(), *VECTORS.items())
    if name in VECTORS or row.public
}


@pytest.mark.parametrize("names", [[*ROWS][start::9] for start in range(9)], ids=" ".join)
def test_every_row_of_functions_has_its_sympy(names: list[str], tmp_path: Path) -> None:
    """Some in a script that runs; what SymPy has no function for is spelled in pieces."""
    called = " + ".join(ROWS[name] for name in names)
    text = (
        "x: (d,)\nh: (d,)\nv[t] = W @ x[t] * x[t] + 2\n"
        f"h[t] = v[t] + 0.1 * ({called})\nloss[t] = squared_error(h[t], y[t])\n"
    )
    run = executed(script(symbptt.parse(text, "row"), 2, {"d": 2}), tmp_path)
    assert run.returncode == 0, run.stderr
