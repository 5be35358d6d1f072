"""Pages of the documentation whose examples are run: their files, and what commands say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from symbptt.cli import main

DOCS = Path(__file__).resolve().parents[1] / "docs"
STATUS = {"right": 0, "wrong": 1, "": 0}

Blocks = list[tuple[list[str], str]]


def blocks(page: str) -> Blocks:
    """What stands between fences: the words behind the first one, and the text."""
    found = re.findall(r"^( *)```(\w[^\n]*)\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    return [
        (words.split(), re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
        for indent, words, text in found
    ]


def files(found: Blocks) -> dict[str, str]:
    return {words[1]: text for words, text in found if words[0] == "text"}


def console(found: Blocks) -> list[str]:
    return [text for words, text in found if words == ["console"]]


def commands(text: str) -> list[tuple[list[str], list[str], int]]:
    """Each command of a block, the lines that it prints, and its status."""
    found = []
    for part in text.split("$ symbptt ")[1:]:
        command, *lines = part.splitlines()
        said = re.fullmatch(r"\[exit status (\d+)\]", lines[-1]) if lines else None
        word = lines[0].partition(":")[0] if lines else ""
        status = int(said[1]) if said else STATUS.get(word, 0)
        found.append((shlex.split(command), lines[: -1 if said else None], status))
    return found


def run(block: str) -> None:
    """Run the commands of a block: each of its lines is printed, in their order."""
    for words, lines, status in commands(block):
        found = CliRunner().invoke(main, words)
        assert found.exit_code == status, found.output
        printed = iter(found.output.splitlines())
        for line in lines:
            assert any(line.strip() in each for each in printed), f"{line}\n{found.output}"
