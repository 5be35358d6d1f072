"""What adjoints that are built up start from."""

from __future__ import annotations

from collections.abc import Iterator

from symbptt.codegen.fast.buffers import (
    Change,
    If,
    KernelCall,
    Key,
    LocalName,
    Statement,
    Value,
    View,
    view,
)
from symbptt.codegen.fast.layout import Arrays
from symbptt.codegen.places import Kind, Variable


class AdjointStarts:
    """Makes for every adjoint what its rows need before the first statement that adds."""

    def __init__(self, layout: Arrays, wrt_inputs: bool) -> None:
        self.layout = layout
        self.places = layout.places
        self.initials = layout.places.program.model.initials
        real = [name for name in self.places.pasts if name not in self.places.indexed]
        # Of what has initial values, in the order of these.
        self.received: tuple[Variable, ...] = tuple(("cotangent", name) for name in real)
        for found in self.received:
            shape = next(i.shape for i in self.initials if i.name == found[1])
            self.places.declare(found, shape, "past")
        # Inputs that L does not depend on have a gradient, too: 0.
        for source in self.places.sources(wrt_inputs):
            kind: Kind = "rows" if source.timed else "last"
            self.places.declare(("cotangent", source.name), source.shape, kind)

    def starts(self) -> Iterator[Statement]:
        """What adjoints start from, where no first statement writes all of their rows."""
        for found in self.received:
            yield from self.start(found)
        for found, kind in list(self.places.kinds.items()):
            adjoint = found[0] == "cotangent" and kind != "past"
            if adjoint and not self.places.is_covered(found):
                self.layout.declare(found)
                yield zeros(LocalName(self.layout.name(found)))

    def start(self, found: Variable) -> Iterator[Statement]:
        """The adjoint of a state: 0 where nothing is written first, then carry_grad."""
        self.layout.declare(found)
        history = LocalName(self.layout.history(found))
        match self.places.first_rows(found):
            case None:
                yield zeros(history)
                yield self.added(found)
            case "handed":
                yield self.put(found)
            case "all":
                yield zeros(view("before_live", history))

    def put(self, found: Variable) -> Statement:
        """Put what the returned carry receives into the last steps' rows."""
        last = [(rows, given) for rows, _, given in self.finals(found)]
        nothing = tuple(Change(rows, "=", 0) for rows, _ in last)
        return If("carry_grad is None", nothing, tuple(Change(r, "=", g) for r, g in last))

    def added(self, found: Variable) -> Statement:
        """Add it to the last steps' rows."""
        history = LocalName(self.layout.history(found))
        added = [
            KernelCall("_add_at", (history, where, given)) for _, where, given in self.finals(found)
        ]
        return If("carry_grad is not None", tuple(added))

    def finals(self, found: Variable) -> Iterator[tuple[View, Value, Value]]:
        """For every initial value the last steps' rows, where these are, and what is received."""
        history = LocalName(self.layout.history(found))
        for initial in self.initials:
            if initial.name == found[1]:
                where = view("finals", -initial.step)
                given = view("at", LocalName("carry_grad"), Key(initial.key))
                yield view("at", history, where), where, given


def zeros(array: Value) -> Statement:
    """Fill an array with zeros."""
    return KernelCall("fill", (0,), array)
