"""Slips in the package's own code: what is derived or generated with them, and what finds it."""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from symbptt.calculus.derivation import Derivation
from symbptt.proof import exact
from symbptt.proof.exact import exact_rows
from symbptt.proof.points import size_sets
from tests.house import ROOT
from tests.modules import model_of
from tests.mutants.cases import DERIVED, GENERATED, PACKAGE, Coverage, Derived, covered
from tests.mutants.checks import ModuleChecks, first_failing, wrong
from tests.mutants.result import DIFFERENT, SAME, UNRUN
from tests.mutants.slips import Planted, code_of, functions, planted, put, spread
from tests.mutants.subjects import Setting, Subject
from tests.mutants.swapping import fits, function_at, swapped

DIFFERING = 2
"""So many that differ are judged; a mutant that they leave right is right in what it changes."""

MOST_CASES = 40

MOST_IN = {"codegen": 2}
"""So many in a function; where none is said, as many as there are kinds."""

OF_ARRAYS = ("factor near 1", "transpose")
"""Slips that make no sense where there are no numbers."""

KEPT = "kept files"
"""Of the suite: files in generated/ would differ; what they say then is right."""

Judged = tuple[str, str]


def path_of(module_name: str) -> Path:
    return PACKAGE.joinpath(*module_name.split(".")).with_suffix(".py")


def code_mutants(module_name: str, most: int) -> Iterator[tuple[Planted, FunctionType, CodeType]]:
    """The slips of a file of the package that can be put in place."""
    module = importlib.import_module(f"symbptt.{module_name}")
    found = functions(ast.parse(path_of(module_name).read_text(encoding="utf-8")))
    for name, tree in found.items():
        own = function_at(module, name)
        if own is None:
            continue
        slips = [one for one in planted(tree, name) if one.kind not in OF_ARRAYS]
        for one in spread(slips, most, MOST_IN.get(module_name.partition(".")[0], 1000)):
            code = code_of(one.tree)
            if code is not None and fits(own, code):
                yield one, own, code


@contextmanager
def in_place(module_name: str, own: FunctionType, code: CodeType) -> Iterator[None]:
    """The mutant in place; what functions of its file keep is thrown away before and after."""
    _forget(module_name)
    with swapped(own, code):
        yield
    _forget(module_name)


def _forget(module_name: str) -> None:
    for value in vars(importlib.import_module(f"symbptt.{module_name}")).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


# --- derivations --------------------------------------------------------------------------------


@cache
def derived() -> tuple[Coverage[Derived], Mapping[Derived, Derivation]]:
    for case in DERIVED:
        model_of(case.model)  # What reads models is not traced.
    return covered(DERIVED, Derived.derive, "calculus")


def judged_calculus(module_name: str, one: Planted, own: FunctionType, code: CodeType) -> Judged:
    """Judged by what is derived, else by the modules for which the file is used again."""
    found = _judged_derivations(module_name, one, own, code)
    if found[0] or found[1] == DIFFERENT:
        return found
    other = judged_generation(module_name, one, own, code)
    return found if other[1] == UNRUN else other


def _judged_derivations(
    module_name: str, one: Planted, own: FunctionType, code: CodeType
) -> Judged:
    """Wrong where a derivation differs from what it was, and is wrong."""
    coverage, right = derived()
    cases = coverage.of(str(path_of(module_name)), one)
    differing: list[Derived] = []
    for case in cases[:MOST_CASES]:
        found: list[Derivation] = []
        with in_place(module_name, own, code):
            made = first_failing({"derive raises": partial(_added, found, case.derive)})
        if made[0]:
            return made
        if found[0] != right[case]:
            differing.append(case)
            judged = judged_exactly(found[0], whole=len(differing) == 1)
            if judged[0] or len(differing) == DIFFERING:
                return judged if judged[0] else _unseen(cases, differing)
    return _unseen(cases, differing)


def judged_exactly(derivation: Derivation, whole: bool = True) -> Judged:
    """What the exact check says of short runs, then of longer ones."""
    horizons = ((1, 3), (1, 2, 3, 4, 5)) if whole else ((1, 3),)
    checks = {str(each): partial(exact_at, derivation, each) for each in horizons}
    check, words = first_failing(checks, proof=True)
    return ("exact", words) if check else ("", "")


def exact_at(derivation: Derivation, horizons: tuple[int, ...]) -> str:
    """What the exact check finds at the first sizes, at one point."""
    own, exact.HORIZONS = exact.HORIZONS, horizons
    try:
        rows = exact_rows(derivation, sets=size_sets(derivation.model)[:1], points=1)
    finally:
        exact.HORIZONS = own
    return wrong(rows)


def _added(found: list[Any], make: Callable[[], Any]) -> str:
    found.append(make())
    return ""


def _unseen(cases: Sequence[Any], differing: Sequence[Any]) -> Judged:
    """Of what no check of `verify` sees; the files in generated/ show what is made of models."""
    if any(case.is_kept for case in differing):
        return KEPT, ""
    if not cases:
        return "", UNRUN
    return "", DIFFERENT if differing else SAME


# --- modules -------------------------------------------------------------------------------------


@cache
def generated() -> tuple[Coverage[Setting], Mapping[Setting, str]]:
    for case in GENERATED:
        source_of(case)  # What derives is not traced.
    return covered(GENERATED, text_of, "calculus", "codegen")


@cache
def source_of(setting: Setting) -> Subject:
    subject = Subject(setting)
    assert subject.source
    return subject


def text_of(setting: Setting) -> str:
    return source_of(setting).made()


@cache
def right_module(setting: Setting) -> ModuleChecks:
    return ModuleChecks(Subject(setting))


def judged_generation(module_name: str, one: Planted, own: FunctionType, code: CodeType) -> Judged:
    """Wrong where a module differs from what it was, and is wrong."""
    coverage, right = generated()
    cases = coverage.of(str(path_of(module_name)), one)
    differing: list[Setting] = []
    for case in cases[:MOST_CASES]:
        texts: list[str] = []
        with in_place(module_name, own, code):
            made = first_failing(
                {"generate raises": partial(_added, texts, partial(text_of, case))}
            )
        if made[0]:
            return made
        if texts[0] != right[case]:
            differing.append(case)
            judged = first_failing({"load": partial(_loaded, case, texts[0])})
            if judged[0] or case.is_kept or len(differing) == DIFFERING:
                return judged if judged[0] else _unseen(cases, differing)
    return _unseen(cases, differing)


def _loaded(case: Setting, text: str) -> str:
    """What the checks say of another text of a module; the suite looks at those it keeps."""
    checks = right_module(case).of_text(text)
    if case.is_kept:
        del checks["probe"]
    check, words = first_failing(checks)
    return f"{check}: {words}" if check else ""


# --- the suite -----------------------------------------------------------------------------------

COPY = ROOT / "build" / "mutants" / "tree"
"""Where tests are run with a mutant in the file itself."""

TESTS: dict[str, tuple[str, ...]] = {
    "calculus.rules": ("tests/calculus/test_adjoint.py", "tests/test_rules.py"),
    "calculus.forms": ("tests/calculus/test_constructors.py", "tests/calculus/test_adjoint.py"),
    "calculus.adjoint": ("tests/calculus/test_adjoint.py",),
    "calculus.window": ("tests/calculus/test_estimators.py", "tests/calculus/test_moments.py"),
    "calculus.estimators": ("tests/calculus/test_estimators.py", "tests/calculus/test_moments.py"),
    "calculus.normal": ("tests/calculus/test_normal.py",),
    "codegen.lowering": ("tests/codegen/test_lowering.py",),
    "codegen.numpy_printer": ("tests/codegen/test_lowering.py", "tests/codegen/test_style.py"),
    "codegen.runtime": ("tests/codegen/runtime", "tests/codegen/test_exact.py"),
}
"""The tests of each room, for what `verify` does not find."""


def tests_of(module_name: str) -> tuple[str, ...]:
    rest = ("tests/codegen/test_levels.py", "tests/codegen/test_placement.py")
    return TESTS.get(module_name, rest if module_name.startswith("codegen") else ())


def by_suite(path: Path, one: Planted, tests: Sequence[str]) -> Judged:
    """What the tests of a room say of the file with the mutant."""
    if not tests:
        return "", ""
    if not COPY.exists():
        for name in ("symbptt", "tests", "templates", "generated", "docs"):
            shutil.copytree(ROOT / name, COPY / name)
        for name in ("pyproject.toml", "README.md", "Makefile", "CHANGELOG.md"):
            shutil.copy(ROOT / name, COPY / name)
    target = COPY / path.relative_to(ROOT)
    text = path.read_text(encoding="utf-8")
    target.write_text(with_function(text, one), encoding="utf-8")
    try:
        return _tested(tests)
    finally:
        target.write_text(text, encoding="utf-8")


def _tested(tests: Sequence[str]) -> Judged:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(COPY), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        command, cwd=COPY, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return "", ""
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return "suite", failed[0] if failed else run.stdout[-300:]


def with_function(text: str, one: Planted) -> str:
    """A file's text with a mutant in the place of its function."""
    own = functions(ast.parse(text))[one.function]
    lines = text.splitlines(keepends=True)
    bare = ast.unparse(put(one.tree, decorator_list=[]))
    new = textwrap.indent(bare, " " * own.col_offset) + "\n"
    return "".join((*lines[: own.lineno - 1], new, *lines[own.end_lineno :]))
