"""The verbs for teachers and students: exercise, grade."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from symbptt import errors
from symbptt.cli.options import (
    Seconds,
    form_option,
    format_option,
    language_option,
    layout_option,
    model_argument,
    notation_option,
    only_option,
)
from symbptt.cli.program import JSON, Result, read_model, verb

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
MAX_BYTES = 4_000_000


def read_steps(ctx: click.Context, option: click.Parameter, value: str | None) -> tuple[int, ...]:
    words = [word.strip() for word in (value or "").split(",") if word.strip()]
    if not all(word.isdecimal() for word in words):
        raise click.BadParameter(f"{value!r} is no list of numbers, as 2,5")
    return tuple(map(int, words))


@verb()
@model_argument
@click.option(
    "--steps",
    metavar="N,N,...",
    callback=read_steps,
    help="Leave out these steps of the derivation.",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    help="Leave out every so many-th step; every third, if neither is given.",
)
@format_option("symbptt.exercises.sheet", "SHEETS", "latex", "Write in this format.")
@click.option("--solution", is_flag=True, help="Write the same sheet with the answers in the gaps.")
@layout_option
@notation_option
@language_option
@form_option
@only_option
def exercise(model_name: str, layout: str, notation: str, language: str, **given: Any) -> str:
    """Make an exercise sheet: a derivation with gaps.

    It carries, in comments, what `symbptt grade` needs; the answers are not in it.

    For example, this leaves out every second step:

    \b
      symbptt exercise linear --every 2 -o sheet.tex
    """
    from symbptt.exercises.sheet import exercise as sheet
    from symbptt.typeset.style import Style

    return sheet(
        read_model(model_name), style=Style.of(layout, notation, language=language), **given
    )


@verb(JSON)
@click.argument("sheet", metavar="SHEET", type=FILE)
@click.argument("answers", metavar="ANSWERS", type=FILE)
@click.option(
    "--seconds",
    type=Seconds(),
    default=10,
    help="Take at most this CPU time for a gap.",
)
def grade(sheet: Path, answers: Path, seconds: float) -> Result:
    """Grade the answers to a sheet, gap by gap, with the edit that mends what is wrong.

    SHEET is a file that `symbptt exercise` wrote. ANSWERS has a line a gap, as
    '2: W_hh.T @ dL/dh[t+1] + W_qh.T @ dL/do[t]': the right side or the whole equation, in any
    spelling that `check` reads; lines that are indented go on with the one before, and # begins
    a comment. An answer is right, equivalent (right in another form than the derivation's),
    wrong, missing or unreadable. Exit status: 0 all right or equivalent, 1 some wrong or missing,
    2 unreadable, 3 the model, 4 undecided.

    For example, this makes a sheet with one gap and grades an answer to it:

    \b
      symbptt exercise linear --steps 3 -o sheet.tex
      echo '1: W_qh.T @ dL/do[T]' | symbptt grade sheet.tex -
    """
    from symbptt.exercises.grading import grade as graded
    from symbptt.progress import Progress

    progress = Progress("grading")
    found = graded(_read(sheet), _read(answers), seconds=seconds, progress=progress.show)
    progress.done()
    return Result(lambda: f"{found}\n", found.data, found.status)


def _read(path: Path) -> str:
    """The text of a file, or of standard input."""
    if str(path) == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise errors.SheetError(f"{path} has more than {MAX_BYTES:,} bytes: it is no sheet")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise errors.SheetError(
            f"{path} is no text in UTF-8: the byte 0x{data[error.start]:02X} on line {line}"
        ) from None
