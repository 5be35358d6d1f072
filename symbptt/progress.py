"""A progress bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress
from typing import TextIO

_WIDTH = 28


class Progress:
    """One line on stderr that says how far a long job is.

    Parameters
    ----------
    title : str
    every : float or None
        Where stderr is no terminal: seconds between plain lines; None for no lines.
    """

    def __init__(
        self, title: str, *, every: float | None = None, stream: TextIO | None = None
    ) -> None:
        self.title = title
        self.stream = sys.stderr if stream is None else stream
        # Python has no stderr where that is closed; a dumb terminal can't take a line back.
        seen = self.stream is not None and self.stream.isatty()
        self.live = seen and os.environ.get("TERM") != "dumb"
        self.every = 0.1 if self.live else every if self.stream is not None else None
        self.last = -float("inf")

    def show(self, fraction: float, note: str = "") -> None:
        """Say that ``fraction`` (0 to 1) is done; calls in quick succession are skipped."""
        now = time.monotonic()
        if self.every is None or now - self.last < self.every:
            return
        self.last = now
        percent = f"{100 * min(1.0, fraction):3.0f} %"
        if self.live:
            full = round(_WIDTH * min(1.0, fraction))
            bar = "█" * full + "░" * (_WIDTH - full)
            # A line that wraps can't be taken back.
            line = f"{self.title} {bar} {percent} {note}"[: shutil.get_terminal_size().columns - 1]
            self._write(f"\r\x1b[2K{line}")
        else:
            self._write(f"{self.title} {percent} {note}\n")

    def done(self) -> None:
        """Take the bar away: what follows starts on a clean line."""
        if self.live:
            self._write("\r\x1b[2K")

    def _write(self, text: str) -> None:
        """No work stops because nobody can be told of it."""
        with suppress(OSError):
            self.stream.write(text)
            self.stream.flush()
