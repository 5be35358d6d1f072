"""docs/trust.md: what is proved, what is computed exactly, what is tested, and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.trust.parts import FOLDER, PARTS, Figures, Part

BEGINNING = """\
# Why you may trust it, and how far

symbptt hands out mathematics and code. This page says what stands behind them, with the figures of
the last run. Three words are used with care:

- **proved**: for all T and all sizes, by induction or as an identity of expressions; nothing was
  tried;
- **exact**: computed without rounding (in fractions, or modulo a prime) at random points and small
  sizes; where a wrong formula could survive by chance, the chance is stated;
- **tested**: computed in floating-point numbers, or tried on many inputs. How well the tests see is
  what the part on mutants says.

What is examined is a chain: the model's text, the derivation, the document and the module, the
numbers that the module returns. Each part says which link it holds.
"""

LIMITS = """\
## What nothing here shows

- That the model is the one you meant. `symbptt show` prints what was read; look at it.
- That NumPy, the BLAS behind it, SymPy and Python are right. Where two of them are asked the same
  question, it is so that one error would have to be made twice.
- Sizes and lengths beyond those stated, where a part says *exact* or *tested*. What is proved for
  all T has no such bound, but is about the derivation, not about memory or rounding.
- How fast it is: [benchmark.md](benchmark.md) measures that.
"""

ENDING = """\
## To make this page again

`make trust` runs every part and writes the page; `python -m tests.trust` writes it from the figures
of the last runs, which stand in [trust/](trust/); `python -m tests.trust --run NAME` runs one part.
"""


def page(folder: Path = FOLDER) -> str:
    """The page, of the figures of each part's last run."""
    parts = [(part, Figures.read(part.name, folder)) for part in PARTS]
    sections = [BEGINNING, "\n".join(glance(parts)) + "\n"]
    sections += ["\n".join(section(part, found)) + "\n" for part, found in parts]
    return "\n".join((*sections, LIMITS, ENDING))


def glance(parts: list[tuple[Part, Figures | None]]) -> Iterator[str]:
    """A line a part."""
    yield "## At a glance\n"
    yield from table_head(("part", "last run", "made by"))
    for part, found in parts:
        if found is None:
            yield row((part.shows, "has not run yet", "—"))
        else:
            anchor = found.title.lower().replace(" ", "-")
            yield row((f"[{found.title}](#{anchor})", summed(found.totals), f"`{found.command}`"))


def section(part: Part, found: Figures | None) -> Iterator[str]:
    if found is None:
        yield f"## {part.name.capitalize()}\n\nThis part ({part.shows}) has not run yet."
        return
    yield f"## {found.title}\n"
    yield f"{found.about}\n"
    if found.totals:
        yield f"**{summed(found.totals)}.**\n"
    if found.rows:
        yield from table_head(found.head)
        yield from map(row, found.rows)
    if found.remarks:
        yield f"\n<details><summary>{counted(len(found.remarks), 'remark')}</summary>\n"
        yield from (f"- {remark}" for remark in found.remarks)
        yield "\n</details>"


def summed(totals: Mapping[str, int | float | str]) -> str:
    """``1,024 planted, 1,001 killed``."""
    numbers = (f"{n:,}" if isinstance(n, int) else str(n) for n in totals.values())
    return ", ".join(f"{number} {what}" for what, number in zip(totals, numbers, strict=True))


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def table_head(cells: object) -> Iterator[str]:
    assert isinstance(cells, tuple | list)
    yield row(cells)
    yield row(["---"] * len(cells))


def row(cells: object) -> str:
    assert isinstance(cells, tuple | list)
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
