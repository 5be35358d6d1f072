"""Writing results: a whole file or none, and never over what a person wrote or changed.

The head of every result says what made it, and bears a digest of the text without that digest: so
a file tells whether it still is what symbptt wrote.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice, zip_longest
from pathlib import Path

from symbptt.errors import OutputError

MARK = "made by symbptt"
"""What the head of every result says, in a comment of its own format."""

YOURS = (
    "The code is yours: use, change and license it as you like; symbptt's authors claim nothing."
)
"""What a head says of the rights in generated code."""

_MARK = re.compile(rf"\b{MARK}\b", re.IGNORECASE)
_SIGNED = re.compile(rf"(\b{MARK}) \(digest ([0-9a-f]{{16}})\)", re.IGNORECASE)
_DATA = re.compile(r"\s*\{\s*\"made_by\": \"symbptt\b")
_HEAD = 2_000
_PDF = "%PDF-"
_LINES, _COLUMNS = 3, 100

_begun: set[Path] = set()
"""Files that do not yet bear their own name."""


def pdf_text(data: bytes, maker: str) -> str:
    """A PDF as a text, a letter a byte, with a comment at its end that says what made it."""
    return f"{data.decode('latin-1').rstrip()}\n% {MARK}: {maker}\n"


def is_pdf(text: str) -> bool:
    return text.startswith(_PDF)


def encoded(text: str) -> bytes:
    """As it stands in a file."""
    return text.encode("latin-1" if is_pdf(text) else "utf-8")


def _decoded(data: bytes) -> str:
    if data.startswith(_PDF.encode()):
        return data.decode("latin-1")
    return data.decode("utf-8", errors="replace")


def _marked(text: str) -> tuple[int, int]:
    """Between which places the mark stands: in the head, in a PDF at the end."""
    return (max(0, len(text) - _HEAD), len(text)) if is_pdf(text) else (0, _HEAD)


def signed(text: str) -> str:
    """The text with its digest behind the mark in its head; what has it, or no mark, as it is."""
    mark = _MARK.search(text, *_marked(text))
    if mark is None or _SIGNED.search(text, *_marked(text)):
        return text
    return f"{text[: mark.end()]} (digest {_digest(text)}){text[mark.end() :]}"


def says_its_maker(text: str) -> bool:
    """Whether the head of a text says that symbptt made it."""
    return bool(_MARK.search(text, *_marked(text)) or _DATA.match(text))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def unsigned(text: str) -> str:
    """The text without its digest."""
    start = _marked(text)[0]
    return text[:start] + _SIGNED.sub(r"\1", text[start:], count=1)


def write(path: Path, text: str, *, force: bool = False) -> None:
    """Write a result; at no moment does ``path`` hold a part of it.

    Parameters
    ----------
    force : bool
        Also replace a file that symbptt did not write, or that was changed since.

    Raises
    ------
    OutputError
        If ``path`` holds something else, with the first lines that differ, or can't be written.
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
        replace_file(target, encoded(text))
        return
    if not regular:
        # A device or a pipe is written to, not replaced; a folder answers with an OSError.
        target.write_bytes(encoded(text))
        return
    if not os.access(target, os.W_OK):
        raise OutputError(f"can't write {path}: the file is read-only")
    if not force:
        refuse_to_lose(path, _decoded(target.read_bytes()), text)
    replace_file(target, encoded(text))


def is_as_made(text: str) -> bool:
    """Whether a text is what symbptt wrote, by what its head says; an empty one counts."""
    # An editor's or a repository's ends of lines are no change of the text.
    text = text if is_pdf(text) else text.replace("\r\n", "\n")
    found = _SIGNED.search(text, *_marked(text))
    if found is None:
        return not text or bool(_DATA.match(text))
    return found[2] == _digest(unsigned(text))


def refuse_to_lose(path: Path, found: str, text: str) -> None:
    """Refuse to put a text in the place of what a person wrote or changed.

    Raises
    ------
    OutputError
        With the first lines that differ.
    """
    if is_as_made(found) or found == text:
        return
    if not says_its_maker(found):
        raise OutputError(f"{path} was not written by symbptt; --force replaces it")
    if is_pdf(found):
        raise OutputError(f"{path} was changed after symbptt wrote it; --force replaces it")
    differing = "\n".join(islice(_differing(unsigned(found), unsigned(text)), _LINES))
    raise OutputError(
        f"{path} was changed after symbptt wrote it; --force replaces it. What is there, and what "
        f"would be:\n{differing}"
    )


def _differing(found: str, text: str) -> Iterator[str]:
    """Lines of a file beside those in their place."""
    pairs = zip_longest(found.splitlines(), text.splitlines())
    for number, (there, new) in enumerate(pairs, start=1):
        if there != new:
            yield f"  line {number} there: {_shown(there)}\n  line {number} new:   {_shown(new)}"


def _shown(line: str | None) -> str:
    if line is None:
        return "(no line)"
    shown = "".join(letter if letter.isprintable() else "?" for letter in line)
    return shown if len(shown) <= _COLUMNS else f"{shown[:_COLUMNS]} …"


def replace_file(target: Path, data: bytes) -> None:
    """Through a file beside it: renaming is all or nothing."""
    # A short name: that of the target may be as long as names can be.
    beside = target.with_name(f".symbptt-{os.getpid()}.part")
    _begun.add(beside)
    try:
        beside.write_bytes(data)
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    finally:
        clear_away()


def clear_away() -> None:
    """Remove the files that were begun; what ends the program at once does so, too."""
    for path in tuple(_begun):
        path.unlink(missing_ok=True)
        _begun.discard(path)
