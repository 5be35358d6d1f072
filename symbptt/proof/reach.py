"""A module called in every way that its code tells apart, beside the plain program.

``reach``: steps, rows and sizes past every threshold, both floats, arrays of every layout,
starts that are given or not, arguments small, large and badly scaled; every call made
twice and through a workspace. What it must return is what the code of -O0, made anew,
returns in double precision. ``plain``: that code against the author's equations, over many
steps, and its gradients along one direction against differences.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import EvaluationError, InterfaceError
from symbptt.proof.agreement import COARSE, FLOOR, TOLERANCE, Agreement, largest
from symbptt.proof.calls import (
    ModuleCall,
    Scenario,
    called,
    changed,
    drawn,
    entries,
    forwarded,
    scaled,
)
from symbptt.proof.cases import LAYOUTS, LONG, LONGER, STANDARD, Case, cases
from symbptt.proof.differences import RIGHT, ROUGH, along_one_direction
from symbptt.proof.domain import Precise
from symbptt.proof.expected import values_of
from symbptt.proof.loaded import Loaded
from symbptt.proof.points import size_sets
from symbptt.proof.rows import Row, silent
from symbptt.proof.unrolled import unrolled

ROUNDING = {"float64": 1e-14, "float32": 1e-7}
"""How much arguments are moved to see what the plain program makes of rounding."""

SCALES = (1.0, 0.5, 2.0, 0.25, 0.125, 0.03, 8.0)
"""What random arguments are multiplied with until the plain program is tame."""

MOST = 50.0
"""How much a doubt is larger than the one difference that it is seen in."""

FEW_CELLS = 100
"""Steps times sequences up to which it is worth to ask how far the plain program is off."""


Numbers = dict[str, Any]
"""All numbers of a call, by what they are called."""


class Undecided(Exception):
    """The plain program amplifies rounding too much, or is not defined, at every point."""


@dataclass(frozen=True)
class Plain:
    """The plain program of a model, and what it returns."""

    model: Model
    module: Loaded
    estimator: Estimator = FULL

    def call(self, case: Case) -> tuple[ModuleCall, Numbers, dict[str, float]]:
        """A call of a kind; what it must return, and how far that may be off.

        Raises
        ------
        Undecided
            If no point is found at which the numbers are finite and rounding is small.
        """
        for found in self.calls(case):
            return found
        raise Undecided

    def calls(self, case: Case) -> Iterator[tuple[ModuleCall, Numbers, dict[str, float]]]:
        """Every point that is tried and that `call` may take."""
        for attempt, scale in enumerate(2 * SCALES):
            call = cast(scaled(self.drawn(case, attempt), scale * case.size), case.dtype)
            double = cast(call, "float64")
            expected = self.result(double)
            seeds = (0, 1) if case.spread else (0,)
            nearby = [self.result(jogged(double, ROUNDING[case.dtype], seed)) for seed in seeds]
            nearby += [self.result(call)] if case.dtype != "float64" else []
            if all(np.isfinite(a).all() for each in (expected, *nearby) for a in each.values()):
                doubts = {
                    name: MOST * max(apart(other[name], array) for other in nearby)
                    for name, array in expected.items()
                }
                floor = FLOOR * max(map(largest, expected.values()))
                scales = {name: max(largest(a), floor) for name, a in expected.items()}
                if all(doubts[name] <= COARSE * scales[name] for name in expected):
                    yield call, expected, doubts

    def with_truth(self, case: Case) -> tuple[ModuleCall, Numbers, Numbers]:
        """A call at which the equations are defined as they are written, and what they say.

        Raises
        ------
        Undecided
            If there is none: a log of what underflows has no value where its stable form has.
        """
        equations = unrolled(self.model, case.sizes)
        for call, expected, _ in self.calls(case):
            try:
                return call, expected, values_of(equations, call).outputs
            except EvaluationError:
                continue
        raise Undecided

    def drawn(self, case: Case, attempt: int) -> ModuleCall:
        rng = np.random.default_rng(attempt)
        scenario = Scenario(case.words, case.steps, case.valid, True, case.told)
        positive = attempt >= len(SCALES)
        call = drawn(self.model, case.sizes, scenario, rng, positive, self.estimator)
        if case.spread:
            call = changed(call, lambda _, array: array * 10.0 ** rng.uniform(-8, 4, array.shape))
        back = {key: case.pull * array for key, array in (call.carry_grad or {}).items()}
        start = call.carry if case.carry else None
        return replace(call, carry=start, carry_grad=back if case.carry_grad else None)

    def result(self, call: ModuleCall) -> Numbers:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return result_of(self.module, call, self.estimator)

    def losses(self, call: ModuleCall) -> dict[str, float]:
        """How far floats lead the plain program off, beside itself in many digits.

        What lies between is rounded, too: 1 - sigmoid(a) loses digits where a is large, however
        exactly a is known, and faster code, which makes sigmoid of tanh, loses those of
        sigmoid(a) where a is far below 0.
        """
        domain = Precise()
        try:
            exact = self.result(changed(call, lambda _, array: domain.lifted(array)))
        except InterfaceError:  # exp of 1e9 has no value in so many digits
            return {}
        programs = [self.result(call)]
        with sigmoid_of_tanh(self.module):
            programs.append(self.result(call))
        return {
            name: max(
                float(np.max(np.abs(domain.lifted(program[name]) - array), initial=0))
                for program in programs
            )
            for name, array in exact.items()
            if all(np.isfinite(program[name]).all() for program in programs)
        }

    def rows(self) -> Iterator[Row]:
        """The plain program itself: its values are the equations', its gradients their slopes."""
        sizes = size_sets(self.model)[0]
        values, slopes = (
            Agreement("plain", what, range=f"T = {span}")
            for what, span in (("equations", LONG), ("one direction", f"{LONG}…{LONGER}"))
        )
        told = bool(self.model.inputs or self.model.initials)
        for valid in ((LONG, 0, 41), (LONGER,)) if told else ((LONG,),):
            case = Case("plain", valid[0], valid, sizes)
            try:
                if valid[0] == LONG:
                    call, expected, truth = self.with_truth(case)
                else:
                    (call, expected, _), truth = self.call(case), {}
            except Undecided:
                continue
            if truth:
                found = {name: expected[f"forward[{name!r}]"] for name in truth}
                values.compare_all(found, truth, case.words)
            if self.estimator == FULL:
                found = {n[7:-2]: a for n, a in expected.items() if n.startswith("grads[")}
                wrong = along_one_direction(
                    lambda call: called(self.module, call, self.estimator), call, found
                )
                slopes.entries += wrong != ROUGH
                slopes.detail = slopes.detail or (wrong if wrong not in (RIGHT, ROUGH) else "")
        if values.entries or values.detail:
            yield values.row()
        else:
            words = "no random point was found at which numbers are finite and rounding is small"
            yield Row("plain", "equations", None, "not applicable", words)
        if slopes.entries:
            yield replace(slopes.row(), worst=None)


def jogged(call: ModuleCall, by: float, seed: int) -> ModuleCall:
    """The call with every real argument a little off, up or down."""
    rng = np.random.default_rng(seed)
    return changed(call, lambda _, array: array * (1 + by * rng.choice((-1, 1), array.shape)))


@contextmanager
def sigmoid_of_tanh(module: Loaded) -> Iterator[None]:
    """A module that makes sigmoid of tanh: right to a unit of 1, not to one of its own."""
    names = vars(module.module)
    kept = {name: names[name] for name in ("_sigmoid",) if name in names}
    names |= dict.fromkeys(kept, lambda x: (1 + np.tanh(x / 2)) / 2)
    try:
        yield
    finally:
        names |= kept


def cast(call: ModuleCall, dtype: str) -> ModuleCall:
    return changed(call, lambda _, array: array.astype(dtype))


def apart(one: Any, other: Any) -> float:
    return largest(np.asarray(one, float) - np.asarray(other, float))


def result_of(
    module: Loaded, call: ModuleCall, estimator: Estimator, workspace: Any = None
) -> Numbers:
    """All numbers of a call: loss, gradients, carry, and what `forward` returns."""
    found = entries(called(module, call, estimator, workspace))
    outputs, carry = forwarded(module, call)
    found |= {f"forward[{name!r}]": array for name, array in outputs.items()}
    return found | {f"forward's carry[{name!r}]": array for name, array in carry.items()}


# --- a module ---------------------------------------------------------------------------------


def reach_rows(
    module: Loaded, plain: Plain, progress: Callable[[str], None] = silent
) -> Iterator[Row]:
    """A row a group of calls: whether the module returns what the plain program does."""
    thresholds = getattr(module.module, "_THRESHOLDS", STANDARD)
    for name, members in groupby(cases(plain.model, thresholds), lambda case: case.group):
        progress(f"module, {name}")
        group = Group(name, module, plain)
        for case in members:
            group.examine(case)
        yield group.row()


@dataclass
class Group:
    """Calls that make a row."""

    name: str
    module: Loaded
    plain: Plain
    calls: int = 0
    undecided: int = 0
    worst: dict[str, float] = field(default_factory=dict)
    detail: str = ""
    made: tuple[Any, Any] = (None, None)
    tried: list[Case] = field(default_factory=list)

    def examine(self, case: Case) -> None:
        """Call the module as a case says, twice, and through a workspace."""
        if self.detail:
            return
        try:
            call, expected, doubts = self.plain.call(case)
        except Undecided:
            self.undecided += 1
            return
        self.tried.append(case)
        given = changed(call, lambda _, array: LAYOUTS[case.laid](array), "fiu")
        before = as_bytes(given)
        try:
            with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
                warnings.simplefilter("error", RuntimeWarning)
                for words, found in self.results(case, given):
                    self.compare(case, words, found, expected, doubts, call)
        except InterfaceError as error:
            self.detail = self.detail or f"{case.words}: {error}"
        if as_bytes(given) != before:
            self.detail = self.detail or f"{case.words}: an argument was changed"

    def results(self, case: Case, call: ModuleCall) -> Iterator[tuple[str, Numbers]]:
        """What the module returns, in every way of one call."""
        found = result_of(self.module, call, self.plain.estimator)
        kept = {name: np.array(array) for name, array in found.items()}
        yield "", found
        again = result_of(self.module, call, self.plain.estimator)
        yield ", the second call", again
        for name, array in kept.items():
            if np.asarray(found[name]).tobytes() != array.tobytes():
                self.detail = self.detail or f"{case.words}: {name} was changed by the next call"
            if np.asarray(again[name]).tobytes() != array.tobytes():
                self.detail = self.detail or f"{case.words}: {name} has other bytes the second time"
        size = case.steps, call.sequences, case.dtype
        if self.made[0] != (case.sizes, size):
            workspace = self.module.call("Workspace", case.sizes, *size)
            self.made = (case.sizes, size), workspace
        for words in (", through a workspace", ", through a workspace again"):
            yield words, entries(called(self.module, call, self.plain.estimator, self.made[1]))

    def compare(
        self,
        case: Case,
        words: str,
        found: Numbers,
        expected: Numbers,
        doubts: dict[str, float],
        call: ModuleCall,
    ) -> None:
        """Whether the numbers are those expected, as far as these can be relied on."""
        agreement = self.agreement(case, words, found, expected, doubts)
        if agreement.detail and case.steps * len(case.valid) <= FEW_CELLS:
            losses = {name: MOST * loss for name, loss in self.plain.losses(call).items()}
            doubts = {name: max(doubt, losses.get(name, 0)) for name, doubt in doubts.items()}
            agreement = self.agreement(case, words, found, expected, doubts)
        self.calls += 1
        self.worst[case.dtype] = max(self.worst.get(case.dtype, 0.0), agreement.worst)
        self.detail = self.detail or agreement.detail

    def agreement(
        self, case: Case, words: str, found: Numbers, expected: Numbers, doubts: dict[str, float]
    ) -> Agreement:
        agreement, where = Agreement("reach", self.name), f"{case.words}{words}"
        floor = FLOOR * max(map(largest, expected.values()))
        new = [name for name in found if name not in expected]
        lacking = [name for name in expected if name not in found and self.is_due(name, words)]
        if new or lacking:
            agreement.detail = f"{where}: it returns {new} too much, {lacking} too little"
        for name, array in found.items():
            if name in new:
                continue
            scale, right = max(largest(expected[name]), floor), expected[name]
            least = TOLERANCE["reach"] * (1 if case.dtype == "float64" else 2e6)
            doubt = doubts[name] + least * scale
            agreement.compare(array, right, scale, name, where, doubt)
            kind = np.asarray(array).dtype
            if name != "loss" and kind.kind == "f" and kind != case.dtype:
                agreement.detail = agreement.detail or f"{where}: {name} is {kind}"
        return agreement

    def is_due(self, name: str, words: str) -> bool:
        """Inputs have gradients only in a module that was made so; `forward` has no workspace."""
        if name.startswith("forward"):
            return "workspace" not in words
        return name[7:-2] not in self.module.table("INPUTS")

    def spans(self) -> str:
        """Over which steps, sequences and sizes."""
        measured = {
            "T": [case.steps for case in self.tried],
            "B": [len(case.valid) for case in self.tried],
            "sizes": [size for case in self.tried for size in case.sizes.values()],
        }
        spans = {
            name: sorted({min(found), max(found)}) for name, found in measured.items() if found
        }
        return ", ".join(f"{name} = {'…'.join(map(str, span))}" for name, span in spans.items())

    def row(self) -> Row:
        worst = ", ".join(f"{error:.1e} ({dtype})" for dtype, error in self.worst.items())
        figure = f"{self.calls} calls, {self.spans()}, largest error {worst}"
        undecided = f"{self.undecided} kinds of call at no point where rounding is small"
        if not (self.calls or self.detail):
            return Row("reach", self.name, None, "not applicable", undecided)
        figure += f"; {undecided}" if self.undecided else ""
        return Row("reach", self.name, not self.detail, figure, self.detail)


def as_bytes(call: ModuleCall) -> list[bytes]:
    """The numbers of all arguments."""
    kinds = (call.params, call.inputs, call.carry or {}, call.carry_grad or {})
    return [np.asarray(array).tobytes() for arrays in kinds for array in arrays.values()]
