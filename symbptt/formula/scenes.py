"""Random points at which a formula is looked at: a model run there, with its derivatives.

The author's equations are unrolled entry by entry (`symbptt.proof.unrolled`), and
derivatives are accumulated FORWARD from the variable in question; no rule of the reverse
walk takes part.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np

from symbptt.algebra import Model, Shape
from symbptt.errors import EvaluationError
from symbptt.proof.degree import Degrees
from symbptt.proof.domain import Array, Domain, Float, Precise
from symbptt.proof.evaluate import lengths
from symbptt.proof.field import Field
from symbptt.proof.points import draw, size_sets
from symbptt.proof.sample import Concrete, ExactSample, Sample
from symbptt.proof.unrolled import Trajectory, Unrolled, Variable, unrolled

DIGITS = 50
TRIES = 20
MAX_ENTRIES = 3_000


class TooLargeError(EvaluationError):
    """What is asked for is too large to be calculated in the time there is."""


class Halves(ExactSample):
    """Fractions, at points whose coordinates are multiples of 1/2."""

    def random(self, rng: random.Random) -> Fraction:
        return Fraction(rng.choice((-1, 1)) * rng.randint(1, 9), rng.randint(1, 2))


class Digits(Sample, Precise):
    """Floats of 50 digits, at rational points."""

    name = f"{DIGITS} digits"

    def random(self, rng: random.Random) -> Any:
        return mpmath.mpf(rng.choice((-1, 1)) * rng.randint(10, 99)) / 97


class PositiveDigits(Digits):
    """The same at positive points, where roots and logarithms are defined."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.name += " at positive points"

    def random(self, rng: random.Random) -> Any:
        return abs(super().random(rng))


class BoundField(Concrete, Field):
    """Residues modulo a prime, a function left abstract being its default if it has one."""

    def __init__(self, model: Model, seed: int) -> None:
        Concrete.__init__(self, model)
        Field.__init__(self, seed)

    def abstract(self, name: str, wrt: int | None, args: Sequence[Any]) -> Any:
        if self.defaults[name] is None:
            return Field.abstract(self, name, wrt, args)
        return Concrete.abstract(self, name, wrt, args)


Jacobian = Array
"""Derivatives of the entries of one value (rows) by those of another (columns)."""


@dataclass
class Scene:
    """A model at one random point, run for a number of steps.

    Attributes
    ----------
    sizes : mapping of str to int
    run : Trajectory
    last : frozenset of str
        The quantities that have a value at T alone.
    starts : dict of str to int
        The earliest step of every name with a time index.
    """

    unrolled: Unrolled
    run: Trajectory
    domain: Domain
    last: frozenset[str]
    starts: dict[str, int]
    _slopes: dict[Variable, dict[Variable, Jacobian]] = field(default_factory=dict)
    _immediate: dict[tuple[Variable, int | None], dict[Variable, Jacobian]] = field(
        default_factory=dict
    )
    _locals: dict[Variable, dict[Variable, Jacobian]] = field(default_factory=dict)

    @property
    def sizes(self) -> Mapping[str, int]:
        return self.unrolled.sizes

    def array(self, value: Any) -> Array:
        """Floats are calculated with as floats, everything else as objects."""
        plain = type(self.domain) is Sample
        return np.asarray(value, dtype=float if plain else object)

    def number(self, value: Fraction) -> Any:
        return self.domain.number(value)

    def zeros(self, *shape: int) -> Array:
        return self.array(np.full(shape, self.number(Fraction(0)), dtype=object))

    def identity(self, size: int) -> Array:
        found = self.zeros(size, size)
        for k in range(size):
            found[k, k] = self.number(Fraction(1))
        return found

    def value(self, variable: Variable) -> Array:
        return self.array(self.run.values[variable])

    # --- derivatives --------------------------------------------------------------------

    def total(self, of: Variable, by: Variable) -> Jacobian:
        """d of / d by: ``by`` is perturbed, and what follows reacts."""
        if by not in self._slopes:
            self._slopes[by] = self._forward(by, None)
        return self._found(self._slopes[by], of, by)

    def immediate(self, of: Variable, by: Variable) -> Jacobian:
        """The same with every value of earlier steps held."""
        if (by, of[1]) not in self._immediate:
            self._immediate[by, of[1]] = self._forward(by, of[1])
        return self._found(self._immediate[by, of[1]], of, by)

    def _found(self, slopes: dict[Variable, Jacobian], of: Variable, by: Variable) -> Jacobian:
        if of in slopes:
            return slopes[of]
        return self.zeros(self.run.values[of].size, self.run.values[by].size)

    def _forward(self, by: Variable, step: int | None) -> dict[Variable, Jacobian]:
        """The Jacobians of all that reacts; with ``step``, only of what that step computes."""
        slopes = {by: self.identity(self.run.values[by].size)}
        for variable in self.run.local:
            held = step is not None and variable[1] not in (None, step)
            if held and variable != by:
                continue
            found = slopes.get(variable)
            if not held:
                for source, local in self._local(variable).items():
                    if source in slopes:
                        term = np.dot(local, slopes[source])
                        found = term if found is None else found + term
            if found is not None:
                slopes[variable] = found
        return slopes

    def _local(self, variable: Variable) -> dict[Variable, Jacobian]:
        """The partial derivatives of the one equation that defines a value."""
        if variable not in self._locals:
            shape = self.run.values[variable].shape
            found: dict[Variable, Jacobian] = {}
            for partial, source, slope in self.run.local[variable]:
                of = self.run.values[source].shape
                if source not in found:
                    size = int(np.prod(of))
                    found[source] = self.zeros(int(np.prod(shape)), size)
                row = int(np.ravel_multi_index(partial.entry, shape)) if shape else 0
                column = int(np.ravel_multi_index(partial.of, of)) if of else 0
                found[source][row, column] = slope
            self._locals[variable] = found
        return self._locals[variable]


def shapes(model: Model) -> Iterator[tuple[str, Shape]]:
    """The names of a model and their shapes."""
    for group in (model.parameters, model.derived, model.inputs, model.equations):
        yield from ((item.name, item.shape) for item in group)


class Stage:
    """A model at fixed sizes; its equations are written out once.

    Raises
    ------
    TooLargeError
        If it has too many entries.
    """

    def __init__(self, model: Model, sizes: Mapping[str, int]) -> None:
        entries = sum(int(np.prod(lengths(shape, sizes))) for _, shape in shapes(model))
        if entries > MAX_ENTRIES:
            raise TooLargeError(
                f"the model has {entries:,} entries at the sizes tried, and {MAX_ENTRIES:,} are "
                "as many as are checked"
            )
        self.model = model
        self.unrolled = unrolled(model, sizes)
        self.last = frozenset(e.name for e in model.equations if e.last)
        self.starts = {e.name: 1 for e in model.equations} | {i.name: 1 for i in model.inputs}
        for initial in model.initials:
            self.starts[initial.name] = min(self.starts[initial.name], initial.step)

    def scene(
        self,
        domain: Domain,
        seed: int,
        steps: int,
        fixed: Mapping[Variable, Any],
    ) -> Scene:
        """A point at which the model is defined.

        Parameters
        ----------
        fixed : mapping of Variable to a function of the drawn values
            Initial values that a condition fixes.

        Raises
        ------
        EvaluationError
            If none was found, or the domain can't express the model.
        """
        reason = ""
        for attempt in range(TRIES):
            rng = random.Random(seed * TRIES + attempt)
            given = draw(self.model, self.unrolled.sizes, steps, domain, rng)
            if attempt >= TRIES // 2 and isinstance(domain, Float):
                given = {key: np.abs(value) for key, value in given.items()}
            try:
                for variable, value in fixed.items():
                    given[variable] = value(given)
                run = self.unrolled.run(given, steps, domain, differentiated=False)
            except (EvaluationError, ZeroDivisionError) as error:
                reason = str(error)
            else:
                return Scene(self.unrolled, run, domain, self.last, self.starts)
        raise EvaluationError(f"the model is not defined at any of {TRIES} points: {reason}")

    def start_scene(self, given: Mapping[Variable, Array], domain: Domain) -> Scene:
        """The parameters alone, at a point: what the value of an initial value reads."""
        run = self.unrolled.run(given, 0, domain, differentiated=False)
        return Scene(self.unrolled, run, domain, self.last, self.starts)


def stages(model: Model) -> tuple[Stage, ...]:
    """The model at two choices of small sizes, all different."""
    return tuple(Stage(model, sizes) for sizes in size_sets(model))


def numbers(model: Model, kind: str, seed: int) -> Domain:
    """``fractions``, ``digits``, ``positive``, ``floats``, ``field``, ``bound`` or ``degrees``."""
    makers: dict[str, Callable[[], Domain]] = {
        "fractions": lambda: Halves(model),
        "digits": lambda: Digits(model),
        "positive": lambda: PositiveDigits(model),
        "floats": lambda: Sample(model),
        "field": lambda: Field(seed),
        "bound": lambda: BoundField(model, seed),
        "degrees": Degrees,
    }
    return makers[kind]()
