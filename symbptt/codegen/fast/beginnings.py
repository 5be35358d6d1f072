"""What adjoints that are built up start from, and which statement writes them first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from symbptt.algebra import Model
from symbptt.codegen.fast.layout import Layout
from symbptt.codegen.fast.scope import INDENT
from symbptt.codegen.naming import Names
from symbptt.codegen.places import Kind, Places, Variable, lag_of, variable
from symbptt.codegen.program import Assign, Program


class Beginnings:
    """Knows for every adjoint whether its rows need a beginning, and writes it."""

    def __init__(self, model: Model, layout: Layout, names: Names, wrt_inputs: bool) -> None:
        self.model = model
        self.layout = layout
        self.places = layout.places
        self.names = names
        self.wrt_inputs = wrt_inputs

    @classmethod
    def of(cls, program: Program) -> Beginnings:
        """To ask about a program of which nothing is written."""
        names = Names(program.model, program.introduced)
        return cls(program.model, Layout(Places(program), names, ()), names, False)

    def received(self) -> list[Variable]:
        """The adjoints of what has initial values, in the order of these."""
        names = dict.fromkeys(
            i.name for i in self.model.initials if i.name not in self.places.indexed
        )
        found: list[Variable] = [("cotangent", name) for name in names]
        for v in found:
            shape = next(i.shape for i in self.model.initials if i.name == v[1])
            self.places.declare(v, shape, "past")
        return found

    def lines(self) -> Iterator[str]:
        """What adjoints start from, where no first statement writes all of their rows."""
        for found in self.received():
            yield from self.beginning(found)
        for found, kind in list(self.places.kinds.items()):
            role, name = found
            adjoint = role == "cotangent" and name != "loss" and kind != "past"
            if adjoint and not self.covered(found):
                self.layout.declare(found)
                yield f"{self.layout.name(found)}.fill(0)"

    def beginning(self, found: Variable) -> Iterator[str]:
        """The adjoint of a state: 0 where nothing is written first, then carry_grad."""
        self.layout.declare(found)
        history = self.layout.history(found)
        first = self.first_rows(found)
        if first is None:
            yield f"{history}.fill(0)"
            yield from self.receive(found, "+=")
        elif first == "handed":
            yield from self.receive(found, "=")
        else:
            yield f"{history}[: rows.live.start].fill(0)"

    def unread(self) -> None:
        """Inputs that L does not depend on have a gradient, too: 0."""
        for source in self.places.sources(self.wrt_inputs):
            kind: Kind = "rows" if source.timed else "last"
            self.places.declare(("cotangent", source.name), source.shape, kind)

    def receive(self, found: Variable, operator: str) -> Iterator[str]:
        """Put or add what the returned carry receives to the last steps' rows."""
        history = self.layout.history(found)
        keys = [(i.key, -i.step) for i in self.model.initials if i.name == found[1]]
        if operator == "=":
            yield "if carry_grad is None:"
            for _, lag in keys:
                yield f"{INDENT}{history}[rows.finals[{lag}]] = 0"
            yield "else:"
        else:
            yield "if carry_grad is not None:"
        for key, lag in keys:
            given = f"carry_grad[{self.names.key(key)}]"
            if operator == "=":
                yield f"{INDENT}{history}[rows.finals[{lag}]] = {given}"
            else:
                yield f"{INDENT}_add_at({history}, rows.finals[{lag}], {given})"

    def first_rows(self, found: Variable) -> Literal["all", "handed"] | None:
        """Which statement writes every row before any other adds to it.

        ``all``: the first one, over all steps. ``handed``: what a loop hands the most steps
        back reaches each row first, but for the last steps' rows, which nothing is handed.
        """
        writers = self.places.writers[found]
        if not writers:
            return None
        lags = [lag_of(statement.target) for _, _, statement in writers]
        if writers[0][1] == "all" and lags[0] == 0:
            return "all"
        longest = max(i for i in self.lags_of(found[1]))
        block = writers[0][0]
        alone = all(b is block and place == "loop" for b, place, _ in writers)
        return "handed" if alone and max(lags) == longest else None

    def lags_of(self, name: str) -> list[int]:
        return [1 - i.step for i in self.model.initials if i.name == name]

    def covered(self, found: Variable) -> bool:
        """Whether the first statement that writes a variable writes all of its rows."""
        writers = self.places.writers[found]
        if not writers:
            return False
        _, place, _ = writers[0]
        return place in ("all", "loop", "chunk") or self.places.kinds[found] == "last"

    def is_first(self, statement: Assign) -> bool:
        """Whether a statement that adds is the first one to write its target's rows."""
        found = variable(statement.target)
        assert found is not None
        writers = self.places.writers[found]
        if self.places.kinds[found] != "past":
            return writers[0][2] is statement and self.covered(found)
        match self.first_rows(found):
            case "all":
                return writers[0][2] is statement
            case "handed":
                return lag_of(statement.target) == max(self.lags_of(found[1]))
        return False
