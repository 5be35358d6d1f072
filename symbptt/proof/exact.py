"""The exact checks: a derivation against the model's own derivatives, entry by entry.

``exact``: a reader's calculation with the derivation's results, from the boundary at T
down to the gradients, against forward accumulation in the model as its author wrote it.
``chain``: every member of every step, at the true cotangents.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.algebra import Cotangent, Expr
from symbptt.calculus.derivation import Derivation, Kind, Step
from symbptt.errors import EvaluationError, UnboundFunctionError
from symbptt.proof.degree import Degrees, error_bits, largest
from symbptt.proof.domain import Array, Domain
from symbptt.proof.evaluate import Steps, evaluate, lengths
from symbptt.proof.field import Field
from symbptt.proof.ledger import Ledger, at_steps, in_turn, occasions, show, step_of
from symbptt.proof.points import draw, size_sets
from symbptt.proof.rows import Row, silent
from symbptt.proof.sample import Sample
from symbptt.proof.unrolled import Trajectory, Variable, unrolled
from symbptt.typeset.plain import plain

HORIZONS = (1, 2, 3, 4, 5)
"""Every T for which a derivation is examined; more where a step needs more."""

POINTS = 2
TRIES = 20


# --- a point ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class RandomPoint:
    """A derivation at one random point: the model as written and its normal form, run."""

    derivation: Derivation
    written: Trajectory
    normal: Trajectory
    gates: Mapping[Variable, Array] = field(default_factory=dict)

    def truth(self, run: Trajectory, horizon: int) -> dict[Variable, Array]:
        """dL/d(every variable of a run) for T = ``horizon``, by forward accumulation."""
        _, slopes = run.total_loss(horizon)
        return {variable: run.gradient(slopes, variable) for variable in run.variables}

    def parts(self, horizon: int) -> dict[tuple[Variable, int], Array]:
        """The same of the parts of L that the losses give, where the derivation has them."""
        if self.derivation.estimator.kind != "window":
            return {}
        return self.normal.parts_of_loss(horizon)

    def ledger(
        self,
        horizon: int,
        known: Mapping[Variable, Array],
        parts: Mapping[tuple[Variable, int], Array],
        derivatives: Mapping[Expr, Array] | None = None,
    ) -> Ledger:
        return Ledger(self.normal, horizon, known, parts, self.gates, derivatives)

    def read(self, horizon: int, into: Calculation | None = None) -> Calculation:
        """What a reader of the derivation calculates for T = ``horizon``."""
        reading = Calculation() if into is None else into
        ledger = self.ledger(horizon, reading.known, reading.parts, reading.derivatives)
        for steps in in_turn(self.derivation):
            where = [(step, at) for step in steps for at in occasions(step, horizon)]
            # Later losses and later steps first, and in a step as the derivation has them;
            # what goes forward through time the other way round.
            order = _earlier_first if any(s.kind in _FORWARD for s in steps) else _later_first
            for step, at in sorted(where, key=order):
                reading.take(step, at, ledger)
        return reading


_FORWARD: tuple[Kind, ...] = ("start", "jacobian", "sensitivity")


def _later_first(where: tuple[Step, Steps]) -> tuple[int, int]:
    return -where[1].get("s", 0), -_earlier_first(where)


def _earlier_first(where: tuple[Step, Steps]) -> int:
    return step_of(*where) or 0


@dataclass
class Calculation:
    """The cotangents found, the steps that gave them, and what could not be evaluated."""

    known: dict[Variable, Array] = field(default_factory=dict)
    derivatives: dict[Expr, Array] = field(default_factory=dict)
    parts: dict[tuple[Variable, int], Array] = field(default_factory=dict)
    steps: dict[Variable, Step] = field(default_factory=dict)
    errors: dict[Variable, str] = field(default_factory=dict)

    def take(self, step: Step, at: Steps, ledger: Ledger) -> None:
        if not isinstance(step.target, Cotangent):
            self.note(step, at, ledger)
            return
        variable = ledger.run.unrolled.variable(step.target.name, step_of(step, at))
        loss = at.get("s")
        if (variable in self.steps) if loss is None else ((variable, loss) in self.parts):
            return
        if loss is None:
            self.steps[variable] = step
        try:
            value = member_value(step, step.result, at, ledger)
        except (EvaluationError, ZeroDivisionError) as error:
            self.errors[variable] = str(error)
            return
        if loss is None:
            self.known[variable] = value
        else:
            self.parts[variable, loss] = value

    def note(self, step: Step, at: Steps, ledger: Ledger) -> None:
        """A derivative that is no gradient, found by a step."""
        key = at_steps(step.target, at)
        if key in self.derivatives:
            return
        try:
            self.derivatives[key] = member_value(step, step.result, at, ledger)
        except (EvaluationError, ZeroDivisionError):
            # Whoever reads it says that no step gives it.
            return


def member_value(step: Step, member: Expr, at: Steps, ledger: Ledger) -> Array:
    """A member of a step's chain on one of its occasions."""
    value = evaluate(member, ledger, at)
    expected = lengths(step.shape, ledger.sizes)
    if value.shape != expected:
        raise EvaluationError(f"has shape {value.shape}, not {expected}")
    return value


class SizedDerivation:
    """Makes scenes at fixed sizes; the equations are written out once."""

    def __init__(self, derivation: Derivation, sizes: Mapping[str, int]) -> None:
        self.derivation = derivation
        self.sizes = sizes
        longest = max(step.needs for step in derivation.steps)
        self.horizons = (*HORIZONS, *range(max(HORIZONS) + 1, longest + 1))
        self.written = unrolled(derivation.model, sizes)
        self.normal = unrolled(derivation.normal, sizes, whole=True)

    def scene(self, domain: Domain, seed: int) -> RandomPoint:
        """A scene at a random point at which everything is defined.

        Raises
        ------
        EvaluationError
            If none was found.
        """
        reason, steps = "", max(self.horizons)
        for attempt in range(TRIES):
            rng = random.Random(f"point {seed} {attempt}")
            try:
                given = draw(self.derivation.model, self.sizes, steps, domain, rng)
                gates = self.gates(domain, rng)
                written, normal = (
                    each.estimated(given, steps, domain, self.derivation.estimator, gates)
                    for each in (self.written, self.normal)
                )
            except (EvaluationError, ZeroDivisionError) as error:
                reason = str(error)
            else:
                return RandomPoint(self.derivation, written, normal, self.named(gates))
        raise EvaluationError(f"the model is not defined at any of {TRIES} points: {reason}")

    def gates(self, domain: Domain, rng: random.Random) -> dict[int, Any]:
        """Any numbers: what holds for them holds for all gates. They are 1 up to step 1."""
        if self.derivation.gate is None:
            return {}
        one = domain.number(Fraction(1))
        steps = range(2 - max(self.horizons), max(self.horizons) + 1)
        return {step: domain.random(rng) if step > 1 else one for step in steps}

    def named(self, gates: Mapping[int, Any]) -> dict[Variable, Array]:
        gate = self.derivation.gate
        if gate is None:
            return {}
        return {(gate.name, step): np.array(value, object) for step, value in gates.items()}


# --- rows ------------------------------------------------------------------------------------


@dataclass
class Tally:
    """How many entries were compared for one row, and the first that was wrong."""

    check: str
    subject: str
    words: str = ""
    entries: int = 0
    horizons: set[int] = field(default_factory=set)
    detail: str = ""

    def compare(self, found: Array, true: Array, horizon: int) -> tuple[int, ...] | None:
        """The first entry at which two arrays differ."""
        self.entries += int(np.size(true))
        self.horizons.add(horizon)
        found, true = np.asarray(found, object), np.asarray(true, object)
        for entry in np.ndindex(*true.shape):
            if found[entry] != true[entry]:
                return entry
        return None

    def row(self) -> Row:
        detail = self.detail or ("" if self.entries else "nothing was compared")
        steps = sorted(self.horizons)
        told = "…".join(map(str, dict.fromkeys([*steps[:1], *steps[-1:]])))
        range = f"T = {told}{self.words}" if steps else self.words
        return Row(self.check, self.subject, not detail, range, detail, self.entries)


def exact_rows(
    derivation: Derivation,
    seed: int = 0,
    progress: Callable[[str], None] = silent,
    *,
    sets: Sequence[Mapping[str, int]] = (),
    points: int = 0,
) -> tuple[Row, ...]:
    """The rows of the exact checks, ``exact`` first.

    Parameters
    ----------
    sets : sequence of mappings
        The sizes at which to look, if not those of `size_sets`.
    points : int
        How many points to look at for each, if not `POINTS`.

    Raises
    ------
    EvaluationError
        If no point is found at which the model is defined.
    """
    checks = _Checks(derivation)
    for sizes in sets or size_sets(derivation.model):
        stage = SizedDerivation(derivation, sizes)
        progress("exact, sizes " + ", ".join(f"{k} = {v}" for k, v in sizes.items()))
        for number in range(points or POINTS):
            checks.examine(stage, Field(seed + number), seed + number)
    return checks.rows()


class _Checks:
    """Gathers the tallies of all points."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.bits: list[int] = []
        self.points = 0
        model = derivation.model
        integers = {i.name for i in model.inputs if i.index_dim is not None}
        names = [*(p.name for p in model.learned)]
        names += [i.key for i in model.initials if i.name not in integers]
        if derivation.only:
            names = [name for name in names if name in derivation.only]
        timed = derivation.of_kind("seed", "adjoint", "boundary")
        targets = {s.target.name for s in timed if isinstance(s.target, Cotangent)}
        every = derivation.form in ("adjoint", "joined") and not derivation.only
        names += [f"{e.name}[{e.index}]" for e in model.equations if every or e.name in targets]
        names += [f"{i.name}[t]" if i.timed else i.name for i in model.inputs if i.name in targets]
        self.exact = {name: Tally("exact", f"dL/d{name}") for name in names}
        self.normal = Tally("exact", "normal form")
        self.chain = {
            step.number: Tally("chain", f"({step.number}) {plain(step.target)}")
            for step in derivation.steps
        }

    def examine(self, stage: SizedDerivation, domain: Field, seed: int) -> None:
        scene = stage.scene(domain, seed)
        self.points += 1
        for horizon in stage.horizons:
            written = scene.truth(scene.written, horizon)
            normal = scene.truth(scene.normal, horizon)
            self._same_model(scene, written, normal, horizon)
            self._read(stage, scene, written, horizon)
            self._chains(stage, scene, normal, horizon)
        if not self.bits:
            self.bits.append(self._bits(stage, domain))

    def _same_model(
        self,
        scene: RandomPoint,
        written: Mapping[Variable, Array],
        normal: Mapping[Variable, Array],
        horizon: int,
    ) -> None:
        """The normal form has the values and the derivatives of the author's equations."""
        for variable, true in written.items():
            values = scene.normal.values.get(variable), scene.written.values[variable]
            for found, expected in (values, (normal.get(variable), true)):
                wrong = found is None or self.normal.compare(found, expected, horizon) is not None
                if wrong and not self.normal.detail:
                    self.normal.detail = f"{show(*variable)} differs at T = {horizon}"

    def _read(
        self,
        stage: SizedDerivation,
        scene: RandomPoint,
        truth: Mapping[Variable, Array],
        horizon: int,
    ) -> None:
        reading = scene.read(horizon)
        for variable, true in truth.items():
            tally = self._tally(variable, horizon)
            if tally is None or tally.detail:
                continue
            if variable not in reading.known:
                reason = reading.errors.get(variable, "no step gives it")
                tally.detail = f"{self._by(reading, variable)}: {show(*variable)}: {reason}"
                continue
            entry = tally.compare(reading.known[variable], true, horizon)
            if entry is not None:

                def both(other: RandomPoint, variable: Variable = variable) -> tuple[Array, Array]:
                    other_truth = other.truth(other.written, horizon)
                    return other.read(horizon).known[variable], other_truth[variable]

                words = _difference(stage, scene, both, entry)
                tally.detail = (
                    f"{self._by(reading, variable)} at T = {horizon}: {show(*variable)} {words}"
                )

    def _by(self, reading: Calculation, variable: Variable) -> str:
        step = reading.steps.get(variable)
        return "no step" if step is None else f"step ({step.number})"

    def _tally(self, variable: Variable, horizon: int) -> Tally | None:
        """The row to which a variable at a step belongs, if it is one of the row's steps."""
        name, step = variable
        if step is None or step <= 0:
            return self.exact.get(name if step is None else f"{name}[{step}]")
        if step == horizon and f"{name}[T]" in self.exact:
            return self.exact[f"{name}[T]"]
        return self.exact.get(f"{name}[t]") if step <= horizon else None

    def _chains(
        self,
        stage: SizedDerivation,
        scene: RandomPoint,
        truth: Mapping[Variable, Array],
        horizon: int,
    ) -> None:
        ledger = scene.ledger(horizon, truth, scene.parts(horizon))
        for step in self.derivation.steps:
            for at in occasions(step, horizon):
                self._chain(stage, scene, ledger, step, at)

    def _chain(
        self, stage: SizedDerivation, scene: RandomPoint, ledger: Ledger, step: Step, at: Steps
    ) -> None:
        tally, horizon = self.chain[step.number], ledger.horizon
        true, subject = evaluate(step.target, ledger, at), plain(at_steps(step.target, at))
        for number, member in enumerate(step.members, start=1):
            if tally.detail:
                return
            where = f"member {number} of {len(step.members)} at T = {horizon}: {subject}"
            try:
                found = member_value(step, member, at, ledger)
            except (EvaluationError, ZeroDivisionError) as error:
                tally.detail = f"{where}: {error}"
                return
            entry = tally.compare(found, true, horizon)
            if entry is not None:

                def both(other: RandomPoint, member: Expr = member) -> tuple[Array, Array]:
                    other_truth = other.truth(other.normal, horizon)
                    other_ledger = other.ledger(horizon, other_truth, other.parts(horizon))
                    found = member_value(step, member, at, other_ledger)
                    return found, evaluate(step.target, other_ledger, at)

                tally.detail = f"{where} {_difference(stage, scene, both, entry)}"

    def _bits(self, stage: SizedDerivation, domain: Field) -> int:
        """The probability of an error at one point, as a power of 1/2."""
        scene = stage.scene(Degrees(), 0)
        horizon = max(stage.horizons)
        truth, reading = scene.truth(scene.written, horizon), scene.read(horizon)
        bounds = [
            largest(found - truth[variable]).above
            for variable, found in reading.known.items()
            if variable in truth
        ]
        return error_bits(max(bounds, default=1), domain.indeterminates)

    def rows(self) -> tuple[Row, ...]:
        noun = "point" if self.points == 1 else "points"
        words = f", {self.points} {noun}, error < 2^-{min(self.bits)}"
        for tally in (self.normal, *self.exact.values()):
            tally.words = words
        tallies = (*self.exact.values(), self.normal, *self.chain.values())
        return tuple(tally.row() for tally in tallies)


def _difference(
    stage: SizedDerivation,
    scene: RandomPoint,
    both: Callable[[RandomPoint], tuple[Array, Array]],
    entry: tuple[int, ...],
) -> str:
    """The first wrong entry with both values, as real numbers where that is possible."""
    try:
        found, true = both(stage.scene(Sample(stage.derivation.model), 0))
    except (EvaluationError, UnboundFunctionError, ZeroDivisionError, KeyError):
        found, true = both(scene)
    place = f"entry ({', '.join(str(k + 1) for k in entry)}) " if entry else ""
    return f"{place}is {_number(found[entry])}, exact {_number(true[entry])}"


def _number(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)
