"""The verbs about real text and real time: study, checkpoints, strategies, demo; and the site."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from symbptt.cli.ending import DONE, FAILED, print_text
from symbptt.cli.program import (
    JSON,
    Result,
    bind_option,
    chart_option,
    charted,
    command_line,
    dim_option,
    main,
    model_argument,
    read_model,
    verb,
)


def _one_thread() -> None:
    """Products are small: a second thread would only wait, and where the cores have other work
    threads that wait for each other cost twenty times as much. Read when NumPy loads.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@verb(JSON)
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
@chart_option
def study(jobs: int | None, to: str, **given: Any) -> Result:
    """Bias and variance of every estimator, on the text of Python's documentation."""
    _one_thread()
    from symbptt.experiments.experiment import Setting, data, processes, study_estimators, text
    from symbptt.progress import Progress

    setting = Setting(**{name: value for name, value in given.items() if value not in (None, ())})
    progress = Progress("measuring")
    with processes(jobs) as executor:
        found = study_estimators(setting, executor=executor, progress=progress.show)
    progress.done()
    return charted(found, to, lambda: text(found), lambda: data(found))


@verb(JSON)
@model_argument
@bind_option
@dim_option("where nothing is said, 32")
@click.option("-T", "steps", type=click.IntRange(2, 100_000), default=512, help="Steps.")
@click.option("-B", "batch", type=click.IntRange(1, 10_000), default=8, help="Sequences.")
@chart_option
def checkpoints(model_name: str, bindings: dict[str, str], to: str, **given: Any) -> Result:
    """Memory and time of a module by how many steps lie between two states that it keeps."""
    _one_thread()
    from symbptt.experiments.segments import checkpoints as measured
    from symbptt.progress import Progress

    progress = Progress("measuring")
    found = measured(read_model(model_name), bind=bindings, progress=progress.show, **given)
    progress.done()
    return charted(found, to, lambda: str(found), found.data)


@verb()
@click.argument(
    "text_file",
    metavar="[FILE]",
    required=False,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option("-n", "--characters", type=click.IntRange(1, 500), default=32)
@click.option("-t", "--tau", type=click.IntRange(1), default=8)
@click.option("-p", "--pi", type=click.FloatRange(0, 1, min_open=True), default=0.8)
@click.option("-s", "--seed", type=click.IntRange(min=0), default=0)
def strategies(text_file: Path | None, **given: Any) -> str:
    """Random, regular and no truncation over a text's first characters, as SVG.

    Without FILE (- is standard input) the text is Python's documentation.
    """
    from symbptt.figures.truncation import truncation_figure

    return truncation_figure(_text(text_file), how=command_line(), **given)


def _text(path: Path | None) -> str:
    if path is None:
        from symbptt.demonstration import documentation

        return documentation()
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path} is no text in UTF-8: {error.reason}") from error
    except OSError as error:
        raise click.UsageError(f"can't read {path}: {error.strerror or error}") from error


@main.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("symbptt-demo"),
    help="The folder for the article and the module.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=120,
    help="About how long the whole run may take.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0)
def demo(out: Path, seconds: float, seed: int) -> None:
    """Derive, generate, verify and train on the text of Python's own documentation."""
    _one_thread()
    from symbptt.demonstration import run

    sys.exit(DONE if run(out, seconds, seed) else FAILED)


@main.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.argument("model_names", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--no-proof",
    "unproved",
    is_flag=True,
    help="Without the reports of verify, which take most of the time.",
)
@click.option(
    "--pyodide",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The npm package pyodide, unpacked: with a playground that runs in its reader's browser.",
)
@click.option("--jobs", type=click.IntRange(1), help="How many processes; one a core otherwise.")
@click.option("--force", is_flag=True, help="Replace what symbptt did not write, or was changed.")
def site(out: Path, model_names: tuple[str, ...], unproved: bool, **given: Any) -> None:
    """A gallery to be put on a web server, or opened as it is: the folder OUT.

    A page a model, with its equations, derivation, graph, code, proof and spectra, and an index
    by family and feature with a search. Without MODEL it has all built-in models. A model's
    family is what a comment in it says, as in '# family: Gated networks'.

    For example: symbptt site gallery cell.rnn --no-proof
    """
    _one_thread()
    from symbptt.gallery.building import site as build
    from symbptt.progress import Progress

    models, progress = list(map(read_model, model_names)), Progress("building", every=10)
    made = build(out, models, proved=not unproved, progress=progress.show, **given)
    progress.done()
    print_text(f"{out / 'index.html'}, with {len(made) - 1} more files\n")


@main.command()
@click.argument("model_names", metavar="[MODEL]...", nargs=-1)
@click.option("--port", type=click.IntRange(1, 65_535), default=8642, show_default=True)
def serve(model_names: tuple[str, ...], port: int) -> None:
    """A playground on this machine: derivations, code and proofs as a model is typed.

    Open the address that it prints; it answers nobody else's machine. MODEL are the examples to
    begin with, all built-in models if none is given. It needs the extra web.

    For example: symbptt serve cell.rnn
    """
    _one_thread()
    from symbptt.gallery.serving import HOST
    from symbptt.gallery.serving import serve as run
    from symbptt.language import library

    models = list(map(read_model, model_names or library.names()))
    print_text(f"http://{HOST}:{port}/\n")
    run(models, port)
