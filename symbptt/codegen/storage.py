"""Where the values of a module with buffers live: in which array, over which rows.

A value that is read only in the loop (or the chunk) that makes it needs no more rows
than one step (one chunk) has; states and what is handed back in time have rows for their
initial values in front; all else has a row for every step of every sequence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal

from symbptt.algebra import Cotangent, Expr, Param, Ref, Shape, walk
from symbptt.codegen.program import Assign, Block, Place, Program

Kind = Literal["static", "rows", "past", "step", "chunk", "last"]
Role = Literal["value", "cotangent", "gradient"]
Variable = tuple[Role, str]
"""A name's value at its steps (or a parameter's), its adjoint, or a parameter's gradient."""


def variable(expr: Expr) -> Variable | None:
    """What a leaf is a value of; None for what is no leaf."""
    match expr:
        case Ref() | Param():
            return "value", expr.name
        case Cotangent(index=None):
            return "gradient", expr.name
        case Cotangent():
            return "cotangent", expr.name
    return None


def leaves(expr: Expr) -> Iterator[Expr]:
    return (node for node in walk(expr) if variable(node) is not None)


def variables(members: Iterable[Expr]) -> tuple[Variable, ...]:
    return tuple(v for member in members if (v := variable(member)) is not None)


class Storage:
    """Kinds and shapes of all variables of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        model = program.model
        self.inputs = {i.name: i for i in model.inputs}
        self.pasts = frozenset(i.name for i in model.initials)
        self.last = frozenset(e.name for e in model.equations if e.last)
        self.last |= {i.name for i in model.inputs if not i.timed}
        self.shapes: dict[Variable, Shape] = {}
        self.writers: dict[Variable, list[tuple[Block, Place]]] = defaultdict(list)
        self.readers: dict[Variable, list[tuple[Block, Place]]] = defaultdict(list)
        self.statements: dict[Variable, list[tuple[Block, Place, Assign]]] = defaultdict(list)
        for block in program.blocks:
            for place, statement in block.run():
                for target in statement.targets:
                    found = variable(target)
                    assert found is not None
                    self.statements[found].append((block, place, statement))
                for target in statement.targets:
                    self.note(self.writers, target, block, place)
                for leaf in leaves(statement.value):
                    self.note(self.readers, leaf, block, place)
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

    def note(
        self,
        table: dict[Variable, list[tuple[Block, Place]]],
        leaf: Expr,
        block: Block,
        place: Place,
    ) -> None:
        found = variable(leaf)
        assert found is not None
        self.shapes[found] = leaf.shape
        table[found].append((block, place))

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
        homes = [*self.writers[found], *self.readers[found]]
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

    def gradients(self) -> list[Variable]:
        """All that is a sum over the steps, in the order in which it is written."""
        return [v for v in self.writers if v[0] == "gradient"]

    def has_rows(self, found: Variable) -> bool:
        """Whether it has a value a step: a parameter, derived or stacked, has none."""
        role, name = found
        if role == "cotangent":
            return True
        timed = {e.name for e in self.program.model.equations} | self.inputs.keys()
        return role == "value" and (name in timed or name in self.program.timed)

    def is_integer(self, found: Variable) -> bool:
        role, name = found
        source = self.inputs.get(name)
        return role == "value" and source is not None and source.index_dim is not None
