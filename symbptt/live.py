"""Generated modules as objects of this process, and cells of a notebook that are models."""

from __future__ import annotations

import linecache
from types import ModuleType
from typing import Any, Protocol

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.errors import OptionError, SymbpttError
from symbptt.language.parser import parse
from symbptt.proof.trial import generate


def module(source: Model | Derivation, **options: Any) -> ModuleType:
    """The generated module of a model, imported.

    >>> made = symbptt.module(symbptt.parse(text))
    >>> params = made.init_params({name: 8 for name in made.DIMS})

    Parameters
    ----------
    source : Model or Derivation
    options
        Those of `symbptt.generate`, as ``level=0``.

    Returns
    -------
    ModuleType
        With what generated modules offer: ``forward``, ``loss_and_grads`` and so on. Its text is
        there for `inspect` and for tracebacks; it is in no list of imported modules.

    Raises
    ------
    SymbpttError
        What `symbptt.generate` raises.
    """
    model = source.model if isinstance(source, Derivation) else source
    text = generate(source, **options)
    made = ModuleType(model.name, f"Generated from the model {model.name}.")
    made.__file__ = f"<symbptt {model.name} {len(linecache.cache)}>"
    linecache.cache[made.__file__] = len(text), None, text.splitlines(True), made.__file__
    exec(compile(text, made.__file__, "exec"), made.__dict__)
    return made


class Shell(Protocol):
    """What is used of IPython's shell."""

    user_ns: dict[str, Any]

    def register_magic_function(self, func: Any, magic_kind: str, magic_name: str) -> None: ...


def load_ipython_extension(shell: Shell) -> None:
    """Give a notebook the cell magic ``%%symbptt``.

    Its cell is the text of a model, which is shown and bound to the name behind the magic, to
    ``model`` without one. An error of the text is printed with its place.
    """

    def cell_magic(line: str, cell: str) -> Model | None:
        name = line.strip() or "model"
        if not name.isidentifier():
            raise OptionError(f"expected a name for the model behind %%symbptt, found {name!r}")
        try:
            model = parse(cell, name)
        except SymbpttError as error:
            print(error)
            return None
        shell.user_ns[name] = model
        return model

    shell.register_magic_function(cell_magic, "cell", "symbptt")
