"""The door to SymPy: a model unrolled for small T, its loss and gradients as expressions.

Forward, `symbptt.proof.unrolled` runs the model in the domain of SymPy expressions; backward,
the derivation's own steps are read there, as a person would read them. `sympy.diff` of L takes
no part in it and is what the gradients can be compared with.
"""

from __future__ import annotations

import keyword
import math
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import sympy

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.gradients import derive
from symbptt.calculus.normal import normalize
from symbptt.errors import OptionError, UnknownNameError
from symbptt.formula.meaning import Meaning, resolved
from symbptt.formula.names import derived_form
from symbptt.formula.ranges import Free
from symbptt.formula.reading import read
from symbptt.formula.scenes import Clock, Scene, Stage
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.proof.domain import Array
from symbptt.proof.entries import NoPlaceError
from symbptt.proof.exact import Calculation, RandomPoint, member_value
from symbptt.proof.ledger import Ledger, step_of
from symbptt.proof.points import draw
from symbptt.proof.symbols import Expressions, symbol_array
from symbptt.proof.unrolled import Trajectory, Variable, unrolled
from symbptt.tables import Printed
from symbptt.unrolled import Answer, answer

SIZE = 2
"""The length of a dimension for which none is given."""

WORDS = frozenset(
    word for row in FUNCTIONS.values() for word in re.findall(r"[A-Za-z]\w*", row.sympy)
) | {
    "Derivative", "E", "Function", "I", "L", "Matrix", "Piecewise", "S", "Subs", "adjoints", "of",
    "pi", "same", "sqrt", "sympy", "symbols", "values", *keyword.kwlist,
}  # fmt: skip
"""What no symbol is called, since a script that is written of it means something else."""


def unroll(model: Model, T: int = 3, sizes: Mapping[str, int] | None = None) -> Unrolled:
    """The model unrolled for T steps, in SymPy.

    Parameters
    ----------
    T : int
    sizes : mapping of str to int, optional
        Lengths of the model's dimensions; `SIZE` for those left out. Expressions grow fast
        with both.

    Raises
    ------
    UnknownNameError
        If the model has no dimension of that name.
    OptionError
        If T or a length is below 1.
    """
    lengths = dict.fromkeys(model.dims, SIZE) | dict(sizes or {})
    for name in (one for one in lengths if one not in model.dims):
        known = ", ".join(model.dims) or "none"
        raise UnknownNameError(f"{model.name} has no dimension {name}; it has: {known}")
    for name, value in (("T", T), *lengths.items()):
        if value < 1:
            raise OptionError(f"{name} is at least 1, not {value}")
    return Unrolled(model, T, lengths)


class Unrolled(Printed):
    """Every quantity at every step, L and its gradients, in SymPy's expressions.

    A scalar is an expression, a vector a column and a matrix a `sympy.Matrix`. What the model
    is given (parameters, inputs, initial values) is made of symbols: ``W_hh_1_2`` for an entry,
    ``x_3_1`` for an entry at step 3. An integer input is a fixed integer, as a unit vector.

    Attributes
    ----------
    model : Model
    T : int
    sizes : mapping of str to int
    """

    def __init__(self, model: Model, T: int, sizes: Mapping[str, int]) -> None:
        self.model = model
        self.T = T
        self.sizes = sizes

    def __str__(self) -> str:
        sizes = "".join(f", {name} = {size}" for name, size in self.sizes.items())
        return f"{self.model.name} unrolled: T = {self.T}{sizes}\n\n{self.model}"

    @cached_property
    def derivation(self) -> Derivation:
        """The derivation whose steps give the gradients.

        Raises
        ------
        MissingLossError
            If the model has no loss.
        """
        return derive(self.model)

    @cached_property
    def run(self) -> Trajectory:
        return forward(self.model, self.T, self.sizes, Labels(self.model))

    @cached_property
    def reading(self) -> Calculation:
        return RandomPoint(self.derivation, self.run, self.run).read(self.T)

    def __getitem__(self, key: str | tuple[str, int]) -> Any:
        """The value of ``"W_hh"``, or of ``"h", 2``; also of what the derivation names.

        Raises
        ------
        UnknownNameError
            If there is none.
        """
        name, step = key if isinstance(key, tuple) else (key, None)
        return shown(self._found(self.run.values, name, step, "value"))

    @cached_property
    def L(self) -> Any:
        """The total loss.

        Raises
        ------
        MissingLossError
            If the model has none.
        """
        normal = self.derivation.normal
        steps = normal.equation("loss").steps(self.T)
        weight = sympy.Rational(normal.total.weight(len(steps)))
        return sum(self["loss", step] for step in steps) * weight

    def gradient(self, name: str) -> Any:
        """dL/d(parameter), or with ``"h[0]"`` dL/d(initial value), as the derivation has it.

        Raises
        ------
        UnknownNameError
            If the derivation has no such gradient.
        """
        starts = {initial.key: (initial.name, initial.step) for initial in self.model.initials}
        found, step = starts.get(name, (name, None))
        return shown(self._found(self.reading.known, found, step, "gradient"))

    def adjoint(self, name: str, t: int) -> Any:
        """dL/d(quantity at step t), as the derivation has it.

        Raises
        ------
        UnknownNameError
            If the derivation has no such adjoint.
        """
        return shown(self._found(self.reading.known, name, t, "adjoint"))

    def _found(self, table: Mapping[Variable, Any], name: str, step: int | None, what: str) -> Any:
        variable = self.run.unrolled.variable(name, step)
        if variable not in table:
            there = [spoken(*one) for one in table if one[0] == name] or list(
                dict.fromkeys(one for one, _ in table)
            )
            listed = ", ".join(there)
            raise UnknownNameError(f"no {what} of {spoken(name, step)}; there are: {listed}")
        return table[variable]

    def members(self, step: Step, t: int | None = None) -> tuple[Any, ...]:
        """Every member of a step's chain, its target at step t; they are equal.

        Raises
        ------
        OptionError
            If the step does not speak about that t.
        """
        index = step.target.index
        times = {"T": self.T} if t is None else {"T": self.T, "t": t}
        if index is not None and not set(index.names()) <= set(times):
            raise OptionError(f"step ({step.number}) is stated for every t: say which, t=1")
        if step_of(step, times) not in step.occasions(self.T):
            raise OptionError(f"step ({step.number}) says nothing for t = {t}, T = {self.T}")
        ledger = Ledger(self.run, self.T, self.reading.known)
        return tuple(shown(member_value(step, one, times, ledger)) for one in step.members)

    def formula(self, text: str, **at: int) -> tuple[Any, Any]:
        """Both sides of a formula as `symbptt.check` reads it; they are equal if it is right.

        Parameters
        ----------
        at : int
            What its free indices are, ``t=2``.

        Raises
        ------
        FormulaError
            If it can't be read, or its shapes do not fit.
        OptionError
            If a free index is not given, or an entry lies past the end of its vector.
        EvaluationError
            If an index is out of range there.
        """
        normal = derived_form(self.model)
        formula = resolved(read(text, self.model), Meaning(normal))
        free = Free.of(formula)
        for name in (*free.steps, *free.entries):
            if name not in {"T", *at}:
                raise OptionError(f"{text} is stated for every {name}: say which, {name}=1")
        scene = Scene(Stage(normal, self.sizes), self.run, Clock(math.inf))
        try:
            left, right = map(_bare, scene.sides(formula, {**at, "T": self.T}))
        except NoPlaceError as error:
            raise OptionError(f"{text} has no value at these sizes: {error}") from None
        return shown(left), shown(right)

    @cached_property
    def closed_form(self) -> ClosedForms:
        """What the recurrences fold into, with proof: by the question that ``unroll`` takes."""
        return ClosedForms(self.model, self.T)


class ClosedForms(Mapping[str, Answer]):
    """Answers with closed forms and their proofs, each found when it is asked for.

    ``closed_form["d(L, h[t])"]`` answers one question; a listing goes through the states and
    their adjoints.
    """

    def __init__(self, model: Model, horizon: int) -> None:
        self.model = model
        self.answer = cache(lambda what: replace(answer(model, what, horizon), lines=()))

    def __getitem__(self, what: str) -> Answer:
        return self.answer(what)

    def __iter__(self) -> Iterator[str]:
        inputs = {one.name for one in self.model.inputs}
        for state in (name for name in self.model.states if name not in inputs):
            yield state
            if self.model.loss is not None:
                yield f"d(L, {state}[t])"

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __str__(self) -> str:
        return "\n".join(f"{what}\n{self[what].text()}" for what in self)


def forward(
    model: Model,
    steps: int,
    sizes: Mapping[str, int],
    labels: Labels,
    trajectory: Callable[..., Trajectory] = Trajectory,
) -> Trajectory:
    """The normal form of a model, run on symbols; integer inputs are fixed integers."""
    domain = Expressions()
    normal = unrolled(normalize(model), sizes, whole=True)
    given = draw(model, sizes, steps, domain, random.Random(0))
    for variable, value in given.items():
        if variable[0] not in normal.integers:
            given[variable] = labels.symbols(variable, value.shape)
    return normal.run(given, steps, domain, differentiated=False, trajectory=trajectory)


class Labels:
    """Names of symbols, each an identifier of Python and given once."""

    def __init__(self, model: Model) -> None:
        self.taken = {*WORDS, *(abstract.name for abstract in model.abstract)}

    def symbols(self, variable: Variable, shape: tuple[int, ...], before: str = "") -> Array:
        """A symbol an entry: ``h_2_1`` at step 2, ``h_m1_1`` at step -1."""
        name, step = variable
        label = before + (name if step is None else f"{name}_{step}".replace("-", "m"))
        while True:
            symbols = symbol_array(label, shape, first=1, real=True)
            if not (found := {symbol.name for symbol in np.ravel(symbols)}) & self.taken:
                self.taken |= found
                return symbols
            label += "_"


def spoken(name: str, step: int | None) -> str:
    return name if step is None else f"{name}[{step}]"


def _bare(value: Array) -> Any:
    """A matrix of one entry as the number that it is."""
    return value[0, 0] if value.size == 1 else value


def shown(value: Any) -> Any:
    """An array as SymPy has it: a scalar is an expression, a vector a column."""
    array = np.asarray(value, dtype=object)
    return sympy.Matrix(array.reshape(len(array), -1)) if array.ndim else array[()]
