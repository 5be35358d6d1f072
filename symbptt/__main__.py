"""The program ``symbptt``, which is also ``python -m symbptt``."""

import gc
import os
import signal
import sys
from functools import partial
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; whenever a signal comes, it leaves no traceback and no half a file."""
    _take_signals()
    # Expressions are many, live long and make few cycles: to look for garbage among them at
    # Python's own thresholds is a tenth of the time of a proof.
    gc.set_threshold(100_000, 20, 100)
    from symbptt.cli import main as command_line

    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")
    command_line(prog_name="symbptt")
    sys.exit()


def _take_signals() -> None:
    """Answer what would kill the program; what it was told to be deaf to, it stays deaf to."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, partial(_leave, os.getpid()))


def _leave(own: int, number: int, frame: FrameType | None) -> NoReturn:
    """End here and now, once what was begun is cleared away.

    Nothing is raised: what runs may catch any exception, as SymPy does, and go on without it.
    A process that was forked, which has the handlers too, ends in silence.
    """
    try:
        if os.getpid() == own:
            # What is not loaded has begun nothing.
            for begins in ("symbptt.output", "symbptt.handwritten.process"):
                getattr(sys.modules.get(begins), "clear_away", list)()
            for child in getattr(sys.modules.get("multiprocessing"), "active_children", list)():
                child.terminate()
            if number == signal.SIGINT and sys.stderr is not None:
                os.write(sys.stderr.fileno(), b"\ninterrupted\n")
    finally:
        os._exit(128 + number)


if __name__ == "__main__":
    main()
