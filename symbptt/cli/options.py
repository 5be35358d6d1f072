"""Options and arguments that verbs share, and what the shell completes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from symbptt import errors
from symbptt.cli import completion

if TYPE_CHECKING:
    TextType = click.ParamType[str]
else:
    TextType = click.ParamType

SEED = "Draw random numbers from this seed."

Function = TypeVar("Function", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """How long something may take; what is no number bounds nothing."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if found != found:
            self.fail(f"{value} is no time.", param, ctx)
        return found


class KeyOf(TextType):
    """A key of a table, looked up when it is wanted; with ``several`` perhaps a list of them."""

    def __init__(self, what: str, module: str, table: str, several: bool = False) -> None:
        self.name = what
        self.module = module
        self.table = table
        self.several = several

    def keys(self) -> tuple[str, ...]:
        return tuple(getattr(import_module(self.module), self.table))

    def suffixes(self) -> dict[str, str]:
        """The rows themselves, of a table of formats."""
        return dict(getattr(import_module(self.module), self.table))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        for name in filter(None, value.split(",")) if self.several else (value,):
            errors.known_as(self.name, name, self.keys())
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        complete = completion.one_more_of if self.several else completion.one_of
        return complete(self.keys(), incomplete)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return f"[{'|'.join(self.keys())}]"


def format_option(
    module: str, table: str, default: str, words: str
) -> Callable[[Function], Function]:
    """What a result is written as: a key of a table, which says how files of it end.

    The ending of -o says it where --to doesn't.
    """
    formats = KeyOf("format", module, table)

    def by_ending(context: click.Context, option: click.Parameter, value: str) -> str:
        output = context.params.get("output")
        given = context.get_parameter_source("to") is not ParameterSource.DEFAULT
        if given or output is None or output.suffix == formats.suffixes()[value]:
            return value
        for name, suffix in formats.suffixes().items():
            if output.suffix.lower() == suffix:
                # A head names it, since without -o it is not the default.
                context.set_parameter_source("to", ParameterSource.COMMANDLINE)
                return name
        return value

    return click.option(
        "--to",
        type=formats,
        default=default,
        callback=by_ending,
        help=f"{words} The ending of -o says it, too.",
    )


CHARTS = {"text": ".txt", "csv": ".csv", "svg": ".svg"}
"""What measured numbers are written as."""

chart_option = format_option(
    "symbptt.cli.options",
    "CHARTS",
    "text",
    "Write tables, the numbers of the figure, or the figure (which needs matplotlib).",
)


def model_argument(command: Function) -> Function:
    argument = click.argument("model_name", metavar="MODEL", shell_complete=completion.models)
    return argument(command)


def models_argument(command: Function) -> Function:
    """Any number of them."""
    return click.argument(
        "model_names", metavar="[MODEL]...", nargs=-1, shell_complete=completion.models
    )(command)


def estimator_option(command: Function) -> Function:
    return click.option(
        "--estimator",
        default="full",
        metavar="NAME[:ARG]",
        shell_complete=completion.estimators,
        help="Take this gradient: full, window:TAU, chunk:TAU or random:PI.",
    )(command)


def layout_option(command: Function) -> Function:
    return click.option(
        "--layout",
        type=KeyOf("layout", "symbptt.typeset.style", "LAYOUTS"),
        default="column",
        help="Write vectors as columns or as rows.",
    )(command)


def notation_option(command: Function) -> Function:
    return click.option(
        "--notation",
        type=KeyOf("notation", "symbptt.typeset.style", "NOTATIONS", several=True),
        default="",
        show_default=False,
        help="Say where steps in time stand and how derivatives are written, in a list with "
        "commas, as superscript,D.",
    )(command)


def language_option(command: Function) -> Function:
    return click.option(
        "--language",
        type=KeyOf("language", "symbptt.typeset.translation", "LANGUAGES"),
        default="en",
        help="Write the document in this language; names and comments of the model stay.",
    )(command)


def form_option(command: Function) -> Function:
    return click.option(
        "--form",
        type=KeyOf("form", "symbptt.calculus.gradients", "FORMS"),
        default="adjoint",
        help="Derive it backward, as a sum over steps, with joined matrices, or forward.",
    )(command)


def only_option(command: Function) -> Function:
    return click.option(
        "--only",
        metavar="NAMES",
        multiple=True,
        callback=read_names,
        shell_complete=completion.of_model(completion.variables, several=True),
        help="Take gradients with respect to these only, as W_hh,h[0]; it may be repeated.",
    )(command)


def read_names(_: click.Context, option: click.Parameter, values: Iterable[str]) -> list[str]:
    return [name.strip() for part in values for name in part.split(",") if name.strip()]


def bind_option(command: Function) -> Function:
    return click.option(
        "--bind",
        "bindings",
        metavar="NAME=FUNCTION",
        multiple=True,
        callback=read_bindings,
        shell_complete=completion.of_model(completion.functions),
        help="Put a function or loss in the place of one left abstract, as phi=tanh; it may be "
        "repeated.",
    )(command)


def read_bindings(
    _: click.Context, option: click.Parameter, values: Iterable[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        name, equals, meant = (part.strip() for part in value.partition("="))
        if not (name and equals and meant):
            raise click.BadParameter(f"{value!r} is not of the form {option.metavar}")
        if name in found:
            raise click.BadParameter(f"{name} is given twice")
        found[name] = meant
    return found


def dim_option(words: str) -> Callable[[Function], Function]:
    """Lengths of dimensions; ``words`` say what those have that are left out."""
    return click.option(
        "--dim",
        "dims",
        metavar="NAME=N",
        multiple=True,
        callback=read_lengths,
        shell_complete=completion.of_model(completion.lengths),
        help=f"Set the length of a dimension, as h=64; {words}. It may be repeated.",
    )


def read_lengths(
    context: click.Context, parameter: click.Parameter, values: Iterable[str]
) -> dict[str, int]:
    dims = read_bindings(context, parameter, values)
    for name, value in dims.items():
        if not value.isdecimal() or int(value) < 1:
            raise click.UsageError(f"--dim {name}={value}: expected a whole number, at least 1")
    return {name: int(value) for name, value in dims.items()}
