"""The verbs that write texts: list, show, unroll, derive, graph, generate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import click

from symbptt.cli import completion
from symbptt.cli.landing import fragment_options, landing_of, signed_options
from symbptt.cli.options import (
    KeyOf,
    bind_option,
    dim_option,
    estimator_option,
    form_option,
    format_option,
    language_option,
    layout_option,
    model_argument,
    notation_option,
    only_option,
)
from symbptt.cli.program import (
    JSON,
    Result,
    command_line,
    headed,
    output_ends_in,
    read_model,
    verb,
    wants_json,
)
from symbptt.output import MARK

if TYPE_CHECKING:
    from symbptt.algebra import Model
    from symbptt.calculus.derivation import Derivation
    from symbptt.typeset.blocks import Figure


@verb(JSON, name="list")
def list_models() -> Result:
    """List the built-in models, one line each.

    For example, this lists them for a program to read:

    \b
      symbptt list --json
    """
    from symbptt.language import library
    from symbptt.tables import table

    titles = [(name, _title(library.load(name))) for name in library.names()]
    models = [{"name": name, "title": title} for name, title in titles]
    return Result(lambda: "\n".join(table(titles, indent="")) + "\n", lambda: {"models": models})


def _title(model: Model) -> str:
    """A model's first comment."""
    first = model.text.lstrip().partition("\n")[0]
    return first.lstrip("# ").rstrip() if first.startswith("#") else ""


@verb(JSON)
@model_argument
def show(model_name: str) -> Result:
    """Show the equations with what is inferred of them: shapes and roles.

    For example, this shows a built-in model:

    \b
      symbptt show linear
    """
    from symbptt.listing import model_data, model_text

    model = read_model(model_name)
    return Result(lambda: headed(model_text(model)), lambda: model_data(model))


@verb(JSON)
@model_argument
@click.argument("what", required=False, shell_complete=completion.of_model(completion.quantities))
@click.option(
    "-T", "horizon", type=click.IntRange(1, 1000), default=4, help="Write out so many steps."
)
@format_option(
    "symbptt.unrolled",
    "FORMATS",
    "text",
    "Write in this format; sympy is a Python script that proves its gradients.",
)
@fragment_options
@signed_options
@language_option
@dim_option("it is for sympy, and 2 otherwise")
def unroll(
    model_name: str,
    what: str | None,
    horizon: int,
    to: str,
    fragment: bool,
    label_prefix: str | None,
    heading: str,
    tags: bool,
    title: str,
    author: str,
    language: str,
    dims: dict[str, int],
) -> Result:
    """Write the equations out for every step, and the closed form that they fold into.

    WHAT is a quantity (h, h[3]), a derivative of the total loss ('d(L, h[t])', 'd(L, W)') or
    of a quantity ('d(h[t], W)'); without it, all equations. What is affine in the values of
    earlier (or, for 'd(L, h[t])', later) steps is folded, checked and proved for all t.

    For example, this writes out what reaches the state over three steps:

    \b
      symbptt unroll linear 'd(L, h[t])' -T 3
    """
    from symbptt.typeset.document import printed, refuse_landing, refuse_language, refuse_signed
    from symbptt.unrolled import answer

    landing = landing_of(fragment, label_prefix, heading, tags)
    if to != "text" and wants_json():
        raise click.UsageError(f"--json and --to {to} can't be combined")
    if landing and to in ("text", "sympy"):
        raise click.UsageError(f"--fragment and --to {to} can't be combined: it is no document")
    refuse_landing(to, landing)
    refuse_signed(to, landing, {"--title": title, "--author": author}, bare=("text", "sympy"))
    refuse_language(to, language, bare=("text", "sympy"))
    if to == "sympy":
        return _script(model_name, what, horizon, dims)
    if dims:
        raise click.UsageError(f"--dim and --to {to} can't be combined: lengths are left open")
    found = answer(read_model(model_name), what, horizon)
    if to == "text":
        return Result(lambda: headed(found.text()), found.data)
    document = found.document((f"{MARK}: {command_line()}",), title, author, language)
    named = landing and landing.named(f"{found.model.name}:unrolled")
    return Result(lambda: printed(document, to, named), found.data, is_document=True)


def _script(name: str, what: str | None, horizon: int, dims: dict[str, int]) -> Result:
    from symbptt.sympy_script import script

    if what is not None:
        raise click.UsageError(f"{what} and --to sympy can't be combined: a script says all")
    text = script(read_model(name), horizon, dims)
    return Result(lambda: headed(text), dict, is_document=True)


@verb()
@model_argument
@format_option(
    "symbptt.typeset.document",
    "SUFFIXES",
    "tex",
    "Write in this format; formulas are lines that check reads, json is for programs.",
)
@fragment_options
@click.option(
    "--parts",
    type=KeyOf("part", "symbptt.typeset.chapters", "PARTS", several=True),
    default="",
    show_default=False,
    help="Write these parts, in a list with commas; all if it is not given.",
)
@signed_options
@click.option(
    "--detail",
    type=KeyOf("detail", "symbptt.typeset.style", "DETAILS"),
    default="steps",
    help="Say how closely it is derived: index derives every step entry by entry, too.",
)
@click.option(
    "--graph", "drawn", is_flag=True, help="Put the model's computational graph before it."
)
@layout_option
@notation_option
@language_option
@form_option
@click.option(
    "--of",
    type=KeyOf("loss", "symbptt.calculus.gradients", "OF"),
    default="L",
    help="Differentiate this: the total loss or that of one step.",
)
@only_option
@estimator_option
def derive(
    model_name: str,
    to: str,
    fragment: bool,
    label_prefix: str | None,
    heading: str,
    tags: bool,
    parts: str,
    title: str,
    author: str,
    detail: str,
    drawn: bool,
    layout: str,
    notation: str,
    language: str,
    form: str,
    of: str,
    only: list[str],
    estimator: str,
) -> str | bytes:
    """Derive the gradient, step by step, each with its reason.

    A PDF is set by a TeX engine on the PATH, or by Typst (pip install 'symbptt[pdf]'); slides are
    set by --to beamer -o FILE.pdf, which needs the engine.

    For example, this writes a page to be looked at in a browser:

    \b
      symbptt derive linear --to html -o linear.html
    """
    from symbptt.calculus.gradients import derive as differentiate
    from symbptt.codegen.statements import statements
    from symbptt.typeset.document import refuse_together, render
    from symbptt.typeset.pdf import pdf
    from symbptt.typeset.style import Style
    from symbptt.typeset.variants import variants

    style = Style.of(layout, notation, detail, language)
    landing = landing_of(fragment, label_prefix, heading, tags)
    derivation = differentiate(
        read_model(model_name), form=form, of=of, only=only, estimator=estimator
    )
    chosen = [part for part in parts.split(",") if part]
    beside = (statements(derivation),) if to == "html" else ()
    figure = _graph_of(derivation, notation, language) if drawn else None
    switched, ahead = to == "html" and not fragment, (figure,) if figure else ()
    written = partial(
        render,
        derivation,
        fragment=landing,
        style=style,
        parts=chosen,
        title=title,
        author=author,
        beside=beside,
        variants=variants(derivation, style, chosen, statements, ahead) if switched else (),
        figure=figure,
    )
    if to == "pdf" or (to == "beamer" and output_ends_in(".pdf")):
        refuse_together(derivation, style, "pdf", landing, chosen)
        in_typst = partial(written, to="typst") if to == "pdf" else None
        return pdf(written(to="tex" if to == "pdf" else to), in_typst)
    return written(to=to)


def _graph_of(derivation: Derivation, notation: str, language: str) -> Figure:
    from symbptt.figures.figure import block

    return block(derivation.model, notation=notation, derivation=derivation, language=language)


@verb()
@model_argument
@click.option("-T", "horizon", type=click.IntRange(1, 50), default=3, help="Draw so many steps.")
@format_option(
    "symbptt.figures.formats",
    "SUFFIXES",
    "svg",
    "Write in this format; tikz is a picture for a LaTeX document, dot is for Graphviz.",
)
@click.option(
    "--detail",
    type=KeyOf("detail", "symbptt.figures.vertices", "DETAILS"),
    default="equations",
    help="Say how closely it is drawn: a box for each equation, or a circle for each operation, "
    "too.",
)
@click.option(
    "--backward",
    is_flag=True,
    help="Draw what flows back, too: Jacobians, and adjoints with their equations' numbers in "
    "derive.",
)
@notation_option
@language_option
def graph(
    model_name: str,
    horizon: int,
    to: str,
    detail: str,
    backward: bool,
    notation: str,
    language: str,
) -> str:
    """Draw the computational graph over a few steps.

    For example, this draws four steps, with what flows back:

    \b
      symbptt graph linear -T 4 --backward -o graph.svg
    """
    from symbptt.figures.figure import graph as draw

    return draw(
        read_model(model_name),
        horizon,
        to=to,
        detail=detail,
        backward=backward,
        notation=notation,
        language=language,
    )


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


@verb()
@model_argument
@bind_option
@click.option(
    "--wrt",
    type=click.Choice(["inputs"]),
    help="Compute gradients with respect to the real-valued inputs, too.",
)
@click.option(
    "-O",
    "level",
    type=click.IntRange(0, 2),
    help="Write it plain and readable (0), in buffers made once (1), or with everything that makes "
    "it fast (2); at the highest level that the mode has if it is not given.",
)
@click.option(
    "--mode",
    type=KeyOf("mode", "symbptt.codegen.modes", "MODES"),
    default="reverse",
    help="Go through time backward (backpropagation) or forward (real-time recurrent learning).",
)
@estimator_option
@click.option(
    "--checkpoint",
    metavar="S|auto",
    callback=_segment,
    help="Keep states every so many steps only, and run the steps between again.",
)
@click.option(
    "--gates",
    type=click.Choice(["blocks", "columns"]),
    default="blocks",
    help="Lay out the gates of a step at -O2 end to end where it can be, or side by side.",
)
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Print the array program after each pass of the level, with counts, in the place of the "
    "module.",
)
@click.option(
    "--no-try",
    "untried",
    is_flag=True,
    help="Hand the module out without running it once, small, against the plain code and "
    "a difference.",
)
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
) -> str:
    """Generate the NumPy module: forward, loss_and_grads and what goes with them.

    For example, this writes a module to be imported:

    \b
      symbptt generate linear -o linear.py
    """
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
        from symbptt.codegen.fast.explanation import explain

        chosen = 2 if level is None else level
        return headed(explain(model, chosen, bind=bindings, wrt_inputs=inputs, estimator=estimator))
    return generate_module(
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


def _alone(option: str, others: Mapping[str, bool]) -> None:
    """Refuse an option beside others that are given."""
    for other in (other for other, given in others.items() if given):
        raise click.UsageError(f"{option} and {other} can't be combined")
