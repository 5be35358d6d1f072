"""Writing a folder of many files: what it holds is told in it, with digests.

So a folder tells which of its files still are what symbptt wrote; only those are replaced, and
those that are not made any more are taken away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from symbptt.errors import OutputError
from symbptt.output import replace_file

CONTENTS = "contents.json"


def write_folder(
    folder: Path, files: Mapping[str, bytes], made_by: str, *, force: bool = False
) -> None:
    """Write all files, or none where one of them would replace what a person wrote or changed.

    Parameters
    ----------
    files : mapping of str to bytes
        By their paths within the folder, with ``/``.
    made_by : str
        The command that makes them.
    force : bool
        Also replace what symbptt did not write, or what was changed since.

    Raises
    ------
    OutputError
        If a file would be lost, or can't be written.
    """
    try:
        _write(folder, files, made_by, force)
    except OSError as error:
        raise OutputError(
            f"can't write {error.filename or folder}: {error.strerror or error}"
        ) from error


def _write(folder: Path, files: Mapping[str, bytes], made_by: str, force: bool) -> None:
    before = _contents(folder / CONTENTS)
    for path, data in files.items():
        there = folder / path
        if not force and there.exists() and _digest(there) not in (before.get(path), _of(data)):
            what = "was changed after symbptt wrote it" if path in before else "is not symbptt's"
            raise OutputError(f"{there} {what}; --force replaces it, or name another folder")
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        replace_file(Path(os.path.realpath(folder / path)), data)
    for path in before.keys() - files.keys():
        if (folder / path).is_file() and _digest(folder / path) == before[path]:
            (folder / path).unlink()
    contents = {"made_by": made_by, "files": {path: _of(data) for path, data in files.items()}}
    text = json.dumps(contents, indent=1, ensure_ascii=False, sort_keys=True)
    replace_file(folder / CONTENTS, f"{text}\n".encode())


def _contents(path: Path) -> dict[str, str]:
    """The digests of the files that were written before, by their paths; none if it tells none."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_bytes())
        if str(found["made_by"]).startswith("symbptt "):
            return {str(name): str(digest) for name, digest in found["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise OutputError(f"{path} is not symbptt's; name another folder")


def _digest(path: Path) -> str:
    return _of(path.read_bytes()) if path.is_file() else ""


def _of(data: bytes) -> str:
    return sha256(data).hexdigest()
