"""Where values live: in which array, over which rows, or as a temporary of their loop.

A value that is read only in the loop (or the chunk) that makes it needs no more rows
than one step (one chunk) has; states and what is handed back in time have rows for their
initial values in front; all else has a row for every step of every sequence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal

from symbptt.algebra import Cotangent, Expr, Input, Param, Ref, Shape, walk
from symbptt.codegen.numpy_printer import is_full
from symbptt.codegen.program import Assign, Block, Place, Program

Kind = Literal["static", "rows", "past", "step", "chunk", "last"]
Role = Literal["value", "cotangent", "sweep", "gradient"]
Variable = tuple[Role, str]
"""A name's value at its steps (or a parameter's), its adjoint, that of the current sweep of
a window, or a parameter's gradient."""


def variable(expr: Expr) -> Variable | None:
    """What a leaf is a value of; None for what is no leaf."""
    match expr:
        case Ref() | Param():
            return "value", expr.name
        case Cotangent(index=None):
            return "gradient", expr.name
        case Cotangent():
            return "cotangent" if expr.part is None else "sweep", expr.name
    return None


def leaves(expr: Expr) -> Iterator[Expr]:
    return (node for node in walk(expr) if variable(node) is not None)


def variables(members: Iterable[Expr]) -> tuple[Variable, ...]:
    return tuple(v for member in members if (v := variable(member)) is not None)


def lag_of(target: Expr) -> int:
    """How many steps back a target, or what is read, stands."""
    index = getattr(target, "index", None)
    return 0 if index is None else -index.offset


class Places:
    """Kinds and shapes of all variables of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        model = program.model
        self.inputs = {i.name: i for i in model.inputs}
        self.indexed = {i.name for i in model.inputs if i.index_dim is not None}
        self.pasts = tuple(dict.fromkeys(i.name for i in model.initials))
        self.lag = max((1 - i.step for i in model.initials), default=0)
        self.last = frozenset(e.name for e in model.equations if e.last)
        self.last |= {i.name for i in model.inputs if not i.timed}
        self.shapes: dict[Variable, Shape] = {}
        self.writers: dict[Variable, list[tuple[Block, Place, Assign]]] = defaultdict(list)
        self.readers: dict[Variable, list[tuple[Block, Place]]] = defaultdict(list)
        for block in program.blocks:
            for place, statement in block.run():
                for target in statement.targets:
                    if (found := variable(target)) is not None:
                        self.shapes[found] = target.shape
                        self.writers[found].append((block, place, statement))
                for leaf in leaves(statement.value):
                    found = variable(leaf)
                    assert found is not None
                    self.shapes[found] = leaf.shape
                    self.readers[found].append((block, place))
        self.kinds = {v: self.decided(v) for v in self.shapes}
        self.family: dict[Variable, tuple[Variable, ...]] = {}
        for members in program.families:
            together = variables(members)
            self.family |= dict.fromkeys(together, together)
            widest = self.widest(together)
            self.kinds |= dict.fromkeys(together, widest)
        self.by_blocks = {v for members in program.by_blocks for v in variables(members)}
        pairs = [(variables(one), variables(other)) for one, other in program.reuse]
        self.reuse = {one: o for one, o in pairs if self.kinds[one[0]] == self.kinds[o[0]]}

    def decided(self, found: Variable) -> Kind:
        role, name = found
        if role == "gradient" or not self.has_rows(found):
            return "static"
        if name in self.last:
            return "last"
        if name in self.pasts:
            return "past"
        if name in self.inputs:
            return "rows"
        homes = [(b, p) for b, p, _ in self.writers[found]] + self.readers[found]
        block, place = homes[0]
        same = all(other is block and there == place for other, there in homes)
        if same and place == "loop":
            return "step"
        inside = all(other is block for other, _ in homes)
        if inside and block.place == "loop" and self.writers[found][0][1] == "chunk":
            return "chunk"
        return "rows"

    def widest(self, together: tuple[Variable, ...]) -> Kind:
        """The kind that serves all members of a family."""
        kinds = {self.kinds[v] for v in together if v in self.kinds}
        order: tuple[Kind, ...] = ("past", "last", "rows", "chunk", "step", "static")
        return next(kind for kind in order if kind in kinds)

    def declare(self, found: Variable, shape: Shape, kind: Kind) -> None:
        """A variable that no statement mentions, but a call gives or wants."""
        if found not in self.shapes:
            self.shapes[found] = shape
            self.kinds[found] = kind

    def gradients(self) -> list[Variable]:
        """All that is a sum over the steps, in the order in which it is written."""
        return [v for v, found in self.writers.items() if found and v[0] == "gradient"]

    def has_rows(self, found: Variable) -> bool:
        """Whether it has a value a step: a parameter, derived or stacked, has none."""
        role, name = found
        if role in ("cotangent", "sweep"):
            return True
        timed = {e.name for e in self.program.model.equations} | self.inputs.keys()
        return role == "value" and (name in timed or name in self.program.timed)

    def given(self) -> Iterator[Variable]:
        """Parameters, and inputs that are read as the caller gave them."""
        yield from (("value", p.name) for p in self.program.model.parameters)
        yield from (("value", name) for name in self.inputs if self.is_direct(name))

    def is_direct(self, name: str) -> bool:
        """Whether only straight code reads an input, so that no view of it is kept."""
        readers = self.readers[("value", name)]
        return name not in self.pasts and all(p not in ("loop", "chunk") for _, p in readers)

    def is_integer(self, found: Variable) -> bool:
        role, name = found
        return role == "value" and name in self.indexed

    def sources(self, wrt_inputs: bool) -> list[Input]:
        """The inputs whose gradients are results."""
        gates = {name for name, _ in self.program.gates}
        real = [i for i in self.inputs.values() if i.index_dim is None and i.name not in gates]
        return real if wrt_inputs else []

    # --- which statement writes an adjoint first ---------------------------------------------

    def first_rows(self, found: Variable) -> Literal["all", "handed"] | None:
        """Which statement writes every row of a state's adjoint before any other adds to it.

        ``all``: the first one, over all steps. ``handed``: what a loop hands the most steps
        back reaches each row first, but for the last steps' rows, which nothing is handed.
        """
        writers = self.writers[found]
        if not writers:
            return None
        lags = [lag_of(statement.target) for _, _, statement in writers]
        if writers[0][1] == "all" and lags[0] == 0:
            return "all"
        block = writers[0][0]
        alone = all(b is block and place == "loop" for b, place, _ in writers)
        return "handed" if alone and max(lags) == self.longest_lag(found) else None

    def longest_lag(self, found: Variable) -> int:
        return max(1 - i.step for i in self.program.model.initials if i.name == found[1])

    def is_covered(self, found: Variable) -> bool:
        """Whether the first statement that writes a variable writes all of its rows."""
        writers = self.writers[found]
        whole = bool(writers) and writers[0][1] in ("all", "loop", "chunk")
        return whole or (bool(writers) and self.kinds[found] == "last")

    def is_first(self, statement: Assign) -> bool:
        """Whether a statement that adds is the first one to write its target's rows."""
        found = variable(statement.target)
        assert found is not None
        if self.kinds[found] != "past":
            return self.writers[found][0][2] is statement and self.is_covered(found)
        match self.first_rows(found):
            case "all":
                return self.writers[found][0][2] is statement
            case "handed":
                return lag_of(statement.target) == self.longest_lag(found)
        return False

    # --- in code without buffers -------------------------------------------------------------

    @cached_property
    def local(self) -> frozenset[Variable]:
        """The temporaries of a loop: what is made once a step and has no array of its own."""
        authored = {("value", e.name) for e in self.program.model.equations if not e.auxiliary}
        steps = {v for v, kind in self.kinds.items() if kind == "step"} - authored
        return frozenset(
            v for v in steps if len(self.writers[v]) == 1 and is_full(self.writers[v][0][2].value)
        )

    @cached_property
    def filled(self) -> frozenset[Variable]:
        """The adjoints that begin with zeros: several statements build them, or some rows."""
        adjoints = [v for v in self.shapes if v[0] == "cotangent"]
        return frozenset(v for v in adjoints if self.is_gathered(self.writers[v]))

    def is_gathered(self, writers: list[tuple[Block, Place, Assign]]) -> bool:
        if len(writers) != 1:
            return True
        ((_, place, statement),) = writers
        return place in ("last", "sweep") and statement.add

    @cached_property
    def ahead(self) -> dict[str, int]:
        """What a sweep finds begun by others, and by how many sweeps these may be ahead.

        All variables of sweeps but those that one statement in the sweep makes anew.
        """
        found: dict[str, int] = {}
        for (role, name), writers in self.writers.items():
            lags = [lag_of(s.target) for _, _, s in writers]
            anew = len(writers) == 1 and writers[0][1] == "sweep" and not any(lags)
            if role == "sweep" and writers and (name in self.pasts or not anew):
                found[name] = max(lags)
        return found
