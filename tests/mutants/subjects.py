"""What is mutated: modules of some models, at some levels, in some ways."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from symbptt.algebra import Model
from symbptt.binding import bind
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.codegen import runtime
from symbptt.codegen.render import generate
from symbptt.language import library
from symbptt.proof.loaded import Loaded, load_module
from tests import cells
from tests.house import ROOT
from tests.modules import model_of
from tests.mutants.slips import Function, functions


@dataclass(frozen=True)
class Setting:
    """A model and how its module is generated."""

    model: str
    level: int = 2
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def words(self) -> str:
        more = (f" {name} {value}" for name, value in self.options.items())
        return f"{self.model} -O{self.level}{''.join(more)}"

    @property
    def is_kept(self) -> bool:
        """Whether generated/ has the module."""
        return not self.options and self.level != 1 and self.model in library.runnable()


SETTINGS = (
    Setting("linear", 0),
    Setting("char_rnn", 0),
    Setting("gru", 0, {"estimator": "window:2"}),
    Setting("elman", 1),
    Setting("lstm"),
    Setting("gru"),
    Setting("lag_two"),
    Setting("two_states"),
    Setting("lag_five", 1),
    Setting("char_rnn", 2, {"estimator": "chunk:2"}),
    Setting("elman", 2, {"checkpoint": 2}),
    Setting("linear", 2, {"estimator": "random:0.5"}),
)
"""Modules whose own functions are mutated."""

CARRIERS = (
    Setting("linear", 0),
    Setting("lagged_token", 0),
    Setting("autonomous", 0),
    Setting("lengths_as_numbers", 0),
    Setting("lag_two"),
    Setting("lstm"),
    Setting("lagged_token"),
    Setting("char_rnn", 2, {"estimator": "chunk:2"}),
    Setting("gru", 0, {"estimator": "window:2"}),
    Setting("linear", 0, {"estimator": "window:3"}),
    Setting("lagged_input", 0),
    Setting("elman", 2, {"checkpoint": 2}),
    Setting("linear", 2, {"estimator": "random:0.5"}),
    Setting("autonomous"),
    Setting("min_gru"),
    Setting("vector_times_state"),
    Setting("two_losses"),
    Setting("gaussian"),
    Setting("reductions"),
    Setting("joint_matrix"),
    Setting("matrix_input_transposed"),
    Setting("soft_functions"),
    Setting("max_and_min", 0),
    Setting("abs_and_relu", 0),
    Setting("linear", 0, {"mode": "forward"}),
    Setting("elman", 0, {"mode": "forward"}),
    Setting("transposed", 0, {"mode": "forward"}),
    Setting("joint_matrix", 0, {"mode": "forward"}),
)
"""Modules in which functions of the runtime are looked at."""


@cache
def functions_of(setting: Setting) -> dict[str, Function]:
    return functions(ast.parse(Subject(setting).text))


@dataclass(frozen=True)
class Subject:
    """A module, ready to be called."""

    setting: Setting

    @cached_property
    def model(self) -> Model:
        name = self.setting.model
        return bind(model_of(name), cells.BINDINGS.get(name))

    @cached_property
    def derivation(self) -> Derivation:
        return derive(self.model, estimator=self.setting.options.get("estimator"))

    @cached_property
    def source(self) -> Model | Derivation:
        return self.model if "mode" in self.setting.options else self.derivation

    @cached_property
    def text(self) -> str:
        return self.made()

    def made(self) -> str:
        """The module's text, made once more."""
        options = {k: v for k, v in self.setting.options.items() if k != "estimator"}
        return generate(self.source, level=self.setting.level, **options)

    @cached_property
    def module(self) -> Loaded:
        return load_module(self.text, f"<{self.setting.words}>", self.model)

    @cached_property
    def plain(self) -> Loaded:
        """The module at -O0, which other levels must agree with."""
        return load_module(generate(self.derivation, level=0), "<-O0>", self.model)

    @property
    def functions(self) -> dict[str, Function]:
        return functions_of(self.setting)


FOLDER = ROOT.joinpath(*runtime.__name__.split("."))
"""model.py has what every module says of itself, the other files what modules copy."""


def runtime_files() -> tuple[str, ...]:
    names = sorted(path.stem for path in FOLDER.glob("*.py"))
    return tuple(name for name in names if name not in ("__init__", "model"))


@cache
def runtime_functions(file: str) -> dict[str, Function]:
    """The functions of a file, and the methods of its classes."""
    text = FOLDER.joinpath(f"{file}.py").read_text(encoding="utf-8")
    return functions(ast.parse(text))


def runtime_names() -> frozenset[str]:
    """The functions and classes that modules copy."""
    every = (name for file in runtime_files() for name in runtime_functions(file))
    return frozenset(name.partition(".")[0] for name in every)
