"""What the README shows is what the commands print."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sympy
from click.testing import CliRunner

from symbptt.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
WRONG = "x: (3,)\nW: (4, 3)\nh[t] = tanh(W @ x[t] + U @ h[t-1]) + x[t]\n"


def block(beginning: str) -> str:
    return next(text for _, text in BLOCKS if text.startswith(beginning))


def output(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def leaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "leaky.rnn").write_text(block("# Leaky"))
    monkeypatch.chdir(tmp_path)
    return "./leaky.rnn"


def table() -> list[tuple[str, str]]:
    """Formulas and lines of code of the side by side."""
    rows = re.findall(r"^\| \(\d+\) \| \$(.*?)\$ \| (.*) \|$", README, re.MULTILINE)
    return [(formula, code) for formula, cell in rows for code in re.findall(r"`(.*?)`", cell)]


def test_the_derivation_and_its_code(leaky: str) -> None:
    formulas = output("derive", leaky, "--to", "md").replace("&=", "=")
    lines = {line.strip() for line in output("generate", "-O0", leaky).splitlines()}
    assert len(table()) == 6
    for formula, code in table():
        assert formula in formulas
        assert code in lines


def test_the_picture(leaky: str) -> None:
    """To make it again: symbptt graph ./leaky.rnn --backward -o docs/figures/leaky.svg."""
    (path,) = re.findall(r"^!\[.*leaky.*\]\((.*)\)$", README, re.MULTILINE)
    picture = (ROOT / path).read_text(encoding="utf-8")
    assert output("graph", leaky, "--backward") == picture


def test_pictures_are_there_and_light() -> None:
    paths = [ROOT / path for path in re.findall(r"^!\[.*\]\((.*)\)$", README, re.MULTILINE)]
    assert len(paths) == 2
    assert all(path.stat().st_size < 200_000 for path in paths)


def test_the_rows_of_the_proof(leaky: str) -> None:
    proof = output("verify", leaky)
    for row in block("ok  induction").splitlines():
        assert f"\n{row} " in proof


def test_the_door_to_sympy(leaky: str, capsys: pytest.CaptureFixture[str]) -> None:
    there: dict[str, Any] = {}
    exec(block("import symbptt\nimport sympy"), there)
    for member in there["chain"]:
        assert (member - there["dh"]).applyfunc(sympy.expand).is_zero_matrix
    assert "proof by induction" in capsys.readouterr().out
    script = output("unroll", leaky, "-T", "3", "--to", "sympy")
    exec(script, {})
    assert capsys.readouterr().out.startswith("right: ")


def test_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wrong.rnn").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    assert output("show", "./wrong.rnn", status=3) == block("./wrong.rnn")


@pytest.mark.usefixtures("shortened")
def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = [shlex.split(line, comments=True) for line in block("pip install").splitlines()]
    commands = {line[1]: line[1:] for line in words if line[:1] == ["symbptt"]}
    listing = "from symbptt.cli import main; print(*main.commands)"
    verbs = subprocess.run([sys.executable, "-c", listing], capture_output=True, check=True).stdout
    assert commands.keys() == set(verbs.decode().split())
    # These take their time, have no end or need what a person wrote, and have tests of their own,
    # as `verify` has, which looks at less here.
    left_out = {"checkpoints", "demo", "grade", "proofread", "serve", "site", "study"}
    for verb in commands.keys() - left_out:
        output(*commands[verb])


def test_the_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    output("generate", "lstm", "-o", "lstm.py")
    _, *snippets = [text for language, text in BLOCKS if language == "python"]
    assert len(snippets) == 2
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), {})
    sys.modules.pop("lstm")
