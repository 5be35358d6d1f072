"""The units of work: all mutants of one subject, each judged by the checks that look at it."""

from __future__ import annotations

import ast
import importlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from types import CodeType, FunctionType
from typing import Any

from symbptt.calculus import variants as slips_of_people
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS
from symbptt.proof import exact
from symbptt.proof.exact import exact_rows
from symbptt.proof.points import size_sets
from symbptt.typeset.plain import plain
from tests.house import ROOT
from tests.modules import model_of
from tests.mutants.checks import ModuleChecks, first_failing, wrong
from tests.mutants.result import Result
from tests.mutants.slips import Planted, code_of, evenly, functions, planted, spread
from tests.mutants.subjects import (
    CARRIERS,
    SETTINGS,
    Setting,
    Subject,
    runtime_files,
    runtime_functions,
    runtime_names,
)
from tests.mutants.swapping import fits, function_at, swapped
from tests.test_rules import first_difference, first_wrong_adjoint, first_wrong_gradient

SAME_BYTES, SAME_STEPS = "the same module of every model", "the same steps of every model"


@dataclass(frozen=True)
class Mutant:
    """A mutant not judged yet: how it is put in place, and what looks at it then."""

    result: Result
    judge: Callable[[], tuple[str, str]]


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
            *_texts(variant), "",
        )  # fmt: skip
        yield Mutant(result, partial(_judged_derivation, variant.derivation))


def _texts(variant: slips_of_people.Variant) -> tuple[str, str]:
    if variant.kind in slips_of_people.STEP_SLIPS:
        return str(variant.step.holds and _range(variant.step)), _range(variant.changed)
    return plain(variant.old), plain(variant.new)


def _range(step: Any) -> str:
    held = step.holds
    return plain(step.result) if held is None else f"{held.first} <= {held.of} <= {held.last}"


def _judged_derivation(derivation: Derivation) -> tuple[str, str]:
    checks = {
        "exact": lambda: quick_exact(derivation),
        "exact, all sizes": lambda: wrong(exact_rows(derivation)),
    }
    return first_failing(checks)[0], ""


def quick_exact(derivation: Derivation) -> str:
    """The first rows of the exact check: short runs at one point."""
    own, exact.HORIZONS = exact.HORIZONS, (1, 3)
    try:
        rows = exact_rows(derivation, sets=size_sets(derivation.model)[:1], points=1)
    finally:
        exact.HORIZONS = own
    return wrong(rows)


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


def _judged_row(check: Callable[[Any], str | None], row: Any) -> tuple[str, str]:
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
    f"calculus.{name}" for name in ("rules", "forms", "adjoint", "window", "gating", "normal")
)
PASSES = tuple(
    f"codegen.fast.passes.{name}"
    for name in (
        "activations", "columns", "fusion", "hoisting", "in_place", "inlining", "layout",
        "reuse", "rewriting", "scan", "splitting",
    )
)  # fmt: skip
LOWERING = ("codegen.lowering", "codegen.numpy_printer", "codegen.sweeping", "codegen.gates")
FEW = ("linear", "char_rnn", "lag_two")
MANY = (
    "gru", "two_states", "joint_matrix", "table_three_ways", "reductions", "learned_scalars",
    "powers_and_quotients", "scalar_beside_a_vector", "output_feedback", "last_two_steps",
    "loss_reads_the_past", "product_of_matrices", "derived_of_derived", "transposed",
    "learned_start", "min_gru", "leaky", "lagged_input", "max_and_min", "signs_and_brackets",
    "elman", "bound_by_name", "same_term_twice", "loss_by_hand", "matrix_input_transposed",
    "last_step", "antisymmetric", "log_softmax", "regularised",
)  # fmt: skip


OF_ARRAYS = ("factor near 1", "transpose")
"""Slips that make no sense where there are no numbers."""


def code_mutants(module_name: str, most: int) -> Iterator[tuple[Planted, FunctionType, CodeType]]:
    """The slips of a file of the package that can be put in place."""
    module = importlib.import_module(f"symbptt.{module_name}")
    path = ROOT.joinpath("symbptt", *module_name.split(".")).with_suffix(".py")
    found = functions(ast.parse(path.read_text(encoding="utf-8")))
    for name, tree in found.items():
        own = function_at(module, name)
        if own is None:
            continue
        slips = [one for one in planted(tree, name) if one.kind not in OF_ARRAYS]
        for one in spread(slips, most):
            code = code_of(one.tree)
            if code is not None and fits(own, code):
                yield one, own, code


def _result(place: str, subject: str, one: Planted) -> Result:
    return Result(place, subject, one.function, one.kind, one.before, one.after)


OPTIONS: tuple[tuple[str, Mapping[str, str]], ...] = (
    *((name, {}) for name in (*FEW, *MANY)),
    ("linear", {"estimator": "chunk:2"}),
    ("lag_two", {"estimator": "random:0.5"}),
    ("lagged_input", {"estimator": "chunk:3"}),
    ("linear", {"estimator": "window:2"}),
    ("two_states", {"estimator": "window:2"}),
    ("linear", {"form": "expanded"}),
    ("lag_two", {"form": "sensitivity"}),
    ("min_gru", {"form": "expanded"}),
    ("learned_scalars", {"form": "sensitivity"}),
)


@cache
def steps_of(number: int) -> Derivation:
    """With functions left abstract where they may be: what holds for them holds for all."""
    name, options = OPTIONS[number]
    return derive(model_of(name), **options)


def of_calculus(module_name: str, most: int) -> Iterator[Mutant]:
    for number in range(len(OPTIONS)):
        steps_of(number)
    for one, own, code in code_mutants(module_name, most):
        result = _result("rules and walk", module_name, one)
        yield Mutant(result, partial(_judged_calculus, own, code))


def _judged_calculus(own: FunctionType, code: CodeType) -> tuple[str, str]:
    """Wrong where a derivation differs from what it was, and is wrong."""
    differing = 0
    for number, (_, options) in enumerate(OPTIONS):
        right = steps_of(number)
        found: list[Derivation] = []
        make = partial(_added, found, derive, right.model, **options)
        with swapped(own, code):
            made = first_failing({"derive raises": make})
        if made[0]:
            return made
        if found[0].steps != right.steps:
            differing += 1
            judged = first_failing({"exact": partial(quick_exact, found[0])})
            if judged[0]:
                return judged
    return "", "other steps, which are right" if differing else SAME_STEPS


def _added(found: list[Any], make: Callable[..., Any], *arguments: Any, **more: Any) -> str:
    found.append(make(*arguments, **more))
    return ""


@cache
def subject_of(name: str) -> ModuleChecks:
    checks = ModuleChecks(Subject(Setting(name)))
    checks.prepare()
    return checks


LOOPS = ("elman", "lag_two", "char_rnn", "gru")


def of_passes(place: str, module_name: str, most: int) -> Iterator[Mutant]:
    for one, own, code in code_mutants(module_name, most):
        yield Mutant(_result(place, module_name, one), partial(_judged_pass, own, code))


def _judged_pass(own: FunctionType, code: CodeType) -> tuple[str, str]:
    differing = 0
    for name in LOOPS:
        right = subject_of(name)
        texts: list[str] = []
        make = partial(_added, texts, generate, right.subject.derivation, level=2)
        with swapped(own, code):
            made = first_failing({"generate raises": make})
        if made[0]:
            return made
        if texts[0] == right.subject.text:
            continue
        differing += 1
        judged = first_failing({"load": partial(_loaded, right, texts[0])})
        if judged[0]:
            return judged
    return "", "other code, which is right" if differing else SAME_BYTES


def _loaded(right: ModuleChecks, text: str) -> str:
    """What the checks say of another text of a module."""
    other = Subject(right.subject.setting)
    other.__dict__.update(model=right.subject.model, derivation=right.subject.derivation)
    other.__dict__.update(text=text, plain=right.subject.plain)
    checks = ModuleChecks(other)
    checks.__dict__.update(calls=right.calls, observed=right.observed, probed=right.probed)
    checks.__dict__["trial"] = replace(right.trial, module=checks.module)
    quick = {name: checks.checks[name] for name in ("values", "trial", "fractions")}
    check, words = first_failing(quick)
    return f"{check}: {words}" if check else checks.probe()


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


def _judged_module(setting: Setting, name: str, code: CodeType) -> tuple[str, str]:
    checks = carrier(setting)
    own = function_at(checks.module.module, name)
    assert own is not None
    with swapped(own, code):
        check, words = first_failing(checks.checks)
        if check:
            return check, words
        check, words = first_failing({"probe": checks.probe})
    return "", f"probe: {words}" if check else ""


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


def of_runtime(file: str, most: int) -> Iterator[Mutant]:
    """The functions of a file of the runtime, as modules carry them."""
    for name in runtime_functions(file):
        settings = carriers(name, file)
        if not settings:
            continue
        tree = Subject(settings[0]).functions[name]
        for one in spread(list(planted(tree, name)), most):
            code = code_of(one.tree)
            if code is not None:
                yield Mutant(
                    _result("runtime", file, one), partial(_judged_carried, name, file, code)
                )


def _judged_carried(name: str, file: str, code: CodeType) -> tuple[str, str]:
    """Judged in every module that carries the function, by the cheap checks first."""
    looked: list[ModuleChecks] = []
    for setting in carriers(name, file):
        checks = carrier(setting)
        own = function_at(checks.module.module, name)
        if own is None or not fits(own, code):
            continue
        looked.append(checks)
        with swapped(own, code):
            found = first_failing(checks.cheap)
        if found[0]:
            return found
    remark = ""
    for checks in looked[:2]:
        own = function_at(checks.module.module, name)
        assert own is not None
        with swapped(own, code):
            dear = {"differences": checks.verified, "reach": checks.reached}
            found = first_failing(dear)
            if found[0]:
                return found
            probed = first_failing({"probe": checks.probe})
            remark = remark or (f"{checks.subject.setting.words}: {probed[1]}" if probed[0] else "")
    return "", f"probe: {remark}" if remark else ""


def units() -> tuple[Unit, ...]:
    """All of them."""
    found = [Unit("modules", setting.words, partial(_own, setting)) for setting in SETTINGS]
    found.append(Unit("rows of functions", "all", of_rows))
    found += [Unit("derivation steps", name, partial(of_derivation, name)) for name in DERIVED]
    found += [Unit("runtime", file, partial(of_runtime, file)) for file in runtime_files()]
    found += [Unit("rules and walk", name, partial(of_calculus, name)) for name in CALCULUS]
    found += [Unit("passes", name, partial(of_passes, "passes", name)) for name in PASSES]
    found += [Unit("lowering", name, partial(of_passes, "lowering", name)) for name in LOWERING]
    return tuple(found)


def _own(setting: Setting, most: int) -> Iterator[Mutant]:
    names = frozenset(n for n in Subject(setting).functions if _head(n) not in runtime_names())
    return of_module("modules", setting, names, most)


def _head(name: str) -> str:
    return name.partition(".")[0]
