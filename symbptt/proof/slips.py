"""The slip behind wrong gradients: whose numbers they are.

The gradients that a program returned for one sequence are compared with those of the derivation
under one edit at a time, and with what a program can do that no formula says: leave out steps,
lose a sum, take another parameter's gradient. An edit that explains them at one point is confirmed
at others.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product, starmap
from typing import Any

import numpy as np

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.program_slips import KINDS, PROGRAM_SLIPS
from symbptt.calculus.slips import Slip
from symbptt.calculus.variants import STEP_SLIPS, Variant, variants
from symbptt.errors import EvaluationError, MissingRuleError, UnboundFunctionError
from symbptt.proof.backward import OneSequence, Passes
from symbptt.proof.other_models import other_models
from symbptt.proof.suspects import (
    Suspect,
    but_at_the_last,
    exchanged,
    ignored_start,
    in_parallel,
    kept_of_another,
    left_out,
    of_step,
)

TOLERANCE = 1e-8
"""Of gradients in float64: a part of the largest entry."""

NAMES = 12
"""So many other names are put in the place of one."""

LOST = ("a missing term", "a lost path")
"""What a program may do at all steps but the last, which has a statement of its own."""

Factor = tuple[str, Callable[[int], float]]
"""What gradients are multiplied with, in words and for each T; "" for nothing."""

ONE: Factor = ("", lambda T: 1.0)
FACTORS: tuple[Factor, ...] = (
    ONE,
    ("of the sum of the losses", lambda T: float(T)),
    ("twice", lambda T: 2.0),
    ("half", lambda T: 0.5),
    ("twice, of the sum of the losses", lambda T: 2.0 * T),
    ("half, of the sum of the losses", lambda T: 0.5 * T),
    ("divided by T once more", lambda T: 1.0 / T),
)
"""In the order in which they are tried; those of L's convention first."""


@dataclass(frozen=True)
class NamedSlip:
    """A slip that explains numbers."""

    suspect: Suspect
    names: tuple[str, ...]
    factor: Factor = ONE


@dataclass
class Inquiry:
    """Which slip explains the gradients of some sequences.

    Parameters
    ----------
    derivation : Derivation
        With all functions bound.
    sequences : sequence of OneSequence
        The first is searched, the others confirm.
    factors : sequence of Factor
        What all gradients may be multiplied with.
    bound : float
        To what entries are clipped.
    seconds : float
        CPU time, after which nothing more is tried.
    tolerance : float
        Of the gradients, as a part of the largest entry.
    """

    derivation: Derivation
    sequences: Sequence[OneSequence]
    factors: Sequence[Factor] = FACTORS
    bound: float = math.inf
    seconds: float = 12.0
    tolerance: float = TOLERANCE
    factor: Factor = ONE
    _end: float = 0.0

    @cached_property
    def scenes(self) -> tuple[Passes, ...]:
        return tuple(Passes(self.derivation, each) for each in self.sequences)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.sequences[0].found)

    def run(self) -> tuple[NamedSlip, ...]:
        """The slips, each with the gradients that it explains; none where none does."""
        self._end = time.thread_time() + self.seconds
        truth = Suspect("", lambda scene, name: scene.true.gradient(name))
        right = {f: self._explained(truth, self.names, f) for f in self.factors}
        # Of the mean or the sum of the losses some may be wrong; another factor is that of all.
        most = max(self.factors[:2], key=lambda f: len(right[f]))
        every = (f for f in self.factors if len(right[f]) == len(self.names))
        self.factor = next(every, most)
        wrong = tuple(n for n in self.names if n not in right[self.factor])
        if not wrong:
            return ()
        if len(wrong) < len(self.names):
            self.factors = (self.factor,)
        for stage in (self._whole, self._each, self._of_model, self._partly):
            found = stage(wrong)
            if found:
                return found
        return ()

    def _whole(self, wrong: tuple[str, ...]) -> tuple[NamedSlip, ...]:
        """One slip for all that is wrong, which leaves right what is right."""
        own = self._each(wrong) if len(wrong) == 1 else self._turned(wrong)
        if own:
            return own
        for suspect in (*self._of_programs, *self._of_steps, *self._parallel):
            for factor in self.factors:
                if self._explains(suspect, self._quickest(wrong), factor):
                    return (NamedSlip(suspect, wrong, factor),)
            if time.thread_time() > self._end:
                break
        return ()

    def _turned(self, wrong: tuple[str, ...]) -> tuple[NamedSlip, ...]:
        """What goes up where it should go down, and the first step that a sign turns so."""
        signs = [v for v in self._variants if v.kind == Slip.SIGN and v.new == al.Neg(v.old)]
        for factor in self.factors if len(wrong) == len(self.names) else ():
            minus = Suspect("a wrong sign of all gradients: they are those of -L", _negative)
            if self._explains(minus, wrong, factor):
                signs.sort(key=lambda v: v.step.kind == "seed")
                steps = (s for s in map(of_step, signs) if self._explains(s, wrong, factor))
                edits = next((one.edits for one in steps), ())
                return (NamedSlip(replace(minus, edits=edits), wrong, factor),)
        return ()

    def _each(self, wrong: tuple[str, ...]) -> tuple[NamedSlip, ...]:
        """A slip of its own for each gradient, where there is one for all."""
        found = self._singles(wrong)
        return found if len(found) == len(wrong) else ()

    def _singles(self, names: Sequence[str]) -> tuple[NamedSlip, ...]:
        """A slip of its own for each gradient that has one."""
        found = [self._single(name) or self._proportional(name) for name in names]
        return tuple(one for one in found if one is not None)

    def _single(self, name: str) -> NamedSlip | None:
        for factor in self.factors:
            for suspect in self._of_gradient(name):
                if self._explained(suspect, (name,), factor):
                    return NamedSlip(suspect, (name,), factor)
        return None

    def _proportional(self, name: str) -> NamedSlip | None:
        """Up to a factor that is another one in every sequence, or with the parameter added."""
        ratios, norms = [], []
        for scene in self.scenes:
            found, right = scene.sequence.found[name], scene.true.gradient(name)
            whole = float(np.sum(right * right))
            if found.shape != right.shape or whole == 0.0:
                return None
            ratios.append(float(np.sum(found * right)) / whole)
            norms.append(float(np.linalg.norm(found)))
            if ratios[-1] == 0.0 or not agree(found, right * ratios[-1], self.tolerance):
                return self._decayed(name)
        words = f"its direction is right, its length is not: times {ratios[0]:.6g} here"
        if np.allclose(norms, norms[0], rtol=self.tolerance):
            words = f"this gradient alone is clipped to a norm of {norms[0]:.6g}"
        return NamedSlip(Suspect(words, _zero), (name,))

    def _decayed(self, name: str) -> NamedSlip | None:
        """The gradient of a penalty on the parameter comes on top."""
        by: list[float] = []
        for scene in self.scenes:
            value = scene.sequence.given.get((name, None))
            if value is None:
                return None
            rest = scene.sequence.found[name] - scene.true.gradient(name) * self.factor[1](
                scene.sequence.steps
            )
            by.append(float(np.sum(rest * value) / np.sum(value * value)))
            if not agree(rest, value * by[-1], self.tolerance) or not np.isclose(
                by[-1], by[0], rtol=1e-6
            ):
                return None
        words = f"a multiple of the parameter is added, {by[0]:.6g} * {name}: a penalty"
        return NamedSlip(Suspect(words, _zero), (name,))

    def _of_model(self, wrong: tuple[str, ...]) -> tuple[NamedSlip, ...]:
        """A slip in the forward pass, whose gradients are right for what it computes."""
        names, end = self._quickest(wrong), time.thread_time() + self.seconds / 3
        for suspect in other_models(self.derivation, 3):
            for factor in FACTORS[:2]:
                if self._explains(suspect, names, factor):
                    return (NamedSlip(suspect, wrong, factor),)
            if time.thread_time() > end:
                break
        return ()

    def _partly(self, wrong: tuple[str, ...]) -> tuple[NamedSlip, ...]:
        """What explains the most: one slip of a step and single ones, or single ones alone."""
        best: tuple[NamedSlip, ...] = ()
        for suspect in (*self._of_programs, *self._of_steps, *self._parallel):
            for factor in self.factors:
                names = self._explained(suspect, wrong, factor)
                if len(names) > (len(best[0].names) if best else 1):
                    best = (NamedSlip(suspect, names, factor),)
            if time.thread_time() > self._end:
                break
        rest = [name for name in wrong if not best or name not in best[0].names]
        together, alone = (*best, *self._singles(rest)), self._singles(wrong)
        return alone if len(alone) >= sum(len(s.names) for s in together) else together

    def _quickest(self, wrong: tuple[str, ...]) -> tuple[str, ...]:
        """All names, the wrong ones first and small ones before large ones."""
        size = {name: np.size(self.sequences[0].found[name]) for name in self.names}
        first = sorted(wrong, key=lambda name: size[name])
        return (*first, *(name for name in self.names if name not in wrong))

    def _explains(self, suspect: Suspect, names: tuple[str, ...], factor: Factor) -> bool:
        return all(self._agrees(suspect, name, factor) for name in names)

    def _explained(
        self, suspect: Suspect, names: tuple[str, ...], factor: Factor
    ) -> tuple[str, ...]:
        return tuple(name for name in names if self._agrees(suspect, name, factor))

    def _agrees(self, suspect: Suspect, name: str, factor: Factor) -> bool:
        for scene in self.scenes:
            try:
                value = suspect.gradient(scene, name) * factor[1](scene.sequence.steps)
            except (EvaluationError, MissingRuleError, UnboundFunctionError, ZeroDivisionError):
                return False
            except (TypeError, ValueError, OverflowError, KeyError):
                # Shapes or steps that an edit makes and no formula has.
                return False
            clipped = np.clip(value, -self.bound, self.bound)
            if not agree(scene.sequence.found[name], clipped, self.tolerance):
                return False
        return True

    # --- suspects --------------------------------------------------------------------------------

    @cached_property
    def _variants(self) -> tuple[Variant, ...]:
        kinds = (*KINDS, *STEP_SLIPS)
        found = variants(self.derivation, kinds, further=PROGRAM_SLIPS, others=NAMES)
        return tuple(v for v in found if v.step.kind in ("seed", "adjoint", "gradient"))

    @cached_property
    def _of_steps(self) -> tuple[Suspect, ...]:
        found = [v for v in self._variants if v.step.kind != "gradient"]
        lost = [v for v in found if v.step.kind == "adjoint" and v.kind in LOST]
        model = self.derivation.normal
        lags = range(1, 1 + max(map(model.lag, model.states), default=0))
        return (*map(of_step, found), *starmap(but_at_the_last, product(lags, lost)))

    @cached_property
    def _parallel(self) -> tuple[Suspect, ...]:
        return (*exchanged(self.derivation), *in_parallel(self._variants))

    @cached_property
    def _of_programs(self) -> tuple[Suspect, ...]:
        longest = min(scene.sequence.steps for scene in self.scenes)
        zero = Suspect("all gradients are 0", _zero)
        starts, kept = ignored_start(self.derivation), kept_of_another(self.derivation)
        return (zero, *left_out(longest), *starts, *kept)

    def _of_gradient(self, name: str) -> Iterator[Suspect]:
        """What may have been returned for one parameter."""
        yield Suspect("it is 0: nothing is added to it", _zero)
        for variant in self._variants:
            if variant.step.kind == "gradient" and variant.step.target.name == name:
                yield of_step(variant)
        for factor in FACTORS[1:]:
            yield Suspect(f"this gradient alone is {factor[0]}", partial(_scaled, factor))
        yield Suspect("it is transposed", lambda scene, n: scene.true.gradient(n).T)
        for other in self.names:
            if other != name:
                kind = f"it is the gradient of another parameter, dL/d{other}"
                yield Suspect(kind, partial(_of_another, other))


def _scaled(factor: Factor, scene: Passes, name: str) -> Any:
    return scene.true.gradient(name) * factor[1](scene.sequence.steps)


def _of_another(other: str, scene: Passes, name: str) -> Any:
    return scene.true.gradient(other)


def _negative(scene: Passes, name: str) -> Any:
    return -scene.true.gradient(name)


def _zero(scene: Passes, name: str) -> Any:
    return np.zeros_like(scene.true.gradient(name))


def agree(found: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two arrays are equal up to rounding."""
    found = np.asarray(found, dtype=float)
    if found.shape != np.shape(expected) or not np.all(np.isfinite(found)):
        return False
    scale = max(float(np.max(np.abs(expected), initial=0.0)), 1e-3)
    return bool(np.max(np.abs(found - expected), initial=0.0) <= tolerance * scale)
