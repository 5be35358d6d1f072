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
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np

from symbptt import algebra as al
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import EvaluationError
from symbptt.formula.statement import Formula, free_names
from symbptt.proof.degree import Degrees
from symbptt.proof.domain import Array, Domain, Float, Precise
from symbptt.proof.entrywise import MARK
from symbptt.proof.evaluate import Steps, evaluate, lengths
from symbptt.proof.field import Field
from symbptt.proof.jacobians import Jacobians
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


class OutOfRangeError(EvaluationError):
    """An index has no value: ``words`` say why, ``past`` at which end; ``ref`` holds it."""

    def __init__(self, ref: al.Ref, past: bool, words: str) -> None:
        self.ref = ref
        self.past = past
        self.words = words
        super().__init__(words)


class Clock:
    """Says when the time is over: CPU time, so that what else runs changes no verdict.

    That of the thread: to ask for the time of the process can take a hundred times as long.
    Even so it is a call of the system, and asked for all the time: no thread has computed for
    longer than the clock on the wall went on, which is soon read and says when to ask again.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.restart()

    def restart(self) -> None:
        self.end = time.thread_time() + self.seconds
        self.ask = 0.0

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """A shorter time for a part of the work."""
        end = self.end
        self.end, self.ask = min(end, time.thread_time() + seconds), 0.0
        try:
            yield
        finally:
            self.end, self.ask = end, 0.0

    @property
    def is_over(self) -> bool:
        if (now := time.perf_counter()) < self.ask:
            return False
        self.ask = now + self.end - time.thread_time()
        return self.ask < now

    def check(self) -> None:
        """
        Raises
        ------
        TooLargeError
            If it is over.
        """
        if self.is_over:
            raise TooLargeError(f"it is not decided after {self.seconds:g} s of CPU time")


class Scene(Remembering):
    """A model at one random point, run for a number of steps.

    Attributes
    ----------
    lengths : mapping of str to int
        What ``len(h)`` is.
    run : Trajectory
    estimates : mapping of int to Jacobians
        What is derived of the loss of a step where L's derivatives are estimates.
    """

    def __init__(
        self,
        stage: Stage,
        run: Trajectory,
        clock: Clock,
        estimates: Mapping[int, Jacobians] | None = None,
    ) -> None:
        self.stage = stage
        self.sizes = stage.unrolled.sizes
        self.lengths = stage.lengths
        self.run = run
        self.domain = run.domain
        self.clock = clock
        self.jacobians = Jacobians(run)
        self.estimates = estimates or {}
        self._parts: dict[tuple[int, ...], Array | None] = {}
        self._free: dict[int, tuple[al.Expr, tuple[str, ...]]] = {}
        self._slopes: dict[
            tuple[int, Variable, al.Held, Variable | int | None], dict[Variable, Array]
        ] = {}

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

    def forget(self) -> None:
        """Of a formula that has been looked at; what the model's derivatives are is kept."""
        self._parts.clear()
        self._free.clear()

    def sides(self, formula: Formula, at: Steps) -> tuple[Array, Array]:
        return self.value(formula.left, at), self.value(formula.right, at)

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
        unrolled, first = self.stage.unrolled, self.stage.starts[name]
        if name in unrolled.untimed or name in self.stage.last:
            if step != horizon:
                raise OutOfRangeError(ref, step > horizon, f"{name} has a value at step T alone")
        elif step > horizon:
            raise OutOfRangeError(ref, True, f"{plain(ref)} lies past T")
        elif step < first:
            words = f"{plain(ref)} lies before {name}[{first}], the first"
            raise OutOfRangeError(ref, False, words)
        return unrolled.variable(name, step)

    def _variables(self, node: al.Expr, at: Steps) -> tuple[tuple[Variable, ...], int | None]:
        """What is meant, the parts of a stack one by one, and at which step."""
        if isinstance(node, al.Stack):
            return tuple(self.variable(part, at) for part in node.parts), node.index.at(at)
        if isinstance(node, al.Ref):
            variable = self.variable(node, at)
            return (variable,), variable[1]
        assert isinstance(node, al.Param)
        return ((node.name, None),), None

    def cotangent(self, cotangent: al.Cotangent, at: Steps) -> Array:
        """Of L, or of the part of it that one loss gives: that is exact, and 0 past T."""
        index = cotangent.index
        named: al.Expr = al.Param(cotangent.name, cotangent.shape)
        if index is not None:
            named = al.Ref(cotangent.name, index, cotangent.shape)
        ((by,), _), steps = self._variables(named, at), self.stage.unrolled.loss_steps(at["T"])
        weight = self.run.loss_weight(len(steps))
        found = self.jacobians.empty(("loss", steps[-1]), by)
        for step in steps:
            if cotangent.part is None:
                found = found + self.slope(("loss", step), by, "nothing", None, step)
            elif cotangent.part.at(at) == step:
                found = found + self.slope(("loss", step), by, "nothing", None)
        return np.reshape(found * weight, self.run.values[by].shape)

    def differentiated(self, node: al.Derivative | al.Direct, at: Steps) -> Array:
        if isinstance(node, al.Direct):
            variables, step = self._variables(node.of, at)
            found = self.jacobians.direct(variables, step, at["T"])
            whole = isinstance(node.of, al.Stack)
            return found if whole else np.reshape(found, self.run.values[variables[0]].shape)
        outputs, step = self._variables(node.output, at)
        inputs, _ = self._variables(node.wrt, at)
        return np.block([[self.slope(v, w, node.held, step) for w in inputs] for v in outputs])

    def pulled_back(self, node: al.Pullback, cotangent: Array, at: Steps) -> Array:
        (outputs, step), (inputs, _) = (self._variables(n, at) for n in (node.output, node.wrt))
        pulled = np.dot(np.ravel(cotangent), self.slope(outputs[0], inputs[0], node.held, step))
        return np.reshape(pulled, self.run.values[inputs[0]].shape)

    def slope(
        self,
        of: Variable,
        by: Variable,
        held: al.Held,
        step: int | None = None,
        loss: int | None = None,
    ) -> Array:
        """d of / d by: ``by`` is perturbed, and what is not held reacts.

        ``step`` is that of the output, whose parts before it are held; ``loss`` the step of
        the loss of whose estimate it is.
        """
        step = of[1] if step is None else step
        within = step if held == "step" else of if held == "equation" else None
        jacobians = self.estimates.get(loss or 0, self.jacobians)
        key = (id(jacobians), by, held, within)
        if key not in self._slopes:
            self.clock.check()
            reacts = {
                "equation": lambda variable: variable == of or variable[0].startswith(MARK),
                "step": lambda variable: variable[1] in (None, step),
            }.get(held, lambda _: True)
            self._slopes[key] = jacobians.forward(by, reacts)
        found = self._slopes[key].get(of)
        return self.jacobians.empty(of, by) if found is None else found


class Stage:
    """A model at fixed sizes; its equations are written out once.

    The gates of an estimator that has some are the last of the model's inputs.

    Raises
    ------
    TooLargeError
        If it has too many entries.
    """

    def __init__(
        self, model: al.Model, sizes: Mapping[str, int], estimator: Estimator = FULL
    ) -> None:
        entries = sum(int(np.prod(lengths(shape, sizes))) for shape in model.shapes.values())
        if entries > MAX_ENTRIES:
            raise TooLargeError(
                f"the model has {entries:,} entries at the sizes tried, and {MAX_ENTRIES:,} are "
                "as many as are checked"
            )
        self.model = model
        self.estimator = estimator
        self.gate = model.inputs[-1].name if estimator.gated else ""
        self.unrolled = unrolled(model, sizes)
        self.lengths = {f"len({dim})": size for dim, size in sizes.items()}
        for name, shape in model.shapes.items():
            self.lengths[f"len({name})"] = int(np.prod(lengths(shape, sizes)))
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
            clock.check()
            rng = random.Random(seed * TRIES + attempt)
            given = draw(self.model, self.unrolled.sizes, steps, domain, rng)
            if attempt >= TRIES // 2 and isinstance(domain, Float):
                given = {key: np.abs(value) for key, value in given.items()}
            try:
                if self.estimator.gated:
                    given[self.gate, 1] = np.array(domain.number(Fraction(1)))
                for variable, value in fixed.items():
                    given[variable] = value(given)
                run = self.unrolled.run(given, steps, domain, differentiated=False)
            except (EvaluationError, ZeroDivisionError) as error:
                reason = str(error)
            else:
                return Scene(self, run, clock, self.estimates(given, steps, domain))
        raise EvaluationError(f"the model is not defined at any of {TRIES} points: {reason}")

    def estimates(
        self, given: Mapping[Variable, Array], steps: int, domain: Domain
    ) -> dict[int, Jacobians]:
        """For each loss the run whose derivatives of it are the estimate's."""
        if self.estimator == FULL:
            return {}
        gates = {}
        if self.estimator.gated:
            gates = {step: given[self.gate, step][()] for step in range(1, steps + 1)}
        run = self.unrolled.estimated(
            given, steps, domain, self.estimator, gates, differentiated=False
        )
        found = Jacobians(run)
        return {
            step: Jacobians(run.held[step]) if step in run.held else found
            for step in range(1, steps + 1)
        }

    def start_scene(self, given: Mapping[Variable, Array], domain: Domain, clock: Clock) -> Scene:
        """The parameters alone, at a point: what the value of an initial value reads."""
        run = self.unrolled.run(given, 0, domain, differentiated=False)
        return Scene(self, run, clock)


def stages(model: al.Model, estimator: Estimator = FULL) -> tuple[Stage, ...]:
    """The model at two choices of small sizes, all different."""
    return tuple(Stage(model, sizes, estimator) for sizes in size_sets(model))


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
