"""The page on formulas says what the commands say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from symbptt.cli import main
from symbptt.formula.canonical import canonical
from symbptt.formula.reading import read, readings
from symbptt.formula.verdict import check
from symbptt.language import library
from tests.pages import DOCS, blocks, console, files

PAGE = (DOCS / "formulas.md").read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)
FILES = files(BLOCKS)
CONSOLE = console(BLOCKS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


SPELLINGS = re.findall(r"^\| `([^`]* = [^`]*)` \| `([^`]*)` \| `([^`]*)` \|$", PAGE, re.MULTILINE)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("plain", "latex", "unicode"), SPELLINGS)
def test_spellings_mean_the_same(plain: str, latex: str, unicode: str) -> None:
    model = library.load("./rnn.rnn")
    meant = canonical(read(plain, model))
    assert check(model, plain).right
    for spelling in (latex, unicode):
        assert check(model, spelling).right
        ways = [canonical(way.links[0]) for way in readings(spelling, model)]
        assert meant in ways or len(ways) > 1


def test_there_are_enough() -> None:
    assert len(CONSOLE) >= 19 and len(SPELLINGS) == 5
    tens = re.findall(r"^(\d+)\. ", PAGE, re.MULTILINE)
    assert tens == [str(number) for number in range(1, 11)]


def test_the_help_of_check() -> None:
    """It leads to the page, and its own example is right."""
    words = " ".join(CliRunner().invoke(main, ["check", "--help"]).output.split())
    assert "docs/formulas.md" in words
    examples = [each for each in re.findall(r"'([^']*)'", words) if each.startswith("d(")]
    assert examples
    for formula in examples:
        assert CliRunner().invoke(main, ["check", "linear", formula]).exit_code == 0


@pytest.mark.usefixtures("folder")
def test_in_a_suite() -> None:
    assert CliRunner().invoke(main, ["generate", "./rnn.rnn", "-o", "rnn.py"]).exit_code == 0
    mended = FILES["backward.py"].replace("np.outer(da, h[t])", "np.outer(da, h[t - 1])")
    Path("mine.py").write_text(mended, encoding="utf-8")
    (code,) = (text for words, text in BLOCKS if words == ["python"])
    there: dict[str, object] = {}
    exec(compile(code, "formulas.md", "exec"), there)
    tests = [each for name, each in there.items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        assert callable(test) and test() is None
