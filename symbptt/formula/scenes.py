"""Random points at which a formula is looked at: a model run there, with its derivatives.

A `Scene` is a point for `symbptt.proof.evaluate`, which says what an expression means.

The author's equations are unrolled entry by entry (`symbptt.proof.unrolled`), and
derivatives are accumulated FORWARD from the variable in question; no rule of the reverse
walk takes part.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Literal

import mpmath  # type: ignore[import-untyped]
import numpy as np

from symbptt import algebra as al
from symbptt.calculus.order import recurrent_quantities
from symbptt.errors import EvaluationError
from symbptt.formula.names import shapes
from symbptt.formula.statement import free_names
from symbptt.proof.degree import Degrees
from symbptt.proof.domain import Array, Domain, Float, Precise
from symbptt.proof.evaluate import Steps, evaluate, lengths
from symbptt.proof.field import Field
from symbptt.proof.pieces import MARK
from symbptt.proof.place import Remembering
from symbptt.proof.points import draw, size_sets
from symbptt.proof.sample import Concrete, ExactSample, Sample
from symbptt.proof.unrolled import Trajectory, Variable, unrolled
from symbptt.typeset.plain import plain

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

    def __init__(self, model: al.Model) -> None:
        super().__init__(model)
        self.name += " at positive points"

    def random(self, rng: random.Random) -> Any:
        return abs(super().random(rng))


class BoundField(Concrete, Field):
    """Residues modulo a prime, a function left abstract being its default if it has one."""

    def __init__(self, model: al.Model, seed: int) -> None:
        Concrete.__init__(self, model)
        Field.__init__(self, seed)

    def abstract(self, name: str, wrt: int | None, args: Sequence[Any]) -> Any:
        if self.defaults[name] is None:
            return Field.abstract(self, name, wrt, args)
        return Concrete.abstract(self, name, wrt, args)


Jacobian = Array
"""Derivatives of the entries of one value (rows) by those of another (columns)."""

Jacobians = dict[Variable, Jacobian]

Recurrence = Literal["recurrence"]
"""What is held where L is differentiated without going through the recurrence."""


class OutOfRangeError(EvaluationError):
    """An index has no value: ``words`` say why, ``past`` at which end; ``ref`` holds it."""

    def __init__(self, ref: al.Ref, past: bool, words: str) -> None:
        self.ref = ref
        self.past = past
        self.words = words
        super().__init__(words)


class Clock:
    """Says when the time is over: CPU time, so that what else runs changes no verdict."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.process_time() + seconds
        self._calls = 0

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """A shorter time for a part of the work."""
        end = self.end
        self.end = min(end, time.process_time() + seconds)
        try:
            yield
        finally:
            self.end = end

    def check(self) -> None:
        """
        Raises
        ------
        TooLargeError
            If it is over.
        """
        self._calls += 1
        if self._calls % 32 == 0 and time.process_time() > self.end:
            raise TooLargeError(f"it is not decided after {self.seconds:g} s of CPU time")


class Scene(Remembering):
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

    def __init__(self, stage: Stage, run: Trajectory, clock: Clock) -> None:
        self.unrolled = stage.unrolled
        self.sizes = stage.unrolled.sizes
        self.run = run
        self.domain = run.domain
        self.last = stage.last
        self.starts = stage.starts
        self.lengths = stage.lengths
        self.recurrent = stage.recurrent
        self.clock = clock
        self._parts: dict[tuple[int, ...], Array | None] = {}
        self._free: dict[int, tuple[al.Expr, tuple[str, ...]]] = {}
        self._slopes: dict[
            tuple[Variable, al.Held | Recurrence, Variable | int | None], Jacobians
        ] = {}
        self._locals: dict[Variable, Jacobians] = {}

    def value(self, expr: al.Expr, at: Steps) -> Array:
        """A matrix of the domain's numbers.

        Raises
        ------
        OutOfRangeError, NoPlaceError
            If an index has no value.
        ZeroDivisionError, EvaluationError
            If it is not defined.
        TooLargeError
            If the time is over.
        """
        value = evaluate(expr, self, {**self.lengths, **at})
        return np.reshape(value, (*np.shape(value), 1, 1)[: max(2, np.ndim(value))])

    # --- a point ------------------------------------------------------------------------

    def recalled(self, expr: al.Expr, at: Steps, value: Callable[[], Array | None]) -> Array | None:
        if id(expr) not in self._free:
            self._free[id(expr)] = (expr, tuple(sorted(free_names(expr) - {"T"})))
        key = (id(expr), at["T"], *(at[name] for name in self._free[id(expr)][1]))
        self.clock.check()
        if key not in self._parts:
            self._parts[key] = value()
        return self._parts[key]

    def parameter(self, param: al.Param) -> Array:
        return self.run.values[param.name, None]

    def reference(self, ref: al.Ref, at: Steps) -> Array:
        return self.run.values[self.variable(ref, at)]

    def variable(self, ref: al.Ref, at: Steps) -> Variable:
        """The value that a reference means.

        Raises
        ------
        OutOfRangeError
            If there is none.
        """
        step, horizon, name = ref.index.at(at), at["T"], ref.name
        if name in self.unrolled.untimed or name in self.last:
            if step != horizon:
                raise OutOfRangeError(ref, step > horizon, f"{name} has a value at step T alone")
            return (name, None if name in self.unrolled.untimed else step)
        if step > horizon:
            raise OutOfRangeError(ref, True, f"{plain(ref)} lies past T")
        if step < self.starts[name]:
            first = self.starts[name]
            words = f"{plain(ref)} lies before {name}[{first}], the first"
            raise OutOfRangeError(ref, False, words)
        return (name, step)

    def _variable(self, node: al.Expr, at: Steps) -> Variable:
        if isinstance(node, al.Ref):
            return self.variable(node, at)
        assert isinstance(node, al.Param)
        return (node.name, None)

    def cotangent(self, cotangent: al.Cotangent, at: Steps) -> Array:
        index = cotangent.index
        named: al.Expr = al.Param(cotangent.name, cotangent.shape)
        if index is not None:
            named = al.Ref(cotangent.name, index, cotangent.shape)
        by = self._variable(named, at)
        slopes = sum(self.slope(("loss", k), by, "nothing") for k in self.loss_steps(at["T"]))
        return np.reshape(slopes * self.loss_weight(at["T"]), self.run.values[by].shape)

    def loss_steps(self, horizon: int) -> list[int]:
        return [horizon] if "loss" in self.last else list(range(1, horizon + 1))

    def loss_weight(self, horizon: int) -> Any:
        return self.domain.number(Fraction(1, len(self.loss_steps(horizon))))

    def differentiated(self, node: al.Derivative | al.Direct, at: Steps) -> Array:
        if isinstance(node, al.Direct):
            return self._read_out(self._variable(node.of, at), at["T"])
        return self.slope(self._variable(node.output, at), self._variable(node.wrt, at), node.held)

    def pulled_back(self, node: al.Pullback, cotangent: Array, at: Steps) -> Array:
        of, by = self._variable(node.output, at), self._variable(node.wrt, at)
        pulled = np.dot(np.ravel(cotangent), self.slope(of, by, node.held))
        return np.reshape(pulled, self.run.values[by].shape)

    def _read_out(self, by: Variable, horizon: int) -> Array:
        """What L receives from a value without going through the recurrence."""
        steps = self.loss_steps(horizon)
        slopes = sum(self.slope(("loss", k), by, "recurrence") for k in steps)
        return np.reshape(slopes * self.loss_weight(horizon), self.run.values[by].shape)

    # --- derivatives --------------------------------------------------------------------

    def slope(self, of: Variable, by: Variable, held: al.Held | Recurrence) -> Jacobian:
        """d of / d by: ``by`` is perturbed, and what is not held reacts."""
        within = of[1] if held == "step" else of if held == "equation" else None
        key = (by, held, within)
        if key not in self._slopes:
            self._slopes[key] = self._forward(by, held, of)
        found = self._slopes[key].get(of)
        return self._zeros(of, by) if found is None else found

    def _zeros(self, of: Variable, by: Variable) -> Jacobian:
        shape = (self.run.values[of].size, self.run.values[by].size)
        return np.full(shape, self.domain.number(Fraction(0)), dtype=object)

    def _forward(self, by: Variable, held: al.Held | Recurrence, of: Variable) -> Jacobians:
        """The Jacobians of all that reacts."""
        one = self._zeros(by, by)
        np.fill_diagonal(one, self.domain.number(Fraction(1)))
        slopes = {by: one}
        for variable in self.run.local:
            if not self._reacts(variable, held, of):
                continue
            found = slopes.get(variable)
            for source, local in self._local(variable).items():
                if source in slopes:
                    term = np.dot(local, slopes[source])
                    found = term if found is None else found + term
            if found is not None:
                slopes[variable] = found
        return slopes

    def _reacts(self, variable: Variable, held: al.Held | Recurrence, of: Variable) -> bool:
        """Whether a value follows what it reads: all do, those of one step, or of one equation."""
        if held == "equation":
            return variable == of or variable[0].startswith(MARK)
        if held == "recurrence":
            return variable[0] not in self.recurrent
        return held in ("nothing", "total") or variable[1] in (None, of[1])

    def _local(self, variable: Variable) -> Jacobians:
        """The partial derivatives of the one equation that defines a value."""
        if variable not in self._locals:
            shape = self.run.values[variable].shape
            found: Jacobians = {}
            for partial, source, slope in self.run.local[variable]:
                of = self.run.values[source].shape
                if source not in found:
                    found[source] = self._zeros(variable, source)
                row = int(np.ravel_multi_index(partial.entry, shape)) if shape else 0
                column = int(np.ravel_multi_index(partial.of, of)) if of else 0
                found[source][row, column] = slope
            self._locals[variable] = found
        return self._locals[variable]


class Stage:
    """A model at fixed sizes; its equations are written out once.

    Raises
    ------
    TooLargeError
        If it has too many entries.
    """

    def __init__(self, model: al.Model, sizes: Mapping[str, int]) -> None:
        entries = sum(int(np.prod(lengths(shape, sizes))) for _, shape in shapes(model))
        if entries > MAX_ENTRIES:
            raise TooLargeError(
                f"the model has {entries:,} entries at the sizes tried, and {MAX_ENTRIES:,} are "
                "as many as are checked"
            )
        self.model = model
        self.unrolled = unrolled(model, sizes)
        self.lengths = {f"len({dim})": size for dim, size in sizes.items()}
        for name, shape in shapes(model):
            self.lengths[f"len({name})"] = int(np.prod(lengths(shape, sizes)))
        self.recurrent = recurrent_quantities(model)
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
        clock: Clock,
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
                return Scene(self, run, clock)
        raise EvaluationError(f"the model is not defined at any of {TRIES} points: {reason}")

    def start_scene(self, given: Mapping[Variable, Array], domain: Domain, clock: Clock) -> Scene:
        """The parameters alone, at a point: what the value of an initial value reads."""
        run = self.unrolled.run(given, 0, domain, differentiated=False)
        return Scene(self, run, clock)


def stages(model: al.Model) -> tuple[Stage, ...]:
    """The model at two choices of small sizes, all different."""
    return tuple(Stage(model, sizes) for sizes in size_sets(model))


def numbers(model: al.Model, kind: str, seed: int) -> Domain:
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
