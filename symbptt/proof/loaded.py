"""A generated module as somebody may hand it in: executed, its interface checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any

from symbptt.algebra import Dim, Model
from symbptt.errors import InterfaceError

TABLES = ("DIMS", "PARAMS", "INPUTS", "INDEX_INPUTS", "CARRY")
FUNCTIONS = ("init_params", "forward", "loss_and_grads", "clip_gradients", "Workspace")
NAMES = ("MODEL", "EQUATIONS", *TABLES, *FUNCTIONS)

RAISED = (Exception, SystemExit)
"""What a module under examination may raise: anything. Only what is its own runs where this is
caught, so that nothing of symbptt's is taken for it."""

Axis = str | int


@dataclass(frozen=True)
class Loaded:
    """A module that offers what generated-module.md describes."""

    name: str
    module: ModuleType

    def table(self, name: str) -> Mapping[str, tuple[Axis, ...]]:
        found: Mapping[str, tuple[Axis, ...]] = getattr(self.module, name)
        return found

    @property
    def index_inputs(self) -> Mapping[str, Axis]:
        found: Mapping[str, Axis] = self.module.INDEX_INPUTS
        return found

    @property
    def needs_steps(self) -> bool:
        """Whether no input tells T; `loss_and_grads` then takes ``steps``."""
        return not any(axes[:1] == ("T",) for axes in self.table("INPUTS").values())

    def call(self, function: str, *args: Any, **keywords: Any) -> Any:
        """One of the module's functions.

        Raises
        ------
        InterfaceError
            If it raises.
        """
        run: Callable[..., Any] = getattr(self.module, function)
        try:
            return run(*args, **keywords)
        except RAISED as error:
            kind, lines = type(error).__name__, _lines(error, self.name)
            where = f" at line {lines[-1]}" if lines else ""
            message = f"{self.name}: {function} raised {kind}{where}: {error}"
            raise InterfaceError(message) from error


def _lines(error: BaseException, file: str) -> list[int]:
    """The lines of a file that an error came through."""
    frames = walk_tb(error.__traceback__)
    return [line for frame, line in frames if frame.f_code.co_filename == file]


def load_module(source: str, name: str, model: Model) -> Loaded:
    """The module with the given text.

    Raises
    ------
    InterfaceError
        If it can't be executed, lacks a name, or its tables are not the model's.
    """
    module = ModuleType("verified_module")
    try:
        exec(compile(source, name, "exec"), module.__dict__)
    except RAISED as error:
        raise InterfaceError(f"{name} can't be executed: {error}") from error
    missing = [wanted for wanted in NAMES if not hasattr(module, wanted)]
    if missing:
        raise InterfaceError(f"{name} lacks {', '.join(missing)}")
    for table, expected in tables(model).items():
        found = getattr(module, table)
        if found != expected:
            raise InterfaceError(f"{name}: {table} is {found}, but {model.name} has {expected}")
    return Loaded(name, module)


def read_module(path: str | Path, model: Model) -> Loaded:
    """The module in a file; see `load_module`.

    Raises
    ------
    InterfaceError
        Also if the file can't be read.
    """
    try:
        source = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InterfaceError(f"{path} can't be read: {error}") from error
    return load_module(source, str(path), model)


def tables(model: Model) -> dict[str, Any]:
    """The tables that a model's module has."""

    def axes(*shape: Dim) -> tuple[Axis, ...]:
        return tuple(dim if isinstance(dim, str | int) else str(dim) for dim in shape)

    return {
        "DIMS": model.dims,
        "PARAMS": {p.name: axes(*p.shape) for p in model.parameters},
        "INPUTS": {
            i.name: axes(*(("T", "B") if i.timed else ("B",)), *i.shape) for i in model.inputs
        },
        "INDEX_INPUTS": {
            i.name: axes(i.index_dim)[0] for i in model.inputs if i.index_dim is not None
        },
        "CARRY": {i.key: axes("B", *i.shape) for i in model.initials},
    }
