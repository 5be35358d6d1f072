"""The program ``symbptt``, which is also ``python -m symbptt``."""

import sys
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130


class Interruption(KeyboardInterrupt):
    """An interruption; Python ends by the signal if one of exactly its own class left an ``exec``.

    It does so even where the interruption was answered, and with a status of its own.
    """


def main() -> NoReturn:
    """Run the command line; whenever a signal comes, it leaves no traceback and no half a file."""
    try:
        _take_signals()
        from symbptt.cli import main as command_line

        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.reconfigure(errors="backslashreplace")
        command_line(prog_name="symbptt")
    except KeyboardInterrupt:
        # While the command line was loaded, which itself answers interruptions.
        sys.exit(INTERRUPTED)
    sys.exit()


def _take_signals() -> None:
    """What would kill the program ends it as an exception does: what was begun is cleared away."""
    import signal

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _leave)
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise Interruption


if __name__ == "__main__":
    main()
