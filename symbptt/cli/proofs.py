"""The verbs that judge and show: verify, analyze, demo."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from symbptt.cli.program import (
    DONE,
    FAILED,
    UNDECIDED,
    bind_option,
    dim_option,
    emit,
    estimator_option,
    headed,
    json_option,
    json_text,
    main,
    model_argument,
    output_options,
    read_model,
    repeated,
)


@main.command()
@model_argument
@click.option(
    "--module",
    "module_path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Test this module, edited by hand or not, in place of the derivation and its own.",
)
@bind_option
@estimator_option
@click.option(
    "-O",
    "level",
    type=click.IntRange(0, 2),
    help="The level of the generated module that is tested; 2 by default. That all levels "
    "agree is tested with each.",
)
@json_option
@output_options
def verify(
    model_name: str,
    module_path: Path | None,
    bindings: dict[str, str],
    estimator: str,
    level: int | None,
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Every proof and test, a row each, with figures."""
    from symbptt.progress import Progress
    from symbptt.proof.report import verify as prove

    if module_path is not None and level is not None:
        raise click.UsageError("--module and -O can't be combined: a file is of the level it is of")
    model = read_model(model_name)
    progress = Progress("verifying")
    report = prove(
        model,
        module=module_path,
        bind=bindings,
        estimator=estimator,
        level=2 if level is None else level,
        progress=lambda done, parts, what: progress.show(done / parts, what),
    )
    progress.done()
    if as_json:
        text = json_text("verify", json.loads(report.to_json()))
    else:
        tested = () if module_path is None else ("--module", str(module_path))
        bound = repeated("--bind", bindings)
        which = () if estimator == "full" else ("--estimator", estimator)
        asked = () if level is None else ("-O", str(level))
        text = headed(("verify", model_name, *tested, *bound, *which, *asked), f"{report}\n")
    emit(text, output, force)
    sys.exit(DONE if report.ok else FAILED if report.failures else UNDECIDED)


@main.command()
@model_argument
@click.argument(
    "numbers",
    metavar="[FILE.npz]",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@bind_option
@dim_option("where neither this nor an array tells, 32")
@click.option(
    "-T", "horizon", type=click.IntRange(1, 100_000), help="Steps; 50 where FILE has none."
)
@click.option(
    "--sequence",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Which sequence of a batch in FILE.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@json_option
@output_options
def analyze(
    model_name: str,
    numbers: Path | None,
    bindings: dict[str, str],
    dims: dict[str, int],
    horizon: int | None,
    sequence: int,
    seed: int,
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Where gradients vanish or explode: spectra, norms by lag and their bounds.

    FILE.npz holds parameters, inputs (T, ...) or (T, B, ...) and initial values (h[0]) by
    their names; what it lacks is drawn at random.
    """
    from symbptt.analysis.report import analyze as run
    from symbptt.progress import Progress

    progress = Progress("multiplying Jacobians")
    found = run(
        read_model(model_name),
        numbers,
        bind=bindings,
        dims=dims,
        steps=horizon,
        sequence=sequence,
        seed=seed,
        progress=progress.show,
    )
    progress.done()
    if as_json:
        text = json_text("analyze", found.data())
    else:
        words = [] if numbers is None else [str(numbers)]
        words += [*repeated("--bind", bindings), *repeated("--dim", dims)]
        words += [] if horizon is None else ["-T", str(horizon)]
        words += [] if sequence == 1 else ["--sequence", str(sequence)]
        text = headed(("analyze", model_name, *words, "--seed", str(seed)), str(found))
    emit(text, output, force)
