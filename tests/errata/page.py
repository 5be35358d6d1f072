"""Writes docs/errata.md: formulas as their sources print them, and what the examiner says.

python -m tests.errata.page --update    write the page
python -m tests.errata.page             say what would change
"""

from __future__ import annotations

import argparse
import difflib
import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from symbptt.algebra import Model
from symbptt.formula.answer import Verdict
from symbptt.formula.verdict import Options, check
from symbptt.language import library
from symbptt.language.parser import parse
from tests.catalogue.table import math
from tests.formula.documents import TEXTS

HERE = Path(__file__).parent
PUBLIC = HERE.parent / "formula" / "public"
PAGE = HERE.parents[1] / "docs" / "errata.md"
SECONDS = 40
"""What a formula may take: so long that the mend found does not depend on the machine."""

HEAD = """\
<!-- Made by: python -m tests.errata.page --update (make docs). Do not edit. -->

# Errata: formulas as their sources print them

Formulas for gradients through time, typed from books, papers, courses and packages. Each was given
to `symbptt check` in the terms of a model that says what its source computes (the models stand at
the end), and the examiner's answer is what stands here: where the printed formula is wrong, the
smallest case in which it fails, and the formula mended by one edit (`--seconds 40`), or as the
derivation has it.
What is quoted is the formula alone; below it are the model, and the line that the examiner was
given where the source has signs of its own.

Nothing here is typed but the formulas: a test compares this page with what the examiner says today.
How to read the lines: [formulas.md](formulas.md).
"""


@dataclass(frozen=True)
class SourceEquation:
    """An equation of a source; attributes as in sources.toml."""

    work: str
    place: str
    model: str
    printed: str = ""
    code: str = ""
    formula: str = ""
    options: Options = field(default_factory=lambda: Options())

    @property
    def text(self) -> str:
        """What the examiner is given."""
        return self.formula or self.printed

    @cached_property
    def verdict(self) -> Verdict:
        return check(model(self.model), self.text, seconds=SECONDS, **self.options)

    @property
    def quoted(self) -> str:
        """The formula as it is printed, and the line that was typed for it."""
        shown = f"`{self.code}`" if self.code else math(self.printed or self.verdict.latex)
        told = "".join(
            f" --{name} {shlex.quote(f'{one}')}"
            for name, value in self.options.items()
            for one in (value if isinstance(value, tuple) else (value,))
        )
        given = f"`{self.model}`{told and f' `{told[1:]}`'}"
        return f"{shown} <br> {given}: {f'`{self.formula}`' if self.formula else 'as it stands'}"

    @property
    def row(self) -> str:
        """Wrong: where it fails, and the formula mended. Right: for what."""
        verdict = self.verdict
        assert verdict.verdict != "undecided", str(verdict)
        if verdict.right:
            return f"| {self.place} | {self.quoted} | {verdict.range} |"
        found = verdict.counterexample
        cells = [self.place, self.quoted, str(found or verdict.reason), self.mended]
        return f"| {' | '.join(cells)} |"

    @property
    def mended(self) -> str:
        """The likeliest mend, or what the derivation says of the left side; both are right."""
        mends, derived = self.verdict.mends, self.verdict.derived
        if not mends and not derived:
            return "no single edit mends it"
        text = mends[0].text if mends else derived.text if derived else ""
        words = mends[0].words if mends else derived.words if derived else ""
        again = check(model(self.model), text, **self.options)
        assert again.right, str(again)
        return f"{math(again.latex)} <br> {words}"


@cache
def model(name: str) -> Model:
    """A built-in model, or one of the texts that the page has at its end."""
    return library.load(name) if name in library.names() else parse(text_of(name), name)


def text_of(name: str) -> str:
    path = PUBLIC / f"{name}.rnn"
    return path.read_text(encoding="utf-8") if path.exists() else TEXTS[name]


@cache
def equations() -> tuple[SourceEquation, ...]:
    """All that sources.toml holds, in its order."""
    data = tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))
    return tuple(
        SourceEquation(work["title"], options=_options(each), **each)
        for work in data["work"]
        for each in work["equation"]
    )


def _options(equation: dict[str, Any]) -> Options:
    """The examiner's options, taken out of what an equation says."""
    found = Options()
    if "layout" in equation:
        assert equation["layout"] == "row"
        del equation["layout"]
        found["layout"] = "row"
    total = equation.pop("total", "")
    if total == "sum":
        found["total"] = "sum"
    elif total == "last":
        found["total"] = "last"
    if "names" in equation:
        found["names"] = equation.pop("names")
    if "where" in equation:
        found["where"] = tuple(equation.pop("where"))
    return found


def section(work: str, right: bool) -> str:
    """The equations of a work that are right, or wrong; "" where there are none."""
    rows = [each.row for each in equations() if each.work == work and each.verdict.right == right]
    if not rows:
        return ""
    head = ("right for",) if right else ("where it fails", "mended")
    cells = ("place", "as printed, and as given to the examiner", *head)
    rule = f"|{' --- |' * len(cells)}"
    return "\n".join([f"### {work}", "", f"| {' | '.join(cells)} |", rule, *rows, ""])


def works() -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.work for each in equations()))


def page() -> str:
    wrong, right = (
        [text for work in works() if (text := section(work, verdict))] for verdict in (False, True)
    )
    counts = [sum(each.verdict.right == verdict for each in equations()) for verdict in (0, 1)]
    return "\n".join(
        [
            HEAD,
            f"## Wrong as printed: {counts[0]}\n",
            *wrong,
            f"## Right as printed: {counts[1]}\n",
            *right,
            "## The models that are not built in\n",
            *models(),
        ]
    )


def models() -> Iterator[str]:
    for name in sorted({each.model for each in equations()} - set(library.names())):
        yield f"`{name}`\n\n```\n{text_of(name).strip()}\n```\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="write the page")
    made = page()
    if parser.parse_args().update:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    there = PAGE.read_text(encoding="utf-8")
    lines = difflib.unified_diff(there.splitlines(), made.splitlines(), "there", "made", n=0)
    print("\n".join(lines))
    return int(there != made)


if __name__ == "__main__":
    sys.exit(main())
