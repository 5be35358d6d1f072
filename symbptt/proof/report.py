"""Verification: every proof and every test of one model, a row each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from symbptt.algebra import Model
from symbptt.binding import bind as bind_functions
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.calculus.gradients import derive
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.render import generate
from symbptt.errors import EvaluationError, InterfaceError, OptionError, UnboundFunctionError
from symbptt.proof.arguments import argument_rows
from symbptt.proof.calls import SCENARIOS, ModuleCall, called
from symbptt.proof.cases import GROUPS
from symbptt.proof.exact import exact_rows
from symbptt.proof.execution import file_rows
from symbptt.proof.induction.statements import induction_rows
from symbptt.proof.lacking import statement_rows
from symbptt.proof.levels import level_rows
from symbptt.proof.lines import layout_rows, line_rows
from symbptt.proof.loaded import Loaded, load_module, read_module
from symbptt.proof.matrix import matrix_rows
from symbptt.proof.module_slips import are_of_gradients, slip_rows
from symbptt.proof.numeric import numeric_rows
from symbptt.proof.other_forms import FOR_SOME_T, OTHERS, mode_rows, other_form_rows
from symbptt.proof.points import size_sets
from symbptt.proof.reach import Plain, reach_rows
from symbptt.proof.remarks import kink_rows, vanishing_rows
from symbptt.proof.rounding import rounding_rows
from symbptt.proof.rows import Report, Row, grouped, together
from symbptt.typeset.latex import PRINTERS
from symbptt.typeset.style import Style

__all__ = ["Progress", "Report", "Row", "verify"]

Progress = Callable[[int, int, str], None]
"""Told how many of how many parts are done, and what is done next."""


def verify(
    model: Model,
    *,
    module: str | Path | None = None,
    derivation: Derivation | None = None,
    source: str | None = None,
    bind: Mapping[str, str] | None = None,
    estimator: Estimator | str | None = None,
    level: int = 2,
    progress: Progress | None = None,
    seed: int = 0,
) -> Report:
    """Prove and test the derivation of a model and its generated module.

    Parameters
    ----------
    module : str or Path, optional
        A file with a module of this model, edited by hand or not: it alone is tested.
    derivation : Derivation, optional
        To be examined in place of the model's own.
    source : str, optional
        The text of a module, to be tested in place of the generated one.
    bind : mapping of str to str, optional
        Functions for the abstract ones. Without it the proofs leave them abstract and
        the module has their defaults.
    estimator : Estimator or str, optional
        Which estimator of the gradient is examined; of ``derivation`` its own.
    level : int
        Of optimisation, of the generated module; that all levels agree is a row.
    progress : callable, optional
        See `Progress`.
    seed : int
        Of all random points.

    Raises
    ------
    MissingLossError
        If the model has no loss.
    UnknownNameError
        If ``bind`` names no function.
    EstimatorError
        If the text names no estimator.
    InterfaceError
        If the module does not offer what a generated one does.
    EvaluationError
        If no point is found at which the model is defined.
    """
    chosen = bind_functions(model, bind, defaults=False) if bind else model
    examined = derivation or derive(chosen, estimator=estimator)
    full = examined.estimator == FULL
    own = module is None and derivation is None and source is None and full
    parts = (0 if module else len(size_sets(model)) + 2) + len(SCENARIOS) + len(GROUPS) + 2
    parts += len(PRINTERS) if full and not module else 0
    parts += len(OTHERS) + 1 if own else 0
    told = _Counter(parts, progress)
    rows: list[Row] = []
    if module is None:
        told("all T")
        rows += induction_rows(examined)
        rows += exact_rows(examined, seed, told)
        told("matrix derivative")
        rows += matrix_rows(examined, seed)
        rows += _shown(examined, seed, told) if full else ()
        rows += statement_rows(examined, seed)
    if own:
        rows += (*other_form_rows(chosen, seed, told), FOR_SOME_T)
    rows += _numeric(chosen, module, derivation, source, examined.estimator, level, seed, told)
    if own:
        rows += _made("forward", lambda: mode_rows(bind_functions(chosen), seed, told))
    return Report(model.name, grouped(rows))


def _shown(derivation: Derivation, seed: int, told: Callable[[str], None]) -> Iterator[Row]:
    """What documents say in other layouts and entry by entry."""
    for layout, printer in PRINTERS.items():
        if layout != Style().layout:
            told(f"layout {layout}")
            rows = layout_rows(derivation, printer().lay, seed)
            yield together("layout", layout, rows, "equations and steps")
    told("entries")
    yield together("entries", "all lines", line_rows(derivation, seed), "lines at every place")


def _numeric(
    model: Model,
    path: str | Path | None,
    derivation: Derivation | None,
    source: str | None,
    estimator: Estimator,
    level: int,
    seed: int,
    told: Callable[[str], None],
) -> tuple[Row, ...]:
    try:
        bound = bind_functions(model)
    except UnboundFunctionError as error:
        return (Row("values", "module", None, "not applicable", str(error)),)
    given = derivation if derivation and not derivation.model.abstract else None
    lowered = given or derive(bound, estimator=estimator)
    whole = derive(bound, estimator=estimator, wrt_inputs=True)
    text = generate(whole, level=0)
    plain = Plain(bound, load_module(text, f"<{model.name}, plain>", bound), estimator)
    modules: dict[int, Loaded] = {}
    for each in () if path else LEVELS:
        own = source if source and each == level else generate(lowered, level=each)
        modules[each] = load_module(own, f"<{model.name} -O{each}>", bound)
    module = read_module(path, bound) if path else modules[level]
    calls: list[ModuleCall] = []
    values = partial(numeric_rows, module, bound, lowered, seed, told, calls.append)
    rows = _made("values", values)
    if modules and calls:
        rows += _made("levels", lambda: level_rows(modules, calls, estimator))
    rows += _made("plain", plain.rows) if modules else ()
    if calls:
        rows += _made("file", lambda: file_rows(module, bound, calls, estimator, seed, told))
        rows += _made("rounding", lambda: rounding_rows(module, bound, estimator, told))
    if estimator == FULL and are_of_gradients(rows):
        rows += tuple(slip_rows(module, bound, derive(bound), seed))
    rows += tuple(reach_rows(module, plain, told))
    rows += _made("arguments", partial(argument_rows, module, plain))
    if estimator == FULL and all(row.ok is not False for row in rows):
        rows += tuple(kink_rows(lowered))
        rows += _made("remark", lambda: vanishing_rows(partial(called, module), calls))
    return rows


def _made(check: str, rows: Callable[[], Iterable[Row]]) -> tuple[Row, ...]:
    """The rows of a check; a module that raises where it must not has failed it."""
    try:
        # Of what NumPy warns says nothing here; `reach` hears of it where all is finite.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return tuple(rows())
    except InterfaceError as error:
        return (Row(check, "module", False, detail=str(error)),)
    except (EvaluationError, OptionError, UnboundFunctionError) as error:
        return (Row(check, "module", None, "not applicable", str(error)),)


class _Counter:
    """Counts the parts of a verification."""

    def __init__(self, parts: int, progress: Progress | None) -> None:
        self.parts = parts
        self.done = 0
        self.progress = progress

    def __call__(self, what: str) -> None:
        if self.progress is not None:
            self.progress(self.done, self.parts, what)
        self.done += 1
