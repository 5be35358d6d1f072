"""A result is written whole, and never over what a person wrote or changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.output import is_as_made, signed, unsigned

WRITTEN = [
    ("list",),
    ("show", "elman"),
    *(("unroll", "elman", "-T", "2", "--to", to) for to in ("text", "tex", "md", "sympy")),
    *(("derive", "elman", "--to", to) for to in ("tex", "md", "text", "ipynb", "json")),
    ("derive", "elman", "--to", "tex", "--fragment"),
    ("generate", "elman", "--no-try"),
    ("generate", "elman", "-O0", "--no-try"),
    ("generate", "elman", "--mode", "forward", "--no-try"),
    ("generate", "elman", "--explain"),
    ("check", "linear", "d(L, h[T]) = W_qh.T @ d(L, o[T])"),
    ("verify", "linear_bias"),
    *(("graph", "elman", "-T", "1", "--to", to) for to in ("svg", "tikz", "dot")),
    ("strategies",),
]
"""A command for every way of writing a text that a person may change."""

NAMES = [" ".join(words) for words in WRITTEN]


def run(*words: str) -> str:
    """What a command says of an error; nothing if there is none."""
    result = CliRunner().invoke(cli.main, list(words))
    assert result.exit_code in (0, 2), result.output
    return result.stderr


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command writes, made once."""
    path, found = tmp_path_factory.mktemp("texts") / "it", {}
    for name, words in zip(NAMES, WRITTEN, strict=True):
        assert run(*words, "-o", str(path), "--force") == ""
        found[name] = path.read_text(encoding="utf-8")
    return found


def edits(text: str) -> dict[str, str]:
    """Small changes of a text, each one a person may make."""
    lines = text.splitlines(keepends=True)
    middle = len(lines) // 2
    return {
        "a line more": "".join([*lines[:middle], "mine\n", *lines[middle:]]),
        "a line less": "".join([*lines[:middle], *lines[middle + 1 :]]),
        "at the end": text + "\n",
        "a letter of the last line": text.rstrip("\n")[:-1] + "?\n",
        "its head": text.replace("symbptt ", "symbptt  ", 2),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_text_bears_its_digest(name: str, texts: dict[str, str]) -> None:
    text = texts[name]
    assert re.search(r"\(digest [0-9a-f]{16}\)", text[:400])
    assert is_as_made(text)
    assert is_as_made(text.replace("\n", "\r\n"))
    assert signed(unsigned(text)) == text == signed(text)
    for words, edited in edits(text).items():
        assert not is_as_made(edited), words


@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_is_what_is_written(name: str, texts: dict[str, str]) -> None:
    if name not in ("list", NAMES[-1], "verify linear_bias") and not name.startswith("check"):
        printed = CliRunner().invoke(cli.main, list(WRITTEN[NAMES.index(name)])).stdout
        assert printed == texts[name]


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith(("verify", "strategies"))])
def test_a_change_is_not_lost(name: str, texts: dict[str, str], tmp_path: Path) -> None:
    path, words = tmp_path / "it", WRITTEN[NAMES.index(name)]
    path.write_text(texts[name], encoding="utf-8")
    assert run(*words, "-o", str(path)) == ""
    edited = edits(texts[name])["a line more"]
    path.write_text(edited, encoding="utf-8")
    said = run(*words, "-o", str(path))
    number = edited.splitlines().index("mine") + 1
    assert "changed after symbptt wrote it; --force replaces it" in said
    assert f"line {number} there: mine\n" in said
    assert f"line {number} new:   {texts[name].splitlines()[number - 1][:60]}".rstrip() in said
    assert path.read_text(encoding="utf-8") == edited
    assert run(*words, "-o", str(path), "--force") == ""
    assert path.read_text(encoding="utf-8") == texts[name]


def test_another_result_takes_the_place_of_one_that_was_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "it"
    for words in (("show", "gru"), ("derive", "elman"), ("generate", "linear", "--no-try")):
        assert run(*words, "-o", str(path)) == ""


@pytest.mark.parametrize(
    "there",
    (b"mine", b"\xff\xfe\x00", b"x = 1  # not made by anybody\n", b"# made by symbptt: symbptt\n"),
)
def test_what_symbptt_did_not_write_stays(there: bytes, tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(there)
    assert "--force replaces it" in run("show", "gru", "-o", str(path))
    assert path.read_bytes() == there
    assert run("show", "gru", "-o", str(path), "--force") == ""


def test_lines_that_differ_are_shown_on_a_terminal_without_harm(tmp_path: Path) -> None:
    path = tmp_path / "it"
    assert run("show", "gru", "-o", str(path)) == ""
    path.write_text(path.read_text() + "\x1b[31m" + "x" * 500 + "\n")
    said = run("show", "gru", "-o", str(path))
    assert "\x1b" not in said
    assert max(map(len, said.splitlines()[1:])) < 140


def test_data_replaces_data(tmp_path: Path) -> None:
    path = tmp_path / "it"
    for _ in range(2):
        assert run("show", "gru", "--json", "-o", str(path)) == ""


@pytest.mark.parametrize(
    ("words", "name", "to"),
    [
        (("derive", "recurrence"), "it.md", "md"),
        (("derive", "recurrence"), "it.JSON", "json"),
        (("derive", "recurrence", "--to", "text"), "it.md", "text"),
        (("derive", "recurrence"), "it.anything", "tex"),
        (("unroll", "recurrence", "-T", "1"), "it.py", "sympy"),
        (("graph", "recurrence", "-T", "1"), "it.tex", "tikz"),
        (("exercise", "recurrence"), "it.md", "markdown"),
    ],
)
def test_the_ending_of_a_file_says_its_format(
    words: tuple[str, ...], name: str, to: str, tmp_path: Path
) -> None:
    asked, inferred = tmp_path / "asked", tmp_path / name
    assert not run(*words[:2], *words[2:4] * (words[2:3] == ("-T",)), "--to", to, "-o", str(asked))
    assert not run(*words, "-o", str(inferred))
    assert inferred.read_text(encoding="utf-8") == asked.read_text(encoding="utf-8")
