"""The units of work: all mutants of one subject, each judged by the checks that look at it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from types import CodeType, FunctionType
from typing import Any

from symbptt.calculus import variants as slips_of_people
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS
from symbptt.typeset.plain import plain
from tests.modules import model_of
from tests.mutants.checks import ModuleChecks, first_failing
from tests.mutants.code import (
    Judged,
    by_suite,
    code_mutants,
    judged_calculus,
    judged_exactly,
    judged_generation,
    path_of,
    tests_of,
)
from tests.mutants.result import Result
from tests.mutants.slips import Planted, code_of, evenly, functions, planted, spread
from tests.mutants.subjects import (
    CARRIERS,
    FOLDER,
    SETTINGS,
    Setting,
    Subject,
    runtime_files,
    runtime_functions,
    runtime_names,
)
from tests.mutants.swapping import fits, function_at, swapped
from tests.test_rules import first_difference, first_wrong_adjoint, first_wrong_gradient


def _no_tests() -> Judged:
    return "", ""


@dataclass(frozen=True)
class Mutant:
    """A mutant not judged yet.

    Attributes
    ----------
    judge : callable
        Puts it in place, and looks at it with the checks of `verify`.
    suite : callable
        Runs the tests of its room.
    """

    result: Result
    judge: Callable[[], Judged]
    suite: Callable[[], Judged] = _no_tests


@dataclass(frozen=True)
class Unit:
    """``mutants(most)`` are at most so many of a kind in a function."""

    place: str
    subject: str
    mutants: Callable[[int], Iterator[Mutant]]

    @property
    def name(self) -> str:
        return f"{self.place} {self.subject}"


# --- derivations ------------------------------------------------------------------------------

DERIVED = (
    "linear", "elman", "char_rnn", "gru", "lstm", "lag_two", "two_states", "joint_matrix",
)  # fmt: skip


def of_derivation(name: str, most: int) -> Iterator[Mutant]:
    derivation = derive(model_of(name))
    kinds: dict[str, list[slips_of_people.Variant]] = defaultdict(list)
    for variant in slips_of_people.variants(derivation):
        kinds[variant.kind].append(variant)
    chosen = [one for group in kinds.values() for one in evenly(group, 4 * most)]
    for variant in chosen:
        step = variant.step
        result = Result(
            "derivation steps", name, f"({step.number}) {plain(step.target)}", variant.kind,
            *_texts(variant),
        )  # fmt: skip
        yield Mutant(result, partial(_judged_derivation, variant.derivation))


def _texts(variant: slips_of_people.Variant) -> tuple[str, str]:
    if variant.kind in slips_of_people.STEP_SLIPS:
        return str(variant.step.holds and _range(variant.step)), _range(variant.changed)
    return plain(variant.old), plain(variant.new)


def _range(step: Any) -> str:
    held = step.holds
    return plain(step.result) if held is None else f"{held.first} <= {held.of} <= {held.last}"


def _judged_derivation(derivation: Derivation) -> Judged:
    return judged_exactly(derivation)


# --- rows of functions ------------------------------------------------------------------------


def of_rows(most: int) -> Iterator[Mutant]:
    tables: tuple[tuple[str, Any, str, Callable[[Any], str | None]], ...] = (
        ("elementwise", FUNCTIONS, "derivatives", first_difference),
        ("vectors", VECTORS, "adjoint", first_wrong_adjoint),
        ("losses", LOSSES, "gradients", first_wrong_gradient),
    )
    for table, rows, field, check in tables:
        for name, row in rows.items():
            for kind, before, after, changed in _other_rows(row, field, most):
                where = f"{name}.{field}"
                result = Result("rows of functions", table, where, kind, before, after)
                yield Mutant(result, partial(_judged_row, check, changed))


def _judged_row(check: Callable[[Any], str | None], row: Any) -> Judged:
    return first_failing({"tests/test_rules.py": lambda: check(row) or ""})[0], ""


def _other_rows(row: Any, field: str, most: int) -> Iterator[tuple[str, str, str, Any]]:
    texts = getattr(row, field)
    for place, own in enumerate(texts):
        chain = (own,) if isinstance(own, str) else own
        for number, text in enumerate(chain):
            for kind, after in _other_texts(text, most):
                new: Any = (*chain[:number], after, *chain[number + 1 :])
                new = new[0] if isinstance(own, str) else new
                changed = (*texts[:place], new, *texts[place + 1 :])
                yield kind, text, after, replace(row, **{field: changed})


def _other_texts(text: str, most: int) -> Iterator[tuple[str, str]]:
    whole = ast.parse(f"def row():\n    return {text}")
    found = list(planted(functions(whole)["row"], "row"))
    for one in spread(found, most):
        statement = one.tree.body[0]
        if isinstance(statement, ast.Return) and statement.value is not None:
            yield one.kind, ast.unparse(statement.value)


# --- the package's own code -------------------------------------------------------------------

CALCULUS = tuple(
    f"calculus.{name}" for name in ("rules", "forms", "adjoint", "window", "estimators", "normal")
)
PASSES = tuple(
    f"codegen.fast.passes.{name}"
    for name in (
        "activations", "columns", "fusion", "hoisting", "in_place", "inlining", "layout",
        "reuse", "rewriting", "scan", "splitting",
    )
)  # fmt: skip
LOWERING = ("codegen.lowering", "codegen.numpy_printer", "codegen.sweeping", "codegen.gates")

Judge = Callable[[str, Planted, FunctionType, CodeType], Judged]


def of_code(place: str, module_name: str, judge: Judge, most: int) -> Iterator[Mutant]:
    for one, own, code in code_mutants(module_name, most):
        result = _result(place, module_name, one)
        suite = partial(by_suite, path_of(module_name), one, tests_of(module_name))
        yield Mutant(result, partial(judge, module_name, one, own, code), suite)


def _result(place: str, subject: str, one: Planted) -> Result:
    return Result(place, subject, one.function, one.kind, one.before, one.after, digest=one.digest)


# --- modules ------------------------------------------------------------------------------------


def of_module(place: str, setting: Setting, names: frozenset[str], most: int) -> Iterator[Mutant]:
    subject = Subject(setting)
    for name in sorted(names):
        own = function_at(subject.module.module, name)
        if own is None:
            continue
        for one in spread(list(planted(subject.functions[name], name)), most):
            code = code_of(one.tree)
            if code is not None and fits(own, code):
                result = _result(place, setting.words, one)
                yield Mutant(result, partial(_judged_module, setting, name, code))


def _judged_module(setting: Setting, name: str, code: CodeType) -> Judged:
    return _judged_in(carrier(setting), name, code, whole=True)


def _judged_in(checks: ModuleChecks, name: str, code: CodeType, whole: bool) -> Judged:
    """What finds a mutant in a module: the cheap checks, and all of them where ``whole``."""
    own = function_at(checks.module.module, name)
    assert own is not None
    with swapped(own, code):
        found = first_failing(checks.cheap)
    if found[0] or not whole:
        return found
    assert checks.is_right
    with swapped(own, code):
        found = first_failing(checks.dear)
        if found[0]:
            return found
        check, words = first_failing({"probe": checks.probe})
    return "", f"{checks.subject.setting.words}, {words}" if check else ""


def _bare(tree: ast.AST) -> str:
    """A function as modules copy it: without annotations and docstring."""
    text = ast.unparse(tree)
    copied = ast.parse(text).body[0]
    for node in ast.walk(copied):
        for field in ("annotation", "returns"):
            if hasattr(node, field):
                setattr(node, field, None)
    body = getattr(copied, "body", [])
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body.pop(0)
    return ast.dump(copied)


@cache
def carrier(setting: Setting) -> ModuleChecks:
    checks = ModuleChecks(Subject(setting))
    checks.prepare()
    return checks


@cache
def carriers(name: str, file: str) -> tuple[Setting, ...]:
    """The modules that carry a function of a file of the runtime; all of one text."""
    found = [
        (setting, _bare(tree))
        for setting in CARRIERS
        # At level 0 modules have the plain code's class of that name.
        if (tree := Subject(setting).functions.get(name)) and (file != "segments" or setting.level)
    ]
    own = _bare(runtime_functions(file)[name])
    texts = [text for _, text in found]
    # Where copying leaves out what a module does not need, those like the first one.
    wanted = own if own in texts else (texts or [""])[0]
    return tuple(setting for setting, text in found if text == wanted)


MOST_CARRIERS = 3
"""So many modules are tried with a mutant of the runtime, of those that run its line."""


def of_runtime(file: str, most: int) -> Iterator[Mutant]:
    """The functions of a file of the runtime, as modules carry them."""
    path = FOLDER / f"{file}.py"
    for name in runtime_functions(file):
        settings = carriers(name, file)
        if not settings:
            continue
        tree = Subject(settings[0]).functions[name]
        for one in spread(list(planted(tree, name)), most, 2):
            code = code_of(one.tree)
            if code is not None:
                judge = partial(_judged_carried, settings, one, code)
                suite = partial(by_suite, path, one, tests_of("codegen.runtime"))
                yield Mutant(_result("runtime", file, one), judge, suite)


def _judged_carried(settings: tuple[Setting, ...], one: Planted, code: CodeType) -> Judged:
    """Judged in modules that run the line, by the cheap checks first.

    A line that these do not run is one of long or large calls, which `reach` makes.
    """
    line = one.line - one.tree.lineno
    running = (carrier(s) for s in settings if carrier(s).runs(one.function, line))
    chosen = list(islice(running, MOST_CARRIERS))
    for whole in (False, True):
        for checks in chosen[: 2 if whole else None] or [carrier(s) for s in settings[:1] if whole]:
            own = function_at(checks.module.module, one.function)
            if own is not None and fits(own, code):
                found = _judged_in(checks, one.function, code, whole)
                if any(found):
                    return found
    return "", ""


def units() -> tuple[Unit, ...]:
    """All of them."""
    found = [Unit("modules", setting.words, partial(_own, setting)) for setting in SETTINGS]
    found.append(Unit("rows of functions", "all", of_rows))
    found += [Unit("derivation steps", name, partial(of_derivation, name)) for name in DERIVED]
    found += [Unit("runtime", file, partial(of_runtime, file)) for file in runtime_files()]
    code: tuple[tuple[str, tuple[str, ...], Judge], ...] = (
        ("rules and walk", CALCULUS, judged_calculus),
        ("passes", PASSES, judged_generation),
        ("lowering", LOWERING, judged_generation),
    )
    for place, names, judge in code:
        found += [Unit(place, name, partial(of_code, place, name, judge)) for name in names]
    return tuple(found)


def _own(setting: Setting, most: int) -> Iterator[Mutant]:
    names = frozenset(n for n in Subject(setting).functions if _head(n) not in runtime_names())
    return of_module("modules", setting, names, most)


def _head(name: str) -> str:
    return name.partition(".")[0]
