"""Verification of what is right: no row fails, and every row looked at something."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from symbptt.algebra import Model, Mul, Number
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.errors import InterfaceError, MissingLossError
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.proof import exact
from symbptt.proof.exact import exact_rows
from symbptt.proof.report import Report, Row, verify
from tests.cells import BINDINGS
from tests.cells import NAMES as CELLS
from tests.modules import EXHAUSTIVE, RANDOM, model_of, some

REACH = {"plain", "file", "rounding", "reach", "arguments", "helpers"}
CHECKS = {"induction", "exact", "chain", "matrix", "layout", "entries"}
CHECKS |= {"values", "differences", "levels"}
MODULE_CHECKS = {"matrix", "values", "differences", "levels", "forward", *REACH}


def entries(row: Row) -> int:
    """How many things a row looked at; rounding tells the worst of them alone."""
    return (
        len(re.findall(r"\d+", row.figure))
        if row.check == "rounding"
        else int(row.figure.split()[0])
    )


def assert_right(report: Report, model: Model) -> None:
    assert report.ok
    assert report.failures == ()
    for row in report.rows:
        assert row.ok is None or entries(row) > 0, row
    parameters = {f"dL/d{p.name}" for p in model.learned}
    for check in ("exact", "values", "differences"):
        assert parameters <= {s for row in report.of(check) for s in row.subjects or (row.subject,)}


# Built-in models of which the suite sees every row whole; `make trust` sees those of all.
WHOLE = library.runnable() if EXHAUSTIVE else ("linear", "char_rnn")


@cache
def verified(name: str) -> tuple[Report, list[tuple[int, int, str]]]:
    """The report of a built-in model, and what was told of its progress."""
    told: list[tuple[int, int, str]] = []
    return verify(library.load(name), progress=lambda *what: told.append(what)), told


def report_of(name: str) -> Report:
    return verified(name)[0]


@pytest.mark.parametrize("name", WHOLE)
def test_a_built_in_model_is_verified(name: str) -> None:
    report = report_of(name)
    assert_right(report, library.load(name))
    assert {row.check for row in report.rows} >= CHECKS
    for row in report.of("exact"):
        bits = re.search(r"T = 1…5, 4 points, error < 2\^-(\d+)$", row.figure)
        assert bits is not None
        assert int(bits[1]) > 60


def test_what_has_no_module_is_proved_all_the_same() -> None:
    """f takes three arguments, as no function of the table does."""
    report = report_of("recurrence")
    assert report.ok
    checked = {row.check for row in report.rows if row.ok}
    assert checked >= CHECKS - MODULE_CHECKS
    assert not checked & MODULE_CHECKS
    (row,) = report.of("values")
    assert row.ok is None
    assert "bind" in row.detail


@pytest.mark.parametrize("name", some([n for n in CELLS if model_of(n).loss is not None], 2))
def test_the_derivation_of_a_cell_is_exact(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "POINTS", 1)
    monkeypatch.setattr(exact, "HORIZONS", (1, 2, 3, 4))
    for row in exact_rows(derive(model_of(name))):
        assert row.ok, row


WITH_LOSS = [n for n in CELLS if model_of(n).loss is not None]
# A verification of all forms, layouts and levels takes seconds: one cell in sixteen, unless asked.
SAMPLE = [*WITH_LOSS, *RANDOM] if EXHAUSTIVE else ["elman", *WITH_LOSS[::24]]


@pytest.mark.slow
@pytest.mark.usefixtures("shortened")
@pytest.mark.parametrize("name", SAMPLE)
def test_a_cell_is_verified(name: str) -> None:
    model = model_of(name)
    assert_right(verify(model, bind=BINDINGS.get(name)), model)


def test_the_linear_models_have_sympys_derivative_for_a_witness() -> None:
    rows = report_of("linear").of("matrix")
    assert [row.subject for row in rows] == [
        "dL/dW_hx", "dL/dW_hh", "dL/dW_qh", "dL/dh[0]",
    ]  # fmt: skip
    assert all(row.ok for row in rows)


def test_others_say_why_it_does_not_apply() -> None:
    (row,) = report_of("char_rnn").of("matrix")
    assert row.ok is None
    assert row.detail == "softmax_cross_entropy in the loss is not quadratic"
    assert row.verdict == "-"


def test_a_report_is_a_table_and_json() -> None:
    rows = (
        Row("exact", "dL/dW", True, "12 entries"),
        Row("chain", "(3) dL/dh[t]", False, "4 entries", "member 2 of 3: entry (1) is 2, exact 3"),
        Row("matrix", "L", None, "not applicable", "tanh is not linear"),
    )
    report = Report("model", rows)
    assert not report.ok
    assert str(report).splitlines() == [
        "model: 2 checks, 1 failed",
        "ok      exact   dL/dW         12 entries",
        "FAILED  chain   (3) dL/dh[t]  4 entries",
        "    member 2 of 3: entry (1) is 2, exact 3",
        "-       matrix  L             not applicable",
        "    tanh is not linear",
    ]
    found = report.data()
    assert (found["ok"], found["rows"][1]["ok"], found["rows"][2]["ok"]) == (False, False, None)
    assert not Report("nothing was checked", rows[2:]).ok


@pytest.mark.usefixtures("shortened")
def test_the_same_seed_gives_the_same_report() -> None:
    model = parse("x: (d,)\nh[t] = tanh(W @ h[t-1] + x[t])\nloss[t] = sum(h[t])\n", "small")
    report = verify(model, seed=3)
    assert report == verify(model, seed=3)
    assert report != verify(model, seed=4)


def test_progress_is_told() -> None:
    told = verified("linear")[1]
    (parts,) = {parts for _, parts, _ in told}
    assert [done for done, _, _ in told] == list(range(parts))
    assert {"layout row", "entries", "module, the model's own start"} <= {w for _, _, w in told}


ABSTRACT = """
x: (d,)
phi: function
h[t] = phi(W @ h[t-1] + U @ x[t])
loss[t] = squared_error(h[t], y[t])
"""


@pytest.mark.usefixtures("shortened")
def test_an_abstract_function_is_proved_and_not_run() -> None:
    report = verify(parse(ABSTRACT, "abstract"))
    assert report.ok
    checked = {row.check for row in report.rows if row.ok}
    assert checked >= CHECKS - MODULE_CHECKS
    assert not checked & MODULE_CHECKS
    (row,) = report.of("values")
    assert row.ok is None
    assert "phi" in row.detail
    bound = verify(parse(ABSTRACT, "abstract"), bind={"phi": "sigmoid"})
    assert bound.ok
    assert bound.of("differences")


@pytest.mark.usefixtures("shortened")
def test_points_are_sought_where_the_model_is_defined() -> None:
    text = "x: (d,)\nh[t] = log(W @ sqrt(x[t]))\nloss[t] = sum(h[t]) + sum(h[t-1])\n"
    report = verify(parse(text, "roots"))
    assert report.ok
    nowhere = "x: (d,)\nh[t] = W @ x[t] + log(-1 - x[t-1] * x[t-1])\nloss[t] = sum(h[t])\n"
    report = verify(parse(nowhere, "nowhere"))
    assert report.ok
    (values,) = report.of("values")
    assert values.ok is None
    assert "not defined at any of" in values.detail
    assert "log is not defined at -" in values.detail


def test_a_lag_beyond_the_horizons_is_reached_all_the_same() -> None:
    text = "x: (d,)\nh[t] = tanh(W @ h[t-7] + x[t])\nloss[t] = dot(h[t], h[t])\n"
    rows = [row for row in exact_rows(derive(parse(text, "far"))) if row.check == "chain"]
    assert all(row.ok for row in rows)
    assert any("T = 8" in row.figure for row in rows)


@pytest.mark.usefixtures("shortened")
def test_kinks_are_kept_away_from() -> None:
    text = "x: (d,)\nh[t] = relu(W @ h[t-1] + U @ x[t])\nloss[t] = sum(max(h[t], abs(y[t])))\n"
    assert verify(parse(text, "kinks")).ok


def test_a_model_without_a_loss_is_refused() -> None:
    with pytest.raises(MissingLossError):
        verify(parse("x: (d,)\nh[t] = tanh(W @ h[t-1] + U @ x[t])\n", "open"))


# --- a module in a file --------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "module.py"
    path.write_text(generate(library.load("linear"), level=0), encoding="utf-8")
    return path


def test_a_module_in_a_file_is_tested_alone(written: Path) -> None:
    report = verify(library.load("linear"), module=written)
    assert report.ok
    assert {row.check for row in report.rows} == {"values", "differences", *REACH} - {"plain"}


@pytest.mark.usefixtures("shortened")
def test_a_module_edited_by_hand_is_judged_by_what_it_computes(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    edited = text.replace("    return loss, grads, carry", "    return 2 * loss, grads, carry", 1)
    if edited == text:
        edited = text + (
            "\n_right = loss_and_grads\n\n\n"
            "def loss_and_grads(*args, **kwargs):\n"
            "    loss, grads, carry = _right(*args, **kwargs)\n"
            "    return 2 * loss, grads, carry\n"
        )
    written.write_text(edited, encoding="utf-8")
    report = verify(library.load("linear"), module=written)
    failed = {(row.check, row.subject) for row in report.failures}
    assert ("values", "L") in failed
    # What it says is the loss is no longer what its gradients are of.
    assert ("differences", "dL/dW_hh") in failed
    assert ("reach", "steps") in failed
    assert ("values", "dL/dW_hh") not in failed


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("def clip_gradients", "def clip", "lacks clip_gradients"),
        ('{"W_hx":', '{"W_xh":', "PARAMS is"),
        ("import numpy as np", "import numpy as np)", "can't be executed"),
        ("import numpy as np", "import nothing_of_that_name", "can't be executed"),
    ],
)
def test_a_module_without_the_interface_is_refused(
    written: Path, old: str, new: str, words: str
) -> None:
    text = written.read_text(encoding="utf-8")
    assert old in text
    written.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InterfaceError, match=re.escape(words)):
        verify(library.load("linear"), module=written)


def test_a_module_that_raises_has_failed(written: Path) -> None:
    """Whatever it raises, and wherever."""
    text = written.read_text(encoding="utf-8")
    raising = "def loss_and_grads(*args, **more):\n    raise Exception('planted')\n"
    written.write_text(f"{text}\n\n{raising}", encoding="utf-8")
    report = verify(library.load("linear"), module=written)
    assert {row.check for row in report.failures} == {"values", "file", "reach", "arguments"}
    words = f"loss_and_grads raised Exception at line {len(text.splitlines()) + 4}: planted"
    assert all(row.detail.endswith(words) for row in report.failures)


def test_a_file_that_is_not_there_is_an_interface_error(tmp_path: Path) -> None:
    with pytest.raises(InterfaceError, match="can't be read"):
        verify(library.load("linear"), module=tmp_path / "none.py")


@pytest.mark.usefixtures("shortened")
def test_nan_is_an_error(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    wrapped = text + (
        "\n_right = loss_and_grads\n\n\n"
        "def loss_and_grads(*args, **kwargs):\n"
        "    loss, grads, carry = _right(*args, **kwargs)\n"
        '    grads["W_hh"][0, 0] = np.nan\n'
        "    return loss, grads, carry\n"
    )
    written.write_text(wrapped, encoding="utf-8")
    report = verify(library.load("linear"), module=written)
    failed = {(row.check, row.subject): row.detail for row in report.failures}
    assert {("values", "dL/dW_hh"), ("differences", "dL/dW_hh")} <= set(failed)
    assert {check for check, _ in failed} == {"values", "differences", "file", "reach"}
    for subject in ("fractions", "50 digits", "modulo a prime"):
        assert "grads['W_hh'][0, 0] is nan, exact " in failed["file", subject]
    assert "grads['W_hh'][0, 0] is nan, exact " in failed["values", "dL/dW_hh"]
    assert not any(math.isnan(row.worst or 0) for row in report.rows)


@pytest.mark.usefixtures("shortened")
def test_a_wrong_step_is_told_in_other_layouts_and_by_entries() -> None:
    derivation = derive(library.load("linear"))
    step = derivation.steps[-1]
    wrong = replace(step, members=(*step.members[:-1], Mul((Number(Fraction(2)), step.result))))
    steps = (*derivation.steps[:-1], wrong)
    report = verify(derivation.model, derivation=replace(derivation, steps=steps))
    (entries,), (layout,) = report.of("entries"), report.of("layout")
    assert entries.ok is False
    assert entries.detail.startswith("dL/dW_qh[j, i] member 4 of 4 at ")
    assert layout.ok is False
    assert layout.detail.startswith(f"({step.number}) at ")
