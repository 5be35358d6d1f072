"""What symbptt prints in text goes back into check unchanged, and is right.

The lines are those of ``derive --to formulas``, a model and a way to derive it at a time, and
of ``show``. A sample of models and lines in the suite, all of them with SYMBPTT_EXHAUSTIVE=1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from click.testing import CliRunner

from symbptt.algebra import Model
from symbptt.calculus.gradients import derive
from symbptt.cli import main
from symbptt.errors import SymbpttError
from symbptt.formula.verdict import Checker, check
from symbptt.language import library
from symbptt.typeset.document import render
from symbptt.typeset.style import Style
from tests import cells
from tests.modules import EXHAUSTIVE, in_turn


@dataclass(frozen=True)
class Way:
    """Options of `derive` and of how it is printed, and what `check` is told of them."""

    options: dict[str, Any] = field(default_factory=dict)
    style: dict[str, str] = field(default_factory=dict)
    check: dict[str, Any] = field(default_factory=dict)


ROW: dict[str, Any] = {"layout": "row"}
ONE: dict[str, Any] = {"of": "loss[t]"}
LAST = {"total": "last"}

WAYS: dict[str, Way] = {
    "adjoint": Way(),
    "sensitivity": Way({"form": "sensitivity"}),
    "expanded": Way({"form": "expanded"}),
    "joined": Way({"form": "joined"}),
    "summary": Way(style={"detail": "summary"}),
    "index": Way(style={"detail": "index"}),
    "one step": Way(ONE, check=LAST),
    "one step, sensitivity": Way(ONE | {"form": "sensitivity"}, check=LAST),
    "one step, expanded": Way(ONE | {"form": "expanded"}, check=LAST),
    "rows": Way(style=ROW, check=ROW),
    "rows, sensitivity": Way({"form": "sensitivity"}, ROW, ROW),
    "rows, expanded": Way({"form": "expanded"}, ROW, ROW),
    "rows, joined": Way({"form": "joined"}, ROW, ROW),
    "rows, index": Way(style=ROW | {"detail": "index"}, check=ROW),
    **{
        name: Way({"estimator": name}, check={"estimator": name})
        for name in ("window:2", "chunk:2", "random:4/5")
    },
}

SAMPLE = ("elman", "lag_two", "joint_matrix", "antisymmetric", "char_rnn", "last_two_steps")
DERIVED = (
    ("derived_of_derived", "sensitivity"),
    ("product_of_matrices", "rows, expanded"),
)
"""What is made of parameters stands beside them, and follows them in formulas."""

LINES = 6


def loaded(name: str) -> Model:
    return library.load(name) if name in library.names() else cells.cell(name)


@cache
def lines(name: str, way: str) -> tuple[str, ...]:
    """What the command line prints."""
    asked = WAYS[way]
    derivation = derive(loaded(name), **asked.options)
    text = render(derivation, to="formulas", style=Style.of(**asked.style))
    return tuple(dict.fromkeys(x for x in text.splitlines() if x and not x.startswith("#")))


def wrong(name: str, way: str, formulas: tuple[str, ...]) -> Iterator[str]:
    """The lines that are not right, or not read, and why."""
    checker = Checker(loaded(name), horizon=3, **WAYS[way].check)
    for formula in formulas:
        try:
            found = checker.check(formula)
        except SymbpttError as error:
            yield f"{formula}: {error}"
        else:
            if not found.right:
                yield str(found)


def has(name: str, way: str) -> bool:
    """Whether there is such a derivation."""
    loss = loaded(name).loss
    assert loss is not None
    return way not in WAYS or not (WAYS[way].check == LAST and loss.last)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        *((name, way) for number, way in enumerate(WAYS) for name in in_turn(number, SAMPLE)),
        *DERIVED,
    ],
)
def test_lines_are_right(name: str, way: str) -> None:
    """Some lines from all parts of each text."""
    if has(name, way):
        found = lines(name, way)
        some = found[sum(map(ord, name + way)) % 3 :: max(1, len(found) // LINES)]
        assert not list(wrong(name, way, some))


def test_a_length_is_told_by_a_vector_where_a_variable_is_called_as_the_dimension() -> None:
    """``carry`` is a dimension, and a parameter of another length."""
    found = [line for line in lines("more_awkward_names", "index") if "len(grads)" in line]
    assert found
    assert not list(wrong("more_awkward_names", "index", tuple(found[:3])))


@pytest.mark.slow
@pytest.mark.skipif(not EXHAUSTIVE, reason="all models, with SYMBPTT_EXHAUSTIVE=1")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name", [*library.differentiable(), *cells.NAMES] if EXHAUSTIVE else ["none"]
)
def test_all_lines_of_all_models_are_right(name: str, way: str) -> None:
    if has(name, way):
        assert not list(wrong(name, way, lines(name, way)))


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("antisymmetric", "dL/dgamma = direct(A, gamma).T @ vec(dL/dA)"),
        ("antisymmetric", "dL/dgamma = -dot(I, dL/dA)"),
        ("product_of_matrices", "dL/du_A = direct(u_A2, u_A).T @ vec(dL/du_A2)"),
        ("last_two_steps", "dL/dh[0] = W.T @ dL/da[1] for 3 <= T"),
        ("last_two_steps", "dL/dh[-1] = b * dL/du_loss2[T] for T = 1"),
        ("joint_matrix", "dL/dh[0] = (dL/du[1])[d:]"),
    ],
)
def test_what_a_member_says_of_matrices_and_of_short_sequences(name: str, formula: str) -> None:
    assert formula in lines(name, "adjoint")
    assert check(loaded(name), formula, horizon=3).right


def test_a_start_that_is_made_of_a_parameter_follows_it() -> None:
    found = lines("start_as_an_expression", "sensitivity")
    start = [line for line in found if line.startswith(("d(h[-1], z_0) - ", "dL/dz_0 = "))]
    assert len(start) == 3
    assert not list(wrong("start_as_an_expression", "sensitivity", tuple(start)))


def test_the_bias_of_a_window_where_the_model_has_an_s() -> None:
    (bias,) = (line for line in lines("lstm", "window:2") if line.startswith("dL/db_f - "))
    dropped = "sum(r, 3, T, sum(t, 1, r-2, dL[r]/da_f[t]))"
    assert bias == f"dL/db_f - sum(r, 1, T, dL[r]/db_f) = -{dropped}"
    assert not list(wrong("lstm", "window:2", (bias, *lines("lstm", "window:2")[10:40:10])))
    slip, estimator = bias.replace("r-2", "r-1"), WAYS["window:2"].check
    assert not check(loaded("lstm"), slip, horizon=3, seconds=1, **estimator).right


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("last_two_steps", "dL/dh[0] = W.T @ dL/da[1]"),
        ("joint_matrix", "dL/dx[t] = (dL/du[t])[n_h:]"),
        ("layer_norm", "partial(q[t], a[t]) = I - 1 / len(n_h) * (ones(d) @ ones(n_h).T)"),
    ],
)
def test_a_planted_slip_in_a_line_is_not_right(name: str, formula: str) -> None:
    try:
        assert not check(loaded(name), formula, horizon=3, seconds=1).right
    except SymbpttError as error:
        assert "shapes" in str(error) or "no such block" in str(error)


def printed(*command: str) -> list[str]:
    """The lines that a command prints, without their remarks."""
    output = CliRunner().invoke(main, command, catch_exceptions=False).output
    return [re.split(r"  +", line.strip())[0] for line in output.splitlines()]


def unrolled(name: str) -> Iterator[str]:
    """The lines of ``unroll``, of the model and of the adjoint of its first state."""
    model = loaded(name)
    adjoints = [(f"d(L, {state}[t])",) for state in model.states[:1] if model.loss]
    for what in ((), *adjoints):
        found = printed("unroll", path(name), *what, "-T", "2")[1:]
        for formula in found[: found.index("") if "" in found else None]:
            if not formula.endswith("given by the caller, else zeros"):
                yield formula


def path(name: str) -> str:
    return name if name in library.names() else str(cells.FOLDER / f"{name}.rnn")


EVERY = (*library.names(), *cells.NAMES)
SHOWN = ("linear", "lstm", "char_rnn", "antisymmetric", "last_two_steps", "one_letter")


@pytest.mark.parametrize("name", EVERY if EXHAUSTIVE else SHOWN)
def test_the_equations_of_show_are_right(name: str) -> None:
    found, checker = printed("show", path(name)), Checker(loaded(name), horizon=2)
    for formula in found[found.index("equations") + 1 :]:
        assert checker.check(formula).right, formula


@pytest.mark.parametrize("name", EVERY if EXHAUSTIVE else SHOWN)
def test_the_lines_of_unroll_are_right(name: str) -> None:
    checker = Checker(loaded(name), horizon=2)
    for formula in unrolled(name):
        assert checker.check(formula).right, formula


TEXTS = (cells.FOLDER.parents[1] / "README.md", *(cells.FOLDER.parents[1] / "docs").glob("*.md"))


def test_the_formulas_of_the_readme_the_docs_and_the_help_are_right() -> None:
    help_text = " ".join(printed("check", "--help"))
    found = [("linear", formula) for formula in re.findall(r"as in '(.+?)'", help_text)]
    for text in (path.read_text() for path in TEXTS):
        if "```console" not in text:  # whose examples run in a test, answers and all
            found += re.findall(r"symbptt check (\w+) '(.+?)'", text)
    assert len(found) > 1
    for name, formula in found:
        assert check(loaded(name), formula).right, formula
