"""Modules of all levels of optimisation at the same calls: their numbers must agree.

Those of models without transcendental functions are called with fractions, too: the
statements of every level run over object arrays, in both functions of a module, and there
nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from symbptt.calculus.estimators import FULL, Estimator
from symbptt.errors import InterfaceError
from symbptt.proof.agreement import Agreement
from symbptt.proof.calls import Arrays, ModuleCall
from symbptt.proof.exact import Tally
from symbptt.proof.loaded import Loaded
from symbptt.proof.reach import result_of
from symbptt.proof.rows import Row

EXACT_STEPS = 3
"""Fractions grow with every step, so calls with them are short."""


def level_rows(
    modules: Mapping[int, Loaded], calls: Iterable[ModuleCall], estimator: Estimator = FULL
) -> tuple[Row, ...]:
    """A row for every level but the lowest, which the others are compared with; where
    the model can be computed in fractions, another one, in which they must be equal.

    Parameters
    ----------
    modules : mapping of int to Loaded
        A model's modules by level.
    estimator : Estimator
        Which they were generated for.

    Raises
    ------
    InterfaceError
        If a module raises, or what it returns lacks something.
    """
    lowest, *others = sorted(modules)
    compared = {level: Agreement("levels", f"-O{level} and -O{lowest}") for level in others}
    calls = list(calls)
    for call in calls:
        expected = result_of(modules[lowest], call, estimator)
        for level in others:
            found = result_of(modules[level], call, estimator)
            compared[level].compare_all(found, expected, call.scenario.words)
    rows = tuple(each.row() for each in compared.values())
    return (*rows, *exact_level_rows(modules, calls, estimator))


def exact_level_rows(
    modules: Mapping[int, Loaded], calls: Iterable[ModuleCall], estimator: Estimator
) -> tuple[Row, ...]:
    """The same in fractions, without tolerance; none for what has no exact value in them."""
    lowest, *others = sorted(modules)
    tallies = {
        level: Tally("levels", f"-O{level} and -O{lowest}, in fractions", ", without rounding")
        for level in others
    }
    # Random gates are drawn as floats.
    for call in calls if estimator.kind != "random" else ():
        exact = in_fractions(call, modules[lowest])
        try:
            expected = result_of(modules[lowest], exact, estimator)
        except InterfaceError:
            return ()
        if not all(map(is_exact, expected.values())):
            return ()
        for level in others:
            found = result_of(modules[level], exact, estimator)
            for name, array in expected.items():
                same = name in found and np.shape(found[name]) == np.shape(array)
                same = same and is_exact(found[name])
                same = (
                    same
                    and tallies[level].compare(found[name], array, exact.scenario.steps) is None
                )
                if not (same or tallies[level].detail):
                    words = exact.scenario.words
                    tallies[level].detail = f"{words}: {name} is another number"
    return tuple(each.row() for each in tallies.values() if each.entries)


def in_fractions(call: ModuleCall, module: Loaded) -> ModuleCall:
    """A call with short fractions, none of them 0, and a few steps."""
    steps = min(call.scenario.steps, EXACT_STEPS)
    lengths = tuple(min(count, steps) for count in call.scenario.lengths)
    words = f"{call.scenario.words}, {steps} steps in fractions"
    tables = module.table("INPUTS")
    inputs = {n: a[:steps] if tables[n][:1] == ("T",) else a for n, a in call.inputs.items()}
    return replace(
        call,
        scenario=replace(call.scenario, words=words, steps=steps, lengths=lengths),
        params=fractions(call.params),
        inputs=fractions(inputs),
        carry=call.carry and fractions(call.carry),
        carry_grad=call.carry_grad and fractions(call.carry_grad),
    )


def fractions(arrays: Arrays) -> Arrays:
    nearby = np.frompyfunc(sixteenth, 1, 1)
    return {
        name: array if np.asarray(array).dtype.kind in "iu" else np.asarray(nearby(array), object)
        for name, array in arrays.items()
    }


def sixteenth(value: float) -> Any:
    """A number nearby with an odd numerator; what stands at a padded step stays NaN."""
    return Fraction(2 * int(np.floor(8 * value)) + 1, 16) if np.isfinite(value) else value


def is_exact(value: Any) -> bool:
    return all(isinstance(entry, Fraction | int | np.integer) for entry in np.ravel(value))
