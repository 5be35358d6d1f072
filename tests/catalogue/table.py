"""docs/catalogue.md and its figures, made from the rows of the catalogue.

python -m tests.catalogue.table             compare, print the differences, exit 1 if any
python -m tests.catalogue.table --update    write them
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

from symbptt.errors import FormulaError
from symbptt.figures.figure import graph
from symbptt.figures.truncation import truncation_figure
from symbptt.formula.answer import Verdict
from symbptt.formula.canonical import canonical
from symbptt.formula.reading import read
from symbptt.formula.verdict import check
from symbptt.typeset.format import Markdown
from tests.catalogue.entries import Document, Entry
from tests.catalogue.printing import ROWS, Shown, argument, formula
from tests.catalogue.rows import DOCUMENTS
from tests.formula.catalogue import TEXTS, Row, decided, model

DOCS = Path(__file__).resolve().parents[2] / "docs"
TABLE = "catalogue.md"
OPENING = "The Time Traveller (for so it will be convenient to speak of him)"
BREAK = " <br> "

INTRODUCTION = """\
<!-- Made by: python -m tests.catalogue.table --update (make docs). Do not edit. -->

# The catalogue: every equation of the seed documents

One row an equation. The second column is what symbptt prints, with the command that prints it;
the third says how it was proved; the last has the equation as its document prints it, typed from
there as a formula, and what `symbptt check` says of it. A false formula passes `check` with a
probability below 2^-100 where it says “exact”. Where a command is followed by “as `check` prints
it”, the equation is that of the last column, typed, and the command is the one that derives it.
"""


def document() -> str:
    """The whole text."""
    parts = [INTRODUCTION]
    parts += ["\n".join(section(chosen)) for chosen in DOCUMENTS]
    parts.append("\n".join(_models()))
    return "\n".join(parts) + "\n"


def figures() -> dict[str, str]:
    """The figures by their files' names."""
    return {
        "truncation.svg": truncation_figure(OPENING, characters=32, tau=8, pi=0.8),
        "graph.svg": graph(model("linear"), 3, detail="operations"),
    }


def files() -> dict[str, str]:
    """Everything that is made, by path within docs/."""
    return {TABLE: document(), **{f"figures/{k}": text for k, text in figures().items()}}


def section(chosen: Document) -> Iterator[str]:
    yield f"## {chosen.title}"
    yield ""
    yield "| equation | as symbptt prints it | how it is proved | as its document prints it |"
    yield "| --- | --- | --- | --- |"
    for entry in chosen.entries:
        yield f"| {' | '.join(map(_cell, columns(entry)))} |"
    yield ""


def _cell(parts: list[str]) -> str:
    """The parts below each other; a bar within words would end the cell."""
    return BREAK.join(part.replace("|", r"\|") for part in parts) or " "


def columns(entry: Entry) -> tuple[list[str], ...]:
    shown = [part for printer in entry.shown for part in _shown(printer())]
    if entry.figure:
        shown.append(f"![{entry.id}](figures/{entry.figure}.svg)")
    proved = [proof() for proof in entry.proved]
    if entry.right or entry.wrong:
        proved.append("`check`, right column")
    if entry.figure:
        proved.append("drawn by symbptt from the model or the text")
    printed = [_right(ROWS[one]) for one in entry.right]
    printed += [_wrong(ROWS[one]) for one in entry.wrong]
    printed += [_unreadable(ROWS[one]) for one in entry.unreadable]
    return [entry.id], shown, proved, [*printed, *filter(None, [entry.words])]


def _shown(found: Shown) -> Iterator[str]:
    if not found.lines:
        return
    yield from map(math, found.lines) if found.math else found.lines
    yield f"`symbptt {found.command}`" + (" (as `check` prints it)" if found.checked else "")


def math(text: str) -> str:
    """Inline mathematics of which Markdown takes nothing."""
    return Markdown().math(text)


def _right(row: Row) -> str:
    verdict = decided(row)
    assert verdict.right, str(verdict)
    return f"{math(formula(row))}: right, {_extent(verdict)}"


def _extent(verdict: Verdict) -> str:
    """Where and how a verdict was reached."""
    assert verdict.bits is not None and verdict.bits > 100
    general = f", for every {', '.join(verdict.generic)}" if verdict.generic else ""
    return f"exact, {verdict.range}{general}"


def _wrong(row: Row) -> str:
    verdict = decided(row)
    assert verdict.verdict == "wrong", str(verdict)
    found = verdict.counterexample
    reason = verdict.reason if found is None else str(found)
    mend = f"; one edit mends it: {_mend(row, verdict)}" if row.mended else ""
    return f"{math(formula(row))}: **wrong**, {reason}{mend}"


def _mend(row: Row, verdict: Verdict) -> str:
    """The mend that gives the correction."""
    wanted = canonical(read(row.mended, model(row.model)))
    (words,) = [m.words for m in verdict.mends if canonical(m.formula) == wanted][:1]
    return words


def _unreadable(row: Row) -> str:
    try:
        check(model(row.model), row.formula)
    except FormulaError:
        return f"`{row.formula}`: **can't be read** (status 2)"
    raise AssertionError(f"{row.id} can be read")


def _models() -> Iterator[str]:
    """The models of the table that are not built in."""
    yield "## Models that are not built in"
    for name in sorted(TEXTS):
        yield ""
        yield f"`{argument(name)}`"
        yield ""
        yield f"```\n{TEXTS[name].strip()}\n```"


def differences(folder: Path) -> Iterator[str]:
    """What must change in a folder to be as made again."""
    for name, text in files().items():
        path = folder / name
        present = path.read_text(encoding="utf-8") if path.exists() else ""
        if present != text:
            yield "\n".join(
                difflib.unified_diff(
                    present.splitlines(),
                    text.splitlines(),
                    f"docs/{name}, as it stands",
                    f"docs/{name}, made again",
                    lineterm="",
                    n=0,
                )
            )


def update(folder: Path) -> None:
    made = files()
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="write the files")
    if parser.parse_args().update:
        update(DOCS)
        return 0
    found = list(differences(DOCS))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
