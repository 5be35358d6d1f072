"""Equations taken out of what ``symbptt derive`` prints."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from click.testing import CliRunner

from symbptt.cli import main
from tests.formula.catalogue import TEXTS

_DISPLAY = re.compile(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", re.DOTALL)
_BEHIND = re.compile(r"\s*(\\\\\*?|\\tag\{.*\}|&& .*|\\quad \\in .*|\\quad \\quad \(.*\))\s*$")
_BROKEN = r"&\qquad {} "


@dataclass(frozen=True)
class Equation:
    """``left = first = second …``"""

    left: str
    members: tuple[str, ...]

    @property
    def text(self) -> str:
        return " = ".join([self.left, *self.members])


@cache
def derived(name: str, options: tuple[str, ...]) -> tuple[Equation, ...] | None:
    """The equations of a derivation; None where the command has no such option."""
    with tempfile.TemporaryDirectory() as folder:
        model = name
        if name in TEXTS:
            model = str(Path(folder) / f"{name}.rnn")
            Path(model).write_text(TEXTS[name], encoding="utf-8")
        result = CliRunner().invoke(main, ["derive", model, *options], catch_exceptions=False)
    if result.exit_code == 2 and "No such option" in result.output:
        return None
    assert result.exit_code == 0, result.output
    return tuple(equations(result.output))


def equations(document: str) -> Iterator[Equation]:
    """All chains of equals in the displays of an article."""
    for display in _DISPLAY.findall(document):
        left = ""
        members: list[str] = []
        for line in display.splitlines():
            head, sign, right = line.partition("&= ")
            if sign and head.strip():
                if left:
                    yield Equation(left, tuple(members))
                left, members = head.rpartition("& ")[2].strip(), []
            if sign:
                members.append(_stripped(right))
            elif line.startswith(_BROKEN) and members:
                members[-1] += f" {_stripped(line.removeprefix(_BROKEN))}"
        if left:
            yield Equation(left, tuple(members))


def _stripped(text: str) -> str:
    """The member without its number, its space, its range and the end of the line."""
    while (shorter := _BEHIND.sub("", text)) != text:
        text = shorter
    return text.rstrip()


def with_left(found: tuple[Equation, ...], left: str) -> tuple[Equation, ...]:
    """The equations for a left side; what repeats the end of another is left out."""
    some = [equation for equation in dict.fromkeys(found) if equation.left == left]
    assert some, f"no equation for {left}"
    return tuple(one for one in some if not any(_ends(one, two) for two in some if two != one))


def _ends(short: Equation, long: Equation) -> bool:
    return long.members[-len(short.members) :] == short.members
