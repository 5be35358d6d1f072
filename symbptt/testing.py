"""Assertions for a person's own tests: formulas, gradients, modules that the examiner finds right.

>>> from symbptt.testing import assert_right
>>> assert_right("./mine.rnn", "d(L, h[T]) = V.T @ d(L, o[T])")

A failure says what `symbptt check` and `symbptt verify` say.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from symbptt.algebra import Model
from symbptt.errors import FormulaError, InterfaceError, OptionError, ProgramError
from symbptt.formula.verdict import check
from symbptt.handwritten.examination import check_code
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.proof.report import verify

ModelLike = Model | str | Path
"""A model, the name of a built-in one, a file, or the text of a model."""

Function = Callable[..., Any] | str | Path


def assert_right(model: ModelLike, formula: str, *, strict: bool = False, **options: Any) -> None:
    """Assert that a formula about a model is right.

    Parameters
    ----------
    model : Model, str or Path
        A model, the name of a built-in one, a file, or the text of a model.
    formula : str
        As `symbptt.check` reads it.
    strict : bool
        Whether a formula that says nothing of the model fails, too.
    options
        Those of `symbptt.check`, as ``layout="row"``.

    Raises
    ------
    AssertionError
        With the examiner's answer, if the formula is wrong, undecided or can't be read.
    ModelError, UnknownNameError, OSError
        If the model can't be read.
    """
    __tracebackhide__ = True
    examined = model_of(model)
    try:
        verdict = check(examined, formula, **options)
    except FormulaError as error:
        raise AssertionError(f"unreadable: {error}") from None
    if not verdict.right or (strict and verdict.trivial):
        raise AssertionError(str(verdict))


def assert_gradients(
    model: ModelLike, function: Function, *, strict: bool = False, **options: Any
) -> None:
    """Assert that a function returns the model's gradients, as ``check --code`` does.

    Parameters
    ----------
    model : Model, str or Path
        A model, the name of a built-in one, a file, or the text of a model.
    function : callable, str or Path
        A function, class or method at the top level of a file, or ``FILE[:FUNCTION]``. The file
        runs in a process of its own, so nothing is seen of what a test did to the function.
    strict : bool
        Whether gradients fail that are right up to a factor or clipping.
    options
        Those of `symbptt.handwritten.examination.check_code`, as ``batch_first=True``.

    Raises
    ------
    AssertionError
        With the examiner's answer, if a gradient is wrong, or the function can't be called.
    ModelError, UnknownNameError, OSError
        If the model can't be read.
    OptionError
        If the function stands in no file, or within another function.
    """
    __tracebackhide__ = True
    examined = model_of(model)
    path, name = _place_of(function)
    try:
        verdict = check_code(examined, path, name, **options)
    except ProgramError as error:
        raise AssertionError(str(error)) from None
    if not verdict.ok or (strict and verdict.convention):
        raise AssertionError(str(verdict))


def _place_of(function: Function) -> tuple[str, str]:
    """The file of a function, and what it is called there."""
    if isinstance(function, str | Path):
        text = str(function)
        path, colon, name = text.rpartition(":")
        return (path, name) if colon and not Path(text).is_file() else (text, "")
    inner = inspect.unwrap(function)
    name = getattr(inner, "__qualname__", "")
    try:
        path = inspect.getsourcefile(inner) or ""
    except TypeError:
        path = ""
    if not path or not all(part.isidentifier() for part in name.split(".")):
        raise OptionError(
            f"expected a function, class or method at the top level of a file, and {function!r} is "
            "none: the examiner runs the file in a process of its own"
        )
    return path, name


def assert_module(model: ModelLike, path: str | Path, **options: Any) -> None:
    """Assert that a module computes the model's loss and gradients, as ``verify --module`` does.

    Parameters
    ----------
    model : Model, str or Path
        A model, the name of a built-in one, a file, or the text of a model.
    path : str or Path
        Of the module, generated or edited by hand.
    options
        Those of `symbptt.verify`, as ``bind={"phi": "tanh"}``.

    Raises
    ------
    AssertionError
        With the examiner's rows, if a check fails, or the module has another interface.
    ModelError, UnknownNameError, OSError
        If the model or the module can't be read.
    """
    __tracebackhide__ = True
    examined = model_of(model)
    try:
        report = verify(examined, module=path, **options)
    except InterfaceError as error:
        raise AssertionError(str(error)) from None
    if not report.ok:
        _, *rows = str(replace(report, rows=report.failures or report.rows)).splitlines()
        raise AssertionError("\n".join([f"{path}: {report.summary}", *rows]))


def model_of(given: ModelLike) -> Model:
    """The model that is meant.

    A text is known by its ``=`` or its lines, a name of a file by its ``/`` or ``.``.
    """
    if isinstance(given, Model):
        return given
    if isinstance(given, str) and ("=" in given or "\n" in given):
        return parse(given)
    return library.load(str(Path(given).absolute()) if isinstance(given, Path) else given)
