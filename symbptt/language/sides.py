"""What a statement says of shapes: its two sides have one."""

from __future__ import annotations

from functools import partial

from symbptt.language.constants import ArithmeticFinding, fold
from symbptt.language.names import Name
from symbptt.language.ranks import Broadcast
from symbptt.language.surface import Assignment, Definition, Item, Start, Timed, walk
from symbptt.language.unification import Shapes, Sizes


def infer(shapes: Shapes) -> None:
    """Goes through all statements of a model and unifies the shapes of their sides."""
    sides = _Sides(shapes)
    for item in shapes.roles.items:
        sides.read(item)
    shapes.finish()


class _Sides:
    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.words = shapes.words
        self.roles = shapes.roles
        self.names = shapes.names

    def read(self, item: Item) -> None:
        match item:
            case Definition(name="loss"):
                self._loss(item)
            case Definition() | Assignment():
                name = self.roles.names.get(item.name)
                if name is None or name.role != "constant":
                    self._define(item)
            case Start():
                self._start(item)

    def _define(self, item: Definition | Assignment) -> None:
        found = self.shapes.of(item.rhs)
        name = self.roles.names.get(item.name)
        if found is None or name is None or item.name in self.roles.unclear:
            return
        wanted = self.names[item.name]
        undeclared = isinstance(item, Definition) and name.declaration is None
        if undeclared and len(found) == 2 and len(wanted) < 2:
            self._matrix_undeclared(item, found)
            return
        fits = len(wanted) == len(found)
        if fits:
            for axis, (one, other) in enumerate(zip(wanted, found, strict=True)):
                fits = fits and self.shapes.equate(
                    one, other, item.place, partial(self._misfit, item, name, axis)
                )
            return
        self._misfit(item, name, None)

    def _matrix_undeclared(self, item: Definition | Assignment, found: Sizes) -> None:
        message = (
            f"`{item.name}[t]` is taken for {self.words.shape(self.names[item.name])}, and this is "
            f"{self.words.shape(found)}: "
        )
        if not any(isinstance(node, Timed) for node in walk(item.rhs)):
            message += f"a matrix of parameters has no step, `{item.name} = …`"
        else:
            rows, columns = map(self.words.length, found)
            message += (
                f"a quantity that is a matrix is declared, `{item.name}: ({rows}, {columns})`"
            )
        self.shapes.wrong(item.rhs, message)

    def _misfit(self, item: Definition | Assignment, name: Name, axis: int | None) -> None:
        wanted, found = self.names[item.name], self.shapes.of(item.rhs) or ()
        step = "[t]" if isinstance(item, Definition) else ""
        notes = [] if axis is None else self.words.notes((item.rhs, axis))
        if name.declaration is not None:
            says = "is declared"
            notes.insert(0, ("declared here", name.declaration.place))
        else:
            says = "is read as"
            stated = self.words.stated_name(item.name, axis or 0)
            if stated is not None:
                notes.insert(0, stated)
        message = (
            f"`{item.name}{step}` {says} {self.words.shape(wanted)}, "
            f"and its right-hand side is {self.words.shape(found)}"
        )
        if not wanted and found:
            message += "; reduce it with `sum(…)`, `mean(…)` or `dot(u, v)`"
            message += self.words.scalar_hint(item.rhs)
        elif wanted and found and name.declaration is None:
            message += (
                f"; if two different things are called `{item.name}` (an output gate and a "
                "read-out, say), rename one of them"
            )
        elif self.words.is_one(item.name):
            message += f"; if `{item.name}` has no axes, declare `{item.name}: scalar`"
        elif axis is not None:
            message += self.words.hints((item.rhs, found[axis]))
        self.shapes.findings.add(item.place, message, *notes)

    def _loss(self, item: Definition) -> None:
        found = self.shapes.of(item.rhs)
        if found:
            self.shapes.wrong(
                item.rhs,
                f"the loss is a scalar, and this is {self.words.shape(found)}: reduce it with "
                f"`sum(…)`, `mean(…)` or `dot(u, v)`{self.words.scalar_hint(item.rhs)}",
                *self.words.notes((item.rhs, 0)),
            )

    def _start(self, item: Start) -> None:
        found = self.shapes.of(item.rhs)
        name = self.roles.names.get(item.name)
        if found is None or name is None or item.name in self.roles.unclear:
            return
        written = f"{item.name}[{item.step}]"
        wanted = self.names[item.name]
        if name.index:
            self._check_integer(item, written)
        elif self.shapes.levels.of(item.rhs) == Broadcast.NUMBER:
            return
        elif len(found) != len(wanted):
            only = "; only a number fills a vector" if not found else ""
            self.shapes.wrong(
                item.rhs,
                f"`{written}` is {self.words.shape(wanted)}, and this is "
                f"{self.words.shape(found)}{only}{self.words.scalar_hint(item.rhs)}",
            )
        else:
            for axis, (one, other) in enumerate(zip(wanted, found, strict=True)):
                self.shapes.equate(one, other, item.place, partial(self._bad_start, item, axis))

    def _bad_start(self, item: Start, axis: int) -> None:
        found = self.shapes.of(item.rhs) or ()
        wanted = self.names[item.name]
        stated = self.words.stated_name(item.name, axis)
        self.shapes.wrong(
            item.rhs,
            f"`{item.name}[{item.step}]` is {self.words.shape(wanted)}, and this is "
            f"{self.words.shape(found)}",
            *([stated] if stated is not None else []),
            *self.words.notes((item.rhs, axis)),
        )

    def _check_integer(self, item: Start, written: str) -> None:
        try:
            value = fold(item.rhs, self.roles.constants)
        except ArithmeticFinding:
            value = None
        if value is None or value.denominator != 1 or value < 0:
            self.shapes.wrong(
                item.rhs, f"`{written}` is an integer, 0 or more: expected a whole number"
            )
