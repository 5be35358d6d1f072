"""The verbs that judge and show: verify, analyze, check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from symbptt.cli.ending import DONE, FAILED, UNDECIDED, USAGE
from symbptt.cli.program import (
    JSON,
    Result,
    bind_option,
    dim_option,
    estimator_option,
    headed,
    model_argument,
    read_model,
    verb,
    wants_json,
)

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@verb(JSON)
@model_argument
@click.option(
    "--module",
    "module_path",
    metavar="FILE",
    type=FILE,
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
@click.option("--proof", is_flag=True, help="Print the proof for all T, case by case.")
def verify(
    model_name: str,
    module_path: Path | None,
    bindings: dict[str, str],
    estimator: str,
    level: int | None,
    proof: bool,
) -> Result:
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
    status = DONE if report.ok else FAILED if report.failures else UNDECIDED
    return Result(lambda: headed(f"{report.text(proof)}\n"), report.data, status)


@verb(JSON)
@model_argument
@click.argument("numbers", metavar="[FILE.npz]", required=False, type=FILE)
@bind_option
@dim_option("where neither this nor an array tells, 32")
@click.option("-T", "steps", type=click.IntRange(1, 100_000), help="Steps; 50 where FILE has none.")
@click.option(
    "--sequence", type=click.IntRange(1), default=1, help="Which sequence of a batch in FILE."
)
@click.option("--seed", type=click.IntRange(min=0), default=0)
def analyze(
    model_name: str, numbers: Path | None, bindings: dict[str, str], **given: Any
) -> Result:
    """Where gradients vanish or explode: spectra, norms by lag and their bounds.

    FILE.npz holds parameters (all that the recurrence reads, or none), inputs (T, ...) or
    (T, B, ...) and initial values (h[0]) by their names. Inputs that it lacks are drawn at
    random, parameters too if it has none; initial values that it lacks are zero.
    """
    from symbptt.analysis.report import analyze as run
    from symbptt.progress import Progress

    progress = Progress("multiplying Jacobians")
    model = read_model(model_name)
    found = run(model, numbers, bind=bindings, progress=progress.show, **given)
    progress.done()
    return Result(lambda: headed(str(found)), found.data)


@verb(JSON)
@model_argument
@click.argument("formula", required=False)
@click.option(
    "--code",
    metavar="FILE[:FUNCTION]",
    help="Examine the gradients that this function, or method, returns, in place of a formula.",
)
@click.option("--returns", default="", metavar="NAMES", help="--code: the order of its tuple.")
@click.option("--batch-first", is_flag=True, help="--code: its arrays are (B, T, d).")
@click.option(
    "-T", "horizon", type=click.IntRange(1, 12), default=5, help="The largest T that is looked at."
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=10,
    help="The CPU time it may take; past it the formula is undecided.",
)
@click.option(
    "--layout",
    type=click.Choice(["column", "row"]),
    default="column",
    help="Whether the formula's vectors are columns or rows.",
)
@click.option(
    "--total",
    type=click.Choice(["mean", "sum", "last"]),
    default="mean",
    help="What the formula's L is: the mean of the losses, their sum or the last one.",
)
@estimator_option
@click.option(
    "--where",
    multiple=True,
    metavar="DEFINITION",
    help="What a letter of the formula's own stands for: 'b[t] = W @ x[t]'; may be given again.",
)
@click.option(
    "--names",
    default="",
    metavar="NAMES",
    help="What the formula calls the names of the model: 'U=W_qh, V=W_hx'.",
)
@click.option("--strict", is_flag=True, help="Exit status 1 for a formula that is trivial.")
@click.option("--seed", type=click.IntRange(min=0), default=0)
@bind_option
def check(
    model_name: str,
    formula: str | None,
    code: str | None,
    returns: str,
    batch_first: bool,
    strict: bool,
    bindings: dict[str, str],
    **given: Any,
) -> Result:
    """Is a formula right? If not: the smallest counterexample, and the edit that mends it.

    FORMULA is 'left = right' or 'left = right for CONDITION', as in
    'd(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])'. Derivatives are
    d(u, v) or dL/dh[t], everything following; partial(u, v), earlier steps held; direct(u, v),
    that of the one equation; dL[s]/dh[t], of what the loss of step s gives. vec, kron and
    derivatives by a matrix count its entries row by row. hstack, vstack, zeros(n, m) and ones(n)
    make blocks, z[t] is all that a step hands on; h[t][i], W[i, j], E[i, :] and v[d:] are entries,
    a row and a block. Every line of derive --to formulas is such a formula. Exit status: 0 right,
    1 wrong, 2 can't be read, 4 undecided.

    docs/formulas.md teaches this language from its beginning, with examples and a table.
    """
    if (formula is None) == (code is None):
        raise click.UsageError("expected a FORMULA, or --code FILE[:FUNCTION]")
    if formula is None:
        from symbptt.cli.code import examined

        options = {name: given[name] for name in ("layout", "total", "names", "seconds")}
        return examined(
            read_model(model_name),
            code or "",
            strict,
            returns,
            bind=bindings,
            batch_first=batch_first,
            **options,
        )
    from symbptt.binding import bind
    from symbptt.errors import FormulaError
    from symbptt.formula.verdict import check as decide

    model = read_model(model_name)
    if bindings:
        model = bind(model, bindings, defaults=False)
    try:
        verdict = decide(model, formula, **given)
    except FormulaError as error:
        if not wants_json():
            raise
        data = {"model": model.name, "formula": formula, "verdict": "unreadable"}
        data["reason"] = str(error)
        return Result(str, lambda: data, USAGE)
    status = FAILED if strict and verdict.trivial else verdict.status
    return Result(lambda: f"{verdict}\n", verdict.data, status)
