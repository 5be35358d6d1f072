"""Modules that are tried before they are handed out.

A module is run small, with everything given: a carry, a ``carry_grad``, sequences of different
lengths; with all steps in one segment and in several; through a workspace, twice. Its numbers
must be those of the plain code, and its gradients must fit a difference along one direction.
What is tried is a random point; where a right module may fail, at a kink or a pole, another
point is tried, so that a module fails only if it does so at every one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any, Literal

import numpy as np

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.codegen import render
from symbptt.errors import EvaluationError, InterfaceError, TrialError
from symbptt.proof.agreement import TOLERANCE, Agreement
from symbptt.proof.calls import ModuleCall, Result, Scenario, called, drawn, entries, scaled
from symbptt.proof.differences import RIGHT, ROUGH, along_one_direction
from symbptt.proof.loaded import Loaded, load_module
from symbptt.proof.place import lengths
from symbptt.proof.points import size_sets
from symbptt.proof.rows import silent

ROUNDING = 1e-4 * TOLERANCE["trial"]
"""How much arguments are moved to see what a model makes of rounding: no 1e4-fold change."""

UNDEFINED = "undefined"
"""Outcome of a trial where the model has no value."""

POINTS, DRAWS = 3, 24
"""At how many points a module must fail; how often one is looked for where it is defined."""

STEPS = 8
"""No call has more, whatever the longest lag."""

ENTRIES = 1_000_000
"""A model whose literal sizes make arrays with more entries is not tried."""


def generate(
    source: Model | Derivation,
    *,
    bind: Mapping[str, str] | None = None,
    wrt_inputs: bool = False,
    level: int | None = None,
    mode: str = "reverse",
    estimator: Estimator | str | None = None,
    checkpoint: int | Literal["auto"] | None = None,
    gates: str = "blocks",
    tried: bool = True,
    note: Callable[[str], None] = silent,
) -> str:
    """The text of the NumPy module of a model or of a derivation, tried.

    Parameters
    ----------
    source, bind, wrt_inputs, level, mode, estimator, checkpoint, gates
        As for `symbptt.codegen.render.generate`, which makes the text.
    tried : bool
        Whether the module is tried before it is handed out.
    note : callable, optional
        Told why a module could not be tried.

    Raises
    ------
    TrialError
        If the module raises, or computes wrong numbers.
    SymbpttError
        What `symbptt.codegen.render.generate` raises.
    """
    derivation = render.derivation_of(
        source, bind=bind, wrt_inputs=wrt_inputs, mode=mode, estimator=estimator
    )

    def text(of_level: int | None, **more: Any) -> str:
        return render.generate(derivation, bind=bind, wrt_inputs=wrt_inputs, level=of_level, **more)

    found = text(level, checkpoint=checkpoint, gates=gates)
    if tried:
        plain = found if level == 0 or mode != "reverse" else text(0)
        try_out(found, plain, derivation, note)
    return found


def try_out(
    text: str, plain: str, derivation: Derivation, note: Callable[[str], None] = silent
) -> None:
    """Run a module's text beside that of the plain code; the two may be one.

    Raises
    ------
    TrialError
        If it raises, or computes wrong numbers.
    """
    model, sizes = derivation.model, size_sets(derivation.model)[0]
    shapes = [p.shape for p in model.parameters] + [i.shape for i in model.inputs]
    shapes += [e.shape for e in model.equations]
    if sum(prod(lengths(shape, sizes)) for shape in shapes) > ENTRIES:
        note("the module was not tried: the lengths that the model states are large")
        return
    try:
        module = load_module(text, "the module", model)
        reference = module if text == plain else load_module(plain, "the module at -O0", model)
    except InterfaceError as error:
        raise failed([str(error)]) from error
    complaints: list[str] = []
    rough = False
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for calls in points(model, sizes, derivation.estimator):
            found = Trial(module, reference, sizes, derivation.estimator, *calls).outcome()
            if found == RIGHT:
                return
            rough = rough or found == ROUGH
            complaints += [found] if found not in (ROUGH, UNDEFINED) else []
            if len(complaints) == POINTS:
                raise failed(complaints)
    if rough:
        note("the module was not tried: at random points the model amplifies rounding too much")
    elif is_defined(model, sizes):
        raise failed([*complaints, "its numbers are not finite where the model's are"])
    else:
        note(f"the module was not tried: the model is defined at none of {DRAWS} random points")


def is_defined(model: Model, sizes: Mapping[str, int]) -> bool:
    """Whether the model's own equations have values at a random point."""
    # Only a module that failed needs these, and SymPy with them.
    from symbptt.proof.expected import draw_call
    from symbptt.proof.unrolled import unrolled

    try:
        draw_call(
            unrolled(model, sizes), Scenario("one length", STEPS // 2, (STEPS // 2,), True), 0
        )
    except EvaluationError:
        return False
    return True


def failed(complaints: list[str]) -> TrialError:
    return TrialError(
        f"the module that was made was tried, and failed: {complaints[0]}. It is not handed "
        "out; --no-try (in Python `tried=False`) does so all the same"
    )


def points(
    model: Model, sizes: Mapping[str, int], estimator: Estimator
) -> Iterator[tuple[ModuleCall, ModuleCall]]:
    """Calls with sequences of different lengths and of one, at the same parameters."""
    lag = max((1 - i.step for i in model.initials), default=0)
    steps = min(lag + 3, STEPS)
    # Where nothing tells how many sequences there are, it is one.
    told = bool(model.inputs or model.initials)
    ragged = (steps, 2, 0, steps - 1) if told else (2,)
    even = (steps, steps) if told else (steps,)
    for attempt in range(DRAWS):
        rng, positive = np.random.default_rng(attempt), attempt % 2 == 1
        first, second = (
            drawn(model, sizes, Scenario(words, steps, each, True), rng, positive, estimator)
            for words, each in (("different lengths", ragged), ("one length", even))
        )
        second = replace(second, params=first.params)
        # The smaller its arguments, the less a model amplifies.
        size = 0.5 ** (attempt // 4)
        yield scaled(first, size), scaled(second, size)


@dataclass(frozen=True)
class Trial:
    """A module and the plain one, at one point."""

    module: Loaded
    reference: Loaded
    sizes: Mapping[str, int]
    estimator: Estimator
    ragged: ModuleCall
    even: ModuleCall

    def outcome(self) -> str:
        """What is wrong, or `RIGHT`, `ROUGH` or `UNDEFINED`."""
        calls = (self.ragged, self.even)
        try:
            expected = [self.called(call, self.reference) for call in calls]
            if not all(np.isfinite(a).all() for r in expected for a in entries(r).values()):
                return UNDEFINED
            for call, right in zip(calls, expected, strict=True):
                moved = self.called(scaled(call, 1 + ROUNDING), self.reference)
                if difference(moved, right, "moved"):
                    return ROUGH
            for words, found, right in self.results(*expected):
                wrong = difference(found, right, words)
                if wrong:
                    return wrong

            if self.estimator != FULL:
                return RIGHT
            run = partial(self.called, module=self.module)
            return along_one_direction(run, self.ragged, expected[0][1])
        except InterfaceError as error:
            return str(error)

    def called(self, call: ModuleCall, module: Loaded, workspace: Any = None) -> Result:
        return called(module, call, self.estimator, workspace)

    def results(self, ragged: Result, even: Result) -> Iterator[tuple[str, Result, Result]]:
        """What the module gives in each way in which it is called, and what is right."""
        if self.module is not self.reference:
            yield "sequences of different lengths", self.called(self.ragged, self.module), ragged
            yield "sequences of one length", self.called(self.even, self.module), even
        limits, rows = vars(self.module.module).get("_THRESHOLDS", {}), "rows of a segment"
        if rows in limits:
            whole, limits[rows] = limits[rows], 2 * len(self.ragged.scenario.lengths)
            yield "in segments of two steps", self.called(self.ragged, self.module), ragged
            limits[rows] = whole
        size = self.even.scenario.steps, len(self.even.scenario.lengths)
        workspace = self.module.call("Workspace", self.sizes, *size, np.float64)
        for words in ("through a workspace", "through a workspace, again"):
            yield words, self.called(self.even, self.module, workspace), even


def difference(found: Result, expected: Result, words: str) -> str:
    """The first entry that is off by more than a part of its array's largest."""
    agreement = Agreement("trial", "")
    agreement.compare_all(entries(found), entries(expected), words)
    return agreement.detail
