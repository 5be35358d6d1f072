"""What the page on trust is made of: a part for each way in which symbptt is examined.

A part is a command that leaves ``docs/trust/NAME.json``, the figures of its last run; whoever
reads the page can type the command. Nothing in it depends on the time of day.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "trust"


@dataclass(frozen=True)
class Part:
    """A way of examining.

    Attributes
    ----------
    name : str
        Of the file with its figures.
    command : tuple of str
        What makes the file, behind ``python``.
    shows : str
        In one line, for the page on which it has not run yet.
    """

    name: str
    command: tuple[str, ...]
    shows: str


PARTS: tuple[Part, ...] = (
    Part("proofs", ("-m", "tests.trust.proofs"), "what `verify` says of every built-in model"),
    Part(
        "induction",
        ("-m", "tests.trust.induction", "--every", "9"),
        "what is proved for all T and all sizes",
    ),
    Part(
        "rounding",
        ("-m", "tests.trust.rounding"),
        "what floats lose, in units in the last place beside 50 digits",
    ),
    Part("mutants", ("-m", "tests.mutants"), "errors planted everywhere, and what finds them"),
    Part(
        "fuzzing",
        ("-m", "tests.fuzz", "--seconds", "1200"),
        "what bad input ends in",
    ),
)


@dataclass(frozen=True)
class Figures:
    """What a part found.

    Attributes
    ----------
    title, command, about : str
        ``about`` is Markdown: what is proved or tested, and for what range.
    totals : mapping of str to int or str
        The figures that sum it up, in the order in which they are read.
    head : sequence of str
    rows : sequence of sequences of str
    remarks : sequence of str
        What a reader of the table must know: every survivor with its argument, say.
    """

    title: str
    command: str
    about: str
    totals: Mapping[str, int | float | str] = field(default_factory=dict)
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    remarks: Sequence[str] = ()

    def write(self, name: str, folder: Path = FOLDER) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, name: str, folder: Path = FOLDER) -> Figures | None:
        """The figures of the last run, if there was one."""
        path = folder / f"{name}.json"
        if not path.exists():
            return None
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        unknown = data.keys() - cls.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"{path}: nothing is made of {', '.join(sorted(unknown))}")
        for row in data.get("rows", ()):
            if len(row) != len(data["head"]):
                raise ValueError(f"{path}: {row} has not the cells of {data['head']}")
        return cls(**data)


def run(part: Part) -> None:
    """Make the figures of a part again.

    Raises
    ------
    subprocess.CalledProcessError
        If the part fails, or finds what must not be.
    """
    subprocess.run([sys.executable, *part.command], cwd=ROOT, check=True)
