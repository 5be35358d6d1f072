"""The verb check: what it prints, its statuses, JSON and batches."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symbptt.cli import main
from tests.formula.test_verdict import RECURRENT


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["check", *args])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("formula", "status", "word"),
    [
        (RECURRENT, 0, "right: "),
        (RECURRENT.replace("W_hh.T", "W_hh"), 1, "wrong: "),
        (RECURRENT.replace("W_qh.T", "W_qh"), 1, "wrong: "),
        ("h[t] = W_hh**1000 @ h[t]", 4, "undecided: "),
    ],
)
def test_statuses(formula: str, status: int, word: str) -> None:
    code, out, _ = run("linear", formula)
    assert code == status
    assert out.startswith(word)


def test_unreadable_is_2_with_a_caret() -> None:
    code, out, err = run("linear", "h[t] = h[t")
    assert code == 2 and out == "" and "^" in err


def test_json() -> None:
    code, out, _ = run("linear", RECURRENT.replace("W_hh.T", "W_hh"), "--json")
    data = json.loads(out)
    assert code == 1 and data["verdict"] == "wrong"
    assert data["counterexample"]["indices"] == {"T": 2, "t": 1}
    assert data["mends"][0]["formula"] == RECURRENT


def test_json_of_what_can_not_be_read() -> None:
    code, out, _ = run("linear", "h[t] = h[t", "--json")
    data = json.loads(out)
    assert code == 2 and data["verdict"] == "unreadable" and "never closed" in data["reason"]


def answers(*lines: str, options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]]]:
    command = ["check", "linear", "--batch", "-", *options]
    result = CliRunner().invoke(main, command, input="\n".join(lines))
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_a_batch_is_answered_line_by_line() -> None:
    status, found = answers("# sums", "1 = 1", "", "h[t] = foo", " h[t] = h[t] + 1 ", "h[t] = h[t")
    assert [one["line"] for one in found] == [2, 4, 5, 6]
    assert [one["verdict"] for one in found] == ["right", "unreadable", "wrong", "unreadable"]
    assert (
        found[0]["trivial"] and found[2]["counterexample"] and found[2]["derived"]["step"] is None
    )
    assert status == 2
    assert len({tuple(one) for one in found}) == 1, "all answers have the same keys"


@pytest.mark.parametrize(
    ("lines", "options", "status"),
    [
        (("1 = 1",), (), 0),
        (("1 = 1",), ("--strict",), 1),
        (("1 = 1", "1 = 2"), (), 1),
        (("1 = 2", "1 = "), (), 2),
        (("h[t] = W_hh**1000 @ h[t]", "1 = 1"), (), 4),
        (("h[t] = W_hh**1000 @ h[t]", "1 = 2"), (), 1),
        ((), (), 0),
    ],
)
def test_the_status_of_a_batch_is_that_of_the_worst(
    lines: tuple[str, ...], options: tuple[str, ...], status: int
) -> None:
    assert answers(*lines, options=("--seconds", "2", *options))[0] == status


@pytest.mark.parametrize("seconds", ["nan", "0", "-1", "soon"])
@pytest.mark.parametrize("verb", [("check", "linear", "1 = 1"), ("grade", "a", "b")])
def test_a_time_is_a_number_above_0(verb: tuple[str, ...], seconds: str) -> None:
    result = CliRunner().invoke(main, [*verb, "--seconds", seconds])
    assert result.exit_code == 2 and "'--seconds'" in result.output


def test_answers_come_as_soon_as_they_are_found() -> None:
    command = [sys.executable, "-m", "symbptt", "check", "linear", "--batch", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        assert process.stdin is not None and process.stdout is not None
        for number, formula in enumerate(("1 = 1", "h[t] = 0"), 1):
            print(formula, file=process.stdin, flush=True)
            assert json.loads(process.stdout.readline())["line"] == number
        process.stdin.close()
        assert process.wait() == 1


def test_what_a_batch_refuses(tmp_path: Path) -> None:
    formulas = tmp_path / "formulas"
    formulas.write_bytes(b"h[t] = h[t]\n\xff\n")
    assert run("linear", "1 = 1", "--batch", str(formulas))[0] == 2
    assert run("linear")[0] == 2
    assert run("linear", "--batch", str(tmp_path / "none"))[0] == 2
    assert run("linear", "--batch", str(formulas), "-o", str(tmp_path / "out"))[0] == 2
    code, out, _ = run("linear", "--batch", str(formulas))
    assert code == 2 and [json.loads(one)["verdict"] for one in out.splitlines()] == [
        "right", "unreadable",
    ]  # fmt: skip


@pytest.mark.parametrize("asked", ["--json", "--batch"])
def test_an_error_of_the_model_is_3_and_json(asked: str, tmp_path: Path) -> None:
    bad, formulas = tmp_path / "bad.rnn", tmp_path / "formulas"
    bad.write_text("h[t] = \n", encoding="utf-8")
    formulas.write_text("1 = 1\n", encoding="utf-8")
    code, out, _ = run(
        str(bad), *(["1 = 1", asked] if asked == "--json" else [asked, str(formulas)])
    )
    assert code == 3 and json.loads(out)["verdict"] == "model"
    assert run(str(bad), "1 = 1")[0] == 3


def test_bind() -> None:
    code, out, _ = run("elman", "d(h[t], h[t-1]) = diag(cos(0*h[t])) @ W_hh", "--bind", "phi_h=sin")
    assert code == 1
    code, out, _ = run(
        "elman", "h[t] = sin(W_xh @ x[t] + W_hh @ h[t-1] + b_h)", "--bind", "phi_h=sin"
    )
    assert code == 0 and "phi_o" in out
