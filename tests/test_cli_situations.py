"""What goes wrong around the command line: interruptions, pipes, disks."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.language import library


def test_an_interruption_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "names", interrupted)
    assert CliRunner().invoke(cli.main, ["list"]).exit_code == 130


def test_a_reader_that_has_seen_enough() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "symbptt", "unroll", "lstm", "-T", "1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141
