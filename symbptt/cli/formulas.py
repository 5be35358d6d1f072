"""The verb that judges a formula: check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from symbptt.cli import program as cli


@cli.main.command()
@cli.model_argument
@click.argument("formula")
@click.option(
    "-T",
    "horizon",
    type=click.IntRange(1, 12),
    default=5,
    show_default=True,
    help="The largest T that is looked at.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=10,
    show_default=True,
    help="The CPU time it may take; past it the formula is undecided.",
)
@click.option(
    "--layout",
    type=click.Choice(["column", "row"]),
    default="column",
    show_default=True,
    help="Whether the formula's vectors are columns or rows.",
)
@click.option(
    "--total",
    type=click.Choice(["mean", "sum"]),
    default="mean",
    show_default=True,
    help="Whether the formula's L is the mean of the losses or their sum.",
)
@click.option("--strict", is_flag=True, help="Exit status 1 for a formula that is trivial.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@cli.bind_option
@cli.json_option
@cli.output_options
def check(
    model_name: str,
    formula: str,
    horizon: int,
    seconds: float,
    layout: Literal["column", "row"],
    total: Literal["mean", "sum"],
    strict: bool,
    seed: int,
    bindings: dict[str, str],
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Is a formula right? If not: the smallest counterexample, and the edit that mends it.

    FORMULA is 'left = right' or 'left = right for CONDITION', as in
    'd(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])'. Derivatives are
    d(u, v), everything following; partial(u, v), earlier steps held; direct(u, v), that of the one
    equation. vec, kron and derivatives by a matrix count its entries row by row. Exit status:
    0 right, 1 wrong, 2 can't be read, 4 undecided.
    """
    from symbptt.binding import bind
    from symbptt.errors import FormulaError
    from symbptt.formula.verdict import check as decide

    model = cli.read_model(model_name)
    if bindings:
        model = bind(model, bindings, defaults=False)
    try:
        verdict = decide(
            model, formula, horizon=horizon, seconds=seconds, seed=seed, layout=layout, total=total
        )
    except FormulaError as error:
        if not as_json:
            raise
        data = {"model": model.name, "formula": formula, "verdict": "unreadable"}
        cli.emit(cli.json_text("check", {**data, "reason": str(error)}), output, force)
        sys.exit(2)
    text = cli.json_text("check", verdict.data()) if as_json else f"{verdict}\n"
    cli.emit(text, output, force)
    sys.exit(1 if strict and verdict.trivial else verdict.status)
