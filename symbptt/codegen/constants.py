"""What a module says of its model: its tables, and the settings that its runtime reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from symbptt.algebra import Expr, Initial, Lookup, Model, Param, Parameter, walk
from symbptt.calculus.forms import unsigned_terms
from symbptt.codegen.literals import (
    assigned,
    assigned_tuple,
    axes,
    axis,
    dict_literal,
    literal,
    number,
    text_literal,
    tuple_literal,
)
from symbptt.codegen.runtime.model import _THRESHOLDS
from symbptt.codegen.specialising import Constants

DECISIVE = ("True", "False", "()", "{}")
"""Values that settle what runtime code does; those of other settings a module states."""


@dataclass(frozen=True)
class ModuleConstants:
    """The constants of the module of a model.

    Attributes
    ----------
    model : Model
        In normal form.
    author : Model
        As it was written.
    lag : int
        The longest.
    last : bool
        Whether anything is computed at T alone.
    differentiated : tuple of str
        Inputs that have gradients.
    checkpoint : int or "auto" or None
        How many steps a segment has that runs forward again.
    """

    model: Model
    author: Model
    lag: int
    last: bool
    differentiated: tuple[str, ...]
    checkpoint: int | Literal["auto"] | None

    @property
    def steps_told(self) -> bool:
        """Whether an input tells how many steps there are."""
        return any(i.timed and not i.loss_only for i in self.model.inputs)

    def tables(self) -> Iterator[str]:
        """The lines that users read, too."""
        model = self.model
        yield assigned("MODEL", literal(self.author.name))
        yield f"EQUATIONS = {text_literal(self.author.text)}"
        yield assigned_tuple("DIMS", map(literal, model.dims))
        yield f"PARAMS = {dict_literal((p.name, axes(p.shape)) for p in model.parameters)}"
        shapes = [
            (i.name, axes((*(("T",) if i.timed else ()), "B", *i.shape))) for i in model.inputs
        ]
        yield f"INPUTS = {dict_literal(shapes)}"
        indexed = [(i.name, axis(i.index_dim)) for i in model.inputs if i.index_dim is not None]
        yield f"INDEX_INPUTS = {dict_literal(indexed)}"
        carry = [(i.key, axes(("B", *i.shape))) for i in model.initials]
        yield f"CARRY = {dict_literal(carry)}"

    def settings(self) -> Iterator[tuple[str, str, str]]:
        """What the runtime reads: a name, what it means if it is more than a choice, a value."""
        model = self.model
        quantities = [e for e in model.equations if not e.auxiliary and e.name != "loss"]
        lagged = {i.name for i in model.initials}
        alone = [i.name for i in model.inputs if i.loss_only and i.name not in lagged]
        yield "_LAG", "How many steps back the longest lag reads.", str(self.lag)
        for name, words, values in (
            ("_UNTIMED", "Inputs without steps.", [i.name for i in model.inputs if not i.timed]),
            ("_LOSS_ONLY", "Inputs that the loss alone reads.", alone),
            ("_OUTPUTS", "What `forward` returns beside a loss.", [e.name for e in quantities]),
            ("_SCALARS", "Scalars among that.", [e.name for e in quantities if not e.shape]),
            ("_WITH_RESPECT_TO", "Inputs that have gradients.", list(self.differentiated)),
            ("_FIXED", "Parameters that are held.", [p.name for p in model.parameters if p.fixed]),
        ):
            yield name, words, tuple_literal(map(literal, values))
        words = "How parameters are drawn that are no matrices and no biases."
        yield "_DRAWN", words, dict_literal(self.unusual())
        parameters, inputs, starts = model.parameters, model.inputs, model.initials
        shapes = [each.shape for rows in (parameters, inputs, starts) for each in rows]
        dims = [*(dim for shape in shapes for dim in shape), *(i.index_dim or "" for i in inputs)]
        told = [*(p.shape for p in parameters), *(i.shape for i in inputs if not i.loss_only)]
        real = [*(i.shape for i in inputs if i.index_dim is None)]
        real += [i.shape for i in starts if not self.is_index(i)]
        at_last = model.loss is not None and model.loss.last
        for name, choice in (
            ("_LOSS_AT_LAST_STEP", at_last),
            ("_SUMMED", model.summed),
            ("_READ_AT_LAST_STEP", at_last or self.last or not all(i.timed for i in inputs)),
            ("_AGAIN", self.checkpoint is not None),
            ("_SOME_FIXED", model.learned != model.parameters),
            ("_SUMS_OF_LENGTHS", not all(isinstance(dim, str) for dim in dims)),
            ("_STEPS_GIVEN", not self.steps_told),
            ("_CARRY_TELLS", not {*model.dims} <= {dim for shape in told for dim in shape}),
            ("_SCALAR_ROWS", () in real),
            ("_INDEX_STATES", any(map(self.is_index, model.initials))),
        ):
            yield name, "", str(choice)

    def is_index(self, initial: Initial) -> bool:
        """Whether it is of an input of integers."""
        return any(i.name == initial.name and i.index_dim is not None for i in self.model.inputs)

    def decided(self) -> Constants:
        """The settings that settle what runtime code does, and the tables that are empty."""
        tables = {"INDEX_INPUTS": any(i.index_dim is not None for i in self.model.inputs)}
        empty = {(name, "{}") for name, present in tables.items() if not present}
        settled = {(name, text) for name, _, text in self.settings() if text in DECISIVE}
        return frozenset(settled | empty)

    def stated(self, names: Collection[str]) -> Iterator[str]:
        """The lines of the settings that a module names."""
        for name, words, text in self.settings():
            if name in names:
                yield f"# {words}"
                yield f"{name} = {text}" if text[0] == "{" else assigned(name, text)

    def thresholds(self, code: str) -> Iterator[str]:
        """Where some code changes with what it is given: what it reads of `_THRESHOLDS`."""
        limits = {name: value for name, value in _THRESHOLDS.items() if literal(name) in code}
        if limits:
            if isinstance(self.checkpoint, int):
                limits["steps of a segment"] = self.checkpoint
            yield "# What is above one of these runs otherwise (None: the square root of T)."
            yield f"_THRESHOLDS = {dict_literal((n, number(v)) for n, v in limits.items())}"

    # --- how init_params draws ------------------------------------------------------------------

    def unusual(self) -> Iterator[tuple[str, str]]:
        """The parameters that are neither drawn as matrices nor as biases, and how they are."""
        for parameter in self.model.parameters:
            how = self.drawn(parameter)
            if how != ("matrix" if len(parameter.shape) == 2 else "bias"):
                yield parameter.name, literal(how)

    def drawn(self, parameter: Parameter) -> str:
        """How `init_params` draws a parameter, read off from how the model uses it."""
        if len(parameter.shape) == 2:
            return "table" if self.is_table(parameter.name) else "matrix"
        return "bias" if self.is_added(parameter.name) else "factor"

    def right_sides(self) -> tuple[Expr, ...]:
        return (*(d.rhs for d in self.model.derived), *(e.rhs for e in self.model.equations))

    def is_table(self, name: str) -> bool:
        return any(
            isinstance(node, Lookup) and isinstance(node.table, Param) and node.table.name == name
            for rhs in self.right_sides()
            for node in walk(rhs)
        )

    def is_added(self, name: str) -> bool:
        """Whether a vector is only ever a term of a sum, as biases and starts are."""
        for rhs in self.right_sides():
            for term in unsigned_terms(rhs):
                uses = any(isinstance(node, Param) and node.name == name for node in walk(term))
                if uses and not isinstance(term, Param):
                    return False
        return True
