"""The command line: verbs, their options, and what an exit status means.

A verb imports what it needs when it runs, so that ``symbptt --help`` loads neither
SymPy nor NumPy.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from symbptt import __version__, errors

if TYPE_CHECKING:
    from symbptt.algebra import Model

    TextType = click.ParamType[str]
else:
    TextType = click.ParamType

DONE, FAILED, USAGE, MODEL_ERROR, UNDECIDED, INTERNAL = 0, 1, 2, 3, 4, 70
INTERRUPTED, PIPE_CLOSED = 130, 141

_STATUS: tuple[tuple[type[errors.SymbpttError], int], ...] = (
    (errors.InterfaceError, FAILED),
    (errors.UnboundFunctionError, USAGE),
    (errors.UnknownNameError, USAGE),
    (errors.FormulaError, USAGE),
    (errors.AnalysisError, USAGE),
    (errors.OutputError, USAGE),
    (errors.ModelError, MODEL_ERROR),
    (errors.MissingLossError, MODEL_ERROR),
)

Command = TypeVar("Command", bound=Callable[..., Any])


class Program(click.Group):
    """The verbs in the order of a day's work; every error ends in a status, none in a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except (click.ClickException, click.exceptions.Exit):
            raise
        except BrokenPipeError:
            # Whoever read the output has seen enough; Python must not flush it again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(PIPE_CLOSED)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\ninterrupted", err=True)
            ctx.exit(INTERRUPTED)
        except errors.SymbpttError as error:
            ctx.exit(_report(error))
        except Exception as error:  # noqa: BLE001 - a defect becomes a status here
            ctx.exit(_defect(error))


def _report(error: errors.SymbpttError) -> int:
    for kind, status in _STATUS:
        if isinstance(error, kind):
            # An error in a model begins with its file and line, as editors read them.
            prefix = "" if isinstance(error, errors.ModelError) else "symbptt: "
            click.echo(f"{prefix}{error}", err=True)
            return status
    return _defect(error)


def _defect(error: Exception) -> int:
    if os.environ.get("SYMBPTT_DEBUG"):
        traceback.print_exception(error)
    what = " ".join(str(error).split())
    click.echo(
        f"symbptt: internal error: {type(error).__name__}: {what}\n"
        f"This is a defect of symbptt {__version__}. Please report it where you got symbptt from, "
        "with this command and the model; SYMBPTT_DEBUG=1 shows where it happened.",
        err=True,
    )
    return INTERNAL


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="MODEL is the name of a built-in model, a file (its name has a / or a .), or - for "
    "standard input. Exit status: 0 done or right, 1 failed, 2 usage, 3 an error in the model, "
    "4 undecided, 70 an internal error.",
)
@click.version_option(__version__, prog_name="symbptt")
def main() -> None:
    """Backpropagation through time of any recurrence: derivation, code and proof."""


# --- what the verbs share --------------------------------------------------------------


def model_argument(command: Command) -> Command:
    return click.argument("model_name", metavar="MODEL")(command)


def output_options(command: Command) -> Command:
    command = click.option(
        "--force", is_flag=True, help="Let -o replace a file that symbptt did not write."
    )(command)
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        help="Write to this file: the whole result or nothing.",
    )(command)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="For a program to read.")(command)


def bind_option(command: Command) -> Command:
    return click.option(
        "--bind",
        "bindings",
        metavar="NAME=FUNCTION",
        multiple=True,
        callback=_bindings,
        help="What stands for a function or loss left abstract, as phi=tanh; repeatable.",
    )(command)


def _bindings(_: click.Context, __: click.Parameter, values: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        name, equals, function = (part.strip() for part in value.partition("="))
        if not (name and equals and function):
            raise click.BadParameter(f"{value!r} is not of the form NAME=FUNCTION")
        if name in found:
            raise click.BadParameter(f"{name} is bound twice")
        found[name] = function
    return found


def _read(name: str) -> Model:
    from symbptt.language import library, source
    from symbptt.language.parser import parse

    if name != "-":
        try:
            return library.load(name)
        except OSError as error:
            raise click.UsageError(f"can't read {name}: {error.strerror or error}") from error
    data = sys.stdin.buffer.read(source.MAX_BYTES + 1)
    return parse(source.decode(data, "standard input"), path="standard input")


def _emit(text: str, output: Path | None, force: bool) -> None:
    from symbptt.output import write

    if force and output is None:
        raise click.UsageError("--force says what -o may replace; there is no -o")
    if output is None or str(output) == "-":
        _print(text)
    else:
        write(output, text, force=force)


def _print(text: str) -> None:
    """In UTF-8 whatever the terminal says it is: a document has one encoding."""
    stream = sys.stdout.buffer
    left = memoryview(text.encode())
    while left:
        # Without buffering a write to a pipe may end early.
        left = left[stream.write(left) :]
    stream.flush()


def _json(verb: str, data: dict[str, Any]) -> str:
    return json.dumps({"made_by": f"symbptt {verb}", **data}, indent=2, ensure_ascii=False) + "\n"


def _headed(command: tuple[str, ...], text: str) -> str:
    """The text under a line that says how to make it again."""
    from symbptt.output import MARK

    words = shlex.join(("symbptt", *command))
    shown = "".join(letter if letter.isprintable() else "?" for letter in words)
    return f"# {MARK}: {shown}\n{text}"


# --- verbs -----------------------------------------------------------------------------


@main.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """The built-in models, one line each."""
    from symbptt.language import library
    from symbptt.listing import table

    titles = [(name, _title(library.load(name))) for name in library.names()]
    if as_json:
        models = [{"name": name, "title": title} for name, title in titles]
        _emit(_json("list", {"models": models}), None, False)
    else:
        _emit("\n".join(table(titles, indent="")) + "\n", None, False)


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

    model = _read(model_name)
    if as_json:
        text = _json("show", model_data(model))
    else:
        text = _headed(("show", model_name), model_text(model))
    _emit(text, output, force)


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
    type=click.Choice(["text", "tex"]),
    default="text",
    show_default=True,
    help="The format.",
)
@json_option
@output_options
def unroll(
    model_name: str,
    what: str | None,
    horizon: int,
    to: str,
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """The equations written out for every step, and the closed form that they fold into.

    WHAT is a quantity (h, h[3]), a derivative of the total loss ('d(L, h[t])', 'd(L, W)') or
    of a quantity ('d(h[t], W)'); without it, all equations. What is affine in the values of
    earlier (or, for 'd(L, h[t])', later) steps is folded, checked and proved for all t.
    """
    from symbptt.unrolled import answer

    if as_json and to != "text":
        raise click.UsageError(f"--json and --to {to} can't be combined")
    found = answer(_read(model_name), what, horizon)
    asked = () if what is None else (what,)
    command = ("unroll", model_name, *asked, "-T", str(horizon))
    if as_json:
        text = _json("unroll", found.data())
    elif to == "tex":
        text = found.latex([_headed((*command, "--to", "tex"), "").strip("# \n")])
    else:
        text = _headed(command, found.text())
    _emit(text, output, force)


class Format(TextType):
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


@main.command()
@model_argument
@click.option("--to", type=Format(), default="tex", show_default=True, help="The format.")
@click.option("--fragment", is_flag=True, help="Without preamble, to be pasted into a text.")
@output_options
def derive(model_name: str, to: str, fragment: bool, output: Path | None, force: bool) -> None:
    """The backward pass, step by step, each with its reason."""
    from symbptt.calculus.adjoint import derive as differentiate
    from symbptt.typeset.document import render

    text = render(differentiate(_read(model_name)), to=to, fragment=fragment)
    _emit(text, output, force)


@main.command()
@model_argument
@bind_option
@click.option(
    "--wrt",
    type=click.Choice(["inputs"]),
    help="Gradients with respect to the real-valued inputs, too.",
)
@output_options
def generate(
    model_name: str,
    bindings: dict[str, str],
    wrt: str | None,
    output: Path | None,
    force: bool,
) -> None:
    """The NumPy module: forward, loss_and_grads and what goes with them."""
    from symbptt.codegen.render import generate as generate_module

    model = _read(model_name)
    text = generate_module(model, bind=bindings, wrt_inputs=wrt == "inputs")
    _emit(text, output, force)


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
@json_option
@output_options
def verify(
    model_name: str,
    module_path: Path | None,
    bindings: dict[str, str],
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Every proof and test, a row each, with figures."""
    from symbptt.progress import Progress
    from symbptt.proof.report import verify as prove

    model = _read(model_name)
    progress = Progress("verifying")
    report = prove(
        model,
        module=module_path,
        bind=bindings,
        progress=lambda done, parts, what: progress.show(done / parts, what),
    )
    progress.done()
    if as_json:
        text = _json("verify", json.loads(report.to_json()))
    else:
        tested = () if module_path is None else ("--module", str(module_path))
        bound = [word for item in bindings.items() for word in ("--bind", "=".join(item))]
        text = _headed(("verify", model_name, *tested, *bound), f"{report}\n")
    _emit(text, output, force)
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
@click.option(
    "--dim",
    "dims",
    metavar="NAME=N",
    multiple=True,
    callback=_bindings,
    help="The length of a dimension that no array tells, as h=64; 32 otherwise; repeatable.",
)
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
    dims: dict[str, str],
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
        _read(model_name),
        numbers,
        bind=bindings,
        dims=_lengths(dims),
        steps=horizon,
        sequence=sequence,
        seed=seed,
        progress=progress.show,
    )
    progress.done()
    if as_json:
        text = _json("analyze", found.data())
    else:
        asked: list[str] = [] if numbers is None else [str(numbers)]
        for flag, table in (("--bind", bindings), ("--dim", dims)):
            asked += [word for item in table.items() for word in (flag, "=".join(item))]
        asked += [] if horizon is None else ["-T", str(horizon)]
        asked += [] if sequence == 1 else ["--sequence", str(sequence)]
        text = _headed(("analyze", model_name, *asked, "--seed", str(seed)), str(found))
    _emit(text, output, force)


def _lengths(dims: dict[str, str]) -> dict[str, int]:
    for name, value in dims.items():
        if not value.isdecimal() or int(value) < 1:
            raise click.UsageError(f"--dim {name}={value}: expected a whole number, at least 1")
    return {name: int(value) for name, value in dims.items()}


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
import symbptt.formula.verb  # noqa: E402, F401
