"""Writing results: a whole file or none, and never over what symbptt did not write."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from symbptt.errors import OutputError

MARK = "made by symbptt"
"""What the head of every result says, in a comment of its own format."""

_MADE_BY_US = re.compile(r"\b(?:made|generated|written)[ _]by\W{1,4}symbptt\b", re.IGNORECASE)
_HEAD = 2_000


def write(path: Path, text: str, *, force: bool = False) -> None:
    """Write a result; at no moment does ``path`` hold a part of it.

    Parameters
    ----------
    force : bool
        Also replace a file that symbptt did not write.

    Raises
    ------
    OutputError
        If ``path`` holds something else, or can't be written.
    """
    try:
        _write(path, text, force)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror or error}") from error


def _write(path: Path, text: str, force: bool) -> None:
    target = Path(os.path.realpath(path))
    try:
        regular = stat.S_ISREG(target.stat().st_mode)
    except FileNotFoundError:
        _replace(target, text)
        return
    if not regular:
        # A device or a pipe is written to, not replaced; a folder answers with an OSError.
        target.write_text(text, encoding="utf-8")
        return
    if not os.access(target, os.W_OK):
        raise OutputError(f"can't write {path}: the file is read-only")
    if not force and not is_ours(target):
        raise OutputError(f"{path} was not written by symbptt; --force replaces it")
    _replace(target, text)


def is_ours(path: Path) -> bool:
    """Whether symbptt wrote the file, by what its head says; an empty file counts."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return not head or bool(_MADE_BY_US.search(head.decode("utf-8", errors="replace")))


def _replace(target: Path, text: str) -> None:
    """Through a file beside it: renaming is all or nothing."""
    # A short name: that of the target may be as long as names can be.
    beside = target.with_name(f".symbptt-{os.getpid()}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
