"""What `proofread` says of documents: a row for every equation, and what it takes up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from symbptt import cli
from symbptt.documents.proofreading import proofread
from symbptt.documents.report import Answer, Proofreading
from symbptt.language.library import load
from tests.modules import some

BACKWARD = "d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])"
SLIP = "d(L, h[t]) = W_hh @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])"
OUTPUT = "o[t] = W_qh @ h[t]"


def examined(text: str, **options: object) -> Proofreading:
    given: Any = {"seconds": 4} | options
    return proofread(load("linear"), text, "notes.md", **given)


def answers(text: str, **options: object) -> list[tuple[int, Answer]]:
    return [(row.line, row.answer) for row in examined(text, **options).rows]


def test_every_equation_has_its_line_and_its_answer() -> None:
    text = f"# Notes\n\n$${BACKWARD}$$\n$${SLIP}$$\n$${OUTPUT}$$\n$$o[t] = h[t]$$\n$$q = z$$\n"
    found = examined(text)
    assert [(row.line, row.answer) for row in found.rows] == [
        (3, "right"),
        (4, "wrong"),
        (5, "model"),
        (6, "model"),
        (7, "not read"),
    ]
    assert "contradicts the model's o[t] = W_qh @ h[t]" in found.rows[3].reason
    assert found.counts == {"right": 1, "wrong": 1, "model": 2, "not read": 1}
    assert not found.ok
    assert "5 equations: 1 right, 1 wrong, 2 model, 1 not read" in str(found)


def test_a_wrong_equation_has_the_derived_one_and_the_mend() -> None:
    (row,) = examined(f"$${SLIP}$$").rows
    assert BACKWARD in row.text("notes.md").partition("one edit mends it")[2]
    assert row.text("notes.md").startswith("notes.md:1: wrong\n")


def test_nothing_is_wider_than_a_terminal() -> None:
    found = str(examined(f"$${BACKWARD}$$\n\n$${SLIP} + 0 * d(L, h[t]) + 0 * d(L, h[t])$$"))
    assert max(map(len, found.splitlines())) <= 80


def test_each_row_of_a_chain_is_about_the_left_side_above() -> None:
    text = (
        "$$\\begin{aligned}\nd(L, h[t]) &= W_hh @ d(L, h[t+1]) + W_qh.T @ d(L, o[t]) \\\\\n"
        "&= W_qh.T @ d(L, o[t]) \\\\\n&\\quad + W_hh.T @ d(L, h[t+1]) \\end{aligned}$$\n"
    )
    assert answers(text) == [(2, "wrong"), (3, "right")]


def test_a_chain_in_a_row_says_which_link_is_wrong() -> None:
    good = "d(L, W_qh) = sum(t, 1, T, outer(d(L, o[t]), h[t]))"
    (row,) = examined(f"$${good} = sum(t, 1, T, outer(d(L, o[t]), h[t-1]))$$").rows
    assert row.answer == "wrong" and "h[t-1]" in str(row.verdict)
    (row,) = examined(f"$${good} = sum(k, 1, T, outer(d(L, o[k]), h[k]))$$").rows
    assert row.answer == "right"


@pytest.mark.parametrize(
    "said",
    some(
        [
            "$$g[t] = d(L, h[t])$$\n",
            "where $g[t] = d(L, h[t])$.\n",
            "Let $g[t]$ denote $d(L, h[t])$.\n",
            "Let $g[t]$ be the gradient $d(L, h[t])$.\n",
            "We denote $d(L, h[t])$ by $g[t]$.\n",
        ],
        3,
    ),
)
def test_a_letter_that_the_document_defines_is_used(said: str) -> None:
    used = "$$g[t] = W_hh.T @ g[t+1] + W_qh.T @ d(L, o[t])$$\n\n"
    slip = "$$g[t] = W_hh @ g[t+1] + W_qh.T @ d(L, o[t])$$\n\n"
    for text in (said + used + slip, used + slip + said):
        assert [row.answer for row in examined(text).rows if "W_hh" in row.source] == [
            "right",
            "wrong",
        ]
    assert [row.answer for row in examined(used).rows] == ["not read"]


def test_the_last_meaning_of_a_letter_is_in_force() -> None:
    used = "\n$$g[t] = W_qh.T @ d(L, o[t]) + W_hh.T @ d(L, h[t+1])$$\n"
    text = f"$g[t] = d(L, h[t])${used}\n$g[t] = d(L, o[t])${used}\n$g[t] = d(L, h[t])${used}"
    assert [row.answer for row in examined(text).rows] == ["right", "wrong", "right"]


def test_a_quantity_without_a_step_has_that_of_its_equation() -> None:
    assert [row.answer for row in examined("$$o = W_{qh} h_t$$\n\n$$h = z$$").rows] == [
        "model",
        "not read",
    ]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\sigma(x) = \frac{1}{1 + \exp(-x)}", "right"),
        (r"\sigma(x) = \frac{1}{1 - \exp(-x)}", "wrong"),
        (r"\tanh'(z) = 1 - \tanh(z)^2", "right"),
        (r"\tanh'(z) = 1 - z^2", "wrong"),
    ],
)
def test_what_a_function_is_is_examined_of_a_quantity(text: str, answer: Answer) -> None:
    assert [row.answer for row in examined(f"$${text}$$").rows] == [answer]


UNDER = r"$$\frac{\partial L}{\partial h_t} = W_{qh}^\top \frac{\partial L}{\partial o_t}$$"


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("If $t = T$ then:\n\n", "right"),
        ("In the case $t = T$ we have $o_T$, and thus\n", "right"),
        ("In the case $x_t = y_t$ we have\n", "not read"),
        ("If $x_t = y_t$, it stops.\n\nIn general,\n", "wrong"),
        ("It uses $t = T$.\n\n", "wrong"),
    ],
)
def test_what_the_sentence_before_supposes_is_a_condition(words: str, answer: str) -> None:
    (row,) = examined(words + UNDER).rows
    assert row.answer == answer, row
    assert answer != "not read" or row.reason == "its condition is not read: x_t = y_t"


def test_what_the_sentence_before_supposes_of_an_entry_is_looked_at_there() -> None:
    """Of the entry of a class, and of the others, no condition speaks."""
    one = r"$$\frac{\partial L}{\partial o_{t,i}} = \frac{1}{T} (p_{t,i} - 1)$$"
    other = r"$$\frac{\partial L}{\partial o_{t,i}} = \frac{1}{T} p_{t,i}$$"
    for said, text, answer in (
        ("If $i = y_t$,", one, "right"),
        ("If $i = y_t$,", other, "wrong"),
        (r"If $i \neq y_t$,", other, "right"),
        (r"If $i \neq y_t$,", one, "wrong"),
        ("If $q$ is small,", other, "wrong"),
    ):
        (row,) = proofread(load("char_rnn"), f"{said}\n{text}\n", seconds=4).rows
        assert row.answer == answer, (said, text, row)


def test_a_derivative_by_nothing_is_wrong_where_by_something_it_is_right() -> None:
    (row,) = examined(r"$$(DL)_{W_{hx}} = \sum_t (DL)_t = \sum_t (DL)_{W_{hh}^{(t)}}$$").rows
    assert (row.answer, row.read) == ("wrong", "")
    assert "by no quantity of it" in str(row.verdict) and "`W_hx` of step t" in str(row.verdict)
    (row,) = examined(r"$$(DL)_{W_{hx}} = 2 \sum_t (DL)_t$$").rows
    assert (row.answer, row.reason) == (
        "not read",
        "`(DL)_t` is taken by a step, and by no quantity of it",
    )


def test_what_contradicts_the_model_has_its_own_equation() -> None:
    (row,) = examined("$$h_{t,i} = \\sum_i W_{hh,ij} h_{t-1,i}$$").rows
    assert row.answer == "model" and "contradicts" in row.reason
    assert "sum(k, 1, len(h), W_hh[i, k] * h[t-1][k])" in row.text("notes.md")


def test_a_matrix_that_is_told_by_its_entry_is_looked_at() -> None:
    words = "We need the matrix whose $ij$th entry is $d(L, h[t])[i] * h[t-1][j]$. It can be "
    for matrix, answers in (
        ("d(L, h[t]) @", ["right"]),
        ("d(L, h[t+1]) @", ["wrong"]),
    ):
        text = f"{words}written as the outer product ${matrix[:-1]} \\otimes$ $h[t-1]$."
        assert [row.answer for row in examined(text, inline=True).rows] == answers
        assert not examined(text).rows


def test_the_last_step_may_be_a_number() -> None:
    total = r"$$L = \frac{1}{3} \sum_{t=1}^{3} \ell(o_t, y_t)$$"
    gradient = r"$$\nabla_{W_{qh}} L = \sum_{t=1}^3 \frac{\partial L}{\partial o_t} h_t^\top$$"
    assert [row.answer for row in examined(total + gradient).rows] == ["model", "right"]
    explicit = r"$$L = \frac{1}{2} (\ell(o_1, y_1) + \ell(o_2, y_2))$$"
    assert "contradicts" in examined(explicit).rows[0].reason
    assert not examined(f"$T = 2$ here.\n{explicit}").rows[0].reason


def test_a_value_that_a_letter_takes_at_times_is_not_its_meaning() -> None:
    text = "Whenever $q_t = 0$ it ends.\n\n$$d(L, h[t]) = q_t$$"
    assert "no name `q_t`" in examined(text).rows[0].reason


def test_formulas_in_a_line_are_wanted_or_not() -> None:
    text = f"We have ${BACKWARD}$, a letter $h$, a range $t < T$ and not ${SLIP}$."
    assert answers(text) == []
    assert [answer for _, answer in answers(text, inline=True)] == ["right", "not read", "wrong"]


def test_a_convention_that_makes_more_of_it_right_is_proposed() -> None:
    text = "$$d(L, o[t]) = d(loss[t], o[t])$$\n" + f"$${BACKWARD}$$"
    assert examined(text).remarks == ("1 more equation is right with --total sum",)
    assert examined(text, total="sum").ok and not examined(text, total="sum").remarks


def test_a_name_that_stops_several_equations_is_told() -> None:
    (remark,) = examined("$$q[t] = W_hh @ q[t-1]$$\n$$q[t] = q[t-1]$$").remarks
    assert remark.startswith("2 equations are not read for `q`: --names or --where")


def test_an_initial_value_that_the_document_fixes_is_fixed() -> None:
    sums = "$$h[t] = sum(k, 1, t, W_hh**(t-k) @ W_hx @ x[k])$$"
    assert "contradicts" in examined(sums).rows[0].reason
    assert not examined(f"We start from $h[0] = 0$.\n\n{sums}").rows[0].reason


def test_no_time_is_no_verdict() -> None:
    found = examined(f"$${BACKWARD}$$", seconds=1e-9)
    assert [(row.answer, row.reason) for row in found.rows] == [
        ("not read", "there was no time left for it")
    ]


# --- the command line ------------------------------------------------------------------


def run(tmp_path: Path, text: str, *options: str) -> Result:
    path = tmp_path / "notes.md"
    path.write_text(text, encoding="utf-8")
    words = ["proofread", "linear", str(path), "--seconds", "4", *options]
    return CliRunner().invoke(cli.main, words)


@pytest.mark.parametrize(("text", "status"), [(BACKWARD, 0), (SLIP, 1), ("q = 1", 0)])
def test_the_exit_status_says_whether_something_is_wrong(
    text: str, status: int, tmp_path: Path
) -> None:
    assert run(tmp_path, f"$${text}$$").exit_code == status


def test_programs_read_the_same(tmp_path: Path) -> None:
    data = json.loads(run(tmp_path, f"$${SLIP} \\tag{{4}}$$", "--json").stdout)
    (row,) = data["rows"]
    assert (row["line"], row["number"], row["answer"]) == (1, "4", "wrong")
    assert row["verdict"]["mends"][0]["formula"] == BACKWARD
    assert data["counts"] == {"right": 0, "wrong": 1, "model": 0, "not read": 0}


def test_the_conventions_are_those_of_check(tmp_path: Path) -> None:
    text = "$$d(L, s[t]) = d(L, s[t+1]) @ W_hh + d(L, o[t]) @ W_qh$$"
    assert run(tmp_path, text, "--layout", "row", "--names", "s=h").exit_code == 0
    assert "1 right" in run(tmp_path, text, "--layout", "row", "--names", "s=h").stdout


def test_a_model_that_is_none_is_no_fault_of_the_document(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("$$a = b$$", encoding="utf-8")
    found = CliRunner().invoke(cli.main, ["proofread", "no_model", str(path)])
    assert found.exit_code == 2 and "no_model" in found.stderr
