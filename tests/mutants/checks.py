"""What may find a mutant, the cheapest first; and probes, which look where no check does."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from types import FrameType
from typing import Any

import numpy as np

from symbptt.calculus.estimators import Estimator
from symbptt.errors import SymbpttError
from symbptt.proof.arguments import argument_rows
from symbptt.proof.calls import ModuleCall, called, keywords
from symbptt.proof.cases import Case
from symbptt.proof.differences import RIGHT, ROUGH
from symbptt.proof.execution import file_rows
from symbptt.proof.expected import Expected
from symbptt.proof.loaded import Loaded
from symbptt.proof.numeric import _Comparisons, numeric_rows, random_calls
from symbptt.proof.points import size_sets
from symbptt.proof.reach import Plain, Undecided, reach_rows
from symbptt.proof.rows import Row
from symbptt.proof.trial import UNDEFINED, Trial, points
from tests.mutants.subjects import Subject
from tests.mutants.tracing import traced

SECONDS = 60
"""Of CPU, after which a mutant hangs."""


MAY_RAISE = (
    ArithmeticError, AssertionError, AttributeError, BufferError, LookupError, MemoryError,
    NameError, OSError, RuntimeError, StopIteration, SymbpttError, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip
"""What a mutant may raise."""


class Hung(BaseException):
    """Raised in a mutant that does not end."""


def _hung(signum: int, frame: FrameType | None) -> None:
    raise Hung


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Ends what takes more CPU."""
    signal.signal(signal.SIGVTALRM, _hung)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


Check = Callable[[], str]


def first_failing(checks: Mapping[str, Check], proof: bool = False) -> tuple[str, str]:
    """The first check that finds something, and what; "" if none does.

    A mutant that does not end is found; a proof that takes long finds nothing.
    """
    for name, check in checks.items():
        try:
            with limited(3 if proof else SECONDS):
                found = check()
        except Hung:
            found = "" if proof else "it does not end"
        except MAY_RAISE as error:
            return name, f"{type(error).__name__}: {error}"
        if found:
            return name, found
    return "", ""


def wrong(rows: tuple[Row, ...]) -> str:
    return next((f"{row.check} {row.subject}: {row.detail}" for row in rows if row.ok is False), "")


class _Values(_Comparisons):
    """The values of a call, without the differences."""

    def differences(self, call: ModuleCall, name: str, gradient: Any, scale: float) -> None:
        return


class _Known(Plain):
    """The plain program, which is asked once for every kind of call."""

    def call(self, case: Case) -> Any:
        known = self.__dict__.setdefault("known", {})
        key = repr(case)
        if key not in known:
            try:
                known[key] = super().call(case)
            except Undecided as error:
                known[key] = error
        if isinstance(known[key], Undecided):
            raise known[key]
        return known[key]


class ModuleChecks:
    """The checks of `verify`, and then probes, of a module."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.module: Loaded = subject.module
        self.estimator: Estimator = subject.derivation.estimator
        self.lines: set[int] = set()

    @cached_property
    def calls(self) -> list[tuple[ModuleCall, Expected]]:
        return list(random_calls(self.subject.model, 0, self.estimator))

    @cached_property
    def trial(self) -> Trial:
        subject, sizes = self.subject, size_sets(self.subject.model)[0]
        for calls in points(subject.model, sizes, self.estimator):
            found = Trial(self.module, subject.plain, sizes, self.estimator, *calls)
            if found.outcome() == RIGHT:
                return found
        raise AssertionError(f"{subject.setting.words} can't be tried")

    @cached_property
    def plain(self) -> Plain:
        return _Known(self.subject.model, self.subject.plain, self.estimator)

    @cached_property
    def observed(self) -> list[str]:
        return list(observed(self.module, self.calls[0][0]))

    @cached_property
    def probed(self) -> list[Any]:
        return list(probes(self))

    def prepare(self) -> None:
        """Looks at the module as it is, before anything is changed."""
        assert self.observed and self.probed
        with traced(f"<{self.subject.setting.words}>") as lines:
            self.passes({**self.cheap, "file": self.executed})
        self.lines = {line for _, line in lines}

    def runs(self, function: str, line: int) -> bool:
        """Whether the cheap checks, or exact numbers, run a line counted from a function's head."""
        return not line or self.subject.functions[function].lineno + line in self.lines

    def passes(self, checks: Mapping[str, Check]) -> bool:
        """That the module is right as it is."""
        with limited(600):
            assert first_failing(checks) == ("", ""), self.subject.setting.words
        return True

    @cached_property
    def is_right(self) -> bool:
        """The dear checks are made once of what is not changed, where they are needed."""
        return self.passes(self.dear)

    @property
    def checks(self) -> dict[str, Check]:
        return {**self.cheap, **self.dear}

    @property
    def cheap(self) -> dict[str, Check]:
        return {
            "values": self.values,
            "trial": self.tried,
            "arguments": self.refused,
        }

    @property
    def dear(self) -> dict[str, Check]:
        return {
            "file": self.executed,
            "differences": self.verified,
            "reach": self.reached,
            "interface": self.as_observed,
        }

    def of_text(self, text: str) -> dict[str, Check]:
        """The checks of another text of the same module, and where its numbers differ."""
        subject = Subject(self.subject.setting)
        own = self.subject
        subject.__dict__.update(
            model=own.model, derivation=own.derivation, plain=own.plain, text=text
        )
        other = ModuleChecks(subject)
        other.__dict__.update(calls=self.calls, probed=self.probed)
        other.__dict__["trial"] = replace(self.trial, module=other.module)
        quick = {name: other.cheap[name] for name in ("values", "trial")}
        return {**quick, "probe": other.probe}

    def values(self) -> str:
        for call, expected in self.calls:
            checks = _Values(self.module, {}, self.estimator)
            checks.examine(call, expected)
            if found := wrong(tuple(each.row() for each in checks.tallies.values())):
                return found
        return ""

    def tried(self) -> str:
        found = self.trial.outcome()
        return "" if found in (RIGHT, ROUGH, UNDEFINED) else found

    def executed(self) -> str:
        calls = [call for call, _ in self.calls[:2]]
        return wrong(tuple(file_rows(self.module, self.subject.model, calls, self.estimator)))

    def refused(self) -> str:
        return wrong(tuple(argument_rows(self.module, self.plain)))

    def verified(self) -> str:
        return wrong(numeric_rows(self.module, self.subject.model, self.subject.derivation))

    def reached(self) -> str:
        rows = reach_rows(self.module, self.plain)
        return next((found for row in rows if (found := wrong((row,)))), "")

    def as_observed(self) -> str:
        now = observed(self.module, self.calls[0][0])
        for found, right in zip(now, self.observed, strict=True):
            if found != right:
                return f"{found}, not {right}"
        return ""

    def probe(self) -> str:
        """Where the module differs from what it was, though no check saw it."""
        for (words, found), (_, right) in zip(probes(self), self.probed, strict=True):
            if not alike(found, right):
                return words
        return ""


# --- what is observed of an interface ------------------------------------------------------------


def observed(module: Loaded, call: ModuleCall) -> Iterator[str]:
    """What a module says to wrong arguments, and what it draws and clips."""
    for words, arguments in wrong_arguments(call):
        for name in ("loss_and_grads", "forward"):
            given = dict(arguments)
            if name == "forward":
                given.pop("carry_grad")
            yield f"{words}: {outcome(module, name, given)}"
    tried = call.scenario.steps, len(call.scenario.lengths)
    own = {name: size for name, size in sizes_of(module, call).items()}
    others = {"no": tried, "T of a": (tried[0] + 1, tried[1]), "B of a": (tried[0], 1)}
    whole = dict(wrong_arguments(call))["none"]
    for words, size in others.items():
        workspace = module.module.Workspace(own, *size, np.float64)
        given = {**whole, "workspace": workspace}
        yield f"{words} other workspace: {outcome(module, 'loss_and_grads', given)}"
        yield f"{words} other workspace: {workspace.nbytes}"
    for size in ((-1, 2), (2, -1), (2.5, 1), (0, 0)):
        yield outcome(module, "Workspace", {"dims": own, "T": size[0], "B": size[1]})
    yield str(module.module.Workspace(own, 2, 2).nbytes)
    if module.needs_steps:
        for steps in (0, -1, 1.5, "2", np.int64(3)):
            yield outcome(module, "loss_and_grads", {**whole, "steps": steps})
    for name in whole["inputs"]:
        fewer = {key: array for key, array in whole["inputs"].items() if key != name}
        given = {**whole, "inputs": fewer}
        del given["carry_grad"]
        yield outcome(module, "forward", given)
    sizes = {name: 3 for name in module.module.DIMS}
    drawn = module.module.init_params(sizes, seed=3, dtype=np.float64)
    yield repr({name: np.round(np.asarray(a, float), 9).tolist() for name, a in drawn.items()})
    fewer = dict(list(sizes.items())[1:])
    for wrong_sizes in ({**sizes, "extra": 2}, fewer, dict.fromkeys(sizes, 0)):
        yield outcome(module, "init_params", {"dims": wrong_sizes})
    grads = {"a": np.array([3.0, 4.0]), "b": np.array([[12.0]])}
    for most in (1.0, 13.0, 20.0, 0.0, -1.0):
        copied = {name: array.copy() for name, array in grads.items()}
        yield outcome(module, "clip_gradients", {"grads": copied, "max_norm": most}) + repr(copied)


def sizes_of(module: Loaded, call: ModuleCall) -> dict[str, int]:
    """The dimensions' lengths, as the arrays of a call tell them."""
    found: dict[str, int] = {}
    tables = {"params": "PARAMS", "inputs": "INPUTS", "carry": "CARRY"}
    for kind, table in tables.items():
        for name, array in (getattr(call, kind) or {}).items():
            found.update(zip(module.table(table)[name], np.shape(array), strict=True))
    return {name: found.get(name, 3) for name in module.module.DIMS}


def outcome(module: Loaded, name: str, arguments: Mapping[str, Any]) -> str:
    try:
        found = getattr(module.module, name)(**arguments)
    except MAY_RAISE as error:
        return f"{type(error).__name__}: {error}"
    keys = sorted(found[0]) if isinstance(found, tuple) and isinstance(found[0], dict) else ""
    return f"{name} {type(found).__name__} {keys}"


def wrong_arguments(call: ModuleCall) -> Iterator[tuple[str, dict[str, Any]]]:
    """The arguments of a call with one wrong thing at a time."""
    whole = {
        "params": call.params, "inputs": call.inputs, "carry": call.carry,
        "carry_grad": call.carry_grad, "lengths": np.array(call.scenario.lengths),
    }  # fmt: skip
    changes: dict[str, Callable[[Any], Any]] = {
        "an axis more": lambda a: a[None],
        "an entry more": lambda a: np.concatenate([a, a[-1:]]) if a.ndim else a,
        "an entry less": lambda a: a[..., :-1] if a.ndim else a,
        "integers": lambda a: np.nan_to_num(a).astype(int),
        "float32": lambda a: a.astype(np.float32),
        "float16": lambda a: a.astype(np.float16),
        "complex": lambda a: a.astype(complex),
        "text": lambda a: a.astype(str),
        "a list": lambda a: a.tolist(),
        "larger": lambda a: a + 1,
        "much larger": lambda a: a + 1000,
        "negative": lambda a: -a - 1,
    }
    yield "none", whole
    for kind in ("params", "inputs", "carry", "carry_grad"):
        arrays = whole[kind]
        yield f"{kind} a list", {**whole, kind: [1]}
        for name in arrays or {}:
            without = {key: array for key, array in arrays.items() if key != name}
            yield f"no {kind} {name}", {**whole, kind: without}
            for words, change in changes.items():
                if "larger" in words and np.asarray(arrays[name]).dtype.kind == "f":
                    continue
                with_wrong = {**arrays, name: change(arrays[name])}
                yield f"{kind} {name} {words}", {**whole, kind: with_wrong}
        yield f"{kind} unknown", {**whole, kind: {**(arrays or {}), "unknown": np.zeros(2)}}
    for words, change in changes.items():
        yield f"lengths {words}", {**whole, "lengths": change(whole["lengths"])}


# --- probes ---------------------------------------------------------------------------------------


def probes(checks: ModuleChecks) -> Iterator[tuple[str, Any]]:
    """Calls beyond those of the checks: long, wide, float32, saturated, in other memory, again."""
    module = checks.module
    call = checks.calls[0][0]
    yield "the same call", result(checks, call)
    for words, changed in variations(module, call):
        yield words, result(checks, changed)
    settings = vars(module.module).get("_THRESHOLDS", {})
    for name, own in list(settings.items()):
        for value in (1, 10**9):
            settings[name] = value
            try:
                yield f"{name} {value}", result(checks, call)
            finally:
                settings[name] = own


def result(checks: ModuleChecks, call: ModuleCall) -> Any:
    """The numbers of a call, or what it raises."""
    try:
        first = called(checks.module, call, checks.estimator)
        outputs = checks.module.module.forward(*call.arguments, **keywords(checks.module, call))
    except MAY_RAISE as error:
        return type(error).__name__
    return [first[0], first[1], first[2], *outputs]


def variations(module: Loaded, call: ModuleCall) -> Iterator[tuple[str, ModuleCall]]:
    def of_all(change: Callable[[Any], Any]) -> dict[str, Any]:
        return {
            kind: {
                name: change(array) if np.asarray(array).dtype.kind == "f" else array
                for name, array in (getattr(call, kind) or {}).items()
            }
            for kind in ("params", "inputs", "carry", "carry_grad")
        }

    yield "float32", replace(call, **of_all(lambda a: a.astype(np.float32)))
    yield "saturated", replace(call, **of_all(lambda a: 40 * a))
    yield "large", replace(call, **of_all(lambda a: 1e4 * a))
    yield "Fortran order", replace(call, **of_all(np.asfortranarray))
    twice = of_all(lambda a: np.repeat(a, 2, -1)[..., ::2] if a.ndim else a)
    yield "strided", replace(call, **twice)
    tables = module.table("INPUTS")
    timed = {name for name, axes in tables.items() if axes[:1] == ("T",)}

    def longer(times: int, wider: int) -> ModuleCall:
        inputs = {}
        for name, array in call.inputs.items():
            array = np.concatenate([array] * wider, axis=1 if name in timed else 0)
            inputs[name] = np.concatenate([array] * times) if name in timed else array
        steps, lengths = call.scenario.steps * times, call.scenario.lengths * wider
        lengths = tuple(n * times - (k % 3 == 2) * 2 for k, n in enumerate(lengths))
        tiled = {
            kind: {n: np.concatenate([a] * wider) for n, a in (getattr(call, kind) or {}).items()}
            for kind in ("carry", "carry_grad")
        }
        gates = None
        if call.gates is not None:
            gates = np.concatenate([np.concatenate([call.gates] * wider, axis=1)] * times)
            gates[0] = 1
        scenario = replace(call.scenario, steps=steps, lengths=lengths)
        return replace(call, scenario=scenario, inputs=inputs, gates=gates, **tiled)

    if call.inputs:
        yield "long", longer(9, 1)
        yield "wide", longer(1, 7)
        yield "past 2,048 rows", longer(60, 6)


def alike(found: Any, right: Any) -> bool:
    match found, right:
        case str(), str():
            return found == right
        case (str(), _) | (_, str()):
            return False
        case list(), list():
            return len(found) == len(right) and all(map(alike, found, right))
        case dict(), dict():
            return found.keys() == right.keys() and all(alike(found[k], right[k]) for k in found)
    found, right = np.asarray(found), np.asarray(right)
    if found.shape != right.shape or found.dtype != right.dtype:
        return False
    fine = 2e-4 if right.dtype == np.float32 else 1e-9
    scale = float(np.max(np.abs(right), initial=0.0)) if right.size else 0.0
    return bool(np.allclose(found, right, rtol=fine, atol=fine * scale, equal_nan=True))
