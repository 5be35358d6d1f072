"""What people expect of a project: metadata, licence, typing, everything in the wheel."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

import symbptt
from symbptt.cli import main
from symbptt.language import library
from symbptt.templating import template_folder

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_core_dependencies() -> None:
    names = {line.partition(">")[0] for line in PROJECT["project"]["dependencies"]}
    assert names == {"sympy", "numpy", "jinja2", "click"}


def test_templates_go_into_the_wheel_and_are_found_in_a_checkout() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"templates": "symbptt/_templates"}
    assert "dev-mode-exact" not in PROJECT["tool"]["hatch"]["build"]
    for kind in ("numpy", "latex", "html"):
        assert template_folder(kind) == ROOT / "templates" / kind


def test_what_comes_with_the_package() -> None:
    package = resources.files(symbptt)
    assert package.joinpath("py.typed").is_file()
    for name in library.names():
        assert package.joinpath("models", f"{name}.rnn").is_file()


@pytest.mark.parametrize("verb", sorted(main.commands))
def test_a_verb_of_the_command_line_is_a_word_in_python(verb: str) -> None:
    assert verb in symbptt.__all__
    assert callable(getattr(symbptt, verb))


def test_the_changelog_knows_this_version() -> None:
    assert f"## {symbptt.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_readme_names_its_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"make {command}" in readme
        assert f"\n{command}:" in makefile
