"""The verb that runs the whole way on real text: demo."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from symbptt.cli.program import DONE, FAILED, main


@main.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("symbptt-demo"),
    show_default=True,
    help="The folder for the article and the module.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=120,
    show_default=True,
    help="About how long the whole run may take.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def demo(out: Path, seconds: float, seed: int) -> None:
    """Derive, generate, verify and train on the text of Python's own documentation."""
    # Products of this size gain nothing from a second thread, and where the cores have other
    # work, threads that wait for each other cost twenty times as much. Read when NumPy loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from symbptt.demo import run

    sys.exit(DONE if run(out, seconds, seed) else FAILED)


# The verb `check` stands in a file of its own.
