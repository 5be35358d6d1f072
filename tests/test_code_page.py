"""The page on code is found."""

from __future__ import annotations

from click.testing import CliRunner

from symbptt.cli import main
from tests.pages import DOCS


def test_the_help_and_the_readme_lead_there() -> None:
    assert "docs/code.md" in CliRunner().invoke(main, ["check", "--help"]).output
    assert "docs/code.md" in (DOCS.parent / "README.md").read_text(encoding="utf-8")
