"""How a command ends: its status, and one sentence on stderr where something went wrong.

Whatever happens ends here, and none of it in a traceback: errors of symbptt and of click,
interruptions, pipes that nobody reads, full disks, streams that are closed.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

import click

from symbptt import __version__, errors
from symbptt.cli import terminal
from symbptt.output import encoded

DONE, FAILED, USAGE, MODEL_ERROR, UNDECIDED, INTERNAL = 0, 1, 2, 3, 4, 70
INTERRUPTED, PIPE_CLOSED = 130, 141

_STATUS: tuple[tuple[type[errors.SymbpttError], int], ...] = (
    (errors.InterfaceError, FAILED),
    (errors.EvaluationError, UNDECIDED),
    (errors.UnboundFunctionError, USAGE),
    (errors.UnknownNameError, USAGE),
    (errors.OptionError, USAGE),
    (errors.ProgramError, USAGE),
    (errors.FormulaError, USAGE),
    (errors.DocumentError, USAGE),
    (errors.DataError, USAGE),
    (errors.TypesettingError, USAGE),
    (errors.EstimatorError, USAGE),
    (errors.AnalysisError, USAGE),
    (errors.SheetError, USAGE),
    (errors.OutputError, USAGE),
    (errors.ModelError, MODEL_ERROR),
    (errors.MissingLossError, MODEL_ERROR),
)


def status_of(run: Callable[[], object]) -> int:
    """The status with which the program ends that runs this."""
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        say(f"{_usage(error)}Error: {error.format_message()}")
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        forget(sys.stdout)
        return PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort):
        say("\ninterrupted")
        return INTERRUPTED
    except errors.SymbpttError as error:
        return _report(error)
    except OSError as error:
        forget(sys.stdout)
        where = f"{error.filename}: " if error.filename else ""
        say(f"symbptt: {where}{error.strerror or error}")
        return USAGE
    except Exception as error:  # noqa: BLE001 - a defect becomes a status here
        return _defect(error)
    return DONE


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return ""
    return f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n\n"


def say(words: str) -> None:
    """Say it on stderr; where nothing can be said, the status has to do."""
    try:
        said = terminal.complaint(errors.visible(words), sys.stderr)
        print(said, file=sys.stderr, flush=True)
    except OSError:
        forget(sys.stderr)


def print_text(text: str) -> None:
    """On stdout, in UTF-8 whatever the terminal says it is: a document has one encoding.

    A PDF goes as the bytes that it is.

    Raises
    ------
    BrokenPipeError
        If nobody reads it any more.
    OutputError
        If it can't be written.
    """
    try:
        if sys.stdout is None:
            raise OSError("the stream is closed")
        stream = sys.stdout.buffer
        left = memoryview(encoded(text))
        while left:
            # Without buffering a write to a pipe may end early.
            left = left[stream.write(left) :]
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        forget(sys.stdout)
        why = error.strerror or error
        raise errors.OutputError(f"can't write to standard output: {why}") from error


def forget(stream: TextIO | None) -> None:
    """Lead a stream that takes nothing more into nowhere: Python flushes it once again."""
    if stream is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _report(error: errors.SymbpttError) -> int:
    for kind, status in _STATUS:
        if isinstance(error, kind):
            # An error in a file begins with its name and line, as editors read them.
            in_a_file = isinstance(error, errors.ModelError | errors.DocumentError)
            say(f"{'' if in_a_file else 'symbptt: '}{error}")
            return status
    return _defect(error)


def _defect(error: Exception) -> int:
    if os.environ.get("SYMBPTT_DEBUG"):
        say("".join(traceback.format_exception(error)))
    what = " ".join(str(error).split())
    say(
        f"symbptt: internal error: {type(error).__name__}: {what}\n"
        f"This is a defect of symbptt {__version__}. Please report it where you got symbptt from, "
        "with this command and the model; SYMBPTT_DEBUG=1 shows where it happened."
    )
    return INTERNAL
