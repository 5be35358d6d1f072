"""The file itself in numbers without rounding: every statement that floats run.

``file``: the loss, the gradients, the carry and what `forward` returns of a module that is
called with fractions, with numbers of 50 digits and with residues modulo a prime, beside
what the author's equations give, differentiated forward, in the same numbers. A module
runs as it stands, and once more with all its thresholds so low that it takes the other way
at each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import cycle
from random import Random
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import EvaluationError, InterfaceError
from symbptt.proof.agreement import FLOOR
from symbptt.proof.calls import ModuleCall, changed
from symbptt.proof.domain import Domain, Precise, Rational
from symbptt.proof.expected import Expected, expect
from symbptt.proof.formal import FormalField
from symbptt.proof.loaded import Loaded
from symbptt.proof.points import size_sets
from symbptt.proof.reach import Numbers, result_of
from symbptt.proof.rows import Row, silent
from symbptt.proof.unrolled import SizedModel, unrolled

DIGITS = 50
TOLERANCE = Fraction(1, 10**45)
"""Of numbers with so many digits: a part of the largest entry."""

STEPS = 3
"""Fractions grow with every step, so calls with them are short."""


def file_rows(
    module: Loaded,
    model: Model,
    calls: Sequence[ModuleCall],
    estimator: Estimator = FULL,
    seed: int = 0,
    progress: Callable[[str], None] = silent,
) -> Iterator[Row]:
    """A row for each kind of number.

    Parameters
    ----------
    model : Model
        With all functions bound.
    calls : sequence of ModuleCall
        Those of `symbptt.proof.numeric.random_calls`, in their order.
    """
    progress("module, exact numbers")
    for numbers in kinds(seed):
        run = Execution(numbers, module, estimator)
        sized = [*zip(cycle(size_sets(model)), calls, strict=False)]
        # The first one has no more to say than the others, if there are any, and is the longest.
        for sizes, call in sized[1:] or sized:
            if not (run.detail or run.unable):
                # Other numbers in every call: a function is known by what it was called with.
                rng = Random(f"{seed} {call.scenario.words}")
                run.examine(unrolled(model, sizes), call, rng)
        yield run.row()


@dataclass(frozen=True)
class ExactNumbers:
    """A kind of number.

    Attributes
    ----------
    tolerance : Fraction
        What one may be off, as a part of its array's largest entry.
    most : int, optional
        To how many steps a call is shortened.
    """

    subject: str
    domain: Domain
    tolerance: Fraction = Fraction(0)
    most: int | None = None

    @property
    def rule(self) -> str:
        if self.tolerance:
            return f"tolerance {float(self.tolerance):.0e}"
        return ", ".join(filter(None, ("equal", self.domain.chance)))


def kinds(seed: int = 0) -> tuple[ExactNumbers, ...]:
    return (
        ExactNumbers("fractions", Rational(), most=STEPS),
        ExactNumbers(f"{DIGITS} digits", Precise(DIGITS), TOLERANCE),
        ExactNumbers("modulo a prime", FormalField(seed)),
    )


@dataclass
class Execution:
    """A module in numbers of one kind: a row in the making."""

    numbers: ExactNumbers
    module: Loaded
    estimator: Estimator = FULL
    entries: int = 0
    worst: float = 0.0
    detail: str = ""
    unable: str = ""
    steps: set[int] = field(default_factory=set)

    def examine(self, equations: SizedModel, call: ModuleCall, rng: Random) -> None:
        """Compare what the module returns for the numbers that stand for a call's floats."""
        try:
            exact, expected = self.truth(equations, call, rng)
        except (EvaluationError, ZeroDivisionError) as error:
            self.unable = str(error)
        else:
            self.run(exact, expected)

    def truth(
        self, equations: SizedModel, call: ModuleCall, rng: Random
    ) -> tuple[ModuleCall, Numbers]:
        """A call in these numbers, and what it must return."""
        exact = self.converted(shortened(call, self.module, self.numbers.most), rng)
        return exact, named(expect(equations, exact, self.estimator, self.numbers.domain))

    def run(self, call: ModuleCall, expected: Numbers) -> None:
        """Compare what the module returns, on both sides of its thresholds."""
        self.steps.add(call.scenario.steps)
        for words, limits in (("", {}), (", all thresholds lowered", LOWERED)):
            where = f"{call.scenario.words}{words}"
            try:
                with lowered(self.module, limits):
                    found = result_of(self.module, call, self.estimator)
            except (InterfaceError, EvaluationError) as error:
                self.detail = self.detail or f"{where}: {error}"
                return
            self.compare(where, found, expected)

    def converted(self, call: ModuleCall, rng: Random) -> ModuleCall:
        def number(value: float) -> Any:
            # What stands at a padded step is nobody's number, and stays.
            return self.numbers.domain.near(float(value), rng) if np.isfinite(value) else value

        each = np.frompyfunc(number, 1, 1)
        exact = changed(call, lambda _, array: np.asarray(each(array), object))
        if call.gates is None:
            return exact
        # Gates that a seed draws are 0 or 1/PI: a ratio of small numbers.
        gates = np.frompyfunc(lambda gate: Fraction(gate).limit_denominator(100), 1, 1)
        return replace(exact, gates=gates(call.gates))

    def compare(self, where: str, found: Numbers, expected: Numbers) -> None:
        scales = self.scales(expected)
        for name, right in expected.items():
            if name not in found:
                if name.startswith("grads") and name[7:-2] in self.module.table("INPUTS"):
                    continue
                self.detail = self.detail or f"{where}: {name} is lacking"
                continue
            array, right = np.asarray(found[name], object), np.asarray(right, object)
            if array.shape != right.shape:
                words = f"has shape {array.shape}, not {right.shape}"
                self.detail = self.detail or f"{where}: {name} {words}"
                continue
            self.entries += right.size
            for entry in np.ndindex(*right.shape):
                if not self.fits(array[entry], right[entry], scales[name]) and not self.detail:
                    place = f"[{', '.join(map(str, entry))}]" if entry else ""
                    words = f"is {array[entry]}, exact {right[entry]}"
                    self.detail = f"{where}: {name}{place} {words}"

    def scales(self, expected: Numbers) -> Numbers:
        """What the errors of each array are parts of."""
        if not self.numbers.tolerance:
            return dict.fromkeys(expected)
        found = {
            name: max(map(abs, np.ravel(array)), default=0) for name, array in expected.items()
        }
        floor = max(found.values()) * self.numbers.domain.number(Fraction(FLOOR))
        return {name: max(each, floor) or 1 for name, each in found.items()}

    def fits(self, found: Any, right: Any, scale: Any) -> bool:
        if not self.numbers.domain.has(found):
            return False
        if not self.numbers.tolerance:
            return bool(found == right)
        error = abs(found - right) / scale
        self.worst = max(self.worst, float(error))
        return bool(error <= self.numbers.domain.number(self.numbers.tolerance))

    def row(self) -> Row:
        subject = self.numbers.subject
        if self.unable and not self.entries:
            return Row("file", subject, None, "not applicable", self.unable)
        detail = self.detail or self.unable or ("" if self.entries else "nothing was compared")
        span = "…".join(map(str, sorted({min(self.steps, default=0), max(self.steps, default=0)})))
        range = f"T = {span}, {self.numbers.rule}"
        worst = self.worst if self.numbers.tolerance else None
        return Row("file", subject, not detail, range, detail, self.entries, worst)


def named(expected: Expected) -> Numbers:
    """All numbers that a call must return, by what they are called."""
    groups = {
        "grads": expected.grads,
        "carry": expected.carry,
        "forward": expected.outputs,
        "forward's carry": expected.carry,
    }
    found = {f"{word}[{key!r}]": a for word, arrays in groups.items() for key, a in arrays.items()}
    return {"loss": expected.loss, **found}


def shortened(call: ModuleCall, module: Loaded, most: int | None) -> ModuleCall:
    """The first steps of a call."""
    if most is None or call.scenario.steps <= most:
        return call
    tables = module.table("INPUTS")
    words = f"{call.scenario.words}, its first {most} steps"
    lengths = tuple(min(count, most) for count in call.scenario.lengths)
    return replace(
        call,
        scenario=replace(call.scenario, words=words, steps=most, lengths=lengths),
        inputs={n: a[:most] if tables[n][:1] == ("T",) else a for n, a in call.inputs.items()},
        gates=None if call.gates is None else call.gates[:most],
    )


LOWERED = {
    "rows of a segment": 4,
    "steps of a segment": 2,
    "steps of a scan side by side": 2,
    "rows of a product in blocks": 1,
    "multiplications of a block": 1,
    "entries computed at once": 1,
    "rows added up at once": 1,
}


@contextmanager
def lowered(module: Loaded, limits: Mapping[str, int]) -> Iterator[None]:
    """The module with some of its thresholds, where it states them, at these values."""
    stated = vars(module.module).get("_THRESHOLDS", {})
    before = dict(stated)
    stated.update({name: limit for name, limit in limits.items() if name in stated})
    try:
        yield
    finally:
        stated.update(before)
