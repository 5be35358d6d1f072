"""The true Jacobians of a run, from its local derivatives and its forward accumulation.

No rule of the calculus takes part: the local derivatives are SymPy's, of one scalar
equation each, and what follows through time was accumulated forward with the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.algebra import Held
from symbptt.calculus.order import recurrent_quantities
from symbptt.proof.domain import Array
from symbptt.proof.unrolled import Trajectory, Variable, flat_place

Slope = tuple[int, int, Any]
"""An entry of what an equation defines, an entry of what it reads, the derivative."""


class Jacobians:
    """The derivatives of a run that has been made, whole equations and all."""

    def __init__(self, run: Trajectory) -> None:
        self.run = run
        self.zero = run.domain.number(Fraction(0))
        self.one = run.domain.number(Fraction(1))
        self.recurrent = recurrent_quantities(run.unrolled.model)
        self.blocks: dict[tuple[Variable, Variable, Held, int], Array] = {}
        self.steps: dict[tuple[Variable, int], dict[Variable, Array]] = {}
        self.bars: dict[int, dict[Variable, Array]] = {}
        self.local: dict[Variable, dict[Variable, list[Slope]]] = {}

    def matrix(
        self, outputs: Sequence[Variable], wrt: Sequence[Variable], held: Held, step: int
    ) -> Array:
        """The Jacobian of values end to end by values end to end.

        ``step`` is that of the output: its parts before it are held.
        """
        return np.block([[self.block(v, w, held, step) for w in wrt] for v in outputs])

    def block(self, output: Variable, wrt: Variable, held: Held, step: int) -> Array:
        key = (output, wrt, held, step)
        if key not in self.blocks:
            self.blocks[key] = self._block(*key)
        return self.blocks[key]

    def _block(self, output: Variable, wrt: Variable, held: Held, step: int) -> Array:
        if held == "equation":
            return self._equation(output, wrt)
        if held == "step":
            return self._within(output, wrt, step)
        return self._total(output, wrt) if held == "nothing" else self._accumulated(output, wrt)

    def _size(self, variable: Variable) -> int:
        return int(self.run.values[variable].size)

    def empty(self, output: Variable, wrt: Variable) -> Array:
        return np.full((self._size(output), self._size(wrt)), self.zero, dtype=object)

    def _unit(self, variable: Variable) -> Array:
        result = self.empty(variable, variable)
        np.fill_diagonal(result, self.one)
        return result

    def slopes(self, output: Variable) -> dict[Variable, list[Slope]]:
        """The partial derivatives of the one equation that defines a value, by what it reads."""
        if output not in self.local:
            slopes = self.local[output] = {}
            for partial, found, slope in self.run.local.get(output, []):
                row = flat_place(partial.entry, self.run.values[output].shape)
                column = flat_place(partial.of, self.run.values[found].shape)
                slopes.setdefault(found, []).append((row, column, slope))
        return self.local[output]

    def _equation(self, output: Variable, wrt: Variable) -> Array:
        result = self.empty(output, wrt)
        for row, column, slope in self.slopes(output).get(wrt, []):
            result[row, column] = result[row, column] + slope
        return result

    def _within(self, output: Variable, wrt: Variable, step: int) -> Array:
        """Forward through the equations of one step, all earlier values held."""
        if (wrt, step) not in self.steps:
            self.steps[wrt, step] = self.forward(wrt, lambda variable: variable[1] == step)
        found = self.steps[wrt, step].get(output)
        return self.empty(output, wrt) if found is None else found

    def forward(self, wrt: Variable, reacts: Callable[[Variable], bool]) -> dict[Variable, Array]:
        """The Jacobians by a value of all that reads it and reacts, by the chain rule."""
        known = {wrt: self._unit(wrt)}
        for output in filter(reacts, self.run.local):
            read = [found for found in self.slopes(output) if found in known]
            if read and output != wrt:
                known[output] = self.empty(output, wrt)
                for found in read:
                    for row, column, slope in self.slopes(output)[found]:
                        slope = self.run.weighted(slope, output[1], found[1])
                        known[output][row] = known[output][row] + known[found][column] * slope
        return known

    def _total(self, output: Variable, wrt: Variable) -> Array:
        """All that follows, less what goes through values that are made of ``wrt``."""
        result = self._accumulated(output, wrt)
        for made in self._static():
            inner = self._equation(made, wrt)
            if made != wrt and np.any(inner != self.zero):
                result = result - np.dot(self._accumulated(output, made), inner)
        return result

    def _accumulated(self, output: Variable, wrt: Variable) -> Array:
        first, _ = self.run.variables[wrt]
        columns = slice(first, first + self._size(wrt))
        return np.array([self.run.slope(output, k)[columns] for k in range(self._size(output))])

    def _static(self) -> Iterator[Variable]:
        """Derived parameters and initial values that the model makes."""
        return (v for v in self.run.local if v[1] is None or v[1] <= 0)

    def direct(self, variables: Iterable[Variable], step: int | None, horizon: int) -> Array:
        """What L gives to values of a step through what is read out of the recurrence.

        Values of other steps, such as a stack holds, count at their own.
        """
        if horizon not in self.bars:
            self.bars[horizon] = self._read_out(horizon)
        bars = self.bars[horizon]
        parts = []
        for variable in variables:
            empty = np.full(self._size(variable), self.zero, dtype=object)
            parts.append(bars.get(variable, empty) if variable[1] == step else empty)
        return np.concatenate(parts)

    def _read_out(self, horizon: int) -> dict[Variable, Array]:
        equations = self.run.unrolled.equations
        outside = [name for name in reversed(equations) if name not in self.recurrent]
        steps = self.run.unrolled.loss_steps(horizon)
        weight = self.run.loss_weight(len(steps))
        bars: dict[Variable, Array] = {}
        for step in steps:
            bars["loss", step] = np.full(1, weight, dtype=object)
            for variable in ((name, step) for name in outside):
                for found, slopes in self.slopes(variable).items() if variable in bars else ():
                    empty = np.full(self._size(found), self.zero, dtype=object)
                    bar = bars.setdefault(found, empty)
                    for row, column, slope in slopes:
                        bar[column] = bar[column] + slope * bars[variable][row]
        return bars
