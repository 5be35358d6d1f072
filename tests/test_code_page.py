"""The page on code says what the command says."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from symbptt.cli import main
from tests.pages import DOCS, blocks, console, files, run

BLOCKS = blocks((DOCS / "code.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("block", console(BLOCKS), ids=lambda block: block.partition("\n")[0][2:60])
def test_an_example(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in files(BLOCKS).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run(block)


def test_the_help_and_the_readme_lead_there() -> None:
    assert "docs/code.md" in CliRunner().invoke(main, ["check", "--help"]).output
    assert "docs/code.md" in (DOCS.parent / "README.md").read_text(encoding="utf-8")
