"""What the command line says of itself: sentences, examples that run, what a shell completes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from symbptt import cli
from symbptt.language import library
from tests.modules import EXHAUSTIVE

ROOT = Path(__file__).resolve().parents[1]
VERBS = cli.main.commands
LONG = {"demo", "site", "study", "verify"}
"""Verbs whose examples take seconds; they have tests of their own."""
CELL = """phi: function
x: (d,)
h[t] = phi(W @ x[t] + U @ h[t-1])
loss[t] = squared_error(h[t], y[t])
"""


# --- sentences -------------------------------------------------------------------------


def is_sentence(words: str) -> bool:
    return bool(re.fullmatch(r"[A-Z][a-z]*,? .*[.?]", words, re.DOTALL)) and " " in words


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_says_in_a_sentence_what_it_does(verb: str) -> None:
    options = [each for each in VERBS[verb].params if isinstance(each, click.Option)]
    assert [option.opts[-1] for option in options if not is_sentence(option.help or "")] == []


@pytest.mark.parametrize("verb", VERBS)
def test_the_list_of_verbs_has_whole_sentences(verb: str) -> None:
    said = VERBS[verb].get_short_help_str()
    assert is_sentence(said)
    listed = CliRunner().invoke(cli.main, ["--help"]).output
    assert said in re.sub(r"\s+", " ", listed)


@pytest.mark.parametrize("words", ["The format", "for a program to read.", "Format.", ""])
def test_what_is_no_sentence_is_noticed(words: str) -> None:
    assert not is_sentence(words)


# --- examples --------------------------------------------------------------------------


def examples(verb: str) -> list[str]:
    """The commands that its help shows, a line each."""
    shown = CliRunner().invoke(cli.main, [verb, "--help"] if verb else ["--help"]).output
    return re.findall(r"^    ((?:symbptt|echo) .*)$", shown, re.MULTILINE)


def ended(line: str) -> int:
    """The status of a line as a shell reads it: perhaps an echo goes into the command."""
    said, _, command = line.rpartition(" | ")
    words = shlex.split(command)
    stdin = f"{shlex.split(said)[1]}\n" if said else None
    result = CliRunner().invoke(cli.main, words[1:], input=stdin)
    assert not result.stderr, result.stderr
    return result.exit_code


@pytest.mark.usefixtures("shortened")
@pytest.mark.parametrize("verb", ["", *VERBS])
def test_the_example_of_a_verb_runs(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = examples(verb)
    assert lines
    assert any(f"symbptt {verb}" in line for line in lines)
    assert all(len(line) <= 76 for line in lines)
    if verb == "serve":
        monkeypatch.setattr("symbptt.gallery.serving.serve", lambda *_: None)
    if verb not in LONG or EXHAUSTIVE:
        assert [line for line in lines if ended(line)] == []


def test_a_port_that_is_taken() -> None:
    """No address is printed that nobody answers at."""
    pytest.importorskip("uvicorn", reason="the extra web is not installed")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(cli.main, ["serve", "linear", "--port", port])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"can't answer at port {port}" in result.stderr


def test_a_served_playground_ends(tmp_path: Path) -> None:
    """The example itself, in a process of its own, until Ctrl-C: one word, no more."""
    pytest.importorskip("uvicorn", reason="the extra web is not installed")
    (line,) = examples("serve")
    with subprocess.Popen(
        [sys.executable, "-m", *shlex.split(line), "--port", "8753"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"http://127.0.0.1:8753/\n"
        os.killpg(running.pid, signal.SIGINT)
        _, error = running.communicate(timeout=60)
    assert (running.returncode, error) == (130, b"\ninterrupted\n")


# --- completion ------------------------------------------------------------------------


def completed(*words: str) -> list[str]:
    """What the shell offers for the last word."""
    *before, begun = words
    shell = ShellComplete(cli.main, {}, "symbptt", "_SYMBPTT_COMPLETE")
    return [item.value for item in shell.get_completions(before, begun)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cell.rnn").write_text(CELL)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "deep.rnn").write_text(CELL)
    (tmp_path / "notes.md").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMPLETED: dict[tuple[str, ...], list[str]] = {
    ("ver",): ["verify"],
    ("show", "line"): ["linear", "linear_bias"],
    ("show", "cel"): ["cell.rnn"],
    ("show", "./c"): ["./cell.rnn"],
    ("show", "mine"): ["mine/deep.rnn"],
    ("show", "mine/d"): ["mine/deep.rnn"],
    ("show", "note"): ["notes_elman"],
    ("serve", "linear", "lst"): ["lstm"],
    ("site", "out", "cel"): ["cell.rnn"],
    ("derive", "cell.rnn", "--layout", ""): ["column", "row"],
    ("derive", "cell.rnn", "--parts", "m"): ["model"],
    ("derive", "cell.rnn", "--parts", "model,summary,"): [
        "model,summary,backward", "model,summary,gradients",
    ],
    ("derive", "cell.rnn", "--of", ""): ["L", "loss[t]"],
    ("derive", "cell.rnn", "--only", ""): ["W", "U", "h[0]"],
    ("derive", "cell.rnn", "--only", "W,"): ["W,U", "W,h[0]"],
    ("derive", "nobody", "--only", ""): [],
    ("derive", "missing.rnn", "--only", ""): [],
    ("derive", "--only", ""): [],
    ("derive", "cell.rnn", "--estimator", "w"): ["window:"],
    ("derive", "cell.rnn", "--estimator", "f"): ["full"],
    ("derive", "cell.rnn", "--label"): ["--label-prefix"],
    ("generate", "cell.rnn", "--wrt", ""): ["inputs"],
    ("generate", "cell.rnn", "--bind", "p"): ["phi="],
    ("analyze", "cell.rnn", "--dim", "d"): ["d="],
    ("unroll", "cell.rnn", ""): ["h", "loss"],
    ("check", "linear", "--total", "m"): ["mean"],
}  # fmt: skip


@pytest.mark.parametrize("words", COMPLETED, ids=" ".join)
@pytest.mark.usefixtures("folder")
def test_what_is_completed(words: tuple[str, ...]) -> None:
    assert completed(*words) == COMPLETED[words]


def test_all_models_are_offered() -> None:
    assert set(library.names()) <= set(completed("derive", ""))


@pytest.mark.parametrize("verb", VERBS)
def test_every_argument_that_is_a_model_is_completed(verb: str) -> None:
    for argument in VERBS[verb].params:
        if argument.name in ("model_name", "model_names"):
            context = click.Context(VERBS[verb])
            assert [item.value for item in argument.shell_complete(context, "gru_")] == ["gru_v1"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes(folder: Path) -> None:
    """With the line that the help shows, as a person presses the key."""
    (folder / "symbptt").write_text(f'#!/bin/sh\nexec {sys.executable} -m symbptt "$@"\n')
    (folder / "symbptt").chmod(0o755)
    (line,) = re.findall(r"eval .*", CliRunner().invoke(cli.main, ["--help"]).output)
    script = (
        f"{line}\nCOMP_WORDS=(symbptt derive cel)\nCOMP_CWORD=2\n"
        '_symbptt_completion symbptt cel derive\necho "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )
    assert (done.stdout, done.stderr) == ("cell.rnn\n", "")
