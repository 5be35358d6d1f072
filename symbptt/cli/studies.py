"""The verbs about real text and real time: study, checkpoints, strategies, demo; and the site."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from symbptt.cli.ending import DONE, FAILED, print_text
from symbptt.cli.options import (
    SEED,
    bind_option,
    chart_option,
    dim_option,
    model_argument,
    models_argument,
)
from symbptt.cli.program import JSON, Result, charted, command_line, main, read_model, verb


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
    help="Take windows and pieces of so many steps; it may be repeated.",
)
@click.option(
    "--pi",
    "pis",
    multiple=True,
    help="Let the gradient pass with this probability, as 0.8, if it is cut at random; it may be "
    "repeated.",
)
@click.option("-T", "steps", type=click.IntRange(2, 10_000), help="Read passages of this length.")
@click.option("--passages", type=click.IntRange(1, 10_000), help="Read so many passages.")
@click.option("--units", type=click.IntRange(1, 1000), help="Give the model a state of this size.")
@click.option(
    "--training", type=click.IntRange(0), help="Train for so many steps of gradient descent before."
)
@click.option("--samples", type=click.IntRange(0), help="Draw so many estimates, as a check.")
@click.option("--seed", type=click.IntRange(min=0), help=SEED)
@click.option(
    "--jobs", type=click.IntRange(1), help="Use so many processes; one a core if it is not given."
)
@chart_option
def study(jobs: int | None, to: str, **given: Any) -> Result:
    """Measure bias and variance of every estimator on the text of Python's documentation.

    For example, this takes a small model and two short passages:

    \b
      symbptt study --units 8 -T 20 --passages 2 --training 20
    """
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
@dim_option("32 where nothing is said")
@click.option(
    "-T",
    "steps",
    type=click.IntRange(2, 100_000),
    default=512,
    help="Take sequences of this length.",
)
@click.option(
    "-B", "batch", type=click.IntRange(1, 10_000), default=8, help="Take so many sequences at once."
)
@chart_option
def checkpoints(model_name: str, bindings: dict[str, str], to: str, **given: Any) -> Result:
    """Measure a module's memory and time by how many steps lie between two states that it keeps.

    For example, this takes a small model and short sequences:

    \b
      symbptt checkpoints linear -T 64 --dim h=16
    """
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
@click.option(
    "-n", "--characters", type=click.IntRange(1, 500), default=32, help="Draw so many characters."
)
@click.option(
    "-t", "--tau", type=click.IntRange(1), default=8, help="Cut regularly after so many steps."
)
@click.option(
    "-p",
    "--pi",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.8,
    help="Let the gradient pass with this probability, if it is cut at random.",
)
@click.option("-s", "--seed", type=click.IntRange(min=0), default=0, help=SEED)
def strategies(text_file: Path | None, **given: Any) -> str:
    """Draw random, regular and no truncation over a text's first characters, as SVG.

    Without FILE (- is standard input) the text is Python's documentation.

    For example, this draws twenty characters:

    \b
      symbptt strategies -n 20 -o strategies.svg
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
    help="Put the article and the module into this folder.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=120,
    help="Take about this long for the whole run.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help=SEED)
def demo(out: Path, seconds: float, seed: int) -> None:
    """Derive, generate, verify and train on the text of Python's own documentation.

    For example, this does so in a short time:

    \b
      symbptt demo --seconds 5
    """
    _one_thread()
    from symbptt.demonstration import run

    sys.exit(DONE if run(out, seconds, seed) else FAILED)


@main.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@models_argument
@click.option(
    "--no-proof",
    "unproved",
    is_flag=True,
    help="Leave out the reports of verify, which take most of the time.",
)
@click.option(
    "--pyodide",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Add a playground that runs in its reader's browser, out of this folder: the npm package "
    "pyodide, unpacked.",
)
@click.option(
    "--jobs", type=click.IntRange(1), help="Use so many processes; one a core if it is not given."
)
@click.option(
    "--force", is_flag=True, help="Replace files that symbptt did not write, or that were changed."
)
def site(out: Path, model_names: tuple[str, ...], unproved: bool, **given: Any) -> None:
    """Build a gallery to be put on a web server, or opened as it is: the folder OUT.

    A page a model, with its equations, derivation, graph, code, proof and spectra, and an index
    by family and feature with a search. Without MODEL it has all built-in models. A model's
    family is what a comment in it says, as in '# family: Gated networks'. It needs the extra plot.

    For example, this builds a gallery of one model:

    \b
      symbptt site gallery linear --no-proof
    """
    _one_thread()
    from symbptt.gallery.building import site as build
    from symbptt.progress import Progress

    models, progress = list(map(read_model, model_names)), Progress("building", every=10)
    made = build(out, models, proved=not unproved, progress=progress.show, **given)
    progress.done()
    print_text(f"{out / 'index.html'}, with {len(made) - 1} more files\n")


@main.command()
@models_argument
@click.option("--port", type=click.IntRange(1, 65_535), default=8642, help="Answer at this port.")
def serve(model_names: tuple[str, ...], port: int) -> None:
    """Serve a playground on this machine: derivations, code and proofs as a model is typed.

    Open the address that it prints; it answers nobody else's machine. MODEL are the examples to
    begin with, all built-in models if none is given. It needs the extra web.

    For example, this begins with one model:

    \b
      symbptt serve linear
    """
    _one_thread()
    from symbptt.gallery.serving import HOST
    from symbptt.gallery.serving import serve as run
    from symbptt.language import library

    models = list(map(read_model, model_names or library.names()))
    run(models, port, lambda: print_text(f"http://{HOST}:{port}/\n"))
