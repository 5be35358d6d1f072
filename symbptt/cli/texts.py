"""The verbs that write texts: list, show, unroll, derive, generate."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from symbptt.cli.program import (
    Command,
    TextType,
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

if TYPE_CHECKING:
    from symbptt.algebra import Model


@main.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """The built-in models, one line each."""
    from symbptt.language import library
    from symbptt.listing import table

    titles = [(name, _title(library.load(name))) for name in library.names()]
    if as_json:
        models = [{"name": name, "title": title} for name, title in titles]
        emit(json_text("list", {"models": models}), None, False)
    else:
        emit("\n".join(table(titles, indent="")) + "\n", None, False)


def _title(model: Model) -> str:
    """A model's first comment."""
    first = model.text.lstrip().partition("\n")[0]
    return first.lstrip("# ").rstrip() if first.startswith("#") else ""


@main.command()
@model_argument
@json_option
@output_options
def show(model_name: str, as_json: bool, output: Path | None, force: bool) -> None:
    """The equations with what is inferred: shapes and roles."""
    from symbptt.listing import model_data, model_text

    model = read_model(model_name)
    if as_json:
        text = json_text("show", model_data(model))
    else:
        text = headed(("show", model_name), model_text(model))
    emit(text, output, force)


@main.command()
@model_argument
@click.argument("what", required=False)
@click.option(
    "-T",
    "horizon",
    type=click.IntRange(1, 1000),
    default=4,
    show_default=True,
    help="How many steps.",
)
@click.option(
    "--to",
    type=click.Choice(["text", "tex", "md", "sympy"]),
    default="text",
    show_default=True,
    help="The format; sympy is a Python script that proves its gradients.",
)
@dim_option("for sympy; 2 otherwise")
@json_option
@output_options
def unroll(
    model_name: str,
    what: str | None,
    horizon: int,
    to: str,
    dims: dict[str, int],
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """The equations written out for every step, and the closed form that they fold into.

    WHAT is a quantity (h, h[3]), a derivative of the total loss ('d(L, h[t])', 'd(L, W)') or
    of a quantity ('d(h[t], W)'); without it, all equations. What is affine in the values of
    earlier (or, for 'd(L, h[t])', later) steps is folded, checked and proved for all t.
    """
    from symbptt.typeset.document import printed
    from symbptt.unrolled import answer

    if as_json and to != "text":
        raise click.UsageError(f"--json and --to {to} can't be combined")
    if dims and to != "sympy":
        raise click.UsageError(f"--dim and --to {to} can't be combined: lengths are left open")
    if to == "sympy":
        emit(_script(model_name, what, horizon, dims), output, force)
        return
    found = answer(read_model(model_name), what, horizon)
    asked = () if what is None else (what,)
    command = ("unroll", model_name, *asked, "-T", str(horizon))
    if as_json:
        text = json_text("unroll", found.data())
    elif to != "text":
        made = headed((*command, "--to", to), "").strip("# \n")
        text = printed(found.document((made,)), to)
    else:
        text = headed(command, found.text())
    emit(text, output, force)


def _script(model_name: str, what: str | None, horizon: int, dims: dict[str, int]) -> str:
    from symbptt.sympy_script import script

    if what is not None:
        raise click.UsageError(f"{what} and --to sympy can't be combined: a script says all")
    command = ("unroll", model_name, "-T", str(horizon), *repeated("--dim", dims), "--to", "sympy")
    return headed(command, script(read_model(model_name), horizon, dims))


class FormatOption(TextType):
    """A format of `symbptt.typeset.document`, looked up when it is wanted."""

    name = "format"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from symbptt.typeset.document import FORMATS

        if value not in FORMATS:
            self.fail(f"{value!r} is none of {', '.join(FORMATS)}", param, ctx)
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        from symbptt.typeset.document import FORMATS

        return f"[{'|'.join(FORMATS)}]"


class KeyOf(TextType):
    """A key of a table, looked up when it is wanted."""

    def __init__(self, module: str, table: str) -> None:
        self.module = module
        self.table = table
        self.name = table.lower().removesuffix("s")

    def keys(self) -> tuple[str, ...]:
        return tuple(getattr(import_module(self.module), self.table))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.keys():
            self.fail(f"{value!r} is none of {', '.join(self.keys())}", param, ctx)
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return f"[{'|'.join(self.keys())}]"


class StyleKey(TextType):
    """A key of a table of `symbptt.typeset.style`, or a list of keys, looked up when wanted."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.name = table.lower().removesuffix("s")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        # Whether names go together is for the style to say.
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        from symbptt.typeset import style

        return f"[{'|'.join(getattr(style, self.table))}]"


def style_options(command: Command) -> Command:
    """How a derivation is shown: `symbptt.typeset.style.Style`."""
    command = click.option(
        "--notation",
        type=StyleKey("NOTATIONS"),
        default="",
        help="Where steps in time stand and how derivatives are written; a list with commas, "
        "as superscript,D.",
    )(command)
    return click.option(
        "--layout",
        type=StyleKey("LAYOUTS"),
        default="column",
        show_default=True,
        help="Vectors as columns or as rows.",
    )(command)


@main.command()
@model_argument
@click.option("--to", type=FormatOption(), default="tex", show_default=True, help="The format.")
@click.option("--fragment", is_flag=True, help="Without preamble, to be pasted into a text.")
@click.option(
    "--detail",
    type=StyleKey("DETAILS"),
    default="steps",
    show_default=True,
    help="How closely: index derives every step entry by entry, too.",
)
@style_options
@click.option(
    "--form",
    type=KeyOf("symbptt.calculus.gradients", "FORMS"),
    default="adjoint",
    show_default=True,
    help="Backward, as a sum over steps, or forward.",
)
@click.option(
    "--of",
    type=KeyOf("symbptt.calculus.gradients", "OF"),
    default="L",
    show_default=True,
    help="What is differentiated: the total loss or that of one step.",
)
@click.option(
    "--only",
    metavar="NAMES",
    multiple=True,
    help="Gradients with respect to these only: W_hh, h[0]; with commas or repeated.",
)
@estimator_option
@output_options
def derive(
    model_name: str,
    to: str,
    fragment: bool,
    form: str,
    of: str,
    only: tuple[str, ...],
    detail: str,
    layout: str,
    notation: str,
    estimator: str,
    output: Path | None,
    force: bool,
) -> None:
    """The gradient, step by step, each with its reason."""
    from symbptt.calculus.gradients import derive as differentiate
    from symbptt.typeset.document import render
    from symbptt.typeset.style import Style

    style = Style.of(layout, notation, detail)
    names = [name.strip() for part in only for name in part.split(",") if name.strip()]
    derivation = differentiate(
        read_model(model_name), form=form, of=of, only=names, estimator=estimator
    )
    text = render(derivation, to=to, fragment=fragment, style=style)
    emit(text, output, force)


def _segment(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> int | Literal["auto"] | None:
    """How many steps a segment has."""
    if value is None:
        return None
    if value == "auto":
        return "auto"
    if not (value.isdecimal() and int(value) > 0):
        raise click.BadParameter(f"{value!r} is neither a number of steps from 1 on nor auto")
    return int(value)


@main.command()
@model_argument
@bind_option
@click.option(
    "--wrt",
    type=click.Choice(["inputs"]),
    help="Gradients with respect to the real-valued inputs, too.",
)
@click.option(
    "-O",
    "level",
    type=click.IntRange(0, 2),
    help="0 plain and readable, 1 in buffers made once, 2 everything that makes it fast; "
    "the highest that the mode has if not given.",
)
@click.option(
    "--mode",
    type=KeyOf("symbptt.codegen.modes", "MODES"),
    default="reverse",
    show_default=True,
    help="Backpropagation through time, or forward: real-time recurrent learning.",
)
@estimator_option
@click.option(
    "--checkpoint",
    metavar="S|auto",
    callback=_segment,
    help="Keep states every so many steps only and run the steps between again.",
)
@click.option(
    "--gates",
    type=click.Choice(["blocks", "columns"]),
    default="blocks",
    show_default=True,
    help="How -O2 lays out the gates of a step: end to end where it can be, or side by side.",
)
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="The array program after each pass of the level, with counts, in place of the module.",
)
@click.option(
    "--no-try",
    "untried",
    is_flag=True,
    help="Hand the module out without running it once, small, against the plain code and "
    "a difference.",
)
@output_options
def generate(
    model_name: str,
    bindings: dict[str, str],
    wrt: str | None,
    level: int | None,
    mode: str,
    estimator: str,
    checkpoint: int | Literal["auto"] | None,
    gates: str,
    explained: bool,
    untried: bool,
    output: Path | None,
    force: bool,
) -> None:
    """The NumPy module: forward, loss_and_grads and what goes with them."""
    from symbptt.proof.trial import generate as generate_module

    forward, estimated = {"--mode forward": mode == "forward"}, estimator != "full"
    if wrt is not None:
        _alone(f"--wrt {wrt}", forward)
    if estimated:
        _alone(f"--estimator {estimator}", forward)
    if explained:
        _alone("--explain", {"--no-try": untried} | forward)
    if checkpoint is not None:
        others = {"-O0": level == 0, "--estimator": estimated, "--explain": explained}
        _alone("--checkpoint", others | forward)
    if gates != "blocks":
        others = {f"-O{level}": level in (0, 1), "--explain": explained}
        _alone(f"--gates {gates}", others | forward)
    model, inputs = read_model(model_name), wrt == "inputs"
    if explained:
        text = _explained(model_name, model, bindings, inputs, estimator, level)
    else:
        text = generate_module(
            model,
            bind=bindings,
            wrt_inputs=inputs,
            estimator=estimator,
            level=level,
            mode=mode,
            checkpoint=checkpoint,
            gates=gates,
            tried=not untried,
            note=lambda words: click.echo(f"symbptt: {words}", err=True),
        )
    emit(text, output, force)


def _alone(option: str, others: Mapping[str, bool]) -> None:
    """Refuse an option beside others that are given."""
    for other in (other for other, given in others.items() if given):
        raise click.UsageError(f"{option} and {other} can't be combined")


def _explained(
    name: str,
    model: Model,
    bindings: dict[str, str],
    wrt_inputs: bool,
    estimator: str,
    level: int | None,
) -> str:
    """What the passes of a level do, under the command that says it again."""
    from symbptt.codegen.fast.explanation import explain

    level = 2 if level is None else level
    asked = [word for item in bindings.items() for word in ("--bind", "=".join(item))]
    asked += ["--wrt", "inputs"] if wrt_inputs else []
    asked += [] if estimator == "full" else ["--estimator", estimator]
    text = explain(model, level, bind=bindings, wrt_inputs=wrt_inputs, estimator=estimator)
    return headed(("generate", name, *asked, "-O", str(level), "--explain"), text)
