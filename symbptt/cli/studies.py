"""The verbs about estimators on real text: study, strategies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from symbptt.cli.program import (
    command_line,
    emit,
    headed,
    json_option,
    json_text,
    main,
    output_options,
)


@main.command()
@click.option(
    "--tau",
    "taus",
    type=click.IntRange(1),
    multiple=True,
    help="Of windows and pieces; repeatable.",
)
@click.option("--pi", "pis", multiple=True, help="Of random truncation, as 0.8; repeatable.")
@click.option("-T", "steps", type=click.IntRange(2, 10_000), help="The length of a passage.")
@click.option("--passages", type=click.IntRange(1, 10_000), help="How many of them.")
@click.option("--units", type=click.IntRange(1, 1000), help="The size of the model's state.")
@click.option("--training", type=click.IntRange(0), help="Steps of gradient descent before.")
@click.option("--samples", type=click.IntRange(0), help="Estimates drawn, as a check.")
@click.option("--seed", type=click.IntRange(min=0))
@click.option("--jobs", type=click.IntRange(1), help="How many processes; one a core otherwise.")
@json_option
@output_options
def study(jobs: int | None, as_json: bool, output: Path | None, force: bool, **given: Any) -> None:
    """Bias and variance of every estimator, on the text of Python's documentation."""
    # The products are small: a second thread would only wait. Read when NumPy loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from concurrent.futures import ProcessPoolExecutor

    from symbptt.progress import Progress
    from symbptt.study.experiment import Setting, study_estimators
    from symbptt.study.report import data, text

    setting = Setting(**{name: value for name, value in given.items() if value not in (None, ())})
    progress = Progress("measuring")
    with ProcessPoolExecutor(jobs) as executor:
        found = study_estimators(setting, executor=executor, progress=progress.show)
    progress.done()
    if as_json:
        shown = json_text("study", data(found))
    else:
        shown = headed(("study", *_asked(given)), text(found))
    emit(shown, output, force)


def _asked(given: dict[str, Any]) -> list[str]:
    """The options that were given, as they are typed."""
    flags = {"taus": "--tau", "pis": "--pi", "steps": "-T"}
    asked: list[str] = []
    for name, value in given.items():
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None:
                asked += [flags.get(name, f"--{name}"), str(one)]
    return asked


@main.command()
@click.argument(
    "text_file",
    metavar="[FILE]",
    required=False,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option("-n", "--characters", type=click.IntRange(1, 500), default=32, show_default=True)
@click.option("-t", "--tau", type=click.IntRange(1), default=8, show_default=True)
@click.option(
    "-p", "--pi", type=click.FloatRange(0, 1, min_open=True), default=0.8, show_default=True
)
@click.option("-s", "--seed", type=click.IntRange(min=0), default=0, show_default=True)
@output_options
def strategies(
    text_file: Path | None,
    characters: int,
    tau: int,
    pi: float,
    seed: int,
    output: Path | None,
    force: bool,
) -> None:
    """Random, regular and no truncation over a text's first characters, as SVG.

    Without FILE (- is standard input) the text is Python's documentation.
    """
    from symbptt.figures.truncation import truncation_figure

    words = ["strategies", *([] if text_file is None else [str(text_file)])]
    # Two hyphens can't stand in a comment of SVG.
    words += ["-n", str(characters), "-t", str(tau), "-p", str(pi), "-s", str(seed)]
    figure = truncation_figure(
        _text(text_file), characters=characters, tau=tau, pi=pi, seed=seed, how=command_line(words)
    )
    emit(figure, output, force)


def _text(path: Path | None) -> str:
    if path is None:
        from symbptt.demo import documentation

        return documentation()
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path} is no text in UTF-8: {error.reason}") from error
    except OSError as error:
        raise click.UsageError(f"can't read {path}: {error.strerror or error}") from error
