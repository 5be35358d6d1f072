"""The program ``symbptt``, which is also ``python -m symbptt``."""

import sys
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130


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


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
