"""What a file loses to rounding, in units in the last place, beside itself in 50 digits.

The unit of an array is the distance of neighbouring floats at its largest entry. Beside the
error stands how far the exact numbers move where every argument is moved by half a unit of its
own, up or down: of what arguments that are rounded would cost too, no code is free.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import InterfaceError
from symbptt.proof.agreement import FLOOR
from symbptt.proof.calls import Arrays, ModuleCall, Scenario, called, changed, drawn, scaled
from symbptt.proof.domain import Precise
from symbptt.proof.execution import DIGITS
from symbptt.proof.loaded import Loaded
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row, silent

FLOATS = {"float64": (53, -1074), "float32": (24, -149)}
"""Bits of a float, and the exponent of the least one."""

SCALES = (1.0, 0.5, 0.25, 0.125, 0.03)
"""What random arguments are multiplied with until the exact numbers lie in the floats' range."""

ROOM = 64.0
"""How many times more than its arguments' rounding makes a tame result may be off, and units."""

STEP = 4.0
"""The same of a long sequence, for each step: what is summed step after step is rounded at each,
where a state has settled always the same way, which no move of the arguments shows."""


@dataclass(frozen=True)
class Inputs:
    """A kind of arguments.

    Attributes
    ----------
    size : float
        What all are multiplied with.
    spread : bool
        Whether each entry is of an order of magnitude of its own.
    tame : bool
        Whether a file must be right to `room`. Elsewhere slopes are made of values that have
        come to their limits, such as 1 - h**2, and only their absolute errors are small.
    width : int
        Of all dimensions, that of integers being at least 2; 0 for those of other calls.
    """

    words: str
    steps: int = 6
    size: float = 1.0
    spread: bool = False
    width: int = 0
    tame: bool = False

    @property
    def room(self) -> float:
        """What a tame result may be off, in units and in what its arguments' rounding makes."""
        return max(ROOM, STEP * self.steps)

    def calls(self, model: Model, estimator: Estimator = FULL) -> Iterator[ModuleCall]:
        """Calls of this kind, in numbers that both floats have; the later the tamer."""
        sizes = dict(size_sets(model)[0])
        if self.width:
            sizes = dict.fromkeys(sizes, self.width)
            integers = {i.index_dim for i in model.inputs} & sizes.keys()
            sizes |= dict.fromkeys(sorted(map(str, integers)), max(self.width, 2))
        told = bool(model.inputs or model.initials)
        valid = (self.steps,) * (3 if told and not self.width else 1)
        scenario = Scenario(self.words, self.steps, valid, True)
        for attempt, scale in enumerate(2 * SCALES):
            rng = np.random.default_rng(attempt)
            call = drawn(model, sizes, scenario, rng, attempt >= len(SCALES), estimator)
            if self.spread:
                call = changed(call, partial(spread, rng))
            call = scaled(call, self.size * scale)
            yield changed(call, lambda _, a: a.astype(np.float32).astype(float))


def spread(rng: np.random.Generator, _: str, array: Any) -> Any:
    return array * 10.0 ** rng.uniform(-8, 4, array.shape)


INPUTS = (
    Inputs("random", tame=True),
    Inputs("badly scaled", spread=True),
    Inputs("saturated", size=40.0),
    Inputs("T = 1000", steps=1000, width=1, tame=True),
)


def rounding_rows(
    module: Loaded,
    model: Model,
    estimator: Estimator = FULL,
    progress: Callable[[str], None] = silent,
) -> Iterator[Row]:
    """A row for each float: the worst of every kind of arguments.

    Parameters
    ----------
    model : Model
        With all functions bound.
    """
    progress("module, rounding")
    lines: dict[str, list[LostDigits]] = {dtype: [] for dtype in FLOATS}
    for inputs in INPUTS:
        exact = measured(module, model, inputs, estimator)
        for dtype, losses in lines.items():
            losses.append(LostDigits.of(exact, inputs, dtype))
    for dtype, losses in lines.items():
        detail = next((loss.detail for loss in losses if loss.detail), "")
        figure = f"{', '.join(loss.words for loss in losses)} units in the last place"
        if any(loss.name for loss in losses):
            yield Row("rounding", dtype, not detail, figure, detail)
        else:
            reason = "at no point that was tried it returns numbers within float32's range"
            yield Row("rounding", dtype, None, "not applicable", reason)


def measured(
    module: Loaded, model: Model, inputs: Inputs, estimator: Estimator = FULL
) -> Exact | None:
    """The file at the first call at which it is defined, and its numbers are floats."""
    for call in inputs.calls(model, estimator):
        exact = Exact(module, call, estimator)
        try:
            if exact.fits("float32"):
                return exact
        except InterfaceError:
            # Not defined there; what raises everywhere fails the rows of exact numbers.
            continue
    return None


@dataclass(frozen=True)
class LostDigits:
    """What one kind of arguments costs in one kind of float.

    Attributes
    ----------
    name : str
        The array that is farthest off.
    units, amplified : float
        How far, and how far it moves with the arguments.
    common : float
        How far any is off in units of the largest number of all times `FLOOR`, or more.
    detail : str
        Why that is wrong.
    """

    inputs: Inputs
    name: str = ""
    units: float = 0.0
    amplified: float = 0.0
    common: float = 0.0
    detail: str = ""

    @classmethod
    def of(cls, exact: Exact | None, inputs: Inputs, dtype: str) -> LostDigits:
        if exact is None:
            return cls(inputs)
        own, common, amplified = exact.errors(dtype), exact.errors(dtype, True), exact.amplified
        name = max(own, key=lambda each: own[each])
        room = inputs.room
        wrong = next((n for n in common if not common[n] <= room * (1 + amplified[n])), "")
        detail = ""
        if wrong and inputs.tame:
            detail = (
                f"{inputs.words}: {wrong} is off by {common[wrong]:.3g} units, where rounded "
                f"arguments make {amplified[wrong]:.3g}"
            )
        return cls(inputs, name, own[name], amplified[name], max(common.values()), detail)

    @property
    def words(self) -> str:
        if not self.name:
            return f"{self.inputs.words} beyond float32"
        if np.isinf(self.units):
            return f"{self.inputs.words} overflows in {self.name}"
        return f"{self.inputs.words} {self.units:.2g}"


@dataclass
class Exact:
    """What a file returns in numbers of many digits at one call."""

    module: Loaded
    call: ModuleCall
    estimator: Estimator
    domain: Precise = field(default_factory=lambda: Precise(DIGITS))

    @cached_property
    def numbers(self) -> Arrays:
        return self.run(self.domain.lifted)

    @cached_property
    def moved(self) -> Arrays:
        """The same, every argument moved by half a unit of float32."""
        rng = np.random.default_rng(0)
        half = Fraction(1, 2**24)
        return self.run(
            lambda array: (
                self.domain.lifted(array)
                * np.array([1 - half, 1 + half], object)[rng.integers(2, size=array.shape)]
            )
        )

    def run(self, change: Any) -> Arrays:
        call = changed(self.call, lambda _, array: np.asarray(change(array), object))
        with np.errstate(all="ignore"):
            found = results(self.module, call, self.estimator)
        for name, array in found.items():
            if not all(map(self.domain.has, np.ravel(array))):
                raise InterfaceError(f"{self.module.name}: {name} has entries that are no numbers")
        return found

    def unit(self, name: str, dtype: str, common: bool = False) -> Any:
        """The distance of neighbouring floats at the largest entry.

        With ``common`` at a thousandth of the largest number of all, if that is larger.
        """
        at = largest(self.numbers[name])
        if common:
            at = max(at, FLOOR * max(map(largest, self.numbers.values())))
        return self.spacing(at, dtype)

    def spacing(self, at: Any, dtype: str) -> Any:
        bits, least = FLOATS[dtype]
        _, exponent = self.domain.context.frexp(at)
        return self.domain.context.ldexp(1, max(int(exponent) - bits, least) if at else least)

    def fits(self, dtype: str) -> bool:
        """Whether floats have all these numbers."""
        most = self.domain.number(Fraction(float(np.finfo(dtype).max)))
        return all(largest(array) <= most for array in self.numbers.values())

    @cached_property
    def amplified(self) -> dict[str, float]:
        """How many units of float32 each array moves with the arguments."""
        return {
            name: float(largest(self.moved[name] - array) / self.unit(name, "float32"))
            for name, array in self.numbers.items()
        }

    def errors(self, dtype: str, common: bool = False) -> dict[str, float]:
        """How many units each array is off; infinitely many where it is not finite."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            call = changed(self.call, lambda _, array: array.astype(dtype))
            found = results(self.module, call, self.estimator)
        errors = dict.fromkeys(found, np.inf)
        for name, array in found.items():
            if np.isfinite(array).all():
                error = largest(self.domain.lifted(array) - self.numbers[name])
                errors[name] = float(error / self.unit(name, dtype, common))
        return errors


def results(module: Loaded, call: ModuleCall, estimator: Estimator) -> Arrays:
    """Loss and gradients."""
    loss, grads, _ = called(module, call, estimator)
    return {"loss": np.asarray(loss), **{f"grads[{k!r}]": np.asarray(a) for k, a in grads.items()}}


def largest(array: Any) -> Any:
    return max(map(abs, np.ravel(array)), default=0)
