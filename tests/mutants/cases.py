"""What is derived and generated to see a mutant of the package, and which lines each of it runs."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import symbptt
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import FORMS, derive
from symbptt.errors import SymbpttError
from symbptt.language import library
from tests import cells
from tests.modules import model_of
from tests.mutants.slips import Planted
from tests.mutants.subjects import Setting
from tests.mutants.tracing import traced


@dataclass(frozen=True)
class Derived:
    """A model and what is derived of it; functions stay abstract where they may be."""

    model: str
    options: Mapping[str, str] = field(default_factory=dict, hash=False)

    def derive(self) -> Derivation:
        return derive(model_of(self.model), **self.options)

    @property
    def is_kept(self) -> bool:
        """Whether generated/ has what is made of it."""
        return not self.options and self.model in library.differentiable()


PACKAGE = Path(symbptt.__file__).parent
MODELS = (*library.runnable(), *cells.NAMES)
SOME = (
    "linear", "char_rnn", "lag_two", "lagged_input", "two_states", "min_gru", "learned_scalars",
    "matrix_input", "derived_of_derived", "joint_matrix", "regularised", "last_two_steps",
    "scalar_beside_a_vector", "learned_start", "lagged_token", "output_feedback", "lag_five",
    "loss_reads_the_past", "transposed",
)  # fmt: skip
"""Those that are tried in every way."""

ESTIMATED = tuple({"estimator": text} for text in ("window:2", "random:0.5"))
OTHER_WAYS = (
    {"estimator": "window:3"},
    {"estimator": "chunk:2"},
    *({"form": name} for name in FORMS if name != "adjoint"),
)

DERIVED = (
    *(Derived(name) for name in MODELS),
    *(Derived(name, way) for way in ESTIMATED for name in MODELS),
    *(Derived(name, way) for way in OTHER_WAYS for name in SOME),
)
GENERATED = (
    *(Setting(name) for name in MODELS),
    *(
        Setting(name, level, options)
        for level, options in (
            (2, {"gates": "columns"}), (2, {"checkpoint": 2}), (2, {"estimator": "chunk:2"}),
            (2, {"estimator": "random:0.5"}), (0, {"estimator": "window:2"}), (1, {}), (0, {}),
            (0, {"mode": "forward"}),
        )
        for name in (*SOME[:8], "gru", "lstm")
    ),
    *(
        Setting(name, 0)
        for name in (
            "joint_matrix", "joint_matrix_three_parts", "lengths_as_numbers", "leaky",
            "powers_and_quotients", "rational", "reductions",
        )
    ),
)  # fmt: skip

Case = TypeVar("Case", Derived, Setting)


@dataclass(frozen=True)
class Coverage(Generic[Case]):
    """The cases by the lines that they run, file by file."""

    by_line: Mapping[tuple[str, int], Sequence[Case]]

    def of(self, file: str, one: Planted) -> list[Case]:
        """Those that run the mutant's line, or its function where no line is its own."""
        first, last = one.tree.lineno, one.tree.end_lineno or one.tree.lineno
        own = self.by_line.get((file, one.line), ())
        if own and one.line != first:
            return list(own)
        inside = (self.by_line.get((file, line), ()) for line in range(first + 1, last + 1))
        return list(dict.fromkeys(case for cases in inside for case in cases))


def covered(
    cases: Sequence[Case], make: Callable[[Case], Any], *rooms: str
) -> tuple[Coverage[Case], dict[Case, Any]]:
    """What each case runs of some rooms, and what it makes; cases that can't be made are left."""
    folders = tuple(f"{PACKAGE / room}{os.sep}" for room in rooms)
    found: dict[tuple[str, int], list[Case]] = defaultdict(list)
    made = {}
    for case in cases:
        with traced(*folders) as lines, suppress(SymbpttError):
            made[case] = make(case)
        for line in lines if case in made else ():
            found[line].append(case)
    # Those that generated/ keeps first, the short ones before the long ones.
    order = sorted(made, key=lambda case: (not case.is_kept, len(str(made[case]))))
    places = {case: place for place, case in enumerate(order)}
    for running in found.values():
        running.sort(key=places.__getitem__)
    return Coverage(found), made
