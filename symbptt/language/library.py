"""The built-in models, and model files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from symbptt.algebra import Model
from symbptt.errors import UnknownNameError, meant
from symbptt.language.parser import parse
from symbptt.language.source import MAX_BYTES, decode

SUFFIX = ".rnn"


def names() -> tuple[str, ...]:
    """The built-in models, in alphabetical order."""
    found = (entry.name for entry in files("symbptt.models").iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX)))


def differentiable() -> tuple[str, ...]:
    """The built-in models that have a loss: what can be derived."""
    return tuple(name for name in names() if load(name).loss is not None)


def runnable() -> tuple[str, ...]:
    """Those whose functions are all concrete or have a default: what becomes a module."""
    models = (load(name) for name in differentiable())
    return tuple(m.name for m in models if all(a.default is not None for a in m.abstract))


def load(name_or_path: str, bindings: Mapping[str, str] | None = None) -> Model:
    """A built-in model by its name, or one from a file.

    Parameters
    ----------
    name_or_path : str
        With a ``/`` or a ``.`` in it, a file.
    bindings : mapping of str to str, optional
        As in `parse`.

    Raises
    ------
    ModelError
        If the model is in error.
    UnknownNameError
        If there is no such built-in model.
    OSError
        If the file can't be read.
    """
    if "/" in name_or_path or "." in name_or_path or "\\" in name_or_path:
        path = Path(name_or_path)
        return parse(decode(_read(path), name_or_path), path.stem, name_or_path, bindings)
    known = names()
    if name_or_path not in known:
        hint = meant(name_or_path, known, f"there are {', '.join(known)}")
        raise UnknownNameError(
            f"no built-in model is called {name_or_path!r}; {hint} "
            "(a file has a '/' or a '.' in its name)"
        )
    file = name_or_path + SUFFIX
    data = files("symbptt.models").joinpath(file).read_bytes()
    return parse(decode(data, file), name_or_path, name_or_path, bindings)


def _read(path: Path) -> bytes:
    """The file's bytes, no more of them than show that it is too long."""
    with path.open("rb") as file:
        head = file.read(MAX_BYTES + 1)
        if len(head) <= MAX_BYTES or not file.seekable():
            return head
        file.seek(0)
        return file.read(16 * MAX_BYTES)
