"""A header names the command that makes the file again, typed where it was made."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.language import library

ELMAN = library.load("elman").text


@pytest.mark.parametrize(
    "place", ["./mine.rnn", "gru.rnn", "some folder/it's mine.rnn", "elman", "-"]
)
@pytest.mark.parametrize(
    "words",
    [
        ("derive", "--to", "tex"), ("derive", "--to", "md"), ("derive", "--to", "text"),
        ("generate", "-O0", "--no-try"), ("generate", "--no-try"), ("show",), ("unroll",),
        ("unroll", "--to", "md"), ("unroll", "--to", "tex"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_header_names_the_command_that_makes_it_again(
    words: tuple[str, ...], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if place not in ("elman", "-"):
        Path(place).parent.mkdir(exist_ok=True)
        Path(place).write_text(ELMAN, encoding="utf-8")
    given = ELMAN if place == "-" else None
    verb, *options = words
    made = CliRunner().invoke(cli.main, [verb, place, *options], input=given)
    assert made.exit_code == 0, made.output
    head = made.stdout if verb != "generate" else ast.get_docstring(ast.parse(made.stdout)) or ""
    text = re.sub(r" \\\n\s*", " ", head)
    command = re.search(rf"symbptt ({verb} .*?)(?: -->)?$", text, re.MULTILINE)
    assert command is not None
    again = CliRunner().invoke(cli.main, shlex.split(command[1]), input=given)
    assert again.stdout == made.stdout
