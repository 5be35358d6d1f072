"""A model run entry by entry, its derivatives accumulated FORWARD through time.

Beside every scalar goes the vector of its derivatives with respect to all variables:
the parameters, the initial values, the inputs, and one perturbation added to every
quantity at every step, whose derivative is that quantity's cotangent. The chain rule is
applied forward, with the local derivatives of `symbptt.proof.entrywise`; so the result
shares nothing with the reverse walk that it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache, partial, reduce
from math import prod
from operator import add
from typing import Any

import numpy as np

from symbptt.algebra import Equation, Index, Model, Param, Ref, Shape, walk
from symbptt.calculus.estimators import Estimator
from symbptt.errors import EvaluationError
from symbptt.proof.domain import Array, Domain
from symbptt.proof.entrywise import MARK, Argument, Partial, Scalars, in_pieces, scalars
from symbptt.proof.evaluate import Steps, lengths
from symbptt.proof.place import index_lengths

Variable = tuple[str, int | None]
"""A name and a step; the step is None for a parameter and for an input without time."""

Values = Mapping[Variable, Array]

Weight = Callable[[int, int], Any]
"""Of an estimator: what multiplies the derivative of what a step reads at an earlier one."""


class SizedModel:
    """A model at fixed sizes, ready to be run at many points.

    Parameters
    ----------
    sizes : mapping of str to int
        Of every named dimension.
    whole : bool
        Leave the equations as they are. Else long ones are computed in pieces, which is
        the same and faster; but then no `Trajectory.local` tells a whole equation.
    """

    def __init__(self, model: Model, sizes: Mapping[str, int], *, whole: bool = False) -> None:
        self.model = model
        parts = model if whole else in_pieces(model)
        self.sizes = sizes
        self.untimed = frozenset(i.name for i in model.inputs if not i.timed)
        self.integers = index_lengths(model, sizes)
        self.derived = {
            d.name: self._scalars(d.rhs, d.shape) for d in in_order(parts.derived, _reads_param)
        }
        self.starts = {
            i.key: self._scalars(i.value, i.shape) for i in model.initials if i.value is not None
        }
        self.equations = {
            e.name: self._scalars(e.rhs, e.shape) for e in in_order(parts.equations, _reads_now)
        }

    def _scalars(self, rhs: Any, shape: Shape) -> Scalars:
        return scalars(self.model, rhs, lengths(shape, self.sizes), self.sizes)

    def variable(self, name: str, step: int | None) -> Variable:
        return (name, None if name in self.untimed else step)

    def run(
        self,
        given: Values,
        steps: int,
        domain: Domain,
        *,
        perturbed: bool = True,
        differentiated: bool = True,
        weight: Weight | None = None,
        trajectory: Callable[..., Trajectory] | None = None,
    ) -> Trajectory:
        """The values and derivatives of all quantities at steps 1 … ``steps``.

        Parameters
        ----------
        given : mapping
            The parameters, the inputs and the initial values (integer inputs as unit
            vectors). An initial value that is given overrides the model's own.
        perturbed : bool
            Whether every quantity is also a variable; what is given and the initial
            values always are.
        differentiated : bool
            Whether there are variables at all.
        weight : callable, optional
            Of an estimator, for the derivatives that cross from step to step.
        trajectory : callable, optional
            Makes what keeps the values, if not a plain `Trajectory`.
        """
        run = (trajectory or Trajectory)(self, domain, steps, weight)
        for variable, value in given.items():
            run.add(
                variable, value, is_variable=differentiated and variable[0] not in self.integers
            )
        every = perturbed and differentiated
        for name, equations in self.derived.items():
            run.compute((name, None), equations, {}, every and not name.startswith(MARK))
        for initial in self.model.initials:
            variable = (initial.name, initial.step)
            if variable not in run.values:
                if initial.value is None:
                    raise EvaluationError(f"no value is given for {initial.key}")
                run.compute(variable, self.starts[initial.key], {}, differentiated)
        for step in range(1, steps + 1):
            at = {"t": step, "T": step}
            for name, equations in self.equations.items():
                named = not name.startswith(MARK)
                run.compute((name, step), equations, at, every and named)
        return run

    def estimated(
        self,
        given: Values,
        steps: int,
        domain: Domain,
        estimator: Estimator,
        gates: Mapping[int, Any],
        *,
        differentiated: bool = True,
        perturbed: bool = True,
    ) -> Trajectory:
        """A run whose derivatives of losses (and of what is handed on) are the estimates.

        Gates give one run its weights; a window holds other values for every loss, so that
        each loss is differentiated in a run of its own.

        Parameters
        ----------
        gates : mapping of int to number
            Of a gated estimator: the gates of steps 2 … ``steps``.
        """
        one = domain.number(Fraction(1))
        run = partial(
            self.run, given, steps, domain, differentiated=differentiated, perturbed=perturbed
        )
        if estimator.gated:
            return run(weight=_through_gates(gates, one))
        found = run()
        if estimator.kind == "window":
            for step in range(1, steps + 1):
                found.held[step] = run(weight=_within_window(step, estimator.tau, one))
        return found

    def loss_steps(self, horizon: int) -> range:
        """Where there is a loss for T = ``horizon``."""
        return self.model.equation("loss").steps(horizon)


def _through_gates(gates: Mapping[int, Any], one: Any) -> Weight:
    """The product of the gates that an edge crosses; they are 1 up to step 1."""
    return lambda step, read: prod((gates[k] for k in range(max(read + 1, 2), step + 1)), start=one)


def _within_window(loss: int, tau: int, one: Any) -> Weight:
    """1 where what is read is less than ``tau`` steps before the loss, else 0."""
    return lambda step, read: one if loss - read < tau else one - one


def unrolled(model: Model, sizes: Mapping[str, int], *, whole: bool = False) -> SizedModel:
    """An `SizedModel`, kept: writing the equations out is the larger part of a proof."""
    return _unrolled(model, tuple(sizes.items()), whole)


@lru_cache(maxsize=32)
def _unrolled(model: Model, sizes: tuple[tuple[str, int], ...], whole: bool) -> SizedModel:
    return SizedModel(model, dict(sizes), whole=whole)


class Trajectory:
    """The values of a run and, growing with time, their derivatives.

    The variables are numbered in the order in which they come up; an entry's derivative
    vector is as long as the variables known then (the later ones do not influence it).

    Attributes
    ----------
    values : dict of Variable to Array
    slopes : dict of Variable to list of 1-d arrays
        One an entry, in the order of the flattened value.
    local : dict of Variable to list of (Partial, Variable, number)
        The partial derivatives of the one equation that defines a value, and of what.
    variables : dict of Variable to (int, tuple of int)
        First number and shape.
    held : dict of int to Trajectory
        The runs with other weights that tell the derivatives of what is of these steps.
    """

    def __init__(
        self, unrolled: SizedModel, domain: Domain, steps: int, weight: Weight | None = None
    ) -> None:
        self.unrolled = unrolled
        self.domain = domain
        self.steps = steps
        self.weight = weight
        self.held: dict[int, Trajectory] = {}
        self.values: dict[Variable, Array] = {}
        self.slopes: dict[Variable, list[Array]] = {}
        self.local: dict[Variable, list[tuple[Partial, Variable, Any]]] = {}
        self.variables: dict[Variable, tuple[int, tuple[int, ...]]] = {}
        self.count = 0
        self._zero = domain.number(Fraction(0))
        self._one = domain.number(Fraction(1))

    def add(self, variable: Variable, value: Array, *, is_variable: bool) -> None:
        value = np.asarray(value, dtype=object)
        self.values[variable] = value
        if is_variable:
            self.slopes[variable] = [np.empty(0, dtype=object) for _ in range(value.size)]
            self._perturb(variable)

    def compute(self, variable: Variable, equations: Scalars, at: Steps, is_variable: bool) -> None:
        """The value of an equation, its derivatives by the chain rule, forward.

        Raises
        ------
        EvaluationError
            If it has none there.
        """
        sources = {source: self.resolve(source, at) for source in equations.sources}
        inputs = {source: self.values[found] for source, found in sources.items()}
        try:
            value, partials = equations.run(inputs, self.domain)
        except (EvaluationError, ArithmeticError) as error:
            raise EvaluationError(f"{_place(*variable)} has no value: {error}") from error
        self.values[variable] = value
        self.local[variable] = [
            (local, sources[local.source], slope)
            for local, slope in zip(equations.partials, partials, strict=True)
        ]
        if not self.count:
            return
        terms: dict[tuple[int, ...], list[tuple[Any, Array]]] = {}
        for local, found, slope in self.local[variable]:
            place = flat_place(local.of, self.values[found].shape)
            slope = self.weighted(slope, variable[1], found[1])
            terms.setdefault(local.entry, []).append((slope, self.slopes[found][place]))
        self.slopes[variable] = [
            self._chain_rule(terms.get(entry, [])) for entry in np.ndindex(*equations.shape)
        ]
        if is_variable:
            self._perturb(variable)

    def weighted(self, slope: Any, step: int | None, read: int | None) -> Any:
        """A derivative with the weight of its way from step to step."""
        if self.weight is None or step is None or read is None or read >= step:
            return slope
        return slope * self.weight(step, read)

    def resolve(self, source: Argument, at: Steps) -> Variable:
        """Which value an equation reads at a step.

        Raises
        ------
        EvaluationError
            If there is none.
        """
        step = None if source.index is None else source.index.at(at)
        variable = self.unrolled.variable(source.name, step)
        if variable not in self.values:
            raise EvaluationError(f"{source.name}[{step}] has no value")
        return variable

    def _chain_rule(self, terms: list[tuple[Any, Array]]) -> Array:
        present = [(slope, vector) for slope, vector in terms if vector.size]
        if not present:
            return np.empty(0, dtype=object)
        longest = max(vector.size for _, vector in present)
        padded = [self._padded(vector, longest) for _, vector in present]
        return self.domain.weighted_sum([slope for slope, _ in present], padded)

    def _padded(self, vector: Array, size: int) -> Array:
        if vector.size == size:
            return vector
        longer = np.full(size, self._zero, dtype=object)
        longer[: vector.size] = vector
        return longer

    def _perturb(self, variable: Variable) -> None:
        """Adds one new variable to every entry."""
        shape = self.values[variable].shape
        self.variables[variable] = (self.count, shape)
        for place, vector in enumerate(self.slopes[variable]):
            number = self.count + place
            longer = self._padded(vector, number + 1).copy()
            longer[number] = longer[number] + self._one
            self.slopes[variable][place] = longer
        self.count += len(self.slopes[variable])

    def slope(self, of: Variable, entry: int = 0) -> Array:
        """The derivatives of one entry with respect to all variables."""
        return self._padded(self.slopes[of][entry], self.count)

    def estimate(self, of: Variable, entry: int = 0) -> Array:
        """The same as the estimator has it."""
        assert of[1] is not None
        return self.held.get(of[1], self).slope(of, entry)

    def total_loss(self, horizon: int) -> tuple[Any, Array]:
        """L for T = ``horizon``, and its derivatives with respect to all variables."""
        steps = self.unrolled.loss_steps(horizon)
        weight = self.loss_weight(len(steps))
        value = reduce(add, (self.values["loss", step][()] for step in steps))
        vectors = [self.estimate(("loss", step)) for step in steps]
        return weight * value, self.domain.weighted_sum([weight] * len(steps), vectors)

    def loss_weight(self, losses: int) -> Any:
        """What each of so many losses counts in L."""
        return self.domain.number(self.unrolled.model.total.weight(losses))

    def parts_of_loss(self, horizon: int) -> dict[tuple[Variable, int], Array]:
        """d(the part of L that a loss gives)/d(every variable), by variable and loss's step."""
        steps = self.unrolled.loss_steps(horizon)
        weight = self.loss_weight(len(steps))
        found = {}
        for step in steps:
            slopes = self.domain.weighted_sum([weight], [self.slope(("loss", step))])
            for variable in self.variables:
                found[variable, step] = self.gradient(slopes, variable)
        return found

    def gradient(self, slopes: Array, variable: Variable) -> Array:
        """The part of a derivative vector that belongs to one variable, in its shape."""
        first, shape = self.variables[variable]
        return slopes[first : first + int(np.prod(shape))].reshape(shape)


def flat_place(entry: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """Where an entry stands in the flattened value."""
    place = 0
    for index, size in zip(entry, shape, strict=True):
        place = place * size + index
    return place


def in_order(items: tuple[Any, ...], reads: Any) -> tuple[Any, ...]:
    """The definitions in an order in which each comes after what it reads of the others."""
    by_name = {item.name: item for item in items}
    done: dict[str, Any] = {}

    def visit(item: Any) -> None:
        if item.name not in done:
            for name in reads(item):
                if name in by_name and name != item.name:
                    visit(by_name[name])
            done[item.name] = item

    for item in items:
        visit(item)
    return tuple(done.values())


def _place(name: str, step: int | None) -> str:
    if name.startswith(MARK):
        return "a part that has no step" if step is None else f"a part at step {step}"
    return f"`{name}`" if step is None else f"`{name}[{step}]`"


def _reads_param(item: Any) -> Iterator[str]:
    return (node.name for node in walk(item.rhs) if isinstance(node, Param))


def _reads_now(item: Equation) -> Iterator[str]:
    now = {Index.of("t"), Index.of("T")}
    return (n.name for n in walk(item.rhs) if isinstance(n, Ref) and n.index in now)
