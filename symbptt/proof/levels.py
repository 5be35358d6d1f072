"""Modules of all levels of optimisation at the same calls: their numbers must agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symbptt.calculus.estimators import FULL, Estimator
from symbptt.proof.agreement import Agreement
from symbptt.proof.calls import ModuleCall
from symbptt.proof.loaded import Loaded
from symbptt.proof.reach import result_of
from symbptt.proof.rows import Row


def level_rows(
    modules: Mapping[int, Loaded], calls: Iterable[ModuleCall], estimator: Estimator = FULL
) -> tuple[Row, ...]:
    """A row for every level but the lowest, which the others are compared with.

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
    for call in calls:
        expected = result_of(modules[lowest], call, estimator)
        for level in others:
            found = result_of(modules[level], call, estimator)
            compared[level].compare_all(found, expected, call.scenario.words)
    return tuple(each.row() for each in compared.values())
