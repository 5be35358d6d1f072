"""What is said of answers: their outcome, the reason, and the exit status."""

from __future__ import annotations

import json
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner

from symbptt.calculus.gradients import FORMS
from symbptt.cli import main
from symbptt.errors import SheetError
from symbptt.exercises.grading import Graded, Grades, grade
from symbptt.exercises.sheet import Sheet, exercise
from symbptt.language import library
from symbptt.typeset.latex import member_latex, printer_of
from symbptt.typeset.style import LAYOUTS, Style
from tests.modules import some

STEPS = (4, 5, 6, 9)
RIGHT = (
    "W_hy.T @ dL/da_o[T]",
    "W_hh.T @ dL/da_h[t+1] + W_hy.T @ dL/da_o[t]",
    "phi_h'(a_h[t]) * dL/dh[t]",
    "sum(t, 1, T, outer(dL/da_h[t], h[t-1]))",
)


@cache
def sheet(to: str = "latex") -> str:
    return exercise(library.load("elman"), steps=STEPS, to=to)


def graded(gap: int, answer: str) -> Graded:
    """What is said of one answer among right ones."""
    answers = dict(enumerate(RIGHT, start=1)) | {gap: answer}
    found = grade(sheet(), "\n".join(f"{k}: {a}" for k, a in answers.items()))
    assert all(each.outcome == "right" for each in found.gaps if each.gap != gap)
    return next(each for each in found.gaps if each.gap == gap)


MODELS = [
    *product(library.differentiable(), ["adjoint"], ["column"]),
    *product(["elman", "char_rnn"], FORMS, LAYOUTS),
]


@pytest.mark.parametrize(("name", "form", "layout"), some(MODELS, 9))
def test_the_solution_is_right(name: str, form: str, layout: str) -> None:
    model = library.load(name)
    text = exercise(model, every=7, to="markdown", form=form, style=Style.of(layout))
    read = Sheet.read(text)
    answers = [f"{gap.number}: {read.solutions(gap)[-1]}" for gap in read.gaps]
    found = grade(text, "\n".join(answers))
    assert found.counts == {"right": len(read.gaps)}, str(found)


@pytest.mark.parametrize(
    ("gap", "answer", "outcome", "words"),
    [
        (1, "d(L, h[T]) = W_hy.T @ d(L, a_o[T])", "right", ""),
        (2, "W_hy.T @ dL/da_o[t] + W_hh.T @ dL/da_h[t+1]", "right", ""),
        (2, "direct(a_h[t+1], h[t]).T @ dL/da_h[t+1] + direct(a_o[t], h[t]).T @ dL/da_o[t]",
         "right", ""),
        (2, "(d(L, a_h[t+1]).T @ W_hh).T + W_hy.T @ dL/da_o[t]", "equivalent", ""),
        (2, f"{RIGHT[1]} for t = 1, T = 2", "right", ""),
        (2, f"{RIGHT[1]} for 1 <= t <= T", "wrong", "the condition holds at T = 1, t = 1"),
        (2, "W_hy.T @ dL/da_o[t] for t = T", "wrong", "`1 <= t <= T-1`|one edit|left side is"),
        (2, "W_hh @ dL/da_h[t+1] + W_hy.T @ dL/da_o[t]", "wrong", "`W_hh.T` for `W_hh`"),
        (3, "dL/dh[t] * phi_h'(a_h[t])", "right", ""),
        (3, "diag(phi_h'(a_h[t])) @ dL/dh[t]", "equivalent", ""),
        (3, "dL/da_h[t] + 0", "wrong", "no answer: it says `dL/da_h[t]` by itself"),
        (3, "dL/da_h[t] = d(L, a_h[t])", "wrong", "no answer"),
        (3, "dL/dh[T] = W_hy.T @ dL/da_o[T]", "wrong", "that of gap 1"),
        (3, "h[t] = phi_h(a_h[t])", "wrong", "the answer is about something else"),
        (3, "phi_h'(a_h[t]) * dL/dh[t", "unreadable", "^"),
        (3, "", "missing", ""),
        (4, "sum(t, 0, T-1,\n  outer(dL/da_h[t+1], h[t]))", "equivalent", ""),
        (5, "0", "unreadable", "no such gap: the sheet has gaps 1 to 4"),
    ],
)  # fmt: skip
def test_an_answer(gap: int, answer: str, outcome: str, words: str) -> None:
    found = graded(gap, answer)
    assert found.outcome == outcome, found
    said = "\n".join(found.details)
    assert any(each in said for each in words.split("|"))


def test_a_gap_answered_twice() -> None:
    answers = [f"{k}: {each}" for k, each in enumerate(RIGHT, start=1)]
    found = grade(sheet(), "\n".join(["# my answers", *answers, "", f"Gap 2: {RIGHT[1]}"]))
    assert found.counts == {"right": 3, "unreadable": 1}
    assert "on the lines 3 and 7" in found.gaps[1].reason


@pytest.mark.parametrize("text", ["W_hy.T @ dL/da_o[T]", "1 = 2", "\x00\x01"])
def test_a_line_that_answers_no_gap(text: str) -> None:
    with pytest.raises(SheetError, match="line 2 of the answers"):
        grade(sheet(), f"1: 0\n{text}")


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (("right", "equivalent"), 0),
        (("right", "wrong"), 1),
        (("right", "missing", "undecided"), 1),
        (("undecided", "right"), 4),
        (("unreadable", "wrong"), 2),
    ],
)
def test_the_status(outcomes: tuple[str, ...], status: int) -> None:
    found = Grades("m", tuple(Graded(k, "", "", each) for k, each in enumerate(outcomes)))
    assert found.status == status and found.ok == (status == 0)


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(main, ["exercise", "elman", "--steps", "4,5,6,9", "-o", "sheet.tex"])
    assert made.exit_code == 0 and Path("sheet.tex").read_text(encoding="utf-8") == sheet()
    Path("answers").write_text("1: W_hy @ dL/da_o[T]\n2: " + RIGHT[1], encoding="utf-8")
    found = CliRunner().invoke(main, ["grade", "sheet.tex", "answers", "--json"])
    data = json.loads(found.stdout)
    assert found.exit_code == 1 and data["counts"] == {"right": 1, "wrong": 1, "missing": 2}
    mended = data["gaps"][0]["verdict"]["mends"][0]["formula"]
    Path("answers").write_text(f"1: {mended}", encoding="utf-8")
    assert (
        "1 right, 3 missing" in CliRunner().invoke(main, ["grade", "sheet.tex", "answers"]).stdout
    )
    for name, content in (("sheet.tex", b"nothing"), ("answers", b"\xff\xfe1:")):
        (tmp_path / f"bad {name}").write_bytes(content)
        files = [f"bad {each}" if each == name else each for each in ("sheet.tex", "answers")]
        assert CliRunner().invoke(main, ["grade", *files]).exit_code == 2
    Path("sheet.tex").write_text(sheet().replace("W_hy @ h[t]", "W_hy @ @ h[t]"), encoding="utf-8")
    assert CliRunner().invoke(main, ["grade", "sheet.tex", "answers"]).exit_code == 3


@pytest.mark.parametrize("words", [["--steps", "2,x"], ["--steps", "1,99"], ["--every", "0"]])
def test_steps_on_the_command_line(words: list[str]) -> None:
    assert CliRunner().invoke(main, ["exercise", "elman", *words]).exit_code == 2


@pytest.mark.parametrize(("name", "layout"), [("char_rnn", "column"), ("linear_bias", "row")])
def test_the_solution_as_the_sheet_prints_it_is_right(name: str, layout: str) -> None:
    """Copied from the LaTeX of the solution, with the left side or without it."""
    text = exercise(library.load(name), every=3, style=Style.of(layout))
    read = Sheet.read(text)
    printer = printer_of(read.derivation.symbols, read.style)
    answers = []
    for gap in read.gaps:
        step = read.derivation.steps[gap.step - 1]
        right = member_latex(printer, step, step.result)
        equation = f"{printer.laid(step.target)} = {right}" if gap.number % 2 else right
        answers.append(f"{gap.number}: {equation}")
    found = grade(text, "\n".join(answers))
    assert found.counts == {"right": len(read.gaps)}, str(found)
