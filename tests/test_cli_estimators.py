"""``--estimator`` on the command line: derive, generate and verify."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from symbptt.calculus.estimators import ESTIMATORS
from symbptt.cli import main
from symbptt.output import unsigned


def output(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_estimator_is_derived_and_generated(kind: str) -> None:
    example = ESTIMATORS[kind].example
    article = output("derive", "linear", "--estimator", example)
    module = output("generate", "linear", "--estimator", example)
    named = kind != "full"
    assert ("symbptt derive linear --estimator" in article) is named
    assert ("symbptt generate linear --estimator" in module) is named


def test_the_header_makes_the_same_file_again() -> None:
    module = output("generate", "elman", "--estimator", "random:0.80", "--wrt", "inputs")
    line = next(line for line in module.splitlines() if "To make it again" in line)
    words = line.partition("again: symbptt ")[2].split()
    assert words[-2:] == ["--estimator", "random:4/5"]
    assert output(*words) == module


def test_a_verification_names_its_estimator() -> None:
    report = unsigned(output("verify", "linear", "--estimator", "chunk:2"))
    assert report.startswith("# made by symbptt: symbptt verify linear --estimator chunk:2\n")
    rows = json.loads(output("verify", "linear", "--estimator", "random:0.5", "--json"))["rows"]
    assert {"moments", "expectation"} <= {row["check"] for row in rows}


@pytest.mark.parametrize("verb", ["derive", "generate", "verify"])
@pytest.mark.parametrize("text", ["random:0", "window:0", "chunk", "some:3"])
def test_what_is_no_estimator_is_refused(verb: str, text: str) -> None:
    assert "symbptt: " in output(verb, "linear", "--estimator", text, status=2)
