"""Parameters, inputs and initial values: from a file, and at random what it leaves out."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from symbptt import algebra as al
from symbptt.codegen.render import generate
from symbptt.errors import AnalysisError
from symbptt.proof.evaluate import length, lengths
from symbptt.proof.loaded import load_module

Array = Any
Arrays = Mapping[str, Array]

SIZE = 32
"""The length of a dimension that nothing tells."""

MATRIX_SIZE = 6
"""The same where a state is a matrix, which has as many entries as both its lengths multiply to."""

STEPS = 50


@dataclass(frozen=True)
class Numbers:
    """All that a run of a recurrence is given, for one sequence.

    Attributes
    ----------
    sizes : mapping of str to int
        Of the recurrence's dimensions.
    params, inputs, carry : mappings of arrays
        Shapes as in the model; inputs (T, 1, …), carry (1, …). ``carry`` may be partial.
    drawn : tuple of str
        What was drawn at random.
    """

    sizes: Mapping[str, int]
    params: Arrays
    inputs: Arrays
    carry: Arrays
    steps: int
    drawn: tuple[str, ...]


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of an ``.npz`` file.

    Raises
    ------
    AnalysisError
        If it can't be read, or holds something else.
    """
    try:
        # Opened here: NumPy leaves a file open that is no archive.
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise AnalysisError(f"{path}: expected an .npz file, arrays with names")
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        what = getattr(error, "strerror", None) or error
        raise AnalysisError(f"{path} can't be read as an .npz file: {what}") from error


def at_least_one(**options: int | None) -> None:
    """Refuse numbers below 1, by name."""
    for name, value in options.items():
        if value is not None and value < 1:
            raise AnalysisError(f"{name} is at least 1, not {value}")


class _Sizes:
    """Dimensions as they become known, each with where it was said."""

    def __init__(self, model: al.Model, chosen: Mapping[str, int]) -> None:
        self.model = model
        self.known: dict[str, tuple[int, str]] = {}
        for name, size in chosen.items():
            if name not in model.dims:
                listed = ", ".join(model.dims) or "none"
                raise AnalysisError(
                    f"{model.name} has no dimension {name!r}; its dimensions: {listed}"
                )
            if size < 1:
                raise AnalysisError(f"the dimension {name} is at least 1, not {size}")
            self.known[name] = (size, "the options")

    def learn(self, shape: al.Shape, found: tuple[int, ...], where: str) -> None:
        """Take over what an array tells of dimensions not known yet."""
        if len(shape) == len(found):
            for dim, size in zip(shape, found, strict=True):
                if isinstance(dim, str):
                    self.known.setdefault(dim, (size, where))

    def check(self, shape: al.Shape, found: tuple[int, ...], where: str, lead: int = 0) -> None:
        """Refuse an array that does not fit what is known, with what it tells itself."""
        self.learn(shape, found, where)
        fits = len(shape) == len(found)
        if fits and all(self.of(dim) == size for dim, size in zip(shape, found, strict=True)):
            return
        axes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        sources = [
            f"{name} = {self.known[name][0]} from {self.known[name][1]}"
            for name in dict.fromkeys(al.dim_names(shape))
            if name in self.known and self.known[name][1] != where
        ]
        told = f" ({'; '.join(sources)})" if sources else ""
        after = f" after its first {lead} axes" if lead else ""
        raise AnalysisError(f"{where}: expected axes ({axes}){told}, found shape {found}{after}")

    def of(self, dim: al.Dim) -> int:
        return length(dim, self.all())

    def all(self) -> dict[str, int]:
        matrices = any(len(initial.shape) > 1 for initial in self.model.initials)
        size = MATRIX_SIZE if matrices else SIZE
        return {name: self.known.get(name, (size, ""))[0] for name in self.model.dims}


def gather(
    model: al.Model,
    core: al.Model,
    given: Arrays,
    *,
    source: str = "the arrays given",
    dims: Mapping[str, int] | None = None,
    steps: int | None = None,
    sequence: int = 1,
    seed: int = 0,
) -> Numbers:
    """What a run needs: what is given, and at random what is not.

    Parameters
    ----------
    model, core : Model
        The whole model, functions bound, and its recurrence.
    given : mapping of arrays
        By the names of parameters, inputs (T, …) or (T, B, …) and initial values, ``h[0]``,
        (…) or (B, …). Either no parameter of the recurrence or all of them.
    source : str
        Where ``given`` comes from, for messages.
    sequence : int
        Which of B sequences, from 1.

    Raises
    ------
    AnalysisError
        If a key is missing or unknown, a shape does not fit, or an entry is not finite.
    """
    reader = _ArrayReader(model, core, given, source, dims or {}, sequence)
    count = reader.count_steps(steps)
    params = reader.params()
    drawn = [] if params else ["parameters"] if core.parameters else []
    if not params:
        params = draw_params(model, reader.sizes.all(), seed)
    inputs: dict[str, Array] = {}
    for place, item in enumerate(core.inputs):
        if item.name in reader.inputs:
            inputs[item.name] = reader.inputs[item.name][:count]
        else:
            drawn.append(item.name)
            inputs[item.name] = draw_input(item, reader.sizes.all(), count, [seed, place])
    return Numbers(
        sizes={name: reader.sizes.of(name) for name in core.dims},
        params={p.name: params[p.name] for p in core.parameters},
        inputs=inputs,
        carry=reader.carry,
        steps=count,
        drawn=tuple(drawn),
    )


@dataclass
class _ArrayReader:
    """The arrays given, checked."""

    model: al.Model
    core: al.Model
    arrays: Arrays
    source: str
    dims: Mapping[str, int]
    sequence: int

    def __post_init__(self) -> None:
        self.sizes = _Sizes(self.model, self.dims)
        self.given = {key: self.real(key, array) for key, array in self.arrays.items()}
        self.check_keys()
        for parameter in self.model.parameters:
            if parameter.name in self.given:
                shape = self.given[parameter.name].shape
                self.sizes.learn(parameter.shape, shape, self.where(parameter.name))
        self.inputs = {i.name: self.input(i) for i in self.core.inputs if i.name in self.given}
        self.carry = {i.key: self.start(i) for i in self.core.initials if i.key in self.given}

    def where(self, key: str) -> str:
        return f"{self.source}: {key}"

    def real(self, key: str, array: Any) -> Array:
        found = np.asarray(array)
        if found.dtype.kind not in "fiub":
            raise AnalysisError(f"{self.where(key)}: expected real numbers, found {found.dtype}")
        if not np.all(np.isfinite(found)):
            raise AnalysisError(f"{self.where(key)}: has entries that are not finite")
        return found

    def check_keys(self) -> None:
        known = [
            *(p.name for p in self.model.parameters),
            *(i.name for i in self.model.inputs),
            *(i.key for i in self.model.initials),
        ]
        unknown = [key for key in self.given if key not in known]
        if unknown:
            raise AnalysisError(
                f"{self.source}: {self.model.name} has nothing called {', '.join(unknown)}; "
                f"expected some of: {', '.join(known)}"
            )

    def params(self) -> dict[str, Array]:
        """The parameters, if there are any."""
        wanted = [p.name for p in self.core.parameters]
        missing = [name for name in wanted if name not in self.given]
        if wanted and len(missing) == len(wanted):
            return {}
        if missing:
            raise AnalysisError(
                f"{self.source}: lacks {', '.join(missing)}; the recurrence needs "
                f"{', '.join(wanted)}"
            )
        for parameter in self.model.parameters:
            if parameter.name in self.given:
                shape = self.given[parameter.name].shape
                self.sizes.check(parameter.shape, shape, self.where(parameter.name))
        return {name: self.given[name].astype(np.float64) for name in wanted}

    def input(self, item: al.Input) -> Array:
        """An input with one sequence, (T, 1, …)."""
        array, where = self.given[item.name], self.where(item.name)
        if array.ndim == len(item.shape) + 1:
            array = array[:, None]
        if array.ndim != len(item.shape) + 2:
            axes = ", ".join(["T", "B", *map(str, item.shape)])
            raise AnalysisError(f"{where}: expected axes ({axes}), found shape {array.shape}")
        self.sizes.check(item.shape, array.shape[2:], where, lead=2)
        array = self.one(array, 1, where)
        return self.typed(item, array, where)

    def typed(self, item: al.Input, array: Array, where: str) -> Array:
        if item.index_dim is None:
            return array.astype(np.float64)
        if array.dtype.kind not in "iu":
            raise AnalysisError(f"{where}: expected integers, found {array.dtype}")
        limit = self.sizes.of(item.index_dim)
        if array.size and not 0 <= array.min() <= array.max() < limit:
            raise AnalysisError(
                f"{where}: expected 0 <= index < {limit}, found {array.min()} to {array.max()}"
            )
        return array

    def start(self, initial: al.Initial) -> Array:
        """An initial value of one sequence, (1, …)."""
        array, where = self.given[initial.key], self.where(initial.key)
        if array.ndim == len(initial.shape):
            array = array[None]
        self.sizes.check(initial.shape, array.shape[1:], where, lead=1)
        array = self.one(array, 0, where)
        item = next((i for i in self.core.inputs if i.name == initial.name), None)
        return array.astype(np.float64) if item is None else self.typed(item, array, where)

    def one(self, array: Array, axis: int, where: str) -> Array:
        """The sequence asked for, its axis kept."""
        count = array.shape[axis]
        if count == 1:
            return array
        if self.sequence > count:
            raise AnalysisError(f"{where}: has {count} sequences, not {self.sequence}")
        return np.take(array, [self.sequence - 1], axis=axis)

    def count_steps(self, steps: int | None) -> int:
        """T: as many steps as are asked for, or as the inputs have."""
        lengths_found = {name: len(array) for name, array in self.inputs.items()}
        if not lengths_found:
            return STEPS if steps is None else steps
        least = min(lengths_found.values())
        if len(set(lengths_found.values())) > 1:
            listed = ", ".join(f"{name} {count}" for name, count in lengths_found.items())
            raise AnalysisError(f"{self.source}: the inputs differ in their steps: {listed}")
        if least < 1:
            raise AnalysisError(f"{self.source}: the inputs have no steps")
        if steps is not None and steps > least:
            raise AnalysisError(f"{self.source}: the inputs have {least} steps, not {steps}")
        return least if steps is None else steps


def draw_params(model: al.Model, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    """The parameters that the model's generated module begins a training with."""
    if model.loss is None:
        model = replace(model, equations=(*model.equations, al.Equation("loss", al.ZERO, ())))
    module = load_module(generate(model), f"the module of {model.name}", model)
    drawn: dict[str, Array] = module.call("init_params", sizes, seed=seed, dtype=np.float64)
    return drawn


def draw_input(item: al.Input, sizes: Mapping[str, int], steps: int, seed: list[int]) -> Array:
    """Standard normal entries (a matrix scaled to keep lengths), uniform integers."""
    rng = np.random.default_rng(seed)
    if item.index_dim is not None:
        return rng.integers(length(item.index_dim, sizes), size=(steps, 1))
    shape = lengths(item.shape, sizes)
    scale = np.sqrt(shape[1]) if len(shape) == 2 else 1.0
    return rng.standard_normal((steps, 1, *shape)) / scale
