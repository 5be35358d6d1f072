"""The forms that a program's arrays may have, and calls at random points with what is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from symbptt import algebra as al
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.errors import EvaluationError
from symbptt.proof.backward import OneSequence
from symbptt.proof.calls import Arrays, ModuleCall, Scenario, called, drawn, scaled
from symbptt.proof.loaded import Loaded, load_module
from symbptt.proof.module_slips import given
from symbptt.proof.place import index_lengths

Axes = Literal["one", "time", "batch", "features"]
Vectors = Literal["flat", "column", "row"]

AXES: dict[Axes, str] = {
    "one": "one sequence, arrays (T, d)",
    "time": "time-major, arrays (T, B, d)",
    "batch": "batch-first, arrays (B, T, d)",
    "features": "features first, arrays (d, B, T)",
}


Integers = Literal["", "places", "all places", "units", "target units"]

INTEGERS: dict[Integers, str] = {
    "": "",
    "places": "inputs that are unit vectors as integers",
    "all places": "inputs and targets that are unit vectors as integers",
    "units": "integers as unit vectors",
    "target units": "targets that are integers as unit vectors",
}


def exchanged(source: al.Input, integers: Integers) -> bool:
    """Whether an input is handed in as integers for unit vectors, or the other way round."""
    whole = source.index_dim is not None
    if integers in ("places", "all places"):
        return not whole and len(source.shape) == 1 and (not source.target or integers[0] == "a")
    return whole and (source.target or integers == "units") and integers != ""


@dataclass(frozen=True)
class ArrayForm:
    """How a program takes its arrays.

    Attributes
    ----------
    axes : str
        A key of `AXES`.
    vectors : str
        Whether vectors among the parameters, and those of one sequence, have an axis of length
        1 more, behind or before their own.
    transposed : bool
        Whether all matrices are transposed, and their gradients: vectors are rows.
    integers : str
        A key of `INTEGERS`: which inputs are exchanged.
    tables : bool
        Whether tables whose rows are looked up are transposed against the other matrices.
    """

    axes: Axes = "one"
    vectors: Vectors = "flat"
    transposed: bool = False
    integers: Integers = ""
    tables: bool = False

    @property
    def words(self) -> str:
        words = [AXES[self.axes]]
        if self.vectors != "flat":
            shape = {"column": "(n, 1)", "row": "(1, n)"}[self.vectors]
            words.append(f"vectors as {self.vectors}s {shape}")
        words += ["matrices transposed"] * self.transposed
        words += [INTEGERS[self.integers]] if self.integers else []
        words += ["tables transposed"] * self.tables
        return ", ".join(words)

    def turns(self, table: bool) -> bool:
        """Whether a matrix, or a table, is handed in transposed."""
        return self.transposed != (table and self.tables)

    def param(self, array: Any, table: bool) -> Any:
        if array.ndim == 2:
            return array.T if self.turns(table) else array
        return self._vector(array) if array.ndim == 1 else array

    def _vector(self, array: Any) -> Any:
        if self.vectors == "flat":
            return array
        return array[..., None] if self.vectors == "column" else array[..., None, :]

    def timed(self, array: Any) -> Any:
        """A value a step, (T, B, …)."""
        match self.axes:
            case "one":
                return self._vector(array[:, 0]) if array.ndim == 3 else array[:, 0]
            case "batch":
                return np.swapaxes(array, 0, 1)
            case "features":
                return np.moveaxis(array, (0, 1), (-1, -2))
        return array

    def untimed(self, array: Any) -> Any:
        """A value a sequence, (B, …)."""
        match self.axes:
            case "one":
                return self._vector(array[0]) if array.ndim == 2 else array[0]
            case "features":
                return np.moveaxis(array, 0, -1)
        return array


def forms(model: al.Model, batch_first: bool, layout: str) -> Iterator[ArrayForm]:
    """All that are tried, likeliest first."""
    axes: tuple[Axes, ...] = ("batch",) if batch_first else ("one", "time", "batch", "features")
    vectors: tuple[Vectors, ...] = ("flat", "column", "row")
    tabled = (False, True) if tables(model) else (False,)
    for integers in _integers(model):
        for table in tabled:
            for each in vectors:
                yield from (ArrayForm(a, each, layout == "row", integers, table) for a in axes)


def _integers(model: al.Model) -> Iterator[Integers]:
    """Those that make a difference."""
    seen: set[tuple[bool, ...]] = set()
    for integers in INTEGERS:
        changed = tuple(exchanged(source, integers) for source in model.inputs)
        if changed not in seen and UPSTREAM not in (
            i.name for i, each in zip(model.inputs, changed, strict=True) if each
        ):
            seen.add(changed)
            yield integers


UPSTREAM = "upstream"
"""The input by which the gradient that is handed in enters a model."""


def tables(model: al.Model) -> frozenset[str]:
    """The parameters whose rows are looked up."""
    return frozenset(
        node.table.name
        for equation in model.equations
        for node in al.walk(equation.rhs)
        if isinstance(node, al.Lookup) and isinstance(node.table, al.Param)
    )


@dataclass(frozen=True)
class ProgramCase:
    """A call of a program, and what its model makes of it.

    Attributes
    ----------
    loss, grads
        Of the mean of the losses, as generated modules return them.
    scale : float
        What its arguments are multiplied with. Where that is much, slopes come to their limits,
        and a gradient is right beside the largest of all.
    """

    call: ModuleCall
    sizes: Mapping[str, int]
    loss: float
    grads: Arrays
    dtype: str = "float64"
    scale: float = 1.0

    @property
    def steps(self) -> int:
        return self.call.scenario.steps

    @property
    def batch(self) -> int:
        return len(self.call.scenario.lengths)

    @property
    def words(self) -> str:
        sizes = ", ".join(f"{name} = {size}" for name, size in self.sizes.items())
        batch = f", B = {self.batch}" if self.batch > 1 else ""
        kind = f", {self.dtype}" if self.dtype != "float64" else ""
        return f"T = {self.steps}{batch}{kind}" + (f" ({sizes})" if sizes else "")


@dataclass
class Subject:
    """A model whose gradients are wanted, and the module that knows them.

    Attributes
    ----------
    model : Model
        With all functions bound.
    starts : tuple of str
        The initial values that the program takes. If it takes none they are the model's own;
        others are 0.
    """

    model: al.Model
    starts: tuple[str, ...]
    _kept: dict[Any, ProgramCase] = field(default_factory=dict)

    @cached_property
    def derivation(self) -> Any:
        return derive(self.model)

    @cached_property
    def module(self) -> Loaded:
        text = generate(self.derivation, level=0)
        return load_module(text, f"<{self.model.name}>", self.model)

    def case(
        self,
        sizes: Mapping[str, int],
        steps: int,
        batch: int = 1,
        *,
        form: ArrayForm,
        scale: float = 1.0,
        dtype: str = "float64",
    ) -> ProgramCase:
        """A random call at which the model is defined.

        Raises
        ------
        EvaluationError
            If none is found.
        """
        integers = form.integers
        key = (tuple(sizes.items()), steps, batch, integers, scale, dtype)
        if key not in self._kept:
            self._kept[key] = self._drawn(sizes, steps, batch, integers, scale, dtype)
        return self._kept[key]

    def _drawn(
        self,
        sizes: Mapping[str, int],
        steps: int,
        batch: int,
        integers: Integers,
        scale: float,
        dtype: str,
    ) -> ProgramCase:
        scenario = Scenario(f"T = {steps}, B = {batch}", steps, (steps,) * batch, carry=True)
        for attempt in range(12):
            rng = np.random.default_rng([steps, batch, attempt])
            call = drawn(self.model, sizes, scenario, rng, positive=attempt > 5)
            carry = self._taken(call.carry or {}) if self.starts else None
            call = scaled(replace(call, carry=carry, carry_grad=None), scale)
            if integers:
                call = replace(call, inputs=_units(self.model, call.inputs, integers, rng))
            with np.errstate(all="ignore"):
                loss, grads, _ = called(self.module, call)
            if all(np.all(np.isfinite(array)) for array in grads.values()):
                return ProgramCase(call, sizes, float(loss), grads, dtype, scale)
        raise EvaluationError(f"{self.model.name} has no finite gradients at {scenario.words}")

    def _taken(self, carry: Arrays) -> Arrays:
        return {k: a if k in self.starts else np.zeros_like(a) for k, a in carry.items()}

    def sequence(self, case: ProgramCase, found: Arrays) -> OneSequence:
        """The first sequence of a call, with the gradients that were returned for it."""
        places = given(self.model, case.call)
        for initial in self.model.initials:
            if case.call.carry is None and initial.value is None:
                shape = case.grads[initial.key].shape[1:] if initial.key in case.grads else ()
                places[initial.name, initial.step] = np.zeros(shape)
        return OneSequence(case.sizes, case.steps, places, found)


def _units(model: al.Model, inputs: Arrays, integers: Integers, rng: np.random.Generator) -> Arrays:
    """The inputs, unit vectors where a program takes their places."""
    found = dict(inputs)
    for source in model.inputs:
        if source.index_dim is None and exchanged(source, integers):
            array = inputs[source.name]
            places = rng.integers(array.shape[-1], size=array.shape[:-1])
            found[source.name] = np.eye(array.shape[-1])[places]
    return found


def handed(model: al.Model, case: ProgramCase, form: ArrayForm) -> Iterator[tuple[str, Any, bool]]:
    """What a program is handed: by the model's names, whether as a list."""
    kind = np.dtype(case.dtype)
    looked = tables(model)
    for name, array in case.call.params.items():
        yield name, form.param(array, name in looked).astype(kind), False
    lengths = index_lengths(model, case.sizes)
    for source in model.inputs:
        array = case.call.inputs[source.name]
        whole = source.index_dim is not None
        if exchanged(source, form.integers):
            array = np.argmax(array, axis=-1) if not whole else np.eye(lengths[source.name])[array]
            whole = not whole
        if source.name == UPSTREAM:
            # L is the mean of what is handed in times the quantity; a program takes the whole.
            array = array / (case.batch * (case.steps if source.timed else 1))
        array = form.timed(array) if source.timed else form.untimed(array)
        as_list = whole and form.axes == "one" and source.timed
        yield source.name, array if whole else array.astype(kind), as_list
    for initial in model.initials:
        start = _start(case, initial.key)
        if start is not None:
            laid = form.untimed(start)
            yield initial.key, laid if laid.dtype.kind in "iu" else laid.astype(kind), False


def _start(case: ProgramCase, key: str) -> Any | None:
    """An initial value, 0 where none is given; None where it is an integer's."""
    if case.call.carry is not None:
        return case.call.carry[key]
    return np.zeros_like(case.grads[key]) if key in case.grads else None


def own(model: al.Model, case: ProgramCase, form: ArrayForm, name: str, array: Any) -> Any | None:
    """A returned gradient in the model's shape; None where it is of another shape."""
    array = np.asarray(array, dtype=float)
    if name in case.call.params:
        right, table = case.call.params[name], name in tables(model)
        if array.shape == form.param(right, table).shape:
            turned = right.ndim == 2 and form.turns(table)
            return array.T if turned else array.reshape(right.shape)
    else:
        right = case.grads[name]
        if array.shape == form.untimed(right).shape:
            back = form.axes == "features"
            return np.moveaxis(array, -1, 0) if back else array.reshape(right.shape)
    return array.reshape(right.shape) if _is_vector(array.shape, right.shape) else None


def _is_vector(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether both are one vector, with axes of length 1."""
    lengths = [tuple(n for n in shape if n != 1) for shape in (found, wanted)]
    return lengths[0] == lengths[1] and len(lengths[0]) <= 1
