"""Every name that generated code uses, in one place.

A model's names are anybody's text, so each gets a Python identifier that clashes with
nothing else: a parameter called ``np`` becomes ``np_``. Long names are cut, because code
that is to be read (and formatted) has short lines.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable

from symbptt.algebra import Model
from symbptt.codegen.literals import literal

RESERVED = frozenset(
    [
        "np",
        "params",
        "inputs",
        "start",
        "rows",
        "size",
        "one",
        "dtype",
        "now",
        "prev",
        "values",
        "grads",
        "carry",
        "carry_grad",
        "lengths",
        "steps",
        "workspace",
        "loss_sum",
        "Fraction",
        "math",
        "SimpleNamespace",
        "ESTIMATOR",
        "TAU",
        "PI",
        "rng",
        "gates",
        "MODEL",
        "EQUATIONS",
        "DIMS",
        "PARAMS",
        "INPUTS",
        "INDEX_INPUTS",
        "CARRY",
        "LAG",
        "Workspace",
        "init_params",
        "forward",
        "loss_and_grads",
        "clip_gradients",
        "range",
        "len",
        "slice",
        "zip",
        "reversed",
        "sum",
        "max",
        "min",
        "abs",
        "int",
        "float",
        "str",
        "list",
        "dict",
        "tuple",
        "object",
        "type",
        "isinstance",
        "getattr",
        "ValueError",
        "TypeError",
        "enumerate",
        "sorted",
        "any",
        "all",
        "self",
        "T",
        "B",
        "count",
    ]
)
BUFFERED = frozenset(
    ["w", "weight", "step", "top", "here", "run", "plan", "whole", "chunk", "chunks", "buffers"]
    + ["past", "width", "value", "out", "sources", *(f"prev{k}" for k in range(2, 100))]
    + [f"{word}_{k}" for word in ("loop", "scan", "chunks") for k in range(1, 100)]
)
"""What code that computes in buffers uses besides."""

LONGEST = 20


class Names:
    """Identifiers of a model's values and cotangents, given out in a fixed order."""

    def __init__(
        self, model: Model, extra: Iterable[str] = (), reserved: Iterable[str] = ()
    ) -> None:
        self.taken: set[str] = {*RESERVED, *reserved}
        self.temporaries = 0
        self.keys: dict[str, str] = {}
        self.values: dict[str, str] = {}
        names = [
            *(p.name for p in model.parameters),
            *(d.name for d in model.derived),
            *(i.name for i in model.inputs),
            *(e.name for e in model.equations),
            *(name for name, _ in model.constants),
            *extra,
        ]
        for name in dict.fromkeys(names):
            self.values[name] = self.fresh(name[:LONGEST])
        self.cotangents = {name: self.fresh(f"d_{text}") for name, text in self.values.items()}
        self.histories = {name: self.fresh(f"{text}_all") for name, text in self.values.items()}
        self.cotangent_histories = {
            name: self.fresh(f"{text}_all") for name, text in self.cotangents.items()
        }
        # Of the sweeps of a window: the current one, with its past, and those ahead.
        self.sweeps = {name: self.fresh(f"s_{text}") for name, text in self.values.items()}
        self.sweep_histories = {n: self.fresh(f"{text}_all") for n, text in self.sweeps.items()}
        self.aheads = {name: self.fresh(f"{text}_ahead") for name, text in self.sweeps.items()}

    def key(self, name: str) -> str:
        """A name as a dict's key in code: a literal, or a constant that stands for a long one."""
        if len(name) <= LONGEST:
            return literal(name)
        if name not in self.keys:
            self.keys[name] = f"_NAME_{len(self.keys) + 1}"
        return self.keys[name]

    def fresh(self, wish: str) -> str:
        """An identifier like ``wish`` that nothing has yet."""
        name = wish if not wish.startswith("_") else f"v{wish}"
        while name in self.taken or keyword.iskeyword(name) or keyword.issoftkeyword(name):
            name += "_"
        self.taken.add(name)
        return name

    def temporary(self) -> str:
        """A new name for a part of a long line."""
        self.temporaries += 1
        return self.fresh(f"part{self.temporaries}")
