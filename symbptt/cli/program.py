"""The command line's frame: statuses, errors, and what the verbs share."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from symbptt import __version__, errors
from symbptt.cli import terminal
from symbptt.cli.ending import DONE, print_text, status_of
from symbptt.output import MARK, is_pdf, pdf_text, says_its_maker, signed, write

if TYPE_CHECKING:
    from symbptt.algebra import Model
    from symbptt.plots.chart import Charted

Verb = Callable[..., "str | bytes | Result"]


class Command(click.Command):
    """A verb: its help is coloured on a terminal, and what it does is said in a whole sentence."""

    def get_short_help_str(self, limit: int = 0) -> str:
        sentence, _, _ = (self.help or "").partition("\n\n")
        return " ".join(sentence.split())

    def get_help(self, ctx: click.Context) -> str:
        return _coloured_help(super().get_help(ctx), ctx)


def _coloured_help(text: str, context: click.Context) -> str:
    # The colours are decided here, and click is told.
    context.color = terminal.has_colours(sys.stdout)
    return terminal.help_text(text, sys.stdout)


class Commands(click.Group):
    """The verbs in the order of a day's work; however one ends, it ends in a status."""

    command_class = Command

    def get_help(self, ctx: click.Context) -> str:
        return _coloured_help(super().get_help(ctx), ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode, **extra)
        name = prog_name or "symbptt"
        words = sys.argv[1:] if args is None else list(args)

        def run() -> None:
            self._main_shell_completion(extra, name, complete_var)
            with self.make_context(name, words, **extra) as context:
                self.invoke(context)

        sys.exit(status_of(run))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="MODEL is the name of a built-in model, a file (its name has a / or a .), or - for "
    "standard input. Exit status: 0 done or right, 1 failed, 2 usage, 3 an error in the model, "
    "4 undecided, 70 an internal error, 130 interrupted, 141 nobody reads the output any more.\n\n"
    "With this line in ~/.bashrc (in ~/.zshrc, with zsh in the place of bash) the shell completes "
    "models, options and their values:\n\n"
    '\b\n  eval "$(_SYMBPTT_COMPLETE=bash_source symbptt)"',
)
@click.version_option(__version__, prog_name="symbptt")
def main() -> None:
    """Derive backpropagation through time of any recurrence, as text and as code, and prove it.

    For example, this derives the gradient of a built-in model, as a page to be looked at:

    \b
      symbptt derive linear --to html -o linear.html
    """


# --- what a verb is --------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a verb found, written as text or, with --json, as data.

    Attributes
    ----------
    is_document : bool
        Whether its text has a format of its own, and is printed as it stands.
    """

    text: Callable[[], str]
    data: Callable[[], dict[str, Any]]
    status: int = DONE
    is_document: bool = False


JSON = click.Option(["--json", "as_json"], is_flag=True, help="Print data for a program to read.")
OUTPUT = (
    click.Option(
        ["-o", "--output"],
        type=click.Path(path_type=Path),
        help="Write to this file, the whole result or nothing.",
    ),
    click.Option(
        ["--force"],
        is_flag=True,
        help="Let -o replace a file that symbptt did not write, or that was changed.",
    ),
)


def verb(*options: click.Option, name: str | None = None) -> Callable[[Verb], click.Command]:
    """A verb that returns its text, or with ``JSON`` among its options a `Result`.

    Where it goes, and as what, is said here for all of them.
    """

    def made(find: Verb) -> click.Command:
        @wraps(find)
        def run(output: Path | None, force: bool, as_json: bool = False, **given: Any) -> None:
            if force and output is None:
                raise click.UsageError("--force says what -o may replace; there is no -o")
            found = find(**given)
            if isinstance(found, bytes):
                emit(pdf_text(found, command_line()), output, force)
                return
            result = Result(lambda: found, dict, DONE, True) if isinstance(found, str) else found
            text = _json_text(result.data()) if as_json else errors.visible(result.text())
            if output is None and not (as_json or result.is_document):
                print_text(terminal.result(signed(text), sys.stdout))
            else:
                emit(text, output, force)
            if result.status:
                sys.exit(result.status)

        command = main.command(name)(run)
        command.params += (*options, *OUTPUT)
        return command

    return made


def output_ends_in(suffix: str) -> bool:
    """Whether the name of the file that is written ends so."""
    output = click.get_current_context().params["output"]
    return output is not None and output.suffix.lower() == suffix


def _json_text(data: dict[str, Any]) -> str:
    made_by = f"symbptt {click.get_current_context().info_name}"
    return f"{json_line({'made_by': made_by, **data}, indent=2)}\n"


def json_line(data: dict[str, Any], indent: int | None = None) -> str:
    """Data on one line, or indented on several."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    # A file's name may be of other bytes than UTF-8.
    return text.encode(errors="backslashreplace").decode()


def wants_json() -> bool:
    return bool(click.get_current_context().params["as_json"])


def emit(text: str, output: Path | None, force: bool) -> None:
    """Print a text or write it to a file, which always says what made it."""
    to_stdout = output is None or str(output) == "-"
    if is_pdf(text) and to_stdout and sys.stdout and sys.stdout.isatty():
        raise click.UsageError("a PDF is no text to read here: -o FILE says where it is to go")
    if output is None or to_stdout:
        print_text(signed(text))
    else:
        whole = text if says_its_maker(text) else headed(text)
        write(output, signed(whole), force=force)


# --- the command that makes a text again -----------------------------------------------


def headed(text: str) -> str:
    """The text under a line that says how to make it again."""
    return f"# {MARK}: {command_line()}\n{text}"


def command_line() -> str:
    """The command that runs, as it is typed, on one line.

    Numbers that were not given are in it too: another version may choose others.
    """
    line = shlex.join(("symbptt", *_typed(click.get_current_context())))
    return "".join(letter if letter.isprintable() else "?" for letter in line)


# Where a text goes, whether it is text, and how fast it is made.
_NOT_THE_TEXT = frozenset({"output", "force", "as_json", "jobs"})


def _typed(context: click.Context) -> Iterator[str]:
    yield context.info_name or ""
    for parameter in context.command.params:
        name = parameter.name or ""
        value = context.params[name]
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in _NOT_THE_TEXT or value is None or not (given or number):
            continue
        for one in _each(value):
            yield from [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
            yield from [] if isinstance(one, bool) else [str(one)]


def _each(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return (f"{name}={one}" for name, one in value.items())
    return value if isinstance(value, tuple) else (value,)


def charted(found: Charted, to: str, text: Callable[[], str], data: Callable[[], Any]) -> Result:
    """What was measured, as it is asked for."""
    if to == "text":
        return Result(lambda: headed(text()), data)
    if wants_json():
        raise click.UsageError(f"--json and --to {to} can't be combined")
    from symbptt.plots.chart import csv_text

    if to == "csv":
        return Result(lambda: headed(csv_text(found.chart())), data, is_document=True)
    from symbptt.plots.drawing import svg_text

    return Result(lambda: svg_text(found.chart(), command_line()), data, is_document=True)


def read_model(name: str, *, noted: bool = True) -> Model:
    """A built-in model, that of a file or of standard input.

    What its reader may not expect of its shapes is told on stderr if ``noted``.
    """
    from symbptt.listing import notes

    model = _read_model(name)
    for note in notes(model) if noted else ():
        click.echo(f"symbptt: note: {note}", err=True)
    return model


def _read_model(name: str) -> Model:
    from symbptt.language import library, source
    from symbptt.language.parser import parse

    if name != "-":
        try:
            return library.load(name)
        except OSError as error:
            raise click.UsageError(f"can't read {name}: {error.strerror or error}") from error
    if sys.stdin is None:
        raise click.UsageError("can't read standard input: it is closed")
    try:
        data = sys.stdin.buffer.read(source.MAX_BYTES + 1)
    except OSError as error:
        raise click.UsageError(f"can't read standard input: {error.strerror or error}") from error
    return parse(source.decode(data, "standard input"), path="-")
