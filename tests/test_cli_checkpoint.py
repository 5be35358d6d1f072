"""``--checkpoint`` on the command line: what it makes, and what it does not go together with."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from symbptt.cli import main


def output(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.parametrize("options", [("auto",), ("12",), ("12", "-O1", "--wrt", "inputs")])
def test_the_header_makes_the_same_file_again(options: tuple[str, ...]) -> None:
    module = output("generate", "elman", "--checkpoint", *options)
    line = next(line for line in module.splitlines() if "To make it again" in line)
    words = line.partition("again: symbptt ")[2].split()
    assert words[-2:] == ["--checkpoint", options[0]]
    assert output(*words) == module != output("generate", "elman")


@pytest.mark.parametrize("length", ["0", "-3", "2.5", "some", "²", ""])
def test_what_is_no_length_is_refused(length: str) -> None:
    found = output("generate", "elman", "--checkpoint", length, status=2)
    assert "--checkpoint" in found and "nor auto" in found


@pytest.mark.parametrize(
    "others", [("-O0",), ("--estimator", "chunk:2"), ("--mode", "forward")], ids=" ".join
)
def test_what_it_does_not_go_together_with_is_refused_by_name(others: tuple[str, ...]) -> None:
    found = output("generate", "elman", "--checkpoint", "auto", *others, status=2)
    named = "--mode forward" if others[0] == "--mode" else others[0]
    assert f"--checkpoint and {named} can't be combined" in found
