"""What a person sees on a terminal, and that it is seen nowhere else."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.cli import terminal

ROOT = Path(__file__).resolve().parents[1]
ESCAPE = "\x1b"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(*words: str, width: int = 80, **environment: str) -> str:
    """What is seen of a command in a terminal of so many columns."""
    lead, follow = pty.openpty()
    fcntl.ioctl(follow, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    environment = clean | {"TERM": "xterm", "PYTHONPATH": str(ROOT)} | environment
    command = [sys.executable, "-m", "symbptt", *words]
    running = subprocess.Popen(command, stdin=follow, stdout=follow, stderr=follow, env=environment)
    os.close(follow)
    seen = b""
    try:
        while part := os.read(lead, 65536):
            seen += part
    except OSError:  # what Linux says where nobody writes any more
        pass
    os.close(lead)
    running.wait()
    return seen.decode().replace("\r\n", "\n")


def test_a_table_on_a_terminal() -> None:
    seen = on_a_terminal("list", width=50)
    plain = CliRunner().invoke(cli.main, ["list"]).stdout
    assert ESCAPE in seen
    assert ESCAPE not in plain
    assert max(map(len, click.unstyle(seen).splitlines())) <= 50 < max(map(len, plain.splitlines()))
    assert click.unstyle(seen).split() == plain.split()


def test_an_error_on_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "m.rnn"
    path.write_text("x: (3,)\nW: (4, 3)\nh[t] = tanh(W @ x[t]) + x[t]\n")
    seen = on_a_terminal("show", str(path))
    place, *_ = seen.splitlines()
    assert place.startswith(click.style(f"{path}:3:", bold=True))
    assert click.style("^^^^", fg="red", bold=True) in seen
    assert click.style("Error:", fg="red", bold=True) in on_a_terminal("show")


def test_a_terminal_without_colours() -> None:
    dumb = on_a_terminal("list", TERM="dumb")
    assert ESCAPE not in dumb
    assert max(map(len, dumb.splitlines())) <= 80


@pytest.mark.parametrize(
    ("environment", "on_terminal", "elsewhere"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_where_colours_are(
    environment: dict[str, str],
    on_terminal: bool,
    elsewhere: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal.has_colours(Terminal()) == on_terminal
    assert terminal.has_colours(io.StringIO()) == elsewhere
    assert terminal.has_colours(None) == elsewhere


def test_no_file_and_no_data_is_coloured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    def said(*words: str) -> str:
        return CliRunner().invoke(cli.main, list(words), color=True).stdout

    assert ESCAPE in said("show", "linear")
    assert ESCAPE in said("show", "--help")
    assert json.loads(said("show", "linear", "--json"))["made_by"] == "symbptt show"
    for words in (["derive", "linear", "--to", "md"], ["unroll", "linear", "--to", "tex"]):
        assert ESCAPE not in said(*words)
    assert ESCAPE not in said("show", "linear", "-o", "-")
    said("show", "linear", "-o", str(tmp_path / "shown.txt"))
    assert ESCAPE not in (tmp_path / "shown.txt").read_text()


RESULTS = {
    "m: 2 checks, 1 failed\nok  exact  dL/dW\nFAILED  chain  dL/dh": ["1 failed", "ok", "FAILED"],
    "m: 2 checks, all right\n-   induction  joined": ["all right", "-"],
    "right: h[t] = h[t]": ["right"],
    "wrong: h[t] = h\n  one edit mends it: a step": ["wrong", "one edit mends it"],
    "notes.md:3: not read: a table\nnotes.md:9: right (2)": ["not read", "right"],
    "gap 1  right     h[t]\ngap 2  wrong  h": ["right", "wrong"],
    "# made by symbptt\ninputs\n  x[t]  (d,)\n\ninitial values\n  h[0]": [
        "# made by symbptt", "inputs", "initial values",
    ],
    "# made by symbptt\nh[t] = x[t]  # a sum": ["# made by symbptt", "  # a sum"],
}  # fmt: skip


@pytest.mark.parametrize("text", RESULTS)
def test_what_is_coloured(text: str) -> None:
    seen = terminal.result(text, Terminal())
    assert click.unstyle(seen) == text
    painted = re.findall(r"(?:\x1b\[\d+m)+(.*?)\x1b\[0m", seen)
    assert painted == RESULTS[text]


FITTED = {
    "one two three": "one two\n  three",
    "# made by symbptt: show m": "# made by\n#   symbptt:\n#   show m",
    "- a: it is so and": "- a: it is\n  so and",
    "unbreakable_name and": "unbreakable_name\n  and",
    "unbreakable_name": "unbreakable_name",
    "    x[t] + h[t-1]\n           ^^^^^^": "    x[t] + h[t-1]\n           ^^^^^^",
    "日本語 日本語": "日本語\n  日本語",
    "fits here": "fits here",
    "": "",
}


@pytest.mark.parametrize("text", FITTED)
def test_lines_that_fit(text: str) -> None:
    assert terminal.fitted(text, 10) == FITTED[text]


def test_a_cell_goes_on_below_itself() -> None:
    row = "ok  exact  " + "many words " * 8
    first, second, *_ = terminal.fitted(row, 60).splitlines()
    assert first.index("many") == 11
    assert second.startswith(f"{' ' * 11}words ")
