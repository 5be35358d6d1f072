"""A formula against a model at random points: every case, smallest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np

from symbptt.algebra import (
    Call,
    Column,
    Cotangent,
    Count,
    Derivative,
    Dim,
    Expr,
    Index,
    Model,
    Param,
    Ref,
    TimeSum,
    Transpose,
    Vec,
)
from symbptt.algebra.letters import Delta, Entry, Slope
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import EvaluationError
from symbptt.formula.meaning import Meaning
from symbptt.formula.names import derived_form
from symbptt.formula.ranges import Free, LeftOut, cases, is_promised
from symbptt.formula.scenes import (
    DIGITS,
    Clock,
    Digits,
    OutOfRangeError,
    Scene,
    Stage,
    TooLargeError,
    numbers,
    stages,
)
from symbptt.formula.shapes import Layout
from symbptt.formula.statement import Fixed, Formula, free_names, is_length, walk
from symbptt.proof.degree import error_bits, largest
from symbptt.proof.domain import Array, Domain, Float
from symbptt.proof.entries import NoPlaceError
from symbptt.proof.evaluate import length
from symbptt.proof.field import Field
from symbptt.proof.unrolled import Variable

POINTS = 4
"""Random points, over all choices of sizes."""

FARTHEST = 12
"""The largest T that is tried where nothing smaller meets the condition."""


@dataclass(frozen=True)
class Counterexample:
    """Where a formula fails: the smallest T, then the smallest indices, the first entry.

    Attributes
    ----------
    entry : tuple of int
        Row and column from 1; empty for a scalar.
    left, right : str
        Both values there.
    numbers : str
        What they are, ``rational numbers`` or ``50 digits``.
    """

    at: tuple[tuple[str, int], ...]
    entry: tuple[int, ...]
    left: str
    right: str
    sizes: tuple[tuple[str, int], ...]
    numbers: str

    @property
    def T(self) -> int:
        return dict(self.at)["T"]

    def __str__(self) -> str:
        where = ", ".join(f"{name} = {value}" for name, value in self.at)
        if len(self.entry) == 2:
            row, column = self.entry
            where += f", entry ({row}, {column})" if column != 1 else f", entry ({row})"
        return f"at {where}: the left side is {self.left}, the right side {self.right}"


@dataclass
class Found:
    """What came out of looking at all cases.

    Attributes
    ----------
    past_the_end : str
        Which entry lay past the end of its vector, if one did.
    shorter : dict of str
        Which entries lay past the end where the other side has a value.
    broken : LeftOut or None
        Where an index left its range inside what the condition promises.
    beyond : str
        Which index leaves its range within the limits of the formula's own sums or products.
    """

    used: list[dict[str, int]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    counterexample: Counterexample | None = None
    numbers: str = ""
    past_the_end: str = ""
    shorter: dict[str, None] = field(default_factory=dict)
    broken: LeftOut | None = None
    beyond: str = ""


class Examiner:
    """Looks at formulas about one model; points are drawn once and shared.

    Parameters
    ----------
    horizon : int
        The largest T.
    """

    def __init__(
        self,
        model: Model,
        horizon: int,
        seed: int,
        clock: Clock,
        layout: Layout = "column",
        estimator: Estimator = FULL,
    ) -> None:
        self.model = model
        self.horizon = horizon
        self.seed = seed
        self.clock = clock
        self.shaper = Meaning(model, layout)
        self.stages: tuple[Stage, ...] = stages(model, estimator)
        self._scenes: dict[tuple[Any, ...], Scene | EvaluationError] = {}

    def forget(self) -> None:
        """Of the formulas that were looked at; points and derivatives are kept."""
        for scene in self._scenes.values():
            if isinstance(scene, Scene):
                scene.forget()

    @cached_property
    def normal(self) -> Examiner:
        """The same of the model with the names that its derivation introduces."""
        normal = derived_form(self.model)
        if normal == self.model:
            return self
        shaper, estimator = self.shaper, self.stages[0].estimator
        return Examiner(normal, self.horizon, self.seed, self.clock, shaper.layout, estimator)

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The elementwise functions of one argument that the model calls."""
        nodes = (node for equation in self.model.equations for node in walk(equation.rhs))
        calls = (node for node in nodes if isinstance(node, Call) and len(node.args) == 1)
        return tuple(dict.fromkeys(call.function for call in calls))

    # --- points ---------------------------------------------------------------------------

    def scene(self, kind: str, stage: Stage, seed: int, steps: int, formula: Formula) -> Scene:
        """The model at a random point where the initial values are as the condition says."""
        key = (kind, id(stage), seed, steps, formula.fixed)
        if key not in self._scenes:
            domain = numbers(self.model, kind, seed)
            fixed: dict[Variable, Any] = {
                (item.name, item.step): partial(self._fixed, item, stage, domain)
                for item in formula.fixed
            }
            try:
                self._scenes[key] = stage.scene(domain, seed, steps, fixed, self.clock)
            except TooLargeError:
                raise
            except EvaluationError as error:
                self._scenes[key] = error
        found = self._scenes[key]
        if isinstance(found, EvaluationError):
            raise found
        return found

    def _fixed(
        self, item: Fixed, stage: Stage, domain: Domain, given: Mapping[Variable, Array]
    ) -> Array:
        """The value of an initial value that is fixed, in its shape."""
        scene = stage.start_scene(given, domain, self.clock)
        shape = given[item.name, item.step].shape
        value = scene.value(item.value, {"T": 1})
        rows = np.broadcast_to(value, (*shape, 1, 1)[:2])
        return np.array(rows, dtype=object).reshape(shape)

    def points(self, kind: str, steps: int, formula: Formula) -> Iterator[Scene]:
        count = points_at(self.stages)
        for stage in self.stages:
            for number in range(count):
                yield self.scene(kind, stage, self.seed * count + number, steps, formula)

    # --- all cases ------------------------------------------------------------------------

    def start(self, formula: Formula) -> int:
        """The earliest step of any name in the formula."""
        starts = self.stages[0].starts
        named = [n.name for s in formula.sides for n in walk(s) if isinstance(n, Ref | Cotangent)]
        return min((starts[name] for name in named if name in starts), default=1)

    def longest(self, formula: Formula) -> Callable[[str], int]:
        """Up to where a name that counts entries goes: to the end of the longest that it counts."""
        sizes = [stage.unrolled.sizes for stage in self.stages]

        def ends(*shape: Dim) -> int:
            return max((length(dim, one) for one in sizes for dim in shape), default=1)

        whole = ends(*(dim for shape in self.model.shapes.values() for dim in shape))
        counted: dict[str, int] = {}
        for node in (n for side in formula.sides for n in walk(side) if isinstance(n, Entry)):
            shape = node.array.shape if isinstance(node.array, Ref | Param) else ()
            for name in free_names(node):
                axes = [
                    dim
                    for place, dim in zip(node.places, shape, strict=False)
                    if isinstance(place, Count) and place.index == Index.of(name)
                ]
                counted[name] = max(counted.get(name, 1), ends(*axes) if axes else whole)
        return lambda name: counted.get(name, whole)

    def examine(self, formula: Formula) -> Found:
        """All cases up to the horizon in numbers, until one fails.

        Rational numbers where these are enough, else floats of 50 digits, at positive
        points where it is not defined at others.

        Raises
        ------
        EvaluationError
            If the model or the formula is not defined at any point.
        TooLargeError
            If the time is over.
        """
        reason: EvaluationError | None = None
        for kind in ("fractions", "digits", "positive"):
            try:
                with mpmath.workdps(DIGITS + 10):
                    return self._examine(formula, kind)
            except TooLargeError:
                raise
            except EvaluationError as error:
                reason = reason if kind == "positive" else error
        assert reason is not None
        raise reason

    def _examine(self, formula: Formula, kind: str) -> Found:
        free = Free.of(formula)
        found = Found()
        start, longest = self.start(formula), self.longest(formula)
        ends = matched(formula)
        points: list[Scene] = []
        horizon = 0
        while horizon < self.horizon or (not found.used and horizon < FARTHEST):
            horizon += 1
            if horizon == 1 or horizon > self.horizon:
                steps = max(horizon, self.horizon)
                points = list(self.points(kind, steps, formula))
            found.numbers = points[0].domain.name
            for at in cases(formula, free, horizon, start, longest):
                inside = [scene for scene in points if not is_past(ends, at, scene)]
                self._case(formula, free, at, inside, found)
                if found.counterexample is not None:
                    return found
        return found

    def _case(
        self,
        formula: Formula,
        free: Free,
        at: dict[str, int],
        points: list[Scene],
        found: Found,
    ) -> None:
        undefined = ""
        looked_at = False
        for scene in points:
            try:
                left, right = scene.sides(formula, at)
            except OutOfRangeError as error:
                if is_promised(formula.chains, error.ref.index, error.past):
                    found.broken = found.broken or LeftOut(tuple(at.items()), error.words)
                if set(error.ref.index.names()) - {"T", *free.steps}:
                    found.beyond = error.words
                self._leave_out(formula, free, at, error.words, found)
                return
            except NoPlaceError as error:
                # Entries past a short side are no cases at the other sizes either way.
                found.past_the_end = str(error)
                if self._has_one_side(formula, free, at, scene):
                    found.shorter[str(error)] = None
                continue
            except ZeroDivisionError as error:
                undefined = str(error)
                continue
            looked_at = True
            entry = first_difference(left, right, scene.domain)
            if entry is not None and (given := self._given(formula, at)):
                self._leave_out(formula, free, at, given, found)
                return
            if entry is not None:
                sizes = tuple(scene.sizes.items())
                found.counterexample = Counterexample(
                    tuple(at.items()),
                    tuple(k + 1 for k in entry) if np.size(left) > 1 or np.size(right) > 1 else (),
                    *number_texts(_at_entry(left, entry), _at_entry(right, entry)),
                    sizes,
                    scene.domain.name,
                )
                return
        if looked_at:
            found.used.append(at)
        elif undefined:
            self._leave_out(formula, free, at, undefined, found)

    def _given(self, formula: Formula, at: dict[str, int]) -> str:
        """Why an equation of a quantity says nothing of a step: it is given there."""
        left = _defined(formula.left)
        if formula.chains or left is None or not set(left.index.names()) - {"T"}:
            return ""
        step, names = left.index.at(at), {equation.name for equation in self.model.equations}
        return f"{left.name}[{step}] is given" if step < 1 and left.name in names else ""

    def _has_one_side(self, formula: Formula, free: Free, at: dict[str, int], scene: Scene) -> bool:
        """Whether one side has an entry where the other, which counts the same, has none."""
        counted = [free_names(side) & set(free.entries) for side in formula.sides]
        if counted[0] != counted[1]:
            return False
        values = 0
        for side in formula.sides:
            try:
                scene.value(side, at)
            except (OutOfRangeError, NoPlaceError, ZeroDivisionError):
                continue
            values += 1
        return values == 1

    def _leave_out(
        self, formula: Formula, free: Free, at: dict[str, int], words: str, found: Found
    ) -> None:
        inside = range(self.start(formula), at["T"] + 1)
        if all(at[name] in inside for name in free.steps):
            item = LeftOut(tuple(at.items()), words)
            if item not in found.left_out:
                found.left_out.append(item)

    # --- proof ----------------------------------------------------------------------------

    def proved(self, formula: Formula, used: list[dict[str, int]], kind: str) -> int | None:
        """The error's bound, k of 2^-k, if both sides agree modulo a prime at all points.

        Parameters
        ----------
        kind : str
            ``field``, with functions left abstract as indeterminates, or ``bound``.
        """
        steps = max(at["T"] for at in used)
        indeterminates = 0
        ends = matched(formula)
        for scene in self.points(kind, max(steps, self.horizon), formula):
            domain = scene.domain
            for at in (one for one in used if not is_past(ends, one, scene)):
                try:
                    left, right = scene.sides(formula, at)
                except (OutOfRangeError, NoPlaceError):
                    continue
                except (ZeroDivisionError, EvaluationError) as error:
                    if isinstance(error, TooLargeError):
                        raise
                    return None
                if first_difference(left, right, domain) is not None:
                    return None
            assert isinstance(domain, Field)
            indeterminates = max(indeterminates, domain.indeterminates)
        # What is false for one choice of sizes is only met at that choice's points.
        points = points_at(self.stages)
        return points * error_bits(self._degree(formula, used), indeterminates)

    def _degree(self, formula: Formula, used: list[dict[str, int]]) -> int:
        steps = max(at["T"] for at in used)
        bound = 1
        for scene in self.points("degrees", max(steps, self.horizon), formula):
            for at in (case for case in used if case["T"] == steps):
                try:
                    left, right = scene.sides(formula, at)
                except (OutOfRangeError, NoPlaceError):
                    continue
                bound = max(bound, (largest(left) - largest(right)).above)
        return bound


def matched(formula: Formula) -> list[tuple[str, Index]]:
    """The names that a delta matches to what a sum counts, and the length up to which that does."""
    return [
        (place.index.names()[0], over.last)
        for over in (node for side in formula.sides for node in walk(side))
        if isinstance(over, TimeSum) and any(map(is_length, over.last.names()))
        for delta in walk(over.term)
        if isinstance(delta, Delta) and Count(Index.of(over.index)) in (delta.left, delta.right)
        for place in (delta.left, delta.right)
        if isinstance(place, Count) and len(place.index.names()) == 1
    ]


def is_past(ends: list[tuple[str, Index]], at: Mapping[str, int], scene: Scene) -> bool:
    """Whether a name is larger than what it is matched to."""
    return any(name in at and at[name] > last.at({**scene.lengths, **at}) for name, last in ends)


def _defined(left: Expr) -> Ref | None:
    """The quantity whose equation a left side is about: its value, or that equation's slope."""
    match left:
        case Ref():
            return left
        case Derivative(output=inner) | Slope(output=inner) if left.held != "nothing":
            return _defined(inner)
        case Entry(array=inner) | Transpose(operand=inner) | Column(vector=inner) | Vec(inner):
            return _defined(inner)
    return None


def points_at(choices: tuple[Stage, ...]) -> int:
    """How many points there are for each choice of sizes."""
    return POINTS // len(choices)


def first_difference(left: Array, right: Array, domain: Domain) -> tuple[int, int] | None:
    """The first entry at which two values differ; a number fills the other side's shape."""
    one, two = np.broadcast_arrays(left, right)
    tolerance = _tolerance(domain)
    for row, column in np.ndindex(*one.shape):
        if not _equal(one[row, column], two[row, column], tolerance):
            return row, column
    return None


def _tolerance(domain: Domain) -> Any:
    """How far two equal numbers may be apart, relative to them; None in exact numbers."""
    if isinstance(domain, Digits):
        return mpmath.mpf(10) ** (15 - DIGITS)
    return 1e-7 if isinstance(domain, Float) else None


def _equal(one: Any, two: Any, tolerance: Any) -> bool:
    if tolerance is None:
        return bool(one == two)
    return bool(abs(one - two) <= tolerance * (1 + max(abs(one), abs(two))))


def _at_entry(value: Array, entry: tuple[int, int]) -> Any:
    return value[entry] if value.shape != (1, 1) else value[0, 0]


def number_texts(one: Any, two: Any) -> tuple[str, str]:
    """Two different numbers for a reader: short fractions, or as many digits as it takes."""
    if isinstance(one, Fraction) and isinstance(two, Fraction):
        if max(len(str(one)), len(str(two))) <= 20:
            return str(one), str(two)
        with mpmath.workdps(DIGITS + 10):
            one, two = (mpmath.mpf(x.numerator) / x.denominator for x in (one, two))
    texts = "", ""
    for digits in (9, 15, 25, DIGITS):
        texts = mpmath.nstr(one, digits), mpmath.nstr(two, digits)
        if texts[0] != texts[1]:
            break
    return texts
